"""Encoded sound: segments of different jobs join as if one encoder had made them, in phase with the source."""

from __future__ import annotations

import array
import io
import math
from pathlib import Path
from typing import Any

import av
import pytest

from hub.media.operations import AUDIO
from hub.media.pool import MediaPool, Priority
from hub.media.stream.audio import run
from hub.media.stream.plan import audio_plan
from hub.media.stream.timeline import read_timeline
from hub.media.stream.types import EPOCH_S, AudioRendition, Made, SegmentsJob, Timeline
from hub.media.synth import AudioTrack, Clip, VideoTrack, write_clip
from tests.hub.media.stream.listening import HZ, apart_s, decoded, steepest, tone
from tests.media import path_bytes

TONE_HZ = 440


def film(
    folder: Path,
    suffix: str,
    muxer: str,
    codec: str,
    *,
    rate: int = 48_000,
    seconds: float = 9,
    layout: str = "stereo",
    source: tuple[tuple[str, str], ...] = (),
    pictures: float = 0,
) -> bytes:
    """The path of a file with a tone of 440 Hz (or `source`), and with pictures of another length if asked for."""
    sine = (("sine", f"frequency={TONE_HZ}:sample_rate={rate}"),)
    clip = Clip(
        container=muxer,
        seconds=seconds,
        audio=AudioTrack(
            source=source or sine, codec=codec, sample_rate_hz=rate, layout=layout, bitrate_bps=128_000
        ),
    )
    if pictures:
        clip = Clip(
            container=muxer,
            seconds=pictures,
            video=VideoTrack(
                source=(("testsrc2", "size=64x36:rate=25"),),
                codec="libx264",
                options={"preset": "ultrafast"},
                width=64,
                height=36,
            ),
            audio=clip.audio,
        )
    buffer = io.BytesIO()
    write_clip(buffer, clip)
    path = folder / f"film{suffix}"
    path.write_bytes(buffer.getvalue())
    return path_bytes(path)


def rendition(timeline: Timeline, codec: str = "aac", channels: int = 2) -> AudioRendition:
    """The first audio stream, encoded."""
    return AudioRendition(
        id=f"a-{codec}{channels}",
        index=timeline.audio[0].index,
        codec=codec,
        is_copy=False,
        channels=channels,
        sample_rate_hz=HZ,
        codecs="",
        peak_bps=0,
        average_bps=0,
        language=None,
        name="",
        is_default=True,
    )


def made(
    folder: Path, path: bytes, wanted: AudioRendition, timeline: Timeline, *pieces: tuple[int, int]
) -> bytes:
    """Init segment and all segments; each of `pieces` (first, stop) is a job of its own, the others one each."""
    count = audio_plan(timeline, wanted).count
    target = folder / wanted.id
    target.mkdir()
    covered = {k for first, stop in pieces for k in range(first, stop)}
    reported: list[int] = []
    for first, stop in (*pieces, *((k, k + 1) for k in reversed(range(count)) if k not in covered)):
        job = SegmentsJob(
            path=path, timeline=timeline, rendition=wanted, folder=path_bytes(target), first=first, stop=stop
        )
        assert run(job, lambda done, total, text: reported.append(done)) == Made(stop)
    assert sorted(reported) == list(range(1, count + 1))
    return b"".join(
        (target / name).read_bytes() for name in ("init.mp4", *(f"{k}.m4s" for k in range(count)))
    )


SOURCES = [
    (".mp4", "mp4", "aac", 48_000),
    (".mp4", "mp4", "aac", 44_100),
    (".mkv", "matroska", "aac", 44_100),
    (".mkv", "matroska", "libopus", 48_000),
    (".mkv", "matroska", "flac", 44_100),
    (".mkv", "matroska", "ac3", 48_000),
    (".mkv", "matroska", "pcm_s16le", 44_100),
    (".ts", "mpegts", "aac", 48_000),
    (".ts", "mpegts", "mp2", 48_000),
    (".avi", "avi", "libmp3lame", 44_100),
    (".mp3", "mp3", "libmp3lame", 44_100),
    (".flac", "flac", "flac", 96_000),
    (".wav", "wav", "pcm_s16le", 22_050),
]


@pytest.mark.parametrize(
    ("suffix", "muxer", "codec", "rate"),
    [pytest.param(*s, marks=[] if n < 4 else pytest.mark.soak) for n, s in enumerate(SOURCES)],
)
@pytest.mark.parametrize("target", ["aac", "opus"])
def test_segments_of_many_jobs_are_one_tone(
    tmp_path: Path, suffix: str, muxer: str, codec: str, rate: int, target: str
) -> None:
    """Each segment by a job of its own, last first: no step steeper than the tone, level and phase as in the source."""
    path = film(tmp_path, suffix, muxer, codec, rate=rate)
    timeline = read_timeline(path)
    data = made(tmp_path, path, rendition(timeline, target), timeline)
    source_first, source = decoded(Path(path.decode()).read_bytes(), start_us=timeline.start_us)
    first, sound = decoded(data)
    assert first == EPOCH_S * HZ
    plan = audio_plan(timeline, rendition(timeline, target))
    assert len(sound) == plan.frame_count * plan.frame_samples
    expected, level = tone(source, source_first, HZ, TONE_HZ)
    for at in range(HZ // 2, 8 * HZ, HZ // 4):  # every border, and in between
        phase, amplitude = tone(sound, first, at + EPOCH_S * HZ, TONE_HZ)
        assert abs(apart_s(phase, expected, TONE_HZ)) < 0.001
        # Opus' pitch filter goes over from one job's choice to the other's within the first frame.
        assert abs(amplitude / level - 1) < (0.05 if target == "aac" else 0.08)
    steady = sound[HZ // 4 : 8 * HZ]
    assert steepest(steady) < 1.25 * level * 2 * math.pi * TONE_HZ / HZ


def test_the_grid_decides_and_not_the_job(tmp_path: Path) -> None:
    """Stamps and the header are the same whether a segment is made alone or among others."""
    path = film(tmp_path, ".mp4", "mp4", "aac")
    timeline = read_timeline(path)
    whole = made(tmp_path, path, rendition(timeline), timeline, (0, 5))
    (tmp_path / "again").mkdir()
    pieces = made(tmp_path / "again", path, rendition(timeline), timeline, (1, 3))
    stamps = []
    for data in (whole, pieces):
        with av.open(io.BytesIO(data), "r") as container:
            stamps.append([(p.pts, p.duration) for p in container.demux() if p.size])
    assert stamps[0] == stamps[1]
    assert [at for at, _ in stamps[0]] == [HZ + 1024 * n for n in range(len(stamps[0]))]
    assert {length for _, length in stamps[0]} == {1024}


def test_silence_after_the_end_and_before_the_beginning(tmp_path: Path) -> None:
    """Pictures of 7 s with sound from 1.5 s to 4.5 s: the plan is as long as the pictures, silent around the sound."""
    path = film(tmp_path, ".mkv", "matroska", "flac", seconds=3, pictures=7)
    late = _with_sound_moved(path, 1.5, 3)
    timeline = read_timeline(late)
    assert timeline.audio[0].start_samples == round(1.5 * HZ)
    first, sound = decoded(made(tmp_path, late, rendition(timeline), timeline))
    assert len(sound) / HZ >= 7
    loud = [abs(value) > 0.01 for value in sound]
    begin, end = loud.index(True), len(loud) - loud[::-1].index(True)
    assert abs(begin / HZ - 1.5) < 0.03  # the coder spreads a sudden beginning over a frame
    assert abs((end - timeline.audio[0].end_samples) / HZ) < 0.03
    assert first == EPOCH_S * HZ


def test_gaps_become_silence_and_what_follows_stays_in_place(tmp_path: Path) -> None:
    """A second without packets: the tone after it is where it was in the source."""
    path = film(tmp_path, ".mkv", "matroska", "flac", seconds=8, pictures=8)
    holed = _with_sound_moved(path, 0, 8, hole=(3.0, 4.0))
    timeline = read_timeline(holed)
    first, sound = decoded(made(tmp_path, holed, rendition(timeline), timeline))
    assert max(abs(v) for v in sound[round(3.2 * HZ) : round(3.8 * HZ)]) < 0.01
    before, level = tone(sound, first, first + HZ, TONE_HZ)
    after, again = tone(sound, first, first + 6 * HZ, TONE_HZ)
    assert abs(apart_s(after, before, TONE_HZ)) < 0.001
    assert abs(again / level - 1) < 0.05


@pytest.mark.parametrize("layout", ["5.1", "7.1", "mono", "quad"])
def test_layouts(tmp_path: Path, layout: str) -> None:
    """Surround is kept as six channels or brought down to two with the dialogue in both; mono comes from both sides."""
    channels = av.AudioLayout(layout).nb_channels
    tones = "|".join(f"0.1*sin(2*PI*{300 + 100 * n}*t)" for n in range(channels))
    source = (("aevalsrc", f"exprs={tones}:sample_rate=48000:channel_layout={layout}"),)
    path = film(tmp_path, ".mkv", "matroska", "flac", layout=layout, source=source, seconds=3)
    timeline = read_timeline(path)
    first, sound = decoded(made(tmp_path, path, rendition(timeline), timeline), "stereo")
    sides = [sound[n::2] for n in range(2)]
    center = 500 if layout in ("5.1", "7.1") else 300
    for side, own in zip(sides, (300, 300 if layout == "mono" else 400), strict=True):
        _, dialogue = tone(side, first, first + HZ, center)
        _, front = tone(side, first, first + HZ, own)
        assert front > 0.015
        if layout in ("5.1", "7.1"):
            assert dialogue > 0.95 * front
            assert tone(side, first, first + HZ, 700)[1] < 0.6 * dialogue  # a surround channel
    if layout in ("5.1", "7.1"):
        first, sound = decoded(made(tmp_path, path, rendition(timeline, channels=6), timeline), "5.1")
        for n in (0, 1, 2):
            assert abs(tone(sound[n::6], first, first + HZ, 300 + 100 * n)[1] - 0.1) < 0.06
            assert tone(sound[n::6], first, first + HZ, 300 + 100 * (1 - n if n < 2 else 0))[1] < 0.01


def test_damage_is_silence_and_not_an_error(tmp_path: Path) -> None:
    """Packets that cannot be decoded leave holes; the plan is filled."""
    path = Path(film(tmp_path, ".ts", "mpegts", "aac").decode())
    data = bytearray(path.read_bytes())
    timeline = read_timeline(path_bytes(path))
    for at in range(len(data) // 2, len(data) * 3 // 4, 188):
        data[at + 20 : at + 180] = bytes(160)
    path.write_bytes(data)
    first, sound = decoded(made(tmp_path, path_bytes(path), rendition(timeline), timeline))
    assert first == EPOCH_S * HZ
    assert len(sound) == audio_plan(timeline, rendition(timeline)).frame_count * 1024
    assert tone(sound, first, first + HZ, TONE_HZ)[1] > 0.1


async def test_through_a_worker(pool: MediaPool, tmp_path: Path) -> None:
    """The operation's job, progress and result cross the pipe."""
    path = film(tmp_path, ".mp4", "mp4", "aac", seconds=5)
    timeline = read_timeline(path)
    target = tmp_path / "segments"
    target.mkdir()
    job = SegmentsJob(
        path=path,
        timeline=timeline,
        rendition=rendition(timeline),
        folder=path_bytes(target),
        first=1,
        stop=3,
    )
    steps: list[tuple[int, int, str]] = []
    result = await pool.run(
        AUDIO, job, timeout_s=60, priority=Priority.INTERACTIVE, on_progress=lambda *step: steps.append(step)
    )
    assert result == Made(3)
    assert steps == [(2, 3, "a-aac2"), (3, 3, "a-aac2")]
    assert sorted(p.name for p in target.iterdir()) == ["1.m4s", "2.m4s", "init.mp4"]


def _with_sound_moved(path: bytes, by_s: float, seconds: float, hole: tuple[float, float] = (0, 0)) -> bytes:
    """The file again with its sound later, cut after `seconds`, and without what begins within `hole`."""
    target = path + b".moved.mkv"
    with av.open(path.decode(), "r") as source, av.open(target.decode(), "w", format="matroska") as out:
        streams: Any = {s.index: out.add_stream_from_template(s, opaque=True) for s in source.streams}
        for packet in source.demux():
            if not packet.size or packet.pts is None or packet.dts is None or packet.time_base is None:
                continue
            if packet.stream.type == "audio":
                at = float(packet.pts * packet.time_base)
                if at >= seconds or hole[0] <= at < hole[1]:
                    continue
                packet.pts += round(by_s / packet.time_base)
                packet.dts += round(by_s / packet.time_base)
            packet.stream = streams[packet.stream_index]
            out.mux(packet)
    return target


def test_silence_is_exact() -> None:
    """The measure itself: a tone against a copy that is moved by half a millisecond."""
    sound = array.array("f", (0.5 * math.sin(2 * math.pi * TONE_HZ * n / HZ) for n in range(HZ)))
    phase, level = tone(sound, 0, 4800, TONE_HZ)
    moved, _ = tone(sound, 24, 4824, TONE_HZ)
    assert abs(level - 0.5) < 0.001
    assert abs(apart_s(phase, moved, TONE_HZ)) == pytest.approx(0.0005, abs=1e-5)
