from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hub.bootstrap import Hub
from hub.library.types import VideoPatch, VideoQuery, Visibility
from server.plays import PLAYS
from server.runner import Server
from tests.media import clip_bytes, cut, make_clip
from tests.server.conftest import Client, scan

CONTRACT = {
    "id",
    "title",
    "description",
    "channel",
    "tags",
    "category",
    "source",
    "state",
    "visibility",
    "duration_s",
    "width",
    "height",
    "size_bytes",
    "container",
    "video_codec",
    "audio_codec",
    "published_at",
    "added_at",
    "views",
    "thumbnail_url",
    "position_s",
    "availability",
}
UNKNOWN = "01J8Z3V6Q0AAAAAAAAAAAAAAAA"


async def titles(client: Client, query: str = "") -> list[str]:
    return [video["title"] for video in (await client.get(f"/v1/videos?{query}")).json["items"]]


@pytest.fixture
async def many(hub: Hub, films: Path) -> list[str]:
    """Seven clips; their titles in order."""
    for number in range(5):
        make_clip(films / f"Clip {number}.mp4", seconds=1.0)
    await scan(hub, films)
    return ["Alpha", "Beta", *(f"Clip {number}" for number in range(5))]


# --- lists -----------------------------------------------------------------------------------------------------


async def test_a_list_holds_the_contracts_fields(owner: Client, library: dict[str, str]) -> None:
    reply = await owner.get("/v1/videos?sort=title")
    assert (reply.status, set(reply.json)) == (200, {"items", "next_cursor"})
    alpha, beta = reply.json["items"]
    assert set(alpha) >= CONTRACT
    assert alpha["id"] == library["Alpha"]
    assert (alpha["container"], alpha["video_codec"], alpha["audio_codec"]) == ("mp4", "h264", "aac")
    assert (alpha["state"], alpha["availability"], alpha["views"]) == ("ready", "local", 0)
    assert (alpha["duration_s"], alpha["width"], alpha["height"]) == (pytest.approx(2, abs=0.1), 160, 90)
    assert alpha["added_at"].endswith("Z")
    assert beta["container"] == "webm"
    assert reply.json["next_cursor"] is None


async def test_a_video_without_its_end_says_so(hub: Hub, owner: Client, films: Path) -> None:
    (films / "Cut.mkv").write_bytes(cut(clip_bytes(".mkv", seconds=2), 0.6))
    await scan(hub, films)
    problems = {}
    for video in (await owner.get("/v1/videos")).json["items"]:
        problems[video["title"]] = (await owner.get(f"/v1/videos/{video['id']}")).json["problem"]
    assert "its end is missing" in problems.pop("Cut")
    assert set(problems.values()) == {None}


async def test_pages_follow_each_other_without_gap_or_repeat(owner: Client, many: list[str]) -> None:
    for sort in ("added", "published", "title", "duration", "views", "-title"):
        seen: list[str] = []
        cursor = ""
        while True:
            page = (await owner.get(f"/v1/videos?sort={sort}&limit=2{cursor}")).json
            assert len(page["items"]) <= 2
            seen += [video["title"] for video in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert sorted(seen) == many


async def test_a_list_is_sorted_both_ways(owner: Client, many: list[str]) -> None:
    assert await titles(owner, "sort=title") == many
    assert await titles(owner, "sort=title&order=desc") == many[::-1]
    assert await titles(owner, "sort=-title") == many[::-1]
    assert await titles(owner, "sort=-title&order=desc") == many[::-1]
    assert (await titles(owner, "sort=duration"))[0] == "Alpha"
    assert (await titles(owner, "sort=duration&order=asc"))[-1] == "Alpha"


async def test_a_list_is_filtered(hub: Hub, owner: Client, library: dict[str, str]) -> None:
    patch = VideoPatch(channel="Äther", tags=["red", "blue"], category="Film", visibility=Visibility.PRIVATE)
    await hub.library.update_video(await hub.accounts.local_viewer(), library["Alpha"], patch)
    for query in ("channel=%C3%84ther", "tag=red", "category=Film", "visibility=private"):
        assert await titles(owner, query) == ["Alpha"], query
    assert await titles(owner, "visibility=household") == ["Beta"]
    assert await titles(owner, "channel=nobody") == []
    assert len(await titles(owner, "state=ready&source=folder")) == 2


async def test_a_cursor_of_another_list_is_refused(owner: Client, many: list[str]) -> None:
    cursor = (await owner.get("/v1/videos?sort=title&limit=2")).json["next_cursor"]
    reply = await owner.get(f"/v1/videos?sort=added&limit=2&cursor={cursor}")
    reply.problem(422, "invalid-input")
    assert reply.json["field"] == "cursor"


async def test_what_is_private_is_hidden_from_members(
    hub: Hub, member: Client, owner: Client, library: dict[str, str]
) -> None:
    private = VideoPatch(visibility=Visibility.PRIVATE)
    await hub.library.update_video(await hub.accounts.local_viewer(), library["Alpha"], private)
    assert await titles(member) == ["Beta"]
    base = f"/v1/videos/{library['Alpha']}"
    for path in (
        base,
        f"{base}/play",
        f"/media/{library['Alpha']}/file",
        f"/media/{library['Alpha']}/captions/en.vtt",
    ):
        assert (await owner.get(path)).status == 200
        (await member.get(path)).problem(404, "not-found")
    (await member.put(f"{base}/position", {"position_s": 1})).problem(404, "not-found")


# --- one video -------------------------------------------------------------------------------------------------


async def test_a_video_is_told_whole(
    owner: Client, member: Client, films: Path, library: dict[str, str]
) -> None:
    reply = await owner.get(f"/v1/videos/{library['Alpha']}")
    assert set(reply.json) >= CONTRACT | {"streams", "chapters", "captions", "updated_at", "file_path"}
    assert reply.json["file_path"] == str(films / "Alpha.mp4")
    assert {stream["kind"] for stream in reply.json["streams"]} == {"video", "audio"}
    assert [track["lang"] for track in reply.json["captions"]] == ["en"]
    seen = (await member.get(f"/v1/videos/{library['Alpha']}")).json
    assert seen["file_path"] is None
    (await owner.get(f"/v1/videos/{UNKNOWN}")).problem(404, "not-found")


async def test_a_video_is_edited_and_taken_out(
    owner: Client, member: Client, library: dict[str, str]
) -> None:
    path = f"/v1/videos/{library['Alpha']}"
    reply = await owner.patch(path, {"title": "Omega", "tags": ["x"], "channel": "Ada"})
    assert (reply.json["title"], reply.json["tags"], reply.json["channel"]) == ("Omega", ["x"], "Ada")
    assert (await owner.patch(path, {})).json["title"] == "Omega"
    for body, field in (({"title": " "}, "title"), ({"colour": "red"}, "colour"), ({"title": 1}, "title")):
        reply = await owner.patch(path, body)
        reply.problem(422, "invalid-input")
        assert reply.json["field"] == field
    (await member.patch(path, {"title": "x"})).problem(403, "not-allowed")
    assert (await owner.delete(path)).status == 204
    (await owner.get(path)).problem(404, "not-found")
    (await owner.delete(path)).problem(404, "not-found")


# --- playing ---------------------------------------------------------------------------------------------------


async def test_a_play_decision_is_whole_and_its_addresses_work(
    owner: Client, anyone: Client, films: Path, library: dict[str, str]
) -> None:
    reply = await owner.get(f"/v1/videos/{library['Alpha']}/play")
    decision = reply.json
    assert set(decision) == {
        "mode",
        "url",
        "hls_url",
        "dash_url",
        "reasons",
        "captions",
        "chapters",
        "markers",
        "storyboard_url",
        "gain_db",
        "resume_position_s",
        "expires_at",
    }
    assert (decision["mode"], decision["reasons"], decision["chapters"]) == ("direct", [], [])
    assert decision["storyboard_url"] is None
    assert (await anyone.get(decision["hls_url"])).body.startswith(b"#EXTM3U")
    assert b"<MPD" in (await anyone.get(decision["dash_url"])).body
    assert decision["expires_at"] > datetime.now(UTC).isoformat()
    whole = await anyone.get(decision["url"])
    assert (whole.status, whole.body) == (200, (films / "Alpha.mp4").read_bytes())
    assert whole.headers["Content-Type"] == "video/mp4"
    (track,) = decision["captions"]
    assert (track["lang"], bool(track["label"])) == ("en", True)
    text = await anyone.get(track["url"])
    assert text.headers["Content-Type"] == "text/vtt; charset=utf-8"
    assert text.body.startswith(b"WEBVTT")
    assert b"Hello, Marquee" in text.body


async def test_a_play_decision_says_in_words_what_the_player_lacks(
    owner: Client, library: dict[str, str]
) -> None:
    reply = await owner.get(f"/v1/videos/{library['Beta']}/play?caps=mp4,h264,aac")
    assert reply.json["mode"] == "transcode"
    assert any("VP9" in reason for reason in reply.json["reasons"])
    able = await owner.get(f"/v1/videos/{library['Beta']}/play?caps=webm,vp9,opus")
    assert able.json["reasons"] == []


async def test_what_has_no_bytes_here_does_not_play(
    hub: Hub, owner: Client, films: Path, library: dict[str, str]
) -> None:
    path = f"/v1/videos/{library['Alpha']}/play"
    (films / "Alpha.mp4").unlink()
    assert "not where it was" in (await owner.get(path)).problem(409, "not-playable")
    await scan(hub, films)
    assert (await owner.get(f"/v1/videos/{library['Alpha']}")).json["availability"] == "missing"
    assert "missing" in (await owner.get(path)).problem(409, "not-playable")
    (await owner.get(f"/v1/videos/{UNKNOWN}/play")).problem(404, "not-found")


async def test_a_position_is_remembered_and_the_later_one_wins(
    owner: Client, library: dict[str, str]
) -> None:
    path = f"/v1/videos/{library['Alpha']}"
    reply = await owner.put(f"{path}/position", {"position_s": 1.25})
    assert (reply.status, reply.body) == (204, b"")
    early = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert (await owner.put(f"{path}/position", {"position_s": 0.5, "at": early})).status == 204
    assert (await owner.get(f"{path}/play")).json["resume_position_s"] == 1.25
    assert (await owner.get(path)).json["position_s"] == 1.25
    future = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    reply = await owner.put(f"{path}/position", {"position_s": 1, "at": future})
    reply.problem(422, "invalid-input")
    assert reply.json["field"] == "at"
    (await owner.put(f"/v1/videos/{UNKNOWN}/position", {"position_s": 1})).problem(404, "not-found")


@pytest.mark.parametrize(
    ("moment", "says"),
    [
        ("2026-05-01T20:15:00", "time zone"),
        ("9999-12-31T23:59:59-12:00", "years 1 to 9999"),
        ("0001-01-01T00:00:00+14:00", "years 1 to 9999"),
    ],
)
async def test_a_time_that_is_no_moment_is_refused_wherever_one_is_given(
    owner: Client, library: dict[str, str], moment: str, says: str
) -> None:
    path = f"/v1/videos/{library['Alpha']}"
    for reply, field in (
        (await owner.patch(path, {"published_at": moment}), "published_at"),
        (await owner.put(f"{path}/position", {"position_s": 1, "at": moment}), "at"),
    ):
        assert says in reply.problem(422, "invalid-input")
        assert reply.json["field"] == field


async def test_a_moment_of_any_time_zone_is_kept(owner: Client, library: dict[str, str]) -> None:
    reply = await owner.patch(f"/v1/videos/{library['Alpha']}", {"published_at": "9999-12-31T23:59:59+12:00"})
    assert reply.json["published_at"] == "9999-12-31T11:59:59Z"


async def test_positions_are_each_persons_own(owner: Client, member: Client, library: dict[str, str]) -> None:
    path = f"/v1/videos/{library['Alpha']}"
    await owner.put(f"{path}/position", {"position_s": 1.25})
    assert (await member.get(path)).json["position_s"] == 0


async def test_a_play_that_lasts_is_one_view(
    hub: Hub, server: Server, owner: Client, library: dict[str, str]
) -> None:
    path = f"/v1/videos/{library['Alpha']}"

    async def views() -> int:
        found: int = (await owner.get(path)).json["views"]
        return found

    for position in (0.5, 1.0, 1.5):
        await owner.put(f"{path}/position", {"position_s": position})
    assert await views() == 0
    assert server.app is not None
    plays = server.app[PLAYS]
    now = plays._clock()
    plays._clock = lambda: now
    await owner.get(f"{path}/play")
    await owner.put(f"{path}/position", {"position_s": 0.5})
    assert await views() == 0
    now += 1.5
    for position in (1.0, 1.5):
        await owner.put(f"{path}/position", {"position_s": position})
    assert await views() == 1


async def test_titles_and_paths_that_are_not_utf8_are_served(hub: Hub, owner: Client, films: Path) -> None:
    name = b"caf\xe9 \xff.mp4"
    (films / "Alpha.mp4").rename(films / os.fsdecode(name))
    await scan(hub, films)
    viewer = await hub.accounts.local_viewer()
    page = await hub.library.list_videos(viewer, VideoQuery())
    video = next(video for video in page.items if video.container == "mp4")
    decision = (await owner.get(f"/v1/videos/{video.id}/play")).json
    assert (await owner.get(decision["url"])).status == 200
    assert urlsplit(decision["url"]).path == f"/media/{video.id}/file"


@pytest.mark.parametrize("blank", ["", "   ", "\t\u00a0", None])
async def test_a_channel_or_category_of_blanks_is_none(
    owner: Client, library: dict[str, str], blank: str | None
) -> None:
    path = f"/v1/videos/{library['Alpha']}"
    await owner.patch(path, {"channel": "Ada", "category": "Film"})
    reply = await owner.patch(path, {"channel": blank, "category": blank})
    assert (reply.status, reply.json["channel"], reply.json["category"]) == (200, None, None)
    reply = await owner.patch(path, {"channel": "  Ada ", "category": " Film "})
    assert (reply.json["channel"], reply.json["category"]) == ("Ada", "Film")


@pytest.mark.parametrize("blank", ["", "   ", "\t\u00a0"])
async def test_a_title_of_blanks_is_refused(owner: Client, library: dict[str, str], blank: str) -> None:
    path = f"/v1/videos/{library['Alpha']}"
    reply = await owner.patch(path, {"title": blank})
    reply.problem(422, "invalid-input")
    assert reply.json["field"] == "title"
    assert (await owner.get(path)).json["title"] == "Alpha"


async def test_a_removed_video_is_listed_for_managers_and_comes_back(
    owner: Client, member: Client, library: dict[str, str]
) -> None:
    path = f"/v1/videos/{library['Alpha']}"
    assert (await owner.delete(path)).status == 204
    assert await titles(owner, "state=deleted") == ["Alpha"]
    assert await titles(member, "state=deleted") == []
    (await owner.patch(path, {"title": "New"})).problem(404, "not-found")
    (await member.patch(path, {"state": "ready"})).problem(403, "not-allowed")
    (await owner.patch(path, {"state": "deleted"})).problem(422, "invalid-input")
    back = await owner.patch(path, {"state": "ready"})
    assert (back.status, back.json["title"], back.json["state"]) == (200, "Alpha", "ready")
    assert await titles(owner, "state=deleted") == []
    assert sorted(await titles(member)) == ["Alpha", "Beta"]
