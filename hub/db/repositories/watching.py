"""What people watch and what comes next. Every function takes a `Connection` and runs in its transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping, and_, insert, or_, select, update

from hub.db.tables import FileRow, FolderRow, VideoRow, WatchStateRow
from hub.library.types import VideoState, Visibility

MAX_SIBLINGS = 5_000


class Heard(NamedTuple):
    """A position as a player told it."""

    user_id: str
    video_id: str
    sees_all: bool
    position_s: float
    furthest_s: float
    """The highest of the positions that this one stands for."""
    at: datetime


def store_positions(
    connection: Connection, heard: Sequence[Heard], watched_share: float
) -> list[bool | None]:
    """Store positions unless later ones are known, all in a few statements.

    For each of `heard`: True when it was stored, False when a later one is known, None when there is no such video.
    No two of them may be of the same person and video. `watched` is never taken back here.
    """
    videos = {
        row.id: row
        for row in connection.execute(
            select(VideoRow.id, VideoRow.duration_s, VideoRow.visibility).where(
                VideoRow.id.in_({one.video_id for one in heard}), VideoRow.state != VideoState.DELETED
            )
        )
    }
    known = _known(connection, heard)
    new: list[dict[str, Any]] = []
    outcome: list[bool | None] = []
    for one in heard:
        video = videos.get(one.video_id)
        if video is None or (video.visibility == Visibility.PRIVATE and not one.sees_all):
            outcome.append(None)
            continue
        before = known.get((one.user_id, one.video_id))
        if before is not None and before["at"] > one.at:
            outcome.append(False)
            continue
        duration_s = video.duration_s
        values = {
            "position_s": one.position_s if duration_s is None else min(one.position_s, duration_s),
            "watched": (before is not None and before["watched"])
            or (duration_s is not None and one.furthest_s >= watched_share * duration_s > 0),
            "at": one.at,
        }
        outcome.append(True)
        if before is None:
            new.append({"user_id": one.user_id, "video_id": one.video_id, **values})
        else:
            connection.execute(
                update(WatchStateRow)
                .where(WatchStateRow.user_id == one.user_id, WatchStateRow.video_id == one.video_id)
                .values(**values)
            )
    if new:
        connection.execute(insert(WatchStateRow), new)
    return outcome


def _known(connection: Connection, heard: Sequence[Heard]) -> dict[tuple[str, str], RowMapping]:
    statement = select(
        WatchStateRow.user_id, WatchStateRow.video_id, WatchStateRow.at, WatchStateRow.watched
    ).where(
        WatchStateRow.user_id.in_({one.user_id for one in heard}),
        WatchStateRow.video_id.in_({one.video_id for one in heard}),
    )
    return {(row["user_id"], row["video_id"]): row for row in connection.execute(statement).mappings()}


def started(
    connection: Connection,
    user_id: str,
    *,
    sees_all: bool,
    least_s: float,
    watched_share: float,
    after: tuple[datetime, str] | None,
    count: int,
) -> Sequence[RowMapping]:
    """`video_id` and `at` (last watched) of what a person has begun and not finished, the latest first.

    `after` is the (time, video id) of the last one shown.
    """
    statement = (
        select(WatchStateRow.video_id, WatchStateRow.at)
        .join(VideoRow, VideoRow.id == WatchStateRow.video_id)
        .join(FileRow, FileRow.video_id == VideoRow.id)
        .join(FolderRow, FolderRow.id == FileRow.folder_id)
        .where(
            WatchStateRow.user_id == user_id,
            WatchStateRow.position_s >= least_s,
            or_(
                VideoRow.duration_s.is_(None),
                WatchStateRow.position_s < watched_share * VideoRow.duration_s,
            ),
            VideoRow.state != VideoState.DELETED,
            FileRow.missing_since.is_(None),
            FolderRow.problem.is_(None),
        )
        .order_by(WatchStateRow.at.desc(), WatchStateRow.video_id.desc())
        .limit(count)
    )
    if not sees_all:
        statement = statement.where(VideoRow.visibility != Visibility.PRIVATE)
    if after is not None:
        at, video_id = after
        earlier = and_(WatchStateRow.at == at, WatchStateRow.video_id < video_id)
        statement = statement.where(WatchStateRow.at <= at, or_(WatchStateRow.at < at, earlier))
    return connection.execute(statement).mappings().all()


def siblings(
    connection: Connection, file: RowMapping, parent: bytes | None, *, sees_all: bool
) -> Sequence[RowMapping]:
    """`dir`, `name` and `video_id` of the files that are there in a file's folder.

    With `parent` (a folder, empty for the library folder itself) of those anywhere below it.
    """
    where = FileRow.dir == file["dir"]
    if parent is not None:
        where = (
            and_(FileRow.dir >= parent + b"/", FileRow.dir < parent + b"0") if parent else FileRow.dir > b""
        )
    statement = (
        select(FileRow.dir, FileRow.name, FileRow.video_id)
        .join(VideoRow, VideoRow.id == FileRow.video_id)
        .where(
            FileRow.folder_id == file["folder_id"],
            where,
            FileRow.missing_since.is_(None),
            VideoRow.state == VideoState.READY,
        )
        .limit(MAX_SIBLINGS)
    )
    if not sees_all:
        statement = statement.where(VideoRow.visibility == Visibility.HOUSEHOLD)
    return connection.execute(statement).mappings().all()
