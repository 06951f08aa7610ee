"""Liveness, readiness, the API's description, and the window."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from aiohttp import web

from hub.errors import Conflict, DatabaseUnavailable, InvalidInput
from hub.events import WindowRequested
from server.answers import json_response
from server.call import Call, NoQuery
from server.schemas import Health, WindowRequest

log = logging.getLogger(__name__)

DATABASE_TIMEOUT_S = 2.0


class Readiness:
    """Why this server cannot answer yet, or any more."""

    def __init__(self) -> None:
        self.reasons: set[str] = {"the server is starting"}


READINESS = web.AppKey("readiness", Readiness)
DESCRIPTION: web.AppKey[Callable[[], bytes]] = web.AppKey("description")


async def healthz(_call: Call[None, NoQuery]) -> Health:
    """The process answers: that is all liveness asks."""
    return Health(status="ok")


async def readyz(call: Call[None, NoQuery]) -> web.Response:
    """Whether requests can be served now, and if not, why."""
    reasons = sorted(call.request.app[READINESS].reasons)
    if not reasons:
        try:
            async with asyncio.timeout(DATABASE_TIMEOUT_S):
                await call.hub.db.check()
        except DatabaseUnavailable as error:
            reasons = [error.message]
        except Exception:
            # Whatever keeps the database from answering, the answer is the same: not ready.
            log.warning("the database does not answer", exc_info=True)
            reasons = ["the database does not answer"]
    answer = Health(status="unavailable" if reasons else "ok", reasons=reasons)
    return json_response(answer, status=503 if reasons else 200)


async def openapi(call: Call[None, NoQuery]) -> web.Response:
    """The API's description."""
    return web.Response(body=call.request.app[DESCRIPTION](), content_type="application/json")


async def show_window(call: Call[WindowRequest, NoQuery]) -> None:
    """Bring the window to the front, perhaps to play a video. Conflict when this hub has none."""
    if not call.hub.events.is_heard(WindowRequested):
        raise Conflict("This hub runs without a window.")
    uri = call.body.file_uri
    path = unquote_to_bytes(uri.removeprefix("file://")) if uri is not None else None
    if path is not None and b"\0" in path:
        raise InvalidInput("No file has a NUL character in its name.", field="file_uri")
    call.hub.events.publish(WindowRequested(call.body.video_id, path))
