"""What was made from files in the background. Every function takes a `Connection` and runs in its transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    case,
    delete,
    insert,
    literal,
    select,
)

from hub.db.tables import DerivedRow, FileRow, FolderRow, VideoRow
from hub.library.types import VideoState


class Kind(StrEnum):
    """What there is to make, the quickest first."""

    CAPTIONS = "captions"
    COMPLEXITY = "complexity"
    STORYBOARD = "storyboard"
    LOUDNESS = "loudness"


_COLUMNS = (
    FileRow.video_id,
    FolderRow.path.label("folder_path"),
    FileRow.dir,
    FileRow.name,
    FileRow.storyboard,
    FileRow.fingerprint,
    FileRow.sidecars,
    FileRow.probe,
    FileRow.duration_s,
)
_HAS: dict[Kind, ColumnElement[bool]] = {
    Kind.CAPTIONS: literal(value=True),
    Kind.COMPLEXITY: FileRow.video_codec.is_not(None),
    Kind.STORYBOARD: FileRow.video_codec.is_not(None),
    Kind.LOUDNESS: FileRow.audio_codec.is_not(None),
}


def wanted(connection: Connection, kind: Kind, before: str | None, limit: int) -> Sequence[RowMapping]:
    """Files of which this has not been made, newest first; those of videos with an id below `before`."""
    statement = _wanted(kind).order_by(FileRow.video_id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(FileRow.video_id < before)
    return connection.execute(statement).mappings().all()


def wanted_of(connection: Connection, kind: Kind, video_id: str) -> RowMapping | None:
    """The file of this video if this has not been made of it and it is there."""
    return connection.execute(_wanted(kind).where(FileRow.video_id == video_id)).mappings().first()


def store(
    connection: Connection, kind: Kind, made_of: RowMapping, data: dict[str, Any] | None, now: datetime
) -> bool:
    """Note what was made of a row from `wanted`; False when the video is gone or its file is another by now."""
    same = (
        select(FileRow.id)
        .join(VideoRow, VideoRow.id == FileRow.video_id)
        .where(
            FileRow.video_id == made_of["video_id"],
            FileRow.fingerprint == made_of["fingerprint"],
            VideoRow.state != VideoState.DELETED,
        )
    )
    if connection.execute(same).first() is None:
        return False
    forget(connection, [made_of["video_id"]], kind)
    connection.execute(
        insert(DerivedRow).values(
            video_id=made_of["video_id"],
            kind=kind,
            fingerprint=made_of["fingerprint"],
            sidecars=beside(kind, made_of),
            data=data,
            made_at=now,
        )
    )
    return True


def beside(kind: Kind, row: RowMapping) -> str:
    """What of a file's surroundings the result depends on."""
    is_imported = kind is Kind.STORYBOARD and row["storyboard"] is not None
    return row["sidecars"] if is_imported else ""


def of_video(connection: Connection, video_id: str) -> dict[str, RowMapping]:
    """What was made of the file a video has now (`data`, `made_at`), by kind."""
    statement = (
        select(DerivedRow.kind, DerivedRow.data, DerivedRow.made_at)
        .join(FileRow, FileRow.video_id == DerivedRow.video_id)
        .where(DerivedRow.video_id == video_id, DerivedRow.fingerprint == FileRow.fingerprint)
    )
    return {row["kind"]: row for row in connection.execute(statement).mappings()}


def of_deleted(connection: Connection) -> Sequence[str]:
    """Deleted videos of which something is still noted."""
    statement = (
        select(DerivedRow.video_id)
        .join(VideoRow, VideoRow.id == DerivedRow.video_id)
        .where(VideoRow.state == VideoState.DELETED)
        .distinct()
    )
    return connection.scalars(statement).all()


def forget(connection: Connection, video_ids: Collection[str], kind: Kind | None = None) -> None:
    """What was made of these videos is gone."""
    for video_id in video_ids:
        statement = delete(DerivedRow).where(DerivedRow.video_id == video_id)
        connection.execute(statement if kind is None else statement.where(DerivedRow.kind == kind))


def _wanted(kind: Kind) -> Select[Any]:
    digest = case((FileRow.storyboard.is_not(None), FileRow.sidecars), else_="")
    made = and_(
        DerivedRow.video_id == FileRow.video_id,
        DerivedRow.kind == kind,
        DerivedRow.fingerprint == FileRow.fingerprint,
        DerivedRow.sidecars == (digest if kind is Kind.STORYBOARD else ""),
    )
    return (
        select(*_COLUMNS)
        .select_from(FileRow)
        .join(VideoRow, VideoRow.id == FileRow.video_id)
        .join(FolderRow, FolderRow.id == FileRow.folder_id)
        .outerjoin(DerivedRow, made)
        .where(
            DerivedRow.video_id.is_(None),
            _HAS[kind],
            FileRow.missing_since.is_(None),
            FolderRow.problem.is_(None),
            VideoRow.state != VideoState.DELETED,
        )
    )
