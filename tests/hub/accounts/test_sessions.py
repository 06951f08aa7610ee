from __future__ import annotations

import asyncio
import logging
from unittest.mock import AsyncMock

import pytest
from sqlalchemy.exc import OperationalError

from hub.accounts.devices import DeviceInfo
from hub.accounts.sessions import LIFETIME, Sessions
from hub.accounts.types import Role, User
from hub.db.engine import Database
from hub.db.repositories import accounts as rows
from hub.errors import NotSignedIn
from tests.hub.accounts.conftest import Clock

PHONE = DeviceInfo("Chrome on Android", "phone")


@pytest.fixture
def sessions(database: Database, clock: Clock) -> Sessions:
    return Sessions(database, clock)


@pytest.fixture
async def ada(database: Database, clock: Clock) -> User:
    user = User(id="01J8Z3V6Q0AAAAAAAAAAAAAAAA", name="Ada", role=Role.MEMBER, created_at=clock.now)
    await database.write(rows.insert_user, user, "ada", None)
    return user


async def test_tokens_are_random_and_belong_to_their_session(sessions: Sessions, ada: User) -> None:
    one, other = await sessions.open(ada, PHONE), await sessions.open(ada, PHONE)
    assert one.token != other.token
    assert (await sessions.check(one.token)).session_id != (await sessions.check(other.token)).session_id


async def test_a_renewal_marks_the_device_as_seen(
    sessions: Sessions, ada: User, database: Database, clock: Clock
) -> None:
    signed_in = await sessions.open(ada, PHONE)
    clock.advance(days=2)
    credential = await sessions.check(signed_in.token)
    assert credential.expires_at == clock.now + LIFETIME
    (device,) = await database.read(rows.list_devices, ada.id, session_id=credential.session_id)
    assert (device.name, device.kind, device.is_current) == (*PHONE, True)
    assert device.last_seen_at == clock.now


async def test_a_session_removed_elsewhere_is_noticed_when_memory_is_dropped(
    sessions: Sessions, ada: User, database: Database
) -> None:
    signed_in = await sessions.open(ada, PHONE)
    await sessions.check(signed_in.token)
    await database.write(rows.end_sessions_of, ada.id)
    sessions.forget_all()
    with pytest.raises(NotSignedIn):
        await sessions.check(signed_in.token)


async def test_many_requests_at_once_renew_once(
    sessions: Sessions, ada: User, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in = await sessions.open(ada, PHONE)
    clock.advance(days=2)
    writes = AsyncMock(wraps=database.write)
    monkeypatch.setattr(database, "write", writes)
    await sessions.check(signed_in.token)
    await asyncio.gather(*(sessions.check(signed_in.token) for _ in range(10)))
    assert writes.await_count == 1


async def test_a_renewal_that_cannot_be_written_does_not_lock_anybody_out(
    sessions: Sessions,
    ada: User,
    database: Database,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    signed_in = await sessions.open(ada, PHONE)
    clock.advance(days=2)
    full = OperationalError("UPDATE", {}, OSError("database or disk is full"))
    monkeypatch.setattr(database, "write", AsyncMock(side_effect=full))
    with caplog.at_level(logging.WARNING):
        assert (await sessions.check(signed_in.token)).viewer.name == "Ada"
    assert "could not be renewed" in caplog.text
