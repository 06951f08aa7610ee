from __future__ import annotations

from datetime import time

import pytest

from hub.library.premake_policy import is_open, is_wanted


@pytest.mark.parametrize(
    ("hours", "now", "expected"),
    [
        ("", "12:00", True),
        ("01:00-06:00", "00:59:59", False),
        ("01:00-06:00", "01:00", True),
        ("01:00-06:00", "05:59:59.999999", True),
        ("01:00-06:00", "06:00", False),
        ("22:30-06:00", "22:29", False),
        ("22:30-06:00", "22:30", True),
        ("22:30-06:00", "00:00", True),
        ("22:30-06:00", "06:00", False),
        ("00:00-00:00", "13:00", True),
    ],
)
def test_hours(hours: str, now: str, *, expected: bool) -> None:
    assert is_open(hours, time.fromisoformat(now)) is expected


@pytest.mark.parametrize(
    ("channel", "everything", "channels", "expected"),
    [
        ("Garden", False, [], False),
        ("Garden", True, [], True),
        (None, True, [], True),
        (None, False, ["Garden"], False),
        ("Garden", False, ["Kitchen", "garden"], True),
        ("Garden", False, ["Kitchen"], False),
    ],
)
def test_wanted(channel: str | None, channels: list[str], *, everything: bool, expected: bool) -> None:
    assert is_wanted(channel, everything=everything, channels=channels) is expected
