"""Running encode sessions: shared by everybody within reach, held back when far enough ahead, ended when nobody reads.

A segment that is not there is waited for when a running session comes to it in a moment, else a session begins there.
A reader is one player; one that jumps leaves its old session, which ends if it was the last, while two players at
different places of the same rendition have a session each. What a reader still waits for at a place it has
left is refused: it needs that no more, and the machine is free for the new place. A session that crashes or hangs costs
a second try of the segment it was at; after that the rendition counts as failing for this content, and players go to
another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from pathlib import Path
from typing import NamedTuple

import msgspec
from cachetools import LRUCache

from hub.errors import MediaError, RenditionFailed, StorageFull, TooBusy
from hub.media.errors import (
    BrokenMedia,
    DiskFull,
    InitMismatch,
    OutputNotWritable,
    PoolClosed,
    UnreadableFile,
    WorkerTimeout,
)
from hub.media.files import not_writable
from hub.media.stream.failures import Failures
from hub.media.stream.processes import EncoderProcesses, Encoding
from hub.media.stream.slots import Slot, Slots, load
from hub.media.stream.store import SegmentStore
from hub.media.stream.types import SEGMENT_S, EncodeJob, EncodeOutput, Timeline, VideoRendition
from hub.runtime.tasks import TaskScope

log = logging.getLogger(__name__)

REACH = 2
"""A session is waited for when it is to make the segment after at most so many others."""
AHEAD = 6
"""Segments a session goes on beyond what was read last: some twelve seconds."""
RUN = 4
"""So many segments in a row that are there already are not made again: the session ends before them."""
IDLE_S = 8.0
"""A session that nobody reads ends after this time, found out at most a second later."""
HANG_S = 20.0
"""A session that may go on and does not say anything for this time is stuck."""
_START_UP = 5
"""So many times as long may pass before it says anything at all: a process has to start, on a busy machine perhaps."""
PATIENCE_S = 60.0
"""Nobody waits longer than this for a segment."""
_MOST_PLACES = 1_000
_LOOK_S = 0.5
_INIT_LOOK_S = 0.03


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is streamed."""

    content: str
    """Name of its folder in the store."""
    path: bytes
    timeline: Timeline
    size: tuple[int, int]
    """Coded width and height of its pictures."""


class _Place(NamedTuple):
    """A segment that a reader asked for."""

    content: str
    rendition: str
    k: int


class _Over(Exception):
    """The session ended before it came to the segment; another one may make it."""


class _Session:
    """One encode session and who reads it."""

    def __init__(self, source: Source, rendition: VideoRendition, first: int, stop: int, slot: Slot) -> None:
        self.source = source
        self.rendition = rendition
        self.first = self.next = self.reported = first
        """`next`: segments before it can be had; `reported`: are written, and being looked at."""
        self.stop = stop
        self.granted = min(stop, first + 1 + AHEAD)
        self.slot = slot
        self.readers: dict[str, float] = {}
        """When each asked last."""
        self.encoding: Encoding | None = None
        self.task: asyncio.Task[None] | None = None
        self.is_over = self.has_spoken = False
        self.progressed_at = self.made_at = self.read_at = time.monotonic()
        self.at_work_s = 0.0
        """Time for all segments but the first, without being held back; `made` counts them."""
        self.made = 0
        self._taking_in = asyncio.Lock()
        self._waiting: dict[int, dict[asyncio.Future[None], str]] = {}
        """By segment, those who wait for it and the reader of each."""

    @property
    def key(self) -> tuple[str, str]:
        return self.source.content, self.rendition.id

    @property
    def is_awaited(self) -> bool:
        return bool(self._waiting)

    def reaches(self, k: int) -> bool:
        """Whether waiting for this session is the quickest way to segment `k`."""
        return not self.is_over and self.next <= k < min(self.stop, self.next + 1 + REACH)

    def is_near(self, k: int) -> bool:
        """Whether a reader of segment `k` reads what this session made, or is about to."""
        return not self.is_over and self.first <= k <= min(self.stop, self.next + REACH)

    def read(self, reader: str, k: int) -> None:
        """A reader is at segment `k`: it keeps the session going."""
        self.readers[reader] = self.read_at = time.monotonic()
        self.grant(k + 1 + AHEAD)

    def grant(self, upto: int) -> None:
        upto = min(upto, self.stop)
        if upto <= self.granted:
            return
        if self.reported >= self.granted:
            self.progressed_at = self.made_at = time.monotonic()  # it was held back, and is expected to go on
        self.granted = upto
        if self.encoding is not None:
            self.encoding.grant(upto)

    async def wait_for(self, k: int, reader: str) -> None:
        """Return once segment `k` is made. _Over, TooBusy when the reader left, or the session's error."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(k, {})[waiter] = reader
        try:
            await waiter
        finally:
            waiting = self._waiting.get(k)
            if waiting is not None:
                waiting.pop(waiter, None)
                if not waiting:
                    del self._waiting[k]
            self.read_at = time.monotonic()

    def note_progress(self, upto: int) -> None:
        """The worker says that segments before `upto` are written."""
        now = time.monotonic()
        if self.reported > self.first:
            self.at_work_s += now - self.made_at
            self.made += upto - self.reported
        self.reported = upto
        self.made_at = now

    async def take_in(self, store: SegmentStore, upto: int) -> None:
        """Segments before `upto` have been written: have them found, then wake those who wait for them."""
        async with self._taking_in:
            if upto > self.next:
                await store.added(*self.key, self.next, upto)
                self.next = upto
                self._wake(upto)

    def _wake(self, upto: int) -> None:
        for k in [k for k in self._waiting if k < upto]:
            for waiter in self._waiting.pop(k):
                if not waiter.done():
                    waiter.set_result(None)

    def leave(self, reader: str) -> None:
        """The reader has gone elsewhere: what it still waits for here is refused."""
        del self.readers[reader]
        for k, waiting in list(self._waiting.items()):
            for waiter in [waiter for waiter, whose in waiting.items() if whose == reader]:
                del waiting[waiter]
                if not waiter.done():
                    waiter.set_exception(_left())
            if not waiting:
                del self._waiting[k]

    def turn_away(self, error: Exception) -> None:
        """Nothing more will come."""
        self.is_over = True
        for waiting in self._waiting.values():
            for waiter in waiting:
                if not waiter.done():
                    waiter.set_exception(error)
        self._waiting.clear()


class SessionKeeper:
    """Makes segments of re-encoded video by running sessions."""

    def __init__(
        self,
        store: SegmentStore,
        slots: Slots,
        encoders: EncoderProcesses,
        failures: Failures,
        *,
        idle_s: float = IDLE_S,
        hang_s: float = HANG_S,
    ) -> None:
        self._store = store
        self._slots = slots
        self._encoders = encoders
        self._failures = failures
        self._idle_s = idle_s
        self._hang_s = hang_s
        self._sessions: list[_Session] = []
        self._crashes: dict[tuple[str, str], int] = {}
        """The segment at which a rendition has failed once."""
        self._places: LRUCache[str, _Place] = LRUCache(_MOST_PLACES)
        """What each reader asked for last."""
        self._tasks = TaskScope("sessions")
        self._closed = False

    @property
    def running(self) -> list[tuple[str, str, int]]:
        """(content, rendition, next segment) of each session."""
        return [(*session.key, session.next) for session in self._sessions]

    async def close(self) -> None:
        """End all sessions; who waits is told."""
        self._closed = True
        for session in list(self._sessions):
            session.turn_away(PoolClosed("Marquee is shutting down."))
        await self._tasks.close()
        await self._encoders.close()

    async def segment(
        self, source: Source, rendition: VideoRendition, k: int, *, count: int, reader: str
    ) -> Path:
        """The file of segment `k` of `count`, made if need be. `reader` names the player that asks.

        TooBusy (also when the reader asks for another place meanwhile), RenditionFailed, StorageFull, or what is
        wrong with the source (UnreadableFile).
        """
        self._note_read(source.content, rendition.id, k, reader)
        return await self._made(source, rendition, k, count, reader)

    async def _made(self, source: Source, rendition: VideoRendition, k: int, count: int, reader: str) -> Path:
        """Segment `k` once it is there, however many sessions that takes."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    path = self._store.path(source.content, rendition.id, k)
                    if path is not None:
                        return path
                    try:
                        session = self._within_reach(source.content, rendition.id, k)
                        if session is None:
                            session = await self._begin(source, rendition, k, count, reader)
                        session.read(reader, k)
                        await session.wait_for(k, reader)
                    except _Over:
                        continue
        except TimeoutError as error:
            raise _too_slow() from error

    async def init(
        self, source: Source, rendition: VideoRendition, k: int, *, count: int, reader: str
    ) -> Path:
        """The init segment, which comes with the first picture of any session.

        One begins where this reader read this content last, in whichever rendition, or else at `k`.
        """
        last = self._places.get(reader)
        if last is not None and last.content == source.content:
            k = min(last.k, count - 1)
        give_up_at = time.monotonic() + PATIENCE_S
        is_noted = False
        while time.monotonic() < give_up_at:
            path = self._store.init_path(source.content, rendition.id)
            path = path or await self._store.find_init(source.content, rendition.id)
            if path is not None:
                return path
            if not is_noted:
                self._note_read(source.content, rendition.id, k, reader)
                is_noted = True
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_INIT_LOOK_S):
                    await self._made(source, rendition, k, count, reader)
                    # It is there without its init segment: somebody removed that file.
                    if await self._store.find_init(source.content, rendition.id) is None:
                        await self._store.drop(source.content, rendition.id)
        raise _too_slow()

    # Who reads what:

    def _note_read(self, content: str, rendition: str, k: int, reader: str) -> None:
        """Keep the sessions going that this reader reads; it has left all others. Once for each request."""
        self._places[reader] = _Place(content, rendition, k)
        for session in list(self._sessions):
            if session.key == (content, rendition) and session.is_near(k):
                session.read(reader, k)
            elif reader in session.readers:
                if session.key[0] == content and abs(session.next - k) <= AHEAD:
                    del session.readers[
                        reader
                    ]  # another quality of the same place: what is on its way may come
                else:
                    session.leave(reader)
                if not session.readers and not session.is_awaited:
                    self._end(session, "its reader has gone elsewhere")

    def _has_left(self, content: str, k: int, reader: str) -> bool:
        """Whether the reader asked for another place after it asked for this one."""
        last = self._places.get(reader)
        return last is not None and (last.content != content or abs(last.k - k) > AHEAD)

    def _within_reach(self, content: str, rendition: str, k: int) -> _Session | None:
        fitting = [s for s in self._sessions if s.key == (content, rendition) and s.reaches(k)]
        return max(fitting, key=lambda s: s.next, default=None)

    # The life of a session:

    async def _begin(
        self, source: Source, rendition: VideoRendition, k: int, count: int, reader: str
    ) -> _Session:
        failed = await self._failures.of(source.content)
        if rendition.id in failed:
            raise RenditionFailed(failed[rendition.id])
        if (session := self._within_reach(source.content, rendition.id, k)) is not None:
            return session  # begun by somebody else in between
        if self._has_left(source.content, k, reader):
            raise _left()
        if self._closed:
            raise PoolClosed("Marquee is shutting down.")
        video = source.timeline.video
        assert video is not None
        need = load(source.size, video, rendition)
        slot = self._slots.take(need)
        stop = self._store.next_present(source.content, rendition.id, k, run=RUN) or count
        session = _Session(source, rendition, k, stop, slot)
        self._sessions.append(session)
        session.task = self._tasks.start(self._drive(session), name=f"{rendition.id} from {k}")
        return session

    def _end(self, session: _Session, why: str) -> None:
        log.debug(
            "%s of %s ends before %d: %s", session.rendition.id, session.source.content, session.next, why
        )
        session.turn_away(_Over())
        if session.encoding is not None:
            session.encoding.end()
        self._forget(session)

    def _forget(self, session: _Session) -> None:
        if session.made > 1:
            self._slots.saw(session.slot, session.made * SEGMENT_S / max(session.at_work_s, 0.001))
            session.made = 0
        session.slot.give_back()
        if session in self._sessions:
            self._sessions.remove(session)

    async def _drive(self, session: _Session) -> None:
        """Run a session from its beginning to its end, and say to those who wait how it ended."""
        error: Exception = _Over()
        try:
            await self._run(session)
        except OutputNotWritable as problem:
            error = await self._when_not_writable(session, problem)
        except InitMismatch as problem:
            # What is kept was made by another program: all of it is made anew.
            await self._store.drop(*session.key)
            error = await self._when_failed(session, problem)
        except (TooBusy, UnreadableFile, PoolClosed) as problem:
            error = problem
        except MediaError as problem:
            error = await self._when_failed(session, problem)
        except asyncio.CancelledError:
            if not session.is_over:
                raise
        finally:
            if session.encoding is not None:
                session.encoding.end()
            session.turn_away(error)
            self._forget(session)

    async def _run(self, session: _Session) -> None:
        source, rendition = session.source, session.rendition
        try:
            folder = await self._store.make_folder(source.content, rendition.id)
        except OSError as problem:
            raise not_writable("The folder of segments", problem) from problem
        job = EncodeJob(
            path=source.path,
            timeline=source.timeline,
            outputs=(EncodeOutput(rendition=rendition, folder=bytes(folder)),),
            first=session.first,
            stop=session.stop,
            granted=session.granted,
        )

        def on_progress(done: int, _total: int, _text: str) -> None:
            session.progressed_at = time.monotonic()
            session.has_spoken = True
            if done > session.reported and not session.is_over:
                session.note_progress(done)
                self._tasks.start(session.take_in(self._store, done), name=f"segments before {done}")

        encoding = session.encoding = await self._encoders.begin(job, on_progress)
        if session.is_over:
            return
        encoding.grant(session.granted)
        session.progressed_at = session.made_at = time.monotonic()
        while not session.is_over:
            await asyncio.wait({encoding.answer}, timeout=_LOOK_S)
            if encoding.answer.done():
                made = await encoding.answer
                await session.take_in(self._store, made.next)
                if made.next < session.stop:
                    raise BrokenMedia(f"It ended at segment {made.next} of {session.stop}.")
                return
            self._look_after(session)

    def _look_after(self, session: _Session) -> None:
        """End a session that nobody reads, that is done before its end, or that is stuck."""
        now = time.monotonic()
        content, rendition = session.key
        if not session.is_awaited and now - session.read_at > self._idle_s:
            self._end(session, "nobody reads it")
        elif self._store.next_present(content, rendition, session.next, run=RUN) == session.next:
            self._end(session, "what comes next is there already")
        limit_s = self._hang_s * (1 if session.has_spoken else _START_UP)
        if session.reported < session.granted and now - session.progressed_at > limit_s:
            raise WorkerTimeout(f"The encoder did nothing for {limit_s:g} s.")

    async def _when_not_writable(self, session: _Session, problem: OutputNotWritable) -> Exception:
        """A full disk may take more once there is some room; for anything else nothing is removed."""
        is_full = isinstance(problem, DiskFull)
        if is_full and await self._store.make_room():
            return _Over()
        log.warning("segments cannot be written: %s", problem.message)
        if not is_full:
            return OutputNotWritable(
                f"Video cannot be converted: {problem.message} "
                "See to it that Marquee may write into its data folder."
            )
        return StorageFull(
            f"Video cannot be converted: {problem.message} Free some space on the disk of Marquee's data folder."
        )

    async def _when_failed(self, session: _Session, problem: MediaError) -> Exception:
        """A first failure at a segment costs another try; the second one is remembered."""
        place = session.key
        log.warning("%s from segment %d: %s", session.rendition.id, session.next, problem.message)
        if self._crashes.get(place) != session.next:
            self._crashes[place] = session.next
            return _Over()
        del self._crashes[place]
        reason = f"The video cannot be converted to this quality: {problem.message}"
        await self._failures.note(*place, problem, reason)
        return RenditionFailed(reason)


def _left() -> TooBusy:
    return TooBusy("This player has asked for another part of the video since.", retry_after_s=1)


def _too_slow() -> TooBusy:
    return TooBusy(
        f"This part of the video was not ready after {PATIENCE_S:g} s: the machine is too slow for this quality. "
        "Try a lower one.",
        retry_after_s=5,
    )
