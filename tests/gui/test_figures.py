from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QLocale

from gui import figures


@pytest.fixture(autouse=True)
def english() -> object:
    before = QLocale()
    QLocale.setDefault(QLocale("en_GB"))
    yield
    QLocale.setDefault(before)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0, "0:00"),
        (7.9, "0:07"),
        (247, "4:07"),
        (3729, "1:02:09"),
        (-1, "0:00"),
        (360_000, "100:00:00"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert figures.duration(seconds) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"), [(None, ""), (999, "999 bytes"), (12_345, "12 kB"), (1_440_000_000, "1.4 GB")]
)
def test_sizes(size_bytes: int | None, text: str) -> None:
    assert figures.size(size_bytes) == text


def test_counts_are_grouped() -> None:
    assert figures.count(100_000) == "100,000"


def test_counts_are_grouped_where_the_system_names_no_language() -> None:
    QLocale.setDefault(QLocale.c())
    assert figures.count(12_345) == "12,345"


@pytest.mark.parametrize(
    ("past", "words"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(hours=5, minutes=59), "5 hours ago"),
        (timedelta(days=1), "yesterday"),
        (timedelta(days=6), "6 days ago"),
        (timedelta(days=13), "last week"),
        (timedelta(days=30), "last month"),
        (timedelta(days=200), "6 months ago"),
        (timedelta(days=365), "last year"),
        (timedelta(days=365.25 * 2345), "2,345 years ago"),
    ],
)
def test_ages_are_told_in_the_largest_fitting_unit(past: timedelta, words: str) -> None:
    now = datetime(3000, 11, 21, tzinfo=UTC)
    assert figures.ago(now - past, now) == words
