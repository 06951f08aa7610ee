"""Whole ladders made before anybody watches: one decoding for all rungs of a file, and its sound.

What is in the store is not made again: work begins at the first segment that is missing, so it goes on where it ended
however it ended. It gives way to viewers: while anything is encoded for them its process is gone, which costs a segment
of each rung. One process crash or hang costs another try; after a second one each rung is tried alone, so that one that
cannot be made does not take the others with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from hub.errors import MediaError, NotPlayable, RenditionFailed, StorageFull
from hub.media.errors import (
    BrokenMedia,
    InitMismatch,
    OutputNotWritable,
    PoolClosed,
    UnreadableFile,
    WorkerTimeout,
)
from hub.media.pool import MediaPool
from hub.media.process import patient_worker_command
from hub.media.stream.blocks import BlockMaker
from hub.media.stream.premade_film import TRIES, Film, Progress, Stretch, first_stretch
from hub.media.stream.processes import EncoderProcesses
from hub.media.stream.service import StreamFile, StreamService, source_of
from hub.media.stream.types import (
    SEGMENT_S,
    AudioRendition,
    EncodeJob,
    EncodeOutput,
)

log = logging.getLogger(__name__)

CALM_S = 5.0
"""How long nothing must be encoded for viewers before work goes on: one that seeks is back in a moment."""
HANG_S = 120.0
"""An encoder that does not say anything for this time is stuck; it has the lowest priority there is."""
SPARE_BYTES = 1 << 30
"""So much stays free on the disk."""
_LOOK_S = 0.5
_SOUND_BLOCK = 16
_RECORD = "premade.json"


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a content's renditions stay."""

    video_id: str
    is_asked: bool
    """Whether somebody asked for them, rather than a policy."""


OnProgress = Callable[[Progress], None]


class Premaker:
    """Makes ladders, and has them stay."""

    def __init__(
        self, streams: StreamService, pool: MediaPool, encoders: EncoderProcesses | None = None
    ) -> None:
        """`pool` makes the sound; both it and `encoders` are of the lowest priority."""
        self._streams = streams
        self._store = streams.store
        self._encoders = encoders or EncoderProcesses(command=patient_worker_command, keeps_spare=False)
        self._blocks = BlockMaker(streams.store, pool, streams.failures)

    @property
    def pids(self) -> list[int]:
        """Process ids of its encoders."""
        return self._encoders.pids

    async def close(self) -> None:
        """End what runs; nothing is made any more."""
        await self._blocks.close()
        await self._encoders.close()

    async def make(
        self,
        file: StreamFile,
        held: Held,
        on_progress: OnProgress,
        *,
        may_go_on: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Make what is missing of a file and have it stay for `held`; False when `may_go_on` said no before the end.

        When cancelled, the process that works on it is killed. NotPlayable when the file cannot be read, StorageFull,
        RenditionFailed when some of it cannot be made; everything else is there then.
        """
        film = await self._open(file)
        await self._require_room(film)
        # In this order: what stays and is nobody's is released.
        await asyncio.to_thread(_note, self._store.root / film.content / _RECORD, held)
        await self._keep(film)
        on_progress(film.progress())
        for sound in list(film.audio.values()):
            if not await self._make_sound(film, sound, on_progress, may_go_on):
                return False
        while self._next_stretch(film) is not None:
            if not await self._wait_for_viewers(film, on_progress, may_go_on):
                return False
            stretch = self._next_stretch(film)  # viewers may have had some of it made meanwhile
            if stretch is None:
                break
            await self._make_stretch(film, stretch, on_progress, may_go_on)
        await self._keep(film)  # what had to be dropped and was made anew, too
        on_progress(film.progress())
        if film.failed:
            raise RenditionFailed(film.failures_told())
        return True

    async def is_made(self, file: StreamFile) -> bool:
        """Whether nothing is left to make: all is there and stays, or is known not to be possible."""
        try:
            film = await self._open(file)
        except NotPlayable:
            return True
        kept = set(self._store.premade())
        return all(
            self._store.gap(film.content, r.id, film.counts[r.id]) is None and (film.content, r.id) in kept
            for r in film.renditions
        )

    # Whose renditions stay:

    async def held(self) -> dict[str, Held]:
        """Who holds each content; one of which nobody wrote it down is nobody's."""
        await self._store.ready()
        contents = {content for content, _ in self._store.premade()}
        return {
            content: await asyncio.to_thread(_read, self._store.root / content / _RECORD)
            for content in contents
        }

    async def release(self, content: str) -> None:
        """Let what was made of a content go when there is no room for it any more."""
        for each, rendition in self._store.premade():
            if each == content:
                await self._store.keep(content, rendition, premade=False)
        await asyncio.to_thread((self._store.root / content / _RECORD).unlink, missing_ok=True)

    # Inside:

    async def _open(self, file: StreamFile) -> Film:
        await self._store.ready()
        presentation = await self._streams.presentation(file)
        failed = await self._streams.failures.of(presentation.content)
        film = Film(source_of(file, presentation), presentation, failed)
        for rendition in film.renditions:
            gap = self._store.gap(film.content, rendition.id, film.counts[rendition.id])
            if gap is not None:
                # What a process that was ended wrote without having told.
                await self._store.added(film.content, rendition.id, *gap)
        self._recount(film)
        return film

    def _recount(self, film: Film) -> None:
        film.start_from({r.id: self._store.count(film.content, r.id) for r in film.renditions})

    async def _require_room(self, film: Film) -> None:
        lacking = [(film.counts[r.id] - self._store.count(film.content, r.id), r) for r in film.renditions]
        need = sum(count * SEGMENT_S * r.average_bps // 8 for count, r in lacking)
        free = (await asyncio.to_thread(shutil.disk_usage, self._store.root)).free
        if need and need + SPARE_BYTES > free:
            raise StorageFull(
                f"This video needs {_gigabytes(need)} and {_gigabytes(SPARE_BYTES)} are to stay free, but only "
                f"{_gigabytes(free)} are left on the disk of Marquee's data folder. Free some space there."
            )

    async def _keep(self, film: Film) -> None:
        try:
            for rendition in film.renditions:
                await self._store.keep(film.content, rendition.id, premade=True)
        except OSError as problem:
            raise StorageFull(
                f"Video cannot be prepared: {problem.strerror or problem}. Look after the disk of "
                "Marquee's data folder."
            ) from problem

    def _next_stretch(self, film: Film) -> Stretch | None:
        """What is to be made next: a rung that failed `TRIES` times at a place is tried there alone."""
        gaps = {
            name: gap
            for name in film.video
            if (gap := self._store.gap(film.content, name, film.counts[name])) is not None
        }
        for name, (k, tries) in film.tries.items():
            if tries >= TRIES and name in gaps and gaps[name][0] == k:
                return Stretch(k, k + 1, (name,))
        return first_stretch(gaps, film.most)

    async def _wait_for_viewers(
        self, film: Film, on_progress: OnProgress, may_go_on: Callable[[], bool]
    ) -> bool:
        """Return True when nothing is encoded for viewers, False as soon as `may_go_on` says no."""
        calm_since = None if self._are_viewers_served else -math.inf
        while may_go_on():
            now = time.monotonic()
            if self._are_viewers_served:
                calm_since = None
            elif calm_since is None:
                calm_since = now
            elif now - calm_since >= CALM_S:
                return True
            on_progress(film.progress(is_waiting=True))
            await asyncio.sleep(_LOOK_S)
        return False

    @property
    def _are_viewers_served(self) -> bool:
        return self._streams.slots.left < 1

    async def _make_sound(
        self, film: Film, sound: AudioRendition, on_progress: OnProgress, may_go_on: Callable[[], bool]
    ) -> bool:
        count = film.counts[sound.id]
        while self._store.gap(film.content, sound.id, count) is not None:
            if not await self._wait_for_viewers(film, on_progress, may_go_on):
                return False
            gap = self._store.gap(film.content, sound.id, count)
            if gap is None:
                break
            first, stop = gap[0], min(gap[1], gap[0] + _SOUND_BLOCK)
            try:
                await self._blocks.make(film.source, sound, first, stop)
            except RenditionFailed as problem:
                film.give_up(sound.id, problem.message)
                return True
            if self._store.gap(film.content, sound.id, stop) == gap:
                film.give_up(sound.id, "Nothing came out of it.")
                return True
            film.made(sound, stop - first)
            on_progress(film.progress())
        return True

    async def _make_stretch(
        self, film: Film, stretch: Stretch, on_progress: OnProgress, may_go_on: Callable[[], bool]
    ) -> None:
        try:
            is_whole = await self._run(film, stretch, on_progress, may_go_on)
            gaps = [self._store.gap(film.content, name, stretch.stop) for name in stretch.rungs]
            if is_whole and any(gaps):
                raise BrokenMedia("Some segments were not written.")
        except OutputNotWritable as problem:
            raise StorageFull(
                f"Video cannot be prepared: {problem.message} Free some space on the disk of Marquee's data folder."
            ) from problem
        except (UnreadableFile, PoolClosed):
            raise
        except MediaError as problem:
            await self._when_failed(film, stretch, problem)
        else:
            if is_whole and len(stretch.rungs) == 1:
                film.can_be_made_alone(stretch.rungs[0])

    async def _run(
        self, film: Film, stretch: Stretch, on_progress: OnProgress, may_go_on: Callable[[], bool]
    ) -> bool:
        """One encode session; False when it was ended for viewers or because it may not go on."""
        folders = {name: await self._folder(film.content, name) for name in stretch.rungs}
        job = EncodeJob(
            path=film.source.path,
            timeline=film.source.timeline,
            outputs=tuple(
                EncodeOutput(rendition=film.video[name], folder=bytes(folders[name]))
                for name in stretch.rungs
            ),
            first=stretch.first,
            stop=stretch.stop,
            granted=stretch.stop,
        )
        written = dict.fromkeys(stretch.rungs, stretch.first)
        taken = dict(written)
        heard_at = looked_at = time.monotonic()

        def heard(done: int, _total: int, name: str) -> None:
            nonlocal heard_at
            heard_at = time.monotonic()
            written[name] = max(written[name], done)

        encoding = await self._encoders.begin(job, heard)
        try:
            while not encoding.answer.done():
                await asyncio.wait({encoding.answer}, timeout=_LOOK_S)
                now = time.monotonic()
                film.busy_s, looked_at = film.busy_s + now - looked_at, now
                await self._take_in(film, written, taken)
                on_progress(film.progress())
                if self._are_viewers_served or not may_go_on():
                    return False
                if now - heard_at > HANG_S:
                    raise WorkerTimeout(f"The encoder did nothing for {HANG_S:g} s.")
            await encoding.answer
            await self._take_in(film, dict.fromkeys(stretch.rungs, stretch.stop), taken)
            return True
        finally:
            encoding.end()

    async def _folder(self, content: str, name: str) -> Path:
        try:
            return await self._store.make_folder(content, name)
        except OSError as problem:
            raise OutputNotWritable(f"{problem.strerror or problem}.") from problem

    async def _take_in(self, film: Film, written: dict[str, int], taken: dict[str, int]) -> None:
        for name, upto in written.items():
            if upto > taken[name]:
                await self._store.added(film.content, name, taken[name], upto)
                film.made(film.video[name], upto - taken[name])
                taken[name] = upto

    async def _when_failed(self, film: Film, stretch: Stretch, problem: MediaError) -> None:
        """Have it tried again, each rung alone after that, and give up one that cannot be made alone either."""
        log.warning("%s from segment %d: %s", ", ".join(stretch.rungs), stretch.first, problem.message)
        is_alone = len(stretch.rungs) == 1
        for name in stretch.rungs:
            # What it wrote without having told.
            await self._store.added(film.content, name, stretch.first, stretch.stop)
            gap = self._store.gap(film.content, name, stretch.stop)
            if gap is None:
                continue
            tries = film.note_failure(name, gap[0])
            if is_alone and isinstance(problem, InitMismatch) and name not in film.remade:
                # What is kept was made by another program: all of it is made anew.
                film.remade.add(name)
                await self._store.drop(film.content, name)
                await self._store.keep(film.content, name, premade=True)
            elif is_alone and tries >= TRIES:
                reason = f"The video cannot be converted to this quality: {problem.message}"
                await self._streams.failures.note(film.content, name, problem, reason)
                film.give_up(name, reason)
        self._recount(film)
        if not is_alone:
            film.suspects = {name for name in stretch.rungs if film.tries.get(name, (0, 0))[1] >= TRIES}


def _gigabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB"


def _note(path: Path, held: Held) -> None:
    """Write it down, if the disk lets us. What somebody asked for is not forgotten for a policy."""
    known = _read(path)
    if known == held or known.is_asked:
        return
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.part")
        partial.write_bytes(msgspec.json.encode(held))
        partial.replace(path)


def _read(path: Path) -> Held:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Held)
    except (OSError, msgspec.DecodeError):
        return Held(video_id="", is_asked=False)
