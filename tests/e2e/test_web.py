"""The web client as a household meets it: a real hub process, real clips, a real browser."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import PATIENCE_MS, Visiting
from tests.media import make_clip
from tests.process import PASSWORD, Serving

LONG_TITLE = "A film whose title goes on and on " * 6
MIDDLE_S = 20.0
WIDER_THAN_THE_WINDOW = """
() => [...document.querySelectorAll("body *")]
  .filter((element) => !element.closest(".visually-hidden, svg, .rail, .captions"))
  .filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
  })
  .map((element) => element.outerHTML.slice(0, 120))
"""


def wait_for_jobs(hub: Serving, timeout_s: float = 20) -> None:
    """Until nothing waits or runs: the films are in the catalogue, with their pictures."""
    deadline = time.monotonic() + timeout_s
    while hub.call("GET", "/v1/jobs?active=true")["items"]:
        assert time.monotonic() < deadline, "the jobs do not end"
        time.sleep(0.05)  # another process's work: nothing here to wait on


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few clips: what browsers play, what they do not, and shapes that strain a layout."""
    folder = tmp_path_factory.mktemp("films")
    make_clip(
        folder / "Voyage.mp4",
        seconds=2 * MIDDLE_S,
        size=(320, 180),
        chapters=((0.0, 10.0, "Departure"), (10.0, 40.0, "Arrival")),
    )
    cues = (
        f"00:00:{at:02}.000 --> 00:00:{at + 4:02}.900\nIt is <i>{at}</i> seconds past\n"
        for at in range(0, 40, 5)
    )
    (folder / "Voyage.en.vtt").write_text("WEBVTT\n\n" + "\n".join(cues))
    make_clip(folder / "Short.mp4", seconds=2.5, size=(320, 180), seed=1)
    make_clip(folder / "Upright.mp4", seconds=2, size=(180, 320), seed=2)
    make_clip(folder / "Tune.m4a", seconds=3, seed=3)
    make_clip(folder / "Modern.mp4", seconds=2, video="hevc", seed=4)
    make_clip(folder / f"{LONG_TITLE.strip()}.mp4", seconds=1, seed=5)
    return folder


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, films: Path) -> Iterator[Serving]:
    """A hub with an owner and these films, scanned."""
    with Serving(tmp_path_factory.mktemp("hub") / "data") as hub:
        hub.set_up()
        hub.call("POST", "/v1/folders", {"path": str(films)})
        # Asked for here: the hub's own scan of a new folder begins a moment later.
        hub.call("POST", "/v1/scans", {})
        wait_for_jobs(hub)
        yield hub


def player(page: Page) -> dict[str, float]:
    """What the media element says."""
    state: dict[str, float] = page.evaluate(
        "(({currentTime, duration, paused, ended, playbackRate, volume, muted}) =>"
        " ({currentTime, duration, paused, ended, playbackRate, volume, muted}))(document.querySelector('video'))"
    )
    return state


def until(page: Page, condition: str) -> None:
    """Until a JavaScript expression holds.

    Not `wait_for_function`: that evaluates strings from within the page, which the page's policy rightly forbids.
    """
    page.evaluate(
        f"""async () => {{
          const deadline = performance.now() + {PATIENCE_MS};
          while (!({condition})) {{
            if (performance.now() > deadline) throw new Error({json.dumps("never came true: " + condition)});
            await new Promise((resolve) => setTimeout(resolve, 30));
          }}
        }}"""
    )


def wait_for_player(page: Page, condition: str) -> None:
    """Until `condition` on the media element `v` holds."""
    until(page, f"((v) => v && ({condition}))(document.querySelector('video'))")


def card(page: Page, title: str) -> Locator:
    """The card of a video in the library; what was begun has another one above it."""
    return page.get_by_role("list", name="Videos").get_by_role("link", name=title)


def open_film(page: Page, title: str) -> None:
    """From the library, by a click."""
    page.goto("/")
    card(page, title).click()
    wait_for_player(page, "v.currentTime > 0.1")


def position_s(hub: Serving, title: str) -> float:
    items = hub.call("GET", "/v1/videos?limit=100")["items"]
    return float(next(item for item in items if item["title"] == title)["position_s"])


def test_the_first_run_leads_to_the_first_film(tmp_path: Path, films: Path, visiting: Visiting) -> None:
    with Serving(tmp_path / "data") as hub:
        visit = visiting(hub.url)
        visit.expect_complaints("status of 40[13]")
        page = visit.page
        page.goto("/")
        page.get_by_label("First-run code").fill("0000-0000")
        page.get_by_label("Your name").fill("Ada")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Create account").click()
        code = page.get_by_label("First-run code")
        expect(code).to_be_focused()
        expect(code).to_have_accessible_description(re.compile("That is not the first-run code"))
        expect(page.get_by_label("Your name")).to_have_value("Ada")
        expect(page.get_by_label("Password", exact=True)).to_have_value(PASSWORD)

        page.get_by_label("First-run code").fill(hub.first_run_code)
        page.get_by_role("button", name="Create account").click()
        expect(page.get_by_role("button", name="Try the demo")).to_be_visible()
        page.get_by_role("button", name="Add a folder").click()
        expect(page.get_by_label("Folder on the computer Marquee runs on")).to_be_focused()
        page.get_by_label("Folder on the computer Marquee runs on").fill(str(films))
        page.get_by_role("button", name="Add a folder").click()
        expect(page.get_by_text(str(films), exact=True)).to_be_visible()
        page.get_by_role("link", name="Marquee: Library").click()
        expect(card(page, "Voyage")).to_be_visible()
        expect(page.locator(".card img.loaded").first).to_be_visible()

        page.get_by_role("button", name="Account").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.reload()
        page.get_by_label("Name").fill("Ada")
        page.get_by_label("Password", exact=True).fill("wrong horse battery")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).not_to_be_empty()
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(card(page, "Voyage")).to_be_visible()
        visit.leave()


def test_a_folder_is_removed_only_by_saying_so(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, visiting: Visiting
) -> None:
    folder = tmp_path_factory.mktemp("empty")
    with Serving(tmp_path / "data") as hub:
        hub.set_up()
        hub.call("POST", "/v1/folders", {"path": str(folder)})
        wait_for_jobs(hub)
        visit = visiting(hub.url, token=hub.token)
        page = visit.page
        page.goto("/settings")
        dialog = page.get_by_role("dialog")
        remove = page.get_by_role("button", name=f"Remove: {folder}")
        for way in ("button", "key", "beside"):
            remove.click()
            expect(dialog).to_be_visible()
            if way == "button":
                dialog.get_by_role("button", name="Cancel").click()
            elif way == "key":
                page.keyboard.press("Escape")
            else:
                page.mouse.click(5, 5)
            expect(dialog).to_be_hidden()
        assert len(hub.call("GET", "/v1/folders")["items"]) == 1
        remove.click()
        dialog.get_by_role("button", name="Remove").click()
        expect(remove).to_be_hidden()
        assert hub.call("GET", "/v1/folders")["items"] == []
        visit.leave()


def test_a_film_plays_to_its_end_and_counts_as_watched(hub: Serving, visiting: Visiting) -> None:
    page = visiting(hub.url, token=hub.token).page
    page.goto("/")
    card(page, "Short").click()
    wait_for_player(page, "v.ended")
    state = player(page)
    assert state["currentTime"] == pytest.approx(state["duration"], abs=0.1)
    assert state["duration"] == pytest.approx(2.5, abs=0.2)
    assert page.title() == "Short – Marquee"
    expect(page.get_by_role("button", name="Play again").first).to_be_visible()
    page.go_back()
    expect(card(page, "Short")).to_contain_text("Watched")
    expect(card(page, "Short").locator(".watched")).to_be_visible()
    expect(card(page, "Short").locator(".progress")).to_have_count(0)
    # The next evening it begins at the beginning.
    card(page, "Short").click()
    wait_for_player(page, "v.currentTime > 0.1 && v.currentTime < 2 && !v.paused")
    expect(page.get_by_text("Resumed at")).to_have_count(0)


def test_playback_goes_on_in_the_middle_after_a_reload(hub: Serving, visiting: Visiting) -> None:
    page = visiting(hub.url, token=hub.token).page
    open_film(page, "Voyage")
    page.keyboard.press("5")
    wait_for_player(page, f"v.currentTime > {MIDDLE_S} && !v.seeking")
    page.keyboard.press("k")
    wait_for_player(page, "v.paused")
    left_at_s = player(page)["currentTime"]
    until(page, "performance.getEntriesByType('resource').some(e => e.name.endsWith('/position'))")
    page.reload()
    expect(page.get_by_text("Resumed at 0:2")).to_be_visible()
    wait_for_player(page, f"Math.abs(v.currentTime - {left_at_s}) < 2")
    page.get_by_role("button", name="Start over").click()
    wait_for_player(page, "v.currentTime < 2")


def test_a_seek_on_the_bar_lands_where_it_was_pressed(hub: Serving, visiting: Visiting) -> None:
    page = visiting(hub.url, token=hub.token).page
    open_film(page, "Voyage")
    page.get_by_role("region", name="Player").hover()
    bar = page.get_by_role("slider", name="Position")
    box = bar.bounding_box()
    assert box is not None
    page.keyboard.press("k")
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    wait_for_player(page, "v.paused && !v.seeking && Math.abs(v.currentTime - 30) < 0.5")
    expect(bar).to_have_attribute("aria-valuetext", re.compile("30 seconds of 40 seconds"))


def test_the_keyboard_runs_the_player(hub: Serving, visiting: Visiting) -> None:
    page = visiting(hub.url, token=hub.token).page
    open_film(page, "Voyage")
    page.keyboard.press(" ")
    wait_for_player(page, "v.paused")
    page.keyboard.press("2")
    wait_for_player(page, "!v.seeking && Math.abs(v.currentTime - 8) < 0.2")
    expected_s = player(page)["currentTime"]
    for key, step_s in (("l", 10), ("j", -10), ("ArrowRight", 5), ("ArrowLeft", -5)):
        page.keyboard.press(key)
        expected_s += step_s
        wait_for_player(page, f"!v.seeking && Math.abs(v.currentTime - {expected_s}) < 0.1")
    page.keyboard.press("ArrowDown")
    wait_for_player(page, "v.volume === 0.95")
    page.keyboard.press("m")
    wait_for_player(page, "v.muted")
    page.keyboard.press(">")
    wait_for_player(page, "v.playbackRate === 1.25")
    page.keyboard.press("<")
    wait_for_player(page, "v.playbackRate === 1")
    page.keyboard.press("c")
    expect(page.get_by_text("It is 5 seconds past")).to_be_visible()
    page.keyboard.press("c")
    expect(page.get_by_text("It is 5 seconds past")).to_be_hidden()
    page.keyboard.press("f")
    until(page, "document.fullscreenElement !== null")
    page.keyboard.press("f")
    until(page, "document.fullscreenElement === null")
    page.keyboard.press("Home")
    wait_for_player(page, "v.currentTime === 0")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Library")).to_be_visible()


def test_the_keyboard_walks_the_library_and_comes_back_to_its_place(hub: Serving, visiting: Visiting) -> None:
    page = visiting(hub.url, token=hub.token).page
    page.goto("/?sort=title")
    cards = page.get_by_role("list", name="Videos").locator("a.card")
    expect(cards).to_have_count(6)
    page.keyboard.press("ArrowDown")
    expect(cards.nth(0)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(cards.nth(5)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/watch/"))
    wait_for_player(page, "v.readyState > 0")
    page.keyboard.press("Escape")
    expect(cards.nth(5)).to_be_focused()


def test_a_new_file_appears_without_a_reload_and_goes_with_it(
    hub: Serving, films: Path, visiting: Visiting
) -> None:
    page = visiting(hub.url, token=hub.token).page
    page.goto("/")
    expect(card(page, "Voyage")).to_be_visible()
    shutil.copy(make_clip(films.parent / "Latecomer.mp4", seconds=1, seed=9), films / "Latecomer.mp4")
    newcomer = card(page, "Latecomer")
    try:
        expect(newcomer).to_be_visible()
    finally:
        (films / "Latecomer.mp4").unlink()
    expect(newcomer).to_contain_text("File missing")
    item = next(i for i in hub.call("GET", "/v1/videos?limit=100")["items"] if i["title"] == "Latecomer")
    hub.call("DELETE", f"/v1/videos/{item['id']}")
    expect(newcomer).to_be_hidden()


def test_a_removed_video_is_restored_in_the_settings(hub: Serving, visiting: Visiting) -> None:
    page = visiting(hub.url, token=hub.token, phone=True).page
    page.goto("/settings")
    expect(page.get_by_role("heading", name="Library folders")).to_be_visible()
    # Others may have been removed before: what is looked at is this one's line.
    restore = page.get_by_role("button", name=f"Restore: {LONG_TITLE.strip()}")
    expect(restore).to_be_hidden()
    gone = {i["title"]: i["id"] for i in hub.call("GET", "/v1/videos?limit=100")["items"]}[LONG_TITLE.strip()]
    hub.call("DELETE", f"/v1/videos/{gone}")
    expect(page.get_by_role("heading", name="Removed videos")).to_be_visible()
    assert not page.evaluate(WIDER_THAN_THE_WINDOW)
    expect(restore).to_be_visible()
    restore.tap()
    expect(page.get_by_text("is in the library again")).to_be_visible()
    expect(restore).to_be_hidden()
    wait_for_jobs(hub)
    assert hub.call("GET", f"/v1/videos/{gone}")["state"] == "ready"


def test_nothing_is_wider_than_a_narrow_phone(hub: Serving, visiting: Visiting) -> None:
    page = visiting(hub.url, token=hub.token, phone=True).page
    ids = {i["title"]: i["id"] for i in hub.call("GET", "/v1/videos?limit=100")["items"]}
    watch = [f"/watch/{ids[title]}" for title in ("Voyage", "Upright", "Tune", LONG_TITLE.strip())]
    for path in ("/", "/settings", "/nowhere", *watch):
        page.goto(path)
        expect(page.get_by_role("heading").first).to_be_visible()
        too_wide = page.evaluate(WIDER_THAN_THE_WINDOW)
        assert not too_wide, f"{path}: {too_wide}"
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_two_taps_on_a_side_skip(hub: Serving, visiting: Visiting) -> None:
    page = visiting(hub.url, token=hub.token, phone=True).page
    page.goto("/")
    card(page, "Voyage").tap()
    # Playing: going on where it was left is done, and would otherwise undo the jump to the start.
    wait_for_player(page, "!v.seeking && v.currentTime > 0.1")
    page.keyboard.press("0")
    wait_for_player(page, "!v.seeking && v.currentTime < 2")
    box = page.get_by_role("region", name="Player").bounding_box()
    assert box is not None
    for _ in range(2):
        page.touchscreen.tap(box["x"] + box["width"] * 0.85, box["y"] + box["height"] * 0.4)
    wait_for_player(page, "!v.seeking && v.currentTime > 9.9 && v.currentTime < 13")


def test_a_restart_of_the_hub_is_survived(tmp_path: Path, films: Path, visiting: Visiting) -> None:
    with Serving(tmp_path / "data") as hub:
        hub.set_up()
        hub.call("POST", "/v1/folders", {"path": str(films)})
        hub.call("POST", "/v1/scans", {})
        wait_for_jobs(hub)
        visit = visiting(hub.url, token=hub.token)
        page = visit.page
        open_film(page, "Voyage")
        port = hub.url.rsplit(":", 1)[1]
        visit.expect_complaints(
            "ERR_CONNECTION_REFUSED", "WebSocket", "ERR_CONNECTION_RESET", "ERR_INCOMPLETE", "ERR_SOCKET"
        )
        hub.stop()
        expect(page.get_by_text("Not connected to Marquee.")).to_be_visible()
        with Serving(tmp_path / "data", "--host", "127.0.0.1", "--port", port):
            page.get_by_role("button", name="Try now").click()
            expect(page.get_by_text("Not connected to Marquee.")).to_be_hidden()
            before_s = player(page)["currentTime"]
            page.keyboard.press("9")
            wait_for_player(page, f"v.currentTime > {max(before_s, 36)} && !v.seeking && v.readyState >= 2")
            visit.leave()
