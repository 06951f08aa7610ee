"""First run, signing in and out, and who one is."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

from hub.accounts.types import SignedIn
from server.access import COOKIE, Means, is_encrypted
from server.answers import json_response
from server.call import Call, NoQuery
from server.schemas import LogIn, Me, Person, Session, SetUp, SetupState


async def setup_state(call: Call[None, NoQuery]) -> SetupState:
    """Whether the first-run code is still good."""
    return SetupState(needed=await call.hub.accounts.setup_code() is not None)


async def set_up(call: Call[SetUp, NoQuery]) -> web.Response:
    """Spend the first-run code."""
    body = call.body
    signed_in = await call.hub.accounts.set_up(body.code, body.name, body.password, call.device, call.peer)
    return _with_cookie(call.request, signed_in, status=201)


async def log_in(call: Call[LogIn, NoQuery]) -> web.Response:
    """Begin a session."""
    signed_in = await call.hub.accounts.log_in(call.body.name, call.body.password, call.device, call.peer)
    return _with_cookie(call.request, signed_in, status=200)


async def log_out(call: Call[None, NoQuery]) -> web.Response:
    """End the session that asks; the local token cannot be ended."""
    session_id = call.known_caller.session_id
    if session_id is not None:
        await call.hub.accounts.log_out(session_id)
    response = web.Response(status=204)
    response.del_cookie(COOKIE, httponly=True, samesite="Lax")
    return response


async def me(call: Call[None, NoQuery]) -> web.Response:
    """Who is asking. A browser's cookie is given the session's present end, which moves on with use."""
    caller = call.known_caller
    viewer = caller.viewer
    answer = Me(id=viewer.user_id, name=viewer.name, role=viewer.role, expires_at=caller.expires_at)
    response = json_response(answer)
    if caller.means is Means.COOKIE and caller.expires_at is not None:
        _set_cookie(call.request, response, caller.token, caller.expires_at)
    return response


def _with_cookie(request: web.Request, signed_in: SignedIn, *, status: int) -> web.Response:
    user = signed_in.user
    answer = Session(
        token=signed_in.token,
        expires_at=signed_in.expires_at,
        user=Person(id=user.id, name=user.name, role=user.role),
    )
    response = json_response(answer, status=status)
    _set_cookie(request, response, signed_in.token, signed_in.expires_at)
    return response


def _set_cookie(request: web.Request, response: web.Response, token: str, expires_at: datetime) -> None:
    # Lax: a link from elsewhere opens signed in, while another site's forms and pictures come without the cookie.
    response.set_cookie(
        COOKIE,
        token,
        max_age=max(0, int((expires_at - datetime.now(UTC)).total_seconds())),
        httponly=True,
        samesite="Lax",
        secure=is_encrypted(request),
    )
