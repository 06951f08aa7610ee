"""The bytes of caption files: how many are too many, whether they are text, and in which Unicode encoding.

Apart from `captions.py`, whose libraries belong into the media workers: this much the hub may do itself.
"""

from __future__ import annotations

import codecs
import os

from hub.media.errors import BadCaptions, UnreadableFile
from hub.media.files import open_regular, read_up_to, reason

MAX_BYTES = 20 << 20  # an ASS file may carry its fonts
SAMPLE_BYTES = 64 * 1024
_BOMS = (  # UTF-32 first: its mark begins like that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read(path: bytes) -> bytes:
    """The whole file. UnreadableFile, or BadCaptions when it is too large."""
    return _read(path, MAX_BYTES)


def require_text(path: bytes) -> None:
    """Look at the size and the beginning of the file only. UnreadableFile, BadCaptions. Blocking, cheap."""
    unicode_of(_read(path, SAMPLE_BYTES))


def _read(path: bytes, limit: int) -> bytes:
    try:
        with open_regular(path) as fd:
            size_bytes = os.fstat(fd).st_size
            if size_bytes > MAX_BYTES:
                raise BadCaptions(f"The caption file is larger than {MAX_BYTES >> 20} MiB.")
            return read_up_to(fd, 0, min(size_bytes, limit))
    except OSError as error:
        raise UnreadableFile(f"The caption file cannot be read: {reason(error)}.") from error


def unicode_of(data: bytes) -> str | None:
    """The Unicode encoding of the bytes; None when they are older, or cut in the middle of a letter. BadCaptions."""
    if not data.strip(b"\0 \t\r\n"):
        raise BadCaptions("The caption file is empty.")
    marked = next((name for mark, name in _BOMS if data.startswith(mark)), None) or _utf16_without_mark(data)
    if marked is not None:
        return marked
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        if _control_share(data) > 0.02:
            raise BadCaptions("The caption file is not text.") from None
        return None
    return "utf-8"


def _utf16_without_mark(data: bytes) -> str | None:
    """UTF-16 is told by its zeros: every Latin letter, digit and line break has one, always on the same side."""
    head = data[:4096]
    half = len(head) // 2 or 1
    if head[1::2].count(0) > 0.3 * half and head[0::2].count(0) < 0.1 * half:
        return "utf-16-le"
    if head[0::2].count(0) > 0.3 * half and head[1::2].count(0) < 0.1 * half:
        return "utf-16-be"
    return None


def _control_share(data: bytes) -> float:
    head = data[:SAMPLE_BYTES]
    return sum(byte < 0x20 and byte not in b"\t\n\r\f\x1b" for byte in head) / len(head)
