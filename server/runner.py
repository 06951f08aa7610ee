"""Listens for requests: from binding the port to the last connection."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from typing import Any

from aiohttp import web

from hub.bootstrap import Hub
from hub.errors import HubError
from hub.runtime.instance import InstanceFile
from server.addresses import local_host, reachable_host, url_of
from server.app import create_app
from server.problems import HttpProblem, respond

log = logging.getLogger(__name__)

BACKLOG = 512
_NO_LOG: Any = None  # aiohttp's own access log costs more than some answers; the gate logs at DEBUG
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
            await self.close()
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
            return await loop.create_server(
                lambda: _Connection(server, loop=loop, access_log=_NO_LOG), host, self._port, backlog=BACKLOG
            )
        except OSError as error:
            raise HubError(self._why(error)) from error

    def _why(self, error: OSError) -> str:
        where = f"{self._host or '0.0.0.0'}, port {self._port}"
        if error.errno == errno.EADDRINUSE:
            return (
                f"Port {self._port} is in use on {self._host or 'this machine'}. Stop what uses it, or choose another "
                "with --port (0 picks a free one)."
            )
        if error.errno == errno.EACCES:
            return f"This account may not listen on {where}. Choose a port above 1023 with --port."
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            return f"{self._host} is not an address of this machine. Choose another with --host."
        return f"Marquee cannot listen on {where}: {error.strerror or error}."


class _Connection(web.RequestHandler):
    """aiohttp's connection, but what it refuses by itself is answered with problem documents, too.

    Requests that are no HTTP, or that expect what nobody offers, never reach the application.
    """

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is under way; it can only be cut short")
        if status == 400:
            log.debug("%s sent a request that is not HTTP: %s", request.remote, message)
            problem: Exception = HttpProblem(400, "bad-request", "This is not a valid HTTP request.")
        else:
            problem = exc if isinstance(exc, Exception) else RuntimeError(f"status {status}")
        response = respond(request, problem)
        response.force_close()
        return response

    def connection_lost(self, exc: BaseException | None) -> None:
        # WORKAROUND: aiohttp 3.14 goes on waiting for the rest of a body (`lingering_time`, 10 s) after the connection
        # that would bring it is gone, in a task its own shutdown no longer knows. Waits for aiohttp to end it.
        lingering = None if self._request_in_progress else self._task_handler
        super().connection_lost(exc)
        if lingering is not None:
            lingering.cancel()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        if isinstance(resp, web.HTTPException):
            resp = respond(request, resp)
        return await super().finish_response(request, resp, start_time)
