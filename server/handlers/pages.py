"""The web client's files."""

from __future__ import annotations

from aiohttp import web

from server.call import Call, NoQuery
from server.client import CLIENT, INDEX


async def index(call: Call[None, NoQuery]) -> web.Response:
    """The page the client starts from."""
    return call.request.app[CLIENT].respond(call.request, INDEX)


async def asset(call: Call[None, NoQuery]) -> web.Response:
    """A script, style, font or picture of the client."""
    return call.request.app[CLIENT].respond(call.request, f"assets/{call.part('name')}")


async def root_file(call: Call[None, NoQuery]) -> web.Response:
    """The manifest or the service worker, which must lie at the root."""
    return call.request.app[CLIENT].respond(call.request, call.request.path.removeprefix("/"))
