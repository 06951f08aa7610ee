"""Time to the first picture in the web client, in Chromium: direct play, copied, converted, and a far seek.

From the click on a card, or the seek, to the first frame that is shown near the place. Browser and hub share the
machine, and the hub is warm. Each play goes on at another place of a film of two hours, where nothing was made yet.
"""

from __future__ import annotations

import random
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
from playwright.sync_api import Page, sync_playwright

from server.access import COOKIE
from tests.bench.figures import print_limit
from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.media import make_clip
from tests.process import Serving

ROUNDS = 10
PIECE_S = 20
FILM_S = 7_200
_READ_UNTIL_S = 600.0
"""Storyboard and loudness of two films of two hours come first."""
_PATIENCE_MS = 60_000
WAYS = (
    # what is clicked, which pictures the device wants, how it must be played, seconds wanted
    ("direct play", "Film", "auto", "direct", 0.3),
    ("copied", "Copied", "auto", "hls", 0.5),
    ("converted, 1080p to 720p", "Film", "720", "hls", 1.2),
)
SEEK_WANTED_S = 1.0

_FIRST_FRAME = """([title, at]) => new Promise((resolve) => {
  const card = [...document.querySelectorAll("a")].find((a) => a.textContent.includes(title));
  let began = 0;
  const shown = (video) => video.requestVideoFrameCallback((_, frame) =>
    Math.abs(frame.mediaTime - at) < 2 ? resolve(performance.now() - began) : shown(video));
  const look = () => {
    const video = document.querySelector("video");
    if (video) shown(video); else requestAnimationFrame(look);
  };
  began = performance.now();
  card.click();
  look();
})"""
_SEEK = """(at) => new Promise((resolve) => {
  const video = document.querySelector("video");
  const began = performance.now();
  const look = (_, frame) =>
    Math.abs(frame.mediaTime - at) < 2 ? resolve(performance.now() - began) : video.requestVideoFrameCallback(look);
  video.requestVideoFrameCallback(look);
  video.currentTime = at;
})"""


def run() -> None:
    """Print the figures."""
    dice = random.Random()
    with tempfile.TemporaryDirectory(prefix="marquee-bench-") as name, sync_playwright() as playwright:
        films = Path(name) / "films"
        films.mkdir()
        with tempfile.TemporaryDirectory(prefix="marquee-bench-") as pieces:
            piece = make_clip(
                Path(pieces) / "piece.mp4",
                seconds=PIECE_S,
                size=(1920, 1080),
                video_options=(("g", "50"), ("bf", "0"), ("crf", "30")),
            )
            long_film(piece, films / "Film.mp4")
            long_film(piece, films / "Copied.mkv")
        with Serving(Path(name) / "data") as hub:
            hub.set_up()
            hub.call("POST", "/v1/folders", {"path": str(films)})
            hub.call("POST", "/v1/scans", {})
            wait_until_calm(hub)
            ids = {item["title"]: item["id"] for item in hub.call("GET", "/v1/videos")["items"]}
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            for what, title, quality, kind, wanted_s in WAYS:
                context = browser.new_context(base_url=hub.url, viewport={"width": 1920, "height": 1080})
                context.add_cookies([{"name": COOKIE, "value": hub.token, "url": hub.url, "httpOnly": True}])
                context.add_init_script(f"localStorage.setItem('marquee.quality', '{quality}')")
                page = context.new_page()
                page.set_default_timeout(_PATIENCE_MS)
                firsts, seeks = [], []
                for round_ in range(ROUNDS + 1):
                    first, seek = measure(page, hub, (title, ids[title]), kind, dice)
                    if round_:  # the first one warms up
                        firsts.append(first)
                        seeks.append(seek)
                context.close()
                print_limit(f"first frame, {what}", "s", firsts, f"<= {wanted_s} s")
                print_limit(f"seek to another half of two hours, {what}", "s", seeks, f"<= {SEEK_WANTED_S} s")
            browser.close()


def wait_until_calm(hub: Serving) -> None:
    """Return when nothing is done in the background any more."""
    end = time.monotonic() + _READ_UNTIL_S
    quiet = 0
    while quiet < 3:  # one job leads to another
        assert time.monotonic() < end, "the hub did not come to rest"
        is_busy = bool(hub.call("GET", "/v1/jobs?active=true")["items"])
        quiet = 0 if is_busy else quiet + 1
        time.sleep(1.5)


def measure(
    page: Page, hub: Serving, film: tuple[str, str], kind: str, dice: random.Random
) -> tuple[float, float]:
    """Seconds from the click to the first picture, and from a far seek to its picture."""
    title, video_id = film
    at_s = round(dice.uniform(60, FILM_S * 0.4), 1)
    seek_s = round(dice.uniform(FILM_S * 0.5, FILM_S * 0.9), 1)
    hub.call("PUT", f"/v1/videos/{video_id}/position", {"position_s": at_s})
    page.goto("/")
    page.get_by_role("link", name=title).first.wait_for()
    page.wait_for_timeout(500)
    first_ms = page.evaluate(_FIRST_FRAME, [title, at_s])
    source = page.evaluate("document.querySelector('video').currentSrc")
    assert source.startswith("blob:") == (kind == "hls"), f"{title} was not played as meant: {source}"
    page.wait_for_timeout(1_500)
    return first_ms / 1_000, page.evaluate(_SEEK, seek_s) / 1_000


def long_film(piece: Path, path: Path) -> None:
    """Two hours made of `piece` over and over, without encoding anew."""
    with av.open(str(piece), "r") as source, av.open(str(path), "w") as target:
        streams = {s.index: target.add_stream_from_template(s) for s in source.streams.get(video=0, audio=0)}
        for n in range(FILM_S // PIECE_S):
            source.seek(0)
            for packet in source.demux(*(source.streams[i] for i in streams)):
                if packet.dts is None or packet.pts is None or packet.dts < 0:
                    continue
                shift = int(Fraction(n * PIECE_S) / packet.time_base)
                packet.pts += shift
                packet.dts += shift
                packet.stream = streams[packet.stream.index]
                target.mux(packet)


if __name__ == "__main__":
    run()
