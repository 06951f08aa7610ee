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
from hub.media.errors import WorkerFailed

HOLDS_S = 7 * 86_400
_NAME = "failed.json"


class _Failure(msgspec.Struct, frozen=True):
    reason: str
    at_s: float


class Failures:
    """The failures of all contents below `root`; each content's are read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, dict[str, _Failure]] = {}

    async def of(self, content: str) -> dict[str, str]:
        """Name of a rendition (or of a step) → why it failed."""
        if content not in self._known:
            self._known[content] = await asyncio.to_thread(_read, self._root / content / _NAME)
        since = time.time() - HOLDS_S
        return {name: f.reason for name, f in self._known[content].items() if f.at_s > since}

    async def note(self, content: str, name: str, problem: MediaError, reason: str) -> None:
        """Remember that `name` failed with `problem`; `reason` says so to people.

        That it cannot be written down is no reason to fail again. What nobody expected is a defect of this program and
        not of the file: it is forgotten with the hub.
        """
        await self.of(content)
        known = self._known[content]
        known[name] = _Failure(reason, time.time())
        if isinstance(problem, WorkerFailed):
            return
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
