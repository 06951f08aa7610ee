"""How late the event loop is while a scan and 20 streams run, against a bare aiohttp under the same load.

The lag is how much later than asked a 5 ms sleep on the loop ends. The peer serves the same file to as many viewers
while the same scan runs in another process, so both share the machine with the same work.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

from hub.bootstrap import Hub
from hub.config import LibrarySettings, ServerSettings, Settings
from hub.jobs.types import JobState
from hub.library.types import VideoQuery
from hub.paths import Paths
from server.runner import Server
from tests.bench.figures import abab, percentile, print_pair
from tests.bench.ranges import big_file
from tests.media import unique_clip_bytes
from tests.process import environment, marquee

FILES = 6_000
STREAMS = 20
STREAM_BYTES_PER_S = 1_000_000
SECONDS = 8.0
ROUNDS = 3
SLEEP_S = 0.005


def run() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="marquee-bench-") as name:
        root = Path(name)
        tree, streamed = root / "tree", root / "streamed"
        tree.mkdir()
        streamed.mkdir()
        for n in range(FILES):
            folder = tree / f"{n // 500:03d}"
            folder.mkdir(exist_ok=True)
            (folder / f"{n:05d}.mp4").write_bytes(unique_clip_bytes(n))
        big_file(streamed / "film.mp4", 200_000_000)
        rounds = iter(range(1_000))
        ours, theirs = abab(
            lambda: asyncio.run(_ours(root / f"a{next(rounds)}", tree, streamed)),
            lambda: asyncio.run(_bare(root / f"b{next(rounds)}", tree, streamed / "film.mp4")),
            ROUNDS,
        )
    print_pair(
        f"loop lag p99, scan and {STREAMS} streams",
        "ms",
        ours,
        theirs,
        "bare aiohttp",
        "<= 20 ms, or ratio <= 2",
    )


async def _ours(data: Path, tree: Path, streamed: Path) -> float:
    settings = Settings(server=ServerSettings(host="127.0.0.1", port=0), library=LibrarySettings(watch=False))
    hub = Hub(settings, Paths(data))
    await hub.start()
    server = Server(hub, "127.0.0.1", 0)
    url = await server.start()
    try:
        viewer = await hub.accounts.local_viewer()
        await hub.folders.add(str(streamed))
        await hub.jobs.wait((await hub.scans.request()).id)
        (film,) = (await hub.library.list_videos(viewer, VideoQuery())).items
        token, _ = await hub.accounts.media_token(viewer, film.id, 3600)
        folder = await hub.folders.add(str(tree))
        job = await hub.scans.request([folder.id])
        with _viewers(f"{url}/media/{film.id}/file?token={token}"):
            lag = await _lag_p99_ms()
        assert (await hub.jobs.get(job.id)).state is JobState.RUNNING, "the scan ended before the measurement"
        return lag
    finally:
        await server.close()
        await hub.close()


async def _bare(data: Path, tree: Path, film: Path) -> float:
    async def send(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(film)

    app = web.Application()
    app.router.add_get("/film.mp4", send)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    scan = await asyncio.create_subprocess_exec(
        *marquee("add", tree, data=data),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with _viewers(f"http://127.0.0.1:{runner.addresses[0][1]}/film.mp4"):
            lag = await _lag_p99_ms()
        assert scan.returncode is None, "the scan ended before the measurement"
        return lag
    finally:
        scan.kill()
        await scan.wait()
        await runner.cleanup()


@contextmanager
def _viewers(url: str) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.streams", url, str(STREAMS), str(STREAM_BYTES_PER_S)],
        stdout=subprocess.DEVNULL,
        env=environment(),
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


async def _lag_p99_ms() -> float:
    await asyncio.sleep(1.5)  # the viewers' process has to start
    lags = []
    end = time.perf_counter() + SECONDS
    while (began := time.perf_counter()) < end:
        await asyncio.sleep(SLEEP_S)
        lags.append((time.perf_counter() - began - SLEEP_S) * 1000)
    return percentile(lags, 0.99)
