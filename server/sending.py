"""Bytes of an open file to a connection, never a mixture of two states of the file.

aiohttp's FileResponse sends whatever the file holds at each moment, so a film that is replaced while it plays arrives
as half of one and half of the other. Here the file's identity (size, modification time, links) is compared between
reading and sending; once it differs the connection is cut, and the client asks again. Of files that are never
written to again, as segments are, only the size is compared.

Long answers are copied: each piece is read and the file compared on a thread, then the piece is sent. Short ones (the
ranges that players ask for by the dozen) go out by sendfile, which costs half as much; there the comparison comes
before the bulk, and once more before the last bytes, which are held back. sendfile hands the page cache's own pages to
the socket: what is overwritten in place before the client has read it arrives overwritten, but in an answer that is cut
short. Measurements: docs/adr/0020-http.md.

The loop waits for no disk: what is sent from there is in the page cache, as far as samples tell (`_is_at_hand`).
Everything else, and all of a file system that cannot tell (NFS, FUSE), goes through the threads.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager, suppress
from typing import NamedTuple, TypeVar

from aiohttp import web

ZERO_COPY_BYTES = 2 << 20
"""Answers up to this size go out by sendfile."""
PIECE_BYTES = 256 << 10
TAIL_BYTES = 16 << 10
SAMPLE_BYTES = 64 << 10
"""Distance of the places looked at to tell whether a span is in memory: half of what Linux reads ahead."""
STAYS_S = 1.0
"""How long what was in memory is taken to be there still: a slow client takes a span in many small steps."""

CHANGED = "the file was changed while it was sent"

_HAS_SENDFILE = hasattr(os, "sendfile")
_HAS_NOWAIT = hasattr(os, "preadv") and hasattr(os, "RWF_NOWAIT")


T = TypeVar("T")


class FileChanged(Exception):
    """The file is not any more what the response's headers said."""


class FileState(NamedTuple):
    """What must stay as it is while a file is sent."""

    size_bytes: int
    mtime_ns: int
    links: int
    is_final: bool = False
    """Such a file is never written to again: its times may be touched and it may be deleted, its bytes stay."""

    @classmethod
    def of(cls, fd: int, *, is_final: bool = False) -> FileState:
        """The state now. A few microseconds on a local disk; a network's may have to ask, so not on the loop."""
        status = os.fstat(fd)
        return cls(status.st_size, status.st_mtime_ns, status.st_nlink, is_final)

    def require(self, fd: int) -> None:
        """FileChanged when the file was rewritten, truncated, replaced or deleted. A mere rename is no change.

        Of one that is final only the size counts: the descriptor holds on to its bytes whatever becomes of its name.
        """
        now = FileState.of(fd)
        is_same = now.size_bytes == self.size_bytes and (
            self.is_final or (now.mtime_ns == self.mtime_ns and now.links >= self.links)
        )
        if not is_same:
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


class OpenFile(NamedTuple):
    """An open regular file, its state when it was opened, and what closes it (and whatever else sending it opens)."""

    fd: int
    state: FileState
    closing: ExitStack


async def send(
    request: web.Request,
    response: web.StreamResponse,
    file: OpenFile,
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
        await _send_pages(transport, file, start, end - TAIL_BYTES, executor)
        start = end - TAIL_BYTES
    await _send_copies(response, file, start, end, executor)


async def _send_copies(
    response: web.StreamResponse, file: OpenFile, start: int, end: int, executor: Executor
) -> None:
    while start < end:
        wanted = min(end - start, PIECE_BYTES)
        piece = _read_at_hand(file, start, wanted) if wanted <= TAIL_BYTES else None
        if piece is None:
            piece = await _on_thread(executor, file, _read, file, start, wanted)
        await response.write(piece)
        start += len(piece)


def _read_at_hand(file: OpenFile, offset: int, length: int) -> bytes | None:
    """The bytes if they are in memory, so that nobody waits; None if not, or if the system cannot tell."""
    if not _HAS_NOWAIT:
        return None
    piece = bytearray(length)
    try:
        if os.preadv(file.fd, [piece], offset, os.RWF_NOWAIT) < length:
            return None
    except OSError:
        return None
    file.state.require(file.fd)
    return bytes(piece)


def _read(file: OpenFile, offset: int, length: int) -> bytes:
    # Each answer has its descriptor to itself, so moving its position disturbs nobody.
    os.lseek(file.fd, offset, os.SEEK_SET)
    piece = os.read(file.fd, length)
    file.state.require(file.fd)
    if not piece:
        raise FileChanged(CHANGED)
    return piece


async def _send_pages(
    transport: asyncio.Transport, file: OpenFile, start: int, end: int, executor: Executor
) -> None:
    # A descriptor of our own: the loop lets nobody else wait for a transport's.
    sock = os.dup(transport.get_extra_info("socket").fileno())
    file.closing.callback(os.close, sock)
    while transport.get_write_buffer_size():
        # The headers have not left the transport yet; it waits for the same event and is first in line.
        await _writable(transport, sock)
        await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    looked_at, at_hand = float("-inf"), False
    while start < end:
        if loop.time() - looked_at > STAYS_S:
            looked_at, at_hand = loop.time(), _is_at_hand(file.fd, start, end)
        if at_hand:
            start += _push(sock, file, start, end)
        else:
            start += await _on_thread(executor, file, _push, sock, file, start, end)
        if start < end:
            await _writable(transport, sock)


def _is_at_hand(fd: int, start: int, end: int) -> bool:
    """Whether the span is in memory, as far as samples tell; False where the system cannot say.

    `RWF_NOWAIT` (preadv2(2)): EAGAIN instead of waiting for a disk, EOPNOTSUPP from file systems without it.
    """
    if not _HAS_NOWAIT:
        return False
    sample = [bytearray(1)]
    try:
        for offset in range(start, end, SAMPLE_BYTES):
            os.preadv(fd, sample, offset, os.RWF_NOWAIT)
        os.preadv(fd, sample, end - 1, os.RWF_NOWAIT)
    except OSError:
        return False
    return True


def _push(sock: int, file: OpenFile, start: int, end: int) -> int:
    """Send what the socket takes; how many bytes that was."""
    file.state.require(file.fd)
    try:
        sent = os.sendfile(sock, file.fd, start, end - start)
    except BlockingIOError:
        return 0
    if sent == 0:
        raise FileChanged(CHANGED)
    return sent


async def _on_thread(executor: Executor, file: OpenFile, work: Callable[..., T], *arguments: object) -> T:
    job = asyncio.get_running_loop().run_in_executor(executor, work, *arguments)
    try:
        return await asyncio.shield(job)
    except asyncio.CancelledError:
        # The thread goes on, and closed descriptors may be somebody else's by then: the last one out closes them.
        held = file.closing.pop_all()
        job.add_done_callback(lambda _: held.close())
        raise


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
