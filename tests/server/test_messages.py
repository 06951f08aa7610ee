from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from hub.accounts.types import Role, Viewer
from hub.events import (
    Event,
    FoldersChanged,
    JobChanged,
    PositionChanged,
    SessionsEnded,
    SetupFinished,
    VideosAdded,
    VideosChanged,
    VideosRemoved,
    WindowRequested,
)
from hub.jobs.types import Job, JobState
from server.messages import EventMessage, ResyncMessage, concerns, message_for

JOB = Job(
    id="1", kind="scan", title="Scan", state=JobState.RUNNING, created_at=datetime(2026, 5, 1, tzinfo=UTC)
)
ADA = Viewer(user_id="ada", name="Ada", role=Role.OWNER)
BOB = Viewer(user_id="bob", name="Bob", role=Role.MEMBER)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (VideosAdded(("a", "b")), {"type": "videos.added", "ids": ["a", "b"]}),
        (VideosChanged(("a",)), {"type": "videos.changed", "ids": ["a"]}),
        (VideosRemoved(("a",)), {"type": "videos.removed", "ids": ["a"]}),
        (PositionChanged("ada", "v", 1.5), {"type": "position.changed", "video_id": "v", "position_s": 1.5}),
        (FoldersChanged(), {"type": "folders.changed"}),
        (SetupFinished(), {"type": "setup.finished"}),
    ],
)
def test_an_event_becomes_its_message(event: Event, expected: dict[str, object]) -> None:
    text = msgspec.json.encode(message_for(event))
    assert msgspec.json.decode(text) == expected
    assert isinstance(msgspec.json.decode(text, type=EventMessage), EventMessage)


def test_a_job_is_told_whole() -> None:
    said = msgspec.json.decode(msgspec.json.encode(message_for(JobChanged(JOB))))
    assert said["type"] == "job.changed"
    assert msgspec.convert(said["job"], Job) == JOB


@pytest.mark.parametrize("event", [SessionsEnded(("s",)), WindowRequested("v")])
def test_what_stays_inside_has_no_message(event: Event) -> None:
    assert message_for(event) is None


def test_every_other_event_has_one() -> None:
    # By name: a dataclass with slots leaves the class it was made from behind.
    told = {kind.__name__ for kind in Event.__subclasses__()} - {"SessionsEnded", "WindowRequested"}
    # A new event needs a message, or a word here that it stays inside.
    assert told <= {kind.__name__ for kind in message_for.registry}


def test_positions_are_told_to_their_person_only() -> None:
    assert concerns(PositionChanged("ada", "v", 1), ADA)
    assert not concerns(PositionChanged("ada", "v", 1), BOB)


def test_upkeep_is_told_to_those_who_manage() -> None:
    for event in (JobChanged(JOB), FoldersChanged()):
        assert concerns(event, ADA)
        assert not concerns(event, BOB)
    assert concerns(VideosAdded(("a",)), BOB)


def test_resync_is_part_of_the_union() -> None:
    assert msgspec.json.decode(b'{"type":"resync"}', type=EventMessage) == ResyncMessage()
