from __future__ import annotations

import pytest

from hub.events import Event, EventBus, VideosAdded, VideosRemoved


async def test_subscribers_get_their_own_kind_and_its_subclasses() -> None:
    bus = EventBus()
    added: list[Event] = []
    everything: list[Event] = []
    bus.subscribe(VideosAdded, added.append)
    bus.subscribe(Event, everything.append)
    bus.publish(VideosAdded(("a",)))
    bus.publish(VideosRemoved(("b",)))
    assert added == [VideosAdded(("a",))]
    assert everything == [VideosAdded(("a",)), VideosRemoved(("b",))]


async def test_only_a_subscriber_to_the_very_kind_counts_as_heard() -> None:
    bus = EventBus()
    bus.subscribe(Event, lambda _event: None)
    assert not bus.is_heard(VideosAdded)
    stop = bus.subscribe(VideosAdded, lambda _event: None)
    assert bus.is_heard(VideosAdded)
    stop()
    assert not bus.is_heard(VideosAdded)


async def test_unsubscribing_ends_it_even_during_a_publish() -> None:
    bus = EventBus()
    heard: list[Event] = []

    def once(event: VideosAdded) -> None:
        heard.append(event)
        stop()

    stop = bus.subscribe(VideosAdded, once)
    bus.publish(VideosAdded(("a",)))
    bus.publish(VideosAdded(("b",)))
    assert len(heard) == 1


@pytest.mark.expect_errors("a subscriber failed on VideosAdded")
async def test_a_failing_subscriber_does_not_keep_the_event_from_others() -> None:
    bus = EventBus()
    heard: list[Event] = []

    def fail(_event: VideosAdded) -> None:
        raise ValueError

    bus.subscribe(VideosAdded, fail)
    bus.subscribe(VideosAdded, heard.append)
    bus.publish(VideosAdded(("a",)))
    assert heard


def test_publishing_off_the_loop_is_refused() -> None:
    with pytest.raises(RuntimeError):
        EventBus().publish(VideosAdded(("a",)))
