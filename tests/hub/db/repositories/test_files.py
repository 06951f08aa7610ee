from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError
from ulid import ULID

from hub.db.engine import Database
from hub.db.repositories import files, folders
from hub.db.tables import FileRow, VideoRow
from hub.library.types import VideoState

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def add(connection: Connection, folder_id: str | None, path: bytes, **values: Any) -> str:
    """A video with a file; its id."""
    video_id = str(ULID())
    directory, _, name = path.rpartition(b"/")
    video = {"id": video_id, "title": "t", "title_key": "t", "source": "folder", "visibility": "household",
             "state": values.pop("state", "ready"), "thumb_version": values.pop("thumb_version", None),
             "added_at": NOW, "updated_at": NOW}  # fmt: skip
    file: dict[str, Any]
    file = {"id": str(ULID()), "video_id": video_id, "folder_id": folder_id, "dir": directory, "name": name,
            "size_bytes": 1, "mtime_ns": 2, "fingerprint": "f" * 32, "container": "mp4", "probe": {}}  # fmt: skip
    files.insert_video(connection, video, file | values)
    return video_id


async def test_known_files_and_rejected_ones_by_directory(database: Database) -> None:
    def run(connection: Connection) -> None:
        one = folders.add_folder(connection, b"/one", NOW)
        two = folders.add_folder(connection, b"/two", NOW)
        add(connection, one, b"a/\xff.mp4", sidecars="s")
        add(connection, one, b"a/gone.mp4", missing_since=NOW)
        add(connection, one, b"b/x.mp4")
        add(connection, two, b"a/y.mp4")
        bad = {
            "folder_id": one,
            "dir": b"a",
            "name": b"bad.mp4",
            "size_bytes": 5,
            "mtime_ns": 6,
            "reason": "r",
            "seen_at": NOW,
        }
        assert files.reject(connection, bad)
        assert not files.reject(connection, bad), "known already: nothing is written"
        assert files.reject(connection, bad | {"reason": "another"})
        found = sorted(tuple(row) for row in files.known_in(connection, one, [b"a"]))
        micros = int(NOW.timestamp() * 1_000_000)
        assert found == [
            (b"a", b"bad.mp4", 5, 6, "", None, 1),
            (b"a", b"gone.mp4", 1, 2, "", micros, 0),
            (b"a", b"\xff.mp4", 1, 2, "s", None, 0),
        ]
        assert files.count_rejected(connection, [one]) == 1
        files.forget_rejected_in(connection, one, [b"a"])
        assert files.count_rejected(connection, [one, two]) == 0

    await database.write(run)


async def test_known_directories_below_another(database: Database) -> None:
    def run(connection: Connection) -> None:
        one = folders.add_folder(connection, b"/one", NOW)
        for path in (b"x.mp4", b"a/x.mp4", b"a/b/x.mp4", b"a-b/x.mp4", b"a0/x.mp4", b"a/\xff\xff/x.mp4"):
            add(connection, one, path)
        assert files.known_dirs(connection, one) == {b"", b"a", b"a/b", b"a-b", b"a0", b"a/\xff\xff"}
        assert files.known_dirs(connection, one, b"a") == {b"a", b"a/b", b"a/\xff\xff"}

    await database.write(run)


async def test_two_rows_exchange_their_places(database: Database) -> None:
    def run(connection: Connection) -> None:
        one = folders.add_folder(connection, b"/one", NOW)
        two = folders.add_folder(connection, b"/two", NOW)
        a, b = add(connection, one, b"a/a.mp4"), add(connection, two, b"b.mp4")
        mover, displaced = (
            files.at_place(connection, one, (b"a", b"a.mp4")),
            files.at_place(connection, two, (b"", b"b.mp4")),
        )
        assert mover is not None
        files.exchange_places(connection, mover, displaced, (b"", b"b.mp4"), two)
        places = {
            row.video_id: (row.folder_id, row.dir, row.name)
            for row in connection.execute(select(FileRow.__table__))
        }
        assert places == {a: (two, b"", b"b.mp4"), b: (one, b"a", b"a.mp4")}

    await database.write(run)


async def test_one_place_holds_one_row(database: Database) -> None:
    def run(connection: Connection) -> None:
        one = folders.add_folder(connection, b"/one", NOW)
        add(connection, one, b"a/a.mp4")
        add(connection, one, b"a/a.mp4")

    with pytest.raises(IntegrityError):
        await database.write(run)
    assert await database.read(lambda c: c.execute(select(VideoRow.id)).all()) == [], "nor half a video"


async def test_marking_counts_only_what_changes_and_no_deleted_video(database: Database) -> None:
    def run(connection: Connection) -> None:
        one = folders.add_folder(connection, b"/one", NOW)
        places = [(b"d", b"%d.mp4" % n) for n in range(900)]
        ids = [add(connection, one, b"d/" + name) for _, name in places]
        deleted = add(connection, one, b"d/deleted.mp4", state=VideoState.DELETED)
        everything = [*places, (b"d", b"deleted.mp4"), (b"d", b"unknown.mp4")]
        assert sorted(files.mark_missing(connection, one, everything, NOW)) == sorted(ids)
        assert files.mark_missing(connection, one, everything, NOW) == []
        assert files.present_in(connection, one, [b"d"]) == []
        assert sorted(files.mark_present(connection, one, everything)) == sorted(ids)
        assert files.mark_present(connection, one, everything) == []
        assert deleted not in ids

    await database.write(run)


async def test_rows_of_one_content_come_with_the_missing_ones_first(database: Database) -> None:
    def run(connection: Connection) -> None:
        one = folders.add_folder(connection, b"/one", NOW)
        for n in range(5):
            add(connection, one, b"%d.mp4" % n, missing_since=NOW if n in (2, 4) else None)
        add(connection, one, b"other.mp4", fingerprint="e" * 32)
        first, second, *rest = [row["id"] for row in files.copies(connection, "f" * 32, 10)]
        assert len(rest) == 3
        for file_id in (first, second):
            row = files.by_id(connection, file_id)
            assert row is not None
            assert row["missing_since"] == NOW
            assert (row["folder_path"], row["source"], row["edited"]) == (b"/one", "folder", [])
        (nearest,) = files.copies(connection, "f" * 32, 1)
        assert nearest["id"] == first

    await database.write(run)
