"""What could not be made of a file, remembered so that it is not tried at each start.

One small file beside the segments of a content: `failed.json`, name of a rendition → sentence. It holds for a while,
and not for another version of the recipe, whose contents have other names.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from pathlib import Path

import msgspec

from hub.errors import MediaError
from hub.media.errors import WorkerFailed, WorkerTimeout

HOLDS_S = 7 * 86_400
SLOW_HOLDS_S = 300.0
"""What took too long may have done so because the machine was busy or the disk slow: it is tried again soon."""
_NAME = "failed.json"


class _Failure(msgspec.Struct, frozen=True):
    reason: str
    at_s: float


class Failures:
    """The failures of all contents below `root`; each content's are read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, dict[str, _Failure]] = {}
        """What is written down."""
        self._unwritten: dict[str, dict[str, _Failure]] = {}
        self._slow: dict[str, dict[str, _Failure]] = {}

    async def of(self, content: str) -> dict[str, str]:
        """Name of a rendition (or of a step) → why it failed."""
        if content not in self._known:
            self._known[content] = await asyncio.to_thread(_read, self._root / content / _NAME)
        now = time.time()
        return {
            name: failure.reason
            for kind, holds_s in (
                (self._slow, SLOW_HOLDS_S),
                (self._unwritten, HOLDS_S),
                (self._known, HOLDS_S),
            )
            for name, failure in kind.get(content, {}).items()
            if failure.at_s > now - holds_s
        }

    async def note(self, content: str, name: str, problem: MediaError, reason: str) -> None:
        """Remember that `name` failed with `problem`; `reason` says so to people.

        That it cannot be written down is no reason to fail again. What nobody expected is a defect of this program and
        not of the file: it is forgotten with the hub. What took too long holds for `SLOW_HOLDS_S` alone.
        """
        await self.of(content)
        failure = _Failure(reason, time.time())
        if isinstance(problem, WorkerTimeout):
            self._slow.setdefault(content, {})[name] = failure
            return
        if isinstance(problem, WorkerFailed):
            self._unwritten.setdefault(content, {})[name] = failure
            return
        known = self._known[content]
        known[name] = failure
        with contextlib.suppress(OSError):
            await asyncio.to_thread(_write, self._root / content / _NAME, msgspec.json.encode(known))


def _read(path: Path) -> dict[str, _Failure]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, _Failure])
    except (OSError, msgspec.DecodeError):
        return {}


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    partial.write_bytes(data)
    partial.replace(path)
