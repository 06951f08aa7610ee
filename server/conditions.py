"""Conditional requests and byte ranges as RFC 9110 has them (§13, §14): pure functions over headers and validators."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from enum import Enum
from typing import NamedTuple, Protocol

_ENTITY_TAG = re.compile(r'\s*(W/)?"([\x21\x23-\x7e\x80-\U0010ffff]*)"\s*(?:,|$)')
_BYTES = re.compile(r"[Bb][Yy][Tt][Ee][Ss]=(.*)", re.DOTALL)
_SPEC = re.compile(r"([0-9]*)-([0-9]*)")
# Longer numbers lie beyond any file; int() refuses those of more than 4,300 digits.
_MAX_DIGITS = 19


class Headers(Protocol):
    """Request headers, case-insensitive; aiohttp's multidict is one."""

    def get(self, key: str, /) -> str | None:
        """The first value."""

    def getall(self, key: str, default: list[str], /) -> list[str]:
        """Every value."""


class Validators(NamedTuple):
    """What tells one state of a representation from another."""

    etag: str
    """A strong entity tag without its quotes."""
    modified: datetime | None = None
    """Aware, whole seconds: what Last-Modified says. None for what has no such time."""

    def headers(self) -> dict[str, str]:
        """ETag and Last-Modified."""
        headers = {"ETag": f'"{self.etag}"'}
        if self.modified is not None:
            headers["Last-Modified"] = format_datetime(self.modified, usegmt=True)
        return headers


class Outcome(Enum):
    """What the preconditions of a request come to."""

    PROCEED = "proceed"
    NOT_MODIFIED = "not modified"
    FAILED = "precondition failed"


class ByteRange(NamedTuple):
    """Bytes from `start` up to, not including, `end`."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """How many bytes."""
        return self.end - self.start


class Unsatisfiable(Enum):
    """A range that begins past the end."""

    UNSATISFIABLE = "unsatisfiable"


def whole_seconds(mtime_ns: int) -> datetime:
    """A modification time as Last-Modified can say it, rounded down."""
    return datetime.fromtimestamp(mtime_ns // 1_000_000_000, UTC)


def check_preconditions(headers: Headers, validators: Validators) -> Outcome:
    """The preconditions of a GET or HEAD in the order of RFC 9110 §13.2.2."""
    if (tags := _entity_tags(headers, "If-Match")) is not None:
        if not any(tag == "*" or tag == f'"{validators.etag}"' for tag in tags):
            return Outcome.FAILED
    elif _modified_since(headers.get("If-Unmodified-Since"), validators) is True:
        return Outcome.FAILED
    if (tags := _entity_tags(headers, "If-None-Match")) is not None:
        # Weak comparison (§8.8.3.2): W/ does not count.
        if any(tag == "*" or tag.removeprefix("W/") == f'"{validators.etag}"' for tag in tags):
            return Outcome.NOT_MODIFIED
    elif _modified_since(headers.get("If-Modified-Since"), validators) is False:
        return Outcome.NOT_MODIFIED
    return Outcome.PROCEED


def requested_range(
    headers: Headers, validators: Validators, size_bytes: int
) -> ByteRange | Unsatisfiable | None:
    """The part of the representation a GET asks for; None for all of it.

    Ignored, as §14.2 allows or demands: unknown units, malformed ranges, several ranges, and any range whose If-Range
    validator is not the present one (§13.1.5).
    """
    header = headers.get("Range")
    if header is None or not _if_range_holds(headers.get("If-Range"), validators):
        return None
    return parse_range(header, size_bytes)


def parse_range(header: str, size_bytes: int) -> ByteRange | Unsatisfiable | None:
    """A Range header against a representation of `size_bytes`; None when it is to be ignored."""
    unit = _BYTES.fullmatch(header.strip(" \t"))
    specs = [spec.strip(" \t") for spec in unit[1].split(",")] if unit else []
    specs = [spec for spec in specs if spec]
    spec = _SPEC.fullmatch(specs[0]) if len(specs) == 1 else None
    if spec is None or spec[0] == "-":
        return None
    first, last = (_number(digits) for digits in spec.groups())
    if first is None:
        assert last is not None
        if last == 0:
            return Unsatisfiable.UNSATISFIABLE
        # An empty representation has no bytes to name in Content-Range: it is sent whole.
        return ByteRange(max(0, size_bytes - last), size_bytes) if size_bytes else None
    if last is not None and last < first:
        return None
    if first >= size_bytes:
        return Unsatisfiable.UNSATISFIABLE
    return ByteRange(first, size_bytes if last is None else min(last + 1, size_bytes))


def _number(digits: str) -> int | None:
    if not digits:
        return None
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= _MAX_DIGITS else 10**_MAX_DIGITS


def _if_range_holds(value: str | None, validators: Validators) -> bool:
    if value is None:
        return True
    value = value.strip(" \t")
    if value.startswith(('"', "W/")):
        return value == f'"{validators.etag}"'
    # A date must be the very one that was sent: a newer one is as stale as an older one.
    return validators.modified is not None and _date(value) == validators.modified


def _modified_since(value: str | None, validators: Validators) -> bool | None:
    """Whether the modification is later than the date; None where either is missing or no date, and nothing follows."""
    date = _date(value)
    return None if date is None or validators.modified is None else validators.modified > date


def _entity_tags(headers: Headers, name: str) -> list[str] | None:
    """The tags of a list header as they are written, `*` among them; None when there is no such header."""
    values = headers.getall(name, [])
    if not values:
        return None
    text = ",".join(values).strip(" \t")
    if text == "*":
        return ["*"]
    tags = []
    position = 0
    while match := _ENTITY_TAG.match(text, position):
        tags.append(f'{match[1] or ""}"{match[2]}"')
        position = match.end()
        if position >= len(text):
            break
    return tags


def _date(value: str | None) -> datetime | None:
    """An HTTP date (§5.6.7); None for anything else, which is to be ignored."""
    if value is None:
        return None
    try:
        date = parsedate_to_datetime(value)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
