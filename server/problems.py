"""Errors as problem documents (RFC 9457): every answer of 400 and above is one, whoever found the error."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from aiohttp import web

from hub.errors import (
    Conflict,
    DatabaseUnavailable,
    HubError,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    StorageFull,
    TooBusy,
    TooManyRequests,
)

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:marquee:problem:"
CHALLENGE = 'Bearer realm="Marquee"'

_STATUS: tuple[tuple[type[HubError], int], ...] = (
    (InvalidInput, 422),
    (NotFound, 404),
    (Conflict, 409),
    (NotSignedIn, 401),
    (NotAllowed, 403),
    (TooManyRequests, 429),
    (TooBusy, 503),
    (StorageFull, 507),
    (DatabaseUnavailable, 503),
)


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem document. `detail` is a sentence for people, `code` a stable slug for programs."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    instance: str | None = None
    field: str | None = None
    """The field or parameter that is not accepted."""
    retry_after_s: int | None = None


class HttpProblem(Exception):
    """A problem with the request itself that no service ever sees."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        title: str | None = None,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.title = title or HTTPStatus(status).phrase
        self.field = field
        self.headers = dict(headers or {})


def status_of(error: HubError) -> int:
    """The status a service's error is answered with; 500 for what is nobody's request's fault."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def respond(request: web.BaseRequest, error: Exception) -> web.Response:
    """The answer to a request that ended in `error`. Defects are logged and told nobody."""
    if isinstance(error, HubError):
        return _from_hub_error(request, error)
    if isinstance(error, HttpProblem):
        return _response(request, _http_problem(error), error.headers)
    if isinstance(error, web.HTTPException):
        return _response(request, _http_problem(_translated(error)), _kept_headers(error))
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return _response(
        request,
        _problem(
            500, "internal", "Internal Server Error", "Something unexpected happened. The log says more."
        ),
    )


def not_signed_in() -> HttpProblem:
    """The answer to whoever shows no credential."""
    return HttpProblem(
        401,
        NotSignedIn.code,
        "This needs a session, a device token or a signed address.",
        title=NotSignedIn.title,
    )


def _from_hub_error(request: web.BaseRequest, error: HubError) -> web.Response:
    status = status_of(error)
    retry_after_s = error.retry_after_s
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    if status == 500:
        log.error("%s %s failed: %s", request.method, request.path, error.message, exc_info=error)
    field = error.field if isinstance(error, InvalidInput) else None
    problem = _problem(
        status, error.code, error.title, error.message, field=field, retry_after_s=retry_after_s
    )
    return _response(request, problem, headers)


def _http_problem(error: HttpProblem) -> Problem:
    return _problem(error.status, error.code, error.title, error.detail, field=error.field)


def _problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    field: str | None = None,
    retry_after_s: int | None = None,
) -> Problem:
    return Problem(
        type=TYPE_PREFIX + code,
        title=title,
        status=status,
        code=code,
        detail=detail,
        field=field,
        retry_after_s=retry_after_s,
    )


def _translated(error: web.HTTPException) -> HttpProblem:
    """aiohttp's own refusals in this server's words."""
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return HttpProblem(413, "too-large", "The request's body is larger than this address accepts.")
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return HttpProblem(405, "method-not-allowed", f"{error.method} is not possible here; {allowed} is.")
    if isinstance(error, web.HTTPNotFound):
        return HttpProblem(404, NotFound.code, "There is nothing at this address.", title=NotFound.title)
    code = HTTPStatus(error.status).name.lower().replace("_", "-")
    return HttpProblem(error.status, code, error.text or error.reason)


def _kept_headers(error: web.HTTPException) -> dict[str, str]:
    return {name: value for name, value in error.headers.items() if name in ("Allow", "Location")}


def _response(
    request: web.BaseRequest, problem: Problem, headers: Mapping[str, str] | None = None
) -> web.Response:
    problem = msgspec.structs.replace(problem, instance=request.path.encode(errors="replace").decode())
    response = web.Response(
        body=msgspec.json.encode(problem), status=problem.status, content_type=CONTENT_TYPE, headers=headers
    )
    response.headers["Cache-Control"] = "no-store"
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = CHALLENGE
    if problem.status in (408, 413):
        # Reading the rest of the body only to throw it away is what the limits are against.
        response.force_close()
    return response
