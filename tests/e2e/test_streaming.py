"""Streams in real players: Chromium with hls.js and Shaka, libVLC. Each plays to the end and seeks."""

from __future__ import annotations

import random
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import psutil
import pytest
import vlc
from playwright.sync_api import Page

from tests.e2e.conftest import Visiting
from tests.e2e.test_web import wait_for_jobs
from tests.media import make_clip
from tests.process import Serving

LENGTH_S = 20.0
FRAME_S = 1 / 25
MODULES = Path(__file__).resolve().parents[2] / "server/web/node_modules"

_PAGE = """<!doctype html><title>Streams</title>
<video muted playsinline width="640"></video>
<script>
  window.video = document.querySelector("video");
  window.problems = [];
  video.addEventListener("error", () => problems.push(`media: ${video.error?.message}`));
  window.until = (condition, what) => new Promise((resolve, reject) => {
    const timer = setInterval(() => {
      if (problems.length) { clearInterval(timer); reject(new Error(problems.join("; "))); }
      else if (condition()) { clearInterval(timer); resolve(); }
    }, 5);
    setTimeout(() => { clearInterval(timer); reject(new Error(`no ${what} at ${video.currentTime}`)); }, 40000);
  });
</script>"""

_HLS = """async (url) => {
  const hls = new Hls({ enableWorker: false, maxBufferLength: 8 });
  // A seek gives up what was being loaded, and a slow machine stalls: neither says anything of the segments.
  const harmless = ["aborted", "internalAborted", "bufferStalledError", "bufferNudgeOnStall"];
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (data.fatal || !harmless.includes(data.details)) problems.push(`hls: ${data.details} ${data.error}`);
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  window.variant = () => hls.levels[hls.currentLevel]?.height;
  await video.play();
}"""

_SHAKA = """async (url) => {
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  await player.attach(video);
  player.addEventListener("error", (event) => problems.push(`shaka: ${event.detail.code} ${event.detail.data}`));
  await player.load(url);
  await video.play();
}"""

_TO_THE_END = """async ({ near }) => {
  video.currentTime = video.duration - near;
  await until(() => !video.seeking && video.readyState >= 3, "picture before the end");
  await video.play();
  await until(() => video.ended, "end");
  const quality = video.getVideoPlaybackQuality();
  return { at: video.currentTime, duration: video.duration, shown: quality.totalVideoFrames };
}"""

_SEEK = """async (to) => {
  video.pause();
  video.currentTime = to;
  await until(() => !video.seeking && video.readyState >= 2, `picture at ${to}`);
  const shown = await new Promise((resolve) => {
    video.requestVideoFrameCallback((_, data) => resolve(data.mediaTime));
    video.currentTime = to + 0.001;
  });
  return shown;
}"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A hub with a film in MP4 and one in another container, and a codec browsers do not have."""
    films = tmp_path_factory.mktemp("films")
    options = (("g", "50"),)
    make_clip(films / "Copied.mp4", seconds=LENGTH_S, size=(640, 360), video_options=options)
    make_clip(films / "Converted.mkv", seconds=LENGTH_S, size=(640, 360), video="mpeg4", audio="ac3")
    with Serving(tmp_path_factory.mktemp("hub") / "data") as hub:
        hub.set_up()
        hub.call("POST", "/v1/folders", {"path": str(films)})
        hub.call("POST", "/v1/scans", {})
        wait_for_jobs(hub)
        yield hub


def decision(hub: Serving, title: str) -> dict[str, Any]:
    """How the video of that title is played."""
    items = hub.call("GET", "/v1/videos?limit=100")["items"]
    video_id = next(item["id"] for item in items if item["title"] == title)
    found: dict[str, Any] = hub.call("GET", f"/v1/videos/{video_id}/play")
    return found


@pytest.fixture
def stage(hub: Serving, visiting: Visiting) -> Page:
    """A page of the hub's origin with nothing but a video element."""
    visit = visiting(hub.url)
    visit.page.set_default_timeout(60_000)
    visit.page.route(
        "**/stage", lambda route: route.fulfill(status=200, content_type="text/html", body=_PAGE)
    )
    visit.page.goto("/stage")
    return visit.page


def play(page: Page, player: str, url: str) -> None:
    """Load a player and begin."""
    scripts = {
        "hls.js": ("hls.js/dist/hls.min.js", _HLS),
        "Shaka": ("shaka-player/dist/shaka-player.compiled.js", _SHAKA),
    }
    file, code = scripts[player]
    page.add_script_tag(content=(MODULES / file).read_text())
    page.evaluate(code, url)
    page.evaluate("until(() => video.currentTime > 0.2, 'beginning')")


@pytest.mark.parametrize("title", ["Copied", "Converted"])
@pytest.mark.parametrize(
    ("name", "key"), [("hls.js", "hls_url"), ("Shaka", "dash_url"), ("Shaka", "hls_url")]
)
def test_a_browser_plays_to_the_end_and_seeks_to_the_frame(
    hub: Serving, stage: Page, title: str, name: str, key: str
) -> None:
    found = decision(hub, title)
    assert found["mode"] == ("direct" if title == "Copied" else "transcode")

    play(stage, name, hub.url + found[key])

    assert stage.evaluate("video.duration") == pytest.approx(LENGTH_S, abs=0.1)
    seeks_land(stage, 5)
    end = stage.evaluate(_TO_THE_END, {"near": 3})
    assert end["at"] == pytest.approx(end["duration"], abs=FRAME_S)


def seeks_land(page: Page, count: int) -> None:
    """Seeks to random places show the picture of that place."""
    dice = random.Random(7)
    for _ in range(count):
        to = round(dice.uniform(1, LENGTH_S - 1), 2) + FRAME_S / 2
        shown = page.evaluate(_SEEK, to)
        assert shown == pytest.approx(to, abs=FRAME_S + 0.005), f"a seek to {to} shows {shown}"


def test_libvlc_plays_hls_to_the_end(hub: Serving) -> None:
    found = decision(hub, "Converted")
    instance = vlc.Instance("--quiet", "--no-xlib", "--vout=dummy", "--aout=dummy", "--no-video-title-show")
    player = instance.media_player_new()
    media = instance.media_new(hub.url + found["hls_url"])
    player.set_media(media)
    try:
        player.play()
        farthest_ms = 0
        give_up_at = time.monotonic() + LENGTH_S + 30
        while player.get_state() not in (vlc.State.Ended, vlc.State.Error, vlc.State.Stopped):
            farthest_ms = max(farthest_ms, player.get_time())
            assert time.monotonic() < give_up_at, f"libVLC is at {farthest_ms} ms"
            time.sleep(0.1)
        assert player.get_state() == vlc.State.Ended
        stats = vlc.MediaStats()
        media.get_stats(stats)
        assert farthest_ms >= (LENGTH_S - 1) * 1000
        assert stats.decoded_video >= LENGTH_S / FRAME_S * 0.95
        assert stats.demux_corrupted == stats.demux_discontinuity == 0
    finally:
        player.stop()
        player.release()
        media.release()
        instance.release()


@pytest.mark.soak
@pytest.mark.parametrize("title", ["Copied", "Converted"])
def test_ffmpeg_reads_hls_without_a_complaint(hub: Serving, title: str) -> None:
    address = hub.url + decision(hub, title)["hls_url"]
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-v", "warning", "-stats", "-i", address]

    done = subprocess.run(
        [*command, "-map", "0:v:0", "-map", "0:a:0", "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    lines = [line for line in re.split(r"[\r\n]+", done.stderr) if line]
    assert [line for line in lines if not line.startswith("frame=")] == []
    assert re.match(rf"frame= *{LENGTH_S / FRAME_S:.0f} ", lines[-1])


def test_a_killed_hub_leaves_no_encoder_behind(tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    make_clip(films / "Film.mkv", seconds=LENGTH_S, size=(640, 360), video="mpeg4")
    with Serving(tmp_path / "data") as hub:
        hub.set_up()
        hub.call("POST", "/v1/folders", {"path": str(films)})
        hub.call("POST", "/v1/scans", {})
        wait_for_jobs(hub)
        found = decision(hub, "Film")
        master = _get(hub.url + found["hls_url"])
        variant = next(line for line in master.splitlines() if not line.startswith("#"))
        address = urljoin(hub.url + found["hls_url"], variant)
        assert _get(address.replace("index.m3u8", "2.m4s"))
        assert hub.process is not None
        workers = psutil.Process(hub.process.pid).children(recursive=True)
        assert workers

        hub.kill()

        _, alive = psutil.wait_procs(workers, timeout=5)
        assert alive == []


def _get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=30) as response:  # noqa: S310  # the hub of this test
        body: bytes = response.read()
    return body.decode("utf-8", "replace")
