"""Limits on guessing: failed tries per person and address, and per address, in a moving window.

Only failures count; tries still being checked count as if they would fail, so that many at once gain nothing.
A limit bites before the password is hashed.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from hub.errors import NotAllowed, NotSignedIn, TooManyRequests

PER_NAME_AND_PEER = RateLimitItemPerMinute(10, 5)
PER_PEER = RateLimitItemPerMinute(30, 5)


class TryLimits:
    """Counts failed tries. One instance a hub."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._under_way: Counter[tuple[str, ...]] = Counter()

    @contextmanager
    def trying(self, what: str, peer: str | None, name: str = "") -> Iterator[None]:
        """Around one try. TooManyRequests at once when there were too many; NotSignedIn or NotAllowed inside count.

        `peer` is the other side's IP address, None for this machine's own window.
        """
        if not self._enabled:
            yield
            return
        address = _network(peer)
        buckets: list[tuple[RateLimitItem, tuple[str, ...]]] = [
            (PER_PEER, (what, address)),
            (PER_NAME_AND_PEER, (what, address, name)),
        ]
        for limit, ids in buckets:
            if not self._limiter.test(limit, *ids, cost=self._under_way[ids] + 1):
                raise self._refusal(limit, ids)
        self._under_way.update(ids for _, ids in buckets)
        try:
            yield
        except (NotSignedIn, NotAllowed):
            for limit, ids in buckets:
                self._limiter.hit(limit, *ids)
            raise
        finally:
            for _, ids in buckets:
                self._under_way[ids] -= 1
                if not self._under_way[ids]:
                    del self._under_way[ids]

    def _refusal(self, limit: RateLimitItem, ids: tuple[str, ...]) -> TooManyRequests:
        frees_at, left = self._limiter.get_window_stats(limit, *ids)
        # With places left it is the tries under way that fill the window; they are over in a moment.
        wait_s = 1 if left > 0 else max(1, math.ceil(frees_at - time.time()))
        return TooManyRequests(
            f"Too many failed tries. Try again in {_spoken(wait_s)}.", retry_after_s=wait_s
        )


def _network(peer: str | None) -> str:
    """The address tries are counted under: whoever has one IPv6 address has 2⁶⁴ of them."""
    if peer is None:
        return "local"
    try:
        ip = ipaddress.ip_address(peer.split("%")[0])
    except ValueError:
        return peer
    if ip.version == 6:
        mapped = ip.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def _spoken(wait_s: int) -> str:
    return f"{wait_s} seconds" if wait_s < 90 else f"{math.ceil(wait_s / 60)} minutes"
