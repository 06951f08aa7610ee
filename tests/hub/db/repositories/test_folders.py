from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, select

from hub.db.engine import Database
from hub.db.repositories import folders
from hub.db.tables import FileRow
from hub.library.types import VideoState
from tests.hub.db.repositories.test_files import add

NOW = datetime(2026, 5, 1, tzinfo=UTC)


async def test_a_removed_folder_leaves_missing_rows_of_no_folder(database: Database) -> None:
    def run(connection: Connection) -> None:
        one = folders.add_folder(connection, b"/one", NOW)
        kept = add(connection, one, b"a.mp4")
        add(connection, one, b"b.mp4", state=VideoState.DELETED)
        assert folders.remove_folder(connection, one, NOW) == [kept]
        assert folders.remove_folder(connection, one, NOW) is None
        rows = connection.execute(select(FileRow.folder_id, FileRow.missing_since)).all()
        assert [tuple(row) for row in rows] == [(None, NOW), (None, NOW)]

    await database.write(run)


async def test_folders_count_their_videos(database: Database) -> None:
    def run(connection: Connection) -> None:
        one = folders.add_folder(connection, b"/one", NOW)
        folders.add_folder(connection, b"/two", NOW)
        add(connection, one, b"a.mp4")
        add(connection, one, b"b.mp4", missing_since=NOW)
        add(connection, one, b"c.mp4", state=VideoState.DELETED)
        listed = [(row["path"], row["videos"], row["missing"]) for row in folders.list_folders(connection)]
        assert listed == [(b"/one", 2, 1), (b"/two", 0, 0)]
        folders.set_scanned(connection, one, NOW)
        assert [row["last_scan_at"] for row in folders.list_folders(connection)] == [NOW, None]

    await database.write(run)


async def test_a_problem_tells_whose_videos_it_takes_away_and_gives_back(database: Database) -> None:
    def run(connection: Connection) -> None:
        one = folders.add_folder(connection, b"/one", NOW)
        there = add(connection, one, b"a.mp4")
        add(connection, one, b"b.mp4", missing_since=NOW)
        add(connection, one, b"c.mp4", state=VideoState.DELETED)
        assert folders.set_problem(connection, one, "gone") == [there]
        assert folders.set_problem(connection, one, "gone") is None
        assert folders.set_problem(connection, one, "a file by now") == []
        assert folders.set_problem(connection, one, None, keeping="a file by now") is None
        assert folders.set_problem(connection, one, None, keeping="gone") == [there]
        assert folders.set_problem(connection, one, None) is None

    await database.write(run)
