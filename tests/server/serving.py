"""Small servers on loopback, and clients that look at every byte."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

from aiohttp import web
from multidict import CIMultiDict


@contextlib.asynccontextmanager
async def serve_app(app: web.Application) -> AsyncIterator[int]:
    """Serve `app` on loopback; the port."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield site.port
    finally:
        await runner.cleanup()


def app_with(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.Application:
    """An application whose every address is answered by `handler`."""
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handler)
    return app


class Answer(NamedTuple):
    """An answer as it came over the wire; `is_whole` tells whether all announced bytes came."""

    status: int
    headers: CIMultiDict[str]
    body: bytes
    is_whole: bool


class RawClient:
    """A connection whose reading the test holds in its hands. The receive buffer is as small as the system allows."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int, *, receive_buffer: int = 4096) -> RawClient:
        """Connect to a server on loopback."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        # A small limit: what is not asked for stays in the sockets.
        return cls(*await asyncio.open_connection(sock=sock, limit=receive_buffer))

    async def send(self, text: str) -> None:
        """Send a request's head (and body), line ends as CRLF."""
        self._writer.write(text.replace("\n", "\r\n").encode())
        await self._writer.drain()

    async def get(self, path: str, *headers: str, method: str = "GET") -> None:
        """Send a request."""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers, "", ""]
        await self.send("\n".join(lines))

    async def head(self) -> tuple[int, CIMultiDict[str]]:
        """Status and headers of the next answer."""
        status_line, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        pairs = [line.split(": ", 1) for line in lines]
        return int(status_line.split()[1]), CIMultiDict((name, value) for name, value in pairs)

    async def exactly(self, count: int) -> bytes:
        """The next `count` bytes."""
        return await self._reader.readexactly(count)

    async def rest(self, announced: int) -> bytes:
        """Up to `announced` bytes: fewer when the connection ends first."""
        parts = []
        while announced > 0:
            try:
                part = await self._reader.read(min(announced, 1 << 16))
            except ConnectionError:
                break
            if not part:
                break
            parts.append(part)
            announced -= len(part)
        return b"".join(parts)

    async def ask(self, path: str, *headers: str, method: str = "GET") -> Answer:
        """A whole exchange."""
        await self.get(path, *headers, method=method)
        status, received = await self.head()
        has_body = method != "HEAD" and status not in (204, 304)
        announced = int(received.get("Content-Length", "0")) if has_body else 0
        body = await self.rest(announced)
        return Answer(status, received, body, len(body) == announced)

    async def is_at_end(self) -> bool:
        """Whether the other side has ended the connection; waits for it or for a byte."""
        try:
            return not await self._reader.read(1)
        except ConnectionError:
            return True

    async def close(self) -> None:
        """End the connection."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


async def until(condition: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
    """Let the loop turn until the condition holds; for what nobody announces. TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110  # there is no event to wait for
            await asyncio.sleep(0.005)
