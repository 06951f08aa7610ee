"""Init segments and media segments: what FFmpeg reads back, and the bytes' own fields."""

from __future__ import annotations

import errno
import io
import struct
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from av.packet import Packet
from av.stream import Stream

from hub.media.errors import DiskFull, InitMismatch, OutputNotWritable
from hub.media.files import not_writable
from hub.media.stream.boxes import boxes
from hub.media.stream.fragments import FragmentWriter, segment_name, write_atomically, write_init
from hub.media.stream.types import CLOCK_HZ, EPOCH_S
from tests.media import clip_bytes

B_FRAMES = (("x264-params", "bframes=2:b-adapt=0:scenecut=0:keyint=12"), ("preset", "medium"))
CODECS = [
    ({"suffix": ".mp4", "audio": None, "video_options": B_FRAMES}, "avc1"),
    ({"suffix": ".mp4", "audio": None, "video": "hevc"}, "hvc1"),
    ({"suffix": ".ts", "audio": None, "video": "hevc"}, "hvc1"),
    ({"suffix": ".mkv", "audio": None, "video": "av1"}, "av01"),
    ({"suffix": ".webm", "audio": None}, "vp09"),
    ({"suffix": ".m4a"}, "mp4a"),
    ({"suffix": ".mp3"}, "mp4a"),
    ({"suffix": ".ogg"}, "Opus"),
    ({"suffix": ".flac"}, "fLaC"),
    ({"suffix": ".mkv", "video": None, "audio": "ac3"}, "ac-3"),
    ({"suffix": ".mkv", "video": None, "audio": "eac3"}, "ec-3"),
]


def track_packets(stream: Stream) -> tuple[list[Packet[Any]], int]:
    """All packets of `stream` on the track's clock, and the clock's ticks a second."""
    scale = CLOCK_HZ if stream.type == "video" else stream.sample_rate  # type: ignore[attr-defined]
    packets = []
    container: Any = stream.container
    for packet in container.demux(stream):
        if packet.dts is None:
            continue
        at, base = (packet.pts, packet.dts, packet.duration), packet.time_base
        packet.pts, packet.dts, packet.duration = (round(t * base * scale) for t in at)
        packet.pts, packet.dts = packet.pts + EPOCH_S * scale, packet.dts + EPOCH_S * scale
        packet.time_base = Fraction(1, scale)
        packets.append(packet)
    return packets, scale


@pytest.mark.parametrize(("clip", "tag"), CODECS)
def test_what_goes_in_comes_out(clip: dict[str, Any], tag: str) -> None:
    """Pieces of a stream, each muxed by itself, read back as the stream: payload, times and decoded frames."""
    with av.open(io.BytesIO(clip_bytes(seconds=1.2, **clip))) as source:
        packets, scale = track_packets(source.streams[0])
        expected = [(p.pts, bytes(p)) for p in packets]
        cuts = [i for i, p in enumerate(packets) if p.is_keyframe and i % 12 == 0] + [len(packets)]
        writer = FragmentWriter(source.streams[0], scale)
        pieces = [writer.segment(packets[a:b], k) for k, (a, b) in enumerate(pairwise(cuts))]
    whole = writer.init + b"".join(pieces)
    with av.open(io.BytesIO(whole), "r") as made:
        assert made.streams[0].codec_context.codec_tag == tag
        got = [
            (round(p.pts * p.time_base * scale), bytes(p))
            for p in made.demux()
            if p.size and p.pts is not None
        ]
    assert [at for at, _ in got] == [at for at, _ in expected]
    if clip["suffix"] != ".ts":  # there the muxer turns start codes into lengths
        assert got == expected
    with av.open(io.BytesIO(whole), "r") as made:
        assert len(list(made.decode())) == len(expected)


def test_fields_of_a_fragment() -> None:
    """Number and 64-bit decode time are what was asked for, offsets are not negative, nothing is edited."""
    with av.open(io.BytesIO(clip_bytes(".mp4", audio=None, video_options=B_FRAMES))) as source:
        packets, scale = track_packets(source.streams[0])
        late = 3_000_000 * scale  # past 32 bits
        for packet in packets:
            assert packet.pts is not None
            assert packet.dts is not None
            packet.pts, packet.dts = packet.pts + late, packet.dts + late
        begin = packets[0].dts
        writer = FragmentWriter(source.streams[0], scale)
        data = writer.segment(packets, 41)
    assert [kind for kind, *_ in boxes(data)] == [b"moof", b"mdat"]
    moof = next(boxes(data))
    found = {kind: at for kind, at, _ in boxes(data, moof[1] + 8, moof[2])}
    assert struct.unpack_from(">I", data, found[b"mfhd"] + 12) == (42,)
    (traf,) = ((at, end) for kind, at, end in boxes(data, moof[1] + 8, moof[2]) if kind == b"traf")
    inside = {kind: at for kind, at, _ in boxes(data, traf[0] + 8, traf[1])}
    assert struct.unpack_from(">Q", data, inside[b"tfdt"] + 12) == (begin,)
    assert data[inside[b"trun"] + 8] == 0  # version 0: composition offsets are unsigned
    assert b"elst" not in writer.init
    assert b"mfra" not in data


def test_the_init_segment_does_not_depend_on_the_segment() -> None:
    """A writer that makes the header first, and others that begin elsewhere, make the same one."""
    for clip in ({"suffix": ".mp4", "audio": None}, {"suffix": ".mkv", "video": None, "audio": "eac3"}):
        inits = set()
        for begin in (0, 7, 20):
            with av.open(io.BytesIO(clip_bytes(**clip))) as source:
                packets, scale = track_packets(source.streams[0])
                writer = FragmentWriter(source.streams[0], scale)
                writer.segment(packets[begin:], 0)
                inits.add(writer.init)
        assert len(inits) == 1


def test_a_header_that_is_in_the_packets_is_known_after_them() -> None:
    """AC-3 says in its frames what stands in the header."""
    with av.open(io.BytesIO(clip_bytes(".mkv", video=None, audio="ac3"))) as source:
        packets, scale = track_packets(source.streams[0])
        writer = FragmentWriter(source.streams[0], scale)
        with pytest.raises(ValueError, match="only after a segment"):
            _ = writer.init
        writer.segment(packets, 0)
        assert writer.init.startswith(b"\0\0\0")


def test_a_segment_of_nothing_is_refused() -> None:
    """A plan has no empty segment, so one is a mistake of the caller."""
    with (
        av.open(io.BytesIO(clip_bytes(".mp4")), "r") as source,
        pytest.raises(ValueError, match="at least one packet"),
    ):
        FragmentWriter(source.streams[0], CLOCK_HZ).segment([], 0)


def test_files_appear_whole_and_leave_nothing(tmp_path: Path) -> None:
    """Writing twice replaces; no temporary name stays, not even when the write fails."""
    folder = bytes(tmp_path)
    write_atomically(folder, segment_name(3), b"one")
    write_atomically(folder, segment_name(3), b"two")
    assert (tmp_path / "3.m4s").read_bytes() == b"two"
    (tmp_path / "4.m4s").mkdir()
    with pytest.raises(OutputNotWritable):
        write_atomically(folder, segment_name(4), b"three")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["3.m4s", "4.m4s"]
    with pytest.raises(OutputNotWritable, match="no such file"):
        write_atomically(folder + b"/gone", "0.m4s", b"")


def test_one_init_segment_for_all(tmp_path: Path) -> None:
    """The first is kept, the same again is welcome, another is an error that says what to do."""
    folder = bytes(tmp_path)
    write_init(folder, b"header")
    inode = (tmp_path / "init.mp4").stat().st_ino
    write_init(folder, b"header")
    assert (tmp_path / "init.mp4").stat().st_ino == inode
    with pytest.raises(InitMismatch, match="remove the kept ones"):
        write_init(folder, b"another")
    assert (tmp_path / "init.mp4").read_bytes() == b"header"


def test_an_empty_init_segment_is_none(tmp_path: Path) -> None:
    """After a power cut a file may be there without what was written into it."""
    (tmp_path / "init.mp4").touch()

    write_init(bytes(tmp_path), b"header")

    assert (tmp_path / "init.mp4").read_bytes() == b"header"


@pytest.mark.parametrize(
    ("number", "is_full"),
    [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EACCES, False), (errno.EROFS, False)],
)
def test_only_what_lacks_room_is_a_full_disk(number: int, is_full: bool) -> None:
    error = not_writable("A segment", OSError(number, "Words"))

    assert isinstance(error, DiskFull) is is_full
    assert error.message == "A segment cannot be written: words."


def test_boxes_end_where_sizes_make_no_sense() -> None:
    """A size beyond the data or below the header ends the walk; 64-bit sizes are followed."""
    free = struct.pack(">I4s", 8, b"free")
    large = struct.pack(">I4sQ", 1, b"mdat", 20) + b"1234"
    assert list(boxes(free + large + free)) == [(b"free", 0, 8), (b"mdat", 8, 28), (b"free", 28, 36)]
    assert list(boxes(free + struct.pack(">I4s", 4, b"oops"))) == [(b"free", 0, 8)]
    assert list(boxes(free + struct.pack(">I4s", 99, b"oops"))) == [(b"free", 0, 8)]
