from __future__ import annotations

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from hub.media.stream.store import SPAN, SegmentStore


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


Opened = Callable[..., AbstractAsyncContextManager[SegmentStore]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path: Path, clock: Clock) -> Opened:
    @asynccontextmanager
    async def open_store(limit_bytes: int = 1 << 30) -> AsyncIterator[SegmentStore]:
        store = SegmentStore(tmp_path / "segments", limit_bytes, clock=clock)
        await store.start()
        await store.ready()
        yield store
        await store.close()

    return open_store


async def put(store: SegmentStore, content: str, rendition: str, ks: range, size: int = 100) -> None:
    folder = await store.make_folder(content, rendition)
    (folder / "init.mp4").write_bytes(b"init")
    for k in ks:
        (folder / f"{k}.m4s").write_bytes(bytes(size))
    await store.added(content, rendition, ks.start, ks.stop)


async def test_what_was_added_is_found_and_nothing_else(opened: Opened) -> None:
    async with opened() as store:
        await put(store, "c1", "v720-h264", range(3, 5))

        path = store.path("c1", "v720-h264", 3)
        init = store.init_path("c1", "v720-h264")

        assert path is not None
        assert path.read_bytes() == bytes(100)
        assert init is not None
        assert init.read_bytes() == b"init"
        assert [store.has("c1", "v720-h264", k) for k in (-1, 2, 4, 5, 999_999)] == [
            False,
            False,
            True,
            False,
            False,
        ]
        assert store.path("c2", "v720-h264", 3) is None
        assert store.init_path("c1", "a1-aac2") is None
        assert store.used_bytes == 200


async def test_a_report_of_a_segment_that_was_not_written_adds_nothing(opened: Opened) -> None:
    async with opened() as store:
        await store.make_folder("c1", "a1-aac2")

        await store.added("c1", "a1-aac2", 0, 4)

        assert not store.has("c1", "a1-aac2", 0)


@pytest.mark.parametrize("name", ["..", "", "a/b", ".x", "A", "a" * 101])
async def test_names_that_lead_elsewhere_are_no_places(opened: Opened, name: str) -> None:
    async with opened() as store:
        with pytest.raises(ValueError, match="no place"):
            store.folder(name, "v720-h264")
        with pytest.raises(ValueError, match="no place"):
            store.folder("c1", name)


async def test_after_a_restart_everything_is_there_again_but_not_what_was_half_written(
    opened: Opened,
) -> None:
    async with opened() as store:
        await put(store, "c1", "v720-h264", range(40))
        half = store.folder("c1", "v720-h264") / ".7.m4s.99-0.part"
        half.write_bytes(b"half")

    async with opened() as store:
        assert store.count("c1", "v720-h264") == 40
        assert store.used_bytes == 4_000
        assert store.init_path("c1", "v720-h264") is not None
        assert not half.exists()


async def test_the_oldest_goes_first_and_what_is_watched_or_lies_ahead_never(
    opened: Opened, clock: Clock
) -> None:
    async with opened(limit_bytes=100 * SPAN * 3) as store:
        await put(store, "old", "v720-h264", range(SPAN))
        clock.now += 100
        await put(store, "watched", "v720-h264", range(2 * SPAN))
        clock.now += 100
        store.path("watched", "v720-h264", 5)  # the viewer is in the first span, the second lies ahead

        await put(store, "new", "v720-h264", range(SPAN))
        async with asyncio.timeout(10):
            while (store.root / "old" / "v720-h264").exists():  # noqa: ASYNC110
                await asyncio.sleep(0.005)

        assert store.count("old", "v720-h264") == 0
        assert store.count("watched", "v720-h264") == 2 * SPAN
        assert store.count("new", "v720-h264") == SPAN


async def test_when_all_is_being_watched_the_limit_waits(opened: Opened) -> None:
    async with opened(limit_bytes=1_000) as store:
        await put(store, "c1", "v720-h264", range(SPAN))

        assert await store.make_room(1) == 0
        assert store.count("c1", "v720-h264") == SPAN


async def test_made_ahead_counts_apart_and_stays(opened: Opened, clock: Clock) -> None:
    async with opened() as store:
        await store.keep("c1", "v720-h264", premade=True)
        await put(store, "c1", "v720-h264", range(SPAN))
        await put(store, "c1", "v360-h264", range(SPAN))

    clock.now += 1_000
    async with opened(limit_bytes=1) as store:
        await store.make_room(1)

        assert (store.used_bytes, store.premade_bytes) == (0, 100 * SPAN)

        await store.keep("c1", "v720-h264", premade=False)
        assert await store.make_room(1) == 100 * SPAN


async def test_the_last_use_outlives_the_hub(opened: Opened, clock: Clock) -> None:
    async with opened() as store:
        await put(store, "first", "v720-h264", range(SPAN))
        clock.now += 100
        await put(store, "second", "v720-h264", range(SPAN))
        clock.now += 100
        store.path("first", "v720-h264", 0)

    clock.now += 1_000
    async with opened() as store:
        await store.make_room(1)

        assert store.count("second", "v720-h264") == 0
        assert store.count("first", "v720-h264") == SPAN


async def test_the_next_run_that_is_there(opened: Opened) -> None:
    async with opened() as store:
        await put(store, "c1", "v720-h264", range(5, 6))
        await put(store, "c1", "v720-h264", range(8, 12))

        assert store.next_present("c1", "v720-h264", 0) == 5
        assert store.next_present("c1", "v720-h264", 0, run=3) == 8
        assert store.next_present("c1", "v720-h264", 12) is None
        assert store.next_present("c9", "v720-h264", 0) is None


async def test_a_dropped_rendition_and_a_forgotten_segment_are_gone(opened: Opened) -> None:
    async with opened() as store:
        await put(store, "c1", "v720-h264", range(4))
        await put(store, "c1", "a1-aac2", range(4))

        store.forget("c1", "v720-h264", 2)
        await store.drop("c1", "a1-aac2")

        assert store.path("c1", "v720-h264", 2) is None
        assert store.used_bytes == 300
        assert not store.folder("c1", "a1-aac2").exists()


async def test_contents_without_segments_go_after_a_month(opened: Opened, clock: Clock) -> None:
    async with opened() as store:
        for name in ("stale", "fresh"):
            folder = store.root / name
            folder.mkdir()
            (folder / "timeline.mp").write_bytes(b"x")
            age_s = 31 * 86_400 if name == "stale" else 86_400
            os.utime(folder, (clock.now - age_s, clock.now - age_s))

    async with opened() as store:
        assert [path.name for path in store.root.iterdir()] == ["fresh"]


async def test_without_a_limit_it_is_a_share_of_the_disk(opened: Opened) -> None:
    async with opened(limit_bytes=0) as store:
        assert 0 < store.limit_bytes <= 50 << 30


async def test_what_a_power_cut_left_empty_is_not_there(opened: Opened) -> None:
    async with opened() as store:
        await put(store, "c1", "v720-h264", range(3))
        folder = store.folder("c1", "v720-h264")
        (folder / "1.m4s").write_bytes(b"")
        (folder / "40.m4s").write_bytes(b"")
        (folder / "init.mp4").write_bytes(b"")

    async with opened() as store:
        assert [store.has("c1", "v720-h264", k) for k in (0, 1, 2, 40)] == [True, False, True, False]
        assert sorted(path.name for path in folder.glob("*.m4s")) == ["0.m4s", "2.m4s"]
        assert store.init_path("c1", "v720-h264") is None
        assert await store.find_init("c1", "v720-h264") is None


async def test_a_rendition_of_empty_segments_is_no_obstacle_to_eviction(opened: Opened, clock: Clock) -> None:
    async with opened() as store:
        await put(store, "c1", "v720-h264", range(SPAN))
        empty = await store.make_folder("c1", "v360-h264")
        (empty / "0.m4s").touch()
        os.utime(empty / "0.m4s", (1e9, 1e9))

    clock.now += 1_000
    async with opened() as store:
        assert await store.make_room(1) == 100 * SPAN


async def test_segments_forgotten_in_all_spans_are_no_obstacle_to_eviction(
    opened: Opened, clock: Clock
) -> None:
    async with opened() as store:
        await put(store, "c1", "v720-h264", range(2 * SPAN))
        clock.now += 100
        await put(store, "c2", "v720-h264", range(SPAN))
        for k in range(2 * SPAN):
            store.forget("c1", "v720-h264", k)
        clock.now += 1_000

        assert await store.make_room(1) == 100 * SPAN
        assert store.count("c2", "v720-h264") == 0


async def test_a_use_does_not_change_what_downloads_know_a_file_by(opened: Opened, clock: Clock) -> None:
    async with opened() as store:
        await put(store, "c1", "v720-h264", range(1))
        path = store.folder("c1", "v720-h264") / "0.m4s"
        before_ns = path.stat().st_mtime_ns
        clock.now += 1_000
        store.path("c1", "v720-h264", 0)

    assert path.stat().st_mtime_ns == before_ns
    assert path.stat().st_atime == pytest.approx(clock.now, abs=1e-3)


async def test_a_folder_that_cannot_be_listed_costs_only_itself(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened() as store:
        await put(store, "bad", "v720-h264", range(3))
        await put(store, "good", "v720-h264", range(3))
        bad = store.folder("bad", "v720-h264")
    scandir = os.scandir

    def failing(path: Path) -> object:
        if path == bad:
            raise OSError(errno.EIO, "Input/output error")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", failing)
    async with asyncio.timeout(10), opened() as store:
        assert (store.count("bad", "v720-h264"), store.count("good", "v720-h264")) == (0, 3)
    assert "Input/output error" in caplog.text


async def test_a_store_that_cannot_be_listed_is_ready_all_the_same(
    tmp_path: Path, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "segments").touch()

    async with asyncio.timeout(10), opened(limit_bytes=0) as store:
        assert store.used_bytes == 0
    assert "cannot be listed" in caplog.text


async def test_a_rendition_begun_again_while_it_goes_keeps_its_init_segment(
    opened: Opened, clock: Clock
) -> None:
    async with opened() as store:
        await put(store, "c1", "v720-h264", range(SPAN))
        clock.now += 1_000
        (store.folder("c1", "v720-h264") / "90.m4s").write_bytes(b"new")  # written, not yet reported

        assert await store.make_room(1) == 100 * SPAN
        await store.added("c1", "v720-h264", 90, 91)

        init = store.init_path("c1", "v720-h264")
        assert init is not None
        assert init.read_bytes() == b"init"
