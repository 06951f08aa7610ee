"""Walking the boxes of MP4 (ISO/IEC 14496-12 §4.2)."""

from __future__ import annotations

import struct
from collections.abc import Iterator


def boxes(
    data: bytes | memoryview, begin: int = 0, end: int | None = None
) -> Iterator[tuple[bytes, int, int]]:
    """(type, first byte, byte after the last) of the boxes side by side in `data[begin:end]`.

    Ends at a size that makes no sense.
    """
    end = len(data) if end is None else end
    while begin + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, begin)
        if size == 1 and begin + 16 <= end:
            (size,) = struct.unpack_from(">Q", data, begin + 8)
        if size < 8 or begin + size > end:
            return
        yield kind, begin, begin + size
        begin += size
