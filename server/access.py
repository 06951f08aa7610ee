"""Who is asking, and whether they may: credentials out of requests, and one policy for each route."""

from __future__ import annotations

import re
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from aiohttp import hdrs, web

from hub.accounts.service import AccountService
from hub.accounts.types import Role, Viewer
from hub.errors import NotAllowed, NotSignedIn
from server.problems import HttpProblem, not_signed_in

COOKIE = "marquee_session"
MEDIA_PARAMETER = "token"

_DEFAULT_PORTS = {"http": 80, "https": 443}
_AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^:/?#@\[\]\s\\]+)(?::(?P<port>[0-9]{0,5}))?")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Access(Enum):
    """What a route asks of its caller."""

    OPEN = "open"
    """Nothing; such a route tells nothing of the library."""
    VIEWER = "viewer"
    """Any signed-in person."""
    MANAGER = "manager"
    """The owner and admins."""
    OWNER = "owner"
    """Owners."""
    LOCAL = "local"
    """The command line and the window on this machine."""
    MEDIA = "media"
    """Any signed-in person, or whoever has a token for the video in the path."""


class Means(Enum):
    """How somebody showed who they are."""

    BEARER = "bearer"
    COOKIE = "cookie"
    LOCAL = "this hub's local token"
    MEDIA = "a media token"


class Caller(NamedTuple):
    """A checked credential."""

    viewer: Viewer
    means: Means
    token: str
    session_id: str | None
    expires_at: datetime | None


async def identify(request: web.Request, accounts: AccountService, *, video_id: str | None) -> Caller:
    """Whoever is asking; `video_id` is given where a media token counts. 401 when they do not say or cannot prove it.

    The Authorization header outweighs the cookie. A session outweighs a media token, so that a page left open plays on
    after the token in its address has expired.
    """
    bearer = _bearer(request)
    if bearer is not None:
        return await _from_session(accounts, bearer, Means.BEARER)
    media_token = request.query.get(MEDIA_PARAMETER) if video_id is not None else None
    cookie = _cookie(request)
    if cookie is not None:
        try:
            return await _from_session(accounts, cookie, Means.COOKIE)
        except NotSignedIn:
            if media_token is None:
                raise
    if media_token is None or video_id is None:
        raise not_signed_in()
    viewer = await accounts.check_media_token(media_token, video_id)
    return Caller(viewer, Means.MEDIA, media_token, None, None)


def require(access: Access, caller: Caller) -> None:
    """NotAllowed unless the policy lets the caller in."""
    role = caller.viewer.role
    if access is Access.LOCAL and caller.means is not Means.LOCAL:
        raise NotAllowed("Only the command line and the window on the hub's own machine may do this.")
    if access is Access.OWNER and role is not Role.OWNER:
        raise NotAllowed("Only the owner may do this.")
    if access is Access.MANAGER and not role.manages_library:
        raise NotAllowed("Only the owner and admins may do this.")


def check_origin(request: web.Request, *, by_cookie: bool) -> None:
    """403 for a change or a WebSocket that a page of another origin asks for.

    Browsers name the origin of the page; programs do not and need not, unless a cookie is what lets them in.
    The host and port must be those of the request. Whether the page came by http or https does not matter: behind a
    reverse proxy that ends TLS this server sees http, whatever the browser saw.
    """
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None:
        if not _is_same_authority(origin, request.headers.get(hdrs.HOST, "")):
            raise _cross_origin(f"a page of {origin[:100]}")
    elif by_cookie and request.headers.get("Sec-Fetch-Site") != "same-origin":
        raise _cross_origin("something that does not say where it comes from")


def is_encrypted(request: web.Request) -> bool:
    """Whether the other side came by TLS, here or as far as a reverse proxy that says so.

    Anybody can say so: it decides nothing but that the asker's own cookie stays on encrypted connections.
    """
    return request.secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"


def _is_same_authority(origin: str, host: str) -> bool:
    """Whether an Origin (RFC 6454 §7) has the authority that a Host header names (RFC 9110 §7.2)."""
    scheme, _, authority = origin.lower().partition("://")
    default = _DEFAULT_PORTS.get(scheme)
    page = _AUTHORITY.fullmatch(authority)
    asked = _AUTHORITY.fullmatch(host.lower())
    if default is None or page is None or asked is None:
        return False
    return page["host"] == asked["host"] and int(page["port"] or default) == int(asked["port"] or default)


def _cross_origin(who: str) -> HttpProblem:
    return HttpProblem(
        403,
        "cross-origin",
        f"This request was made by {who}. Changes are accepted from this hub's own pages, and from programs that "
        "send the session in the Authorization header.",
        title="Not from this hub's own pages",
    )


async def _from_session(accounts: AccountService, token: str, means: Means) -> Caller:
    credential = await accounts.check(token)
    if credential.session_id is None:
        means = Means.LOCAL
    return Caller(credential.viewer, means, token, credential.session_id, credential.expires_at)


def _bearer(request: web.Request) -> str | None:
    """The token of RFC 6750 §2.1."""
    header = request.headers.get(hdrs.AUTHORIZATION)
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _cookie(request: web.Request) -> str | None:
    # Most requests of programs carry none; parsing is not free.
    return request.cookies.get(COOKIE) if hdrs.COOKIE in request.headers else None
