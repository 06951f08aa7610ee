"""The sample tables of an MP4 or MOV file: decode times, display times, key frames and sizes without reading samples.

FFmpeg's index of these containers knows decode times only; what it leaves out stands in `ctts`
(ISO/IEC 14496-12 §8.6 and §8.7).
"""

from __future__ import annotations

import os
import struct
import sys
from array import array
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate, chain, islice, pairwise, repeat
from operator import add

from hub.media.stream.boxes import boxes

MAX_MOOV_BYTES = 256 << 20
"""A film of ten hours has some 10 MB."""


class SampleTable:
    """One track: samples count from 0 in the order of decoding, times are in units of the track's time scale.

    `count` is known at once and may be anything in a hostile file: compare it before asking for times.
    """

    def __init__(self, stbl: bytes) -> None:
        found = {kind: stbl[at + 8 : end] for kind, at, end in boxes(stbl)}
        self._durations = _pairs(found.get(b"stts", b""), signed=False)
        # Version 0 has unsigned offsets, but writers put negative ones there too.
        self._offsets = _pairs(found.get(b"ctts", b""), signed=True)
        self.count = sum(self._durations[0])
        self._keys = _array(found[b"stss"], 4) if b"stss" in found else None
        sizes = found.get(b"stsz", b"")
        self._same_size, in_all = struct.unpack_from(">II", sizes, 4) if len(sizes) >= 12 else (0, 0)
        self._sizes = array("I") if self._same_size else _array(sizes, 8)
        if not self._same_size and len(self._sizes) != in_all:
            self._sizes = array("I")

    @property
    def keys(self) -> list[int]:
        """The samples that can be decoded by themselves, ascending; all when the file does not say."""
        if self._keys is None:
            return list(range(self.count))
        return sorted({number - 1 for number in self._keys if 0 < number <= self.count})

    @cached_property
    def durations(self) -> list[int]:
        """From each sample's decode time to the next one's."""
        return _expanded(self._durations, self.count)

    @cached_property
    def decode_times(self) -> list[int]:
        """When each sample is decoded, from the beginning of the track."""
        return [0, *accumulate(self.durations[:-1])] if self.count else []

    @cached_property
    def display_times(self) -> list[int]:
        """When each sample is shown, from the beginning of the track, before edits."""
        if not self._offsets[0]:
            return self.decode_times
        return list(map(add, self.decode_times, _expanded(self._offsets, self.count)))

    def has_leading(self, key: int, within: int = 16) -> bool:
        """True when samples decoded after this key frame are shown before it (an open GOP)."""
        shown = self.display_times
        return min(shown[key + 1 : key + 1 + within], default=shown[key]) < shown[key]

    def bytes_between(self, borders: list[int], stop: int) -> list[int]:
        """Size of the samples from each border to the next, and from the last to `stop`; empty when unknown."""
        if self._same_size:
            return [(b - a) * self._same_size for a, b in pairwise([*borders, stop])]
        if len(self._sizes) < stop:
            return []
        return [sum(self._sizes[a:b]) for a, b in pairwise([*borders, stop])]


def read_sample_tables(fd: int, size_bytes: int) -> dict[int, SampleTable]:
    """The tables by track id; empty for a file without any, or a fragmented one. The position of `fd` is kept."""
    position = os.lseek(fd, 0, os.SEEK_CUR)
    try:
        moov = _moov(fd, size_bytes)
    finally:
        os.lseek(fd, position, os.SEEK_SET)
    kinds = {kind for kind, *_ in boxes(moov)}
    if b"mvex" in kinds:
        return {}
    tables = {}
    for kind, at, end in boxes(moov):
        if kind != b"trak":
            continue
        trak = moov[at + 8 : end]
        track_id = _track_id(trak)
        stbl = _inside(trak, b"mdia", b"minf", b"stbl")
        if track_id is not None and stbl is not None:
            tables[track_id] = SampleTable(stbl)
    return tables


def _moov(fd: int, size_bytes: int) -> bytes:
    for kind, at, end in _outermost(fd, size_bytes):
        if kind == b"moov" and end - at <= MAX_MOOV_BYTES:
            os.lseek(fd, at, os.SEEK_SET)
            parts = []
            left = end - at
            while left > 0 and (part := os.read(fd, left)):
                parts.append(part)
                left -= len(part)
            return b"".join(parts)[8:]
    return b""


def _outermost(fd: int, size_bytes: int) -> Iterator[tuple[bytes, int, int]]:
    at = 0
    for _ in range(10_000):
        os.lseek(fd, at, os.SEEK_SET)
        head = os.read(fd, 16)
        if len(head) < 8:
            return
        size, kind = struct.unpack_from(">I4s", head)
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack_from(">Q", head, 8)
        elif size == 0:
            size = size_bytes - at
        if size < 8:
            return
        yield kind, at, at + size
        at += size


def _inside(data: bytes, *way: bytes) -> bytes | None:
    for step in way:
        found = next(((at, end) for kind, at, end in boxes(data) if kind == step), None)
        if found is None:
            return None
        data = data[found[0] + 8 : found[1]]
    return data


def _track_id(trak: bytes) -> int | None:
    tkhd = _inside(trak, b"tkhd")
    if tkhd is None or len(tkhd) < 24:
        return None
    return int(struct.unpack_from(">I", tkhd, 20 if tkhd[0] == 1 else 12)[0])


def _pairs(box: bytes, *, signed: bool) -> tuple[array[int], array[int]]:
    """(how many samples, their common value) of a table that stores runs."""
    numbers = _array(box, 4, numbers=2)
    values = numbers[1::2]
    return numbers[0::2], array("i", values.tobytes()) if signed else values


def _expanded(runs: tuple[array[int], array[int]], count: int) -> list[int]:
    """The value of each of `count` samples; 0 for those the runs leave out."""
    values = list(islice(chain.from_iterable(map(repeat, runs[1], runs[0])), count))
    return values + [0] * (count - len(values))


def _array(box: bytes, skip: int, numbers: int = 1) -> array[int]:
    """The table of a full box: `skip` bytes (version, flags and the like), how many entries, their 32-bit numbers."""
    values = array("I")
    if len(box) < skip + 4:
        return values
    (count,) = struct.unpack_from(">I", box, skip)
    whole = min((len(box) - skip - 4) // (4 * numbers), count)
    values.frombytes(box[skip + 4 : skip + 4 + whole * 4 * numbers])
    if sys.byteorder == "little":
        values.byteswap()
    return values
