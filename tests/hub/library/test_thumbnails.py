from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, update

from hub.db.tables import VideoRow
from hub.events import Event, VideosChanged, VideosRemoved
from hub.jobs.types import JobState
from hub.library.thumbnails import KIND
from hub.library.types import VideoState
from hub.media.errors import OutputNotWritable, UnreadableFile
from hub.media.pool import Priority
from tests.hub.library.conftest import World
from tests.media import clip_bytes, picture_bytes


@pytest.fixture
async def pictured(world: World) -> AsyncIterator[World]:
    """A library whose thumbnails service runs."""
    await world.thumbnails.start()
    yield world
    world.media.gate.set()
    await world.jobs.close()
    await world.thumbnails.close()


async def all_made(world: World) -> None:
    """Wait until the job is through with what it was asked for."""
    job = await world.jobs.submit(KIND, "all", "Making pictures")
    done = await world.jobs.wait(job.id)
    assert done.state is JobState.DONE, done.error


def names(world: World, video_id: str) -> list[str]:
    shelf = world.thumbs / video_id[-2:]
    return sorted(path.name for path in shelf.iterdir()) if shelf.exists() else []


def set_state(connection: Connection, video_id: str, state: VideoState) -> None:
    connection.execute(update(VideoRow).where(VideoRow.id == video_id).values(state=state))


async def test_a_new_video_gets_pictures_in_the_widths_it_fills(pictured: World) -> None:
    pictured.put("a.mp4", clip_bytes(size=(640, 360)))
    await pictured.scan()
    await all_made(pictured)
    row = (await pictured.rows())[b"a.mp4"]
    video_id = row["video_id"]
    assert row["thumb_version"] > 0
    assert row["thumb_color"].startswith("#")
    assert names(pictured, video_id) == [f"{video_id}-320.webp", f"{video_id}-640.webp"]
    assert VideosChanged((video_id,)) in pictured.events


async def test_the_narrowest_picture_that_is_wide_enough_is_found(pictured: World) -> None:
    pictured.put("a.mp4", clip_bytes(size=(640, 360)))
    await pictured.scan()
    await all_made(pictured)
    (video_id,) = (await pictured.ids()).values()
    found = [await pictured.thumbnails.path(video_id, width) for width in (1, 320, 321, 5000)]
    assert [path.name[27:] for path in found if path] == ["320.webp", "320.webp", "640.webp", "640.webp"]


async def test_pictures_are_made_newest_first_and_what_is_looked_at_before_all(pictured: World) -> None:
    for n in range(8):
        pictured.put(f"{n}.mp4", n)
        await pictured.scan()
        if n == 0:
            await all_made(pictured)
            pictured.media.gate.clear()
            pictured.media.pictured.clear()
    ids = await pictured.ids()
    # Three are in hand by now, and wait at the gate.
    job = await pictured.jobs.submit(KIND, "all", "Making pictures")
    await pictured.until(lambda: len(pictured.media.pictured) == 3)
    assert await pictured.thumbnails.path(ids[b"1.mp4"], 320) is None
    pictured.media.gate.set()
    await pictured.jobs.wait(job.id)
    await all_made(pictured)
    order = [name for name, _ in pictured.media.pictured]
    assert set(order) == {b"%d.mp4" % n for n in range(1, 8)}
    assert order.index(b"1.mp4") <= 3
    assert (b"1.mp4", Priority.INTERACTIVE) in pictured.media.pictured
    rest = [name for name, priority in pictured.media.pictured[3:] if priority is Priority.THUMBNAIL]
    # Three are made side by side, so neighbours may change places.
    newest_first = sorted(rest, reverse=True)
    assert all(abs(rest.index(name) - newest_first.index(name)) < 3 for name in rest)


async def test_a_video_without_a_picture_is_not_tried_again(pictured: World) -> None:
    pictured.put("song.mp3", clip_bytes(".mp3"))
    await pictured.scan()
    await all_made(pictured)
    row = (await pictured.rows())[b"song.mp3"]
    assert row["thumb_version"] == 0
    pictured.media.pictured.clear()
    await pictured.scan()
    await all_made(pictured)
    assert await pictured.thumbnails.path(row["video_id"], 320) is None
    assert pictured.media.pictured == []


async def test_one_bad_file_does_not_stop_the_others(pictured: World) -> None:
    for n in range(3):
        pictured.put(f"{n}.mp4", n)
    pictured.media.gate.clear()
    await pictured.scan()
    (pictured.root / "1.mp4").write_bytes(b"not a film any more")
    pictured.media.gate.set()
    await all_made(pictured)
    versions = {path: row["thumb_version"] for path, row in (await pictured.rows()).items()}
    assert versions[b"1.mp4"] == 0
    assert versions[b"0.mp4"] > 0
    assert versions[b"2.mp4"] > 0


async def test_an_unreadable_file_is_tried_again_by_the_next_job_only(pictured: World) -> None:
    pictured.put("a.mp4", 1)
    pictured.media.error = UnreadableFile("The file cannot be opened: input/output error.")
    await pictured.scan()
    await all_made(pictured)
    assert (await pictured.rows())[b"a.mp4"]["thumb_version"] is None
    tries = len(pictured.media.pictured)
    pictured.media.error = None
    await all_made(pictured)
    assert len(pictured.media.pictured) == tries + 1
    assert (await pictured.rows())[b"a.mp4"]["thumb_version"] > 0


async def test_a_full_disk_fails_the_job_and_keeps_the_videos_waiting(pictured: World) -> None:
    pictured.put("a.mp4", 1)
    pictured.media.error = OutputNotWritable("The picture cannot be written: no space left on device.")
    await pictured.scan()
    job = await pictured.jobs.submit(KIND, "all", "Making pictures")
    failed = await pictured.jobs.wait(job.id)
    assert failed.state is JobState.FAILED
    assert failed.error == "The picture cannot be written: no space left on device."
    assert (await pictured.rows())[b"a.mp4"]["thumb_version"] is None


async def test_new_content_gets_new_pictures_and_loses_widths_it_does_not_fill(pictured: World) -> None:
    path = pictured.put("a.mp4", clip_bytes(size=(640, 360)))
    await pictured.scan()
    await all_made(pictured)
    before = (await pictured.rows())[b"a.mp4"]
    path.write_bytes(clip_bytes(size=(160, 90), seed=3))
    await pictured.scan()
    await all_made(pictured)
    after = (await pictured.rows())[b"a.mp4"]
    assert after["video_id"] == before["video_id"]
    assert after["thumb_version"] > before["thumb_version"]
    assert names(pictured, after["video_id"]) == [f"{after['video_id']}-320.webp"]


async def test_pictures_of_a_file_replaced_meanwhile_are_not_noted(pictured: World) -> None:
    path = pictured.put("a.mp4", 1)
    pictured.media.gate.clear()
    await pictured.scan()
    job = await pictured.jobs.submit(KIND, "all", "Making pictures")
    await pictured.until(lambda: bool(pictured.media.pictured))
    path.write_bytes(clip_bytes(seed=5))
    await pictured.scan()
    assert (await pictured.rows())[b"a.mp4"]["thumb_version"] is None
    pictured.media.gate.set()
    await pictured.jobs.wait(job.id)
    await all_made(pictured)
    assert len(pictured.media.pictured) >= 2
    assert (await pictured.rows())[b"a.mp4"]["thumb_version"] > 0


async def test_a_poster_is_used_and_a_new_one_makes_new_pictures(pictured: World) -> None:
    pictured.put("a.mp4", 1)
    pictured.put("a-poster.jpg", picture_bytes(seed=1))
    await pictured.scan()
    await all_made(pictured)
    before = (await pictured.rows())[b"a.mp4"]
    pictured.put("a-poster.jpg", picture_bytes(size=(500, 500), seed=2))
    await pictured.scan()
    await all_made(pictured)
    after = (await pictured.rows())[b"a.mp4"]
    assert after["thumb_version"] > before["thumb_version"]
    assert after["thumb_color"] != before["thumb_color"]


async def test_a_removed_videos_pictures_go(pictured: World) -> None:
    pictured.put("a.mp4", 1)
    await pictured.scan()
    await all_made(pictured)
    (video_id,) = (await pictured.ids()).values()
    await pictured.db.write(set_state, video_id, VideoState.DELETED)
    pictured.bus.publish(VideosRemoved((video_id,)))
    await pictured.until(lambda: not names(pictured, video_id))


async def test_a_start_removes_pictures_of_videos_deleted_before_a_crash(pictured: World) -> None:
    pictured.put("a.mp4", 1)
    await pictured.scan()
    await all_made(pictured)
    (video_id,) = (await pictured.ids()).values()
    await pictured.db.write(set_state, video_id, VideoState.DELETED)
    await pictured.jobs.close()
    await pictured.thumbnails.close()
    again = World(pictured.db, pictured.root, pictured.thumbs)
    await again.thumbnails.start()
    assert names(pictured, video_id) == []
    await again.thumbnails.close()


async def test_a_start_goes_on_with_what_is_missing(world: World) -> None:
    world.put("a.mp4", 1)
    await world.scan()
    heard: list[Event] = []
    world.bus.subscribe(VideosChanged, heard.append)
    await world.thumbnails.start()
    await all_made(world)
    assert (await world.rows())[b"a.mp4"]["thumb_version"] > 0
    assert len(heard) == 1
    await world.jobs.close()
    await world.thumbnails.close()
