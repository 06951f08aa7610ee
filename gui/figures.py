"""Figures as people read them: durations, sizes, counts, ages."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QCoreApplication, QLocale

_AGES = (
    (3_600, 60, "1 minute ago", "{} minutes ago"),
    (86_400, 3_600, "1 hour ago", "{} hours ago"),
    (7 * 86_400, 86_400, "yesterday", "{} days ago"),
    (30 * 86_400, 7 * 86_400, "last week", "{} weeks ago"),
    (365 * 86_400, 30.44 * 86_400, "last month", "{} months ago"),
    (float("inf"), 365.25 * 86_400, "last year", "{} years ago"),
)
"""Below how many seconds, the unit in seconds, and the words for one and for more of it."""


def duration(seconds: float | None) -> str:
    """`4:07` or `1:02:09`; nothing when unknown."""
    if seconds is None:
        return ""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(size_bytes: int | None) -> str:
    """`1.4 GB` in the reader's locale; nothing when unknown."""
    if size_bytes is None:
        return ""
    digits = 0 if size_bytes < 1_000_000 else 1
    return _locale().formattedDataSize(size_bytes, digits, QLocale.DataSizeFormat.DataSizeSIFormat)


def count(number: int) -> str:
    """A whole number with the locale's group separators."""
    return _locale().toString(number)


def ago(when: datetime, now: datetime) -> str:
    """How long ago, in the largest fitting unit, as the web client says it: `3 days ago`; below a minute `now`."""
    past_s = (now - when).total_seconds()
    if past_s < 60:
        return QCoreApplication.translate("figures", "now")
    _, unit_s, one, many = next(step for step in _AGES if past_s < step[0])
    # A month counts as begun after 30 days, and is a little longer.
    number = max(1, int(past_s / unit_s))
    return QCoreApplication.translate("figures", one if number == 1 else many).format(count(number))


def _locale() -> QLocale:
    """The reader's; English where the system names none: that one groups no digits."""
    locale = QLocale()
    return locale if locale.language() != QLocale.Language.C else QLocale(QLocale.Language.English)
