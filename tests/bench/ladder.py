"""A whole ladder (1080p → 1080, 720, 480, 360 lines and sound) against one command of the `ffmpeg` program.

Both get the same settings of x264. The program is the system's, with libraries of its own: the versions are printed.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from fractions import Fraction
from pathlib import Path

import av

from hub.media.grants import Grants
from hub.media.ladder import audio_rates, audio_target_bps, ladder
from hub.media.stream import audio, encode, encoders
from hub.media.stream.plan import plan_of
from hub.media.stream.timeline import read_timeline
from hub.media.stream.types import (
    SEGMENT_S,
    AudioRendition,
    EncodeJob,
    EncodeOutput,
    Made,
    Rendition,
    SegmentsJob,
    VideoRendition,
)
from hub.media.synth import AudioTrack, Clip, VideoTrack, write_clip

SECONDS = 10
ROUNDS = 3
HEIGHTS = (1080, 720, 480, 360)
WANTED = "<= 1.05"


def run() -> None:
    """Print the figures."""
    # Here, because the program that is measured imports this module too.
    from tests.bench.figures import abab, print_pair

    with tempfile.TemporaryDirectory(prefix="marquee-bench-") as name:
        folder = Path(name)
        source = folder / "source.mp4"
        _make_source(source)
        cpu: dict[str, list[float]] = {"Marquee": [], "ffmpeg": []}

        def ours() -> float:
            command = [sys.executable, "-P", "-m", "tests.bench.ladder", str(source), str(folder / "ours")]
            return _measured(command, cpu["Marquee"])

        def theirs() -> float:
            return _measured(_ffmpeg(source, folder), cpu["ffmpeg"])

        mine, peers = abab(ours, theirs, ROUNDS)
        peer = f"ffmpeg {_ffmpeg_version()}"
        print(f"x264: {_x264(folder / 'ours' / 'v360-h264')} here, {_x264(folder)} there; PyAV {_pyav()}")
        print_pair(f"full ladder of {SECONDS} s of 1080p, wall", "s", mine, peers, peer, WANTED)
        print_pair("  CPU of all processes", "s", cpu["Marquee"][1:], cpu["ffmpeg"][1:], peer, WANTED)


def make(source: Path, folder: Path) -> None:
    """What is measured: the pictures by one encode session, the sound beside it, as the hub has workers do it."""
    path = os.fsencode(source)
    timeline = read_timeline(path)
    assert timeline.video is not None
    peak_bps, average_bps = audio_rates("aac", 2)
    sound = AudioRendition(
        id="a1-aac2", index=1, codec="aac", is_copy=False, channels=2, sample_rate_hz=48_000, codecs="mp4a.40.2",
        peak_bps=peak_bps, average_bps=average_bps, language=None, name="sound", is_default=True,
    )  # fmt: skip
    rungs = _rungs()
    renditions: tuple[Rendition, ...] = (*rungs, sound)
    for rendition in renditions:
        (folder / rendition.id).mkdir(parents=True, exist_ok=True)
    stop = plan_of(timeline, rungs[0]).count
    outputs = tuple(EncodeOutput(rendition=one, folder=os.fsencode(folder / one.id)) for one in rungs)
    pictures = EncodeJob(path=path, timeline=timeline, outputs=outputs, first=0, stop=stop, granted=stop)
    samples = SegmentsJob(
        path=path, timeline=timeline, rendition=sound, folder=os.fsencode(folder / sound.id),
        first=0, stop=plan_of(timeline, sound).count,
    )  # fmt: skip
    beside = threading.Thread(target=audio.run, args=(samples, lambda *_: None))
    beside.start()
    made = encode.run(pictures, lambda *_: None, Grants())
    beside.join()
    if made != Made(stop):
        raise RuntimeError(f"made up to {made.next} of {stop}")


def _rungs() -> tuple[VideoRendition, ...]:
    return tuple(one for one in ladder(1920, 1080, Fraction(25)) if one.height in HEIGHTS)


def _ffmpeg(source: Path, folder: Path) -> list[str]:
    rungs = _rungs()
    splits = "".join(f"[s{one.height}]" for one in rungs)
    scales = ";".join(
        f"[s{one.height}]scale={one.width}:{one.height}:flags=bicubic,format=yuv420p[v{one.height}]"
        for one in rungs
    )
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(source)]
    command += ["-filter_complex", f"[0:v]split={len(rungs)}{splits};{scales}"]
    fragments = ["-f", "mp4", "-movflags", "empty_moov+default_base_moof+frag_keyframe"]
    for one in rungs:
        settings = [word for name, value in encoders.options(one).items() for word in (f"-{name}", value)]
        grid = f"expr:gte(t,n_forced*{SEGMENT_S})"
        command += ["-map", f"[v{one.height}]", "-c:v", "libx264", *settings, "-force_key_frames", grid]
        command += [*fragments, str(folder / f"{one.height}.mp4")]
    sound = ["-map", "0:a", "-c:a", "aac", "-ac", "2", "-b:a", str(audio_target_bps("aac", 2))]
    return [
        *command,
        *sound,
        *fragments,
        "-frag_duration",
        str(SEGMENT_S * 1_000_000),
        str(folder / "sound.mp4"),
    ]


def _measured(command: list[str], cpu: list[float]) -> float:
    """Wall time in seconds; that of the processors goes to `cpu`."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, env={**os.environ, "MALLOC_ARENA_MAX": "2"})
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return took


def _make_source(target: Path) -> None:
    """Moving pictures with some grain, at the rate of a good download."""
    video = VideoTrack(
        source=(("testsrc2", "size=1920x1080:rate=25"), ("noise", "alls=4:allf=t")),
        codec="libx264",
        width=1920,
        height=1080,
        options={"preset": "superfast", "b": "8000000", "maxrate": "10000000", "bufsize": "10000000"},
    )
    sound = AudioTrack(source=(("sine", "frequency=440:sample_rate=48000"),), codec="aac")
    with target.open("wb") as file:
        write_clip(file, Clip(container="mp4", seconds=SECONDS, video=video, audio=sound))


def _ffmpeg_version() -> str:
    said = subprocess.run(["ffmpeg", "-version"], check=True, capture_output=True, text=True).stdout
    return said.split()[2]


def _x264(folder: Path) -> str:
    """The version that x264 writes into what it makes."""
    for path in (*sorted(folder.glob("*.m4s")), *sorted(folder.glob("*0.mp4"))):
        if found := re.search(rb"x264 - core (\d+)", path.read_bytes()):
            return found.group(1).decode()
    return "unknown"


def _pyav() -> str:
    return f"{importlib.metadata.version('av')} with FFmpeg {av.ffmpeg_version_info}"


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
