"""Listens for requests: from binding the port to the last connection."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from typing import Any

from aiohttp import web

from hub.bootstrap import Hub
from hub.errors import HubError
from hub.runtime.instance import InstanceFile
from hub.runtime.tasks import to_the_end
from server.addresses import local_host, reachable_host, url_of
from server.app import create_app
from server.connections import Connections, Limits, raise_descriptor_limit

log = logging.getLogger(__name__)

BACKLOG = 512
SHUTDOWN_TIMEOUT_S = 1.0
"""How long requests under way may take to finish; they are cancelled after twice this."""


class Server:
    """Serves a started hub. `host` may be a name, an address, or a wildcard; port 0 picks a free one."""

    def __init__(self, hub: Hub, host: str, port: int) -> None:
        self._hub = hub
        self._host = host
        self._port = port
        self._instance = InstanceFile(hub.paths)
        self._runner: web.AppRunner | None = None
        self._listening: asyncio.Server | None = None
        self._restore_handler: Callable[[], None] | None = None

    @property
    def port(self) -> int:
        """The port that is listened on, once started."""
        return self._port

    @property
    def app(self) -> web.Application | None:
        """The application, while it is served."""
        return self._runner.app if self._runner is not None else None

    async def start(self) -> str:
        """Listen; the URL other machines reach it by. HubError when the address cannot be used."""
        self._runner = web.AppRunner(create_app(self._hub), shutdown_timeout=SHUTDOWN_TIMEOUT_S)
        try:
            await self._runner.setup()
            self._listening = await self._listen(self._runner)
            self._port = self._listening.sockets[0].getsockname()[1]
            url = url_of(await asyncio.to_thread(reachable_host, self._host), self._port)
            local_url = url_of(local_host(self._host), self._port)
            await asyncio.to_thread(self._instance.write, url=local_url, token=self._hub.accounts.local_token)
        except BaseException:
            await to_the_end(self.close())
            raise
        log.info("serving at %s", url)
        return url

    async def close(self) -> None:
        """Stop listening and end every connection, within some two seconds. Safe to call twice."""
        runner, listening = self._runner, self._listening
        self._runner = self._listening = None
        if listening is not None:
            await asyncio.to_thread(self._instance.remove)
            listening.close()
        if runner is not None:
            await runner.cleanup()
        if listening is not None:
            await listening.wait_closed()
        if self._restore_handler is not None:
            self._restore_handler()
            self._restore_handler = None

    async def _listen(self, runner: web.AppRunner) -> asyncio.Server:
        server = runner.server
        assert server is not None
        loop = asyncio.get_running_loop()
        host = self._host or "0.0.0.0"
        try:
            if self._port == 0:
                # A name may stand for several addresses; each would be given a port of its own.
                found = await loop.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
                host = str(found[0][4][0])
            connections = Connections(server, Limits.for_descriptors(raise_descriptor_limit()))
            listening = await loop.create_server(connections, host, self._port, backlog=BACKLOG)
            self._restore_handler = _handle_loop_errors(loop, connections)
            return listening
        except OSError as error:
            raise HubError(" ".join(why_not_listening(self._host, self._port, error))) from error


def why_not_listening(host: str, port: int, error: OSError) -> tuple[str, str]:
    """(why an address cannot be listened on, what to do), each in a sentence."""
    where = f"{host or '0.0.0.0'}, port {port}"
    if error.errno == errno.EADDRINUSE:
        advice = "Stop what uses it, or choose another with --port (0 picks a free one)."
        return f"Port {port} is in use on {host or 'this machine'}.", advice
    if error.errno == errno.EACCES:
        return f"This account may not listen on {where}.", "Choose a port above 1023 with --port."
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this machine.", "Choose another with --host."
    return (
        f"Marquee cannot listen on {where}: {error.strerror or error}.",
        "Choose another with --host or --port.",
    )


def _handle_loop_errors(loop: asyncio.AbstractEventLoop, connections: Connections) -> Callable[[], None]:
    """Let `connections` answer what concerns them; everything else goes where it went. The result undoes it."""
    before = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if connections.handle_loop_error(context):
            return
        if before is not None:
            before(loop, context)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
    return lambda: loop.set_exception_handler(before)
