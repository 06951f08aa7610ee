"""Bytes of an open file to a connection, by sendfile where there is one, never a mixture of two states of the file.

aiohttp's FileResponse sends whatever the file holds at each moment. Here the file's identity (size, modification time,
links) is compared before each piece, and the last piece is held back in memory until it has been compared once more; a
file that changed in between ends the connection, so that no client takes the mixture for a whole answer.

What already lies in the socket's buffers when a file is overwritten in place cannot be called back: sendfile hands
over the page cache's own pages. Such a response is cut short and thus known to be broken; replacing a file by rename,
as every careful program does, does not even touch those pages.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import Executor
from typing import NamedTuple

from aiohttp import web

PIECE_BYTES = 8 << 20
COPIED_PIECE_BYTES = 1 << 20
TAIL_BYTES = 64 << 10

_HAS_SENDFILE = hasattr(os, "sendfile")


CHANGED = "the file was changed while it was sent"


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
    tail = max(start, end - TAIL_BYTES)
    if tail > start:
        # Encrypted connections need the bytes in hand; so do systems without sendfile.
        if _HAS_SENDFILE and transport.get_extra_info("sslcontext") is None:
            await _send_pages(transport, fd, state, start, tail)
        else:
            await _send_copies(response, fd, state, start, tail, executor)
    last = os.pread(fd, end - tail, tail) if _HAS_SENDFILE else await _read(executor, fd, tail, end - tail)
    state.require(fd)
    if len(last) != end - tail:
        raise FileChanged(CHANGED)
    await response.write(last)


async def _send_pages(transport: asyncio.Transport, fd: int, state: FileState, start: int, end: int) -> None:
    loop = asyncio.get_running_loop()
    await _flushed(transport)
    # A descriptor of our own: the loop lets nobody else wait for a transport's.
    sock = os.dup(transport.get_extra_info("socket").fileno())
    try:
        while start < end:
            if transport.is_closing():
                raise ConnectionResetError("the client is gone")
            state.require(fd)
            wanted = min(end - start, PIECE_BYTES)
            try:
                sent = os.sendfile(sock, fd, start, wanted)
            except BlockingIOError:
                await _writable(loop, sock)
                continue
            if sent == 0:
                raise FileChanged(CHANGED)
            start += sent
            if sent < wanted:
                await _writable(loop, sock)
            elif start < end:
                await asyncio.sleep(0)
    finally:
        os.close(sock)


async def _send_copies(
    response: web.StreamResponse, fd: int, state: FileState, start: int, end: int, executor: Executor
) -> None:
    while start < end:
        piece = await _read(executor, fd, start, min(end - start, COPIED_PIECE_BYTES))
        state.require(fd)
        if not piece:
            raise FileChanged(CHANGED)
        await response.write(piece)
        start += len(piece)


async def _read(executor: Executor, fd: int, offset: int, length: int) -> bytes:
    return await asyncio.get_running_loop().run_in_executor(executor, _read_now, fd, offset, length)


def _read_now(fd: int, offset: int, length: int) -> bytes:
    # Each response has its descriptor to itself, so moving its position disturbs nobody.
    os.lseek(fd, offset, os.SEEK_SET)
    return os.read(fd, length)


async def _flushed(transport: asyncio.Transport) -> None:
    """Wait until what was written so far (the headers) has left the transport for the socket."""
    if not transport.get_write_buffer_size():
        return
    loop = asyncio.get_running_loop()
    sock = os.dup(transport.get_extra_info("socket").fileno())
    try:
        while transport.get_write_buffer_size():
            if transport.is_closing():
                raise ConnectionResetError("the client is gone")
            # The transport waits for the same event and was first in line.
            await _writable(loop, sock)
            await asyncio.sleep(0)
    finally:
        os.close(sock)


async def _writable(loop: asyncio.AbstractEventLoop, sock: int) -> None:
    ready = loop.create_future()
    loop.add_writer(sock, _wake, ready)
    try:
        await ready
    finally:
        loop.remove_writer(sock)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
