"""Rows of library folders. Every function takes a `Connection` and runs in its transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, and_, delete, func, insert, select, update
from ulid import ULID

from hub.db.tables import FileRow, FolderRow, RejectedFileRow, VideoRow
from hub.library.types import VideoState


def list_folders(connection: Connection) -> Sequence[RowMapping]:
    """All folders, oldest first, each with the number of its `videos` and of those whose file is `missing`."""
    counts = (
        select(
            FileRow.folder_id,
            func.count(FileRow.id).label("videos"),
            func.count(FileRow.missing_since).label("missing"),
        )
        .join(VideoRow, and_(VideoRow.id == FileRow.video_id, VideoRow.state != VideoState.DELETED))
        .group_by(FileRow.folder_id)
        .subquery()
    )
    statement = (
        select(
            *FolderRow.__table__.columns,
            func.coalesce(counts.c.videos, 0).label("videos"),
            func.coalesce(counts.c.missing, 0).label("missing"),
        )
        .outerjoin(counts, counts.c.folder_id == FolderRow.id)
        .order_by(FolderRow.added_at, FolderRow.id)
    )
    return connection.execute(statement).mappings().all()


def folder_paths(connection: Connection) -> dict[str, bytes]:
    """The path of every folder, by id."""
    return {row.id: row.path for row in connection.execute(select(FolderRow.id, FolderRow.path))}


def add_folder(connection: Connection, path: bytes, now: datetime) -> str:
    """The id of a new folder."""
    folder_id = str(ULID())
    connection.execute(insert(FolderRow).values(id=folder_id, path=path, added_at=now))
    return folder_id


def remove_folder(connection: Connection, folder_id: str, now: datetime) -> list[str] | None:
    """Forget a folder; its files become rows of no folder, missing. Ids of their videos; None for no such folder."""
    videos = list(
        connection.scalars(
            select(FileRow.video_id)
            .join(VideoRow, VideoRow.id == FileRow.video_id)
            .where(FileRow.folder_id == folder_id, VideoRow.state != VideoState.DELETED)
        )
    )
    mine = update(FileRow).where(FileRow.folder_id == folder_id)
    connection.execute(mine.where(FileRow.missing_since.is_(None)).values(missing_since=now))
    connection.execute(mine.values(folder_id=None))
    connection.execute(delete(RejectedFileRow).where(RejectedFileRow.folder_id == folder_id))
    gone = connection.execute(delete(FolderRow).where(FolderRow.id == folder_id))
    return videos if gone.rowcount else None


def set_problem(
    connection: Connection, folder_id: str, problem: str | None, *, keeping: str | None = None
) -> list[str] | None:
    """Note why a folder cannot be read, or with None that it can, unless the problem `keeping` is noted.

    None when that is no news, else the ids of the videos that are missing, or there again, because of it.
    """
    known = connection.execute(select(FolderRow.problem).where(FolderRow.id == folder_id)).first()
    if known is None or known.problem == problem:
        return None
    if problem is None and keeping is not None and known.problem == keeping:
        return None
    connection.execute(update(FolderRow).where(FolderRow.id == folder_id).values(problem=problem))
    if known.problem is not None and problem is not None:
        return []
    concerned = (
        select(FileRow.video_id)
        .join(VideoRow, VideoRow.id == FileRow.video_id)
        .where(
            FileRow.folder_id == folder_id,
            FileRow.missing_since.is_(None),
            VideoRow.state != VideoState.DELETED,
        )
    )
    return list(connection.scalars(concerned))


def set_scanned(connection: Connection, folder_id: str, now: datetime) -> None:
    """Note that a folder was read from end to end."""
    connection.execute(update(FolderRow).where(FolderRow.id == folder_id).values(last_scan_at=now))
