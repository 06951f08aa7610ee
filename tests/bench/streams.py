"""Viewers: `python -m tests.bench.streams URL COUNT BYTES_PER_S` reads one file over COUNT connections at that pace."""

from __future__ import annotations

import asyncio
import sys
import time

import aiohttp

CHUNK_BYTES = 256_000


async def watch(session: aiohttp.ClientSession, url: str, bytes_per_s: float, start_byte: int) -> None:
    """Read a file from `start_byte` to its end at a viewer's pace, and over again."""
    while True:
        async with session.get(url, headers={"Range": f"bytes={start_byte}-"}) as answer:
            answer.raise_for_status()
            began, seen = time.perf_counter(), 0
            async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                seen += len(chunk)
                await asyncio.sleep(max(0.0, began + seen / bytes_per_s - time.perf_counter()))


async def main(url: str, count: int, bytes_per_s: float) -> None:
    """Watch until killed."""
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as viewers:
        for n in range(count):
            viewers.create_task(watch(session, url, bytes_per_s, n * 1_000_000))
        print("watching", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
