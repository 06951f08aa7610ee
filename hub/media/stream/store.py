"""Segments on disk: where each is, and which ones go when there are too many.

`<root>/<content>/<rendition>/init.mp4` and `<k>.m4s`. The index is in memory, rebuilt by listing; all of it is used on
the loop's thread, whatever touches the disk happens on others. Segments come and go in *spans* of 32, about a minute:
that is what is remembered for each, and what leaves at once. The last use of a span is kept in the time of its files,
so that it outlives the hub: in the time of access, for by the time of change downloads know the file they resume.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import shutil
import time
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path

from hub.runtime.tasks import TaskScope

log = logging.getLogger(__name__)

SPAN = 32
"""Segments that are kept and removed together."""
WATCHED_S = 60.0
"""What was used within this time is being watched."""
SAVE_EVERY_S = 60.0
"""How often last uses are written into files' times."""
STALE_S = 30 * 86_400
"""What is kept beside segments (time lines, failures) goes this long after the last segment."""
MOST = 1_000_000
"""Segments of a rendition; a file that claims to be beyond is none of ours."""
ROOM_BYTES = 256 << 20
"""How much is made free at once when the disk is full."""

INIT = "init.mp4"
PREMADE = "premade"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_SEGMENT = re.compile(r"(\d{1,6})\.m4s")

Key = tuple[str, str]
"""(content, rendition)"""


class _Rendition:
    """What is there of one rendition. `sizes[k]` is 0 for a segment that is not."""

    __slots__ = ("has_init", "is_premade", "size_bytes", "sizes")

    def __init__(self) -> None:
        self.sizes = array("I")
        self.size_bytes = 0
        self.has_init = False
        self.is_premade = False

    def put(self, k: int, size_bytes: int) -> None:
        if k >= len(self.sizes):
            self.sizes.extend([0] * (k + 1 - len(self.sizes)))
        self.size_bytes += size_bytes - self.sizes[k]
        self.sizes[k] = size_bytes

    def has(self, k: int) -> bool:
        return 0 <= k < len(self.sizes) and self.sizes[k] > 0


class _Index:
    """Everything that is known of the disk."""

    def __init__(self) -> None:
        self.renditions: dict[Key, _Rendition] = {}
        self.spans: OrderedDict[tuple[Key, int], float] = OrderedDict()
        """Last use (seconds since 1970) of each span, the one used longest ago first."""


class SegmentStore:
    """The segments under `root`, at most `limit_bytes` of them; 0: a tenth of what the disk has left, at most 50 GB."""

    def __init__(self, root: Path, limit_bytes: int = 0, *, clock: Callable[[], float] = time.time) -> None:
        self.root = root
        self._limit_bytes = limit_bytes
        self._clock = clock
        self._index = _Index()
        self._unsaved: set[tuple[Key, int]] = set()
        self._tasks = TaskScope("segments")
        self._listed = asyncio.Event()
        self._evicting = asyncio.Lock()

    async def start(self) -> None:
        """Begin to list what is there; `ready` waits for it."""
        self._tasks.start(self._list(), name="list")

    async def close(self) -> None:
        """Write down last uses and end."""
        await self._tasks.close()
        await self._save()

    async def ready(self) -> None:
        """Return once it is known what is there."""
        await self._listed.wait()

    @property
    def limit_bytes(self) -> int:
        """How much may be kept besides what was made ahead."""
        return self._limit_bytes

    @property
    def used_bytes(self) -> int:
        """Bytes of segments that may be removed."""
        return sum(r.size_bytes for r in self._index.renditions.values() if not r.is_premade)

    @property
    def premade_bytes(self) -> int:
        """Bytes of segments that were made ahead and stay."""
        return sum(r.size_bytes for r in self._index.renditions.values() if r.is_premade)

    def folder(self, content: str, rendition: str) -> Path:
        """Where the segments of a rendition are or would be. ValueError for what cannot be a name."""
        if not (_NAME.fullmatch(content) and _NAME.fullmatch(rendition)):
            raise ValueError(f"{content!r}/{rendition!r} is no place for segments")
        return self.root / content / rendition

    def path(self, content: str, rendition: str, k: int) -> Path | None:
        """The file of segment `k`, or None when it is not there. Counts as a use."""
        if not self.has(content, rendition, k):
            return None
        self._use((content, rendition), k)
        return self.folder(content, rendition) / f"{k}.m4s"

    def init_path(self, content: str, rendition: str) -> Path | None:
        """The init segment, or None when there is none yet."""
        found = self._index.renditions.get((content, rendition))
        return self.folder(content, rendition) / INIT if found is not None and found.has_init else None

    async def find_init(self, content: str, rendition: str) -> Path | None:
        """The init segment if somebody has written it meanwhile."""
        path = self.folder(content, rendition) / INIT
        has_init = await asyncio.to_thread(_has_content, path)
        if (found := self._index.renditions.get((content, rendition))) is not None:
            found.has_init = has_init
        return path if has_init else None

    def has(self, content: str, rendition: str, k: int) -> bool:
        """Whether segment `k` is there. No use."""
        found = self._index.renditions.get((content, rendition))
        return found is not None and found.has(k)

    def next_present(self, content: str, rendition: str, first: int, *, run: int = 1) -> int | None:
        """The first segment from `first` on that is there with the `run - 1` after it; None when there is none."""
        found = self._index.renditions.get((content, rendition))
        if found is None:
            return None
        length = 0
        for k in range(first, len(found.sizes)):
            length = length + 1 if found.sizes[k] else 0
            if length == run:
                return k - run + 1
        return None

    def gap(self, content: str, rendition: str, stop: int) -> tuple[int, int] | None:
        """The first run of segments before `stop` that are not there, as (first, stop); None when all are."""
        found = self._index.renditions.get((content, rendition))
        sizes = found.sizes if found is not None else ()
        first = next((k for k in range(min(stop, len(sizes))) if not sizes[k]), min(stop, len(sizes)))
        if first == stop:
            return None
        end = next((k for k in range(first, min(stop, len(sizes))) if sizes[k]), stop)
        return first, end

    def count(self, content: str, rendition: str) -> int:
        """How many segments of a rendition are there."""
        found = self._index.renditions.get((content, rendition))
        return sum(1 for size in found.sizes if size) if found is not None else 0

    async def make_folder(self, content: str, rendition: str) -> Path:
        """The folder of a rendition, there now. OSError."""
        folder = self.folder(content, rendition)
        await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        return folder

    async def added(self, content: str, rendition: str, first: int, stop: int) -> None:
        """Take in segments from `first` up to `stop` that have been written; those that are not there are left out."""
        folder, key = self.folder(content, rendition), (content, rendition)
        sizes, has_init = await asyncio.to_thread(_sizes, folder, range(first, min(stop, MOST)))
        found = self._index.renditions.setdefault(key, _Rendition())
        found.has_init = has_init
        for k, size_bytes in sizes.items():
            found.put(k, size_bytes)
            self._use(key, k, makes=True)
        if self.used_bytes > self._limit_bytes > 0 and not self._evicting.locked():
            self._tasks.start(self._evict(self.used_bytes - self._limit_bytes), name="evict")

    def forget(self, content: str, rendition: str, k: int) -> None:
        """Segment `k` is not there after all: somebody removed its file."""
        found = self._index.renditions.get((content, rendition))
        if found is not None and found.has(k):
            found.put(k, 0)

    async def drop(self, content: str, rendition: str) -> None:
        """Remove all of a rendition."""
        self._forget_rendition((content, rendition))
        await asyncio.to_thread(shutil.rmtree, self.folder(content, rendition), ignore_errors=True)

    async def keep(self, content: str, rendition: str, *, premade: bool) -> None:
        """Have a rendition stay whatever else needs room, or no longer."""
        folder = await self.make_folder(content, rendition)
        if premade:
            await asyncio.to_thread((folder / PREMADE).touch)
        else:
            await asyncio.to_thread((folder / PREMADE).unlink, missing_ok=True)
        self._index.renditions.setdefault((content, rendition), _Rendition()).is_premade = premade

    def premade(self) -> list[Key]:
        """What stays whatever else needs room."""
        return [key for key, found in self._index.renditions.items() if found.is_premade]

    async def make_room(self, size_bytes: int = ROOM_BYTES) -> int:
        """The disk is full: remove what was used longest ago. Returns the bytes that went."""
        return await self._evict(size_bytes)

    # Inside:

    def _use(self, key: Key, k: int, *, makes: bool = False) -> None:
        """Segment `k` is used now; what lies before the viewer is about to be."""
        span, now = k // SPAN, self._clock()
        for place in ((key, span + 1), (key, span)):
            if place in self._index.spans or (makes and place[1] == span):
                self._index.spans[place] = now
                self._index.spans.move_to_end(place)
                self._unsaved.add(place)

    async def _list(self) -> None:
        try:
            self._index, free_bytes = await asyncio.to_thread(_list_all, self.root, self._clock())
            if self._limit_bytes == 0:
                self._limit_bytes = default_limit_bytes(free_bytes, self.used_bytes)
        except OSError as problem:
            # Who wants a segment is told what is wrong when it is to be written.
            log.warning("what is kept in %s cannot be listed: %s", self.root, problem)
        finally:
            self._listed.set()
        log.debug("%d renditions with %d bytes are kept", len(self._index.renditions), self.used_bytes)
        await self._evict(self.used_bytes - self._limit_bytes)
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            await self._save()

    async def _save(self) -> None:
        """Write last uses into the times of one file a span."""
        uses = []
        for key, span in self._unsaved:
            found, used_at = self._index.renditions.get(key), self._index.spans.get((key, span))
            if found is None or used_at is None:
                continue
            k = next((k for k in range(span * SPAN, (span + 1) * SPAN) if found.has(k)), None)
            if k is not None:
                uses.append((self.folder(*key) / f"{k}.m4s", used_at))
        self._unsaved.clear()
        await asyncio.to_thread(_set_times, uses)

    async def _evict(self, size_bytes: int) -> int:
        """Remove spans of `size_bytes` in all, if there are as many that nobody watches."""
        async with self._evicting:
            files: list[Path] = []
            empty: list[Key] = []
            gone_bytes = 0
            for key, span in self._candidates():
                if gone_bytes >= size_bytes:
                    break
                found = self._index.renditions[key]
                for k in range(span * SPAN, min((span + 1) * SPAN, len(found.sizes))):
                    if found.has(k):
                        files.append(self.folder(*key) / f"{k}.m4s")
                        gone_bytes += found.sizes[k]
                        found.put(k, 0)
                self._index.spans.pop((key, span), None)
                if found.size_bytes == 0:
                    self._forget_rendition(key)
                    empty.append(key)
            if files:
                log.info("%d segments (%d bytes) make room for others", len(files), gone_bytes)
            if files or empty:
                await asyncio.to_thread(_remove, files, [self.folder(*key) for key in empty])
            for key in empty:
                if key in self._index.renditions:  # begun again meanwhile
                    await self.find_init(*key)
            return gone_bytes

    def _candidates(self) -> Iterator[tuple[Key, int]]:
        """Spans that may go, the one used longest ago first."""
        watched_since = self._clock() - WATCHED_S
        for (key, span), used_at in list(self._index.spans.items()):
            if used_at > watched_since:
                return
            found = self._index.renditions.get(key)
            if found is None:
                self._index.spans.pop((key, span), None)
            elif not found.is_premade:
                yield key, span

    def _forget_rendition(self, key: Key) -> None:
        found = self._index.renditions.pop(key, None)
        for span in range(len(found.sizes) // SPAN + 1 if found is not None else 0):
            self._index.spans.pop((key, span), None)


def default_limit_bytes(free_bytes: int, used_bytes: int) -> int:
    """How much is kept where nobody said: of a disk that has so much left while so much is used already."""
    return min(50 << 30, (free_bytes + used_bytes) // 10)


def measure(root: Path) -> tuple[int, int]:
    """Bytes of segments under `root`: (those that may be removed, those made ahead). Only looks; blocking. OSError."""
    cached_bytes = premade_bytes = 0
    for folder in (rendition for content in _folders(root) for rendition in _folders(content)):
        with os.scandir(folder) as entries:
            sizes = [e.stat(follow_symlinks=False).st_size for e in entries if _SEGMENT.fullmatch(e.name)]
        if (folder / PREMADE).exists():
            premade_bytes += sum(sizes)
        else:
            cached_bytes += sum(sizes)
    return cached_bytes, premade_bytes


def _sizes(folder: Path, wanted: range) -> tuple[dict[int, int], bool]:
    sizes = {}
    for k in wanted:
        with contextlib.suppress(OSError):
            if size_bytes := (folder / f"{k}.m4s").stat().st_size:
                sizes[k] = size_bytes
    return sizes, _has_content(folder / INIT)


def _has_content(path: Path) -> bool:
    """Whether there is such a file with something in it: one that a power cut left empty counts as none."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _set_times(uses: list[tuple[Path, float]]) -> None:
    for path, used_at in uses:
        with contextlib.suppress(OSError):  # evicted meanwhile
            os.utime(path, ns=(int(used_at * 1e9), path.stat().st_mtime_ns))


def _remove(files: list[Path], empty: list[Path]) -> None:
    for path in files:
        with contextlib.suppress(OSError):
            path.unlink()
    for folder in empty:
        with contextlib.suppress(OSError):
            # Anything else is of a session that writes there again, and what it writes needs the init segment.
            if set(os.listdir(folder)) <= {INIT}:  # noqa: PTH208  # names only
                (folder / INIT).unlink(missing_ok=True)
                folder.rmdir()


def _list_all(root: Path, now: float) -> tuple[_Index, int]:
    """(what is there, bytes the disk has left). Removes what was left over half-written. OSError for `root` alone."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    index = _Index()
    used: dict[tuple[Key, int], float] = {}
    for content in _folders(root):
        try:
            is_empty = not _list_content(content, index, used)
            if is_empty and content.stat().st_mtime < now - STALE_S:
                shutil.rmtree(content, ignore_errors=True)
        except OSError as problem:
            log.warning("what is kept in %s cannot be listed: %s", content, problem)
    # A clock that was wrong once must not keep anything for ever.
    index.spans.update(
        sorted(
            ((place, min(at, now)) for place, at in used.items() if place[0] in index.renditions),
            key=lambda item: item[1],
        )
    )
    return index, shutil.disk_usage(root).free


def _folders(parent: Path) -> list[Path]:
    with os.scandir(parent) as entries:
        return [Path(e.path) for e in entries if e.is_dir(follow_symlinks=False) and _NAME.fullmatch(e.name)]


def _list_content(content: Path, index: _Index, used: dict[tuple[Key, int], float]) -> bool:
    """Take in the renditions of a content; whether there is anything of one. OSError."""
    is_any = False
    for folder in _folders(content):
        found = _list_rendition(folder, (content.name, folder.name), used)
        if found.size_bytes or found.is_premade:
            index.renditions[content.name, folder.name] = found
            is_any = True
    return is_any


def _list_rendition(folder: Path, key: Key, used: dict[tuple[Key, int], float]) -> _Rendition:
    found = _Rendition()
    with os.scandir(folder) as entries:
        for entry in entries:
            segment = _SEGMENT.fullmatch(entry.name)
            if segment is not None:
                k, state = int(segment[1]), entry.stat(follow_symlinks=False)
                if state.st_size == 0:  # a power cut left it so
                    _discard(entry.path)
                    continue
                found.put(k, state.st_size)
                used_at = max(state.st_atime, state.st_mtime)
                used[key, k // SPAN] = max(used.get((key, k // SPAN), 0.0), used_at)
            elif entry.name == INIT:
                found.has_init = entry.stat(follow_symlinks=False).st_size > 0
            elif entry.name == PREMADE:
                found.is_premade = True
            elif entry.name.startswith("."):
                _discard(entry.path)
    return found


def _discard(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)  # noqa: PTH108  # a path as scandir has it
