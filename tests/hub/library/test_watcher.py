from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from hub.db import retry
from hub.db.engine import Database, open_engine
from hub.events import Event, FoldersChanged, JobChanged
from hub.jobs.types import JobState
from hub.library import tree_watch
from hub.library.scanner import KIND, KIND_CHANGES
from hub.library.watcher import ASKED_WITHIN_S, FolderWatcher
from tests.broken_database import locked
from tests.hub.library.conftest import World
from tests.media import clip_bytes, unique_clip_bytes, write_bytes

pytestmark = pytest.mark.integration

PROMISED_S = 2.0
SLACK_S = 4.0
"""What a machine that others use as well may take longer."""

Condition = Callable[[], Awaitable[bool]]


async def scanned(world: World, times: int = 1) -> None:
    """Wait for the scan that the watcher asks for once it hears, or cannot; then forget it."""

    def is_over(event: Event) -> bool:
        return isinstance(event, JobChanged) and event.job.kind == KIND and event.job.state is JobState.DONE

    await world.until(lambda: sum(map(is_over, world.events)) >= times)
    world.events.clear()


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """One engine will do: what the watcher asks of it, other tests ask of both."""
    monkeypatch.setattr("hub.db.engine.BUSY_TIMEOUT_MS", 200)
    monkeypatch.setattr(retry, "FIRST_S", 0.05)
    path = tmp_path / "marquee.db"
    path.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
async def watched(world: World) -> AsyncIterator[World]:
    """A library with one film whose changes are followed."""
    world.put("first.mp4", 1)
    watcher = FolderWatcher(world.folders, world.scans, world.bus)
    await watcher.start()
    await scanned(world)
    yield world
    await watcher.close()


def has(world: World, *names: bytes) -> Condition:
    async def is_so() -> bool:
        return set(await world.ids()) == set(names)

    return is_so


async def test_a_new_file_is_there_within_two_seconds(watched: World) -> None:
    began = time.monotonic()
    watched.put("new.mp4", 2)
    await watched.until(has(watched, b"first.mp4", b"new.mp4"))
    assert time.monotonic() - began < PROMISED_S + SLACK_S


async def test_what_changed_while_nobody_watched_is_found_at_the_start(watched: World) -> None:
    assert set(await watched.ids()) == {b"first.mp4"}


async def test_a_renamed_file_is_never_seen_as_missing(watched: World) -> None:
    before = await watched.ids()
    (watched.root / "first.mp4").rename(watched.root / "second.mp4")
    await watched.until(has(watched, b"second.mp4"))
    assert (await watched.ids())[b"second.mp4"] == before[b"first.mp4"]

    def figures() -> list[tuple[int, int]]:
        jobs = [event.job for event in watched.events if isinstance(event, JobChanged)]
        over = [job for job in jobs if job.kind == KIND_CHANGES and job.state is JobState.DONE]
        return [(World.figures(job).files_moved, World.figures(job).files_missing) for job in over]

    await watched.until(lambda: bool(figures()))
    assert figures() == [(1, 0)]


async def test_a_deleted_file_is_missing_and_back_when_it_returns(watched: World) -> None:
    before = await watched.ids()
    aside = (watched.root / "first.mp4").rename(watched.root.parent / "aside.mp4")
    await watched.until(has(watched))
    aside.rename(watched.root / "first.mp4")
    await watched.until(has(watched, b"first.mp4"))
    assert await watched.ids() == before


async def test_a_directory_that_is_moved_in_and_renamed_is_followed(watched: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside" / "deep"
    outside.mkdir(parents=True)
    for n in range(3):
        (outside / f"{n}.mp4").write_bytes(unique_clip_bytes(10 + n))
    outside.parent.rename(watched.root / "in")
    await watched.until(has(watched, b"first.mp4", *(b"in/deep/%d.mp4" % n for n in range(3))))
    before = await watched.ids()
    (watched.root / "in").rename(watched.root / "out")
    await watched.until(has(watched, b"first.mp4", *(b"out/deep/%d.mp4" % n for n in range(3))))
    assert set((await watched.ids()).values()) == set(before.values())
    (watched.root / "out" / "deep" / "late.mp4").write_bytes(unique_clip_bytes(20))
    await watched.until(lambda: late_is_there(watched))
    shutil.rmtree(watched.root / "out")
    await watched.until(has(watched, b"first.mp4"))


async def late_is_there(world: World) -> bool:
    return b"out/deep/late.mp4" in await world.ids()


async def test_a_file_is_taken_up_once_it_has_stopped_growing(watched: World) -> None:
    content = clip_bytes(seconds=1)
    with (watched.root / "growing.mp4").open("wb") as file:
        file.write(content[: len(content) // 2])
        file.flush()
        watched.put("whole.mp4", 2)
        await watched.until(has(watched, b"first.mp4", b"whole.mp4"))
        assert not any(path.endswith(b"growing.mp4") for path in watched.media.probed)
        file.write(content[len(content) // 2 :])
    await watched.until(has(watched, b"first.mp4", b"growing.mp4", b"whole.mp4"))
    assert sum(path.endswith(b"growing.mp4") for path in watched.media.probed) == 1
    assert await watched.problems() == {}


async def test_a_download_is_taken_up_under_its_final_name(watched: World) -> None:
    partial = watched.put("film.mp4.part", 2)
    watched.put("other.mp4", 3)
    await watched.until(has(watched, b"first.mp4", b"other.mp4"))
    partial.rename(watched.root / "film.mp4")
    await watched.until(has(watched, b"first.mp4", b"other.mp4", b"film.mp4"))


async def test_a_sidecar_changes_its_video(watched: World) -> None:
    watched.put("first.nfo", b"<movie><title>Told</title></movie>")

    async def is_told() -> bool:
        return bool((await watched.rows())[b"first.mp4"]["title"] == "Told")

    await watched.until(is_told)


async def test_names_that_are_not_utf8_are_followed_too(watched: World) -> None:
    name = b"caf\xe9.mp4"
    path = write_bytes(os.fsencode(watched.root) + b"/" + name, unique_clip_bytes(2))
    await watched.until(has(watched, b"first.mp4", name))
    os.rename(path, path + b".mkv")  # noqa: PTH104
    await watched.until(has(watched, b"first.mp4", name + b".mkv"))
    watched.put("later.mp4", 3)
    await watched.until(has(watched, b"first.mp4", name + b".mkv", b"later.mp4"))


async def test_a_mark_takes_a_directory_out_and_its_end_brings_it_back(watched: World) -> None:
    watched.put("sub/a.mp4", 2)
    await watched.until(has(watched, b"first.mp4", b"sub/a.mp4"))
    mark = watched.put("sub/.nomedia", b"")
    await watched.until(has(watched, b"first.mp4"))
    mark.unlink()
    await watched.until(has(watched, b"first.mp4", b"sub/a.mp4"))


async def test_folders_are_followed_and_let_go_as_they_come_and_go(watched: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    folder = await watched.folders.add(str(other))
    await scanned(watched)
    (other / "new.mp4").write_bytes(unique_clip_bytes(2))
    await watched.until(has(watched, b"first.mp4", b"new.mp4"))
    await watched.folders.remove(folder.id)
    (other / "newer.mp4").write_bytes(unique_clip_bytes(3))
    watched.put("last.mp4", 4)
    await watched.until(has(watched, b"first.mp4", b"last.mp4"))


async def test_an_added_folder_whose_scan_is_asked_for_is_scanned_once(
    watched: World, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "one.mp4").write_bytes(unique_clip_bytes(2))
    watched.media.probe_gate.clear()
    folder = await watched.folders.add(str(other))
    job = await watched.scans.request([folder.id])
    await asyncio.sleep(2 * ASKED_WITHIN_S)
    # After the scan has passed by and before it is over.
    (other / "two.mp4").write_bytes(unique_clip_bytes(3))
    watched.media.probe_gate.set()
    assert World.figures(await watched.scans.wait(job)).files_new == 1
    await watched.until(has(watched, b"first.mp4", b"one.mp4", b"two.mp4"))
    scans = {e.job.id for e in watched.events if isinstance(e, JobChanged) and e.job.kind == KIND}
    assert scans == {job.id}
    assert len(watched.media.probed) == 3


@pytest.mark.expect_errors("Following .*library: The database failed: database is locked")
async def test_changes_while_the_database_is_locked_are_taken_up_afterwards(
    watched: World, tmp_path: Path
) -> None:
    await asyncio.sleep(0.2)  # the queue has tidied up after the scan
    with locked(tmp_path / "marquee.db"):
        watched.put("new.mp4", 2)
        (watched.root / "first.mp4").rename(watched.root / "second.mp4")
        await asyncio.sleep(2.5)
    await watched.until(has(watched, b"new.mp4", b"second.mp4"))
    (watched.root / "new.mp4").unlink()
    await watched.until(has(watched, b"second.mp4"))


@pytest.mark.expect_errors("Following .*: The database failed: no such table: folders")
async def test_a_folder_is_followed_though_the_list_could_not_be_read_at_first(
    watched: World, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    # As a restore does that comes in two steps.
    with closing(sqlite3.connect(tmp_path / "marquee.db")) as connection:
        connection.execute("ALTER TABLE folders RENAME TO elsewhere")
        watched.bus.publish(FoldersChanged())
        await asyncio.sleep(0.3)
        connection.execute("ALTER TABLE elsewhere RENAME TO folders")
    await watched.folders.add(str(other))
    (other / "new.mp4").write_bytes(unique_clip_bytes(2))
    await watched.until(has(watched, b"first.mp4", b"new.mp4"))


async def test_a_folder_that_goes_and_comes_back_is_followed_again(watched: World) -> None:
    before = await watched.ids()
    aside = watched.root.rename(watched.root.parent / "aside")

    async def problem() -> str | None:
        return (await watched.folders.list())[0].problem

    async def is_gone() -> bool:
        return "not there" in (await problem() or "")

    watched.events.clear()
    await watched.until(is_gone, PROMISED_S + SLACK_S)
    assert await watched.ids() == before
    assert not [
        event for event in watched.events if isinstance(event, JobChanged)
    ]  # a word, not a failed scan
    aside.rename(watched.root)

    async def is_well() -> bool:
        return await problem() is None

    await watched.until(is_well)
    assert await watched.ids() == before
    watched.put("new.mp4", 2)
    await watched.until(has(watched, b"first.mp4", b"new.mp4"))


async def test_a_folder_whose_own_name_is_not_utf8_is_looked_at_now_and_then(
    world: World, tmp_path: Path
) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(path)  # noqa: PTH102
    write_bytes(path + b"/a.mp4", unique_clip_bytes(1))
    await world.folders.remove(world.folder.id)
    await world.folders.add(path)
    watcher = FolderWatcher(world.folders, world.scans, world.bus)
    await watcher.start()
    try:
        await world.until(has(world, b"a.mp4"))
        (folder,) = await world.folders.list()
        assert (
            folder.problem
            == "Changes in this folder are noticed only now and then: its name is not valid Unicode."
        )
    finally:
        await watcher.close()


_LIMITED = """
import asyncio, sys
from pathlib import Path
from hub.db.engine import Database, open_engine
from hub.library import watcher
from tests.hub.library.conftest import World

async def main(base):
    watcher.POLL_EVERY_S = watcher.POLL_SHARE = 0.2
    database = Database(open_engine(f"sqlite:///{base / 'marquee.db'}"))
    world = World(database, base / "library", base / "thumbs")
    for n in range(40):
        world.put(f"{n}/{n}.mp4", n)
    await world.start()
    follower = watcher.FolderWatcher(world.folders, world.scans, world.bus)
    await follower.start()
    async def count(n):
        return len(await world.ids()) == n
    await world.until(lambda: count(40))
    async def is_told():
        return "max_user_watches" in ((await world.folders.list())[0].problem or "")
    await world.until(is_told)
    world.put("39/late.mp4", 99)
    await world.until(lambda: count(41))
    await follower.close()
    await world.close()
    await database.close()
    print("followed all the same")

asyncio.run(main(Path(sys.argv[1])))
"""


def can_limit_watches() -> bool:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    probe = ["unshare", "-Ur", "sh", "-c", "echo 20 > /proc/sys/user/max_inotify_watches"]
    return subprocess.run(probe, capture_output=True).returncode == 0


@pytest.mark.platform_skip
@pytest.mark.skipif(
    not can_limit_watches(), reason="needs user namespaces, to lower the limit for one process"
)
def test_where_the_system_watches_no_more_it_is_said_and_the_folder_looked_at_now_and_then(
    tmp_path: Path, sqlite_template: Path
) -> None:
    (tmp_path / "marquee.db").write_bytes(sqlite_template.read_bytes())
    limited = 'echo 20 > /proc/sys/user/max_inotify_watches && exec "$@"'
    done = subprocess.run(
        ["unshare", "-Ur", "sh", "-c", limited, "sh", sys.executable, "-c", _LIMITED, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.stdout == "followed all the same\n", done.stderr


def test_the_limit_is_not_reached_here() -> None:
    assert tree_watch.can_watch_more()


async def test_watching_nothing_is_fine(sqlite_template: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.db").write_bytes(sqlite_template.read_bytes())
    database = Database(open_engine(f"sqlite:///{tmp_path / 'empty.db'}"))
    world = World(database, tmp_path / "library", tmp_path / "thumbs")
    watcher = FolderWatcher(world.folders, world.scans, world.bus)
    await world.jobs.start()
    await watcher.start()
    await watcher.close()
    await world.close()
    await database.close()
