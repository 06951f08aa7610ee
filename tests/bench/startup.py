"""A second start: seconds to the ready line, and resident memory when idle, of `marquee serve`."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import psutil

from tests.bench.figures import print_limit
from tests.process import Serving

STARTS = 7
IDLE_S = 8


def run() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="marquee-bench-") as folder:
        data = Path(folder) / "data"
        with Serving(data):
            pass
        seconds: list[float] = []
        megabytes: list[float] = []
        for _ in range(STARTS):
            with Serving(data) as hub:
                seconds.append(hub.ready_after_s)
                if len(megabytes) < 3:
                    time.sleep(
                        IDLE_S
                    )  # what the start needed and the idle hub does not must have had time to go
                    process = psutil.Process(hub.process.pid)
                    family = [process, *process.children(recursive=True)]
                    megabytes.append(sum(one.memory_info().rss for one in family) / 1e6)
        print_limit("second start, headless, to the ready line", "s", seconds, "<= 1.5 s")
        print_limit(f"resident memory after {IDLE_S} s idle, children included", "MB", megabytes, "<= 200 MB")
