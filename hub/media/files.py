"""Opening files whose names and kinds come from anywhere."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from hub.media.errors import DiskFull, OutputNotWritable, UnreadableFile

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # opening a FIFO must not wait for its writer
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


@contextmanager
def open_regular(path: bytes) -> Iterator[int]:
    """Descriptor of the regular file at `path`, closed afterwards. Symbolic links are followed.

    UnreadableFile for anything else: a directory, device, socket or FIFO, no permission, gone, a loop of links.
    """
    try:
        fd = os.open(path, _FLAGS)
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"The file cannot be opened: {reason(error)}.") from error
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise UnreadableFile("This is not a regular file but a directory, device, socket or pipe.")
        yield fd
    finally:
        os.close(fd)


def publish(data: bytes, folder: bytes, name: str) -> None:
    """Write a file that appears whole or not at all. OutputNotWritable."""
    path = os.path.join(folder, os.fsencode(name))  # noqa: PTH118  # bytes, which pathlib does not take
    partial = path + b".%d.part" % os.getpid()
    try:
        with open(partial, "wb") as file:  # noqa: PTH123
            file.write(data)
        os.replace(partial, path)  # noqa: PTH105
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(partial)  # noqa: PTH108
        raise OutputNotWritable(f"The result cannot be written: {reason(error)}.") from error


def reason(error: OSError | ValueError) -> str:
    """The operating system's words for an error, without the file's name."""
    return (getattr(error, "strerror", None) or str(error)).rstrip(".").lower()


def not_writable(what: str, error: OSError) -> OutputNotWritable:
    """The error for `what` (such as "A segment") that cannot be written: DiskFull if room is all that it lacks."""
    kind = DiskFull if error.errno in (errno.ENOSPC, errno.EDQUOT) else OutputNotWritable
    return kind(f"{what} cannot be written: {reason(error)}.")


def read_up_to(fd: int, offset: int, length: int) -> bytes:
    """Up to `length` bytes at `offset`, fewer only at the end of the file. The descriptor's position may move."""
    os.lseek(fd, offset, os.SEEK_SET)
    parts = []
    while length > 0 and (part := os.read(fd, min(length, 1 << 20))):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
