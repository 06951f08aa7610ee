"""The application: every part of the server around one hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from hub.bootstrap import Hub
from server.access import Access
from server.broadcast import Broadcaster
from server.client import CLIENT, WebClient
from server.decoding import MAX_BODY_BYTES
from server.files import FileServer
from server.gate import HOSTS, HUB, OPEN_PATHS, add_headers, gate, make_handler
from server.handlers.events import BROADCASTER
from server.handlers.media import FILES, KNOWN_FILES, KnownFiles
from server.handlers.streams import PLAYLISTS, Playlists
from server.handlers.system import DESCRIPTION, READINESS, Readiness
from server.hosts import HostNames
from server.openapi import description
from server.plays import PLAYS, PlaySessions
from server.routes import ROUTES


def create_app(hub: Hub) -> web.Application:
    """An application that serves `hub`, which is started before and closed after it."""
    settings = hub.settings.server
    app = web.Application(middlewares=[gate], client_max_size=MAX_BODY_BYTES)
    app[HUB] = hub
    app[HOSTS] = HostNames(settings.allowed_hosts, settings.host)
    app[READINESS] = Readiness()
    app[PLAYS] = PlaySessions()
    app[PLAYLISTS] = Playlists()
    make_description: Callable[[], bytes] = description
    app[DESCRIPTION] = make_description
    app[OPEN_PATHS] = frozenset(route.path for route in ROUTES if route.access is Access.OPEN)
    for route in ROUTES:
        handler = make_handler(route)
        if route.method == "GET":
            app.router.add_get(route.path, handler, allow_head=not route.is_websocket)
        else:
            app.router.add_route(route.method, route.path, handler)
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(_run)
    app.on_shutdown.append(_send_away)
    return app


async def _run(app: web.Application) -> AsyncIterator[None]:
    hub = app[HUB]
    app[CLIENT] = await asyncio.to_thread(WebClient.load)
    files = app[FILES] = FileServer()
    known = app[KNOWN_FILES] = KnownFiles(hub.library, hub.events)
    broadcaster = app[BROADCASTER] = Broadcaster(hub.events)
    app[READINESS].reasons.clear()
    yield
    broadcaster.close()
    known.close()
    await files.close()


async def _send_away(app: web.Application) -> None:
    """What would go on for hours ends now: streams are asked for again, listeners come back."""
    app[READINESS].reasons.add("the server is closing")
    app[BROADCASTER].end_all()
    app[FILES].cut_streams()
