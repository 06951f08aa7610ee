"""Scans as jobs: asked for by people (`scan`) and by the watcher (`scan-changes`), side by side.

Requests for the same that still wait become one; one that comes while its like is running waits for its turn, so that
no change is overlooked.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.db.engine import Database
from hub.db.repositories.files import Place
from hub.errors import NotFound
from hub.events import EventBus, FoldersChanged
from hub.jobs.service import JobContext, JobService
from hub.jobs.types import Job
from hub.library.compare import Comparison, Found
from hub.library.folders import FolderService, shown_path
from hub.library.scan import Part, Prober, Scan, to_the_end
from hub.library.types import ScanProgress
from hub.library.walk import Spot, Walk, root_problem
from hub.runtime.tasks import TaskScope

KIND = "scan"
KIND_CHANGES = "scan-changes"


@dataclass(slots=True)
class Survey:
    """What a scan of some spots would find, without doing anything about it."""

    found: list[Found] = field(default_factory=list)
    gone: set[Spot] = field(default_factory=set)
    """Where known files have vanished, or came back, or something is in the way."""
    problem: str | None = None
    """Why the folder cannot be read."""


class ScanService:
    """Queues and runs scans."""

    def __init__(
        self, db: Database, events: EventBus, jobs: JobService, media: Prober, folders: FolderService
    ) -> None:
        self._db = db
        self._events = events
        self._jobs = jobs
        self._media = media
        self._folders = folders
        self._tasks = TaskScope("scans")
        self._scanning: frozenset[str] = frozenset()
        self._asked: dict[str, str] = {}
        """The job last asked to scan a folder from end to end, by the folder's id."""
        jobs.register(KIND, self._run)
        jobs.register(KIND_CHANGES, self._run)

    async def start(self) -> None:
        """Nothing to prepare: the job queue goes on with what was interrupted."""

    async def close(self) -> None:
        """Wait for nothing: the job queue has ended what ran."""
        await self._tasks.close()

    async def request(self, folder_ids: Sequence[str] | None = None) -> Job:
        """Queue a scan of these folders, or of all. NotFound for an unknown id. Its detail is a `ScanProgress`."""
        paths = await self._folders.paths()
        for folder_id in folder_ids or ():
            if folder_id not in paths:
                raise NotFound("There is no library folder with this id.")
        if folder_ids is None:
            job = await self._jobs.submit(KIND, "all", "Scanning the library", {})
            self._asked = dict.fromkeys(paths, job.id)
            return job
        chosen = sorted(set(folder_ids))
        title = (
            f"Scanning {_name(paths[chosen[0]])}" if len(chosen) == 1 else f"Scanning {len(chosen)} folders"
        )
        payload = {"parts": [_as_payload(Part(folder_id)) for folder_id in chosen]}
        job = await self._jobs.submit(KIND, _key(payload), title, payload)
        self._asked |= dict.fromkeys(chosen, job.id)
        return job

    async def request_changes(self, parts: Sequence[Part]) -> Job:
        """Queue a look at some spots, for those who know where something changed."""
        payload = {"parts": [_as_payload(part) for part in parts]}
        return await self._jobs.submit(KIND_CHANGES, _key(payload), "Taking up changes", payload)

    async def wait(self, job: Job) -> Job:
        """The job once it is over."""
        return await self._jobs.wait(job.id)

    async def last_asked(self, folder_id: str) -> Job | None:
        """The last scan of the whole folder that this hub was asked for, over or not."""
        with suppress(NotFound):  # so long ago that it is forgotten
            if (job_id := self._asked.get(folder_id)) is not None:
                return await self._jobs.get(job_id)
        return None

    def is_scanning(self, folder_id: str) -> bool:
        """True while a scan of the whole folder runs."""
        return folder_id in self._scanning

    async def survey(self, part: Part) -> Survey:
        """What has changed at some spots; nothing is probed or written."""
        roots = await self._folders.paths()
        if part.folder_id not in roots:
            return Survey()
        root = roots[part.folder_id]
        walk = Walk(root, part.spots, folders=roots.values(), left_out=self._folders.left_out)
        comparison = Comparison(self._db, part.folder_id, walk, part.unsettled)
        survey = Survey(problem=await asyncio.to_thread(root_problem, root))
        if survey.problem is None:
            steps = _survey(comparison, survey)
            # In small steps, so that closing the hub need not wait for a walk through a large folder.
            while await to_the_end(self._tasks, asyncio.to_thread(next, steps, False)):
                pass
        return survey

    async def _run(self, context: JobContext) -> None:
        def report(progress: ScanProgress, done: int, total: int | None) -> None:
            context.report(done_units=done, total_units=total, detail=progress)

        given: list[dict[str, Any]] | None = context.payload.get("parts")
        if given is None:
            parts = [Part(folder_id) for folder_id in await self._folders.paths()]
        else:
            parts = [_from_payload(part) for part in given]
        if context.job.kind == KIND:
            self._scanning = frozenset(part.folder_id for part in parts)
        scan = Scan(self._db, self._events, self._media, self._folders, self._tasks, report)
        try:
            await scan.run(parts)
        finally:
            if context.job.kind == KIND:
                self._scanning = frozenset()
            if scan.changed_counts or context.job.kind == KIND:
                self._events.publish(FoldersChanged())


def _survey(comparison: Comparison, survey: Survey) -> Iterator[bool]:
    comparison.prepare()
    yield True
    for batch in comparison:
        survey.found += batch.found
        survey.gone |= {_around(place) for place in (*batch.vanished, *batch.returned, *batch.accepted)}
        yield True
    left = comparison.leftovers()
    survey.gone |= {_around(place) for place in (*left.vanished, *left.passed_over, *left.solved)}
    for problem in comparison.new_problems():
        survey.gone |= {Spot(problem.dir, is_deep=False), Spot(os.path.join(problem.dir, problem.name))}


def _around(place: Place) -> Spot:
    return Spot(place[0], is_deep=False)


def _name(path: bytes) -> str:
    return shown_path(os.path.basename(path) or path)


# File names are bytes and JSON knows none: they travel as hex.


def _key(payload: dict[str, Any]) -> str:
    """The same for the same request; a list of many folders would be too long for an index."""
    return hashlib.blake2b(msgspec.json.encode(payload), digest_size=16).hexdigest()


def _as_payload(part: Part) -> dict[str, Any]:
    return {
        "folder_id": part.folder_id,
        "spots": [[spot.dir.hex(), spot.is_deep] for spot in part.spots],
        "unsettled": [[directory.hex(), name.hex()] for directory, name in part.unsettled],
    }


def _from_payload(payload: dict[str, Any]) -> Part:
    unsettled: tuple[Place, ...] = tuple(
        (bytes.fromhex(directory), bytes.fromhex(name)) for directory, name in payload["unsettled"]
    )
    spots = tuple(Spot(bytes.fromhex(directory), is_deep) for directory, is_deep in payload["spots"])
    return Part(payload["folder_id"], spots, unsettled)
