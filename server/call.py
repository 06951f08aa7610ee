"""What a handler is given, and the row of the routes table that describes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from aiohttp import web

from hub.accounts.types import Viewer
from server.access import Access, Caller

if TYPE_CHECKING:
    # Describing the API (`python -m server.openapi`) needs no hub.
    from hub.bootstrap import Hub

B = TypeVar("B")
Q = TypeVar("Q")


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of a route that takes none."""


@dataclass(slots=True)
class Call(Generic[B, Q]):
    """A request that has passed every check, with its body and query decoded."""

    hub: Hub
    request: web.Request
    caller: Caller | None
    body: B
    query: Q

    @property
    def known_caller(self) -> Caller:
        """Who is asking; on every route but the open ones there is somebody."""
        assert self.caller is not None
        return self.caller

    @property
    def viewer(self) -> Viewer:
        """The person who is asking."""
        return self.known_caller.viewer

    def part(self, name: str) -> str:
        """A part of the path, unescaped."""
        return self.request.match_info[name]

    @property
    def device(self) -> str:
        """What the other side calls itself."""
        return self.request.headers.get("User-Agent", "")

    @property
    def peer(self) -> str | None:
        """The other side's address."""
        return self.request.remote


Handler = Callable[[Call[Any, Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Bytes:
    """An answer that is no JSON; `types` are its media types."""

    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One route: everything that registration, access check, decoding and the API's description need to know.

    `answer` is the type of the JSON answer, `Bytes` for other bytes, None for an empty one. GET routes answer HEAD too.
    `problems` are the statuses beyond those that the route's own properties imply.
    """

    method: str
    path: str
    handler: Handler
    access: Access
    summary: str
    _: KW_ONLY
    body: Any = None
    query: type[msgspec.Struct] | None = NoQuery
    answer: Any = None
    status: int = 200
    problems: tuple[int, ...] = ()
    is_websocket: bool = False
