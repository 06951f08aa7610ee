from __future__ import annotations

import pytest

from server.plays import MAX_SESSIONS, SESSION_S, PlaySessions


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def plays(clock: Clock) -> PlaySessions:
    return PlaySessions(clock)


def test_a_play_that_lasts_ten_seconds_is_one_view(plays: PlaySessions, clock: Clock) -> None:
    plays.begin("ada", "film", 3600)
    clock.now += 9.9
    assert not plays.is_view("ada", "film")
    clock.now += 0.1
    assert plays.is_view("ada", "film")
    clock.now += 600
    assert not plays.is_view("ada", "film")


def test_half_of_a_short_clip_is_enough(plays: PlaySessions, clock: Clock) -> None:
    plays.begin("ada", "clip", 4)
    clock.now += 2
    assert plays.is_view("ada", "clip")


def test_an_unknown_length_asks_for_the_full_time(plays: PlaySessions, clock: Clock) -> None:
    plays.begin("ada", "clip", None)
    clock.now += 5
    assert not plays.is_view("ada", "clip")


def test_positions_without_a_play_count_nothing(plays: PlaySessions) -> None:
    assert not plays.is_view("ada", "film")


def test_people_and_videos_are_counted_apart(plays: PlaySessions, clock: Clock) -> None:
    plays.begin("ada", "film", 60)
    plays.begin("bob", "film", 60)
    clock.now += 10
    assert plays.is_view("ada", "film")
    assert plays.is_view("bob", "film")
    assert not plays.is_view("ada", "other")


def test_asking_again_is_a_new_play(plays: PlaySessions, clock: Clock) -> None:
    for _ in range(2):
        plays.begin("ada", "film", 60)
        clock.now += 10
        assert plays.is_view("ada", "film")


def test_sessions_are_forgotten_in_time_and_number(plays: PlaySessions, clock: Clock) -> None:
    plays.begin("ada", "film", 60)
    clock.now += SESSION_S + 1
    assert not plays.is_view("ada", "film")
    for number in range(MAX_SESSIONS + 100):
        plays.begin("ada", str(number), 60)
    clock.now += 10
    assert not plays.is_view("ada", "0")
    assert plays.is_view("ada", str(MAX_SESSIONS + 99))
