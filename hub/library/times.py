"""Times that come from outside."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.errors import InvalidInput


def utc(moment: datetime, field: str) -> datetime:
    """The same moment in UTC. InvalidInput when it has no time zone or, in UTC, lies outside the years 1 to 9999."""
    if moment.tzinfo is None:
        raise InvalidInput(f"{field} needs a time zone, for example 2026-05-01T20:15:00Z.", field=field)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise InvalidInput(f"{field} lies outside the years 1 to 9999 (in UTC).", field=field) from error
