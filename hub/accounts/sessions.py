"""Sessions: opaque tokens, kept as hashes, looked up in memory for up to a minute.

A token has 256 random bits, so one round of SHA-256 is all the hashing it needs; passwords are another matter.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from cachetools import TTLCache
from ulid import ULID

from hub.accounts.devices import DeviceInfo
from hub.accounts.types import Credential, Device, SignedIn, User, Viewer
from hub.db.engine import Database
from hub.db.repositories import accounts as rows
from hub.db.retry import DATABASE_ERRORS
from hub.errors import NotSignedIn

log = logging.getLogger(__name__)

LIFETIME = timedelta(days=90)
RENEW_EVERY = timedelta(days=1)
CACHE_S = 60
CACHE_SIZE = 4096


class Sessions:
    """Makes, checks and ends sessions."""

    def __init__(self, db: Database, now: Callable[[], datetime]) -> None:
        self._db = db
        self._now = now
        self._known: TTLCache[str, Credential] = TTLCache(CACHE_SIZE, CACHE_S)
        self._ended = 0

    async def open(self, user: User, device: DeviceInfo) -> SignedIn:
        """Sign `user` in on a new device."""
        token = secrets.token_urlsafe(32)
        now = self._now()
        expires_at = now + LIFETIME
        made = Device(
            id=str(ULID()),
            name=device.name,
            kind=device.kind,
            created_at=now,
            last_seen_at=now,
            is_current=True,
        )
        await self._db.write(rows.delete_expired, now)
        await self._db.write(
            rows.insert_session,
            user_id=user.id,
            session_id=str(ULID()),
            token_hash=_digest(token),
            device=made,
            expires_at=expires_at,
        )
        return SignedIn(token=token, expires_at=expires_at, user=user)

    async def check(self, token: str) -> Credential:
        """Whose session the token opens. NotSignedIn when none, or when it has expired."""
        digest = _digest(token)
        now = self._now()
        credential = self._known.get(digest)
        while credential is None:
            # A sign-out between the look-up and the note of its result must not be overtaken by it.
            ended = self._ended
            found = await self._db.read(rows.find_session, digest)
            if ended != self._ended:
                continue
            if found is None:
                raise NotSignedIn("This session does not exist (any more). Sign in again.")
            credential = Credential(
                viewer=Viewer(user_id=found.user.id, name=found.user.name, role=found.user.role),
                session_id=found.session_id,
                expires_at=found.expires_at,
            )
            self._known[digest] = credential
        assert credential.expires_at is not None
        if credential.expires_at <= now:
            raise NotSignedIn("This session has expired. Sign in again.")
        if credential.expires_at - now < LIFETIME - RENEW_EVERY:
            credential = await self._renew(digest, credential, now)
        return credential

    def forget_all(self) -> None:
        """Look everything up anew: sessions or people have changed."""
        self._ended += 1
        self._known.clear()

    async def _renew(self, digest: str, credential: Credential, now: datetime) -> Credential:
        assert credential.session_id is not None
        expires_at = now + LIFETIME
        # In memory first: of many requests at once only this one writes.
        renewed = self._known[digest] = msgspec.structs.replace(credential, expires_at=expires_at)
        try:
            await self._db.write(rows.renew_session, credential.session_id, expires_at=expires_at, now=now)
        except DATABASE_ERRORS:
            # A full disk must not lock out people who only want to watch; tomorrow is another day.
            log.warning("a session could not be renewed", exc_info=True)
        return renewed


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()
