from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.cli.progress import describe
from hub.jobs.types import Job, JobState


@pytest.mark.parametrize(
    ("state", "detail", "words"),
    [
        ("running", {"speed": None, "eta_s": None, "is_waiting": False}, "7 of 1,200  A film"),
        (
            "running",
            {"speed": 2.34, "eta_s": 5.0, "is_waiting": False},
            "7 of 1,200  2.3x  1 min left  A film",
        ),
        (
            "running",
            {"speed": 0.5, "eta_s": 7500.0, "is_waiting": False},
            "7 of 1,200  0.5x  2 h 05 min left  A film",
        ),
        (
            "running",
            {"speed": 2.0, "eta_s": 5.0, "is_waiting": True},
            "7 of 1,200  viewers come first  A film",
        ),
        ("cancelled", {"speed": 2.0, "eta_s": 5.0, "is_waiting": True}, "7 of 1,200  A film"),
    ],
)
def test_what_is_made_ahead_in_one_line(state: str, detail: dict[str, Any], words: str) -> None:
    job = Job(
        id="1",
        kind="renditions",
        title="t",
        state=JobState(state),
        done_units=7,
        total_units=1200,
        detail=detail | {"current": "A film"},
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert describe(job) == words
