"""People, devices and what they may do."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class Role(StrEnum):
    """Owner runs the hub; admins manage the library; members watch."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"

    @property
    def manages_library(self) -> bool:
        """May add folders, edit and remove videos, and see jobs."""
        return self in (Role.OWNER, Role.ADMIN)


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """The person on whose behalf a service acts; every catalogue call takes one."""

    user_id: str
    name: str
    role: Role


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person of the household."""

    id: str
    name: str
    role: Role
    created_at: datetime


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh session: the token is shown once and stored only as a hash."""

    token: str
    expires_at: datetime
    user: User


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """A checked session: who it is, and which session (None for the hub's own local token)."""

    viewer: Viewer
    session_id: str | None
    expires_at: datetime | None


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A place where a person is signed in; it goes when they sign out there."""

    id: str
    name: str
    kind: str
    """`browser`, `phone`, `tv` or `program`."""
    created_at: datetime
    last_seen_at: datetime
    """Exact to a day: it is written when the session is renewed."""
    is_current: bool = False
    """The one the list was asked from."""
