"""The whole way of a stream inside the hub: a real file, a real pool, real encoders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub.errors import HubError, NotFound, NotPlayable, RenditionFailed
from hub.media.caps import parse_caps
from hub.media.decide import decide, offered
from hub.media.errors import BrokenMedia
from hub.media.pool import MediaPool
from hub.media.stream.presentation import Presentation
from hub.media.stream.service import StreamFile, StreamService, _without
from tests.media import make_clip, path_bytes

pytestmark = pytest.mark.integration


@pytest.fixture
async def service(tmp_path: Path, pool: MediaPool) -> AsyncIterator[StreamService]:
    service = StreamService(tmp_path / "segments", pool)
    await service.start()
    yield service
    await service.close()


@pytest.fixture
async def film(tmp_path: Path, pool: MediaPool) -> StreamFile:
    path = make_clip(tmp_path / "film.mp4", seconds=9.0, size=(320, 180), video_options=(("g", "50"),))
    return await stream_file(pool, path)


async def stream_file(pool: MediaPool, path: Path) -> StreamFile:
    result = await pool.probe(path_bytes(path))
    return StreamFile(
        path=path_bytes(path),
        fingerprint=result.fingerprint,
        size_bytes=result.size_bytes,
        probe=result.probe,
    )


async def test_a_presentation_is_read_once_for_all_who_ask(
    service: StreamService, film: StreamFile, pool: MediaPool
) -> None:
    first, *others = await asyncio.gather(*(service.presentation(film) for _ in range(8)))

    assert all(other is first for other in others)
    assert (service.store.root / first.content / "timeline.mp").exists()
    again = StreamService(service.store.root, pool)
    await again.start()
    gone = msgspec.structs.replace(film, path=b"/nowhere")
    assert (await again.presentation(gone)).timeline == first.timeline  # kept on disk
    await again.close()


async def test_rates_follow_how_hard_a_film_is_as_it_was_known_first(
    service: StreamService, film: StreamFile, pool: MediaPool, tmp_path: Path
) -> None:
    hard = msgspec.structs.replace(film, complexity=2.0)
    typical = StreamService(tmp_path / "others", pool)
    await typical.start()
    try:
        usual = (await typical.presentation(film)).video[-1].average_bps
        assert (await service.presentation(hard)).video[-1].average_bps > usual
        # What is on disk already was made with the first figure.
        assert (await typical.presentation(hard)).video[-1].average_bps == usual
    finally:
        await typical.close()


@pytest.mark.parametrize("rendition", ["v180-h264", "v-copy", "a1-aac2", "a1-copy", "a1-opus2"])
async def test_every_kind_of_segment_is_made_and_found(
    service: StreamService, film: StreamFile, rendition: str
) -> None:
    presentation = await service.presentation(film)
    plan = presentation.plan(rendition)
    assert plan is not None

    init = await service.init(film, presentation, rendition, play="p", reader="p a")
    paths = [await service.segment(film, presentation, rendition, k, reader="p a") for k in range(plan.count)]

    assert init.name == "init.mp4"
    assert [path.name for path in paths] == [f"{k}.m4s" for k in range(plan.count)]
    assert all(path.parent == init.parent and path.stat().st_size > 100 for path in paths)


async def test_a_session_begins_where_the_player_will(service: StreamService, film: StreamFile) -> None:
    service.expect(film, "p", 7.5, encodes=True)
    presentation = await service.presentation(film)

    await service.init(film, presentation, "v180-h264", play="p", reader="p a")
    await service.segment(film, presentation, "v180-h264", 3, reader="p a")

    assert not service.store.has(presentation.content, "v180-h264", 0)


async def test_what_the_plan_does_not_have_is_not_found(service: StreamService, film: StreamFile) -> None:
    presentation = await service.presentation(film)

    for rendition, k in (("v180-h264", 5), ("v180-h264", -1), ("v1080-h264", 0), ("a7-aac2", 0), ("s1", 0)):
        with pytest.raises(NotFound):
            await service.segment(film, presentation, rendition, k, reader="p")


async def test_a_file_that_is_no_film_is_remembered_as_such(
    service: StreamService, film: StreamFile, pool: MediaPool
) -> None:
    broken = Path(film.path.decode())
    broken.write_bytes(b"just text, and no film at all")

    for _ in range(2):
        with pytest.raises(NotPlayable):
            await service.presentation(film)

    again = StreamService(service.store.root, pool)
    await again.start()
    make_clip(broken, seconds=1.0)  # not even looked at: the content is the same by name
    with pytest.raises(NotPlayable):
        await again.presentation(film)
    await again.close()


class _Slow:
    """The pool's `run`, whose first jobs get no time."""

    def __init__(self, pool: MediaPool, times: int) -> None:
        self.calls, self._times, self._run = 0, times, pool.run

    async def __call__(self, *args: Any, timeout_s: float, **options: Any) -> Any:
        self.calls += 1
        return await self._run(*args, timeout_s=0.0 if self.calls <= self._times else timeout_s, **options)


async def test_a_time_line_that_took_too_long_once_is_read_again(
    service: StreamService, film: StreamFile, pool: MediaPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "run", _Slow(pool, 1))

    assert (await service.presentation(film)).video


async def test_a_time_line_that_takes_too_long_is_held_against_the_file_for_minutes(
    service: StreamService, film: StreamFile, pool: MediaPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = _Slow(pool, 2)
    monkeypatch.setattr(pool, "run", slow)

    for _ in range(2):
        with pytest.raises(NotPlayable, match="longer than"):
            await service.presentation(film)

    assert slow.calls == 2
    monkeypatch.setattr("hub.media.stream.failures.SLOW_HOLDS_S", -1.0)
    assert (await service.presentation(film)).video
    assert not list(service.store.root.glob("*/failed.json"))


@pytest.mark.parametrize("times", [1, 2])
async def test_sound_that_took_too_long_is_made_again_once(
    service: StreamService, film: StreamFile, pool: MediaPool, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    presentation = await service.presentation(film)
    slow = _Slow(pool, times)
    monkeypatch.setattr(pool, "run", slow)

    if times == 1:
        path = await service.segment(film, presentation, "a1-aac2", 0, reader="p")
        assert path.name == "0.m4s"
    else:
        with pytest.raises(RenditionFailed, match="longer than"):
            await service.segment(film, presentation, "a1-aac2", 0, reader="p")
        assert slow.calls == 2


async def test_a_file_that_is_not_there_is_not_remembered(service: StreamService, film: StreamFile) -> None:
    path = Path(film.path.decode())
    aside = path.rename(path.with_suffix(".aside"))
    with pytest.raises(NotPlayable):
        await service.presentation(film)
    aside.rename(path)

    assert (await service.presentation(film)).video


async def test_sound_is_made_ahead_of_the_listener(service: StreamService, film: StreamFile) -> None:
    presentation = await service.presentation(film)

    await service.segment(film, presentation, "a1-aac2", 0, reader="p")
    await service.segment(film, presentation, "a1-aac2", 1, reader="p")

    async with asyncio.timeout(20):
        while not service.store.has(presentation.content, "a1-aac2", 4):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_who_closes_while_something_is_made_gets_no_leftovers(
    service: StreamService, film: StreamFile
) -> None:
    presentation = await service.presentation(film)
    waiting = [
        asyncio.create_task(service.segment(film, presentation, name, 2, reader="p"))
        for name in ("v180-h264", "a1-aac2")
    ]
    await asyncio.sleep(0.05)

    await service.close()

    for result in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(result, (HubError, asyncio.CancelledError, Path)), result


def names_of(presentation: Presentation) -> set[str]:
    return {r.id for r in presentation.video} | {r.id for r in presentation.audio}


async def test_what_fails_is_left_out_from_then_on_and_comes_back(
    service: StreamService, film: StreamFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await service.presentation(film)
    for name in ("a1-aac2", "v180-h264"):
        await service.failures.note(before.content, name, BrokenMedia("It is torn."), "It is torn.")

    after = await service.presentation(film)

    assert names_of(after) == names_of(before) - {"a1-aac2", "v180-h264"}
    assert offered(decide(film.probe, parse_caps("mkv,h264,aac")), after)
    with pytest.raises(RenditionFailed, match="torn"):
        await service.segment(film, after, "a1-aac2", 0, reader="p")  # of a manifest made before
    monkeypatch.setattr("hub.media.stream.failures.HOLDS_S", -1.0)
    assert await service.presentation(film) == before


async def test_something_is_left_when_everything_fails(service: StreamService, film: StreamFile) -> None:
    whole = await service.presentation(film)
    for name in names_of(whole):
        await service.failures.note(whole.content, name, BrokenMedia("It is torn."), "It is torn.")

    assert await service.presentation(film) == whole


async def test_sound_alone_keeps_what_a_plain_player_needs(service: StreamService, film: StreamFile) -> None:
    whole = await service.presentation(film)
    song = msgspec.structs.replace(whole, video=())

    assert _without(song, frozenset({"a1-aac2"})) == song


async def test_headroom_is_told_only_while_something_runs(service: StreamService, film: StreamFile) -> None:
    assert service.headroom(film.probe) is None
    presentation = await service.presentation(film)
    (rung, *_) = (r for r in presentation.video if not r.is_copy)

    await service.segment(film, presentation, rung.id, 0, reader="p")

    left = service.headroom(film.probe)
    assert left is None or left < service.slots.pixels_per_s


async def test_the_machine_is_tried_once_and_remembered(
    tmp_path: Path, pool: MediaPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.media.stream.service._MEASURE_AFTER_S", 0.01)
    monkeypatch.setattr("hub.media.stream.service._is_loaded", lambda: False)
    first = StreamService(tmp_path, pool)
    assumed = first.slots.pixels_per_s
    await first.start()
    async with asyncio.timeout(60):
        while first.slots.pixels_per_s == assumed:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        while not (tmp_path / "machine.mp").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await first.close()

    second = StreamService(tmp_path, pool)
    await second.start()
    async with asyncio.timeout(10):
        while second.slots.pixels_per_s == assumed:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    assert second.slots.pixels_per_s == first.slots.pixels_per_s
    await second.close()
