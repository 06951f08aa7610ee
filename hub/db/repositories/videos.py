"""Reading and changing the catalogue's rows. Every function takes a `Connection` and runs in its transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    delete,
    func,
    insert,
    literal_column,
    select,
    tuple_,
    update,
)

from hub.db.repositories.names import fold, sort_key
from hub.db.tables import ChannelRow, FileRow, FolderRow, TagRow, VideoRow, VideoTagRow, WatchStateRow
from hub.library.types import Order, VideoQuery, VideoSort, VideoState, Visibility

# Spelt exactly as in the tables' indexes: with bound parameters SQLite would not recognise them.
SORT_KEYS: dict[VideoSort, ColumnElement[Any]] = {
    VideoSort.ADDED: literal_column("videos.added_at"),
    VideoSort.PUBLISHED: literal_column("coalesce(videos.published_at, -9223372036854775807)"),
    VideoSort.TITLE: literal_column("videos.title_key"),
    VideoSort.DURATION: literal_column("coalesce(videos.duration_s, -1)"),
    VideoSort.VIEWS: literal_column("videos.views"),
}

_LIST_COLUMNS = (
    VideoRow.id, VideoRow.title, VideoRow.description, VideoRow.category, VideoRow.source, VideoRow.state,
    VideoRow.visibility, VideoRow.duration_s, VideoRow.published_at, VideoRow.added_at, VideoRow.updated_at,
    VideoRow.views, VideoRow.thumb_version, VideoRow.thumb_color, VideoRow.title_key,
    ChannelRow.name.label("channel"),
    FileRow.id.label("file_id"), FileRow.folder_id, FileRow.size_bytes, FileRow.container, FileRow.width,
    FileRow.height, FileRow.video_codec, FileRow.audio_codec, FileRow.missing_since,
    FolderRow.problem.label("folder_problem"),
    WatchStateRow.position_s, WatchStateRow.watched,
)  # fmt: skip


class SortedRow:
    """A list row with the key it is sorted by, for the next cursor."""

    __slots__ = ("key", "row")

    def __init__(self, row: RowMapping, key: Any) -> None:
        self.row = row
        self.key = key


def list_videos(
    connection: Connection,
    query: VideoQuery,
    *,
    user_id: str,
    sees_all: bool,
    after: tuple[Any, str] | None,
    count: int,
) -> list[SortedRow]:
    """Up to `count` rows of the list `query` describes, after the (sort key, id) pair `after`."""
    key = SORT_KEYS[query.sort]
    descending = is_descending(query)
    statement = _visible(_joined(user_id, key.label("sort_key")), query, sees_all=sees_all)
    if after is not None:
        here = tuple_(key, VideoRow.id)
        there = tuple_(*after)
        statement = statement.where(here < there if descending else here > there)
        # Says nothing new, but SQLite finds the place in an index over an expression by this only.
        statement = statement.where(key <= after[0] if descending else key >= after[0])
    rows = connection.execute(_ordered(statement, key, descending=descending).limit(count)).mappings()
    return [SortedRow(row, row["sort_key"]) for row in rows]


def list_ids(connection: Connection, query: VideoQuery, *, sees_all: bool) -> list[str]:
    """The ids of the whole list, in order."""
    key = SORT_KEYS[query.sort]
    statement = _visible(select(VideoRow.id), query, sees_all=sees_all)
    return list(connection.scalars(_ordered(statement, key, descending=is_descending(query))))


def count_visible(connection: Connection, *, sees_all: bool) -> int:
    """How many videos the plain list holds."""
    statement = _visible(select(func.count(VideoRow.id)), VideoQuery(), sees_all=sees_all)
    count: int = connection.execute(statement).scalar_one()
    return count


def get_many(
    connection: Connection, ids: Sequence[str], *, user_id: str, with_deleted: bool = False
) -> dict[str, RowMapping]:
    """Rows by id; ids that are unknown, or deleted unless these are wanted, too, are left out."""
    statement = _joined(user_id).where(VideoRow.id.in_(ids))
    if not with_deleted:
        statement = statement.where(VideoRow.state != VideoState.DELETED)
    return {row["id"]: row for row in connection.execute(statement).mappings()}


def tags_of(connection: Connection, ids: Sequence[str]) -> dict[str, list[str]]:
    """Tag names of each video, sorted."""
    tags: dict[str, list[str]] = {}
    statement = (
        select(VideoTagRow.video_id, TagRow.name)
        .join(TagRow, TagRow.id == VideoTagRow.tag_id)
        .where(VideoTagRow.video_id.in_(ids))
        .order_by(TagRow.name_key)
    )
    for video_id, name in connection.execute(statement):
        tags.setdefault(video_id, []).append(name)
    return tags


def get_file(connection: Connection, video_id: str) -> RowMapping | None:
    """The file of a video with its folder's path (`folder_path`) and the video's `state` and `visibility`."""
    statement = (
        select(
            *FileRow.__table__.columns,
            FolderRow.path.label("folder_path"),
            VideoRow.state,
            VideoRow.visibility,
        )
        .join(VideoRow, VideoRow.id == FileRow.video_id)
        .outerjoin(FolderRow, FolderRow.id == FileRow.folder_id)
        .where(FileRow.video_id == video_id)
    )
    return connection.execute(statement).mappings().first()


def get_edited(connection: Connection, video_id: str) -> list[str]:
    """Names of the fields a person has set."""
    return connection.execute(select(VideoRow.edited).where(VideoRow.id == video_id)).scalar_one()


def update_video(connection: Connection, video_id: str, values: dict[str, Any]) -> None:
    """Set columns of one video."""
    if "title" in values:
        values = values | {"title_key": sort_key(values["title"])}
    connection.execute(update(VideoRow).where(VideoRow.id == video_id).values(**values))


def set_tags(connection: Connection, video_id: str, tag_ids: Iterable[str]) -> None:
    """Replace a video's tags."""
    connection.execute(delete(VideoTagRow).where(VideoTagRow.video_id == video_id))
    rows = [{"video_id": video_id, "tag_id": tag_id} for tag_id in tag_ids]
    if rows:
        connection.execute(insert(VideoTagRow), rows)


def add_view(connection: Connection, video_id: str) -> None:
    """Count one more view."""
    connection.execute(update(VideoRow).where(VideoRow.id == video_id).values(views=VideoRow.views + 1))


def get_position(connection: Connection, user_id: str, video_id: str) -> float:
    """How far a person has watched, in seconds; 0 when not at all."""
    statement = select(WatchStateRow.position_s).where(
        WatchStateRow.user_id == user_id, WatchStateRow.video_id == video_id
    )
    return connection.execute(statement).scalar_one_or_none() or 0.0


def is_descending(query: VideoQuery) -> bool:
    """The direction of a list: as asked, else ascending for titles and descending for all else."""
    return query.order is Order.DESC if query.order else query.sort is not VideoSort.TITLE


def _joined(user_id: str, *further: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    mine = and_(WatchStateRow.video_id == VideoRow.id, WatchStateRow.user_id == user_id)
    return (
        select(*_LIST_COLUMNS, *further)
        .select_from(VideoRow)
        .outerjoin(ChannelRow, ChannelRow.id == VideoRow.channel_id)
        .outerjoin(FileRow, FileRow.video_id == VideoRow.id)
        .outerjoin(FolderRow, FolderRow.id == FileRow.folder_id)
        .outerjoin(WatchStateRow, mine)
    )


def _visible(
    statement: Select[*tuple[Any, ...]], query: VideoQuery, *, sees_all: bool
) -> Select[*tuple[Any, ...]]:
    if query.state is None:
        statement = statement.where(VideoRow.state != VideoState.DELETED)
    else:
        statement = statement.where(VideoRow.state == query.state)
    # Of a folder that was removed from the library: kept, so that it comes back with the folder, but not shown.
    # As a set, not row by row: there are few, and an index finds them.
    statement = statement.where(
        VideoRow.id.not_in(select(FileRow.video_id).where(FileRow.folder_id.is_(None)))
    )
    if not sees_all:
        # What was removed is gone for those who cannot bring it back, even when they ask for it.
        statement = statement.where(
            VideoRow.visibility == Visibility.HOUSEHOLD, VideoRow.state != VideoState.DELETED
        )
    if query.visibility is not None:
        statement = statement.where(VideoRow.visibility == query.visibility)
    if query.channel is not None:
        mine = select(ChannelRow.id).where(ChannelRow.name_key == fold(query.channel)).scalar_subquery()
        statement = statement.where(VideoRow.channel_id == mine)
    if query.tag is not None:
        tagged = select(VideoTagRow.video_id).join(TagRow, TagRow.id == VideoTagRow.tag_id)
        statement = statement.where(VideoRow.id.in_(tagged.where(TagRow.name_key == fold(query.tag))))
    if query.category is not None:
        statement = statement.where(VideoRow.category == query.category)
    if query.source is not None:
        statement = statement.where(VideoRow.source == query.source)
    return statement


def _ordered(
    statement: Select[*tuple[Any, ...]], key: ColumnElement[Any], *, descending: bool
) -> Select[*tuple[Any, ...]]:
    if descending:
        return statement.order_by(key.desc(), VideoRow.id.desc())
    return statement.order_by(key, VideoRow.id)
