from __future__ import annotations

from contextlib import ExitStack

import pytest

from hub.accounts.limits import TryLimits
from hub.errors import Conflict, NotSignedIn, TooManyRequests


def fail(limits: TryLimits, peer: str | None = "192.0.2.1", name: str = "ada") -> None:
    with pytest.raises(NotSignedIn), limits.trying("login", peer, name):
        raise NotSignedIn("wrong")


@pytest.fixture
def limits() -> TryLimits:
    return TryLimits(enabled=True)


def test_ten_failures_for_one_name_are_too_many(limits: TryLimits) -> None:
    for _ in range(10):
        fail(limits)
    with (
        pytest.raises(TooManyRequests, match="Try again in 5 minutes") as caught,
        limits.trying("login", "192.0.2.1", "ada"),
    ):
        pytest.fail("an eleventh try went through")
    assert 290 <= caught.value.retry_after_s <= 300
    fail(limits, name="bob")
    fail(limits, peer="192.0.2.2")


def test_thirty_failures_from_one_peer_are_too_many_whatever_the_names(limits: TryLimits) -> None:
    for number in range(30):
        fail(limits, name=f"name {number}")
    with pytest.raises(TooManyRequests), limits.trying("login", "192.0.2.1", "another"):
        pytest.fail("a thirty-first try went through")


def test_success_and_other_errors_do_not_count(limits: TryLimits) -> None:
    for _ in range(40):
        with limits.trying("login", "192.0.2.1", "ada"):
            pass
        with pytest.raises(Conflict), limits.trying("login", "192.0.2.1", "ada"):
            raise Conflict("not about guessing")
    fail(limits)


def test_tries_under_way_count_as_failures(limits: TryLimits) -> None:
    with ExitStack() as under_way:
        for _ in range(10):
            under_way.enter_context(limits.trying("login", "192.0.2.1", "ada"))
        with pytest.raises(TooManyRequests) as caught, limits.trying("login", "192.0.2.1", "ada"):
            pytest.fail("an eleventh try at once went through")
        assert caught.value.retry_after_s == 1
    fail(limits)


def test_setup_and_login_are_counted_apart(limits: TryLimits) -> None:
    for _ in range(10):
        fail(limits)
    with limits.trying("setup", "192.0.2.1"):
        pass


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8::1", "2001:db8::ffff:2"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::2%eth0"),
    ],
)
def test_addresses_of_one_machine_are_one_peer(limits: TryLimits, one: str, other: str) -> None:
    for _ in range(10):
        fail(limits, peer=one)
    with pytest.raises(TooManyRequests), limits.trying("login", other, "ada"):
        pytest.fail("the other address has a count of its own")


def test_this_machines_window_and_odd_peers_have_counts_too(limits: TryLimits) -> None:
    for peer in (None, "a unix socket"):
        for _ in range(10):
            fail(limits, peer=peer)
        with pytest.raises(TooManyRequests), limits.trying("login", peer, "ada"):
            pytest.fail("not counted")


def test_switched_off_nothing_is_counted() -> None:
    limits = TryLimits(enabled=False)
    for _ in range(100):
        fail(limits)
