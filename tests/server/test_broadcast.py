from __future__ import annotations

import asyncio
from collections.abc import Iterator

import msgspec
import pytest
from aiohttp import WSCloseCode

from hub.accounts.types import Role, Viewer
from hub.events import EventBus, PositionChanged, SessionsEnded, VideosAdded
from server.access import Caller, Means
from server.broadcast import QUEUE_LENGTH, Broadcaster, Listener


def caller(user_id: str = "ada", session_id: str | None = "s1") -> Caller:
    return Caller(
        Viewer(user_id=user_id, name="Ada", role=Role.OWNER), Means.BEARER, "token", session_id, None
    )


@pytest.fixture
def events() -> EventBus:
    return EventBus()


@pytest.fixture
def broadcaster(events: EventBus) -> Iterator[Broadcaster]:
    broadcaster = Broadcaster(events)
    yield broadcaster
    broadcaster.close()


async def said(listener: Listener) -> dict[str, object]:
    text = await listener.next()
    assert isinstance(text, str)
    message: dict[str, object] = msgspec.json.decode(text)
    return message


async def test_each_listener_hears_what_concerns_it_in_order(
    broadcaster: Broadcaster, events: EventBus
) -> None:
    ada, bob = broadcaster.open(caller("ada")), broadcaster.open(caller("bob", "s2"))
    events.publish(VideosAdded(("a",)))
    events.publish(PositionChanged("bob", "a", 3))
    events.publish(VideosAdded(("b",)))
    assert [(await said(ada))["ids"] for _ in range(2)] == [["a"], ["b"]]
    assert [(await said(bob))["type"] for _ in range(3)] == [
        "videos.added",
        "position.changed",
        "videos.added",
    ]


async def test_a_waiting_listener_is_woken(broadcaster: Broadcaster, events: EventBus) -> None:
    listener = broadcaster.open(caller())
    waiting = asyncio.create_task(said(listener))
    await asyncio.sleep(0)
    events.publish(VideosAdded(("a",)))
    assert await waiting == {"type": "videos.added", "ids": ["a"]}


async def test_a_listener_that_does_not_keep_up_is_told_to_read_anew(
    broadcaster: Broadcaster, events: EventBus
) -> None:
    listener = broadcaster.open(caller())
    for number in range(QUEUE_LENGTH * 3):
        events.publish(VideosAdded((str(number),)))
    assert await said(listener) == {"type": "resync"}
    events.publish(VideosAdded(("after",)))
    assert await said(listener) == {"type": "videos.added", "ids": ["after"]}


async def test_a_full_queue_is_not_yet_an_overflow(broadcaster: Broadcaster, events: EventBus) -> None:
    listener = broadcaster.open(caller())
    for number in range(QUEUE_LENGTH):
        events.publish(VideosAdded((str(number),)))
    assert [(await said(listener))["ids"] for _ in range(QUEUE_LENGTH)] == [
        [str(n)] for n in range(QUEUE_LENGTH)
    ]


async def test_an_ended_session_ends_its_listeners_only(broadcaster: Broadcaster, events: EventBus) -> None:
    ended, other, local = (broadcaster.open(caller(session_id=s)) for s in ("s1", "s2", None))
    events.publish(SessionsEnded(("s1", "s9")))
    events.publish(VideosAdded(("a",)))
    assert await ended.next() is WSCloseCode.POLICY_VIOLATION
    assert (await said(other))["type"] == "videos.added"
    assert (await said(local))["type"] == "videos.added"


async def test_closing_sends_everybody_away_and_latecomers_too(broadcaster: Broadcaster) -> None:
    early = broadcaster.open(caller())
    broadcaster.end_all()
    assert await early.next() is WSCloseCode.GOING_AWAY
    assert await broadcaster.open(caller()).next() is WSCloseCode.GOING_AWAY


async def test_who_has_left_hears_nothing(broadcaster: Broadcaster, events: EventBus) -> None:
    listener = broadcaster.open(caller())
    broadcaster.leave(listener)
    events.publish(VideosAdded(("a",)))
    listener.end(WSCloseCode.OK)
    assert await listener.next() is WSCloseCode.OK
