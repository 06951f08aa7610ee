"""The first picture of a segment as a fragment of its own, for the I-frame playlist: bytes in, bytes out."""

from __future__ import annotations

import struct
from typing import NamedTuple

from hub.media.errors import BrokenMedia
from hub.media.stream.boxes import boxes

_NO_BASE = 0x020000  # tfhd: default-base-is-moof
_IS_SYNC = 0x02000000  # depends on no other sample and is none that is not a sync sample (§8.8.3.1)
_DATA_OFFSET, _FIRST_FLAGS, _DURATION, _SIZE, _FLAGS, _COMPOSITION = 0x1, 0x4, 0x100, 0x200, 0x400, 0x800


class _Sample(NamedTuple):
    """The first entry of a track run."""

    at: int
    size: int
    composition: int


def key_fragment(segment: bytes, duration: int) -> bytes:
    """`moof` and `mdat` with nothing but the first picture of `segment`, shown for `duration` (in the track's ticks).

    The segment is one of ours: one fragment of one track, addressed from its `moof`, its first sample a sync sample.
    BrokenMedia when it is not (ISO/IEC 14496-12 §8.8).
    """
    try:
        moof = next(at for kind, at, _ in boxes(segment) if kind == b"moof")
        (mfhd,) = _children(segment, moof, b"mfhd")
        (traf,) = _children(segment, moof, b"traf")
        (tfhd,) = _children(segment, traf, b"tfhd")
        (tfdt,) = _children(segment, traf, b"tfdt")
        trun, *_ = _children(segment, traf, b"trun")
        sample = _first_sample(segment, moof, tfhd, trun)
    except (StopIteration, ValueError, struct.error) as error:
        raise BrokenMedia("A kept segment is damaged.") from error
    if sample.size < 1 or sample.at + sample.size > len(segment):
        raise BrokenMedia("A kept segment is damaged.")
    track = struct.unpack_from(">I", segment, tfhd + 12)
    head = _full_box(b"tfhd", 0, _NO_BASE, struct.pack(">I", *track))
    flags = _DATA_OFFSET | _DURATION | _SIZE | _FLAGS | _COMPOSITION

    def header(offset: int) -> bytes:
        run = struct.pack(">IiIIIi", 1, offset, duration, sample.size, _IS_SYNC, sample.composition)
        inside = head + _whole(segment, tfdt) + _full_box(b"trun", 1, flags, run)
        return _box(b"moof", _whole(segment, mfhd) + _box(b"traf", inside))

    data = segment[sample.at : sample.at + sample.size]
    return header(len(header(0)) + 8) + _box(b"mdat", data)


def _first_sample(data: bytes, moof: int, tfhd: int, trun: int) -> _Sample:
    default_size = _default_size(data, tfhd)
    (flags,) = struct.unpack_from(">I", data, trun + 8)
    count, at = struct.unpack_from(">I", data, trun + 12)[0], trun + 16
    if not count or not flags & _DATA_OFFSET:
        raise ValueError("no sample, or none that can be found")
    (offset,) = struct.unpack_from(">i", data, at)
    at += 4
    if flags & _FIRST_FLAGS:
        at += 4
    if flags & _DURATION:
        at += 4
    size = default_size
    if flags & _SIZE:
        (size,) = struct.unpack_from(">I", data, at)
        at += 4
    if flags & _FLAGS:
        at += 4
    composition = struct.unpack_from(">i", data, at)[0] if flags & _COMPOSITION else 0
    return _Sample(moof + offset, size, composition)


def _default_size(data: bytes, tfhd: int) -> int:
    """§8.8.7: the optional fields of a track fragment's header come in the order of their flags."""
    flags = struct.unpack_from(">I", data, tfhd + 8)[0] & 0xFFFFFF
    if not flags & _NO_BASE or flags & 0x1:
        raise ValueError("addressed from elsewhere")
    at = tfhd + 16
    for flag in (0x2, 0x8):
        at += 4 if flags & flag else 0
    return int(struct.unpack_from(">I", data, at)[0]) if flags & 0x10 else 0


def _children(data: bytes, parent: int, wanted: bytes) -> list[int]:
    (size,) = struct.unpack_from(">I", data, parent)
    return [at for kind, at, _ in boxes(data, parent + 8, parent + size) if kind == wanted]


def _whole(data: bytes, at: int) -> bytes:
    (size,) = struct.unpack_from(">I", data, at)
    return data[at : at + size]


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _full_box(kind: bytes, version: int, flags: int, content: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags) + content)
