"""Passwords: the rules, and argon2id on a thread of its own.

One hash takes some 100 ms of a core and 64 MiB, so they run one at a time: a flood of sign-ins queues up here, where it
is bounded, and leaves the other cores to everybody else. Parameters follow RFC 9106 §4 (second recommended option) but
for one lane instead of four, which would be four threads.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import argon2

from hub.errors import InvalidInput, TooManyRequests

MIN_CHARACTERS = 8
MAX_BYTES = 1024
MAX_WAITING = 64

T = TypeVar("T")


def check_password(password: str) -> None:
    """InvalidInput unless the password may be chosen."""
    try:
        size_bytes = len(_normal(password))
    except UnicodeEncodeError as error:
        raise InvalidInput("The password holds bytes that are no text (UTF-8).", field="password") from error
    if len(password) < MIN_CHARACTERS:
        raise InvalidInput(
            f"The password has {len(password)} characters; use at least {MIN_CHARACTERS}, because shorter ones "
            "are guessed.",
            field="password",
        )
    if size_bytes > MAX_BYTES:
        raise InvalidInput(
            f"The password has {size_bytes} bytes; at most {MAX_BYTES} are accepted, because longer ones only "
            "cost time.",
            field="password",
        )


class PasswordHasher:
    """Hashes and verifies off the loop. TooManyRequests when too many wait already."""

    def __init__(
        self, *, time_cost: int = 3, memory_kib: int = 65536, max_waiting: int = MAX_WAITING
    ) -> None:
        self._argon2 = argon2.PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        self._max_waiting = max_waiting
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="passwords")
        salt, digest = (_unpadded(secrets.token_bytes(size)) for size in (16, 32))
        self._nobodys_hash = f"$argon2id$v=19$m={memory_kib},t={time_cost},p=1${salt}${digest}"

    async def hash(self, password: str) -> str:
        """The encoded argon2id hash (PHC string) of a password that `check_password` accepts."""
        return await self._run(lambda: self._argon2.hash(_normal(password)))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is right. With None (nobody has that name) it takes as long and says no."""
        try:
            given = _normal(password)
        except UnicodeEncodeError:
            given = b""
        matches = await self._run(lambda: self._verify_now(password_hash or self._nobodys_hash, given))
        return matches and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with other parameters than those in use now."""
        return self._argon2.check_needs_rehash(password_hash)

    async def close(self) -> None:
        """End the thread; what waits is dropped."""
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)

    def _verify_now(self, password_hash: str, given: bytes) -> bool:
        try:
            return self._argon2.verify(password_hash, given)
        except argon2.exceptions.VerifyMismatchError:
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= self._max_waiting:
            raise TooManyRequests(
                "Too many people are signing in at this moment. Try again in a few seconds.", retry_after_s=5
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1


def _normal(password: str) -> bytes:
    """NFC (RFC 8265 §4.2.2): keyboards disagree on whether é is one character or two.

    What is too long stays as it is: it is refused anyway, and normalising takes a time that grows with the square of a
    run of accents.
    """
    if len(password) > MAX_BYTES:
        return password.encode()
    return unicodedata.normalize("NFC", password).encode()


def _unpadded(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")
