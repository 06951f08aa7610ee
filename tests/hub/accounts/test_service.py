from __future__ import annotations

import asyncio
import getpass
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.accounts.service import AccountService
from hub.accounts.types import Role, SignedIn
from hub.db.engine import Database
from hub.db.repositories import accounts as rows
from hub.errors import Conflict, InvalidInput, NotAllowed, NotFound, NotSignedIn, TooManyRequests
from hub.events import EventBus, SessionsEnded, SetupFinished
from tests.hub.accounts.conftest import Clock, cheap_hasher

pytestmark = pytest.mark.integration

VIDEO = "01J8Z3V6Q0BBBBBBBBBBBBBBBB"
PEER = "192.0.2.1"
PASSWORD = "correct horse"


async def set_up(accounts: AccountService) -> SignedIn:
    code = await accounts.setup_code()
    assert code is not None
    return await accounts.set_up(code, "Ada", "correct horse", "Firefox", PEER)


async def log_in(accounts: AccountService, name: str = "Ada", password: str = PASSWORD) -> SignedIn:
    return await accounts.log_in(name, password, "python-test/1.0", PEER)


@pytest.fixture
def ended(events: EventBus) -> list[str]:
    seen: list[str] = []
    events.subscribe(SessionsEnded, lambda event: seen.extend(event.session_ids))
    return seen


@pytest.fixture
def finished(events: EventBus) -> list[SetupFinished]:
    seen: list[SetupFinished] = []
    events.subscribe(SetupFinished, seen.append)
    return seen


@pytest.fixture
async def restarted(
    accounts: AccountService, database: Database, events: EventBus, clock: Clock
) -> AsyncIterator[AccountService]:
    """The same hub's accounts after another start; made when the test asks for it first."""
    service = AccountService(
        database, events, limits_enabled=False, now=clock, hasher=cheap_hasher(time_cost=2)
    )
    yield service
    await service.close()


# --- first run -------------------------------------------------------------------------------------------------


async def test_the_owner_exists_from_the_first_start_on(accounts: AccountService) -> None:
    (owner,) = await accounts.users()
    assert (owner.name, owner.role) == (getpass.getuser(), Role.OWNER)
    viewer = await accounts.local_viewer()
    assert (viewer.user_id, viewer.role) == (owner.id, Role.OWNER)


async def test_an_account_without_a_name_of_its_own_is_called_owner(
    database: Database, events: EventBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise OSError("no name for this user id")

    monkeypatch.setattr(getpass, "getuser", nobody)
    service = AccountService(database, events, limits_enabled=True, hasher=cheap_hasher())
    await service.start()
    assert [user.name for user in await service.users()] == ["Owner"]
    await service.close()


async def test_the_first_run_code_names_the_owner_who_was_there_before(
    accounts: AccountService, finished: list[SetupFinished]
) -> None:
    before = await accounts.local_viewer()
    signed_in = await set_up(accounts)
    assert (signed_in.user.id, signed_in.user.name, signed_in.user.role) == (
        before.user_id,
        "Ada",
        Role.OWNER,
    )
    assert (await accounts.check(signed_in.token)).viewer.name == "Ada"
    assert (await accounts.local_viewer()).name == "Ada"
    assert len(finished) == 1


async def test_the_code_is_good_once(accounts: AccountService) -> None:
    code = await accounts.setup_code()
    await set_up(accounts)
    assert await accounts.setup_code() is None
    with pytest.raises(Conflict, match="set up already"):
        await accounts.set_up(code or "", "Eve", "correct horse", "", PEER)
    assert [user.name for user in await accounts.users()] == ["Ada"]


async def test_the_code_is_new_at_each_start_and_gone_once_claimed(
    accounts: AccountService, restarted: AccountService
) -> None:
    await restarted.start()
    codes = await accounts.setup_code(), await restarted.setup_code()
    assert None not in codes
    assert codes[0] != codes[1]
    await set_up(restarted)
    await accounts.start()
    assert await accounts.setup_code() is None
    assert len(await accounts.users()) == 1


async def test_of_two_nodes_only_one_is_claimed_and_the_other_learns_of_it(
    accounts: AccountService, restarted: AccountService
) -> None:
    await restarted.start()
    await set_up(restarted)
    with pytest.raises(Conflict, match="set up already"):
        await set_up(accounts)
    assert await accounts.setup_code() is None


async def test_the_code_may_be_typed_carelessly_and_weak_input_does_not_spend_it(
    accounts: AccountService,
) -> None:
    code = await accounts.setup_code()
    assert code is not None
    with pytest.raises(InvalidInput, match="at least 8"):
        await accounts.set_up(code, "Ada", "short", "", PEER)
    with pytest.raises(InvalidInput, match="empty"):
        await accounts.set_up(code, "  ", "correct horse", "", PEER)
    assert await accounts.setup_code() == code
    await accounts.set_up(f" {code.lower().replace('-', ' ')} ", "Ada", "correct horse", "", PEER)


async def test_a_wrong_code_is_refused_and_guessing_ends(accounts: AccountService) -> None:
    for _ in range(10):
        with pytest.raises(NotAllowed, match="not the first-run code"):
            await accounts.set_up("0000-0000", "Eve", "correct horse", "", PEER)
    code = await accounts.setup_code()
    with pytest.raises(TooManyRequests):
        await accounts.set_up(code or "", "Ada", "correct horse", "", PEER)
    await accounts.set_up(code or "", "Ada", "correct horse", "", "192.0.2.2")


async def test_set_ups_at_the_same_time_make_one_owner(accounts: AccountService) -> None:
    results = await asyncio.gather(*(set_up(accounts) for _ in range(5)), return_exceptions=True)
    assert len([r for r in results if isinstance(r, SignedIn)]) == 1
    assert len([r for r in results if isinstance(r, Conflict)]) == 4


async def test_the_first_owner_added_claims_the_hub(
    accounts: AccountService, finished: list[SetupFinished]
) -> None:
    before = await accounts.local_viewer()
    await accounts.add_user("Bob", Role.MEMBER, "correct horse")
    assert await accounts.setup_code() is not None
    added = await accounts.add_user("Ada", Role.OWNER, "correct horse")
    assert added.id == before.user_id
    assert await accounts.setup_code() is None
    assert len(finished) == 1
    assert [user.name for user in await accounts.users()] == ["Ada", "Bob"]
    second = await accounts.add_user("Eve", Role.OWNER, "correct horse")
    assert second.id != before.user_id


async def test_a_password_for_the_unnamed_owner_claims_the_hub(accounts: AccountService) -> None:
    name = (await accounts.local_viewer()).name
    await accounts.set_password(name, "correct horse")
    assert await accounts.setup_code() is None
    assert (await log_in(accounts, name)).user.role is Role.OWNER


# --- signing in ------------------------------------------------------------------------------------------------


async def test_signing_in_takes_name_and_password_in_any_case_of_the_name(accounts: AccountService) -> None:
    await set_up(accounts)
    signed_in = await log_in(accounts, " aDA ")
    credential = await accounts.check(signed_in.token)
    assert (credential.viewer.name, credential.expires_at) == ("Ada", signed_in.expires_at)
    assert len(signed_in.token) >= 43


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("Ada", "wrong horse"),
        ("Bob", "correct horse"),
        ("", ""),
        ("A" * 100_000, "x"),
        ("\0", "\ud800"),
        ("Ada", ""),
    ],
)
async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(
    accounts: AccountService, name: str, password: str
) -> None:
    await set_up(accounts)
    with pytest.raises(NotSignedIn, match=r"^That name and password do not match\.$"):
        await log_in(accounts, name, password)


async def test_nobody_signs_in_as_the_owner_without_a_password(accounts: AccountService) -> None:
    name = (await accounts.local_viewer()).name
    with pytest.raises(NotSignedIn):
        await log_in(accounts, name, "")


async def test_guessing_a_password_ends_before_it_is_hashed(
    accounts: AccountService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_up(accounts)
    results = await asyncio.gather(
        *(log_in(accounts, "Ada", "wrong") for _ in range(30)), return_exceptions=True
    )
    assert len([r for r in results if isinstance(r, NotSignedIn)]) == 10
    assert len([r for r in results if isinstance(r, TooManyRequests)]) == 20

    async def never(*_: object) -> bool:
        pytest.fail("the password was hashed")

    monkeypatch.setattr(accounts._passwords, "verify", never)
    with pytest.raises(TooManyRequests):
        await log_in(accounts)


async def test_signing_in_many_times_is_no_offence(accounts: AccountService) -> None:
    await set_up(accounts)
    for _ in range(40):
        await log_in(accounts)


async def test_a_hash_with_old_parameters_is_made_anew(
    accounts: AccountService, restarted: AccountService, database: Database
) -> None:
    await set_up(accounts)
    old = await database.read(rows.find_user, "ada")
    await restarted.start()
    await log_in(restarted)
    new = await database.read(rows.find_user, "ada")
    assert old is not None
    assert new is not None
    assert "t=1" in (old.password_hash or "")
    assert "t=2" in (new.password_hash or "")
    await log_in(restarted)
    assert await database.read(rows.find_user, "ada") == new


# --- sessions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "é", "\udc80", "\0", "x" * 100_000])
async def test_an_unknown_token_opens_nothing(accounts: AccountService, token: str) -> None:
    with pytest.raises(NotSignedIn):
        await accounts.check(token)


async def test_the_database_holds_no_token(accounts: AccountService, database: Database) -> None:
    signed_in = await set_up(accounts)
    dump = await database.read(
        lambda connection: repr(connection.exec_driver_sql("SELECT * FROM sessions").all())
    )
    assert signed_in.token not in dump
    assert signed_in.user.id in dump


async def test_a_session_ends_after_ninety_days_without_use(accounts: AccountService, clock: Clock) -> None:
    signed_in = await set_up(accounts)
    await accounts.check(signed_in.token)
    clock.advance(days=90)
    with pytest.raises(NotSignedIn, match="expired"):
        await accounts.check(signed_in.token)


async def test_use_moves_the_end_of_a_session_on_once_a_day(
    accounts: AccountService, restarted: AccountService, clock: Clock
) -> None:
    signed_in = await set_up(accounts)
    clock.advance(hours=23)
    assert (await accounts.check(signed_in.token)).expires_at == signed_in.expires_at
    renewed = None
    for _ in range(3):
        clock.advance(days=60)
        renewed = (await accounts.check(signed_in.token)).expires_at
        assert renewed is not None
        assert (renewed - clock.now).days == 90
    await restarted.start()
    assert (await restarted.check(signed_in.token)).expires_at == renewed


async def test_signing_out_ends_the_session_at_once(accounts: AccountService, ended: list[str]) -> None:
    signed_in = await set_up(accounts)
    other = await log_in(accounts)
    session_id = (await accounts.check(signed_in.token)).session_id
    assert session_id is not None
    await accounts.log_out(session_id)
    with pytest.raises(NotSignedIn):
        await accounts.check(signed_in.token)
    await accounts.check(other.token)
    assert ended == [session_id]


async def test_a_look_up_under_way_does_not_outlive_a_sign_out(
    accounts: AccountService, database: Database
) -> None:
    signed_in = await set_up(accounts)
    session_id = (await accounts.check(signed_in.token)).session_id
    assert session_id is not None
    for _ in range(20):
        signed_in = await log_in(accounts)
        session_id = (await accounts.check(signed_in.token)).session_id
        accounts._sessions.forget_all()
        looking = asyncio.gather(accounts.check(signed_in.token), return_exceptions=True)
        await asyncio.sleep(0)
        await accounts.log_out(session_id or "")
        await looking
        with pytest.raises(NotSignedIn):
            await accounts.check(signed_in.token)


async def test_checking_a_known_token_asks_the_database_once(
    accounts: AccountService, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in = await set_up(accounts)
    await accounts.check(signed_in.token)

    async def never(*_: object) -> None:
        pytest.fail("the database was asked")

    monkeypatch.setattr(database, "read", never)
    for _ in range(3):
        assert (await accounts.check(signed_in.token)).viewer.name == "Ada"


async def test_the_local_token_stands_for_the_owner_and_is_new_at_each_start(
    accounts: AccountService, restarted: AccountService
) -> None:
    credential = await accounts.check(accounts.local_token)
    assert (credential.viewer.role, credential.session_id, credential.expires_at) == (Role.OWNER, None, None)
    await restarted.start()
    with pytest.raises(NotSignedIn):
        await restarted.check(accounts.local_token)


async def test_devices_are_listed_to_their_person_and_can_be_signed_out(
    accounts: AccountService, ended: list[str]
) -> None:
    signed_in = await set_up(accounts)
    other = await log_in(accounts)
    bob = await accounts.add_user("Bob", Role.MEMBER, "correct horse")
    bobs = await accounts.check((await log_in(accounts, "Bob")).token)
    credential = await accounts.check(signed_in.token)
    devices = await accounts.devices(credential.viewer, credential.session_id)
    assert [(d.name, d.kind, d.is_current) for d in devices] == [
        ("python-test", "program", False),
        ("Firefox", "program", True),
    ]
    assert bobs.viewer.user_id == bob.id
    with pytest.raises(NotFound):
        await accounts.remove_device(bobs.viewer, devices[0].id)
    await accounts.check(other.token)
    await accounts.remove_device(credential.viewer, devices[0].id)
    with pytest.raises(NotSignedIn):
        await accounts.check(other.token)
    assert len(ended) == 1
    assert len(await accounts.devices(credential.viewer)) == 1


async def test_expired_sessions_and_their_devices_are_forgotten(
    accounts: AccountService, clock: Clock
) -> None:
    await set_up(accounts)
    clock.advance(days=91)
    signed_in = await log_in(accounts)
    viewer = (await accounts.check(signed_in.token)).viewer
    assert len(await accounts.devices(viewer)) == 1


# --- media tokens ----------------------------------------------------------------------------------------------


async def test_a_media_token_opens_its_video_until_it_expires(accounts: AccountService, clock: Clock) -> None:
    viewer = await accounts.local_viewer()
    token, expires_at = await accounts.media_token(viewer, VIDEO, 3600)
    assert 3598 <= (expires_at - clock.now).total_seconds() <= 3600
    assert await accounts.check_media_token(token, VIDEO) == viewer
    with pytest.raises(NotSignedIn):
        await accounts.check_media_token(token, viewer.user_id)
    clock.advance(seconds=3601)
    with pytest.raises(NotSignedIn):
        await accounts.check_media_token(token, VIDEO)


async def test_a_media_token_survives_a_restart(accounts: AccountService, restarted: AccountService) -> None:
    viewer = await accounts.local_viewer()
    token, _ = await accounts.media_token(viewer, VIDEO, 3600)
    await restarted.start()
    assert await restarted.check_media_token(token, VIDEO) == viewer


async def test_a_media_token_goes_with_its_person(accounts: AccountService) -> None:
    await set_up(accounts)
    bob = await accounts.check((await _with_bob(accounts)).token)
    token, _ = await accounts.media_token(bob.viewer, VIDEO, 3600)
    assert (await accounts.check_media_token(token, VIDEO)).name == "Bob"
    await accounts.remove_user("bob")
    with pytest.raises(NotSignedIn):
        await accounts.check_media_token(token, VIDEO)


@pytest.mark.parametrize("end", ["log_out", "remove_device", "set_password", "remove_user", "expiry"])
async def test_a_media_token_goes_with_the_session_that_asked(
    accounts: AccountService, clock: Clock, end: str
) -> None:
    await set_up(accounts)
    bob = await accounts.check((await _with_bob(accounts)).token)
    assert bob.session_id is not None
    ttl_s = 100 * 24 * 3600
    token, _ = await accounts.media_token(bob.viewer, VIDEO, ttl_s, session_id=bob.session_id)
    assert await accounts.check_media_token(token, VIDEO) == bob.viewer
    if end == "log_out":
        await accounts.log_out(bob.session_id)
    elif end == "remove_device":
        (device,) = await accounts.devices(bob.viewer)
        await accounts.remove_device(bob.viewer, device.id)
    elif end == "set_password":
        await accounts.set_password("bob", "another horse")
    elif end == "remove_user":
        await accounts.remove_user("bob")
    else:
        clock.advance(days=91)
        accounts._forget_all()  # what the cache does after a minute
    with pytest.raises(NotSignedIn):
        await accounts.check_media_token(token, VIDEO)


async def test_the_session_a_password_is_changed_from_keeps_its_media_tokens(
    accounts: AccountService,
) -> None:
    await set_up(accounts)
    here = await accounts.check((await _with_bob(accounts)).token)
    there = await accounts.check((await log_in(accounts, "Bob")).token)
    tokens = [
        (await accounts.media_token(c.viewer, VIDEO, 60, session_id=c.session_id))[0] for c in (here, there)
    ]
    await accounts.set_password("bob", "another horse", keep_session_id=here.session_id)
    assert await accounts.check_media_token(tokens[0], VIDEO) == here.viewer
    with pytest.raises(NotSignedIn):
        await accounts.check_media_token(tokens[1], VIDEO)


async def test_a_person_removed_while_they_are_looked_up_is_not_remembered(
    accounts: AccountService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_up(accounts)
    bob = await accounts.check((await _with_bob(accounts)).token)
    token, _ = await accounts.media_token(bob.viewer, VIDEO, 60)
    read = accounts._db.read
    overtaken = False

    async def overtake(*arguments: Any, **more: Any) -> Any:
        nonlocal overtaken
        found = await read(*arguments, **more)
        if not overtaken:
            overtaken = True
            await accounts.remove_user("bob")
        return found

    monkeypatch.setattr(accounts._db, "read", overtake)
    with pytest.raises(NotSignedIn):
        await accounts.check_media_token(token, VIDEO)
    assert overtaken


# --- people ----------------------------------------------------------------------------------------------------


async def _with_bob(accounts: AccountService) -> SignedIn:
    await accounts.add_user("Bob", Role.MEMBER, "correct horse")
    return await log_in(accounts, "Bob")


@pytest.mark.parametrize("name", ["Bob", "BOB", "ｂｏｂ", " bob "])
async def test_a_name_is_given_once_whatever_its_case(accounts: AccountService, name: str) -> None:
    await accounts.add_user("Bob", Role.MEMBER, "correct horse")
    with pytest.raises(Conflict, match="Choose another name"):
        await accounts.add_user(name, Role.ADMIN, "correct horse")
    with pytest.raises(Conflict, match="Choose another name"):
        await accounts.add_user(name, Role.OWNER, "correct horse")
    assert await accounts.setup_code() is not None


async def test_rules_for_names_and_passwords_hold_for_added_people(accounts: AccountService) -> None:
    with pytest.raises(InvalidInput, match="control character"):
        await accounts.add_user("B\nb", Role.MEMBER, "correct horse")
    with pytest.raises(InvalidInput, match="at least 8"):
        await accounts.add_user("Bob", Role.MEMBER, "short")


async def test_a_new_password_ends_the_other_sessions_of_that_person_only(
    accounts: AccountService, ended: list[str]
) -> None:
    ada = await set_up(accounts)
    bob, bobs_phone = await _with_bob(accounts), await log_in(accounts, "Bob")
    keep = (await accounts.check(bobs_phone.token)).session_id
    await accounts.set_password("Bob", "another horse", keep_session_id=keep)
    with pytest.raises(NotSignedIn):
        await accounts.check(bob.token)
    await accounts.check(bobs_phone.token)
    await accounts.check(ada.token)
    assert len(ended) == 1
    await accounts.set_password("bob", "a third horse")
    with pytest.raises(NotSignedIn):
        await accounts.check(bobs_phone.token)
    with pytest.raises(NotSignedIn):
        await log_in(accounts, "Bob")
    await log_in(accounts, "Bob", "a third horse")


async def test_removing_a_person_ends_their_sessions(accounts: AccountService, ended: list[str]) -> None:
    await set_up(accounts)
    bob = await _with_bob(accounts)
    await accounts.check(bob.token)
    await accounts.remove_user("BOB")
    with pytest.raises(NotSignedIn):
        await accounts.check(bob.token)
    assert len(ended) == 1
    assert [user.name for user in await accounts.users()] == ["Ada"]


async def test_the_last_owner_stays(accounts: AccountService) -> None:
    await set_up(accounts)
    with pytest.raises(Conflict, match="last owner"):
        await accounts.remove_user("Ada")
    await accounts.add_user("Eve", Role.OWNER, "correct horse")
    await accounts.remove_user("Ada")
    assert (await accounts.local_viewer()).name == "Eve"
    with pytest.raises(Conflict, match="last owner"):
        await accounts.remove_user("Eve")


@pytest.mark.parametrize("name", ["Nobody", "", "\0", "\ud800"])
async def test_an_unknown_name_is_named_as_such(accounts: AccountService, name: str) -> None:
    with pytest.raises(NotFound):
        await accounts.remove_user(name)
    with pytest.raises(NotFound):
        await accounts.set_password(name, "correct horse")
