from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot

from gui.player.memory import PositionMemory
from gui.session import Session
from tests.gui.fake_hub import FakeHub

pytestmark = pytest.mark.integration


@pytest.fixture
def clock() -> list[float]:
    return [1000.0]


@pytest.fixture
def memory(session: Session, hub: FakeHub, clock: list[float]) -> Iterator[PositionMemory]:
    made = PositionMemory(session, clock=lambda: clock[0])
    made.begin("v", 0.0, 100.0)
    yield made
    made.end()


@pytest.fixture
def stored(hub: FakeHub, session: Session, qtbot: QtBot) -> Callable[[list[float]], None]:
    def check(positions: list[float]) -> None:
        qtbot.waitUntil(lambda: len(hub.positions.stored) >= len(positions))
        assert [position for _, position in hub.positions.stored] == positions

    return check


def test_stores_every_few_seconds(
    memory: PositionMemory, clock: list[float], stored: Callable[[list[float]], None]
) -> None:
    for second in range(1, 13):
        clock[0] += 1
        memory.move(float(second))
    stored([5.0, 10.0])


def test_stores_at_once_when_asked_and_never_twice_the_same(
    memory: PositionMemory, stored: Callable[[list[float]], None]
) -> None:
    memory.move(3.0)
    memory.store()
    memory.store()
    memory.end()
    stored([3.0])


def test_end_of_the_video_counts_as_its_duration(
    memory: PositionMemory, stored: Callable[[list[float]], None]
) -> None:
    memory.move(99.2)
    memory.finish(100.0)
    stored([100.0])


def test_next_video_stores_the_one_before(memory: PositionMemory, hub: FakeHub, qtbot: QtBot) -> None:
    memory.move(7.0)
    memory.begin("w", 20.0, None)
    memory.move(21.0)
    memory.end()
    qtbot.waitUntil(lambda: len(hub.positions.stored) == 2)
    assert hub.positions.stored == [("v", 7.0), ("w", 21.0)]


def test_file_outside_the_library_leaves_no_trace(
    memory: PositionMemory, hub: FakeHub, clock: list[float], qtbot: QtBot
) -> None:
    memory.begin(None, 0.0, 60.0)
    clock[0] += 30
    memory.move(30.0)
    memory.end()
    qtbot.wait(20)
    assert hub.positions.stored == []
    assert hub.library.viewed == []


def test_play_that_lasts_counts_as_one_view(
    memory: PositionMemory, hub: FakeHub, clock: list[float], qtbot: QtBot
) -> None:
    clock[0] += 9
    memory.move(9.0)
    clock[0] += 1
    memory.move(10.0)
    clock[0] += 60
    memory.move(70.0)
    qtbot.waitUntil(lambda: bool(hub.library.viewed))
    qtbot.wait(20)
    assert hub.library.viewed == ["v"]


def test_half_of_a_short_clip_is_a_view(
    memory: PositionMemory, hub: FakeHub, clock: list[float], qtbot: QtBot
) -> None:
    memory.begin("short", 0.0, 4.0)
    clock[0] += 2
    memory.move(2.0)
    qtbot.waitUntil(lambda: hub.library.viewed == ["short"])


def test_failed_storing_is_tried_again(
    memory: PositionMemory, hub: FakeHub, qtbot: QtBot, clock: list[float]
) -> None:
    hub.positions.failures = 1
    memory.move(3.0)
    memory.store()
    qtbot.waitUntil(lambda: hub.positions.failures == 0 and memory._stored_s is None)
    memory.store()
    qtbot.waitUntil(lambda: hub.positions.stored == [("v", 3.0)])


def test_opening_alone_never_overwrites_the_place_that_was_stored(
    memory: PositionMemory, clock: list[float], stored: Callable[[list[float]], None]
) -> None:
    memory.begin("v", 30.0, 100.0)
    clock[0] += 10
    memory.move(0.0)
    memory.move(30.04)
    memory.end()
    memory.begin("watched", 0.0, 100.0)
    memory.move(0.04)
    memory.end()
    memory.begin("w", 0.0, 100.0)
    memory.move(1.5)
    memory.end()
    stored([1.5])
