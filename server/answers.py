"""JSON answers."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

_encoder = msgspec.json.Encoder()


def json_response(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """`value` as JSON. What depends on who asks is kept by nobody but the asker, who asks again."""
    response = web.Response(
        body=_encoder.encode(value), status=status, content_type="application/json", headers=headers
    )
    response.headers.setdefault("Cache-Control", "no-store")
    return response
