"""Streaming over HTTP, with real clips and real workers."""

from __future__ import annotations

import asyncio
import html
import io
import os
import re
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import av
import pytest

from hub.bootstrap import Hub
from tests.hub.media.stream.test_burn import SIZE, film, pgs
from tests.media import make_clip
from tests.server.conftest import Client, scan

pytestmark = pytest.mark.integration

HLS = "application/vnd.apple.mpegurl"


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A folder with a clip that can be copied and has sound, and one of another kind."""
    folder = tmp_path / "films"
    folder.mkdir()
    make_clip(folder / "Alpha.mp4", seconds=7.0, size=(640, 360), video_options=(("g", "50"),))
    make_clip(folder / "Beta.webm", seconds=1.0)
    return folder


def addresses(playlist: str, base: str) -> list[str]:
    """The lines of a playlist that are addresses, absolute."""
    return [urljoin(base, line) for line in playlist.splitlines() if line and not line.startswith("#")]


def init_of(playlist: str, base: str) -> str:
    found = re.search(r'#EXT-X-MAP:URI="([^"]+)"', playlist)
    assert found is not None
    return str(urljoin(base, found[1]))


async def play(client: Client, video_id: str, r: str = "v360-h264,a1-aac2") -> str:
    """The address of a master playlist with these renditions."""
    decision = (await client.get(f"/v1/videos/{video_id}/play")).json
    return f"{decision['hls_url']}&r={r}"


async def text(client: Client, address: str) -> str:
    reply = await client.get(address)
    assert (reply.status, reply.headers["Content-Type"]) == (200, f"{HLS}; charset=utf-8"), reply.body
    assert reply.headers["Cache-Control"] == "private, no-cache"
    return reply.body.decode()


def variant(master: str, base: str, rendition: str) -> str:
    """The address of a rendition's playlist."""
    every = [*addresses(master, base), *(urljoin(base, u) for u in re.findall(r'URI="([^"]+)"', master))]
    return next(str(address) for address in every if f"/{rendition}/" in address)


def decoded(data: bytes) -> list[float]:
    """Times of the frames in `data`, as they come out."""
    with av.open(io.BytesIO(data), "r") as container:
        frames: Any = container.decode(container.streams[0])
        return [frame.time for frame in frames]


@pytest.mark.parametrize(("rendition", "frames"), [("v360-h264", 175), ("v-copy", 175)])
async def test_a_film_plays_from_its_playlists_to_the_end(
    anyone: Client, owner: Client, library: dict[str, str], rendition: str, frames: int
) -> None:
    base = await play(owner, library["Alpha"], f"{rendition},a1-aac2")
    master = await text(anyone, base)
    address = variant(master, base, rendition)

    playlist = await text(anyone, address)
    parts = [await anyone.get(one) for one in (init_of(playlist, address), *addresses(playlist, address))]

    assert [part.status for part in parts] == [200] * len(parts)
    assert {part.headers["Content-Type"] for part in parts} == {"video/mp4"}
    assert {part.headers["Cache-Control"] for part in parts} == {"private, max-age=31536000, immutable"}
    times = decoded(b"".join(part.body for part in parts))
    assert len(times) == frames
    assert times[0] == pytest.approx(1.0, abs=0.001)  # EPOCH_S
    assert all(b - a == pytest.approx(0.04, abs=0.001) for a, b in pairwise(times))


async def test_sound_comes_in_a_playlist_of_its_own(
    anyone: Client, owner: Client, library: dict[str, str]
) -> None:
    base = await play(owner, library["Alpha"])
    address = variant(await text(anyone, base), base, "a1-aac2")

    playlist = await text(anyone, address)
    parts = [await anyone.get(one) for one in (init_of(playlist, address), *addresses(playlist, address))]

    assert {part.headers["Content-Type"] for part in parts} == {"audio/mp4"}
    times = decoded(b"".join(part.body for part in parts))
    assert times[-1] == pytest.approx(8.0, abs=0.06)
    assert all(b - a == pytest.approx(1024 / 48_000, abs=0.001) for a, b in pairwise(times))


async def test_key_pictures_can_be_had_alone(anyone: Client, owner: Client, library: dict[str, str]) -> None:
    base = await play(owner, library["Alpha"])
    master = await text(anyone, base)
    address = next(urljoin(base, u) for u in re.findall(r'URI="([^"]+)"', master) if "keys.m3u8" in u)

    playlist = await text(anyone, address)
    parts = [await anyone.get(one) for one in (init_of(playlist, address), *addresses(playlist, address))]

    assert "#EXT-X-I-FRAMES-ONLY" in playlist
    assert decoded(b"".join(part.body for part in parts)) == [1.0, 3.0, 5.0, 7.0]
    sound = address.replace("v360-h264", "a1-aac2")
    (await anyone.get(sound)).problem(404, "not-found")


async def test_dash_is_about_the_same_segments(
    anyone: Client, owner: Client, library: dict[str, str]
) -> None:
    decision = (await owner.get(f"/v1/videos/{library['Alpha']}/play")).json

    reply = await anyone.get(decision["dash_url"])

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/dash+xml; charset=utf-8")
    assert b"v-copy" in reply.body
    (await anyone.get(decision["dash_url"].replace(library["Alpha"], library["Beta"]))).problem(
        401, "not-signed-in"
    )


async def test_a_seek_asks_for_the_last_segment_first(
    anyone: Client, owner: Client, library: dict[str, str]
) -> None:
    base = await play(owner, library["Alpha"])
    address = variant(await text(anyone, base), base, "v360-h264")
    playlist = await text(anyone, address)

    last = await anyone.get(addresses(playlist, address)[-1])
    init = await anyone.get(init_of(playlist, address))

    assert decoded(init.body + last.body)[0] == pytest.approx(7.0, abs=0.001)


async def test_a_client_is_offered_what_it_plays(
    anyone: Client, owner: Client, library: dict[str, str]
) -> None:
    """What can be copied is; a client that cannot decode it gets it converted, with the reason."""
    every = (await owner.get(f"/v1/videos/{library['Alpha']}/play")).json
    webm = (await owner.get(f"/v1/videos/{library['Beta']}/play?caps=mp4,h264,aac")).json

    assert (every["mode"], every["reasons"]) == ("direct", [])
    assert webm["mode"] == "transcode"
    assert "VP9" in " ".join(webm["reasons"])
    master = await text(anyone, every["hls_url"])
    assert "/v-copy/" in master
    assert "/a1-copy/" in master
    converted = await text(anyone, webm["hls_url"])
    assert "/v-copy/" not in converted
    assert "/a1-aac2/" in converted


async def test_several_who_ask_at_once_get_the_same_bytes(
    anyone: Client, owner: Client, library: dict[str, str]
) -> None:
    base = await play(owner, library["Alpha"], "v360-h264,v-copy,a1-aac2")
    master = await text(anyone, base)
    for rendition in ("v360-h264", "v-copy", "a1-aac2"):
        address = variant(master, base, rendition)
        segment = addresses(await text(anyone, address), address)[1]

        replies = await asyncio.gather(*(anyone.get(segment) for _ in range(5)))

        assert len({reply.body for reply in replies}) == 1
        assert {reply.status for reply in replies} == {200}


async def test_segments_answer_heads_ranges_and_validators(
    anyone: Client, owner: Client, library: dict[str, str]
) -> None:
    base = await play(owner, library["Alpha"])
    address = variant(await text(anyone, base), base, "v360-h264")
    segment = addresses(await text(anyone, address), address)[0]

    whole = await anyone.get(segment)
    head = await anyone.ask("HEAD", segment)
    part = await anyone.get(segment, headers={"Range": "bytes=4-7"})
    same = await anyone.get(segment, headers={"If-None-Match": whole.headers["ETag"]})

    assert (head.status, head.headers["Content-Length"]) == (200, str(len(whole.body)))
    assert (part.status, part.body) == (206, whole.body[4:8])
    assert same.status == 304


async def test_a_segment_is_the_same_whenever_it_was_used_last(
    hub: Hub, anyone: Client, owner: Client, library: dict[str, str]
) -> None:
    """The store keeps last uses in the files' times."""
    base = await play(owner, library["Alpha"])
    address = variant(await text(anyone, base), base, "v360-h264")
    playlist = await text(anyone, address)
    tags = set()
    for name, one in (("init.mp4", init_of(playlist, address)), ("0.m4s", addresses(playlist, address)[0])):
        whole = await anyone.get(one)
        tag = whole.headers["ETag"]
        os.utime(hub.paths.segments / address.split("/")[-3] / "v360-h264" / name, (1, 1))

        same = await anyone.get(one, headers={"If-None-Match": tag})
        part = await anyone.get(one, headers={"Range": "bytes=4-7", "If-Range": tag})

        assert (same.status, same.headers["ETag"]) == (304, tag)
        assert (part.status, part.body) == (206, whole.body[4:8])
        assert "Last-Modified" not in whole.headers
        tags.add(tag)
    assert len(tags) == 2


async def test_what_is_made_in_memory_has_validators_too(
    anyone: Client, owner: Client, library: dict[str, str]
) -> None:
    base = await play(owner, library["Alpha"])
    master = await text(anyone, base)
    playlist = variant(master, base, "v360-h264")
    keys = next(urljoin(base, u) for u in re.findall(r'URI="([^"]+)"', master) if "keys.m3u8" in u)
    key = addresses(await text(anyone, keys), keys)[0]
    dash = base.replace("hls/master.m3u8", "dash/manifest.mpd")
    tags = set()
    for one in (base, dash, playlist, keys, key):
        whole = await anyone.get(one)
        tag = whole.headers["ETag"]

        head = await anyone.ask("HEAD", one)
        same = await anyone.get(one, headers={"If-None-Match": tag})
        other = await anyone.get(one, headers={"If-None-Match": '"other"'})

        assert re.fullmatch('"[0-9a-f]{32}"', tag)
        assert (head.status, head.body, head.headers["ETag"]) == (200, b"", tag)
        assert head.headers["Content-Length"] == str(len(whole.body))
        assert head.headers["Content-Type"] == whole.headers["Content-Type"]
        assert (same.status, same.body, same.headers["ETag"]) == (304, b"", tag)
        assert same.headers["Cache-Control"] == whole.headers["Cache-Control"]
        assert (other.status, other.body) == (200, whole.body)
        tags.add(tag)
    assert len(tags) == 5


async def test_captions_that_are_not_there_have_no_playlist(
    hub: Hub, anyone: Client, owner: Client, library: dict[str, str], films: Path
) -> None:
    (films / "Alpha.en.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello, Marquee\n")
    await scan(hub, films)
    base = await play(owner, library["Alpha"], "v360-h264,a1-aac2,t-en")
    address = variant(await text(anyone, base), base, "t-en")

    assert "/captions/en.vtt" in await text(anyone, address)
    missing = await anyone.get(address.replace("/t-en/", "/t-de/"))
    assert "captions" in missing.problem(404, "not-found")


async def test_dash_says_where_captions_are(
    hub: Hub, anyone: Client, owner: Client, library: dict[str, str], films: Path
) -> None:
    (films / "Alpha.en.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello, Marquee\n")
    await scan(hub, films)
    base = await play(owner, library["Alpha"], "v360-h264,a1-aac2,t-en")
    manifest = await anyone.get(base.replace("hls/master.m3u8", "dash/manifest.mpd"))
    found = re.search(r"<BaseURL>(/media/[^<]+/captions/[^<]+)</BaseURL>", manifest.body.decode())
    assert found is not None

    captions = await anyone.get(html.unescape(found[1]))

    assert captions.status == 200
    assert b"Hello, Marquee" in captions.body


async def test_only_picture_subtitles_can_be_drawn_in(
    hub: Hub, anyone: Client, owner: Client, library: dict[str, str], films: Path
) -> None:
    film(films / "Drawn.mkv", "hdmv_pgs_subtitle", [(0.0, 6.0, pgs(SIZE, (100, 140, 80, 20)))])
    await scan(hub, films)
    videos = (await owner.get("/v1/videos")).json["items"]
    drawn = next(video["id"] for video in videos if video["title"] == "Drawn")

    good = (await owner.get(f"/v1/videos/{drawn}/play?caps=mkv,h264&burn=1")).json
    assert "-h264-s1/" in await text(anyone, good["hls_url"])
    for video_id, burn, words in ((drawn, 0, "those are 1"), (library["Alpha"], 1, "this file has none")):
        plain = (await owner.get(f"/v1/videos/{video_id}/play")).json
        for refused in (
            await owner.get(f"/v1/videos/{video_id}/play?burn={burn}"),
            await anyone.get(f"{plain['hls_url']}&burn={burn}"),
            await anyone.get(f"{plain['dash_url']}&burn={burn}"),
        ):
            assert words in refused.problem(422, "invalid-input")
            assert refused.json["field"] == "burn"


async def test_what_is_not_there_is_said(anyone: Client, owner: Client, library: dict[str, str]) -> None:
    base = await play(owner, library["Alpha"])
    address = variant(await text(anyone, base), base, "v360-h264")
    query = address.partition("?")[2]
    content = address.split("/")[-3]
    hls = f"/media/{library['Alpha']}/hls"

    beyond = await anyone.get(f"{hls}/{content}/v360-h264/4.m4s?{query}")
    assert "0 to 3" in beyond.problem(404, "not-found")
    (await anyone.get(f"{hls}/{content}/v1080-h264/0.m4s?{query}")).problem(404, "not-found")
    (await anyone.get(f"{hls}/{content}/v1080-h264/index.m3u8?{query}")).problem(404, "not-found")
    (await anyone.get(f"{hls}/{content}/v1080-h264/init.mp4?{query}")).problem(404, "not-found")
    other = await anyone.get(f"{hls}/{'0' * 20}/v360-h264/0.m4s?{query}")
    assert "has changed" in other.problem(404, "not-found")
    wrong = await anyone.get(await play(owner, library["Alpha"], "v9000-h264"))
    assert "v9000-h264" in wrong.problem(422, "invalid-input")


async def test_an_address_opens_its_own_video_only(
    anyone: Client, owner: Client, library: dict[str, str]
) -> None:
    base = await play(owner, library["Alpha"])
    address = variant(await text(anyone, base), base, "v360-h264")

    for one in (base, address, address.replace("index.m3u8", "0.m4s")):
        stranger = one.replace(library["Alpha"], library["Beta"])
        (await anyone.get(stranger)).problem(401, "not-signed-in")
        (await anyone.get(one.partition("?")[0])).problem(401, "not-signed-in")


async def test_who_is_signed_in_needs_no_token(owner: Client, library: dict[str, str]) -> None:
    base = (await play(owner, library["Alpha"])).partition("?")[0]

    master = await text(owner, f"{base}?r=v360-h264,a1-aac2")
    playlist = await text(owner, variant(master, base, "v360-h264"))

    assert "token" not in master + playlist


async def test_a_file_that_went_away_says_so(
    hub: Hub, anyone: Client, owner: Client, library: dict[str, str], films: Path
) -> None:
    base = await play(owner, library["Alpha"])
    address = variant(await text(anyone, base), base, "a1-aac2")
    segments = addresses(await text(anyone, address), address)
    (films / "Alpha.mp4").unlink()

    (await anyone.get(segments[0])).problem(409, "not-playable")


async def test_a_removed_segment_is_made_again(
    hub: Hub, anyone: Client, owner: Client, library: dict[str, str]
) -> None:
    base = await play(owner, library["Alpha"])
    address = variant(await text(anyone, base), base, "a1-aac2")
    segment = addresses(await text(anyone, address), address)[1]
    first = await anyone.get(segment)
    content = address.split("/")[-3]
    (hub.paths.segments / content / "a1-aac2" / "1.m4s").unlink()

    again = await anyone.get(segment)

    assert (again.status, again.body) == (200, first.body)


async def test_a_key_picture_of_a_removed_segment_is_made_again(
    hub: Hub, anyone: Client, owner: Client, library: dict[str, str]
) -> None:
    base = await play(owner, library["Alpha"])
    address = variant(await text(anyone, base), base, "v360-h264").replace("index.m3u8", "1.key.m4s")
    first = await anyone.get(address)
    (hub.paths.segments / address.split("/")[-3] / "v360-h264" / "1.m4s").unlink()

    again = await anyone.get(address)

    assert (again.status, again.body) == (200, first.body)


@pytest.mark.parametrize("rendition", ["v360-h264", "v-copy", "a1-aac2"])
async def test_a_removed_init_segment_is_made_again(
    hub: Hub, anyone: Client, owner: Client, library: dict[str, str], rendition: str
) -> None:
    base = await play(owner, library["Alpha"], "v360-h264,v-copy,a1-aac2")
    address = variant(await text(anyone, base), base, rendition)
    init = init_of(await text(anyone, address), address)
    first = await anyone.get(init)
    (hub.paths.segments / address.split("/")[-3] / rendition / "init.mp4").unlink()

    again = await anyone.get(init)

    assert (again.status, again.body) == (200, first.body)


async def test_what_cannot_be_read_twice_is_to_be_asked_for_later(
    hub: Hub, anyone: Client, owner: Client, library: dict[str, str]
) -> None:
    base = await play(owner, library["Alpha"])
    address = variant(await text(anyone, base), base, "a1-aac2")
    playlist = await text(anyone, address)
    init = init_of(playlist, address)
    for one in (*addresses(playlist, address), init):  # with all of them made, nothing writes there any more
        await anyone.get(one)
    path = hub.paths.segments / address.split("/")[-3] / "a1-aac2" / "init.mp4"
    path.unlink()
    path.mkdir()

    refused = await anyone.get(init)

    refused.problem(503, "too-busy")
    assert refused.headers["Retry-After"] == "1"


async def test_a_file_that_cannot_be_streamed_is_a_conflict_with_the_reason(
    hub: Hub, owner: Client, films: Path, library: dict[str, str]
) -> None:
    base = await play(owner, library["Alpha"])
    (films / "Alpha.mp4").write_bytes(b"no film any more")

    (await owner.get(base)).problem(409, "not-playable")


async def test_after_a_restart_of_the_scan_a_changed_file_has_new_addresses(
    hub: Hub, owner: Client, films: Path, library: dict[str, str]
) -> None:
    base = await play(owner, library["Alpha"])
    old = variant(await text(owner, base), base, "v360-h264")
    make_clip(films / "Alpha.mp4", seconds=3.0, size=(640, 360), video_options=(("g", "50"),))
    await scan(hub, films)

    new = variant(await text(owner, base), base, "v360-h264")

    assert new != old
    (await owner.get(old)).problem(404, "not-found")
