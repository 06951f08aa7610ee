"""Figures as people read them: durations, sizes, rates."""

from __future__ import annotations

from PySide6.QtCore import QLocale


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
    return QLocale().formattedDataSize(size_bytes, digits, QLocale.DataSizeFormat.DataSizeSIFormat)


def count(number: int) -> str:
    """A whole number with the locale's group separators."""
    return QLocale().toString(number)
