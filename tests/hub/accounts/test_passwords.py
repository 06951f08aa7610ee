from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from hub.accounts.passwords import MAX_BYTES, PasswordHasher, check_password
from hub.errors import InvalidInput, TooManyRequests


@pytest.fixture
async def hasher() -> AsyncIterator[PasswordHasher]:
    hasher = PasswordHasher(time_cost=1, memory_kib=64)
    yield hasher
    await hasher.close()


@pytest.mark.parametrize("password", ["12345678", "pass word", "é" * 8, "x" * MAX_BYTES, "😀" * 8, "\0" * 8])
def test_any_eight_characters_may_be_chosen(password: str) -> None:
    check_password(password)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("1234567", "at least 8"),
        ("", "at least 8"),
        ("x" * (MAX_BYTES + 1), "at most 1024"),
        ("\udc80" * 8, "UTF-8"),
    ],
)
def test_a_refused_password_is_told_why(password: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as caught:
        check_password(password)
    assert caught.value.field == "password"


async def test_a_hash_is_argon2id_salted_and_verifies(hasher: PasswordHasher) -> None:
    one, other = await hasher.hash("correct horse"), await hasher.hash("correct horse")
    assert one.startswith("$argon2id$")
    assert one != other
    assert await hasher.verify(one, "correct horse")
    assert not await hasher.verify(one, "correct horsf")


async def test_composed_and_decomposed_letters_are_one_password(hasher: PasswordHasher) -> None:
    assert await hasher.verify(await hasher.hash("cafés everywhere"), "cafe\u0301s everywhere")


async def test_what_is_no_text_is_only_wrong(hasher: PasswordHasher) -> None:
    assert not await hasher.verify(await hasher.hash("12345678"), "1234567\udc80")


async def test_default_parameters_are_those_of_rfc_9106_on_one_lane() -> None:
    hasher = PasswordHasher()
    assert (await hasher.hash("12345678")).startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    await hasher.close()


async def test_a_hash_of_other_parameters_is_outdated(hasher: PasswordHasher) -> None:
    stronger = PasswordHasher(time_cost=2, memory_kib=64)
    old = await hasher.hash("12345678")
    assert not hasher.is_outdated(old)
    assert stronger.is_outdated(old)
    assert await stronger.verify(old, "12345678")
    await stronger.close()


async def test_nobodys_password_is_never_right_and_takes_as_long() -> None:
    hasher = PasswordHasher()
    real = await hasher.hash("12345678")

    async def best_of_three(password_hash: str | None) -> float:
        times = []
        for _ in range(3):
            before = time.perf_counter()
            assert not await hasher.verify(password_hash, "wrong password")
            times.append(time.perf_counter() - before)
        return min(times)

    known, unknown = await best_of_three(real), await best_of_three(None)
    await hasher.close()
    assert unknown > known / 2


async def test_a_flood_is_refused_instead_of_queued_without_end() -> None:
    hasher = PasswordHasher(time_cost=1, memory_kib=64, max_waiting=4)
    results = await asyncio.gather(*(hasher.hash("12345678") for _ in range(10)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, TooManyRequests)]
    assert len(refused) == 6
    assert all(error.retry_after_s > 0 for error in refused)
    assert await hasher.hash("12345678")
    await hasher.close()


async def test_hashing_leaves_the_loop_free() -> None:
    hasher = PasswordHasher()
    work = asyncio.gather(*(hasher.hash("12345678") for _ in range(3)))
    turns = 0
    while not work.done():
        await asyncio.sleep(0)
        turns += 1
    await work
    assert turns > 100
    await hasher.close()
