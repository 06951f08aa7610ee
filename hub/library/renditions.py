"""All qualities of videos, made before anybody watches: those somebody asked for, and those the settings want.

What is asked for is a job for each video, done at once. The policy has one job for all it wants, the video added last
first; it runs within the hours set, and rests while there is other work on the library. What was made stays while its
video is there as it was, and was asked for or is wanted by the policy; after that it counts as cache.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime

import msgspec

from hub.accounts.service import AccountService
from hub.accounts.types import Viewer
from hub.config import StreamingSettings
from hub.db.repositories.derived import Kind
from hub.db.retry import Retry
from hub.errors import NotFound, NotPlayable
from hub.events import EventBus, JobChanged, VideosAdded, VideosChanged, VideosRemoved
from hub.jobs.service import JobContext, JobService
from hub.jobs.types import Job, JobState
from hub.library import derived, scanner, thumbnails
from hub.library.catalogue import LibraryService, require_manager
from hub.library.derived import DerivedService, Workers
from hub.library.premake_policy import is_open, is_wanted
from hub.library.types import MediaFile, VideoQuery
from hub.media.errors import UnreadableFile
from hub.media.stream.premade import Held, Premaker
from hub.media.stream.premade_film import Progress
from hub.media.stream.presentation import content_id
from hub.media.stream.service import StreamFile
from hub.runtime.tasks import TaskScope

KIND = "renditions"
KIND_POLICY = "renditions-policy"
LOOK_S = 20.0
"""How often it is looked whether the hours have come."""
SETTLE_S = 5.0
"""How long after a change the library is looked through: scans announce many in a row, and other work comes first."""
_BEFORE = (scanner.KIND, scanner.KIND_CHANGES, thumbnails.KIND, derived.JOB, KIND)


class RenditionsProgress(msgspec.Struct, frozen=True, kw_only=True):
    """The detail of both kinds of job; their units are segments of the present video."""

    current: str
    """Title of the video."""
    speed: float | None
    """Times as fast as the video plays; None while it is not known."""
    eta_s: float | None
    """Seconds until this video is done."""
    is_waiting: bool
    """Whether viewers come first at this moment."""


def stream_file(file: MediaFile) -> StreamFile:
    """A file of the library as streaming wants it."""
    assert file.probe is not None  # of a file of the library it is always known
    return StreamFile(
        path=file.path,
        fingerprint=file.fingerprint,
        size_bytes=file.size_bytes,
        probe=file.probe,
        complexity=file.complexity,
    )


class RenditionService:
    """Has qualities made, and those stay that are wanted."""

    def __init__(
        self,
        events: EventBus,
        jobs: JobService,
        accounts: AccountService,
        library: LibraryService,
        derived: DerivedService,
        workers: Workers,
        premaker: Premaker,
        settings: StreamingSettings,
        *,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        """`workers` measure how hard a video is to encode; `now` tells the local time."""
        self._events = events
        self._jobs = jobs
        self._accounts = accounts
        self._library = library
        self._derived = derived
        self._workers = workers
        self._premaker = premaker
        self._settings = settings
        self._now = now
        self._tasks = TaskScope("renditions")
        self._heard: list[Callable[[], None]] = []
        self._changed = asyncio.Event()
        self._changed.set()
        self._done: set[str] = set()
        """Videos of which nothing is left to make."""
        self._before: set[str] = set()
        """Ids of jobs that go first."""
        self._calm = asyncio.Event()
        self._calm.set()
        jobs.register(KIND, self._make_asked)
        jobs.register(KIND_POLICY, self._make_wanted)

    async def start(self) -> None:
        """Begin to look for what the policy wants, and for what nobody wants any more."""
        self._heard = [
            self._events.subscribe(VideosAdded, self._on_change),
            self._events.subscribe(VideosChanged, self._on_change),
            self._events.subscribe(VideosRemoved, self._on_change),
            self._events.subscribe(JobChanged, self._on_job),
        ]
        self._tasks.start(self._look_after(), name="look after")

    async def close(self) -> None:
        """End everything; the job queue has ended the jobs."""
        for unsubscribe in self._heard:
            unsubscribe()
        await self._tasks.close()
        await self._premaker.close()

    async def request(self, viewer: Viewer, video_id: str) -> Job:
        """Have all qualities of a video made now. NotAllowed, NotFound, NotPlayable when there is no file of it."""
        require_manager(viewer)
        await self._library.playable_file(viewer, video_id)
        video = await self._library.get_video(viewer, video_id)
        return await self._jobs.submit(
            KIND, video_id, f"Making all qualities of {video.title}", {"video_id": video_id}
        )

    # --- the jobs -----------------------------------------------------------------------------------------------------

    async def _make_asked(self, context: JobContext) -> None:
        video_id = context.payload["video_id"]
        file = await self._file(await self._accounts.local_viewer(), video_id)
        await self._make(context, file, Held(video_id=video_id, is_asked=True), lambda: True)

    async def _make_wanted(self, context: JobContext) -> None:
        """Until nothing is left, or the hours are over: the next ones go on with it."""
        while self._is_open:
            await self._calm.wait()
            file = await self._next()
            if file is None:
                return
            held = Held(video_id=file.video_id, is_asked=False)
            try:
                is_made = await self._make(context, file, held, lambda: self._is_open and self._calm.is_set())
            except (NotPlayable, UnreadableFile):
                is_made = True  # as far as can be
            if is_made:
                self._done.add(file.video_id)

    async def _make(
        self, context: JobContext, file: MediaFile, held: Held, may_go_on: Callable[[], bool]
    ) -> bool:
        viewer = await self._accounts.local_viewer()
        title = (await self._library.get_video(viewer, file.video_id)).title

        def report(progress: Progress) -> None:
            detail = RenditionsProgress(
                current=title, speed=progress.speed, eta_s=progress.eta_s, is_waiting=progress.is_waiting
            )
            context.report(done_units=progress.done, total_units=progress.total, detail=detail)

        return await self._premaker.make(stream_file(file), held, report, may_go_on=may_go_on)

    async def _file(self, viewer: Viewer, video_id: str) -> MediaFile:
        """The file of a video, once it is known how hard it is to encode: its segments keep to what is known first."""
        await self._derived.make_now(video_id, Kind.COMPLEXITY, self._workers)
        return await self._library.playable_file(viewer, video_id)

    # --- the policy ---------------------------------------------------------------------------------------------------

    @property
    def _is_open(self) -> bool:
        return is_open(self._settings.premake_hours, self._now().time())

    def _is_wanted(self, channel: str | None) -> bool:
        return is_wanted(
            channel,
            everything=self._settings.premake == "all",
            channels=self._settings.premake_channels,
        )

    async def _look_after(self) -> None:
        """After changes and when the hours come: release what nobody wants, ask for what the policy wants."""
        was_open, retry = False, Retry("Looking for videos to be made ahead")
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), LOOK_S)
            is_open_now = self._is_open
            has_changed = self._changed.is_set()
            if has_changed:
                await asyncio.sleep(SETTLE_S)
                self._changed.clear()
                await retry.until_done(self._release)
            if is_open_now and (has_changed or not was_open):
                await retry.until_done(self._ask)
            was_open = is_open_now

    async def _ask(self) -> None:
        await self._calm.wait()
        if await self._next() is not None:
            job = await self._jobs.submit(KIND_POLICY, "all", "Making qualities of videos ahead")
            await self._jobs.wait(job.id)

    async def _next(self) -> MediaFile | None:
        """The file of a video that the policy wants and of which something is missing."""
        if self._settings.premake == "all":
            queries = [VideoQuery()]
        else:
            queries = [VideoQuery(channel=name) for name in self._settings.premake_channels]
        viewer = await self._accounts.local_viewer()
        for query in queries:
            for video_id in await self._library.video_ids(viewer, query):
                if video_id in self._done:
                    continue
                with contextlib.suppress(NotFound, NotPlayable):
                    file = await self._file(viewer, video_id)
                    if file.video_codec and not await self._premaker.is_made(stream_file(file)):
                        return file
                    self._done.add(video_id)
        return None

    async def _release(self) -> None:
        for content, held in (await self._premaker.held()).items():
            if not await self._is_held(content, held):
                await self._premaker.release(content)

    async def _is_held(self, content: str, held: Held) -> bool:
        viewer = await self._accounts.local_viewer()
        try:
            video = await self._library.get_video(viewer, held.video_id)
            file = await self._library.playable_file(viewer, held.video_id)
        except NotPlayable:
            return True  # its disk may be back any time
        except NotFound:
            return False
        is_same = content_id(file.fingerprint, file.size_bytes) == content
        return is_same and (held.is_asked or self._is_wanted(video.channel))

    def _on_change(self, event: VideosAdded | VideosChanged | VideosRemoved) -> None:
        self._done.difference_update(event.ids)
        self._changed.set()

    def _on_job(self, event: JobChanged) -> None:
        if event.job.kind not in _BEFORE:
            return
        if event.job.state is JobState.RUNNING:
            self._before.add(event.job.id)
        elif event.job.state.is_over:
            self._before.discard(event.job.id)
        if self._before:
            self._calm.clear()
        else:
            self._calm.set()
