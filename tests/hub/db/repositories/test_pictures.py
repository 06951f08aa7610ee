from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, select

from hub.db.engine import Database
from hub.db.repositories import files, folders, pictures
from hub.db.tables import FileRow
from hub.library.types import VideoState
from tests.hub.db.repositories.test_files import add

NOW = datetime(2026, 5, 1, tzinfo=UTC)


async def test_pictures_are_wanted_newest_first_where_there_is_a_file(database: Database) -> None:
    def run(connection: Connection) -> None:
        one = folders.add_folder(connection, b"/one", NOW)
        wanted = [add(connection, one, b"%d.mp4" % n) for n in range(3)]
        add(connection, one, b"missing.mp4", missing_since=NOW)
        add(connection, None, b"detached.mp4")
        add(connection, one, b"deleted.mp4", state=VideoState.DELETED)
        add(connection, one, b"has.mp4", thumb_version=1)
        add(connection, one, b"none.mp4", thumb_version=0)
        newest = sorted(wanted, reverse=True)
        assert [row["video_id"] for row in pictures.wanted(connection, None, 10)] == newest
        assert [row["video_id"] for row in pictures.wanted(connection, newest[0], 1)] == newest[1:2]
        assert pictures.count_wanted(connection) == 3
        (row,) = pictures.wanted_of(connection, [newest[0]])
        assert pictures.set_made(connection, row, 7, "#123456")
        files.update_file(
            connection,
            connection.scalars(select(FileRow.id).where(FileRow.video_id == newest[1])).one(),
            {"fingerprint": "new"},
        )
        assert not pictures.set_made(connection, {**row, "video_id": newest[1]}, 7, None)  # type: ignore[arg-type]
        assert pictures.count_wanted(connection) == 2

    await database.write(run)


async def test_pictures_of_deleted_videos_are_found_and_forgotten(database: Database) -> None:
    def run(connection: Connection) -> None:
        one = folders.add_folder(connection, b"/one", NOW)
        deleted = add(connection, one, b"deleted.mp4", state=VideoState.DELETED, thumb_version=3)
        add(connection, one, b"a.mp4", thumb_version=3)
        assert list(pictures.pictured_but_deleted(connection)) == [deleted]
        pictures.forget(connection, [deleted])
        assert list(pictures.pictured_but_deleted(connection)) == []

    await database.write(run)
