from __future__ import annotations

import threading

from hub.media.grants import Grants


def test_a_limit_only_rises() -> None:
    grants = Grants(2)

    grants.allow(5)
    grants.allow(3)

    assert (grants.covers(4), grants.covers(5)) == (True, False)


def test_whoever_waits_goes_on_as_soon_as_it_may() -> None:
    grants = Grants()
    went_on: list[bool] = []
    waiting = threading.Thread(target=lambda: went_on.append(grants.wait_for(3, timeout_s=20)))
    waiting.start()

    grants.allow(3)
    grants.allow(4)
    waiting.join(20)

    assert went_on == [True]


def test_waiting_ends_without_leave() -> None:
    assert not Grants(1).wait_for(1, timeout_s=0.01)
