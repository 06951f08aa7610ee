"""Which videos have pictures (`thumb_version`, `thumb_color`).

Every function takes a `Connection` and runs in its transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, select, update

from hub.db.tables import FileRow, FolderRow, VideoRow
from hub.library.types import VideoState

_COLUMNS = (
    FileRow.video_id,
    FolderRow.path.label("folder_path"),
    FileRow.dir,
    FileRow.name,
    FileRow.poster,
    FileRow.fingerprint,
    FileRow.sidecars,
)


def wanted(connection: Connection, before: str | None, limit: int) -> Sequence[RowMapping]:
    """Videos without pictures whose file is there, newest first; those with an id below `before`."""
    statement = _wanted(*_COLUMNS).order_by(VideoRow.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(VideoRow.id < before)
    return connection.execute(statement).mappings().all()


def wanted_of(connection: Connection, video_ids: Collection[str]) -> Sequence[RowMapping]:
    """Those of these videos that are without pictures and whose file is there."""
    return connection.execute(_wanted(*_COLUMNS).where(VideoRow.id.in_(video_ids))).mappings().all()


def count_wanted(connection: Connection) -> int:
    """How many videos are without pictures though their file is there."""
    count: int = connection.execute(_wanted(func.count())).scalar_one()
    return count


def set_made(connection: Connection, made_of: RowMapping, version: int, color: str | None) -> bool:
    """Note pictures made of a row from `wanted`; False when the video is deleted or its file is another by now."""
    same = (
        select(VideoRow.id)
        .join(FileRow, FileRow.video_id == VideoRow.id)
        .where(
            VideoRow.id == made_of["video_id"],
            VideoRow.state != VideoState.DELETED,
            FileRow.fingerprint == made_of["fingerprint"],
            FileRow.sidecars == made_of["sidecars"],
        )
    )
    if connection.execute(same).first() is None:
        return False
    values = {"thumb_version": version, "thumb_color": color}
    connection.execute(update(VideoRow).where(VideoRow.id == made_of["video_id"]).values(**values))
    return True


def pictured_but_deleted(connection: Connection) -> Sequence[str]:
    """Deleted videos whose pictures are still noted."""
    statement = select(VideoRow.id).where(
        VideoRow.state == VideoState.DELETED, VideoRow.thumb_version.is_not(None)
    )
    return connection.scalars(statement).all()


def forget(connection: Connection, video_ids: Collection[str]) -> None:
    """The pictures of these videos are gone."""
    for video_id in video_ids:
        connection.execute(
            update(VideoRow).where(VideoRow.id == video_id).values(thumb_version=None, thumb_color=None)
        )


def _wanted(*columns: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(*columns)
        .select_from(FileRow)
        .join(VideoRow, VideoRow.id == FileRow.video_id)
        .join(FolderRow, FolderRow.id == FileRow.folder_id)
        .where(
            VideoRow.thumb_version.is_(None),
            FileRow.missing_since.is_(None),
            FolderRow.problem.is_(None),
            VideoRow.state != VideoState.DELETED,
        )
    )
