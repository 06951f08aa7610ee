from __future__ import annotations

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
