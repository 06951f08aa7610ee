"""An account service on either database, with a clock that can be set and hashes that cost nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from hub.accounts.passwords import PasswordHasher
from hub.accounts.service import AccountService
from hub.db.engine import Database
from hub.events import EventBus


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **amount: float) -> None:
        """Move on by a timedelta's arguments."""
        self.now += timedelta(**amount)


def cheap_hasher(**changes: int) -> PasswordHasher:
    """Real argon2id with the smallest parameters."""
    return PasswordHasher(**({"time_cost": 1, "memory_kib": 8} | changes))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def events() -> EventBus:
    return EventBus()


@pytest.fixture
async def accounts(database: Database, events: EventBus, clock: Clock) -> AsyncIterator[AccountService]:
    service = AccountService(database, events, limits_enabled=True, now=clock, hasher=cheap_hasher())
    await service.start()
    yield service
    await service.close()
