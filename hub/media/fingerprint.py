"""Recognising a file by its content, at the cost of three small reads however large it is."""

from __future__ import annotations

import hashlib
import os

from hub.media.errors import UnreadableFile
from hub.media.files import open_regular, read_up_to, reason

SAMPLE_BYTES = 64 * 1024
WHOLE_BYTES = 3 * SAMPLE_BYTES


def fingerprint(path: bytes) -> str:
    """Fingerprint of the regular file at `path`, see `fingerprint_of`. UnreadableFile when it cannot be read."""
    with open_regular(path) as fd:
        return fingerprint_of(fd)


def fingerprint_of(fd: int) -> str:
    """BLAKE2b-128 (RFC 7693) as 32 hex digits over the size and the content's samples.

    A file up to 192 KiB is hashed whole; of a larger one 64 KiB each at its start, middle and end. Two files that
    differ only between the samples look alike: good enough to recognise a moved film, not to prove two files equal.
    """
    try:
        size_bytes = os.fstat(fd).st_size
        digest = hashlib.blake2b(size_bytes.to_bytes(8, "big"), digest_size=16)
        if size_bytes <= WHOLE_BYTES:
            digest.update(read_up_to(fd, 0, WHOLE_BYTES))
        else:
            for offset in (0, (size_bytes - SAMPLE_BYTES) // 2, size_bytes - SAMPLE_BYTES):
                digest.update(read_up_to(fd, offset, SAMPLE_BYTES))
    except OSError as error:
        raise UnreadableFile(f"The file cannot be read: {reason(error)}.") from error
    return digest.hexdigest()
