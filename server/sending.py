"""Bytes of an open file to a connection, never a mixture of two states of the file.

aiohttp's FileResponse sends whatever the file holds at each moment, so a film that is replaced while it plays arrives
as half of one and half of the other. Here the file's identity (size, modification time, links) is compared between
reading and sending; once it differs the connection is cut, and the client asks again.

Long answers are copied: each piece is read on a thread, the file compared, the piece sent. Short ones (the ranges that
players ask for by the dozen) go out by sendfile, which costs half as much; there the comparison comes before the bulk,
and once more before the last bytes, which are held back. sendfile hands the page cache's own pages to the socket: what
is overwritten in place before the client has read it arrives overwritten, but in an answer that is cut short.
Measurements: docs/adr/0020-http.md.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from typing import NamedTuple

from aiohttp import web

ZERO_COPY_BYTES = 2 << 20
"""Answers up to this size go out by sendfile."""
PIECE_BYTES = 256 << 10
TAIL_BYTES = 16 << 10

CHANGED = "the file was changed while it was sent"

_HAS_SENDFILE = hasattr(os, "sendfile")


class FileChanged(Exception):
    """The file is not any more what the response's headers said."""


class FileState(NamedTuple):
    """What must stay as it is while a file is sent."""

    size_bytes: int
    mtime_ns: int
    links: int

    @classmethod
    def of(cls, fd: int) -> FileState:
        """The state now. On the loop: a few microseconds, as sendfile itself would wait for the same inode."""
        status = os.fstat(fd)
        return cls(status.st_size, status.st_mtime_ns, status.st_nlink)

    def require(self, fd: int) -> None:
        """FileChanged when the file was rewritten, truncated, replaced or deleted. A mere rename is no change."""
        now = FileState.of(fd)
        if now.size_bytes != self.size_bytes or now.mtime_ns != self.mtime_ns or now.links < self.links:
            raise FileChanged(CHANGED)


@contextmanager
def full_frames(transport: asyncio.Transport | None, size_bytes: int) -> Iterator[None]:
    """Around headers and body of a short answer: they leave in full frames, not the headers by themselves.

    Each frame wakes the other side; with one less a client that reads 1.5 MB ranges is a tenth faster. Long answers and
    systems other than Linux do without.
    """
    if transport is None or size_bytes > ZERO_COPY_BYTES or not hasattr(socket, "TCP_CORK"):
        yield
        return
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    try:
        yield
    finally:
        with suppress(OSError):  # the connection may be gone, and its socket with it
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)


async def send(
    request: web.Request,
    response: web.StreamResponse,
    fd: int,
    state: FileState,
    start: int,
    end: int,
    *,
    executor: Executor,
) -> None:
    """Send bytes `start` to `end` of the file after the headers of `response`, which is prepared.

    FileChanged, or OSError when the file cannot be read; ConnectionError when the client is gone.
    """
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the client is gone")
    # What is encrypted must be in hand, or it would leave the machine as it is.
    is_plain = transport.get_extra_info("sslcontext") is None
    if _HAS_SENDFILE and is_plain and TAIL_BYTES < end - start <= ZERO_COPY_BYTES:
        await _send_pages(transport, fd, state, start, end - TAIL_BYTES)
        start = end - TAIL_BYTES
    await _send_copies(response, fd, state, start, end, executor)


async def _send_copies(
    response: web.StreamResponse, fd: int, state: FileState, start: int, end: int, executor: Executor
) -> None:
    loop = asyncio.get_running_loop()
    while start < end:
        wanted = min(end - start, PIECE_BYTES)
        if _HAS_SENDFILE and wanted <= TAIL_BYTES:
            piece = os.pread(fd, wanted, start)
        else:
            piece = await loop.run_in_executor(executor, _read, fd, start, wanted)
        state.require(fd)
        if not piece:
            raise FileChanged(CHANGED)
        await response.write(piece)
        start += len(piece)


def _read(fd: int, offset: int, length: int) -> bytes:
    # Each answer has its descriptor to itself, so moving its position disturbs nobody.
    os.lseek(fd, offset, os.SEEK_SET)
    return os.read(fd, length)


async def _send_pages(transport: asyncio.Transport, fd: int, state: FileState, start: int, end: int) -> None:
    # A descriptor of our own: the loop lets nobody else wait for a transport's.
    sock = os.dup(transport.get_extra_info("socket").fileno())
    try:
        while transport.get_write_buffer_size():
            # The headers have not left the transport yet; it waits for the same event and is first in line.
            await _writable(transport, sock)
            await asyncio.sleep(0)
        while start < end:
            state.require(fd)
            try:
                sent = os.sendfile(sock, fd, start, end - start)
            except BlockingIOError:
                sent = 0
            else:
                if sent == 0:
                    raise FileChanged(CHANGED)
            start += sent
            if start < end:
                await _writable(transport, sock)
    finally:
        os.close(sock)


async def _writable(transport: asyncio.Transport, sock: int) -> None:
    if transport.is_closing():
        raise ConnectionResetError("the client is gone")
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_writer(sock, _wake, ready)
    try:
        await ready
    finally:
        loop.remove_writer(sock)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
