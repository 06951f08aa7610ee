"""Noticing that a child process has ended, without a thread for each."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from typing import TypeVarTuple, Unpack

Ts = TypeVarTuple("Ts")


def watch_children_by_descriptor() -> None:
    """Have asyncio wait for child processes by file descriptor, in whichever loop starts them.

    WORKAROUND: Python 3.11 starts a thread for every child; waits for the end of 3.11. From 3.12 on asyncio does by
    itself what is done here. Where the kernel or a container does not offer descriptors for processes, threads stay.
    """
    if sys.version_info >= (3, 12) or not hasattr(os, "pidfd_open"):
        return
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return
    if not isinstance(asyncio.get_child_watcher(), _DescriptorWatcher):
        asyncio.set_child_watcher(_DescriptorWatcher())


if sys.version_info < (3, 12):

    class _DescriptorWatcher(asyncio.AbstractChildWatcher):
        """`asyncio.PidfdChildWatcher` as of Python 3.12: bound to no loop, so that it serves those of any thread."""

        def is_active(self) -> bool:
            return True

        def attach_loop(self, loop: asyncio.AbstractEventLoop | None) -> None:
            """Nothing to attach to: each child is watched by the loop that started it."""

        def close(self) -> None:
            """Nothing is held."""

        def __enter__(self) -> _DescriptorWatcher:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def add_child_handler(
            self, pid: int, callback: Callable[[int, int, Unpack[Ts]], object], *args: *Ts
        ) -> None:
            descriptor = os.pidfd_open(pid)
            asyncio.get_running_loop().add_reader(descriptor, self._reap, pid, descriptor, callback, args)

        def remove_child_handler(self, pid: int) -> bool:
            return True  # asyncio has never called it on this kind of watcher: children are always waited for

        def _reap(
            self, pid: int, descriptor: int, callback: Callable[..., object], args: tuple[object, ...]
        ) -> None:
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)
            try:
                _, status = os.waitpid(pid, 0)
                code = os.waitstatus_to_exitcode(status)
            except ChildProcessError:
                code = 255  # somebody else has waited for it; asyncio's own watchers say the same
            callback(pid, code, *args)
