"""Connections: how many there may be, how long they may wait, and what aiohttp's own do not do.

Every connection holds a descriptor, and without descriptors nothing works any more: no database file, no film, no
worker. So their number is bounded, in all and for each address, by what the process may open. Once it is reached
those that wait for a request make room; those that are being answered, films above all, are left alone.
"""

from __future__ import annotations

import asyncio
import errno
import heapq
import ipaddress
import logging
import sys
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMethod, LineTooLong

from server.problems import HttpProblem, respond

log = logging.getLogger(__name__)

FIRST_REQUEST_S = 15.0
"""How long a new connection may take to send the head of a request; no longer than `KEEP_ALIVE_S`."""
KEEP_ALIVE_S = 75.0
"""How long a connection may wait for the head of its next request. Longer than proxies keep theirs (nginx: 60 s), or
they would send a request into a connection that is being closed."""
MAX_URL_BYTES = 8_000
"""RFC 9112 §3 asks for no less."""
MAX_HEADER_BYTES = 16_000
"""Of one header, its name included. Another number than `MAX_URL_BYTES`: what was too long is known by it."""
MAX_HEADERS = 128
SAID_EVERY_S = 60.0
MOST_DESCRIPTORS = 65_536
MOST_CONNECTIONS = 4096
RESERVED_DESCRIPTORS = 256
"""For the database, the workers, watched folders, the log."""
DESCRIPTORS_EACH = 3
"""What a connection needs at most: itself, the file it is sent, and a duplicate of itself while it is sent."""
MAKE_ROOM = 16
"""Closed at once when there are too many: looking for the one that waits longest is not free."""

_NO_LOG: Any = None  # aiohttp's own access log costs more than some answers; the gate logs at DEBUG
_OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Limits(NamedTuple):
    """How many connections there may be, and how many from one address."""

    total: int
    per_peer: int

    @classmethod
    def for_descriptors(cls, descriptors: int) -> Limits:
        """What a process that may open so many descriptors can serve."""
        total = max(16, min(MOST_CONNECTIONS, (descriptors - RESERVED_DESCRIPTORS) // DESCRIPTORS_EACH))
        # A household behind one address (a proxy on another machine, a container's gateway) needs a good share.
        return cls(total, max(8, min(512, total // 2)))


def raise_descriptor_limit() -> int:
    """Let this process (and the children it will have) open as many files as it may; how many that is.

    The soft limit is 1,024 on most systems for the sake of `select`, which nothing here uses.
    """
    if sys.platform == "win32":
        return MOST_DESCRIPTORS
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
        except (ValueError, OSError) as error:
            # macOS names no hard limit and has one all the same.
            log.info("the limit of open files stays at %d: %s", soft, error)
    return MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft


class Connections:
    """The open connections of a server, which makes new ones: `Connections(...)()` is a protocol for the loop."""

    def __init__(self, server: web.Server, limits: Limits) -> None:
        self._server = server
        self._limits = limits
        self._of_peer: dict[str, set[Connection]] = {}
        self._count = 0
        self._turned_away = 0
        self._said_at = float("-inf")

    def __len__(self) -> int:
        return self._count

    def __call__(self) -> Connection:
        return Connection(self, self._server)

    def admit(self, connection: Connection) -> bool:
        """Count a new connection in, if need be in the place of ones that only wait; False when there is no room."""
        peers = self._of_peer.get(connection.peer, set())
        if len(peers) >= self._limits.per_peer and not has_no_share(connection.peer):
            reason = f"{connection.peer} has {len(peers)} connections"
            room = self._make_room(peers, reason)
        elif self._count >= self._limits.total:
            room = self.make_room(f"{self._count} connections are open")
        else:
            room = True
        if room:
            self._of_peer.setdefault(connection.peer, set()).add(connection)
            self._count += 1
        return room

    def forget(self, connection: Connection) -> None:
        """Count a connection out. One that is not counted is no error."""
        peers = self._of_peer.get(connection.peer)
        if peers is None or connection not in peers:
            return
        peers.discard(connection)
        self._count -= 1
        if not peers:
            del self._of_peer[connection.peer]

    def make_room(self, reason: str) -> bool:
        """Close some of the connections that only wait, whosesoever they are; whether there were any."""
        return self._make_room((c for peers in self._of_peer.values() for c in peers), reason)

    def handle_loop_error(self, context: dict[str, Any]) -> bool:
        """Whether an error the loop met was a want of descriptors while accepting, which is answered here.

        The loop tries again by itself, once a second, and would log a traceback each time and for each try.
        """
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in _OUT_OF_RESOURCES or "socket" not in context:
            return False
        self.make_room(f"no connection can be accepted: {error}")
        return True

    def _make_room(self, connections: Iterable[Connection], reason: str) -> bool:
        spare = heapq.nsmallest(
            MAKE_ROOM, (c for c in connections if c.is_spare), key=lambda c: c.waits_until
        )
        for connection in spare:
            connection.drop()
        self._turned_away += len(spare) or 1
        now = time.monotonic()
        if now - self._said_at >= SAID_EVERY_S:
            self._said_at = now
            log.warning(
                "%s; %d that waited or were new have been closed since this was last said",
                reason,
                self._turned_away,
            )
            self._turned_away = 0
        return bool(spare)


def has_no_share(peer: str) -> bool:
    """Whether an address stands for many: on loopback a reverse proxy may be speaking for the whole house."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback
    except ValueError:
        return False


def _refusal(error: BaseException | None) -> HttpProblem:
    """What to say of a request that the parser could not take (RFC 9110 §15.5.15, §15.6.2, RFC 6585 §5)."""
    if isinstance(error, LineTooLong) and error.args[1] == MAX_URL_BYTES:
        return HttpProblem(414, "url-too-long", f"The address is longer than {MAX_URL_BYTES:,} bytes.")
    if isinstance(error, LineTooLong):
        return HttpProblem(
            431, "headers-too-large", f"A header of the request is longer than {MAX_HEADER_BYTES:,} bytes."
        )
    if "Too many headers" in str(error):
        return HttpProblem(431, "headers-too-large", f"The request has more than {MAX_HEADERS} headers.")
    if isinstance(error, BadHttpMethod) and "HTTPS traffic" in str(error):
        return HttpProblem(400, "bad-request", "This port speaks HTTP, not HTTPS. Open it with http://.")
    if isinstance(error, BadHttpMethod):
        return HttpProblem(501, "unknown-method", "The request's method is none that this server knows.")
    return HttpProblem(400, "bad-request", "This is not a valid HTTP request.")


class Connection(web.RequestHandler):
    """aiohttp's connection, counted, with time limits; what it refuses by itself is a problem document, too.

    Requests that are no HTTP, or that expect what nobody offers, never reach the application.
    """

    def __init__(self, connections: Connections, server: web.Server) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=_NO_LOG,
            keepalive_timeout=KEEP_ALIVE_S,
            max_line_size=MAX_URL_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            max_headers=MAX_HEADERS,
        )
        self._connections = connections
        self._link: asyncio.Transport | None = None
        self.peer = ""

    @property
    def is_spare(self) -> bool:
        """Whether it waits for a request, or only for its last bytes to be taken."""
        waits = self._waiter is not None and not self._waiter.done()
        return waits or self._link is None or self._link.is_closing()

    @property
    def waits_until(self) -> float:
        """Loop time at which waiting for the next request ends."""
        return self._next_keepalive_close_time

    def drop(self) -> None:
        """End it now, whatever the other side has not read yet."""
        self._connections.forget(self)
        if self._link is not None:
            self._link.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        peer = transport.get_extra_info("peername")
        self.peer = str(peer[0]) if isinstance(peer, tuple) else ""
        if not self._connections.admit(self):
            transport.abort()
            return
        self._link = transport
        super().connection_made(transport)
        # aiohttp gives the first request as long as any later one, and one timer that looks at this time.
        self._next_keepalive_close_time = self._loop.time() + FIRST_REQUEST_S
        if self._keepalive_handle is not None:
            self._keepalive_handle.cancel()
        self._keepalive_handle = self._loop.call_at(self._next_keepalive_close_time, self._process_keepalive)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._connections.forget(self)
        # WORKAROUND: aiohttp 3.14 goes on waiting for the rest of a body (`lingering_time`, 10 s) after the connection
        # that would bring it is gone, in a task its own shutdown no longer knows. Waits for aiohttp to end it.
        lingering = None if self._request_in_progress else self._task_handler
        super().connection_lost(exc)
        if lingering is not None:
            lingering.cancel()

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
            problem: Exception = _refusal(exc)
        else:
            problem = exc if isinstance(exc, Exception) else RuntimeError(f"status {status}")
        response = respond(request, problem)
        response.force_close()
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        if isinstance(resp, web.HTTPException):
            resp = respond(request, resp)
        return await super().finish_response(request, resp, start_time)
