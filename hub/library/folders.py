"""The library's folders: which there are, what is wrong with them, what in them was passed over."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from urllib.parse import unquote_to_bytes

from sqlalchemy import Connection, RowMapping

from hub.db.engine import Database
from hub.db.repositories import files, folders
from hub.errors import Conflict, InvalidInput, NotFound
from hub.events import EventBus, FoldersChanged, VideosChanged, VideosRemoved
from hub.library.cursors import Rank, page_of
from hub.library.links import is_at_or_under
from hub.library.names import to_text
from hub.library.types import Folder, Page, ScanProblem
from hub.library.walk import is_of_the_system, root_problem

MAX_PROBLEMS = 1_000
EMPTY_FOLDER = "This folder is empty, though there were videos in it. If a disk is mounted here, connect it."
_IDS_PER_EVENT = 1_000


class FolderService:
    """Lists, adds and removes library folders.

    A removed folder's videos leave the lists, but keep their rows and history; added again (or found anywhere
    else), their files are recognised by content and they are back.
    """

    def __init__(
        self,
        db: Database,
        events: EventBus,
        *,
        data_folder: Path | None = None,
        demo_folder: Path | None = None,
    ) -> None:
        self._db = db
        self._events = events
        self._data_folder = None if data_folder is None else os.fsencode(data_folder)
        self._demo_folder = None if demo_folder is None else os.fsencode(demo_folder)
        self._notes: dict[str, str] = {}

    async def start(self) -> None:
        """Find out where Marquee's own folders really are."""
        self._data_folder, self._demo_folder = await asyncio.to_thread(
            lambda: (_real(self._data_folder), _real(self._demo_folder))
        )

    async def close(self) -> None:
        """Nothing to end."""

    @property
    def left_out(self) -> bytes | None:
        """The directory that no scan looks into: Marquee's own data."""
        return self._data_folder

    async def paths(self) -> dict[str, bytes]:
        """Every folder's path as the file system has it, by id."""
        return await self._db.read(folders.folder_paths)

    async def add(self, path: str | bytes) -> Folder:
        """Make a directory part of the library; one that is already comes back as it is. InvalidInput, Conflict.

        A `file://` URI is taken too (RFC 8089): it can spell names that are not UTF-8 where only text may be sent.
        """
        real = await asyncio.to_thread(self._check, _as_bytes(path))
        folder_id, is_new = await self._db.write(_add, real, self._data_folder, datetime.now(UTC))
        if is_new:
            self._events.publish(FoldersChanged())
        return next(folder for folder in await self.list() if folder.id == folder_id)

    async def remove(self, folder_id: str) -> None:
        """Take a folder out of the library; nothing on the disk is touched. NotFound."""
        videos = await self._db.write(folders.remove_folder, folder_id, datetime.now(UTC))
        if videos is None:
            raise NotFound("There is no library folder with this id.")
        self._notes.pop(folder_id, None)
        self._events.publish(FoldersChanged())
        await self._tell(VideosRemoved, videos)

    async def problems(self) -> list[ScanProblem]:
        """The scan report: what was passed over, newest first, then what plays and is damaged.

        At most `MAX_PROBLEMS`.
        """
        return [_problem(row) for row in sorted(await self._report(), key=_rank)]

    async def problems_page(self, *, limit: int, cursor: str | None) -> Page[ScanProblem]:
        """A part of the scan report. InvalidInput for a cursor of another list."""
        page = page_of("problems", await self._report(), _rank, limit=limit, cursor=cursor)
        return Page(items=[_problem(row) for row in page.items], next_cursor=page.next_cursor)

    async def _report(self) -> list[RowMapping]:
        passed_over = await self._db.read(files.list_rejected, MAX_PROBLEMS)
        damaged = await self._db.read(files.list_damaged, MAX_PROBLEMS - len(passed_over))
        return [*passed_over, *damaged]

    async def set_problem(self, folder_id: str, problem: str | None) -> None:
        """Note why a folder cannot be read, or with None that it can."""
        await self._note(folder_id, problem)

    async def look_at(self, folder_id: str, root: bytes) -> str | None:
        """Note whether the folder at `root` can be read now, and say why not.

        One that looked unmounted goes on doing so until a scan has found something in it.
        """
        problem = await asyncio.to_thread(root_problem, root)
        await self._note(folder_id, problem, keeping=EMPTY_FOLDER)
        return problem

    async def _note(self, folder_id: str, problem: str | None, *, keeping: str | None = None) -> None:
        concerned = await self._db.write(folders.set_problem, folder_id, problem, keeping=keeping)
        if concerned is not None:
            self._events.publish(FoldersChanged())
            await self._tell(VideosChanged, concerned)

    async def _tell(self, kind: type[VideosChanged] | type[VideosRemoved], videos: Iterable[str]) -> None:
        left = iter(videos)
        while ids := tuple(islice(left, _IDS_PER_EVENT)):
            self._events.publish(kind(ids))
            await asyncio.sleep(0)  # a folder may hold 100,000: others get their turn in between

    def set_note(self, folder_id: str, note: str | None) -> None:
        """Note what keeps a folder from being followed as it changes; shown while nothing worse is wrong with it."""
        if self._notes.get(folder_id) != note:
            if note is None:
                del self._notes[folder_id]
            else:
                self._notes[folder_id] = note
            self._events.publish(FoldersChanged())

    async def list(self) -> list[Folder]:
        """All folders, oldest first."""
        found = await self._db.read(folders.list_folders)
        return [
            Folder(
                id=row["id"],
                path=shown_path(row["path"]),
                added_at=row["added_at"],
                last_scan_at=row["last_scan_at"],
                videos=row["videos"],
                missing=row["missing"],
                problem=row["problem"] or self._notes.get(row["id"]),
            )
            for row in found
        ]

    def _check(self, path: bytes) -> bytes:
        shown = shown_path(path)
        if b"\0" in path or not os.path.isabs(path):
            raise InvalidInput(
                f"{shown} is not an absolute path. Give the whole path, from / on.", field="path"
            )
        real = os.path.realpath(path)
        if not os.path.exists(real):
            raise InvalidInput(
                f"{shown} does not exist. Check the path, and that its disk is connected.", field="path"
            )
        if not os.path.isdir(real):
            raise InvalidInput(f"{shown} is a file. Add the folder it lies in.", field="path")
        if is_of_the_system(real):
            raise InvalidInput(
                f"{shown} belongs to the operating system: what is shown there are no files. "
                "Add the folder that your videos lie in.",
                field="path",
            )
        if (problem := root_problem(real)) is not None:
            raise InvalidInput(f"{shown} cannot be added. {problem} Check its permissions.", field="path")
        data, demo = self._data_folder, self._demo_folder
        if (
            data is not None
            and is_at_or_under(real, data)
            and not (demo is not None and is_at_or_under(real, demo))
        ):
            raise InvalidInput(
                f"{shown} belongs to Marquee's own data. Put videos into another folder and add that.",
                field="path",
            )
        return real


def shown_path(path: bytes) -> str:
    """A path for people: bytes that are not UTF-8 and control characters are shown replaced."""
    return to_text(path)


def _rank(row: RowMapping) -> Rank:
    newest_first = -row["seen_at"].timestamp() if "seen_at" in row else 0.0  # damaged files come last
    return newest_first, b"\0".join((row["dir"], row["name"], row["folder_id"].encode()))


def _problem(row: RowMapping) -> ScanProblem:
    return ScanProblem(
        path=shown_path(os.path.join(row["folder_path"], row["dir"], row["name"])),
        reason=row["reason"],
        folder_id=row["folder_id"],
    )


def _real(path: bytes | None) -> bytes | None:
    return None if path is None else os.path.realpath(path)


def _as_bytes(path: str | bytes) -> bytes:
    if isinstance(path, str) and path.startswith("file://"):
        return unquote_to_bytes(path.removeprefix("file://"))
    try:
        return os.fsencode(path)
    except UnicodeEncodeError as error:
        raise InvalidInput("The path holds characters that no file name can have.", field="path") from error


def _add(connection: Connection, path: bytes, data_folder: bytes | None, now: datetime) -> tuple[str, bool]:
    for folder_id, known in folders.folder_paths(connection).items():
        if known == path:
            return folder_id, False
        if data_folder is not None and is_at_or_under(known, data_folder) != is_at_or_under(
            path, data_folder
        ):
            continue  # no scan crosses into the data folder from outside
        if is_at_or_under(path, known):
            raise Conflict(
                f"{shown_path(path)} lies in {shown_path(known)}, which is in the library already."
            )
        if is_at_or_under(known, path):
            raise Conflict(
                f"{shown_path(path)} contains {shown_path(known)}, which is in the library already. "
                "Remove that first if you want the larger folder instead."
            )
    return folders.add_folder(connection, path, now), True
