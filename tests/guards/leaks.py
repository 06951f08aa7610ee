"""What a test may leave behind: nothing. Snapshots of threads, child processes and file descriptors, compared."""

from __future__ import annotations

import asyncio
import asyncio.runners
import contextlib
import gc
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

THREAD_GRACE_S = 2.0
"""How long a thread that was told to end may take; it is joined, not polled."""

PROC = Path("/proc/self")
"""Only Linux has it; elsewhere threads and tasks are watched, children and descriptors are not."""


@dataclass(frozen=True)
class Snapshot:
    """The resources this process holds at one moment."""

    threads: frozenset[threading.Thread]
    children: frozenset[int]
    descriptors: frozenset[tuple[int, str]]

    @classmethod
    def take(cls) -> Snapshot:
        """Look now."""
        return cls(_threads(), _children(), _descriptors())

    def __or__(self, other: Snapshot) -> Snapshot:
        return Snapshot(
            self.threads | other.threads,
            self.children | other.children,
            self.descriptors | other.descriptors,
        )

    def __sub__(self, other: Snapshot) -> Snapshot:
        return Snapshot(
            self.threads - other.threads,
            self.children - other.children,
            self.descriptors - other.descriptors,
        )

    def __bool__(self) -> bool:
        return bool(self.threads or self.children or self.descriptors)

    def describe(self) -> list[str]:
        """One line for each thing held."""
        lines = [f"thread still running: {t.name!r} (daemon={t.daemon})" for t in self.threads]
        lines += [f"child process not ended or not waited for: {_command(pid)}" for pid in self.children]
        lines += [f"file descriptor still open: {fd} → {target}" for fd, target in sorted(self.descriptors)]
        return lines


def leaked_since(before: Snapshot) -> Snapshot:
    """What exists now and did not before, after giving threads and collectable objects their chance to end."""
    left = Snapshot.take() - before
    if not left:
        return left
    for thread in left.threads:
        thread.join(THREAD_GRACE_S)
    # An object in a reference cycle closes its descriptor only here, with a ResourceWarning that fails the test.
    gc.collect()
    # A library's native thread (watchfiles has one) closes its descriptors a moment after its owner let it go.
    deadline = time.monotonic() + THREAD_GRACE_S
    while (left := Snapshot.take() - before) and time.monotonic() < deadline:
        if not left.descriptors:
            break
        time.sleep(0.01)
    return left


def end_children(pids: frozenset[int]) -> None:
    """Kill and reap leaked children, so that one bad test does not disturb the next."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


@dataclass
class TaskWatch:
    """Notes the tasks that were still pending when an asyncio.Runner closed its loop.

    The runner cancels such tasks silently, which hides them from everything that could look later.
    """

    pending: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Watch every asyncio.Runner (and asyncio.run) inside the block."""
        runners: Any = asyncio.runners
        original = runners._cancel_all_tasks

        def watch(loop: asyncio.AbstractEventLoop) -> None:
            self.pending += [f"{task.get_name()}: {task.get_coro()!r}" for task in asyncio.all_tasks(loop)]
            original(loop)

        runners._cancel_all_tasks = watch
        try:
            yield
        finally:
            runners._cancel_all_tasks = original

    def take(self) -> list[str]:
        """The tasks noted since the last call, one line each."""
        lines = [f"asyncio task still pending when its loop closed: {name}" for name in self.pending]
        self.pending.clear()
        return lines


def _threads() -> frozenset[threading.Thread]:
    # A dummy stands for a thread that a C++ library made and that once called into Python. It is that library's to
    # end, and on Python 3.11 the dummy outlives it.
    return frozenset(t for t in threading.enumerate() if not isinstance(t, threading._DummyThread))


def _children() -> frozenset[int]:
    pids: set[int] = set()
    if not PROC.is_dir():
        return frozenset()
    for task in (PROC / "task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            pids.update(int(pid) for pid in (task / "children").read_text().split())
    # multiprocessing starts its resource tracker with the first spawned child and keeps it until the end.
    return frozenset(pids - {_resource_tracker()[0]})


def _descriptors() -> frozenset[tuple[int, str]]:
    held: set[tuple[int, str]] = set()
    if not PROC.is_dir():
        return frozenset()
    tracker = _resource_tracker()[1]
    for link in list((PROC / "fd").iterdir()):
        # The descriptor of this very listing is gone by now.
        with contextlib.suppress(FileNotFoundError):
            target = str(link.readlink())
            if int(link.name) != tracker and target not in SHARED_TARGETS:
                held.add((int(link.name), target))
    return frozenset(held)


SHARED_TARGETS = frozenset(
    {"/dev/urandom", "/dev/random", "/usr/share/mime/mime.cache", "anon_inode:[eventfd]"}
)
"""Opened by C libraries and kept on purpose. Qt paints large images on threads of its own, each with an event
descriptor, which come and go by Qt's clock; asyncio and our own code use none."""


def _resource_tracker() -> tuple[int | None, int | None]:
    tracker: Any = resource_tracker._resource_tracker
    return tracker._pid, tracker._fd


def _command(pid: int) -> str:
    try:
        words = (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        )
    except FileNotFoundError:
        words = ""
    return f"{pid} ({words or 'a zombie'})"
