"""The catalogue: what there is, as one person may see it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection, RowMapping

from hub.accounts.types import Viewer
from hub.db.engine import Database
from hub.db.repositories import derived
from hub.db.repositories import files as file_rows
from hub.db.repositories import videos as rows
from hub.db.repositories.folders import folder_paths
from hub.db.repositories.names import channel_id, tag_ids
from hub.errors import Conflict, InvalidInput, NotAllowed, NotFound, NotPlayable
from hub.events import EventBus, VideosAdded, VideosChanged, VideosRemoved
from hub.library.caption_tracks import tracks_of
from hub.library.chapters import TOLD_MARKERS, closed, from_description, markers_named
from hub.library.cursors import decode_cursor, encode_cursor
from hub.library.made import complexity, gain_db, storyboard_version
from hub.library.times import utc
from hub.library.types import (
    Availability,
    Marker,
    MediaFile,
    Page,
    Video,
    VideoDetail,
    VideoPatch,
    VideoQuery,
    VideoState,
    Visibility,
)
from hub.media.types import Chapter, Probe

MAX_TITLE = 500
MAX_DESCRIPTION = 50_000
MAX_TAGS = 100
MAX_NAME = 200


class PicturePaths(Protocol):
    """Knows where a video's pictures are."""

    async def path(self, video_id: str, width: int) -> Path | None:
        """The narrowest picture at least `width` wide, else the widest; None while there is none."""


class LibraryService:
    """Lists, details and edits of videos."""

    def __init__(self, db: Database, events: EventBus, pictures: PicturePaths) -> None:
        self._db = db
        self._events = events
        self._pictures = pictures

    async def list_videos(self, viewer: Viewer, query: VideoQuery) -> Page[Video]:
        """One page of the list. InvalidInput for a bad limit or cursor."""
        if not 1 <= query.limit <= 100:
            raise InvalidInput(f"limit = {query.limit} is not possible: allowed is 1 to 100.", field="limit")
        after = decode_cursor(query)
        return await self._db.read(_list, viewer, query, after)

    async def video_ids(self, viewer: Viewer, query: VideoQuery) -> list[str]:
        """The ids of the whole list in its order; `limit` and `cursor` do not count."""
        return await self._db.read(rows.list_ids, query, sees_all=viewer.role.manages_library)

    async def videos_by_ids(self, viewer: Viewer, ids: Sequence[str]) -> list[Video]:
        """The videos with these ids in the same order; those unknown to the viewer are left out.

        Who manages the library gets removed ones, too: lists of them are made of ids.
        """
        return await self._db.read(_by_ids, viewer, ids)

    async def count(self, viewer: Viewer) -> int:
        """How many videos the viewer's plain list holds."""
        return await self._db.read(rows.count_visible, sees_all=viewer.role.manages_library)

    async def get_video(self, viewer: Viewer, video_id: str) -> VideoDetail:
        """Everything about one video. NotFound."""
        return await self._db.read(_detail, viewer, video_id)

    async def update_video(self, viewer: Viewer, video_id: str, patch: VideoPatch) -> VideoDetail:
        """Change what the patch names. NotAllowed for those who only watch; InvalidInput names the field.

        A removed video is NotFound, unless the patch brings it back; Conflict when it is in no state to be brought back
        from.
        """
        require_manager(viewer)
        detail, was_removed = await self._db.write(_update, viewer, video_id, patch)
        self._events.publish((VideosAdded if was_removed else VideosChanged)((video_id,)))
        return detail

    async def delete_video(self, viewer: Viewer, video_id: str) -> None:
        """Take a video out of the catalogue; its file stays where it is and is not added again by scans.

        `update_video` with the state `ready` brings it back.
        """
        require_manager(viewer)
        await self._db.write(_delete, viewer, video_id)
        self._events.publish(VideosRemoved((video_id,)))

    async def video_at(self, viewer: Viewer, path: bytes) -> str | None:
        """The id of the video whose file this is; None when the library has none there that the viewer may see."""
        return await self._db.read(_video_at, viewer, path)

    async def playable_file(self, viewer: Viewer, video_id: str) -> MediaFile:
        """The bytes of a video. NotFound, or NotPlayable with the reason."""
        file = await self._db.read(_playable_file, viewer, video_id)
        if not await asyncio.to_thread(os.path.isfile, file.path):
            raise NotPlayable(
                "The file of this video is not where it was. It plays again as soon as a scan finds it; "
                "is its disk connected?"
            )
        return file

    async def thumbnail_path(self, viewer: Viewer, video_id: str, width: int) -> Path:
        """A WebP picture of the video: the narrowest at least `width` wide, else the widest.

        NotFound while there is none.
        """
        await self._db.read(require_visible, viewer, video_id)
        path = await self._pictures.path(video_id, width)
        if path is None:
            raise NotFound("There is no picture of this video (yet).")
        return path

    async def add_view(self, viewer: Viewer, video_id: str) -> None:
        """Count one more view of the video. NotFound."""
        await self._db.write(_add_view, viewer, video_id)


def _list(
    connection: Connection, viewer: Viewer, query: VideoQuery, after: tuple[Any, str] | None
) -> Page[Video]:
    found = rows.list_videos(
        connection,
        query,
        user_id=viewer.user_id,
        sees_all=viewer.role.manages_library,
        after=after,
        count=query.limit + 1,
    )
    more = len(found) > query.limit
    found = found[: query.limit]
    last = found[-1] if more else None
    return Page(
        items=videos_of(connection, [sorted_row.row for sorted_row in found]),
        next_cursor=encode_cursor(query, last.key, last.row["id"]) if last else None,
    )


def _by_ids(connection: Connection, viewer: Viewer, ids: Sequence[str]) -> list[Video]:
    found = rows.get_many(connection, ids, user_id=viewer.user_id, with_deleted=viewer.role.manages_library)
    return videos_of(
        connection, [found[i] for i in ids if i in found and _may_see(viewer, found[i]["visibility"])]
    )


def _detail(connection: Connection, viewer: Viewer, video_id: str) -> VideoDetail:
    row = require_visible(connection, viewer, video_id)
    file = rows.get_file(connection, video_id)
    probe = msgspec.convert(file["probe"], Probe) if file else None
    made = derived.of_video(connection, video_id)
    marked = _chapters(probe, row)
    tags = rows.tags_of(connection, [video_id]).get(video_id, [])
    return VideoDetail(
        **_fields(row, tags),
        file_path=os.fsdecode(_path(file)).encode(errors="replace").decode() if file else None,
        streams=list(probe.streams) if probe else [],
        chapters=list(marked),
        markers=_markers(file, marked),
        captions=[track.shown for track in tracks_of(connection, video_id, file)],
        gain_db=gain_db(made),
        storyboard_version=storyboard_version(made),
        problem=file["problem"] if file else None,
        updated_at=row["updated_at"],
    )


def _chapters(probe: Probe | None, row: RowMapping) -> tuple[Chapter, ...]:
    """Those of the file or beside it; else what the description says."""
    if probe is not None and probe.chapters:
        return closed(probe.chapters, row["duration_s"])
    return from_description(row["description"], row["duration_s"])


def _markers(file: RowMapping | None, marked: Sequence[Chapter]) -> list[Marker]:
    """Those told beside the file; else its chapters that are called so."""
    told = file["probe"].get(TOLD_MARKERS) if file else None
    return msgspec.convert(told, list[Marker]) if told else list(markers_named(marked))


def _update(
    connection: Connection, viewer: Viewer, video_id: str, patch: VideoPatch
) -> tuple[VideoDetail, bool]:
    """The video as it is now, and whether it had been removed before."""
    brings_back = patch.state is not msgspec.UNSET
    before = require_visible(connection, viewer, video_id, with_deleted=brings_back)["state"]
    if brings_back and before not in (VideoState.DELETED, VideoState.READY):
        raise Conflict(f"This video is {before}. Only one that was removed can be brought back.")
    given = {
        name: value
        for name in patch.__struct_fields__
        if name != "state" and (value := getattr(patch, name)) is not msgspec.UNSET
    }
    _check_patch(given)
    edited = sorted({*rows.get_edited(connection, video_id), *given})
    values = given | {"edited": edited, "updated_at": datetime.now(UTC)}
    if brings_back:
        values["state"] = VideoState.READY
    if "tags" in values:
        rows.set_tags(connection, video_id, tag_ids(connection, values.pop("tags")))
    if "channel" in values:
        name = values.pop("channel")
        values["channel_id"] = channel_id(connection, name) if name is not None else None
    rows.update_video(connection, video_id, values)
    return _detail(connection, viewer, video_id), before == VideoState.DELETED


def _check_patch(given: dict[str, Any]) -> None:
    limits = {"title": MAX_TITLE, "description": MAX_DESCRIPTION, "channel": MAX_NAME, "category": MAX_NAME}
    for field, limit in limits.items():
        if len(given.get(field) or "") > limit:
            raise InvalidInput(f"The {field} is longer than {limit} characters.", field=field)
        if "\0" in (given.get(field) or ""):
            raise InvalidInput(f"The {field} holds a NUL character. Remove it.", field=field)
    for field in {"channel", "category"} & given.keys():
        # Blanks are no name; nothing in lists or menus could be read or chosen.
        given[field] = (given[field] or "").strip() or None
    if given.get("published_at") is not None:
        given["published_at"] = utc(given["published_at"], "published_at")
    if "title" in given:
        given["title"] = given["title"].strip()
        if not given["title"]:
            raise InvalidInput("The title is empty. Give the video a title.", field="title")
    if "tags" in given:
        given["tags"] = [tag.strip() for tag in given["tags"]]
        if len(given["tags"]) > MAX_TAGS or any(
            not t or len(t) > MAX_NAME or "\0" in t for t in given["tags"]
        ):
            raise InvalidInput(f"Give at most {MAX_TAGS} tags of 1 to {MAX_NAME} characters.", field="tags")


def _delete(connection: Connection, viewer: Viewer, video_id: str) -> None:
    require_visible(connection, viewer, video_id)
    rows.update_video(connection, video_id, {"state": VideoState.DELETED, "updated_at": datetime.now(UTC)})


def _add_view(connection: Connection, viewer: Viewer, video_id: str) -> None:
    require_visible(connection, viewer, video_id)
    rows.add_view(connection, video_id)


def visible_file(connection: Connection, viewer: Viewer, video_id: str) -> RowMapping:
    """The row of a video's file. NotFound, or NotPlayable with the reason."""
    row = require_visible(connection, viewer, video_id)
    if row["file_id"] is None:
        raise NotPlayable("This video is only listed: its file is not on this hub.")
    # What is wrong with its folder is no reason: that may be over by now, and who opens the file will see.
    if _is_file_missing(row):
        raise NotPlayable("The file of this video is missing. It plays again as soon as a scan finds it.")
    file = rows.get_file(connection, video_id)
    if file is None:
        raise NotFound("There is no video with this id.")
    return file


def _playable_file(connection: Connection, viewer: Viewer, video_id: str) -> MediaFile:
    row = visible_file(connection, viewer, video_id)
    return media_file(row, complexity(derived.of_video(connection, video_id)))


def _video_at(connection: Connection, viewer: Viewer, path: bytes) -> str | None:
    for folder_id, folder in folder_paths(connection).items():
        inner = os.path.relpath(path, folder)
        if inner.startswith(b".."):
            continue
        video_id = file_rows.video_at(connection, folder_id, os.path.dirname(inner), os.path.basename(inner))
        row = (
            rows.get_many(connection, [video_id], user_id=viewer.user_id).get(video_id) if video_id else None
        )
        if row is not None and row["state"] != VideoState.DELETED and _may_see(viewer, row["visibility"]):
            return video_id
    return None


def require_visible(
    connection: Connection, viewer: Viewer, video_id: str, *, with_deleted: bool = False
) -> RowMapping:
    """The row of a video that the viewer may see. NotFound."""
    found = rows.get_many(connection, [video_id], user_id=viewer.user_id, with_deleted=with_deleted)
    row = found.get(video_id)
    if row is None or not _may_see(viewer, row["visibility"]):
        raise NotFound("There is no video with this id.")
    return row


def require_manager(viewer: Viewer) -> None:
    """NotAllowed for those who only watch."""
    if not viewer.role.manages_library:
        raise NotAllowed("Only the owner and admins change the library.")


def _may_see(viewer: Viewer, visibility: str) -> bool:
    return viewer.role.manages_library or visibility != Visibility.PRIVATE


def videos_of(connection: Connection, found: Sequence[RowMapping]) -> list[Video]:
    """Rows of `repositories.videos` as lists show them."""
    tags = rows.tags_of(connection, [row["id"] for row in found]) if found else {}
    return [Video(**_fields(row, tags.get(row["id"], []))) for row in found]


def _fields(row: RowMapping, tags: list[str]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "title": row["title"],
        "description": row["description"],
        "channel": row["channel"],
        "tags": tags,
        "category": row["category"],
        "source": row["source"],
        "state": VideoState(row["state"]),
        "visibility": Visibility(row["visibility"]),
        "duration_s": row["duration_s"],
        "width": row["width"],
        "height": row["height"],
        "size_bytes": row["size_bytes"],
        "container": row["container"],
        "video_codec": row["video_codec"],
        "audio_codec": row["audio_codec"],
        "published_at": row["published_at"],
        "added_at": row["added_at"],
        "views": row["views"],
        "position_s": row["position_s"] or 0.0,
        "watched": bool(row["watched"]),
        "availability": _availability(row),
        "thumb_version": row["thumb_version"] or None,
        "thumb_color": row["thumb_color"],
    }


def _availability(row: RowMapping) -> Availability:
    if row["file_id"] is None:
        return Availability.CATALOGUE
    if _is_file_missing(row) or row["folder_problem"] is not None:
        return Availability.MISSING
    return Availability.LOCAL


def _is_file_missing(row: RowMapping) -> bool:
    """The scan that saw its folder last did not find the file."""
    return row["missing_since"] is not None or row["folder_id"] is None


def _path(file: RowMapping) -> bytes:
    return os.path.join(file["folder_path"] or b"", file["dir"], file["name"])


def media_file(file: RowMapping, complexity: float | None) -> MediaFile:
    """What is opened for a file's row."""
    return MediaFile(
        video_id=file["video_id"],
        path=_path(file),
        size_bytes=file["size_bytes"],
        mtime_ns=file["mtime_ns"],
        fingerprint=file["fingerprint"],
        container=file["container"],
        duration_s=file["duration_s"],
        width=file["width"],
        height=file["height"],
        video_codec=file["video_codec"],
        audio_codec=file["audio_codec"],
        probe=msgspec.convert(file["probe"], Probe),
        complexity=complexity,
    )
