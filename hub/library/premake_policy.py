"""Which videos are made ahead without being asked for, and at which hours. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import time

from hub.db.repositories.names import fold


def is_wanted(channel: str | None, *, everything: bool, channels: Collection[str]) -> bool:
    """Whether the policy wants a video of `channel`; names are compared as the library compares them."""
    return everything or (channel is not None and fold(channel) in {fold(name) for name in channels})


def is_open(hours: str, now: time) -> bool:
    """Whether `now` (local) lies within `hours`, "01:00-06:00", the end not included; always with an empty text.

    Hours may go over midnight; those that begin and end at the same time are the whole day.
    """
    if not hours:
        return True
    start, end = (time.fromisoformat(part) for part in hours.split("-"))
    if start < end:
        return start <= now < end
    return now >= start or now < end
