"""`StreamService`: the one door to streaming for `server/` and the window.

A caller says which file (`StreamFile`); what comes back are presentations, and paths of segments that are there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
from cachetools import LRUCache, TTLCache

from hub.errors import HubError, MediaError, NotFound, NotPlayable, TooBusy
from hub.media.errors import PoolClosed, UnreadableFile, WorkerCrashed, WorkerTimeout
from hub.media.operations import TIMELINE, TRIAL, TrialJob
from hub.media.pool import MediaPool, Priority
from hub.media.stream.blocks import BlockMaker
from hub.media.stream.failures import Failures
from hub.media.stream.plan import SegmentPlan, plan_of
from hub.media.stream.presentation import Presentation, content_id, present
from hub.media.stream.processes import EncoderProcesses
from hub.media.stream.sessions import SessionKeeper, Source
from hub.media.stream.slots import Slots, decoding_load
from hub.media.stream.store import SegmentStore
from hub.media.stream.types import Rendition, TextRendition, Timeline, TimelineJob, Trial, VideoRendition
from hub.media.types import Probe
from hub.runtime.tasks import TaskScope

log = logging.getLogger(__name__)

TIMELINE_NAME = "timeline.mp"
MACHINE_NAME = "machine.mp"
_MEASURE_AFTER_S = 30.0
TIMELINE_S = 300.0
"""Reading a file without an index takes a pass over all of it, perhaps from a slow disk."""
_TIMELINE_STEP = "timeline"


class StreamFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file to be streamed, as the library knows it."""

    path: bytes
    fingerprint: str
    size_bytes: int
    probe: Probe
    text: tuple[TextRendition, ...] = ()
    complexity: float | None = None
    """How hard its pictures are to encode, 1.0 for a typical film; counts when the file is first prepared."""


class Prepared(msgspec.Struct, frozen=True):
    """What is kept of a content beside its segments. Its segments depend on it: it never changes."""

    timeline: Timeline
    complexity: float = 1.0


class _Machine(msgspec.Struct, frozen=True):
    """A trial, and of which machine."""

    name: str
    trial: Trial


def _machine_name() -> str:
    return f"{platform.node()} {platform.machine()} {os.cpu_count()}"


def _is_loaded() -> bool:
    """Whether others keep the machine busy: a trial beside them would tell too little."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > 0.5 * (os.cpu_count() or 1)


class StreamService:
    """Presentations of files, and their segments."""

    def __init__(self, root: Path, pool: MediaPool, *, cache_bytes: int = 0, most_sessions: int = 0) -> None:
        self.store = SegmentStore(root, cache_bytes)
        self.slots = Slots(most=most_sessions)
        self.encoders = EncoderProcesses()
        self._pool = pool
        self.failures = Failures(root)
        self.keeper = SessionKeeper(self.store, self.slots, self.encoders, self.failures)
        self._blocks = BlockMaker(self.store, pool, self.failures)
        self._tasks = TaskScope("streams")
        self._prepared: LRUCache[str, Prepared] = LRUCache(64)
        self._preparing: dict[str, asyncio.Future[Prepared]] = {}
        self._presentations: LRUCache[str, Presentation] = LRUCache(64)
        self._plans: LRUCache[tuple[str, str], SegmentPlan] = LRUCache(256)
        self._starts_s: TTLCache[str, float] = TTLCache(1_000, 3_600)

    async def start(self) -> None:
        """Begin to list what is kept, and later, when nobody streams, to find out what the machine can do."""
        await self.store.start()
        self._tasks.start(self._measure(), name="measure")

    async def close(self) -> None:
        """End what is being made, and write down what was used when."""
        await self._tasks.close()
        await self.keeper.close()
        await self._blocks.close()
        await self.store.close()

    def headroom(self, probe: Probe) -> float | None:
        """Pixels a second that can be encoded of this file beside what runs; None while nothing runs."""
        if self.slots.left >= 1:
            return None
        video = probe.video
        if video is None:
            return None
        decoding = decoding_load((video.width or 0, video.height or 0), video.frame_rate or 30.0)
        return max(0.0, self.slots.left * self.slots.pixels_per_s - decoding)

    def expect(self, file: StreamFile, play: str, start_s: float, *, encodes: bool) -> None:
        """A player is about to stream `file` from `start_s` on; its readers' names begin with `play`.

        Its time line is read meanwhile, and with `encodes` an encoder made ready.
        """
        self._starts_s[play] = start_s
        if encodes:
            self.encoders.warm()
        self._begin_preparing(content_id(file.fingerprint, file.size_bytes), file)

    async def presentation(self, file: StreamFile) -> Presentation:
        """The renditions of a file but those that fail at this time. NotPlayable when it cannot be read."""
        content = content_id(file.fingerprint, file.size_bytes)
        with _told_to_viewers():
            prepared = await self._prepare(content, file)
        known = self._presentations.get(content)
        if known is None:
            known = present(file.probe, prepared.timeline, content, complexity=prepared.complexity)
            self._presentations[content] = known
        if failed := await self.failures.of(content):
            known = _without(known, frozenset(failed))
        return msgspec.structs.replace(known, text=file.text) if file.text else known

    async def init(
        self, file: StreamFile, presentation: Presentation, rendition_id: str, *, play: str, reader: str
    ) -> Path:
        """The init segment of a rendition. NotFound, TooBusy, RenditionFailed, StorageFull, NotPlayable."""
        rendition, plan = self._find(presentation, rendition_id)
        k = plan.at(self._starts_s.get(play, 0.0))
        source = source_of(file, presentation)
        await self.store.ready()
        with _told_to_viewers():
            if isinstance(rendition, VideoRendition) and not rendition.is_copy:
                return await self.keeper.init(source, rendition, k, count=plan.count, reader=reader)
            return await self._blocks.init(source, rendition, k, count=plan.count)

    async def segment(
        self, file: StreamFile, presentation: Presentation, rendition_id: str, k: int, *, reader: str
    ) -> Path:
        """Segment `k` of a rendition, made if need be. NotFound also for a segment that the plan does not have.

        TooBusy, RenditionFailed, StorageFull, NotPlayable.
        """
        rendition, plan = self._find(presentation, rendition_id)
        if not 0 <= k < plan.count:
            raise NotFound(f"{rendition_id} has the segments 0 to {plan.count - 1}; there is no {k}.")
        source = source_of(file, presentation)
        await self.store.ready()
        with _told_to_viewers():
            if isinstance(rendition, VideoRendition) and not rendition.is_copy:
                return await self.keeper.segment(source, rendition, k, count=plan.count, reader=reader)
            return await self._blocks.segment(source, rendition, k, count=plan.count)

    def _find(self, presentation: Presentation, rendition_id: str) -> tuple[Rendition, SegmentPlan]:
        # What failed since a manifest was made is still found: what there is of it plays, and the rest says why not.
        whole = self._presentations.get(presentation.content, presentation)
        rendition = presentation.find(rendition_id) or whole.find(rendition_id)
        if rendition is None or isinstance(rendition, TextRendition):
            raise NotFound("This file has no such rendition.")
        key = (presentation.content, rendition_id)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = plan_of(presentation.timeline, rendition)
        return rendition, plan

    async def _measure(self) -> None:
        """Have the machine tried, once for each; what was found is kept beside the segments."""
        path = self.store.root / MACHINE_NAME
        kept = await asyncio.to_thread(_load, path, _Machine)
        if kept is not None and kept.name == _machine_name():
            self.slots.measured(kept.trial.pixels_per_s)
            return
        await asyncio.sleep(_MEASURE_AFTER_S)
        while self.keeper.running or self._pool.busy or _is_loaded():  # noqa: ASYNC110  # the last of them tells nobody
            await asyncio.sleep(_MEASURE_AFTER_S)
        try:
            trial = await self._pool.run(TRIAL, TrialJob(), timeout_s=60, priority=Priority.BACKGROUND)
        except MediaError as error:
            log.warning("what this machine can encode is not known: %s", error.message)
            return
        log.info("this machine encodes %.0f megapixels a second", trial.pixels_per_s / 1e6)
        self.slots.measured(trial.pixels_per_s)
        await asyncio.to_thread(_save, path, _Machine(_machine_name(), trial))

    # What is known of a content:

    async def _prepare(self, content: str, file: StreamFile) -> Prepared:
        """The time line of a file: remembered, kept on disk, or read now, once for everybody who asks."""
        running = self._begin_preparing(content, file)
        return await asyncio.shield(running) if running is not None else self._prepared[content]

    def _begin_preparing(self, content: str, file: StreamFile) -> asyncio.Future[Prepared] | None:
        """What is to come, or None when it is there."""
        if content in self._prepared:
            return None
        running = self._preparing.get(content)
        if running is None:
            running = self._preparing[content] = asyncio.get_running_loop().create_future()
            self._tasks.start(self._fetch(content, file, running), name=f"time line of {content}")
        return running

    async def _fetch(self, content: str, file: StreamFile, answer: asyncio.Future[Prepared]) -> None:
        try:
            prepared = await self._read(content, file)
        except HubError as error:
            answer.set_exception(error)
            answer.exception()  # seen: whoever asked may have gone
        else:
            self._prepared[content] = prepared
            answer.set_result(prepared)
        finally:
            del self._preparing[content]
            answer.cancel()

    async def _read(self, content: str, file: StreamFile) -> Prepared:
        path = self.store.root / content / TIMELINE_NAME
        kept = await asyncio.to_thread(_load, path, Prepared)
        if kept is not None:
            return kept
        failed = await self.failures.of(content)
        if _TIMELINE_STEP in failed:
            raise NotPlayable(failed[_TIMELINE_STEP])
        try:
            timeline = await self._read_timeline(file)
        except (UnreadableFile, PoolClosed):
            raise
        except MediaError as error:
            reason = f"This file cannot be streamed: {error.message}"
            await self.failures.note(content, _TIMELINE_STEP, error, reason)
            raise NotPlayable(reason) from error
        prepared = Prepared(timeline, 1.0 if file.complexity is None else file.complexity)
        await asyncio.to_thread(_save, path, prepared)
        return prepared

    async def _read_timeline(self, file: StreamFile) -> Timeline:
        """With a second try where a worker died or was too slow, which the machine may be to blame for."""
        job = TimelineJob(file.path)
        try:
            return await self._pool.run(TIMELINE, job, timeout_s=TIMELINE_S, priority=Priority.INTERACTIVE)
        except (WorkerCrashed, WorkerTimeout) as problem:
            log.warning("reading the time line: %s", problem.message)
        return await self._pool.run(TIMELINE, job, timeout_s=TIMELINE_S, priority=Priority.INTERACTIVE)


@contextlib.contextmanager
def _told_to_viewers() -> Iterator[None]:
    """What is nobody's fault, in the words and classes of those who watch."""
    try:
        yield
    except UnreadableFile as error:
        raise NotPlayable(error.message) from error
    except PoolClosed as error:
        raise TooBusy(error.message, retry_after_s=5) from error


def source_of(file: StreamFile, presentation: Presentation) -> Source:
    """The file as those who make segments of it want it."""
    video = file.probe.video
    size = (video.width or 0, video.height or 0) if video is not None else (0, 0)
    return Source(content=presentation.content, path=file.path, timeline=presentation.timeline, size=size)


def _without(presentation: Presentation, failed: frozenset[str]) -> Presentation:
    """Without what is known to fail; with all of it where nothing would be left, or nothing for a plain player."""
    video = tuple(r for r in presentation.video if r.id not in failed)
    audio = tuple(r for r in presentation.audio if r.id not in failed)
    left = msgspec.structs.replace(
        presentation, video=video or presentation.video, audio=audio or presentation.audio
    )
    plain = left.default()
    return left if plain.video or plain.audio else presentation


K = TypeVar("K", bound=msgspec.Struct)


def _load(path: Path, kind: type[K]) -> K | None:
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError):
        return None


def _save(path: Path, value: msgspec.Struct) -> None:
    """Keep it, if the disk lets us: what is not kept is found out again."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}.part")
        partial.write_bytes(msgspec.msgpack.encode(value))
        partial.replace(path)
