"""What a container's outermost structure says, read without FFmpeg: its true kind, and whether its end is missing.

FFmpeg opens MP4, MOV and M4A with one demuxer and MKV and WebM with another, and plays a file that was cut short
without a word; both questions are answered by a few small reads.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from hub.media.files import read_up_to

_PICTURE_BRANDS = frozenset({b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"})
_MAX_BOXES = 100_000  # a day of fragmented MP4 in 2 s fragments has 86,400


class Layout(NamedTuple):
    """The outermost structure of a file."""

    container: str | None = None
    """mp4, m4a, mov, 3gp, 3g2, mkv, webm, or `picture`; None where FFmpeg's own name decides."""
    truncated: bool = False
    """The structure announces more bytes than there are."""
    index_missing: bool = False
    """An MP4 or MOV without its `moov` box: nothing in it can be found."""


def read_layout(fd: int) -> Layout:
    """The layout of the file behind `fd`; an empty `Layout` for kinds that are not looked into."""
    size_bytes = os.fstat(fd).st_size
    head = read_up_to(fd, 0, 64)
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"styp"}:
        return _read_iso(fd, size_bytes, head)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return _read_matroska(fd, size_bytes)
    if head.startswith(b"RIFF"):
        return Layout(truncated=_riff_is_truncated(fd, size_bytes))
    return Layout()


def _read_iso(fd: int, size_bytes: int, head: bytes) -> Layout:
    """Top-level boxes (ISO/IEC 14496-12 §4.2) or QuickTime atoms."""
    offset = 0
    has_index = has_brand = truncated = False
    for _ in range(_MAX_BOXES):
        if offset >= size_bytes:
            break
        header = read_up_to(fd, offset, 16)
        if len(header) < 8:
            truncated = True
            break
        length, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        elif length == 0:
            length = size_bytes - offset
        if length < 8 or not _is_box_type(kind):
            break  # padding or garbage after the last box; players ignore it
        has_index |= kind == b"moov"
        has_brand |= kind == b"ftyp"
        offset += length
        truncated = offset > size_bytes
    brands = [head[8:12], *(head[i : i + 4] for i in range(16, min(int.from_bytes(head[:4], "big"), 64), 4))]
    container = _iso_container(brands) if has_brand else "mov"
    return Layout(container, truncated, not has_index and container != "picture")


def _is_box_type(kind: bytes) -> bool:
    return all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in kind)


def _iso_container(brands: list[bytes]) -> str:
    major = brands[0]
    if major in _PICTURE_BRANDS:
        return "picture"
    by_brand = {b"qt  ": "mov", b"M4A ": "m4a", b"M4B ": "m4a", b"M4P ": "m4a", b"mjp2": "mj2"}
    if major[:3] in {b"3gp", b"3gr", b"3gs", b"3ge"}:
        return "3gp"
    if major[:3] == b"3g2":
        return "3g2"
    return by_brand.get(major, "mp4")


def _read_matroska(fd: int, size_bytes: int) -> Layout:
    """EBML header and the extent of the first Segment (RFC 8794 §11, RFC 9559 §5.1)."""
    head = read_up_to(fd, 0, 4096)
    header_size = _vint(head, 4)
    if header_size is None or header_size[0] is None:
        return Layout("mkv")
    body_start, body_end = header_size[1], header_size[1] + header_size[0]
    container = "webm" if b"webm" in head[body_start:body_end] else "mkv"
    if head[body_end : body_end + 4] != b"\x18\x53\x80\x67":
        return Layout(container, truncated=size_bytes <= body_end)
    segment_size = _vint(head, body_end + 4)
    if segment_size is None or segment_size[0] is None:
        return Layout(container)  # a live recording: its length was never written
    return Layout(container, truncated=segment_size[1] + segment_size[0] > size_bytes)


def _vint(data: bytes, offset: int) -> tuple[int | None, int] | None:
    """(value, offset behind it) of an EBML variable-size integer; the value is None when it means "unknown"."""
    if offset >= len(data) or data[offset] == 0:
        return None
    length = 9 - data[offset].bit_length()
    if offset + length > len(data):
        return None
    bits = 7 * length
    value = int.from_bytes(data[offset : offset + length], "big") & ((1 << bits) - 1)
    return (None if value == (1 << bits) - 1 else value), offset + length


def _riff_is_truncated(fd: int, size_bytes: int) -> bool:
    """AVI and WAV: a chain of RIFF chunks (OpenDML AVI has one per GiB). Sizes 0 and 2^32-1 mean "not written"."""
    offset = 0
    while offset + 12 <= size_bytes:
        header = read_up_to(fd, offset, 8)
        length = int.from_bytes(header[4:8], "little")
        if header[:4] != b"RIFF" or length in (0, 0xFFFFFFFF):
            return False
        offset += 8 + length + (length & 1)
    return offset - 1 > size_bytes  # the pad byte of an odd chunk is often left out
