from __future__ import annotations

import asyncio
import os
from pathlib import Path
from unittest.mock import AsyncMock

import pytest

from hub.bootstrap import Hub
from hub.events import VideosChanged
from hub.library.types import VideoPatch, VideoQuery
from server.handlers.media import FILES
from server.runner import Server
from tests.media import make_clip
from tests.server.conftest import Client, scan
from tests.server.serving import RawClient, until

UNKNOWN = "01J8Z3V6Q0AAAAAAAAAAAAAAAA"


@pytest.fixture
def alpha(library: dict[str, str]) -> str:
    """The address of a clip's file."""
    return f"/media/{library['Alpha']}/file"


async def pictures_made(hub: Hub, video_id: str) -> str:
    """The address of a video's picture, once it has been made."""
    viewer = await hub.accounts.local_viewer()
    changed = asyncio.Event()
    unsubscribe = hub.events.subscribe(VideosChanged, lambda _event: changed.set())
    while not (version := (await hub.library.get_video(viewer, video_id)).thumb_version):
        await changed.wait()
        changed.clear()
    unsubscribe()
    return f"/media/{video_id}/thumb.jpg?v={version}"


# --- the file --------------------------------------------------------------------------------------------------


async def test_a_file_is_sent_with_the_librarys_validators(
    hub: Hub, owner: Client, films: Path, library: dict[str, str], alpha: str
) -> None:
    reply = await owner.get(alpha)
    file = await hub.library.playable_file(await hub.accounts.local_viewer(), library["Alpha"])
    assert (reply.status, reply.body) == (200, (films / "Alpha.mp4").read_bytes())
    assert reply.headers["ETag"] == f'"{file.etag}"'
    assert reply.headers["Content-Type"] == "video/mp4"
    assert reply.headers["Cache-Control"] == "private, no-cache"
    assert (await owner.get(f"/media/{library['Beta']}/file")).headers["Content-Type"] == "video/webm"
    head = await owner.ask("HEAD", alpha)
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(reply.body)))
    part = await owner.get(alpha, headers={"Range": "bytes=10-19", "If-Range": reply.headers["ETag"]})
    assert (part.status, part.body) == (206, reply.body[10:20])
    same = await owner.get(alpha, headers={"If-None-Match": reply.headers["ETag"]})
    assert (same.status, same.body) == (304, b"")


async def test_a_file_that_differs_from_its_row_has_a_validator_of_its_own(
    owner: Client, films: Path, alpha: str
) -> None:
    before = await owner.get(alpha)
    make_clip(films / "Alpha.mp4", seconds=1.5)
    after = await owner.get(alpha)
    assert after.body == (films / "Alpha.mp4").read_bytes() != before.body
    assert after.headers["ETag"] != before.headers["ETag"]
    stale = {"Range": "bytes=0-9", "If-Range": before.headers["ETag"]}
    assert (await owner.get(alpha, headers=stale)).status == 200


async def test_a_moved_file_is_found_again_after_a_scan(
    hub: Hub, owner: Client, films: Path, alpha: str
) -> None:
    content = (await owner.get(alpha)).body
    (films / "Alpha.mp4").rename(films / "Renamed.mp4")
    (await owner.get(alpha)).problem(409, "not-playable")
    await scan(hub, films)
    assert (await owner.get(alpha)).body == content


async def test_a_file_that_moved_between_two_ranges_plays_on(
    hub: Hub, owner: Client, films: Path, alpha: str
) -> None:
    """The known place is tried, then the library is asked for the present one."""
    content = (await owner.get(alpha)).body
    known = await hub.library.playable_file(await hub.accounts.local_viewer(), alpha.split("/")[2])
    (films / "Alpha.mp4").rename(films / "Renamed.mp4")
    hub.events._handlers.clear()  # the news of the move does not come
    await scan(hub, films)
    assert os.fsdecode(known.path).endswith("Alpha.mp4")
    part = await owner.get(alpha, headers={"Range": "bytes=5-9"})
    assert (part.status, part.body) == (206, content[5:10])


async def test_what_cannot_be_opened_is_a_conflict_with_the_reason(
    owner: Client, films: Path, alpha: str
) -> None:
    (films / "Alpha.mp4").unlink()
    (films / "Alpha.mp4").mkdir()
    (await owner.get(alpha)).problem(409, "not-playable")
    (await owner.get(f"/media/{UNKNOWN}/file")).problem(404, "not-found")


async def test_the_database_is_not_asked_for_every_range(
    hub: Hub, owner: Client, alpha: str, library: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = AsyncMock(wraps=hub.library.playable_file)
    monkeypatch.setattr(hub.library, "playable_file", asked)
    for start in range(0, 100, 10):
        assert (await owner.get(alpha, headers={"Range": f"bytes={start}-{start + 9}"})).status == 206
    assert asked.await_count == 1
    viewer = await hub.accounts.local_viewer()
    await hub.library.update_video(viewer, library["Beta"], VideoPatch(title="Changed"))
    await owner.get(alpha)
    assert asked.await_count == 2


async def test_a_video_taken_out_is_gone_at_once(owner: Client, alpha: str, library: dict[str, str]) -> None:
    assert (await owner.get(alpha)).status == 200
    await owner.delete(f"/v1/videos/{library['Alpha']}")
    (await owner.get(alpha)).problem(404, "not-found")


async def test_a_file_replaced_while_it_plays_is_cut_off(
    hub: Hub, server: Server, owner: Client, films: Path
) -> None:
    big = films / "Big.mp4"
    make_clip(big, seconds=1.0)
    with big.open("ab") as file:
        file.write(bytes(8) + b"free" + bytes(24 << 20))
    await scan(hub, films)
    viewer = await hub.accounts.local_viewer()
    page = await hub.library.list_videos(viewer, VideoQuery())
    video_id = next(video.id for video in page.items if video.title == "Big")
    client = await RawClient.connect(server.port)
    await client.get(f"/media/{video_id}/file", f"Authorization: Bearer {owner.token}")
    status, headers = await client.head()
    announced = int(headers["Content-Length"])
    begun = await client.exactly(50_000)
    content = big.read_bytes()
    os.replace(films / "Alpha.mp4", big)  # noqa: PTH105  # the very call careful programs end with
    body = begun + await client.rest(announced - len(begun))
    assert status == 200
    assert len(body) < announced
    assert content.startswith(body)
    await client.close()


# --- pictures --------------------------------------------------------------------------------------------------


async def test_a_picture_is_webp_and_kept_for_ever_by_its_version(
    hub: Hub, owner: Client, library: dict[str, str]
) -> None:
    path = await pictures_made(hub, library["Alpha"])
    assert (await owner.get(f"/v1/videos/{library['Alpha']}")).json["thumbnail_url"] == path
    reply = await owner.get(path)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "image/webp")
    assert reply.body[:4] == b"RIFF"
    assert reply.body[8:12] == b"WEBP"
    assert reply.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    plain = path.partition("?")[0]
    again = await owner.get(plain, headers={"If-None-Match": reply.headers["ETag"]})
    assert again.status == 304
    assert again.headers["Cache-Control"] == "private, no-cache"
    assert (await owner.get(f"{plain}?w=10000")).status == 200
    reply = await owner.get(f"{plain}?w=0")
    reply.problem(422, "invalid-input")
    assert reply.json["field"] == "w"
    (await owner.get(f"/media/{UNKNOWN}/thumb.jpg")).problem(404, "not-found")


async def test_a_picture_that_vanished_is_not_found(hub: Hub, owner: Client, library: dict[str, str]) -> None:
    path = await pictures_made(hub, library["Alpha"])
    picture = await hub.library.thumbnail_path(await hub.accounts.local_viewer(), library["Alpha"], 480)
    for one in Path(picture).parent.iterdir():
        one.unlink()
    (await owner.get(path)).problem(404, "not-found")


# --- captions --------------------------------------------------------------------------------------------------


async def test_captions_are_webvtt_with_a_validator(owner: Client, library: dict[str, str]) -> None:
    path = f"/media/{library['Alpha']}/captions/en.vtt"
    reply = await owner.get(path)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/vtt; charset=utf-8")
    assert reply.body.startswith(b"WEBVTT")
    assert (await owner.get(path, headers={"If-None-Match": reply.headers["ETag"]})).status == 304
    head = await owner.ask("HEAD", path)
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(reply.body)))
    (await owner.get(f"/media/{library['Alpha']}/captions/tlh.vtt")).problem(404, "not-found")
    (await owner.get(f"/media/{library['Beta']}/captions/en.vtt")).problem(404, "not-found")


async def test_captions_that_cannot_be_shown_blame_their_file(
    owner: Client, films: Path, library: dict[str, str]
) -> None:
    path = f"/media/{library['Alpha']}/captions/en.vtt"
    (films / "Alpha.en.srt").write_text("just words, no times")
    detail = (await owner.get(path)).problem(409, "unusable-captions")
    assert detail.startswith("Alpha.en.srt cannot be shown. The caption file is in no format")
    (films / "Alpha.en.srt").unlink()
    (await owner.get(path)).problem(409, "unusable-captions")


async def test_a_client_that_leaves_mid_stream_disturbs_nobody(
    hub: Hub, server: Server, owner: Client, films: Path, alpha: str
) -> None:
    with (films / "Alpha.mp4").open("ab") as file:
        file.truncate(64 << 20)
    client = await RawClient.connect(server.port)
    await client.get(alpha, f"Authorization: Bearer {owner.token}")
    await client.head()
    await client.close()
    assert server.app is not None
    files = server.app[FILES]
    await until(lambda: not files._streams)
    assert (await owner.get("/v1/me")).status == 200
