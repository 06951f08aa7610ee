from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, insert
from ulid import ULID

from hub.db.engine import Database
from hub.db.tables import FolderRow
from hub.errors import InvalidInput, NotFound
from hub.events import Event, EventBus, PositionChanged
from hub.library.positions import PositionService
from hub.library.types import Page, Video, Visibility
from tests.hub.library.test_catalogue import MEMBER, OWNER, _add_file, _add_users, _add_video

AT = datetime(2026, 5, 1, tzinfo=UTC)
UNKNOWN = "01J8Z3V6Q0AAAAAAAAAAAAAAAA"


@pytest.fixture
def heard() -> list[Event]:
    return []


@pytest.fixture
async def positions(database: Database, heard: list[Event]) -> AsyncIterator[PositionService]:
    bus = EventBus()
    bus.subscribe(Event, heard.append)
    await database.write(_add_users)
    service = PositionService(database, bus)
    await service.start()
    yield service
    await service.close()


async def add(database: Database, tmp_path: Path, *names: str, **values: object) -> list[str]:
    """Videos of 100 seconds with files of these names in one folder."""

    def fill(connection: Connection) -> list[str]:
        folder_id = str(ULID())
        connection.execute(insert(FolderRow).values(id=folder_id, path=bytes(tmp_path), added_at=AT))
        ids = []
        for number, name in enumerate(names):
            ids.append(_add_video(connection, name, number, duration_s=100.0, **values))
            _add_file(connection, ids[-1], tmp_path / name, name.encode(), folder_id=folder_id)
        return ids

    return await database.write(fill)


def titles(page: Page[Video]) -> list[str]:
    return [video.title for video in page.items]


async def test_positions_told_at_once_are_stored_together(
    positions: PositionService, database: Database, tmp_path: Path, heard: list[Event]
) -> None:
    ids = await add(database, tmp_path, *(f"{number}.mp4" for number in range(20)))
    commits = 0

    def count(_: object) -> None:
        nonlocal commits
        commits += 1

    event.listen(database.engine, "commit", count)
    viewers = (OWNER, MEMBER)
    await asyncio.gather(
        *(
            positions.set(viewer, video_id, 10.0 + round_, AT + timedelta(seconds=round_))
            for round_ in range(5)
            for video_id in ids
            for viewer in viewers
        )
    )
    event.remove(database.engine, "commit", count)
    assert commits <= 3
    for video_id in ids:
        for viewer in viewers:
            assert await positions.get(viewer, video_id) == 14.0
    assert len([one for one in heard if isinstance(one, PositionChanged)]) == 40


async def test_nothing_is_lost_at_the_end(
    positions: PositionService, database: Database, tmp_path: Path
) -> None:
    (video_id,) = await add(database, tmp_path, "a.mp4")
    telling = asyncio.create_task(positions.set(OWNER, video_id, 42.0))
    await asyncio.sleep(0)
    await positions.close()
    assert await positions.get(OWNER, video_id) == 42.0
    await telling


async def test_one_unknown_video_does_not_disturb_the_others(
    positions: PositionService, database: Database, tmp_path: Path
) -> None:
    (known,) = await add(database, tmp_path, "a.mp4")
    (hidden,) = await add(database, tmp_path / "x", "c.mp4", visibility=Visibility.PRIVATE)
    outcome = await asyncio.gather(
        positions.set(MEMBER, known, 1.0),
        positions.set(MEMBER, UNKNOWN, 1.0),
        positions.set(MEMBER, hidden, 1.0),
        positions.set(OWNER, hidden, 2.0),
        return_exceptions=True,
    )
    assert [type(one) for one in outcome] == [type(None), NotFound, NotFound, type(None)]
    assert await positions.get(MEMBER, known) == 1.0
    assert await positions.get(OWNER, hidden) == 2.0


async def test_of_what_waits_together_the_later_wins_and_the_end_counts(
    positions: PositionService, database: Database, tmp_path: Path
) -> None:
    (video_id,) = await add(database, tmp_path, "a.mp4")
    await asyncio.gather(
        positions.set(OWNER, video_id, 95.0, AT),
        positions.set(OWNER, video_id, 3.0, AT + timedelta(seconds=2)),
        positions.set(OWNER, video_id, 50.0, AT + timedelta(seconds=1)),
    )
    assert await positions.get(OWNER, video_id) == 3.0
    page = await positions.continue_watching(OWNER, limit=10, cursor=None)
    assert page.items == []


async def test_what_was_begun_is_listed_the_latest_first(
    positions: PositionService, database: Database, tmp_path: Path
) -> None:
    ids = await add(database, tmp_path, *(f"{number}.mp4" for number in range(7)))
    begun = {0: 20.0, 1: 60.0, 2: 95.0, 3: 1.0, 4: 89.0, 5: 5.0}
    for number, position_s in begun.items():
        await positions.set(OWNER, ids[number], position_s, AT + timedelta(seconds=number // 2))
    await positions.set(MEMBER, ids[6], 50.0, AT)
    expected = ["5.mp4", "4.mp4", "1.mp4", "0.mp4"]
    page = await positions.continue_watching(OWNER, limit=10, cursor=None)
    assert (sorted(titles(page)), page.next_cursor) == (sorted(expected), None)
    assert page.items[0].position_s in (5.0, 89.0)
    seen: list[str] = []
    cursor = None
    for _ in range(4):
        page = await positions.continue_watching(OWNER, limit=1, cursor=cursor)
        seen += titles(page)
        cursor = page.next_cursor
    assert cursor is None
    assert seen == expected
    assert titles(await positions.continue_watching(MEMBER, limit=10, cursor=None)) == ["6.mp4"]


@pytest.mark.parametrize("cursor", ["", "x", "kwE"])
async def test_a_foreign_cursor_is_refused(positions: PositionService, cursor: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        await positions.continue_watching(OWNER, limit=1, cursor=cursor)


async def test_the_next_episode_is_found_by_its_name(
    positions: PositionService, database: Database, tmp_path: Path
) -> None:
    one, two, other = await add(database, tmp_path, "S 1x01.mp4", "S 1x02.mp4", "Other.mp4")
    following = await positions.next_video(MEMBER, one)
    assert following is not None
    assert following.id == two
    assert await positions.next_video(MEMBER, two) is None
    assert await positions.next_video(MEMBER, other) is None
    with pytest.raises(NotFound):
        await positions.next_video(MEMBER, UNKNOWN)
