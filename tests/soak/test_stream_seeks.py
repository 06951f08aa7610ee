"""Two hundred seeks through a film that is converted: the hub's memory, its children and its loop."""

from __future__ import annotations

import contextlib
import random
import time
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

import psutil
import pytest

from tests.e2e.test_web import wait_for_jobs
from tests.media import make_clip
from tests.process import Serving

pytestmark = pytest.mark.soak

SEEKS = 200
SEGMENTS = 60


def test_memory_stays_over_two_hundred_seeks_and_encoders_end(tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    make_clip(films / "Film.mkv", seconds=2.0 * SEGMENTS, size=(640, 360), video="mpeg4")
    dice = random.Random(1)
    with Serving(tmp_path / "data") as hub:
        hub.set_up()
        hub.call("POST", "/v1/folders", {"path": str(films)})
        hub.call("POST", "/v1/scans", {})
        wait_for_jobs(hub)
        (video,) = hub.call("GET", "/v1/videos")["items"]
        base = hub.url + hub.call("GET", f"/v1/videos/{video['id']}/play")["hls_url"]
        master = get(base).decode().splitlines()
        variants = [urljoin(base, line) for line in master if line and not line.startswith("#")]
        process = psutil.Process(hub.process.pid)

        def seek() -> None:
            address = dice.choice(variants).replace("index.m3u8", f"{dice.randrange(SEGMENTS)}.m4s")
            assert len(get(address)) > 1_000

        for _ in range(20):
            seek()
        before_bytes = process.memory_info().rss
        for _ in range(SEEKS):
            seek()
        grown_bytes = process.memory_info().rss - before_bytes
        assert grown_bytes < 50e6, f"the hub has grown by {grown_bytes / 1e6:.0f} MB"

        give_up_at = time.monotonic() + 15
        while len(encoders(process)) > 1:  # one is kept ready
            assert time.monotonic() < give_up_at, "encoders that nobody reads go on"
            time.sleep(0.2)


def encoders(hub: psutil.Process) -> list[psutil.Process]:
    """The hub's children that are at work."""
    busy = []
    for child in hub.children():
        with contextlib.suppress(psutil.NoSuchProcess):  # it has ended at this moment
            if child.cpu_percent(0.1) > 5:
                busy.append(child)
    return busy


def get(address: str) -> bytes:
    """The body, asked for as a player does: again when the hub is busy."""
    with urllib.request.urlopen(address, timeout=60) as response:  # noqa: S310  # the hub of this test
        body: bytes = response.read()
    return body
