"""Rows of media files and of files that are none. Every function takes a `Connection` and runs in its transaction.

Places are (dir, name) within a folder. A rejected row also stands for a directory or link that was passed over: then
its size is `NOT_A_FILE`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    RowMapping,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    type_coerce,
    update,
)

from hub.db.tables import FileRow, FolderRow, RejectedFileRow, VideoRow
from hub.library.types import VideoState

Place = tuple[bytes, bytes]
Table = type[FileRow] | type[RejectedFileRow]

NOT_A_FILE = -1
_IN_CHUNK = 400
"""Values in one IN list: SQLite takes 32,766 parameters, PostgreSQL 65,535; short statements are cached better."""


# --- what a walk compares with ----------------------------------------------------------------------------------------


def known_in(
    connection: Connection, folder_id: str, dirs: Sequence[bytes]
) -> Sequence[Row[*tuple[Any, ...]]]:
    """(dir, name, size_bytes, mtime_ns, sidecars, missing_since, is_rejected) of all rows in these directories."""
    missing = type_coerce(FileRow.missing_since, BigInteger)
    media = select(
        FileRow.dir, FileRow.name, FileRow.size_bytes, FileRow.mtime_ns, FileRow.sidecars, missing, literal(0)
    ).where(FileRow.folder_id == folder_id, FileRow.dir.in_(dirs))
    rejected = select(
        RejectedFileRow.dir,
        RejectedFileRow.name,
        RejectedFileRow.size_bytes,
        RejectedFileRow.mtime_ns,
        literal(""),
        literal(None, BigInteger),
        literal(1),
    ).where(RejectedFileRow.folder_id == folder_id, RejectedFileRow.dir.in_(dirs))
    return connection.execute(media.union_all(rejected)).all()


def video_at(connection: Connection, folder_id: str, dir: bytes, name: bytes) -> str | None:  # noqa: A002  # as the column
    """The video whose file has this place."""
    here = (FileRow.folder_id == folder_id, FileRow.dir == dir, FileRow.name == name)
    return connection.scalar(select(FileRow.video_id).where(*here))


def known_dirs(connection: Connection, folder_id: str, below: bytes = b"") -> set[bytes]:
    """The directories at and under `below` (empty: all) that have rows of either kind."""
    dirs: set[bytes] = set()
    tables: tuple[Table, ...] = (FileRow, RejectedFileRow)
    for table in tables:
        mine: list[ColumnElement[bool]] = [table.folder_id == folder_id]
        if below:
            # "/" + 1 is "0": the range holds exactly what begins with `below/`.
            mine.append(or_(table.dir == below, and_(table.dir >= below + b"/", table.dir < below + b"0")))
        dirs.update(connection.scalars(select(table.dir).where(*mine).distinct()))
    return dirs


def _with_video() -> Select[*tuple[Any, ...]]:
    return (
        select(
            *FileRow.__table__.columns,
            FolderRow.path.label("folder_path"),
            VideoRow.state,
            VideoRow.source,
            VideoRow.edited,
        )
        .join(VideoRow, VideoRow.id == FileRow.video_id)
        .outerjoin(FolderRow, FolderRow.id == FileRow.folder_id)
    )


# Asked for every file that is news: put together once, because that takes longer than the answer.
_AT_PLACE = _with_video().where(
    FileRow.folder_id == bindparam("folder_id"),
    FileRow.dir == bindparam("dir"),
    FileRow.name == bindparam("name"),
)
_BY_ID = _with_video().where(FileRow.id == bindparam("id"))
_COPIES = (
    select(
        FileRow.id,
        FileRow.dir,
        FileRow.name,
        FileRow.size_bytes,
        FileRow.mtime_ns,
        FileRow.fingerprint,
        FolderRow.path.label("folder_path"),
    )
    .outerjoin(FolderRow, FolderRow.id == FileRow.folder_id)
    .where(FileRow.fingerprint == bindparam("fingerprint"))
    .order_by(FileRow.missing_since.is_(None), FileRow.id)
    .limit(bindparam("limit"))
)


# --- applying ---------------------------------------------------------------------------------------------------------


def at_place(connection: Connection, folder_id: str, place: Place) -> RowMapping | None:
    """The file row at a place, with its folder's path and its video's `state`, `source` and `edited`."""
    here = {"folder_id": folder_id, "dir": place[0], "name": place[1]}
    return connection.execute(_AT_PLACE, here).mappings().first()


def by_id(connection: Connection, file_id: str) -> RowMapping | None:
    """The same for the row with this id."""
    return connection.execute(_BY_ID, {"id": file_id}).mappings().first()


def copies(connection: Connection, fingerprint: str, limit: int) -> Sequence[RowMapping]:
    """Rows with this content and their folder's path, those whose file is not where it was first."""
    return connection.execute(_COPIES, {"fingerprint": fingerprint, "limit": limit}).mappings().all()


def insert_video(connection: Connection, video: dict[str, Any], file: dict[str, Any]) -> None:
    """A new video and its file: both or neither."""
    connection.execute(insert(VideoRow), video)
    connection.execute(insert(FileRow), file)


def update_file(connection: Connection, file_id: str, values: dict[str, Any]) -> None:
    """Set columns of one file."""
    connection.execute(update(FileRow).where(FileRow.id == file_id).values(**values))


def exchange_places(
    connection: Connection, mover: RowMapping, displaced: RowMapping | None, to: Place, folder_id: str
) -> None:
    """Put `mover` at `to`; the row that was there, if any, takes the mover's former place."""
    if displaced is not None:
        # Out of the way first: rows of no folder may share a place.
        update_file(connection, displaced["id"], {"folder_id": None})
    update_file(connection, mover["id"], {"folder_id": folder_id, "dir": to[0], "name": to[1]})
    if displaced is not None:
        former = {name: mover[name] for name in ("folder_id", "dir", "name")}
        update_file(connection, displaced["id"], former)


def mark_missing(
    connection: Connection, folder_id: str, places: Collection[Place], now: datetime
) -> list[str]:
    """Files at these places are gone; ids of the videos that were there until now (not those of deleted ones)."""
    return _mark(connection, folder_id, places, FileRow.missing_since.is_(None), now)


def mark_present(connection: Connection, folder_id: str, places: Collection[Place]) -> list[str]:
    """Missing files at these places are there again; ids of their videos (not those of deleted ones)."""
    return _mark(connection, folder_id, places, FileRow.missing_since.is_not(None), None)


def present_in(connection: Connection, folder_id: str, dirs: Collection[bytes]) -> list[Place]:
    """Places in these directories whose files are not missing."""
    found: list[Place] = []
    for chunk in _chunks(list(dirs)):
        statement = select(FileRow.dir, FileRow.name).where(
            FileRow.folder_id == folder_id, FileRow.dir.in_(chunk), FileRow.missing_since.is_(None)
        )
        found += [(row.dir, row.name) for row in connection.execute(statement)]
    return found


# --- files that are no media ------------------------------------------------------------------------------------------


def reject(connection: Connection, row: dict[str, Any]) -> bool:
    """Note what was passed over and why; False when exactly that was known (nothing is written then)."""
    mine = _rejected_at(row["folder_id"], (row["dir"], row["name"]))
    facts = ("size_bytes", "mtime_ns", "reason")
    known = connection.execute(
        select(*(getattr(RejectedFileRow, name) for name in facts)).where(mine)
    ).first()
    if known is not None and tuple(known) == tuple(row[name] for name in facts):
        return False
    connection.execute(delete(RejectedFileRow).where(mine))
    connection.execute(insert(RejectedFileRow), row)
    return True


def forget_rejected(connection: Connection, folder_id: str, places: Iterable[Place]) -> None:
    """These are gone, or good now."""
    for place in places:
        connection.execute(delete(RejectedFileRow).where(_rejected_at(folder_id, place)))


def forget_rejected_in(connection: Connection, folder_id: str, dirs: Collection[bytes]) -> None:
    """Everything passed over in these directories is gone."""
    for chunk in _chunks(list(dirs)):
        connection.execute(
            delete(RejectedFileRow).where(
                RejectedFileRow.folder_id == folder_id, RejectedFileRow.dir.in_(chunk)
            )
        )


def count_rejected(connection: Connection, folder_ids: Collection[str]) -> int:
    """How many things were passed over in these folders, or play and are damaged."""
    passed_over = (
        select(func.count()).select_from(RejectedFileRow).where(RejectedFileRow.folder_id.in_(folder_ids))
    )
    damaged = select(func.count(FileRow.id)).where(
        FileRow.problem.is_not(None), FileRow.missing_since.is_(None), FileRow.folder_id.in_(folder_ids)
    )
    return connection.execute(passed_over).scalar_one() + connection.execute(damaged).scalar_one()


def list_rejected(connection: Connection, limit: int) -> Sequence[RowMapping]:
    """What was passed over, newest first, with the path of the folder (`folder_path`).

    Not in folders with a problem: what is in them now, nobody knows.
    """
    statement = (
        select(*RejectedFileRow.__table__.columns, FolderRow.path.label("folder_path"))
        .join(FolderRow, FolderRow.id == RejectedFileRow.folder_id)
        .where(FolderRow.problem.is_(None))
        .order_by(RejectedFileRow.seen_at.desc(), RejectedFileRow.dir, RejectedFileRow.name)
        .limit(limit)
    )
    return connection.execute(statement).mappings().all()


def list_damaged(connection: Connection, limit: int) -> Sequence[RowMapping]:
    """Files that play and have a problem (`reason`), with the path of the folder (`folder_path`); likewise."""
    statement = (
        select(
            FileRow.folder_id,
            FileRow.dir,
            FileRow.name,
            FileRow.problem.label("reason"),
            FolderRow.path.label("folder_path"),
        )
        .join(FolderRow, FolderRow.id == FileRow.folder_id)
        .where(FileRow.problem.is_not(None), FileRow.missing_since.is_(None), FolderRow.problem.is_(None))
        .order_by(FileRow.dir, FileRow.name)
        .limit(limit)
    )
    return connection.execute(statement).mappings().all()


def _mark(
    connection: Connection,
    folder_id: str,
    places: Collection[Place],
    which: ColumnElement[bool],
    since: datetime | None,
) -> list[str]:
    videos: list[str] = []
    for chunk in _chunks(list(places)):
        rows = connection.execute(
            select(FileRow.id, FileRow.video_id, VideoRow.state)
            .join(VideoRow, VideoRow.id == FileRow.video_id)
            .where(FileRow.folder_id == folder_id, which, tuple_(FileRow.dir, FileRow.name).in_(chunk))
        ).all()
        ids = [row.id for row in rows]
        if ids:
            connection.execute(update(FileRow).where(FileRow.id.in_(ids)).values(missing_since=since))
        videos += [row.video_id for row in rows if row.state != VideoState.DELETED]
    return videos


def _rejected_at(folder_id: str, place: Place) -> ColumnElement[bool]:
    return and_(
        RejectedFileRow.folder_id == folder_id,
        RejectedFileRow.dir == place[0],
        RejectedFileRow.name == place[1],
    )


def _chunks(values: list[Any]) -> Iterable[list[Any]]:
    return (values[start : start + _IN_CHUNK] for start in range(0, len(values), _IN_CHUNK))
