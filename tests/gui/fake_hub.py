"""The services the window's models speak to, in memory, on a real loop thread; counts what was asked of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from gui.bridge import Bridge
from gui.session import Opened, Session
from hub.accounts.types import Role, Viewer
from hub.errors import HubError, NotFound
from hub.events import EventBus
from hub.jobs.types import Job
from hub.library.types import (
    Availability,
    Page,
    Video,
    VideoDetail,
    VideoPatch,
    VideoQuery,
    VideoState,
    Visibility,
)

VIEWER = Viewer(user_id="01J00000000000000000000000", name="Ann", role=Role.OWNER)


def a_video(number: int, **changes: Any) -> Video:
    """Video `number`; its id sorts by it."""
    return msgspec.structs.replace(
        Video(
            id=f"{number:026}",
            title=f"Video {number}",
            description="",
            channel="Channel",
            tags=[],
            category=None,
            source="local",
            state=VideoState.READY,
            visibility=Visibility.HOUSEHOLD,
            duration_s=90.0 + number,
            width=1280,
            height=720,
            size_bytes=12_000_000,
            container="mp4",
            video_codec="h264",
            audio_codec="aac",
            published_at=None,
            added_at=datetime(2026, 1, 1, tzinfo=UTC),
            views=0,
            position_s=0.0,
            watched=False,
            availability=Availability.LOCAL,
            thumb_version=None,
            thumb_color=None,
        ),
        **changes,
    )


def a_detail(number: int, **changes: Any) -> VideoDetail:
    """Video `number` with everything known about it."""
    video = msgspec.structs.asdict(a_video(number, **changes))
    return VideoDetail(
        **video,
        file_path=None,
        streams=[],
        chapters=[],
        markers=[],
        captions=[],
        gain_db=None,
        storyboard_version=None,
        problem=None,
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


class FakeLibrary:
    """A list of videos. `calls` counts the requests, `asked` the ids that were fetched."""

    def __init__(self, count: int) -> None:
        self.ids = [f"{number:026}" for number in range(count)]
        self.changes: dict[str, dict[str, Any]] = {}
        self.pictures: dict[str, Path] = {}
        self.calls: Counter[str] = Counter()
        self.asked: list[str] = []
        self.deleted: list[str] = []
        self.patched: list[tuple[str, VideoPatch]] = []
        self.viewed: list[str] = []
        self.error: HubError | None = None

    async def video_ids(self, viewer: Viewer, query: VideoQuery) -> list[str]:
        self.calls["video_ids"] += 1
        if self.error is not None:
            raise self.error
        return list(self.ids)

    async def videos_by_ids(self, viewer: Viewer, ids: Sequence[str]) -> list[Video]:
        self.calls["videos_by_ids"] += 1
        self.asked += ids
        known = set(self.ids)
        return [a_video(int(i), **self.changes.get(i, {})) for i in ids if i in known]

    async def thumbnail_path(self, viewer: Viewer, video_id: str, width: int) -> Path:
        self.calls["thumbnail_path"] += 1
        if video_id not in self.pictures:
            raise NotFound("There is no picture of this video (yet).")
        return self.pictures[video_id]

    async def add_view(self, viewer: Viewer, video_id: str) -> None:
        self.viewed.append(video_id)

    async def delete_video(self, viewer: Viewer, video_id: str) -> None:
        if video_id not in self.ids:
            raise NotFound("There is no video with this id.")
        self.ids.remove(video_id)
        self.deleted.append(video_id)

    async def get_video(self, viewer: Viewer, video_id: str) -> VideoDetail:
        if video_id not in self.ids:
            raise NotFound("There is no video with this id.")
        return a_detail(int(video_id), **self.changes.get(video_id, {}))

    async def update_video(self, viewer: Viewer, video_id: str, patch: VideoPatch) -> VideoDetail:
        if self.error is not None:
            raise self.error
        self.patched.append((video_id, patch))
        return a_detail(int(video_id))


class FakeJobs:
    """A fixed list of active jobs."""

    def __init__(self) -> None:
        self.active: list[Job] = []
        self.cancelled: list[str] = []

    async def list(self, *, limit: int, cursor: str | None, active_only: bool) -> Page[Job]:
        return Page(items=self.active)

    async def cancel(self, job_id: str) -> Job:
        self.cancelled.append(job_id)
        return next(job for job in self.active if job.id == job_id)


class FakePositions:
    """Remembers what was stored, in order."""

    def __init__(self) -> None:
        self.stored: list[tuple[str, float]] = []
        self.following: dict[str, Video] = {}
        self.asked: list[str] = []
        self.begun: list[Video] = []
        self.failures = 0

    async def set(self, viewer: Viewer, video_id: str, position_s: float, at: datetime | None = None) -> None:
        if self.failures:
            self.failures -= 1
            raise HubError("The disk is full.")
        self.stored.append((video_id, position_s))

    async def next_video(self, viewer: Viewer, video_id: str) -> Video | None:
        self.asked.append(video_id)
        return self.following.get(video_id)

    async def continue_watching(self, viewer: Viewer, *, limit: int, cursor: str | None) -> Page[Video]:
        return Page(items=self.begun[:limit])


class FakeHub:
    """The services together."""

    def __init__(self, count: int = 0) -> None:
        self.events = EventBus()
        self.library = FakeLibrary(count)
        self.jobs = FakeJobs()
        self.positions = FakePositions()
        self.folders = SimpleNamespace()

    def session(self, bridge: Bridge) -> Session:
        """A session on this hub."""
        return Session(bridge, self.opened())

    def opened(self, setup_code: str | None = None) -> Opened:
        """What the window gets."""
        return Opened(
            hub=cast(Any, self), viewer=VIEWER, url="http://192.168.1.23:8765", setup_code=setup_code
        )
