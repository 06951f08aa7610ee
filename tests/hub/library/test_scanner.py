from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import struct
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, event, select, update

from hub.db.engine import Database, open_engine
from hub.db.tables import VideoRow
from hub.errors import MediaError, NotFound
from hub.events import FoldersChanged, VideosAdded, VideosChanged
from hub.jobs.types import JobState
from hub.library.folders import EMPTY_FOLDER
from hub.library.scan import Part
from hub.library.types import ScanProgress, VideoState
from hub.library.walk import Spot
from hub.media.errors import WorkerCrashed, WorkerFailed
from hub.media.types import ProbeResult
from tests.hub.library.conftest import World
from tests.media import clip_bytes, cut, picture_bytes, unique_clip_bytes, write_bytes

pytestmark = pytest.mark.integration


def change_video(connection: Connection, /, video_id: str, **values: Any) -> None:
    connection.execute(update(VideoRow).where(VideoRow.id == video_id).values(**values))


async def test_what_was_added_together_is_listed_by_name(world: World) -> None:
    for n in (10, 2, 1):
        world.put(f"Part {n}.mp4", n)
    await world.scan()
    newest_first = select(VideoRow.title).order_by(VideoRow.added_at.desc(), VideoRow.id.desc())
    titles = await world.db.read(lambda connection: connection.execute(newest_first).scalars().all())
    assert titles == ["Part 1", "Part 2", "Part 10"]


async def test_new_files_become_videos_and_a_second_scan_changes_nothing(world: World) -> None:
    world.put("a.mp4", 1)
    world.put("sub/deep/b.mp4", 2)
    first = await world.scan()
    assert (first.files_found, first.files_new, first.errors, first.phase) == (2, 2, 0, "done")
    before = await world.rows()
    assert set(before) == {b"a.mp4", b"sub/deep/b.mp4"}
    second = await world.scan()
    assert (second.files_unchanged, second.files_new, second.files_changed) == (2, 0, 0)
    assert await world.rows() == before
    assert len(world.media.probed) == 2


async def test_an_unchanged_library_is_not_written_to(world: World) -> None:
    for n in range(5):
        world.put(f"{n}/{n}.mp4", n)
    await world.scan()
    written: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("SELECT") and any(name in statement for name in ("videos", "files")):
            written.append(statement)

    event.listen(world.db.engine, "before_cursor_execute", note)
    await world.scan()
    event.remove(world.db.engine, "before_cursor_execute", note)
    assert written == []


async def test_videos_are_announced_and_carry_what_was_probed(world: World) -> None:
    world.put("Some_Clip.mp4", clip_bytes(seconds=1, size=(160, 90), title=None))
    await world.scan()
    row = (await world.rows())[b"Some_Clip.mp4"]
    assert VideosAdded((row["video_id"],)) in world.events
    assert FoldersChanged() in world.events
    assert (row["title"], row["title_key"], row["source"]) == ("Some Clip", "some clip", "folder")
    assert (row["state"], row["visibility"]) == ("ready", "household")
    assert (row["container"], row["video_codec"], row["audio_codec"]) == ("mp4", "h264", "aac")
    assert (row["width"], row["height"]) == (160, 90)
    assert row["duration_s"] == pytest.approx(1, abs=0.2)
    assert len(row["fingerprint"]) == 32


@pytest.mark.parametrize("target", ["renamed.mp4", "other/place/a.mp4", "a.MP4"])
async def test_a_moved_file_keeps_its_video(world: World, target: str) -> None:
    path = world.put("a.mp4", 1)
    await world.scan()
    before = await world.ids()
    (world.root / target).parent.mkdir(parents=True, exist_ok=True)
    path.rename(world.root / target)
    figures = await world.scan()
    assert (figures.files_moved, figures.files_new, figures.files_missing) == (1, 0, 0)
    assert await world.ids() == {target.encode(): before[b"a.mp4"]}
    assert len(await world.rows()) == 1


async def test_a_moved_video_keeps_what_people_did_with_it(world: World) -> None:
    path = world.put("a.mp4", 1)
    await world.scan()
    (video_id,) = (await world.ids()).values()
    await world.db.write(change_video, video_id, title="My title", edited=["title"], views=7, thumb_version=5)
    path.rename(world.root / "b.mp4")
    await world.scan()
    row = (await world.rows())[b"b.mp4"]
    assert (row["title"], row["views"], row["thumb_version"]) == ("My title", 7, 5)


async def test_a_renamed_file_gets_its_new_title_unless_a_person_gave_one(world: World) -> None:
    path = world.put("old name.mp4", 1)
    await world.scan()
    path.rename(world.root / "new name.mp4")
    await world.scan()
    assert (await world.rows())[b"new name.mp4"]["title"] == "new name"


async def test_a_moved_directory_keeps_its_videos(world: World) -> None:
    for n in range(3):
        world.put(f"a/{n}/x.mp4", n)
    await world.scan()
    before = await world.ids()
    (world.root / "a").rename(world.root / "b")
    await world.scan()
    assert await world.ids() == {b"b" + path[1:]: video for path, video in before.items()}


async def test_a_file_moved_to_another_library_folder_keeps_its_video(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    await world.folders.add(os.fsencode(other))
    path = world.put("a.mp4", 1)
    await world.scan()
    before = await world.ids()
    path.rename(other / "a.mp4")
    figures = await world.scan()
    assert figures.files_moved == 1
    assert await world.ids() == before


async def test_swapped_files_swap_places_and_keep_their_videos(world: World) -> None:
    a, b = world.put("a.mp4", 1), world.put("b.mp4", 2)
    await world.scan()
    before = await world.ids()
    a.rename(world.root / "c.mp4")
    b.rename(a)
    (world.root / "c.mp4").rename(b)
    await world.scan()
    assert await world.ids() == {b"a.mp4": before[b"b.mp4"], b"b.mp4": before[b"a.mp4"]}


async def test_files_that_change_places_in_a_circle_keep_their_videos(world: World) -> None:
    for n in range(5):
        world.put(f"{n}.mp4", n)
    await world.scan()
    before = await world.ids()
    for n in range(5):
        (world.root / f"{n}.mp4").rename(world.root / f"{n}.tmp")
    for n in range(5):
        (world.root / f"{n}.tmp").rename(world.root / f"{(n + 1) % 5}.mp4")
    await world.scan()
    assert await world.ids() == {b"%d.mp4" % ((n + 1) % 5): before[b"%d.mp4" % n] for n in range(5)}


async def test_a_file_moved_over_another_keeps_its_video_and_the_other_is_missing(world: World) -> None:
    a = world.put("a.mp4", 1)
    world.put("b.mp4", 2)
    await world.scan()
    before = await world.ids()
    a.rename(world.root / "b.mp4")
    await world.scan()
    assert await world.ids() == {b"b.mp4": before[b"a.mp4"]}
    missing = {row["video_id"] for row in (await world.rows()).values() if row["missing_since"]}
    assert missing == {before[b"b.mp4"]}
    world.put("back.mp4", 2)
    await world.scan()
    assert (await world.ids())[b"back.mp4"] == before[b"b.mp4"]


async def test_a_file_moved_away_and_replaced_keeps_its_video(world: World) -> None:
    a = world.put("a.mp4", 1)
    await world.scan()
    before = await world.ids()
    a.rename(world.root / "z.mp4")
    world.put("a.mp4", 2)
    await world.scan()
    after = await world.ids()
    assert after[b"z.mp4"] == before[b"a.mp4"]
    assert after[b"a.mp4"] != before[b"a.mp4"]


async def test_new_content_in_an_old_place_is_the_same_video(world: World) -> None:
    path = world.put("a.mp4", 1)
    await world.scan()
    (video_id,) = (await world.ids()).values()
    await world.db.write(change_video, video_id, thumb_version=5)
    path.write_bytes(clip_bytes(seconds=2, size=(320, 180)))
    figures = await world.scan()
    row = (await world.rows())[b"a.mp4"]
    assert (figures.files_changed, figures.files_new) == (1, 0)
    assert (row["video_id"], row["width"], row["thumb_version"]) == (video_id, 320, None)
    assert VideosChanged((video_id,)) in world.events


async def test_a_touched_file_keeps_its_pictures(world: World) -> None:
    path = world.put("a.mp4", 1)
    await world.scan()
    (video_id,) = (await world.ids()).values()
    await world.db.write(change_video, video_id, thumb_version=5)
    os.utime(path, ns=(1, 1))
    await world.scan()
    row = (await world.rows())[b"a.mp4"]
    assert (row["video_id"], row["mtime_ns"], row["thumb_version"]) == (video_id, 1, 5)


async def test_a_copy_is_a_video_of_its_own(world: World) -> None:
    path = world.put("b.mp4", 1)
    await world.scan()
    before = await world.ids()
    shutil.copy(path, world.root / "a.mp4")
    os.utime(path, ns=(1, 1))  # touched: only its content tells that it is still what it was
    await world.scan()
    after = await world.ids()
    assert after[b"b.mp4"] == before[b"b.mp4"]
    assert after[b"a.mp4"] != before[b"b.mp4"]


async def test_hundreds_of_equal_files_are_hundreds_of_videos(world: World) -> None:
    content = unique_clip_bytes(0)
    for n in range(300):
        world.put(f"{n:03d}.mp4", content)
    await world.scan()
    before = await world.ids()
    assert len(set(before.values())) == 300
    for n in range(150, 300):
        (world.root / f"{n}.mp4").rename(world.root / f"moved {n}.mp4")
    figures = await world.scan()
    assert (figures.files_moved, figures.files_new) == (150, 0)
    assert sorted((await world.ids()).values()) == sorted(before.values())


async def test_a_vanished_file_is_missing_and_comes_back(world: World) -> None:
    path = world.put("a.mp4", 1)
    await world.scan()
    before = await world.ids()
    aside = world.root.parent / "aside.mp4"
    path.rename(aside)
    world.events.clear()
    figures = await world.scan()
    assert figures.files_missing == 1
    assert await world.ids() == {}
    assert len(await world.rows()) == 1
    assert VideosChanged((before[b"a.mp4"],)) in world.events
    aside.rename(path)
    probed = len(world.media.probed)
    figures = await world.scan()
    assert (figures.files_changed, await world.ids()) == (1, before)
    assert len(world.media.probed) == probed


async def test_a_vanished_directory_is_missing_and_comes_back(world: World) -> None:
    world.put("a/b/c.mp4", 1)
    world.put("d.mp4", 2)
    await world.scan()
    before = await world.ids()
    (world.root / "a").rename(world.root.parent / "aside")
    await world.scan()
    assert set(await world.ids()) == {b"d.mp4"}
    (world.root.parent / "aside").rename(world.root / "a")
    await world.scan()
    assert await world.ids() == before


async def test_a_deleted_video_is_not_brought_back_by_its_file(world: World) -> None:
    path = world.put("a.mp4", 1)
    await world.scan()
    (video_id,) = (await world.ids()).values()
    await world.db.write(change_video, video_id, state=VideoState.DELETED)
    world.events.clear()
    changes: tuple[Callable[[], object], ...] = (
        lambda: os.utime(path, ns=(1, 1)),
        lambda: path.rename(world.root / "b.mp4"),
        lambda: (world.root / "b.mp4").write_bytes(unique_clip_bytes(2)),
    )
    for change in changes:
        change()
        await world.scan()
        (row,) = (await world.rows()).values()
        assert (row["video_id"], row["state"]) == (video_id, "deleted")
    assert not any(isinstance(one, VideosAdded | VideosChanged) for one in world.events)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"dear diary, " * 100, "it holds text"),
        (cut(clip_bytes(seconds=1), 0.5), "cut short"),
        (b"\0" * 5000, "zeros"),
        (picture_bytes("PNG"), "it is a picture"),
    ],
)
async def test_what_is_no_media_is_one_line_of_the_report(world: World, content: bytes, words: str) -> None:
    path = world.put("bad.mp4", content)
    world.put("good.mp4", 1)
    figures = await world.scan()
    assert (figures.errors, figures.files_new) == (1, 1)
    problems = await world.problems()
    assert list(problems) == ["bad.mp4"]
    assert words in problems["bad.mp4"]
    probed = len(world.media.probed)
    assert (await world.scan()).errors == 1
    assert len(world.media.probed) == probed, "it is not looked at again until it changes"
    path.write_bytes(unique_clip_bytes(2))
    assert (await world.scan()).errors == 0
    assert await world.problems() == {}
    assert set(await world.ids()) == {b"bad.mp4", b"good.mp4"}


async def test_what_is_cut_short_and_still_plays_is_a_video_and_a_line_of_the_report(world: World) -> None:
    path = world.put("cut.mkv", cut(clip_bytes(".mkv", seconds=2), 0.6))
    figures = await world.scan()
    assert (figures.errors, figures.files_new) == (1, 1)
    assert "cut short" in (await world.problems())["cut.mkv"]
    assert set(await world.ids()) == {b"cut.mkv"}
    path.write_bytes(clip_bytes(".mkv", seconds=2))
    assert (await world.scan()).errors == 0
    assert await world.problems() == {}


async def test_a_problem_goes_with_its_file(world: World) -> None:
    world.put("sub/bad.mp4", b"x")
    world.put("worse.mp4", b"y")
    await world.scan()
    assert len(await world.problems()) == 2
    shutil.rmtree(world.root / "sub")
    (world.root / "worse.mp4").unlink()
    world.put("good.mp4", 1)
    await world.scan()
    assert await world.problems() == {}


async def test_a_video_whose_file_is_no_media_any_more_is_missing_until_it_is_mended(world: World) -> None:
    path = world.put("a.mp4", 1)
    await world.scan()
    before = await world.ids()
    path.write_bytes(b"overwritten by accident")
    await world.scan()
    assert await world.ids() == {}
    assert list(await world.problems()) == ["a.mp4"]
    await world.scan()
    path.write_bytes(unique_clip_bytes(1))
    await world.scan()
    assert await world.ids() == before
    assert await world.problems() == {}


async def test_a_file_that_crashed_its_worker_is_left_alone_until_it_changes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("a.mp4", 1)
    world.put("b.mp4", 2)
    real = world.media.probe
    failing: dict[str, MediaError] = {
        "a.mp4": WorkerCrashed(
            "The media worker was killed while it worked on this file, and again on a second try."
        ),
        "b.mp4": WorkerFailed("The media worker cannot be started: no memory."),
    }
    tried: list[str] = []

    async def probe(path: bytes) -> ProbeResult:
        name = os.fsdecode(path.rpartition(b"/")[2])
        tried.append(name)
        if name in failing:
            raise failing[name]
        return await real(path)

    monkeypatch.setattr(world.media, "probe", probe)
    await world.scan()
    assert set(await world.problems()) == {"a.mp4", "b.mp4"}
    failing.clear()
    tried.clear()
    await world.scan()
    assert tried == ["b.mp4"], "a worker that could not be started says nothing about the file"
    assert set(await world.problems()) == {"a.mp4"}


async def test_hidden_partial_and_foreign_files_are_passed_over(world: World) -> None:
    content = unique_clip_bytes(1)
    for name in (
        ".hidden.mp4", "._a.mp4", "film.mp4.part", "film.mp4.crdownload", "film.mp4.!qB", "film.f137.mp4.ytdl",
        "film.tmp", "film.partial", ".cache/a.mp4", "@eaDir/a.mp4", "lost+found/a.mp4", "$RECYCLE.BIN/a.mp4",
        "marked/.nomedia", "marked/a.mp4", "marked/below/a.mp4", "ignored/.ignore", "ignored/a.mp4", "notes.txt",
    ):  # fmt: skip
        world.put(name, content)
    world.put("seen.mp4", 2)
    figures = await world.scan()
    assert (figures.files_found, figures.errors) == (1, 0)
    assert set(await world.ids()) == {b"seen.mp4"}


async def test_videos_in_a_directory_that_is_marked_later_are_missing_until_the_mark_goes(
    world: World,
) -> None:
    world.put("a/b/x.mp4", 1)
    await world.scan()
    before = await world.ids()
    mark = world.put("a/.nomedia", b"")
    await world.scan()
    assert await world.ids() == {}
    mark.unlink()
    await world.scan()
    assert await world.ids() == before


NAMES = [
    unicodedata.normalize("NFC", "Ä Ö ü é.mp4").encode(),
    unicodedata.normalize("NFD", "Ä Ö ü é.mp4").encode(),
    "東京 — дом 🎬.mp4".encode(),
    b"new\nline\ttab.mp4",
    b"invalid \xff\xfe utf-8.mp4",
    b"quote ' \" back\\slash %s {}.mp4",
    b" leading and trailing .mp4",
    b"-rf --help.mp4",
    b"concat:a|b.mp4",
    b"x" * 251 + b".mp4",
]


@pytest.mark.parametrize("name", NAMES)
async def test_names_of_any_kind_work(world: World, name: bytes) -> None:
    directory = os.fsencode(world.root) + b"/dir \xff\n" + name[:20]
    os.mkdir(directory)  # noqa: PTH102
    path = write_bytes(directory + b"/" + name, unique_clip_bytes(1))
    await world.scan()
    (row,) = (await world.rows()).values()
    assert (row["dir"], row["name"]) == (b"dir \xff\n" + name[:20], name)
    assert row["title"].isprintable()
    assert row["title"]
    os.rename(path, directory + b"/moved.mp4")  # noqa: PTH104
    await world.scan()
    (moved,) = (await world.rows()).values()
    assert (moved["video_id"], moved["name"]) == (row["video_id"], b"moved.mp4")


async def test_the_same_name_in_two_normal_forms_is_two_files(world: World) -> None:
    composed = "é.mp4"
    for n, name in enumerate((composed, unicodedata.normalize("NFD", composed))):
        write_bytes(os.fsencode(world.root) + b"/" + name.encode(), unique_clip_bytes(n))
    await world.scan()
    rows = await world.rows()
    assert len(rows) == 2
    assert len({row["title"] for row in rows.values()}) == 1


async def test_links_to_files_are_followed_and_to_nowhere_are_one_line_each(
    world: World, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.mp4"
    outside.write_bytes(unique_clip_bytes(1))
    (world.root / "linked.mp4").symlink_to(outside)
    (world.root / "dangling.mp4").symlink_to(tmp_path / "nothing.mp4")
    (world.root / "loop.mp4").symlink_to(world.root / "loop.mp4")
    figures = await world.scan()
    assert set(await world.ids()) == {b"linked.mp4"}
    assert figures.errors == 2
    problems = await world.problems()
    assert set(problems) == {"dangling.mp4", "loop.mp4"}
    assert "too many levels of symbolic links" in problems["loop.mp4"]
    (world.root / "loop.mp4").unlink()
    (tmp_path / "nothing.mp4").write_bytes(unique_clip_bytes(2))
    await world.scan()
    assert await world.problems() == {}
    assert set(await world.ids()) == {b"linked.mp4", b"dangling.mp4"}


async def test_linked_directories_are_walked_once_and_loops_are_one_line(
    world: World, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.mp4").write_bytes(unique_clip_bytes(1))
    (outside / "back").symlink_to(world.root)
    (outside / "self").symlink_to(outside)
    world.put("real/y.mp4", 2)
    (world.root / "aa").symlink_to(world.root / "real")
    (world.root / "linked").symlink_to(outside)
    (world.root / "real" / "up").symlink_to(world.root)
    await world.scan()
    assert set(await world.ids()) == {b"linked/x.mp4", b"real/y.mp4"}
    problems = await world.problems()
    assert set(problems) == {"real/up", "linked/self"}
    assert all("leads back" in reason for reason in problems.values())
    before = await world.rows()
    assert (await world.scan()).files_unchanged == 2
    assert await world.rows() == before


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Without root's right to read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


async def test_what_may_not_be_read_is_one_line_and_not_missing(sqlite_template: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="marquee-readable-", dir="/tmp") as folder:
        base = Path(folder)
        base.chmod(0o777)
        (base / "marquee.db").write_bytes(sqlite_template.read_bytes())
        (base / "marquee.db").chmod(0o666)
        with nobody():
            database = Database(open_engine(f"sqlite:///{base / 'marquee.db'}"))
            world = World(database, base / "library", base / "thumbs")
            try:
                await world.start()
                world.put("closed/a.mp4", 1)
                secret = world.put("secret.mp4", 2)
                await world.scan()
                before = await world.ids()
                (world.root / "closed").chmod(0)
                secret.chmod(0)
                os.utime(secret, ns=(1, 1))
                figures = await world.scan()
                assert set(await world.problems()) == {"closed", "secret.mp4"}
                assert (figures.errors, set(await world.ids())) == (2, {b"closed/a.mp4"})
                (world.root / "closed").chmod(0o755)
                secret.chmod(0o644)
                await world.scan()
                assert await world.ids() == before
                assert await world.problems() == {}
                world.root.chmod(0)
                assert "permission denied" in ((await failed_scan(world))[0] or "")
                (listed,) = await world.folders.list()
                assert "cannot be read: permission denied" in (listed.problem or "")
                assert await world.ids() == before
                world.root.chmod(0o755)
            finally:
                await world.close()
                await database.close()


async def test_a_folder_that_is_not_there_is_a_problem_and_nothing_in_it_is_missing(world: World) -> None:
    world.put("a.mp4", 1)
    await world.scan()
    before = await world.ids()
    aside = world.root.rename(world.root.parent / "aside")
    world.events.clear()
    assert await failed_scan(world) == (f"{world.root}: {NOT_THERE}", 1)
    (folder,) = await world.folders.list()
    assert folder.problem == NOT_THERE
    assert (folder.videos, folder.missing) == (1, 0)
    assert FoldersChanged() in world.events
    changed = VideosChanged(tuple(before.values()))
    assert changed in world.events
    assert await world.ids() == before
    aside.rename(world.root)
    world.events.clear()
    await world.scan()
    (folder,) = await world.folders.list()
    assert folder.problem is None
    assert changed in world.events
    assert await world.ids() == before


NOT_THERE = "This folder is not there. If it is on a removable or network disk, connect it."


async def failed_scan(world: World) -> tuple[str | None, int]:
    """Why a scan of everything failed, and how many problems it counts."""
    job = await world.scans.wait(await world.scans.request())
    assert job.state is JobState.FAILED
    return job.error, msgspec.convert(job.detail, ScanProgress).errors


async def test_a_folder_that_is_not_there_does_not_keep_the_others_from_being_scanned(
    world: World, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "bad.mp4").write_bytes(b"no film")
    await world.folders.add(os.fsencode(other))
    world.put("worse.mp4", b"no film either")
    assert (await world.scan()).errors == 2
    (other / "b.mp4").write_bytes(unique_clip_bytes(2))
    aside = world.root.rename(tmp_path / "aside")
    assert await failed_scan(world) == (f"{world.root}: {NOT_THERE}", 2)
    assert set(await world.ids()) == {b"b.mp4"}
    assert set(await world.problems()) == {f"{other}/bad.mp4"}
    aside.rename(world.root)
    await world.scan()
    assert set(await world.problems()) == {f"{other}/bad.mp4", "worse.mp4"}


async def test_a_folder_that_is_back_is_so_from_the_beginning_of_the_scan(world: World) -> None:
    world.put("a.mp4", 1)
    await world.scan()
    aside = world.root.rename(world.root.parent / "aside")
    await failed_scan(world)
    aside.rename(world.root)
    world.put("b.mp4", 2)
    world.media.probe_gate.clear()
    world.media.is_probing.clear()
    job = await world.scans.request()
    await world.media.is_probing.wait()
    (folder,) = await world.folders.list()
    assert folder.problem is None
    world.media.probe_gate.set()
    assert (await world.scans.wait(job)).state is JobState.DONE


async def test_an_empty_folder_with_known_files_looks_unmounted(world: World) -> None:
    world.put("a/a.mp4", 1)
    await world.scan()
    before = await world.ids()
    aside = (world.root / "a").rename(world.root.parent / "aside")
    assert (await world.scan()).errors == 1
    await world.scan()
    (folder,) = await world.folders.list()
    assert (folder.problem, folder.missing) == (EMPTY_FOLDER, 1)
    aside.rename(world.root / "a")
    await world.scan()
    (folder,) = await world.folders.list()
    assert (folder.problem, folder.missing) == (None, 0)
    assert await world.ids() == before


async def test_a_new_empty_folder_is_no_problem(world: World) -> None:
    figures = await world.scan()
    (folder,) = await world.folders.list()
    assert folder.problem is None
    assert folder.last_scan_at is not None
    assert figures.files_found == 0


async def test_a_scan_of_one_folder_leaves_the_others_alone(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    added = await world.folders.add(os.fsencode(other))
    world.put("a.mp4", 1)
    (other / "b.mp4").write_bytes(unique_clip_bytes(2))
    job = await world.scans.wait(await world.scans.request([added.id]))
    assert job.title == "Scanning other"
    assert set(await world.ids()) == {b"b.mp4"}
    with pytest.raises(NotFound):
        await world.scans.request(["01UNKNOWN00000000000000000"])


async def test_a_scan_asked_for_while_its_like_runs_comes_afterwards(world: World) -> None:
    world.put("a.mp4", 1)
    world.media.probe_gate.clear()
    first = await world.scans.request()
    await world.media.is_probing.wait()
    world.put("b.mp4", 2)
    second, third = await world.scans.request(), await world.scans.request()
    assert first.id != second.id == third.id
    world.media.probe_gate.set()
    await world.scans.wait(second)
    assert set(await world.ids()) == {b"a.mp4", b"b.mp4"}


async def test_videos_appear_while_the_scan_still_runs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        world.put(f"{n}.mp4", n)
    hold = asyncio.Event()
    real = world.media.probe

    async def probe(path: bytes) -> ProbeResult:
        if path.endswith(b"2.mp4"):
            await hold.wait()
        return await real(path)

    monkeypatch.setattr(world.media, "probe", probe)
    job = await world.scans.request()

    async def two_are_there() -> bool:
        return len(await world.ids()) == 2

    await world.until(two_are_there)
    running = await world.jobs.get(job.id)
    assert running.state is JobState.RUNNING
    hold.set()
    await world.scans.wait(job)
    assert len(await world.ids()) == 3


async def test_a_cancelled_scan_keeps_what_it_found_and_the_next_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(4):
        world.put(f"{n}.mp4", n)
    real = world.media.probe

    async def probe(path: bytes) -> ProbeResult:
        if path.endswith(b"3.mp4"):
            await asyncio.Event().wait()
        return await real(path)

    monkeypatch.setattr(world.media, "probe", probe)
    job = await world.scans.request()

    async def three_are_there() -> bool:
        return len(await world.ids()) == 3

    await world.until(three_are_there)
    assert (await world.jobs.cancel(job.id)).state is JobState.CANCELLED
    before = await world.ids()
    monkeypatch.undo()
    await world.scan()
    after = await world.ids()
    assert len(after) == 4
    assert before.items() <= after.items()


async def test_a_scan_of_one_directory_sees_only_what_changed_there(world: World) -> None:
    world.put("a/x.mp4", 1)
    world.put("b/y.mp4", 2)
    world.put("b/sub/z.mp4", 3)
    await world.scan()
    before = await world.ids()
    (world.root / "a/x.mp4").unlink()
    (world.root / "b/y.mp4").rename(world.root / "b/moved.mp4")
    shutil.rmtree(world.root / "b/sub")
    world.put("b/new/n.mp4", 4)
    await world.scan_parts(Part(world.folder.id, (Spot(b"b", is_deep=False),)))
    # Directories that are new below it are not entered, those that are gone are noticed.
    assert await world.ids() == {b"a/x.mp4": before[b"a/x.mp4"], b"b/moved.mp4": before[b"b/y.mp4"]}
    await world.scan_parts(Part(world.folder.id, (Spot(b"b"), Spot(b"a"))))
    assert set(await world.ids()) == {b"b/moved.mp4", b"b/new/n.mp4"}


async def test_unsettled_files_are_left_as_they_are(world: World) -> None:
    known = world.put("known.mp4", 1)
    await world.scan()
    before = await world.ids()
    known.write_bytes(b"growing")
    world.put("growing.mp4", b"also growing")
    world.put("whole.mp4", 2)
    unsettled = ((b"", b"known.mp4"), (b"", b"growing.mp4"))
    await world.scan_parts(Part(world.folder.id, (Spot(b"", is_deep=False),), unsettled))
    after = await world.ids()
    assert set(after) == {b"known.mp4", b"whole.mp4"}
    assert after[b"known.mp4"] == before[b"known.mp4"]
    assert await world.problems() == {}


async def test_a_folder_removed_while_it_is_scanned_leaves_no_trace(world: World) -> None:
    world.put("a.mp4", 1)
    world.media.probe_gate.clear()
    job = await world.scans.request()
    await world.media.is_probing.wait()
    await world.folders.remove(world.folder.id)
    world.media.probe_gate.set()
    assert (await world.scans.wait(job)).state is JobState.DONE
    assert await world.rows() == {}


async def test_a_file_of_more_than_4_gib_has_its_size(world: World) -> None:
    """With a hole for most of it: the clip, and behind it a box of filler with a 64-bit size (ISO 14496-12, 4.2)."""
    clip = clip_bytes(".mp4")
    size_bytes = 5 << 30
    path = world.put("long.mp4", clip + struct.pack(">I4sQ", 1, b"free", size_bytes - len(clip)))
    os.truncate(path, size_bytes)
    assert (await world.scan()).errors == 0
    row = (await world.rows())[b"long.mp4"]
    assert row["size_bytes"] == size_bytes
    assert (row["width"], row["problem"]) == (160, None)
    assert row["duration_s"] == pytest.approx(1, abs=0.1)


async def test_a_file_and_links_to_it_are_one_video(world: World) -> None:
    real = world.put("store/film.mp4", 1)
    (world.root / "aa.mp4").symlink_to(real)
    (world.root / "zz.mp4").symlink_to("aa.mp4")
    figures = await world.scan()
    assert (figures.files_found, figures.files_new, figures.errors) == (1, 1, 0)
    assert list(await world.rows()) == [b"store/film.mp4"]
    await world.scan_parts(Part(world.folder.id, (Spot(is_deep=False),)))
    assert list(await world.rows()) == [b"store/film.mp4"]


async def test_a_film_that_moves_and_leaves_a_link_behind_stays_the_same_video(world: World) -> None:
    path = world.put("film.mp4", 1)
    await world.scan()
    before = await world.ids()
    (world.root / "store").mkdir()
    path.rename(world.root / "store/film.mp4")
    path.symlink_to("store/film.mp4")
    figures = await world.scan()
    assert (figures.files_new, figures.files_moved, figures.files_missing) == (0, 1, 0)
    assert await world.ids() == {b"store/film.mp4": before[b"film.mp4"]}
    path.unlink()
    (world.root / "store/film.mp4").rename(path)
    await world.scan()
    assert await world.ids() == before


async def test_a_link_known_as_a_video_of_its_own_is_missing_once_its_file_is_in_the_library(
    world: World, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    world.put("film.mp4", 1).rename(other / "film.mp4")
    (world.root / "link.mp4").symlink_to(other / "film.mp4")
    await world.scan()
    (before,) = (await world.ids()).values()
    await world.folders.add(str(other))
    await world.scan()
    await world.scan()
    # The video goes where the file is, with all that is known of it.
    assert await world.ids() == {b"film.mp4": before}


@pytest.mark.parametrize("hidden", [".git/annex", "marked/deep", "@eaDir"])
async def test_a_link_to_a_file_no_scan_comes_by_is_its_video(world: World, hidden: str) -> None:
    target = world.put(f"{hidden}/SHA256-1.mp4", 1)
    bare = world.put("objects/SHA256-2", 2)
    if hidden.startswith("marked"):
        (world.root / "marked/.nomedia").touch()
    (world.root / "one.mp4").symlink_to(target)
    (world.root / "two.mp4").symlink_to(bare)
    assert (await world.scan()).files_new == 2
    assert set(await world.ids()) == {b"one.mp4", b"two.mp4"}
