from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.db.engine import Database
from hub.errors import Conflict, InvalidInput, NotFound
from hub.events import EventBus, FoldersChanged, VideosAdded, VideosRemoved
from hub.library.folders import FolderService
from tests.hub.library.conftest import World


async def test_a_folder_is_added_by_its_real_path_once(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / "link").symlink_to(other)
    world.events.clear()
    first = await world.folders.add(str(tmp_path / "link"))
    assert first.path == str(other)
    assert (first.videos, first.missing, first.problem, first.last_scan_at) == (0, 0, None, None)
    again = await world.folders.add(os.fsencode(f"{other}/../other//"))
    assert again == first
    assert [one.id for one in await world.folders.list()] == [world.folder.id, first.id]
    assert world.events == [FoldersChanged()]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("relative/path", "not an absolute path"),
        ("", "not an absolute path"),
        ("/no\0where", "not an absolute path"),
        ("/nowhere/at/all", "does not exist"),
        ("{file}", "is a file"),
        ("/\ud800", "characters that no file name can have"),
    ],
)
async def test_what_is_no_directory_is_refused_with_the_reason(
    world: World, tmp_path: Path, path: str, words: str
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInput, match=words) as refused:
        await world.folders.add(path.format(file=tmp_path / "file"))
    assert refused.value.field == "path"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs Linux's /proc")
@pytest.mark.parametrize("path", ["/proc", "/proc/self/task", "/sys", "/dev", "/dev/../dev/", "{link}"])
async def test_what_the_kernel_shows_of_itself_is_no_folder(world: World, tmp_path: Path, path: str) -> None:
    (tmp_path / "link").symlink_to("/proc/self")
    with pytest.raises(InvalidInput, match="belongs to the operating system") as refused:
        await world.folders.add(path.format(link=tmp_path / "link"))
    assert refused.value.field == "path"
    assert [one.id for one in await world.folders.list()] == [world.folder.id]


async def test_folders_do_not_lie_in_each_other(world: World) -> None:
    inside = world.root / "inside"
    inside.mkdir()
    with pytest.raises(Conflict, match=f"lies in {world.root}"):
        await world.folders.add(str(inside))
    with pytest.raises(Conflict, match=f"contains {world.root}"):
        await world.folders.add(str(world.root.parent))
    beside = world.root.parent / "library too"
    beside.mkdir()
    await world.folders.add(str(beside))


async def test_marquees_own_data_is_no_library_but_the_demo_is(database: Database, tmp_path: Path) -> None:
    data, demo = tmp_path / "data", tmp_path / "data" / "demo"
    demo.mkdir(parents=True)
    (data / "thumbs").mkdir()
    folders = FolderService(database, EventBus(), data_folder=data, demo_folder=demo)
    for path in (data, data / "thumbs"):
        with pytest.raises(InvalidInput, match="Marquee's own data"):
            await folders.add(str(path))
    await folders.add(str(demo))
    # A scan of what is around it does not enter the data folder: the two do not meet.
    await folders.add(str(tmp_path))
    assert len(await folders.list()) == 2
    assert folders.left_out == os.fsencode(data)


async def test_a_removed_folders_videos_are_gone_and_come_back_with_it(world: World) -> None:
    world.put("a/x.mp4", 1)
    world.put("y.mp4", 2)
    world.put("bad.mp4", b"bad")
    await world.scan()
    before = await world.ids()
    world.events.clear()
    await world.folders.remove(world.folder.id)
    assert await world.folders.list() == []
    assert await world.folders.problems() == []
    assert {row["video_id"] for row in (await world.rows()).values()} == set(before.values())
    assert await world.ids() == {}
    assert FoldersChanged() in world.events
    (removed,) = (one for one in world.events if isinstance(one, VideosRemoved))
    assert set(removed.ids) == set(before.values())
    assert (world.root / "y.mp4").exists(), "nothing on the disk is touched"
    await world.folders.add(str(world.root))
    await world.scan()
    assert await world.ids() == before
    (added,) = (one for one in world.events if isinstance(one, VideosAdded))
    assert set(added.ids) == set(before.values())
    assert list(await world.problems()) == ["bad.mp4"]


async def test_files_of_a_removed_folder_are_recognised_elsewhere(world: World, tmp_path: Path) -> None:
    world.put("x.mp4", 1)
    await world.scan()
    before = await world.ids()
    await world.folders.remove(world.folder.id)
    other = world.root.rename(tmp_path / "other")
    await world.folders.add(str(other))
    await world.scan()
    assert await world.ids() == before


async def test_an_unknown_folder_cannot_be_removed(world: World) -> None:
    with pytest.raises(NotFound):
        await world.folders.remove("01UNKNOWN00000000000000000")


async def test_a_note_is_shown_while_nothing_worse_is_wrong(world: World) -> None:
    world.events.clear()
    world.folders.set_note(world.folder.id, "only now and then")
    world.folders.set_note(world.folder.id, "only now and then")
    assert world.events == [FoldersChanged()]
    assert [one.problem for one in await world.folders.list()] == ["only now and then"]
    await world.folders.set_problem(world.folder.id, "not there")
    assert [one.problem for one in await world.folders.list()] == ["not there"]
    await world.folders.set_problem(world.folder.id, None)
    world.folders.set_note(world.folder.id, None)
    assert [one.problem for one in await world.folders.list()] == [None]


async def test_paths_that_are_not_utf8_can_be_added_and_shown(world: World, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(path)  # noqa: PTH102
    folder = await world.folders.add(path)
    assert folder.path == f"{tmp_path}/caf�"
    assert (await world.folders.paths())[folder.id] == path
