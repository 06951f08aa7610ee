"""Operations on library folders and their scans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gui.session import Operation
from hub.accounts.types import Viewer
from hub.jobs.types import Job
from hub.library.types import Folder, ScanProblem

if TYPE_CHECKING:
    from hub.bootstrap import Hub


def folders() -> Operation[list[Folder]]:
    """The library's folders."""
    return Operation(lambda hub, _: hub.folders.list())


def add(paths: Sequence[str]) -> Operation[list[Folder]]:
    """Make these folders part of the library and scan them. The first that cannot be added ends it with its reason."""

    async def run(hub: Hub, _: Viewer) -> list[Folder]:
        added: list[Folder] = []
        try:
            for path in paths:
                added.append(await hub.folders.add(path))  # noqa: PERF401  # those before a failure are scanned
        finally:
            if added:
                await hub.scans.request([folder.id for folder in added])
        return added

    return Operation(run)


def remove(folder_id: str) -> Operation[None]:
    """Take a folder out of the library; its files stay where they are."""
    return Operation(lambda hub, _: hub.folders.remove(folder_id), keep=True)


def rescan(folder_ids: list[str] | None = None) -> Operation[Job]:
    """Scan these folders, or all."""
    return Operation(lambda hub, _: hub.scans.request(folder_ids))


def problems() -> Operation[list[ScanProblem]]:
    """The scan report: what was passed over, and why."""
    return Operation(lambda hub, _: hub.folders.problems())


def demo() -> Operation[Job]:
    """Fill the demo library with generated clips."""
    return Operation(lambda hub, _: hub.demo.request())
