from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, delete

from hub.db.repositories import files as rows
from hub.db.repositories.files import Place
from hub.db.tables import FileRow
from hub.library.compare import BATCH_FILES, Batch, Comparison, Leftovers
from hub.library.walk import Spot, Walk
from tests.hub.library.conftest import World

NOW = datetime(2026, 5, 1, tzinfo=UTC)


async def compared(world: World, *spots: Spot, unsettled: tuple[Place, ...] = ()) -> tuple[Batch, Leftovers]:
    """All batches as one, and what is left over."""

    def run() -> tuple[Batch, Leftovers]:
        walk = Walk(os.fsencode(world.root), spots or (Spot(),))
        comparison = Comparison(world.db, world.folder.id, walk, unsettled)
        comparison.prepare()
        whole = Batch()
        for batch in comparison:
            for name in Batch.__slots__:
                setattr(whole, name, getattr(whole, name) + getattr(batch, name))
        return whole, comparison.leftovers()

    return await world.db.read(lambda _: run())


async def test_what_is_as_it_was_is_only_counted(world: World) -> None:
    world.put("a.mp4", 1)
    world.put("b/c.mp4", 2)
    world.put("b/c.en.srt", b"")
    await world.scan()
    batch, leftovers = await compared(world)
    assert batch == Batch(seen=2, unchanged=2)
    assert leftovers == Leftovers()


async def test_differences_are_named(world: World) -> None:
    for n, name in enumerate(("same", "changed", "gone", "beside")):
        world.put(f"{name}.mp4", n)
    await world.scan()
    os.utime(world.root / "changed.mp4", ns=(1, 1))
    (world.root / "gone.mp4").unlink()
    world.put("beside.srt", b"")
    world.put("new.mp4", 9)
    batch, _ = await compared(world)
    assert {(one.name, one.is_known, one.is_same_file) for one in batch.found} == {
        (b"changed.mp4", True, False),
        (b"beside.mp4", True, True),
        (b"new.mp4", False, False),
    }
    assert batch.vanished == [(b"", b"gone.mp4")]
    unsettled = ((b"", b"changed.mp4"), (b"", b"gone.mp4"), (b"", b"new.mp4"))
    batch, _ = await compared(world, unsettled=unsettled)
    assert [one.name for one in batch.found] == [b"beside.mp4"]
    assert batch.vanished == []


async def test_directories_that_are_gone_are_left_over(world: World) -> None:
    world.put("a/x.mp4", 1)
    world.put("a/b/y.mp4", 2)
    world.put("a-b/z.mp4", 3)
    await world.scan()
    (world.root / "a").rename(world.root / ".a")
    _, leftovers = await compared(world)
    assert sorted(leftovers.vanished) == [(b"a", b"x.mp4"), (b"a/b", b"y.mp4")]
    for spot in (Spot(b"", is_deep=False), Spot(b"a")):
        _, leftovers = await compared(world, spot)
        assert sorted(leftovers.vanished) == [(b"a", b"x.mp4"), (b"a/b", b"y.mp4")]
    _, leftovers = await compared(world, Spot(b"a", is_deep=False))
    assert (b"a", b"x.mp4") in leftovers.vanished
    assert await compared(world, Spot(b"a-b")) == (Batch(seen=1, unchanged=1), Leftovers())


async def test_one_query_a_batch_of_directories(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(30):
        world.put(f"{n}/{n}.mp4", n)
    await world.scan()
    asked: list[int] = []
    real = world.db.read_now

    def read_now(function: Any, *arguments: Any) -> Any:
        if function is rows.known_in:
            asked.append(len(arguments[1]))
        return real(function, *arguments)

    monkeypatch.setattr(world.db, "read_now", read_now)
    batch, _ = await compared(world)
    assert asked == [31]
    assert batch.unchanged == 30 < BATCH_FILES


async def test_another_folders_files_do_not_count(world: World) -> None:
    world.put("a.mp4", 1)
    await world.scan()
    other = world.root.parent / "other"
    other.mkdir()
    (other / "a.mp4").write_bytes((world.root / "a.mp4").read_bytes())
    await world.folders.add(str(other))
    await world.scan()
    assert len(await world.db.read(all_places)) == 2
    await world.db.write(lambda c: c.execute(delete(FileRow).where(FileRow.folder_id != world.folder.id)))
    batch, leftovers = await compared(world)
    assert (batch, leftovers) == (Batch(seen=1, unchanged=1), Leftovers())


def all_places(connection: Connection) -> list[Place]:
    return [(row.dir, row.name) for row in connection.execute(FileRow.__table__.select())]
