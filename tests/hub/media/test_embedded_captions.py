from __future__ import annotations

import io
import os
from fractions import Fraction
from pathlib import Path

import av
import pytest

from hub.media.embedded_captions import run
from hub.media.errors import NotMedia
from hub.media.operations import EXTRACT_CAPTIONS, ExtractCaptionsJob
from hub.media.pool import MediaPool, Priority
from hub.media.webvtt import read
from tests.media import clip_bytes, make_clip, path_bytes

CAPTIONS = ((0.5, 1.25, "Hello <i>you</i> & <b>them</b>"), (2.0, 3.0, "two\nlines"))


def extract(path: Path) -> dict[int, str]:
    """The tracks by stream index."""
    made = run(ExtractCaptionsJob(path=path_bytes(path), folder=os.fsencode(path.parent)), lambda *_: None)
    assert {f"{index}.vtt" for index in made} == {one.name for one in path.parent.glob("*.vtt")}
    return {index: (path.parent / f"{index}.vtt").read_text() for index in made}


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov"])
def test_a_text_track_comes_out_with_its_times_and_styles(tmp_path: Path, suffix: str) -> None:
    path = make_clip(tmp_path / f"clip{suffix}", seconds=4.0, captions=CAPTIONS)

    (text,) = extract(path).values()

    assert text.startswith("WEBVTT\n")
    first, second = read(text)
    assert (first.start_s, first.end_s) == pytest.approx((0.5, 1.25), abs=0.002)
    assert first.text == "Hello <i>you</i> &amp; <b>them</b>"
    assert second.text == "two\nlines"


def with_substation(path: Path, *, start_s: float) -> Path:
    """A Matroska file whose clock begins at `start_s`, with a SubStation track."""
    header = (
        "[Script Info]\nScriptType: v4.00+\nPlayResX: 100\nPlayResY: 100\n\n[V4+ Styles]\n"
        "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, "
        "Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, "
        "MarginR, MarginV, Encoding\n"
        "Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1\n"
        "Style: Sign,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,-1,0,0,100,100,0,0,1,1,0,8,10,10,10,1\n\n"
        "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    )
    with (
        av.open(io.BytesIO(clip_bytes(".mkv", seconds=4.0)), "r") as source,
        av.open(str(path), "w") as target,
    ):
        video = target.add_stream_from_template(source.streams.video[0])
        track = target.add_stream("ass")
        track.codec_context.subtitle_header = header.encode()
        track.time_base = Fraction(1, 1000)
        target.start_encoding()
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is None:
                continue
            assert packet.time_base is not None
            packet.pts = (packet.pts or 0) + round(start_s / packet.time_base)
            packet.dts += round(start_s / packet.time_base)
            packet.stream = video
            target.mux(packet)
        for number, (at_s, style, text) in enumerate(
            [(1.0, "Default", r"plain {\pos(50,20)}sign"), (2.0, "Sign", r"{\i0}up{\r} there <&>")]
        ):
            line = av.Packet(f"{number},0,{style},,0,0,0,,{text}".encode())
            line.stream = track
            line.time_base = track.time_base
            line.pts = line.dts = round((start_s + at_s) * 1000)
            line.duration = 500
            target.mux(line)
    return path


def test_substation_keeps_places_and_times_count_from_the_containers_start(tmp_path: Path) -> None:
    (text,) = extract(with_substation(tmp_path / "x.mkv", start_s=10.0)).values()

    first, second = read(text)
    assert (first.start_s, first.end_s) == pytest.approx((1.0, 1.5), abs=0.002)
    assert (first.text, first.settings) == ("plain sign", "line:20% position:50% align:center")
    assert (second.text, second.settings) == ("up<i> there &lt;&amp;&gt;</i>", "line:0")


def test_a_file_without_text_has_none(tmp_path: Path) -> None:
    assert extract(make_clip(tmp_path / "x.mkv")) == {}


def test_what_is_no_media_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.mkv").write_text("words " * 100)
    with pytest.raises(NotMedia):
        extract(tmp_path / "x.mkv")


async def test_a_worker_does_it(pool: MediaPool, tmp_path: Path) -> None:
    path = make_clip(tmp_path / "x.mkv", seconds=4.0, captions=CAPTIONS)
    job = ExtractCaptionsJob(path=path_bytes(path), folder=os.fsencode(tmp_path))
    made = await pool.run(EXTRACT_CAPTIONS, job, timeout_s=20, priority=Priority.BACKGROUND)
    assert made == (2,)
