from __future__ import annotations

import asyncio
import io
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from hub.bootstrap import Hub
from hub.db.repositories.derived import Kind
from hub.library.types import VideoPatch, VideoQuery
from hub.media.webvtt import read
from tests.media import make_clip
from tests.server.conftest import Client, scan

SRT = "1\n00:00:00,500 --> 00:00:01,000\n<i>Grüße</i>\n".encode("latin-1")
UNKNOWN = "01J8Z3V6Q0AAAAAAAAAAAAAAAA"


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A film with a text track inside and chapters, another beside which captions lie, and one without sound."""
    folder = tmp_path / "films"
    folder.mkdir()
    make_clip(
        folder / "Alpha.mkv",
        seconds=4.0,
        captions=((0.5, 1.5, "Hello <i>you</i>"),),
        chapters=((0.0, 1.0, "Intro"), (1.0, 4.0, "Main")),
    )
    make_clip(folder / "Beta.mp4", seconds=2.0, audio=None)
    (folder / "Beta.en.srt").write_bytes(SRT)
    (folder / "Beta.en.forced.srt").write_bytes(SRT)
    return folder


async def made(hub: Hub, video_id: str) -> None:
    """Wait until everything is made of a video."""
    for kind in Kind:
        assert await hub.derived.make_now(video_id, kind, hub.media)


async def play(client: Client, video_id: str) -> dict[str, object]:
    answer: dict[str, object] = (await client.get(f"/v1/videos/{video_id}/play")).json
    return answer


# --- captions --------------------------------------------------------------------------------------------------


async def test_text_inside_a_file_is_a_track_like_others(
    hub: Hub, owner: Client, anyone: Client, library: dict[str, str]
) -> None:
    (track,) = (await owner.get(f"/v1/videos/{library['Alpha']}/play")).json["captions"]
    assert (track["lang"], track["label"], track["forced"], track["default"]) == (
        "en",
        "English",
        False,
        False,
    )
    reply = await anyone.get(track["url"])
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/vtt; charset=utf-8")
    (cue,) = read(reply.body.decode())
    assert cue.text == "Hello <i>you</i>"
    assert [
        one.plain
        for one in await hub.captions.cues(await hub.accounts.local_viewer(), library["Alpha"], "en")
    ] == ["Hello you"]
    for_hls = await anyone.get(f"{track['url']}&hls=1")
    assert for_hls.body.startswith(b"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:90000,LOCAL:00:00:00.000\n\n")


async def test_text_that_was_taken_out_and_lost_is_taken_out_again(
    hub: Hub, owner: Client, library: dict[str, str]
) -> None:
    path = f"/media/{library['Alpha']}/captions/en.vtt"
    first = await owner.get(path)
    (kept,) = hub.derived.folder_of(library["Alpha"]).glob("*.vtt")
    kept.unlink()
    assert (await owner.get(path)).body == first.body


async def test_the_track_in_ones_language_is_on_by_itself(
    owner: Client, member: Client, library: dict[str, str]
) -> None:
    async def on(client: Client) -> list[str]:
        tracks = (await client.get(f"/v1/videos/{library['Beta']}/play")).json["captions"]
        return [track["lang"] for track in tracks if track["default"]]

    assert await on(owner) == []
    (await member.patch("/v1/me/captions", {"household_caption_lang": "en"})).problem(403, "not-allowed")
    reply = await owner.patch("/v1/me/captions", {"household_caption_lang": "en-GB"})
    assert reply.json == {"caption_lang": None, "household_caption_lang": "en-GB"}
    assert await on(owner) == await on(member) == ["en"]
    assert (await member.patch("/v1/me/captions", {"caption_lang": ""})).json["caption_lang"] == ""
    assert await on(member) == []
    assert (await member.patch("/v1/me/captions", {"caption_lang": None})).status == 200
    assert await on(member) == ["en"]
    assert (await member.get("/v1/me/captions")).json == {
        "caption_lang": None,
        "household_caption_lang": "en-GB",
    }
    reply = await member.patch("/v1/me/captions", {"caption_lang": "klingon!"})
    assert "no language code" in reply.problem(422, "invalid-input")


async def test_managers_add_and_remove_captions(
    owner: Client, member: Client, library: dict[str, str]
) -> None:
    path = f"/v1/videos/{library['Alpha']}/captions/de"
    (await member.ask("PUT", path, data=SRT)).problem(403, "not-allowed")
    reply = await owner.ask("PUT", path, data=SRT, headers={"Content-Type": "application/x-subrip"})
    assert (reply.status, reply.json["label"], reply.json["is_upload"]) == (200, "German", True)
    tracks = (await owner.get(f"/v1/videos/{library['Alpha']}")).json["captions"]
    assert [track["lang"] for track in tracks] == ["de", "en"]
    text = (await member.get(f"/media/{library['Alpha']}/captions/de.vtt")).body.decode()
    assert [cue.text for cue in read(text)] == ["<i>Grüße</i>"]
    assert (await owner.ask("PUT", path, data=SRT.replace(b"Gr", b"gr"))).status == 200
    (await member.delete(path)).problem(403, "not-allowed")
    assert (await owner.delete(path)).status == 204
    (await owner.delete(path)).problem(404, "not-found")
    (await owner.delete(path.replace("/de", "/en"))).problem(404, "not-found")


@pytest.mark.parametrize(
    ("lang", "content", "status", "code"),
    [
        ("de", b"no times", 422, "invalid-input"),
        ("de", b"", 422, "invalid-input"),
        ("nonsense!", SRT, 422, "invalid-input"),
    ],
)
async def test_what_is_no_captions_is_refused(
    owner: Client, library: dict[str, str], lang: str, content: bytes, status: int, code: str
) -> None:
    reply = await owner.ask("PUT", f"/v1/videos/{library['Alpha']}/captions/{lang}", data=content)
    reply.problem(status, code)
    unknown = await owner.ask("PUT", f"/v1/videos/{UNKNOWN}/captions/de", data=SRT)
    unknown.problem(404, "not-found")


async def test_captions_larger_than_any_are_not_read(owner: Client, library: dict[str, str]) -> None:
    reply = await owner.ask(
        "PUT", f"/v1/videos/{library['Alpha']}/captions/de", data=io.BytesIO(b"x" * (5 << 20))
    )
    assert reply.status == 413


# --- storyboards, loudness, chapters ---------------------------------------------------------------------------


async def test_a_storyboard_is_made_in_the_background_and_shown(
    hub: Hub, owner: Client, anyone: Client, library: dict[str, str]
) -> None:
    video_id = library["Alpha"]
    before = await play(owner, video_id)
    assert (before["storyboard_url"], before["gain_db"]) == (None, None)
    (await owner.get(f"/media/{video_id}/storyboard.vtt")).problem(404, "not-found")
    await made(hub, video_id)
    after = await play(owner, video_id)
    assert isinstance(after["gain_db"], float)
    url = after["storyboard_url"]
    assert isinstance(url, str)
    reply = await anyone.get(url)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/vtt; charset=utf-8")
    cues = list(read(reply.body.decode()))
    assert cues[0].start_s == 0
    assert cues[-1].end_s == pytest.approx(4, abs=0.2)
    sheet = urlsplit(cues[0].text)
    assert set(parse_qs(sheet.query)) == {"v", "token"}
    picture = await anyone.get(f"/media/{video_id}/{sheet.path}?{sheet.query}")
    assert (picture.status, picture.headers["Content-Type"]) == (200, "image/webp")
    assert "immutable" in picture.headers["Cache-Control"]
    other = f"/media/{library['Beta']}/{sheet.path}?{sheet.query}"
    (await anyone.get(other)).problem(401, "not-signed-in")
    (await owner.get(f"/media/{video_id}/storyboard/99.webp")).problem(404, "not-found")


async def test_the_job_makes_everything_by_itself_and_removing_takes_it_away(
    hub: Hub, owner: Client, library: dict[str, str]
) -> None:
    async with asyncio.timeout(60):
        while True:
            found = [(await owner.get(f"/v1/videos/{one}/play")).json for one in library.values()]
            if all(one["storyboard_url"] for one in found) and any(one["gain_db"] for one in found):
                break
            await asyncio.sleep(0.1)
        jobs = (await owner.get("/v1/jobs")).json["items"]
        assert any(job["kind"] == "derived" for job in jobs)
        folder = hub.derived.folder_of(library["Alpha"])
        assert (await owner.delete(f"/v1/videos/{library['Alpha']}")).status == 204
        while await asyncio.to_thread(folder.exists):  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.02)


async def test_chapters_and_markers_are_told(hub: Hub, owner: Client, library: dict[str, str]) -> None:
    alpha = await play(owner, library["Alpha"])
    assert alpha["markers"] == [{"kind": "intro", "start_s": 0.0, "end_s": 1.0}]
    assert (await play(owner, library["Beta"]))["chapters"] == []
    viewer = await hub.accounts.local_viewer()
    make_long = VideoPatch(description="0:00 One\n0:10 Two\n0:20 Three")
    await hub.library.update_video(viewer, library["Beta"], make_long)
    assert (await play(owner, library["Beta"]))["chapters"] == [], "the video is shorter than these"


# --- what to watch next ----------------------------------------------------------------------------------------


async def test_what_was_begun_is_continued(owner: Client, films: Path, hub: Hub) -> None:
    make_clip(films / "Long.mp4", seconds=12.0, size=(64, 36), frame_rate=5)
    await scan(hub, films)
    page = await hub.library.list_videos(await hub.accounts.local_viewer(), VideoQuery())
    video_id = next(video.id for video in page.items if video.title == "Long")
    assert (await owner.get("/v1/continue")).json == {"items": [], "next_cursor": None}
    assert (await owner.put(f"/v1/videos/{video_id}/position", {"position_s": 6})).status == 204
    (item,) = (await owner.get("/v1/continue")).json["items"]
    assert (item["id"], item["position_s"]) == (video_id, 6)
    assert (await owner.put(f"/v1/videos/{video_id}/position", {"position_s": 11.5})).status == 204
    assert (await owner.get("/v1/continue?limit=1")).json["items"] == []
    (await owner.get("/v1/continue?cursor=x")).problem(422, "invalid-input")


async def test_the_next_episode_follows(hub: Hub, owner: Client, films: Path) -> None:
    for number in (1, 2, 10):
        make_clip(films / f"Show S01E{number:02d}.mp4", seconds=0.5 + number / 10)
    await scan(hub, films)
    items = (await owner.get("/v1/videos?sort=title")).json["items"]
    ids = {item["title"]: item["id"] for item in items}
    following = (await owner.get(f"/v1/videos/{ids['Show S01E02']}/next")).json["item"]
    assert following["title"] == "Show S01E10"
    assert (await owner.get(f"/v1/videos/{ids['Show S01E10']}/next")).json == {"item": None}
    (await owner.get(f"/v1/videos/{UNKNOWN}/next")).problem(404, "not-found")
