"""Follows the library's folders: what changes in them is taken up within two seconds, once it has stopped changing.

Each folder has a `FolderFollower`. It hears of changes (`tree_watch`), has them compared with the database (a survey),
waits until new files have settled, and asks for a scan of just those directories. Where the system cannot tell of
changes it looks itself, now and then.
"""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Callable, Container, Iterable
from contextlib import suppress

from watchfiles import Change

from hub.db.repositories.files import Place
from hub.db.retry import DATABASE_ERRORS, Retry
from hub.errors import NotFound
from hub.events import EventBus, FoldersChanged
from hub.jobs.types import Job
from hub.library.folders import FolderService, shown_path
from hub.library.names import MARKERS, is_left_alone, is_media, is_sidecar, is_skipped_dir
from hub.library.scan import Part
from hub.library.scanner import ScanService
from hub.library.settling import APART_S, Settling
from hub.library.tree_watch import Changes, TreeWatch, Trouble
from hub.library.walk import Spot, root_problem
from hub.runtime.tasks import TaskScope

TICK_S = 0.1
"""Between looks while something is on its way."""
ROOT_EVERY_S = 2.0
"""Between looks at whether the folder itself is still the same (disks are pulled out and come back)."""
MAX_SPOTS = 1_000
"""More changed directories than these at once, and the whole folder is looked at."""
RECONCILE_EVERY_S = 900.0
"""Between looks at everything though changes are heard of: network disks tell only of what this machine does."""
POLL_EVERY_S = 30.0
"""The same where changes are not heard of; longer where a look takes long (`POLL_SHARE`)."""
POLL_SHARE = 20.0
SURVEY_SHARE = 4.0
"""Comparing takes at most one part in this many plus one of the time."""
RETRY_S, MAX_RETRY_S = 0.2, 30.0
"""First and longest wait before a watch that failed on a name is begun again."""
REWATCH_EVERY_S = 600.0
"""The same where the system would not let it watch."""
ASKED_WITHIN_S = 0.5
"""Whoever adds a folder mostly asks for its scan in the next moment; the follower's own would be a second one."""

_LIMIT_NOTE = (
    "Changes in this folder are noticed only now and then: the system's limit of watched directories is reached. "
    "Raise it with: sysctl fs.inotify.max_user_watches=1048576"
)
_POLL_NOTE = "Changes in this folder are noticed only now and then: {}."
_NOT_LOOKED_AT = (-1, -1)


class FolderWatcher:
    """Keeps a follower for every library folder while it runs."""

    def __init__(self, folders: FolderService, scans: ScanService, events: EventBus) -> None:
        self._folders = folders
        self._scans = scans
        self._events = events
        self._tasks = TaskScope("watcher")
        self._followers: dict[str, FolderFollower] = {}
        self._changed = asyncio.Event()
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        """Begin to follow; each folder is scanned once, for what changed while nobody watched."""
        self._unsubscribe = self._events.subscribe(FoldersChanged, lambda _: self._changed.set())
        self._changed.set()
        self._tasks.start(self._keep_up(), name="folders")

    async def close(self) -> None:
        """Stop following."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        await self._tasks.close()
        for follower in self._followers.values():
            await follower.close()
        self._followers.clear()

    async def _keep_up(self) -> None:
        retry = Retry("Following the library's folders")
        is_start = True
        while True:
            await self._changed.wait()
            self._changed.clear()
            paths = await retry.until_done(self._folders.paths)
            for folder_id in self._followers.keys() - paths.keys():
                await self._followers.pop(folder_id).close()
            for folder_id, path in paths.items():
                if folder_id not in self._followers:
                    self._followers[folder_id] = FolderFollower(
                        folder_id, path, self._folders, self._scans, is_new=not is_start
                    )
            is_start = False


class FolderFollower:
    """Follows one folder from its making to `close`. `is_new`: it has just been added to the library."""

    def __init__(
        self, folder_id: str, root: bytes, folders: FolderService, scans: ScanService, *, is_new: bool
    ) -> None:
        self._folder_id = folder_id
        self._root = root
        self._folders = folders
        self._scans = scans
        self._is_new = is_new
        self._heard: Changes = set()
        self._spots: set[Spot] = set()
        """To be compared with the database."""
        self._settling = Settling(root, time.monotonic)
        self._ready: dict[Spot, float] = {}
        """To be scanned, and not before when."""
        self._wake = asyncio.Event()
        self._watch: TreeWatch | None = None
        self._is_polling = False
        self._root_is: tuple[int, int] | str = _NOT_LOOKED_AT
        """Which directory the folder is, or why it cannot be read."""
        self._root_look_at = self._whole_look_at = self._survey_at = 0.0
        self._watch_again_at = self._scan_at = math.inf
        self._trouble_at, self._retry_s = 0.0, RETRY_S
        self._tasks = TaskScope(f"folder {folder_id}")
        self._tasks.start(self._follow(), name="follow")

    async def close(self) -> None:
        """Stop following."""
        await self._tasks.close()
        await self._end_watch()

    async def _follow(self) -> None:
        retry = Retry(f"Following {shown_path(self._root)}")
        while True:
            await retry.until_done(self._turn)
            is_busy = bool(self._settling or self._ready or self._spots or self._scan_at < math.inf)
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_S if is_busy else ROOT_EVERY_S):
                    await self._wake.wait()
            self._wake.clear()

    async def _turn(self) -> None:
        try:
            if time.monotonic() >= self._root_look_at:
                self._root_look_at = time.monotonic() + ROOT_EVERY_S
                await self._look_at_root()
            if not isinstance(self._root_is, str):
                if time.monotonic() >= self._watch_again_at:
                    await self._begin_watch()
                await self._take_up()
            if time.monotonic() >= self._scan_at:
                await self._scan_all()
        except DATABASE_ERRORS:
            self._spots.add(Spot())  # what was in hand is lost; a look at everything finds it again
            raise

    # --- hearing ------------------------------------------------------------------------------------------------------

    async def _look_at_root(self) -> None:
        """Begin or end the watch when the folder comes, goes or is another by now, and have that noted."""
        root_is = await asyncio.to_thread(_what_is_at, self._root)
        if root_is == self._root_is:
            return
        await self._folders.look_at(self._folder_id, self._root)
        self._root_is = root_is
        self._plan_whole_look(0.0)
        if isinstance(root_is, str):
            # Whatever is seen there next is watched anew, even if it looks like the old one. Until then a scan would
            # only say what is noted already.
            self._scan_at = math.inf
            self._spots.clear()
            self._ready.clear()
            await self._end_watch()
        else:
            await self._begin_watch()

    async def _begin_watch(self) -> None:
        await self._end_watch()
        self._watch = TreeWatch(
            self._root, on_ready=self._on_ready, on_changes=self._on_changes, on_trouble=self._on_trouble
        )

    async def _end_watch(self) -> None:
        self._watch_again_at = math.inf
        if self._watch is not None:
            watch, self._watch = self._watch, None
            await watch.stop()

    def _on_ready(self) -> None:
        """From here on nothing is missed; what changed before, a scan finds."""
        self._is_polling = False
        self._folders.set_note(self._folder_id, None)
        if self._retry_s == RETRY_S:
            self._plan_first_scan()
        else:
            self._spots.add(Spot())  # a pause of seconds: no scan for that
        self._wake.set()

    def _on_changes(self, changes: Changes) -> None:
        self._heard |= changes
        self._wake.set()

    def _on_trouble(self, trouble: Trouble, message: str) -> None:
        now = time.monotonic()
        if trouble is Trouble.FILE_NAME:
            # What changed cannot be told, so everything is compared. Who writes a file writes often: each time later.
            self._retry_s = RETRY_S if now - self._trouble_at > MAX_RETRY_S * 2 else self._retry_s
            self._watch_again_at = now + self._retry_s
            self._retry_s = min(2 * self._retry_s, MAX_RETRY_S)
            self._trouble_at = now
            self._spots.add(Spot())
        elif trouble is Trouble.GONE:
            self._watch_again_at = now + ROOT_EVERY_S
        else:
            self._watch_again_at = now + REWATCH_EVERY_S
            note = _LIMIT_NOTE if trouble is Trouble.LIMIT else _POLL_NOTE.format(message.rstrip("."))
            self._folders.set_note(self._folder_id, note)
            if not self._is_polling:
                self._is_polling = True
                self._plan_whole_look(0.0)
                self._plan_first_scan()
        self._wake.set()

    # --- taking up ----------------------------------------------------------------------------------------------------

    async def _take_up(self) -> None:
        now = time.monotonic()
        if now >= self._whole_look_at:
            self._plan_whole_look(0.0)
            if not self._scans.is_scanning(self._folder_id):
                self._spots.add(Spot())
        if self._heard:
            heard, self._heard = self._heard, set()
            self._spots |= await asyncio.to_thread(
                _spots, self._root, heard, frozenset(self._settling.places)
            )
        if self._spots and now >= self._survey_at:
            await self._survey()
        for directory, _name in await asyncio.to_thread(self._settling.look):
            self._ready[Spot(directory, is_deep=False)] = 0.0
        if self._ready and min(self._ready.values()) <= time.monotonic():
            await self._scan()

    async def _survey(self) -> None:
        spots, self._spots = self._spots, set()
        if len(spots) > MAX_SPOTS:
            spots = {Spot()}
        began = time.monotonic()
        survey = await self._scans.survey(Part(self._folder_id, tuple(spots)))
        now = time.monotonic()
        self._survey_at = now + SURVEY_SHARE * (now - began)
        if Spot() in spots:
            self._plan_whole_look(now - began)
        if survey.problem is not None:
            self._spots |= spots
            self._root_look_at = 0.0
            return
        for found in survey.found:
            self._settling.note(found.place, found.size_bytes, found.mtime_ns)
        for spot in survey.gone:
            # Not at once: what is gone here often turns up elsewhere, and then was moved.
            self._ready.setdefault(spot, now + APART_S)

    async def _scan(self) -> None:
        ready, self._ready = self._ready, {}
        part = Part(self._folder_id, tuple(ready), self._settling.places)
        await self._scans.wait(await self._scans.request_changes([part]))

    def _plan_first_scan(self) -> None:
        self._scan_at = time.monotonic() + (ASKED_WITHIN_S if self._is_new else 0.0)

    async def _scan_all(self) -> None:
        planned, self._scan_at = self._scan_at, math.inf
        try:
            job = await self._scans.last_asked(self._folder_id) if self._is_new else None
            if job is None:
                with suppress(NotFound):  # just removed from the library: this follower is about to end
                    await self._scans.request([self._folder_id])
            else:
                self._tasks.start(self._look_after(job), name="look after the scan")
        except DATABASE_ERRORS:
            self._scan_at = min(planned, self._scan_at)
            raise
        self._is_new = False

    async def _look_after(self, job: Job) -> None:
        """Whoever added the folder has it scanned. What changed between that and the first word of changes is left."""
        try:
            await self._scans.wait(job)
        finally:
            self._spots.add(Spot())
            self._wake.set()

    def _plan_whole_look(self, took_s: float) -> None:
        every_s = max(POLL_EVERY_S if self._is_polling else RECONCILE_EVERY_S, POLL_SHARE * took_s)
        self._whole_look_at = time.monotonic() + every_s


def _spots(root: bytes, changes: Iterable[tuple[Change, str]], settling: Container[Place]) -> set[Spot]:
    """Where to look because of these changes; files that are being looked at anyway are no reason. Blocking."""
    spots: set[Spot] = set()
    for change, changed in changes:
        path = os.fsencode(changed)
        relative = path[len(root.rstrip(b"/")) + 1 :]
        directory, _, name = relative.rpartition(b"/")
        if any(map(is_skipped_dir, filter(None, directory.split(b"/")))):
            continue
        if not relative:
            spots.add(Spot(b"", is_deep=False))
        elif name in MARKERS:
            spots.add(Spot(directory))
        elif is_left_alone(name) or (change is Change.modified and (directory, name) in settling):
            continue
        elif change is not Change.deleted and os.path.isdir(path):
            if not is_skipped_dir(name):
                spots.add(Spot(relative))
        elif change is Change.deleted or is_media(name) or is_sidecar(name):
            spots.add(Spot(directory, is_deep=False))
    return spots


def _what_is_at(root: bytes) -> tuple[int, int] | str:
    """Device and inode of the directory, or why it cannot be read. Blocking."""
    if (problem := root_problem(root)) is not None:
        return problem
    try:
        status = os.stat(root)
    except OSError as error:
        return str(error)
    return status.st_dev, status.st_ino
