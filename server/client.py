"""The web client: what the build put into `server/web/dist`, held in memory.

Only names found there are served, so no request's path ever reaches the file system.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from pathlib import Path
from typing import NamedTuple

from aiohttp import hdrs, web

from server.conditions import Validators
from server.files import answer_early
from server.problems import HttpProblem

DIST = Path(__file__).parent / "web" / "dist"
INDEX = "index.html"

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
CONTENT_SECURITY_POLICY = "; ".join(f"{directive} {sources}" for directive, sources in _POLICY.items())

_TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json", ".woff2": "font/woff2"}
_COMPRESSIBLE = ("text/", "application/json", "application/manifest+json", "image/svg+xml")
_WORTH_COMPRESSING_BYTES = 1024


class _Asset(NamedTuple):
    body: bytes
    zipped: bytes | None
    content_type: str
    validators: Validators
    cache_control: str


class WebClient:
    """The client's files by their path below the address of the hub."""

    def __init__(self, assets: dict[str, _Asset]) -> None:
        self._assets = assets

    @classmethod
    def load(cls, dist: Path = DIST) -> WebClient:
        """Read the build. Blocking. Without one the client is empty and says so when asked."""
        found = sorted(path for path in dist.rglob("*") if path.is_file()) if dist.is_dir() else []
        return cls({path.relative_to(dist).as_posix(): _read(path, dist) for path in found})

    @property
    def is_built(self) -> bool:
        """Whether there is anything to serve."""
        return INDEX in self._assets

    def respond(self, request: web.Request, name: str) -> web.Response:
        """The file called `name`. 404 when the build has none."""
        asset = self._assets.get(name)
        if asset is None:
            if name == INDEX:
                raise HttpProblem(404, "no-web-client", "The web client has not been built. Run: make setup")
            raise web.HTTPNotFound
        headers = {"Cache-Control": asset.cache_control, **asset.validators.headers()}
        if asset.zipped is not None:
            headers["Vary"] = "Accept-Encoding"
        if name == INDEX:
            headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        if (early := answer_early(request, asset.validators, headers)) is not None:
            return early
        body = asset.body
        if asset.zipped is not None and "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, "").lower():
            body = asset.zipped
            headers["Content-Encoding"] = "gzip"
        response = web.Response(body=body, headers=headers)
        response.headers["Content-Type"] = asset.content_type
        return response


def wants_page(request: web.Request) -> bool:
    """Whether a browser is opening an address of the client's own (`/watch/…`): the client is the answer to it."""
    return request.method in ("GET", "HEAD") and "text/html" in request.headers.get(hdrs.ACCEPT, "")


def _read(path: Path, dist: Path) -> _Asset:
    body = path.read_bytes()
    content_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    is_text = content_type.startswith(_COMPRESSIBLE)
    zipped = gzip.compress(body, mtime=0) if is_text and len(body) >= _WORTH_COMPRESSING_BYTES else None
    # The build names the files in assets/ by their content; everything else keeps its name when it changes.
    hashed = path.parent == dist / "assets"
    return _Asset(
        body=body,
        zipped=zipped if zipped is not None and len(zipped) < len(body) else None,
        content_type=f"{content_type}; charset=utf-8" if content_type.startswith("text/") else content_type,
        validators=Validators(hashlib.sha256(body).hexdigest()[:32]),
        cache_control="public, max-age=31536000, immutable" if hashed else "no-cache",
    )


CLIENT = web.AppKey("client", WebClient)
