"""The web player where a file does not play as it is, and what stands around the picture."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import av
import pytest
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from playwright.sync_api import Page, Request, Route, expect

from tests.e2e.conftest import Visit, Visiting
from tests.e2e.test_web import card, player, until, wait_for_jobs, wait_for_player
from tests.hub.media.stream.test_burn import SIZE, film, pgs
from tests.media import clip_bytes, make_clip
from tests.process import Serving

pytestmark = pytest.mark.timeout(180)  # the films of the module are made and prepared within its first test

SHORT_S = 8.0
LONG_S = 240.0
INTRO_S = 15.0


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A hub with films that browsers do not open, one that they do, and two parts of a series."""
    films = tmp_path_factory.mktemp("films")
    make_clip(films / "Modern.mkv", seconds=SHORT_S, size=(640, 360), video="hevc", audio="ac3")
    make_clip(films / "Long.avi", seconds=LONG_S, size=(160, 90), frame_rate=5, seed=1)
    make_clip(
        films / "Plain.mp4",
        seconds=40,
        size=(640, 360),
        frame_rate=10,
        seed=2,
        chapters=((0.0, INTRO_S, "Intro"), (INTRO_S, 40.0, "Story")),
    )
    make_two_sounds(films / "Bilingual.mkv")
    film(films / "Drawn.mkv", "hdmv_pgs_subtitle", [(0.0, 6.0, pgs(SIZE, (100, 140, 80, 20)))])
    for part in (1, 2):
        make_clip(films / f"Saga S01E0{part}.mp4", seconds=4, size=(320, 180), seed=3 + part)
    with Serving(tmp_path_factory.mktemp("hub") / "data") as hub:
        hub.set_up()
        hub.call("POST", "/v1/folders", {"path": str(films)})
        hub.call("POST", "/v1/scans", {})
        wait_for_jobs(hub, timeout_s=60)
        yield hub


def make_two_sounds(path: Path) -> None:
    """A film with an English track, which plays by itself, and a German one."""
    inputs = [clip_bytes(".mkv", seconds=30, size=(160, 90), frame_rate=10, seed=seed) for seed in (7, 8)]
    with av.open(str(path), "w") as film, ExitStack() as opened:
        english, german = (
            opened.enter_context(cast(InputContainer, av.open(io.BytesIO(content)))) for content in inputs
        )
        video, sound = english.streams.video[0], english.streams.audio[0]
        targets: dict[Any, Any] = {source: film.add_stream_from_template(source) for source in (video, sound)}
        other = film.add_stream_from_template(german.streams.audio[0])
        targets[sound].metadata["language"], other.metadata["language"] = "eng", "deu"
        targets[sound].disposition = Disposition.default
        packets: list[tuple[Packet[Any], Any]] = []
        for source, names in ((english, targets), (german, {german.streams.audio[0]: other})):
            packets += [(packet, names[packet.stream]) for packet in source.demux(*names)]
        # All count milliseconds; what ends a stream has no time.
        timed = sorted((packet.dts, n) for n, (packet, _) in enumerate(packets) if packet.dts is not None)
        for _, n in timed:
            packet, target = packets[n]
            packet.stream = target
            film.mux(packet)


def video_id(hub: Serving, title: str) -> str:
    """The id of the video of that title."""
    items = hub.call("GET", "/v1/videos?limit=100")["items"]
    return str(next(item["id"] for item in items if item["title"] == title))


def watch(hub: Serving, visit: Visit, title: str) -> list[str]:
    """Open the video's page and wait until it plays. The list that is returned grows with what is asked of segments."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if found := re.search(r"/hls/(?:[0-9a-f]+/)?([^?]+)", request.url):
            asked.append(found[1])

    visit.page.on("request", note)
    visit.page.goto(f"/watch/{video_id(hub, title)}")
    wait_for_player(visit.page, "v.currentTime > 0.1 && !v.seeking")
    return asked


def choose(page: Page, menu: str, choice: str) -> None:
    """In the player's settings."""
    page.mouse.move(300, 300)
    page.mouse.move(310, 310)
    page.get_by_role("button", name="Playback settings").click()
    page.get_by_role("menuitem", name=menu).click()
    page.get_by_role("menuitemradio", name=choice, exact=True).click()


def test_a_film_that_browsers_do_not_open_plays_to_its_end_and_says_why_it_is_converted(
    hub: Serving, visiting: Visiting
) -> None:
    visit = visiting(hub.url, token=hub.token)
    asked = watch(hub, visit, "Modern")
    page = visit.page
    page.mouse.move(300, 300)
    page.get_by_role("button", name="Playback settings").click()
    page.get_by_role("menuitem", name="Why this is converted").click()
    panel = page.get_by_role("dialog", name="Playback details")
    expect(panel).to_contain_text("HEVC")
    expect(panel).to_contain_text("AC-3")
    expect(panel).to_contain_text(re.compile(r"Picture\s*\d+ × \d+"))
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    wait_for_player(page, "v.ended")
    assert player(page)["duration"] == pytest.approx(SHORT_S, abs=0.1)
    assert page.evaluate("document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames") > 0
    # Of whichever rendition: a busy machine takes a smaller one.
    assert {f"{k}.m4s" for k in range(4)} <= {
        name.partition("/")[2] for name in asked if name.startswith("v")
    }
    expect(page.get_by_text("cannot")).to_have_count(0)


def test_a_far_seek_makes_what_is_there_and_nothing_between(hub: Serving, visiting: Visiting) -> None:
    visit = visiting(hub.url, token=hub.token)
    asked = watch(hub, visit, "Long")
    visit.page.keyboard.press("8")
    wait_for_player(visit.page, f"!v.seeking && v.currentTime > {LONG_S * 0.8 + 0.3}")
    numbers = {int(found[1]) for name in asked if (found := re.fullmatch(r"v.*/(\d+)\.m4s", name))}
    assert LONG_S * 0.8 // 2 in numbers
    # What was buffered at first ends at a minute, and as long as the seek may have taken to come.
    assert not numbers & set(range(50, 90))


def test_playback_of_segments_goes_on_in_the_middle_after_a_reload(hub: Serving, visiting: Visiting) -> None:
    visit = visiting(hub.url, token=hub.token)
    watch(hub, visit, "Long")
    page = visit.page
    page.keyboard.press("3")
    wait_for_player(page, f"!v.seeking && v.currentTime > {LONG_S * 0.3 + 0.3}")
    left_at_s = player(page)["currentTime"]
    page.reload()
    wait_for_player(page, f"!v.paused && v.currentTime > {left_at_s - 2}")
    assert player(page)["currentTime"] < left_at_s + 10
    expect(page.get_by_text("Resumed at 1:")).to_be_visible()


def test_a_lower_quality_is_chosen_remembered_and_left_again(hub: Serving, visiting: Visiting) -> None:
    visit = visiting(hub.url, token=hub.token)
    asked = watch(hub, visit, "Plain")
    page = visit.page
    assert not asked
    page.keyboard.press("2")
    wait_for_player(page, "!v.seeking && v.currentTime > 8")
    choose(page, "Quality", "144p")
    wait_for_player(page, "v.videoHeight == 144 && v.currentTime > 8.2 && !v.paused")
    assert player(page)["currentTime"] < 30
    page.reload()
    wait_for_player(page, "v.videoHeight == 144 && v.currentTime > 0.1")
    choose(page, "Quality", "Original")
    wait_for_player(page, "v.videoHeight == 360 && v.currentTime > 0.1 && !v.paused")
    page.reload()
    wait_for_player(page, "v.videoHeight == 360 && v.currentTime > 0.1")


def test_another_sound_track_is_chosen_and_remembered(hub: Serving, visiting: Visiting) -> None:
    visit = visiting(hub.url, token=hub.token)
    asked = watch(hub, visit, "Bilingual")
    page = visit.page
    page.mouse.move(300, 300)
    choose(page, "Sound", "German · stereo")
    wait_for_player(page, "v.currentTime > 1 && !v.paused")
    until(page, "performance.getEntriesByType('resource').some(({name}) => /hls.*a2-.*m4s/.test(name))")
    asked.clear()
    page.reload()
    wait_for_player(page, "v.currentTime > 1")
    assert any(re.match(r"a2-.*\.m4s", name) for name in asked)


def test_subtitles_that_are_pictures_are_drawn_into_the_video_and_left_again(
    hub: Serving, visiting: Visiting
) -> None:
    visit = visiting(hub.url, token=hub.token)
    page = visit.page
    watch(hub, visit, "Drawn")
    is_white = """(() => {
      const canvas = new OffscreenCanvas(320, 180).getContext("2d");
      canvas.drawImage(v, 0, 0, 320, 180);
      return canvas.getImageData(140, 150, 1, 1).data[1] > 200;
    })()"""
    for choice, seen in (("Subtitles 1 (part of the picture)", is_white), ("Off", f"!{is_white}")):
        page.keyboard.press("0")
        page.mouse.move(300, 300)
        page.mouse.move(310, 310)
        page.get_by_role("button", name="Captions").click()
        page.get_by_role("menuitemradio", name=choice).click()
        wait_for_player(page, f"v.readyState >= 2 && !v.seeking && {seen}")


def test_a_busy_hub_is_said_and_waited_for(hub: Serving, visiting: Visiting) -> None:
    visit = visiting(hub.url, token=hub.token)
    visit.expect_complaints("status of 503")
    refusals = iter(range(1))

    def refuse(route: Route) -> None:
        if next(refusals, None) is None:
            route.continue_()
        else:
            route.fulfill(status=503, headers={"Retry-After": "3"}, body="")

    visit.page.route(re.compile(r"/hls/.*/v.*\.m4s"), refuse)
    visit.page.goto(f"/watch/{video_id(hub, 'Modern')}")
    expect(visit.page.get_by_text("busy converting for others; trying again in")).to_be_visible()
    wait_for_player(visit.page, "v.currentTime > 0.1")
    expect(visit.page.get_by_text("busy converting")).to_be_hidden()


def test_the_token_is_renewed_while_segments_are_asked_for(hub: Serving, visiting: Visiting) -> None:
    visit = visiting(hub.url, token=hub.token)
    tokens: list[str] = []
    answers: list[str] = []

    def hasten(route: Route) -> None:
        """The first address is said to be good for 63 seconds only; what is left of a minute is too little."""
        answer = route.fetch()
        told = answer.json()
        if not answers:
            told["expires_at"] = (datetime.now(UTC) + timedelta(seconds=63)).isoformat()
        answers.append(told["hls_url"])
        route.fulfill(response=answer, json=told)

    def note(request: Request) -> None:
        if found := re.search(r"/v[^/]*/\d+\.m4s\?.*token=([^&]+)", request.url):
            tokens.append(found[1])

    visit.page.route(re.compile(r"/v1/videos/[^/]+/play"), hasten)
    visit.page.on("request", note)
    long = video_id(hub, "Long")
    hub.call("PUT", f"/v1/videos/{long}/position", {"position_s": 0})  # wherever another test left it
    visit.page.goto(f"/watch/{long}")
    wait_for_player(visit.page, "v.currentTime > 4")
    visit.page.keyboard.press("9")
    wait_for_player(visit.page, f"!v.seeking && v.currentTime > {LONG_S * 0.9}")
    assert len(answers) == 2
    assert tokens[0] in answers[0]
    assert tokens[-1] in answers[1]


def test_the_seek_bar_shows_pictures_and_the_intro_is_skipped(hub: Serving, visiting: Visiting) -> None:
    visit = visiting(hub.url, token=hub.token)
    page = visit.page
    plain = video_id(hub, "Plain")
    hub.call("PUT", f"/v1/videos/{plain}/position", {"position_s": 0})
    watch(hub, visit, "Plain")
    page.get_by_role("button", name="Skip intro").click()
    wait_for_player(page, f"!v.seeking && v.currentTime >= {INTRO_S}")
    expect(page.get_by_role("button", name="Skip intro")).to_be_hidden()
    wait_for_jobs(hub, timeout_s=60)  # the storyboard is one of what is prepared
    page.reload()
    wait_for_player(page, "v.currentTime > 0.1")
    bar = page.get_by_role("slider", name="Position")
    box = bar.bounding_box()
    assert box is not None
    with page.expect_response(re.compile(r"/storyboard/\d+\.webp")) as sheet:
        page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2)
    assert sheet.value.ok
    expect(page.locator(".still")).to_be_visible()


def test_what_follows_is_offered_at_the_end(hub: Serving, visiting: Visiting) -> None:
    visit = visiting(hub.url, token=hub.token)
    page = visit.page
    watch(hub, visit, "Saga S01E01")
    wait_for_player(page, "v.ended")
    offer = page.get_by_role("group", name="Next:")
    expect(offer).to_contain_text("Saga S01E02")
    offer.get_by_role("button", name="Cancel").click()
    expect(offer).to_be_hidden()
    page.keyboard.press("0")
    page.keyboard.press("k")
    wait_for_player(page, "v.ended && v.currentTime > 3")
    offer.get_by_role("button", name="Play now").click()
    until(page, f"location.pathname.endsWith('{video_id(hub, 'Saga S01E02')}')")
    wait_for_player(page, "v.currentTime > 0.1")


def test_what_was_begun_stands_above_the_library(hub: Serving, visiting: Visiting) -> None:
    page = visiting(hub.url, token=hub.token).page
    long = video_id(hub, "Long")
    hub.call("PUT", f"/v1/videos/{long}/position", {"position_s": 100})
    page.goto("/")
    begun = page.get_by_role("region", name="Continue watching")
    expect(begun.get_by_role("link", name="Long")).to_be_visible()
    expect(card(page, "Long")).to_be_visible()
    begun.get_by_role("link", name="Long").click()
    wait_for_player(page, "v.currentTime > 100")
