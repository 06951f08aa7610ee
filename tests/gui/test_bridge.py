"""The crossing: nothing is lost, nothing comes twice, nothing reaches the dead."""

from __future__ import annotations

import asyncio
import threading

import pytest
import shiboken6
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from gui.bridge import Bridge
from hub.errors import HubError, NotFound
from hub.events import EventBus, FoldersChanged, SetupFinished, VideosAdded
from hub.runtime.loop import LoopThread

pytestmark = pytest.mark.integration


async def give(value: int) -> int:
    return value


def test_result_arrives_on_the_calling_thread(bridge: Bridge, qtbot: QtBot) -> None:
    heard: list[tuple[int, threading.Thread]] = []
    bridge.call(
        lambda: give(7), context=bridge, on_result=lambda r: heard.append((r, threading.current_thread()))
    )
    assert heard == []
    qtbot.waitUntil(lambda: bool(heard))
    assert heard == [(7, threading.main_thread())]


def test_error_arrives_as_the_hub_error_it_was(bridge: Bridge, qtbot: QtBot) -> None:
    async def fail() -> None:
        raise NotFound("There is no video with this id.")

    heard: list[HubError] = []
    bridge.call(fail, context=bridge, on_error=heard.append)
    qtbot.waitUntil(lambda: bool(heard))
    assert isinstance(heard[0], NotFound)
    assert heard[0].message == "There is no video with this id."


def test_error_nobody_handles_is_announced(bridge: Bridge, qtbot: QtBot) -> None:
    async def fail() -> None:
        raise NotFound("gone")

    with qtbot.waitSignal(bridge.failed) as announced:
        bridge.call(fail, context=bridge)
    assert announced.args[0].message == "gone"


@pytest.mark.expect_errors("a call from the window failed")
def test_unexpected_error_is_logged_and_told_in_words(bridge: Bridge, qtbot: QtBot) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    heard: list[HubError] = []
    bridge.call(fail, context=bridge, on_error=heard.append)
    qtbot.waitUntil(lambda: bool(heard))
    assert "ZeroDivisionError" in heard[0].message


def test_nothing_reaches_a_destroyed_context(bridge: Bridge, qtbot: QtBot) -> None:
    context = QObject()
    heard: list[int] = []
    bridge.call(lambda: give(1), context=context, on_result=heard.append)
    shiboken6.delete(context)
    later: list[int] = []
    bridge.call(lambda: give(2), context=bridge, on_result=later.append)
    qtbot.waitUntil(lambda: bool(later))
    assert heard == []


def test_cancelled_call_stops_its_coroutine_and_is_silent(bridge: Bridge, qtbot: QtBot) -> None:
    started, ended = threading.Event(), threading.Event()

    async def wait_for_ever() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    heard: list[object] = []
    call = bridge.call(wait_for_ever, context=bridge, on_result=heard.append, on_error=heard.append)
    assert started.wait(5)
    call.cancel()
    assert ended.wait(5)
    later: list[int] = []
    bridge.call(lambda: give(2), context=bridge, on_result=later.append)
    qtbot.waitUntil(lambda: bool(later))
    assert heard == []


def test_cancelling_after_the_end_silences_a_result_on_its_way(bridge: Bridge, qtbot: QtBot) -> None:
    heard: list[int] = []
    call = bridge.call(lambda: give(1), context=bridge, on_result=heard.append)
    assert call.future is not None
    call.future.result(5)
    call.cancel()
    later: list[int] = []
    bridge.call(lambda: give(2), context=bridge, on_result=later.append)
    qtbot.waitUntil(lambda: bool(later))
    assert heard == []


def test_first_event_is_not_lost(loop: LoopThread, qtbot: QtBot) -> None:
    bridge, bus = Bridge(loop), EventBus()
    heard: list[object] = []
    bridge.happened.connect(heard.append)

    async def start() -> None:
        bus.subscribe(SetupFinished, bridge.forward)
        bus.publish(SetupFinished())

    # The event is on its way before this thread has seen the loop run.
    loop.start()
    loop.submit(start()).result(5)
    assert heard == []
    qtbot.waitUntil(lambda: bool(heard))
    assert heard == [SetupFinished()]


def test_events_and_results_keep_their_order(bridge: Bridge, qtbot: QtBot) -> None:
    heard: list[object] = []
    bridge.happened.connect(heard.append)

    async def work() -> str:
        bridge.forward(VideosAdded(("a",)))
        bridge.forward(FoldersChanged())
        return "result"

    bridge.call(work, context=bridge, on_result=heard.append)
    qtbot.waitUntil(lambda: len(heard) == 3)
    assert heard == [VideosAdded(("a",)), FoldersChanged(), "result"]


def test_thousand_events_all_arrive_in_order(bridge: Bridge, qtbot: QtBot) -> None:
    heard: list[object] = []
    bridge.happened.connect(heard.append)
    sent = [VideosAdded((str(number),)) for number in range(1000)]

    async def publish() -> None:
        for event in sent:
            bridge.forward(event)

    bridge.call(publish, context=bridge)
    qtbot.waitUntil(lambda: len(heard) == 1000)
    assert heard == sent


def test_finish_waits_for_what_must_not_be_lost(bridge: Bridge) -> None:
    release = threading.Event()
    done = threading.Event()

    async def write() -> None:
        await asyncio.to_thread(release.wait, 5)
        done.set()

    bridge.call(write, context=bridge, keep=True)
    assert not bridge.finish(0.01)
    release.set()
    assert bridge.finish(5)
    assert done.is_set()


def test_closed_bridge_takes_no_calls_and_hands_out_nothing(bridge: Bridge, qtbot: QtBot) -> None:
    heard: list[object] = []
    bridge.happened.connect(heard.append)
    call = bridge.call(lambda: give(1), context=bridge, on_result=heard.append)
    bridge.close()
    bridge.forward(FoldersChanged())
    assert call.future is not None
    call.future.result(5)
    assert bridge.call(lambda: give(2), context=bridge, on_result=heard.append).is_cancelled
    qtbot.wait(20)
    assert heard == []
