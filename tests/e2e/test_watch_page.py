"""The page of one video: what its player says about the file, where it begins, and what its manager can do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.conftest import Visiting
from tests.e2e.test_web import card, open_film, player, until, wait_for_jobs, wait_for_player
from tests.media import make_clip
from tests.process import Serving

LENGTH_S = 30.0


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A hub with a film."""
    films = tmp_path_factory.mktemp("films")
    make_clip(films / "Whole.mp4", seconds=LENGTH_S, size=(320, 180))
    with Serving(tmp_path_factory.mktemp("hub") / "data") as hub:
        hub.set_up()
        hub.call("POST", "/v1/folders", {"path": str(films)})
        hub.call("POST", "/v1/scans", {})
        wait_for_jobs(hub)
        yield hub


def video_id(hub: Serving, title: str) -> str:
    """The id of the video of that title."""
    items = hub.call("GET", "/v1/videos?limit=100")["items"]
    return str(next(item["id"] for item in items if item["title"] == title))


def test_a_seek_before_the_file_has_come_counts_more_than_the_place_to_go_on(
    hub: Serving, visiting: Visiting
) -> None:
    whole = video_id(hub, "Whole")
    hub.call("PUT", f"/v1/videos/{whole}/position", {"position_s": 20})
    page = visiting(hub.url, token=hub.token).page
    held: list[Route] = []
    holding = True
    page.route("**/media/*/file*", lambda route: held.append(route) if holding else route.continue_())
    page.goto(f"/watch/{whole}")
    expect(page.get_by_text("Resumed at 0:20")).to_be_visible()
    page.keyboard.press("1")
    expect(page.get_by_text("Resumed at")).to_be_hidden()
    holding = False
    for route in held:
        route.continue_()
    wait_for_player(page, "!v.seeking && v.currentTime >= 3 && v.currentTime < 15")


def test_a_video_paused_before_a_reload_is_paused_after_it(hub: Serving, visiting: Visiting) -> None:
    page = visiting(hub.url, token=hub.token).page
    open_film(page, "Whole")
    page.keyboard.press("5")
    wait_for_player(page, f"!v.seeking && v.currentTime >= {LENGTH_S / 2}")
    page.keyboard.press("k")
    wait_for_player(page, "v.paused")
    left_at_s = player(page)["currentTime"]
    page.reload()
    wait_for_player(page, f"v.readyState >= 2 && Math.abs(v.currentTime - {left_at_s}) < 0.1")
    page.wait_for_timeout(300)  # had it begun to play, it would be further by now
    assert player(page)["paused"]
    assert player(page)["currentTime"] == pytest.approx(left_at_s, abs=0.1)
    page.keyboard.press("k")
    wait_for_player(page, f"!v.paused && v.currentTime > {left_at_s + 0.2}")


def test_a_video_is_edited_removed_and_brought_back(hub: Serving, visiting: Visiting) -> None:
    whole = video_id(hub, "Whole")
    visit = visiting(hub.url, token=hub.token)
    page = visit.page
    page.goto(f"/watch/{whole}")
    page.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Title").fill("Hole")
    dialog.get_by_label("Tags").fill("sea, moon")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("heading", name="Hole")).to_be_visible()
    assert hub.call("GET", f"/v1/videos/{whole}")["tags"] == ["moon", "sea"]
    page.get_by_role("button", name="Edit").click()
    dialog.get_by_label("Title").fill("Whole")
    dialog.get_by_label("Title").press("Enter")
    expect(page.get_by_role("heading", name="Whole")).to_be_visible()

    visit.expect_complaints("status of 404")  # the place in a video that has gone is not kept
    for way in ("key", "button"):
        page.get_by_role("button", name="Remove").click()
        dialog.get_by_role("button", name="Remove").click()
        expect(page.get_by_text("was removed from the library")).to_be_visible()
        expect(page.get_by_role("heading", name="Library", exact=True)).to_be_visible()
        expect(card(page, "Whole")).to_be_hidden()
        if way == "key":
            page.keyboard.press("Control+z")
        else:
            page.get_by_role("button", name="Undo").click()
        expect(card(page, "Whole")).to_be_visible()
        card(page, "Whole").click()
    until(page, "location.pathname.startsWith('/watch/')")
