"""Hearing of changes below one folder: a thread with a `watchfiles` watcher, and what can go wrong with one."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import logging
import os
import sys
import threading
from collections.abc import Callable
from enum import Enum

from watchfiles import Change, watch

from hub.library.walk import Spot, Walk

STEP_MS = 100
"""How long nothing must happen before a group of changes is told."""
DEBOUNCE_MS = 400
"""How long a group may become before it is told all the same."""
HEARTBEAT_MS = 500

# It reports every group of changes.
logging.getLogger("watchfiles").setLevel(logging.WARNING)

Changes = set[tuple[Change, str]]


class Trouble(Enum):
    """Why a watch ended by itself."""

    GONE = "the folder is not there"
    LIMIT = "the system's limit is reached"
    FILE_NAME = "a name in it cannot be told"
    ROOT_NAME = "its own name cannot be told"
    OTHER = "something else"


class TreeWatch:
    """Watches until `stop`. Callbacks come on the loop: `on_ready` once, `on_changes`, `on_trouble` once at its end."""

    def __init__(
        self,
        root: bytes,
        *,
        on_ready: Callable[[], None],
        on_changes: Callable[[Changes], None],
        on_trouble: Callable[[Trouble, str], None],
    ) -> None:
        self._root = root
        self._on_ready = on_ready
        self._on_changes = on_changes
        self._on_trouble = on_trouble
        self._loop = asyncio.get_running_loop()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="folder-watch")
        self._thread.start()

    async def stop(self) -> None:
        """End the watch; no callback comes afterwards."""
        self._stop.set()
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        try:
            path = self._root.decode()
        except UnicodeDecodeError:
            self._tell(self._on_trouble, Trouble.ROOT_NAME, "its name is not valid Unicode")
            return
        self._warm_up()
        try:
            try:
                self._watch(path, forgiving=False)
            except PermissionError:
                # Some directory in it is not for us to read. watchfiles then passes over every error, limits included.
                self._watch(path, forgiving=True)
        except FileNotFoundError as error:
            self._tell(self._on_trouble, Trouble.GONE, str(error))
        except (OSError, RuntimeError) as error:  # watchfiles' own errors are RuntimeErrors
            self._tell(self._on_trouble, _kind_of(str(error)), str(error))

    def _warm_up(self) -> None:
        # WORKAROUND: watchfiles holds the GIL while it reads the whole tree, from a cold disk for minutes; waits for a
        # release that lets go of it. Read beforehand, the tree is in memory: 17 µs a directory.
        for _ in Walk(self._root, [Spot()]):
            if self._stop.is_set():
                return

    def _watch(self, path: str, *, forgiving: bool) -> None:
        is_ready = False
        for changes in watch(
            path,
            watch_filter=None,
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            stop_event=self._stop,
            rust_timeout=HEARTBEAT_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            ignore_permission_denied=forgiving,
        ):
            if not is_ready:
                is_ready = True
                if not can_watch_more():
                    self._tell(self._on_trouble, Trouble.LIMIT, os.strerror(errno.ENOSPC))
                    return
                self._tell(self._on_ready)
            if changes:
                # WORKAROUND: watchfiles says nothing of directories made later that it could not watch; waits for a
                # release that does.
                if not can_watch_more():
                    self._tell(self._on_trouble, Trouble.LIMIT, os.strerror(errno.ENOSPC))
                    return
                self._tell(self._on_changes, changes)

    def _tell(self, callback: Callable[..., None], *arguments: object) -> None:
        if not self._stop.is_set():
            self._loop.call_soon_threadsafe(self._call, callback, *arguments)

    def _call(self, callback: Callable[..., None], *arguments: object) -> None:
        if not self._stop.is_set():
            callback(*arguments)


def can_watch_more() -> bool:
    """False when this user has used up what Linux allows of inotify watches (fs.inotify.max_user_watches)."""
    if sys.platform != "linux":
        return True
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.inotify_init1(os.O_CLOEXEC)
    if fd < 0:
        return True  # out of instances or descriptors: this watch has its own already
    try:
        watched = libc.inotify_add_watch(fd, b"/", 0x00000400)  # IN_DELETE_SELF
        return watched >= 0 or ctypes.get_errno() != errno.ENOSPC
    finally:
        os.close(fd)


def _kind_of(message: str) -> Trouble:
    if "Unable to decode path" in message:
        return Trouble.FILE_NAME
    if "watch limit" in message or "Too many open files" in message or "No space left" in message:
        return Trouble.LIMIT
    return Trouble.OTHER
