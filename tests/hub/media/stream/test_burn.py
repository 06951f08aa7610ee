from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame

from hub.media.errors import BrokenMedia
from hub.media.stream.subpictures import PgsColours, SubPictures, VobSubColours
from tests.hub.media.stream.encoding import rendition, run_session, timeline_of
from tests.media import make_clip, path_bytes

SIZE = (320, 180)
GREY, WHITE = 60, 235
FULL = rendition(180, 320, burn=1, peak_bps=4_000_000)


def pgs(canvas: tuple[int, int], box: tuple[int, int, int, int] | None) -> bytes:
    """A display set with one white rectangle (x, y, width, height), or an empty one."""

    def segment(kind: int, body: bytes) -> bytes:
        return struct.pack(">BH", kind, len(body)) + body

    end = segment(0x80, b"")
    if box is None:
        return segment(0x16, struct.pack(">HHBHBBBB", *canvas, 0x10, 2, 0x00, 0, 0, 0)) + end
    x, y, width, height = box
    line = struct.pack(">BHB", 0, 0xC000 | width, 1) + b"\0\0"
    pixels = line * height
    return b"".join(
        [
            segment(0x16, struct.pack(">HHBHBBBBHBBHH", *canvas, 0x10, 1, 0x80, 0, 0, 1, 0, 0, 0, x, y)),
            segment(0x17, struct.pack(">BBHHHH", 1, 0, x, y, width, height)),
            segment(0x14, bytes([0, 0, 1, WHITE, 128, 128, 255])),
            segment(
                0x15,
                struct.pack(">HBB", 0, 0, 0xC0)
                + (len(pixels) + 4).to_bytes(3, "big")
                + struct.pack(">HH", width, height)
                + pixels,
            ),
            end,
        ]
    )


def vobsub(box: tuple[int, int, int, int], stop_s: float) -> bytes:
    """A subpicture: one rectangle in colour 1, opaque."""
    x, y, width, height = box
    top = bottom = struct.pack(">H", 1) * (height // 2)  # each line: colour 1 to its end
    begin = 4
    control = begin + len(top) + len(bottom)
    right, low = x + width - 1, y + height - 1
    place = struct.pack(">Q", x << 36 | right << 24 | y << 12 | low)[2:]
    first = (
        b"\1\3" + bytes([0x32, 0x10]) + b"\4" + bytes([0xFF, 0xF0]) + b"\5" + place
        + b"\6" + struct.pack(">HH", begin, begin + len(top)) + b"\xff"
    )  # fmt: skip
    second = control + 4 + len(first)
    sequences = (
        struct.pack(">HH", 0, second) + first + struct.pack(">HH", round(stop_s * 90_000 / 1024), second)
    )
    data = top + bottom + sequences + b"\2\xff"
    return struct.pack(">HH", begin + len(data), control) + data


def film(
    path: Path, codec: str, subtitles: list[tuple[float, float, bytes]], size: tuple[int, int] = SIZE
) -> Path:
    """Six seconds of grey with subtitles (start, duration, packet) as stream 1."""
    with av.open(str(path), "w", format="matroska") as container:
        video = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "g": "40"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        stream = container.add_mux_stream(codec)
        stream.time_base = Fraction(1, 1000)
        container.start_encoding()
        waiting = list(subtitles)
        for number in range(150):
            while waiting and waiting[0][0] <= number / 25:
                start, duration, data = waiting.pop(0)
                packet: Packet[Stream] = Packet(data)
                packet.stream, packet.time_base = stream, Fraction(1, 1000)
                packet.pts = packet.dts = round(start * 1000)
                packet.duration = round(duration * 1000)
                container.mux(packet)
            frame = VideoFrame(*size, "yuv420p")
            for plane, value in zip(frame.planes, (GREY, 128, 128), strict=True):
                plane.update(bytes([value]) * plane.buffer_size)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return path


def luma(frame: VideoFrame, x: int, y: int) -> int:
    plane = frame.planes[0]
    return bytes(plane)[y * plane.line_size + x]


@pytest.fixture
def blu_ray(tmp_path: Path) -> Path:
    shown = (1.0, 2.0, pgs(SIZE, (100, 140, 80, 20)))
    return film(tmp_path / "pgs.mkv", "hdmv_pgs_subtitle", [shown, (3.0, 0, pgs(SIZE, None))])


@pytest.mark.parametrize("first", [0, 1, 2])
def test_a_subtitle_is_drawn_while_it_is_shown_wherever_the_session_begins(
    blu_ray: Path, first: int, tmp_path: Path
) -> None:
    session = run_session(blu_ray, timeline_of(blu_ray), [FULL], first, 3, tmp_path)

    frames = session.decode(FULL, first, 3)
    white = [first * 50 + n for n, frame in enumerate(frames) if luma(frame, 140, 150) > 200]
    assert white == [n for n in range(25, 75) if n >= first * 50]
    assert all(
        abs(luma(frame, 50, 150) - GREY) < 6 and abs(luma(frame, 140, 40) - GREY) < 6 for frame in frames
    )


def test_a_smaller_rendition_has_it_at_the_same_place(blu_ray: Path, tmp_path: Path) -> None:
    small = rendition(90, 160, burn=1)

    frame = run_session(blu_ray, timeline_of(blu_ray), [small], 0, 1, tmp_path).decode(small, 0, 1)[40]

    assert luma(frame, 70, 75) > 200
    assert abs(luma(frame, 40, 75) - GREY) < 10


def test_a_film_without_its_black_bars_keeps_its_subtitles_inside(tmp_path: Path) -> None:
    """The canvas is higher than the film: what stood in the lower bar is moved up to the edge."""
    canvas = (320, 240)
    shown = (0.0, 6.0, pgs(canvas, (100, 215, 80, 20)))
    clip = film(tmp_path / "a.mkv", "hdmv_pgs_subtitle", [shown])

    frame = run_session(clip, timeline_of(clip), [FULL], 1, 2, tmp_path).decode(FULL, 1, 2)[10]

    assert [luma(frame, 140, y) > 200 for y in (150, 165, 177)] == [False, True, True]


def test_subtitles_of_dvds_end_by_themselves(tmp_path: Path) -> None:
    clip = film(tmp_path / "a.mkv", "dvd_subtitle", [(1.0, 1.5, vobsub((100, 140, 80, 20), 1.5))])

    frames = run_session(clip, timeline_of(clip), [FULL], 0, 2, tmp_path).decode(FULL, 0, 2)

    white = [n for n, frame in enumerate(frames) if luma(frame, 140, 150) > 200]
    assert white[0] == 25
    assert 61 <= white[-1] <= 63


def test_the_header_of_a_dvd_subtitle_gives_its_colours() -> None:
    listed = ", ".join(f"{n:02x}{n * 2:02x}{n * 3:02x}" for n in range(16))
    colours = VobSubColours(f"size: 720x576\npalette: {listed}\n".encode())

    colours.note(vobsub((0, 0, 8, 4), 1.0))

    assert colours.canvas == (720, 576)
    assert colours.palette() == ((0, 0, 0, 0), (1, 2, 3, 255), (2, 4, 6, 255), (3, 6, 9, 255))


@pytest.mark.parametrize(
    "data", [b"", b"\x14", b"\x14\xff\xff\0", b"\x16\0\x0b" + b"\xff" * 11, b"\0\4\0\0" * 9]
)
def test_damaged_subtitles_are_no_reason_to_stop(data: bytes) -> None:
    for colours in (PgsColours(), VobSubColours(data)):
        colours.note(data)
        assert len(colours.palette()) in (4, 256)


def test_text_cannot_be_drawn_this_way(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mkv", seconds=1.0, audio=None, captions=((0.0, 0.5, "words"),))

    with pytest.raises(BrokenMedia, match="no pictures"):
        SubPictures(path_bytes(clip), timeline_of(clip), 1, Fraction(0))
