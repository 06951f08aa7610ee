"""What every request passes on its way in, and every answer on its way out.

In: the Host header, the route's policy, the Origin of a change, the body and query. Nothing but the open routes answers
without a credential, not even with 404. Out: errors become problem documents, and answers get the security headers.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import hdrs, web

from hub.bootstrap import Hub
from server.access import SAFE_METHODS, Access, Caller, Means, check_origin, identify, require
from server.answers import json_response
from server.call import Call, Route
from server.client import CLIENT, INDEX, wants_page
from server.decoding import forbid_nul, read_body, read_query
from server.hosts import HostNames
from server.problems import HttpProblem, respond

log = logging.getLogger(__name__)

HUB = web.AppKey("hub", Hub)
HOSTS = web.AppKey("hosts", HostNames)
OPEN_PATHS = web.AppKey("open_paths", frozenset[str])

API_PREFIXES = ("/v1", "/media", "/assets")

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "Marquee",
}
_CSP = "default-src 'none'; frame-ancestors 'none'"
# A browser that opens a film or picture by itself makes a page around it, under the policy sent with the bytes.
_MEDIA_CSP = (
    "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
)

WebHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def gate(request: web.Request, handler: WebHandler) -> web.StreamResponse:
    """The outermost step: checks the host, lets the request go on, and turns what was raised into an answer."""
    started = time.perf_counter()
    response: web.StreamResponse
    try:
        await _check_host(request)
        forbid_nul(request)
        if request.match_info.http_exception is not None:
            response = await _unmatched(request, request.match_info.http_exception)
        else:
            response = await handler(request)
    except (ConnectionError, web.RequestPayloadError):
        # The other side is gone, or never sent what it announced.
        response = respond(request, HttpProblem(400, "incomplete", "The request did not arrive whole."))
        response.force_close()
    except Exception as error:  # noqa: BLE001  # where a defect in a handler ends: it is logged and answered 500
        response = respond(request, error)
    if log.isEnabledFor(logging.DEBUG):
        took_ms = (time.perf_counter() - started) * 1000
        log.debug("%s %s → %d in %.1f ms", request.method, request.path, response.status, took_ms)
    return response


def make_handler(route: Route) -> WebHandler:
    """aiohttp's handler for a row of the routes table."""

    async def handle(request: web.Request) -> web.StreamResponse:
        hub = request.app[HUB]
        caller = await _admit(request, route, hub)
        call: Call[Any, Any] = Call(
            hub=hub,
            request=request,
            caller=caller,
            query=read_query(request, route.query) if route.query is not None else None,
            body=await read_body(request, route.body) if route.body is not None else None,
        )
        answer = await route.handler(call)
        if isinstance(answer, web.StreamResponse):
            return answer
        if answer is None:
            return web.Response(status=204)
        return json_response(answer, status=route.status)

    return handle


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler: the security headers of every answer."""
    headers = response.headers
    headers.update(_HEADERS)
    if "Content-Security-Policy" not in headers:
        headers["Content-Security-Policy"] = _MEDIA_CSP if _request.path.startswith("/media/") else _CSP


async def _check_host(request: web.Request) -> None:
    hosts = request.headers.getall(hdrs.HOST, ())
    if len(hosts) != 1:
        raise HttpProblem(400, "bad-host", "A request needs exactly one Host header.")
    if not await request.app[HOSTS].accepts(hosts[0]):
        raise HttpProblem(
            421,
            "unknown-host",
            f"This hub does not answer to the name {hosts[0][:200]!r}. If it should, add the name to "
            "server.allowed_hosts (MARQUEE_SERVER__ALLOWED_HOSTS).",
            title="Not a name of this hub",
        )


async def _admit(request: web.Request, route: Route, hub: Hub) -> Caller | None:
    caller = None
    if route.access is not Access.OPEN:
        video_id = request.match_info["video"] if route.access is Access.MEDIA else None
        caller = await identify(request, hub.accounts, video_id=video_id)
    if request.method not in SAFE_METHODS or route.is_websocket:
        check_origin(request, by_cookie=caller is not None and caller.means is Means.COOKIE)
    if caller is not None:
        require(route.access, caller)
    return caller


async def _unmatched(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    """No such address, or no such method there: told to those with a credential, and on open addresses."""
    is_page = not request.path.startswith(API_PREFIXES) and isinstance(error, web.HTTPNotFound)
    if is_page and wants_page(request) and request.app[CLIENT].is_built:
        return request.app[CLIENT].respond(request, INDEX)
    if request.path not in request.app[OPEN_PATHS]:
        await identify(request, request.app[HUB].accounts, video_id=None)
    raise error
