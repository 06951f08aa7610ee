"""`GET /v1/videos?limit=20` on 100,000 items at 200 requests/s, open loop: first page against last page, and 15 ms."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import aiohttp

from tests.bench.figures import abab, percentile, print_limit, print_pair
from tests.bench.libraries import fill_catalogue
from tests.process import Serving

ITEMS = 100_000
RATE_PER_S = 200
SECONDS = 8
ROUNDS = 5


def run() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="marquee-bench-") as folder:
        data = Path(folder) / "data"
        fill_catalogue(data, ITEMS)
        with Serving(data, MARQUEE_LIBRARY__WATCH="false") as hub:
            hub.set_up()
            for sort in ("added", "title"):
                _measure(hub, sort)


def _measure(hub: Serving, sort: str) -> None:
    first = f"/v1/videos?limit=20&sort={sort}"
    cursor, pages = "", 0
    while True:
        page = hub.call("GET", f"/v1/videos?limit=100&sort={sort}{cursor and '&cursor=' + quote(cursor)}")
        pages += 1
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]
    last = f"/v1/videos?limit=20&sort={sort}&cursor={quote(cursor)}"
    print(f"  ({pages} pages of 100 walked to the last one)")

    def p95_ms(path: str) -> float:
        latencies = asyncio.run(open_loop(hub.url + path, hub.token, RATE_PER_S, SECONDS))
        return percentile(latencies, 0.95) * 1000

    ours, theirs = abab(lambda: p95_ms(last), lambda: p95_ms(first), ROUNDS)
    print_limit(f"list, sort={sort}, first page, p95 at {RATE_PER_S}/s", "ms", theirs, "< 15 ms")
    print_pair(
        f"list, sort={sort}, last page against first page, p95", "ms", ours, theirs, "first page", "about 1"
    )


async def open_loop(url: str, token: str, rate_per_s: float, seconds: float) -> list[float]:
    """Latencies in seconds of requests sent on schedule whatever the answers do, counted from the scheduled moment."""
    latencies: list[float] = []
    headers = {"Authorization": f"Bearer {token}"}
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(headers=headers, connector=connector) as session,
        asyncio.TaskGroup() as group,
    ):
        start = time.perf_counter() + 0.1

        async def one(due: float) -> None:
            async with session.get(url) as answer:
                await answer.read()
                answer.raise_for_status()
            latencies.append(time.perf_counter() - due)

        for n in range(int(rate_per_s * seconds)):
            due = start + n / rate_per_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(one(due))
    return latencies
