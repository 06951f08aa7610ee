from __future__ import annotations

import pytest

from hub.errors import TooBusy
from hub.media.stream.slots import Slots, load
from hub.media.stream.types import VideoRendition, VideoTimeline


def test_sessions_fit_until_the_machine_is_taken() -> None:
    slots = Slots(100.0)
    first = slots.take(60)
    second = slots.take(40)

    with pytest.raises(TooBusy, match="converting 2 videos already") as busy:
        slots.take(1)

    assert busy.value.retry_after_s > 0
    assert slots.left == 0
    first.give_back()
    first.give_back()
    assert slots.left == pytest.approx(0.6)
    second.give_back()
    assert slots.left == 1


def test_one_alone_is_let_in_however_slow_it_will_be() -> None:
    slots = Slots(100.0)

    slots.take(1_000)

    with pytest.raises(TooBusy, match="converting one video already"):
        slots.take(1)


def test_an_owner_may_say_how_many_at_most() -> None:
    slots = Slots(100.0, most=1)
    slots.take(1)

    with pytest.raises(TooBusy):
        slots.take(1)


def test_a_session_that_ran_alone_corrects_what_is_known_of_the_machine() -> None:
    slots = Slots(100.0)
    slot = slots.take(50)

    for _ in range(30):
        slots.saw(slot, 4.0)

    assert slots.pixels_per_s == pytest.approx(200, rel=0.01)


def test_one_that_shared_the_machine_says_nothing() -> None:
    slots = Slots(100.0)
    slot, other = slots.take(50), slots.take(10)
    other.give_back()

    slots.saw(slot, 4.0)

    assert slots.pixels_per_s == 100


def test_the_load_of_a_session_is_what_it_decodes_and_encodes_a_second() -> None:
    video = VideoTimeline(index=0, frame_rate=(50, 1), is_variable=False, end_ticks=90_000)
    rendition = VideoRendition(
        id="v360-h264",
        codec="h264",
        is_copy=False,
        width=640,
        height=360,
        frame_rate=(25, 1),
        codecs="avc1.64001e",
        peak_bps=1,
        average_bps=1,
    )

    alone = load((0, 0), video, rendition)
    whole = load((1920, 1080), video, rendition, rendition)

    assert alone == 640 * 360 * 25
    assert whole == pytest.approx(2 * alone + 0.2 * 1920 * 1080 * 50)
