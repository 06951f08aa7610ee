"""Media tokens: leave to fetch one video's bytes, for players that can send nothing but a URL.

A token is base64url of version (1 byte), holder (16), expiry (6, seconds since 1970) and 16 bytes of HMAC-SHA256 over
these and the video's id. The URL has the id itself: a token does not repeat it, nor verify under another. The holder is
the session that asked, or the person where there was none; a token is worth nothing once its holder is gone.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import datetime
from typing import NamedTuple

from ulid import ULID

_VERSION = b"\x01"
_HOLDER = slice(1, 17)
_EXPIRY = slice(17, 23)
_BODY_BYTES = 23
_MAC_BYTES = 16  # RFC 2104 §5: no less than half of the hash
_TOKEN_LENGTH = (
    4 * (_BODY_BYTES + _MAC_BYTES) // 3
)  # 39 bytes fill base64 exactly: each token has one spelling


class MediaToken(NamedTuple):
    """What a genuine token says. It may have expired, and its holder may be gone."""

    holder_id: str
    expires_at_s: int


def sign(key: bytes, holder_id: str, video_id: str, expires_at: datetime) -> str:
    """A token (52 url-safe characters) for this holder and video."""
    body = _VERSION + ULID.from_str(holder_id).bytes + int(expires_at.timestamp()).to_bytes(6, "big")
    return base64.urlsafe_b64encode(body + _mac(key, body, video_id)).decode()


def read(key: bytes, token: str, video_id: str) -> MediaToken | None:
    """What the token says, or None when it is not one of ours for this video."""
    if len(token) != _TOKEN_LENGTH:
        return None
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    body, mac = raw[:_BODY_BYTES], raw[_BODY_BYTES:]
    if not hmac.compare_digest(mac, _mac(key, body, video_id)) or body[:1] != _VERSION:
        return None
    return MediaToken(str(ULID.from_bytes(body[_HOLDER])), int.from_bytes(body[_EXPIRY], "big"))


def _mac(key: bytes, body: bytes, video_id: str) -> bytes:
    return hmac.digest(key, body + video_id.encode(errors="surrogateescape"), "sha256")[:_MAC_BYTES]
