from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.library.walk import MAX_DIR_BYTES, Spot, Walk, root_problem


def put(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def walked(walk: Walk) -> dict[bytes, set[bytes]]:
    walk.prepare()
    return {listing.dir: set(listing.media) for listing in walk}


def test_media_and_sidecars_with_size_and_time(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4", "a.srt", "notes.txt", "sub/b.mkv")
    os.utime(tmp_path / "a.mp4", ns=(5, 7))
    first, second = Walk(os.fsencode(tmp_path), [Spot()])
    assert (first.dir, first.media, list(first.sidecars), first.subdirs) == (
        b"",
        {b"a.mp4": (5, 7)},
        [b"a.srt"],
        [b"sub"],
    )
    assert (second.dir, list(second.media)) == (b"sub", [b"b.mkv"])


def test_a_shallow_spot_names_subdirectories_and_does_not_enter_them(tmp_path: Path) -> None:
    put(tmp_path, "a/x.mp4", "a/b/y.mp4", "c/z.mp4")
    assert walked(Walk(os.fsencode(tmp_path), [Spot(b"a", is_deep=False)])) == {b"a": {b"x.mp4"}}


def test_overlapping_spots_are_walked_once(tmp_path: Path) -> None:
    put(tmp_path, "a/x.mp4", "a/b/y.mp4")
    spots = [Spot(b"a/b", is_deep=False), Spot(b"a"), Spot(b"a/b"), Spot(b"a", is_deep=False)]
    listings = [listing.dir for listing in Walk(os.fsencode(tmp_path), spots)]
    assert sorted(listings) == [b"a", b"a/b"]


@pytest.mark.parametrize("spot", [b".hidden/sub", b"marked", b"marked/below", b"@eaDir"])
def test_a_walk_that_starts_where_none_would_come_by_sees_nothing(tmp_path: Path, spot: bytes) -> None:
    put(tmp_path, ".hidden/sub/a.mp4", "marked/.nomedia", "marked/below/a.mp4", "@eaDir/a.mp4")
    walk = Walk(os.fsencode(tmp_path), [Spot(spot)])
    assert walked(walk) == {}
    assert walk.is_skipped(spot)


def test_a_mark_in_the_folder_itself_does_not_count(tmp_path: Path) -> None:
    put(tmp_path, ".nomedia", "a.mp4")
    assert walked(Walk(os.fsencode(tmp_path), [Spot()])) == {b"": {b"a.mp4"}}


def test_a_walk_that_starts_behind_a_link_starts_at_the_top(tmp_path: Path) -> None:
    put(tmp_path, "out/x.mp4", "lib/real.mp4")
    (tmp_path / "lib/one").symlink_to(tmp_path / "out")
    (tmp_path / "lib/two").symlink_to(tmp_path / "out")
    whole = walked(Walk(os.fsencode(tmp_path / "lib"), [Spot()]))
    assert whole == {b"": {b"real.mp4"}, b"one": {b"x.mp4"}}
    assert walked(Walk(os.fsencode(tmp_path / "lib"), [Spot(b"two", is_deep=False)])) == whole


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs Linux's /proc")
def test_what_the_kernel_shows_of_itself_is_not_entered(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4")
    (tmp_path / "kernel").symlink_to("/proc/self/task")
    assert walked(Walk(os.fsencode(tmp_path), [Spot()])) == {b"": {b"a.mp4"}}
    for spot in (Spot(b"proc"), Spot(b"dev"), Spot(b"sys/kernel", is_deep=False)):
        assert walked(Walk(b"/", [spot])) == {}


def test_a_link_into_another_library_folder_is_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "one/x.mp4", "two/y.mp4", "around/z.mp4")
    (tmp_path / "one/link").symlink_to(tmp_path / "two")
    (tmp_path / "around/two").symlink_to(tmp_path / "two")
    (tmp_path / "one/around").symlink_to(tmp_path / "around")
    folders = [os.fsencode(tmp_path / name) for name in ("one", "two")]
    walk = Walk(folders[0], [Spot()], folders=folders)
    assert walked(walk) == {b"": {b"x.mp4"}, b"around": {b"z.mp4"}}
    assert walk.problems == []


def test_marquees_own_data_is_left_out(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4", "data/cache.mp4", "data/deep/cache.mp4")
    walk = Walk(os.fsencode(tmp_path), [Spot()], left_out=os.fsencode(tmp_path / "data"))
    assert walked(walk) == {b"": {b"a.mp4"}}
    below = Walk(os.fsencode(tmp_path), [Spot(b"data/deep")], left_out=os.fsencode(tmp_path / "data"))
    assert walked(below) == {}


def test_what_is_no_regular_file_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "directory.mp4").mkdir()
    assert walked(Walk(os.fsencode(tmp_path), [Spot()])) == {b"": set(), b"directory.mp4": set()}


def test_a_path_too_long_for_the_database_is_one_line(tmp_path: Path) -> None:
    deep = os.fsencode(tmp_path)
    handle = os.open(deep, os.O_RDONLY)
    for _ in range(MAX_DIR_BYTES // 201 + 1):
        os.mkdir(b"d" * 200, dir_fd=handle)
        deeper = os.open(b"d" * 200, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = deeper
    os.close(os.open("a.mp4", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
    os.close(handle)
    walk = Walk(deep, [Spot()])
    assert all(not media for media in walked(walk).values())
    (problem,) = walk.problems
    assert "longer than 2,000 bytes" in problem.reason
    assert len(problem.dir) <= MAX_DIR_BYTES


def test_an_empty_directory_is_told_from_one_with_hidden_things(tmp_path: Path) -> None:
    put(tmp_path, "hidden/.keep")
    (tmp_path / "empty").mkdir()
    assert {one.dir: one.is_empty for one in Walk(os.fsencode(tmp_path), [Spot()])} == {
        b"": False,
        b"hidden": False,
        b"empty": True,
    }


def test_a_vanished_folder_is_not_an_empty_one(tmp_path: Path) -> None:
    walk = Walk(os.fsencode(tmp_path / "gone"), [Spot()])
    assert walked(walk) == {}
    assert walk.is_unreadable(b"any/directory")


def test_what_is_wrong_with_a_folder(tmp_path: Path) -> None:
    put(tmp_path, "file")
    assert root_problem(os.fsencode(tmp_path)) is None
    assert "not there" in (root_problem(os.fsencode(tmp_path / "gone")) or "")
    assert "a file" in (root_problem(os.fsencode(tmp_path / "file")) or "")
