from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ulid import ULID

from hub.accounts.types import Device, Role, User
from hub.db.engine import Database
from hub.db.repositories import accounts as rows
from hub.errors import Conflict

HASH = "$argon2id$"
NOW = datetime(2026, 5, 1, 20, 15, tzinfo=UTC)


def user(name: str, role: Role = Role.MEMBER, *, minutes: int = 0) -> User:
    return User(id=str(ULID()), name=name, role=role, created_at=NOW + timedelta(minutes=minutes))


async def add(database: Database, who: User, password_hash: str | None = HASH) -> User:
    await database.write(rows.insert_user, who, who.name.casefold(), password_hash)
    return who


async def sign_in(database: Database, who: User, token_hash: str, expires_at: datetime = NOW) -> Device:
    device = Device(id=str(ULID()), name="Firefox", kind="browser", created_at=NOW, last_seen_at=NOW)
    await database.write(
        rows.insert_session,
        user_id=who.id,
        session_id=f"session {token_hash}",
        token_hash=token_hash,
        device=device,
        expires_at=expires_at,
    )
    return device


async def test_a_secret_is_kept_once_made(database: Database) -> None:
    assert await database.write(rows.keep_secret, "key", "one") == "one"
    assert await database.write(rows.keep_secret, "key", "two") == "one"
    assert await database.write(rows.keep_secret, "another", "two") == "two"


async def test_the_first_owner_is_the_oldest_with_a_password(database: Database) -> None:
    assert await database.read(rows.first_owner) is None
    assert await database.read(rows.unclaimed_owner) is None
    unnamed = await add(database, user("root", Role.OWNER), None)
    assert await database.read(rows.unclaimed_owner) == unnamed
    young = await add(database, user("Young", Role.OWNER, minutes=2))
    old = await add(database, user("Old", Role.OWNER, minutes=1))
    await add(database, user("Older", Role.MEMBER))
    first = await database.read(rows.first_owner)
    assert first is not None
    assert first.user == old
    assert await database.read(rows.unclaimed_owner) is None
    assert await database.write(rows.count_owners) == 3
    assert [one.name for one in await database.read(rows.list_users)][2:] == ["Old", "Young"]
    assert await database.read(rows.get_user, young.id) == young


async def test_a_taken_name_is_a_conflict_and_leaves_the_transaction_usable(database: Database) -> None:
    ada = await add(database, user("Ada"))
    other = user("ADA")
    with pytest.raises(Conflict, match="'ADA'"):
        await database.write(rows.insert_user, other, "ada", None)
    unnamed = await add(database, user("root", Role.OWNER), None)
    with pytest.raises(Conflict):
        await database.write(rows.claim_user, unnamed.id, "Ada", "ada", "hash")
    assert [one.id for one in await database.read(rows.list_users)] == sorted([ada.id, unnamed.id])


async def test_a_person_is_claimed_once(database: Database) -> None:
    unnamed = await add(database, user("root", Role.OWNER), None)
    assert await database.write(rows.claim_user, unnamed.id, "Ada", "ada", "one")
    assert not await database.write(rows.claim_user, unnamed.id, "Eve", "eve", "two")
    found = await database.read(rows.find_user, "ada")
    assert found is not None
    assert found.password_hash == "one"


async def test_a_hash_is_replaced_only_while_it_is_the_expected_one(database: Database) -> None:
    ada = await add(database, user("Ada"), "one")
    await database.write(rows.set_password_hash, ada.id, "two", instead_of="stale")
    assert (await database.read(rows.find_user, "ada") or pytest.fail("gone")).password_hash == "one"
    await database.write(rows.set_password_hash, ada.id, "two", instead_of="one")
    assert (await database.read(rows.find_user, "ada") or pytest.fail("gone")).password_hash == "two"


async def test_a_session_is_found_by_its_hash_with_its_person(database: Database) -> None:
    ada = await add(database, user("Ada", Role.ADMIN))
    device = await sign_in(database, ada, "aa", NOW + timedelta(days=1))
    found = await database.read(rows.find_session, "aa")
    assert found == ("session aa", device.id, ada, NOW + timedelta(days=1))
    assert await database.read(rows.find_session, "ab") is None


async def test_renewing_moves_one_session_and_its_device(database: Database) -> None:
    ada = await add(database, user("Ada"))
    await sign_in(database, ada, "aa")
    await sign_in(database, ada, "bb")
    later = NOW + timedelta(days=3)
    await database.write(rows.renew_session, "session aa", expires_at=later, now=NOW + timedelta(days=1))
    found = await database.read(rows.find_session, "aa")
    untouched = await database.read(rows.find_session, "bb")
    assert found is not None
    assert untouched is not None
    assert (found.expires_at, untouched.expires_at) == (later, NOW)
    devices = await database.read(rows.list_devices, ada.id, session_id="session aa")
    assert [(d.is_current, d.last_seen_at) for d in devices] == [
        (False, NOW),
        (True, NOW + timedelta(days=1)),
    ]


async def test_ending_sessions_takes_their_devices_along(database: Database) -> None:
    ada, bob = await add(database, user("Ada")), await add(database, user("Bob"))
    for token in ("a1", "a2", "a3"):
        await sign_in(database, ada, token)
    await sign_in(database, bob, "b1")
    await database.write(rows.end_session, "session a1")
    ended = await database.write(rows.end_sessions_of, ada.id, but="session a3")
    assert ended == ["session a2"]
    assert len(await database.read(rows.list_devices, ada.id, session_id=None)) == 1
    assert len(await database.read(rows.list_devices, bob.id, session_id=None)) == 1
    assert await database.write(rows.end_sessions_of, ada.id) == ["session a3"]


async def test_expired_sessions_are_deleted_to_the_second(database: Database) -> None:
    ada = await add(database, user("Ada"))
    await sign_in(database, ada, "old", NOW)
    await sign_in(database, ada, "new", NOW + timedelta(seconds=1))
    await database.write(rows.delete_expired, NOW)
    assert await database.read(rows.find_session, "old") is None
    assert await database.read(rows.find_session, "new") is not None


async def test_a_device_is_deleted_by_its_person_only(database: Database) -> None:
    ada, bob = await add(database, user("Ada")), await add(database, user("Bob"))
    device = await sign_in(database, ada, "aa")
    assert await database.write(rows.delete_device, bob.id, device.id) is None
    assert await database.read(rows.find_session, "aa") is not None
    assert await database.write(rows.delete_device, ada.id, device.id) == ["session aa"]
    assert await database.read(rows.find_session, "aa") is None
    assert await database.write(rows.delete_device, ada.id, device.id) is None


async def test_a_person_goes_with_devices_and_sessions(database: Database) -> None:
    ada = await add(database, user("Ada"))
    await sign_in(database, ada, "aa")
    await database.write(rows.delete_user, ada.id)
    assert await database.read(rows.find_session, "aa") is None
    assert await database.read(rows.list_users) == []
