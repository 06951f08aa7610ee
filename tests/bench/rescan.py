"""A rescan of 100,000 unchanged files against what `find` with `-printf` needs for the same tree."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
import time
from pathlib import Path

from hub.bootstrap import Hub
from hub.config import LibrarySettings, Settings
from hub.db.engine import open_engine
from hub.db.upgrade import upgrade_database
from hub.jobs.types import JobState
from hub.paths import Paths
from tests.bench.figures import abab, print_limit, print_pair
from tests.bench.trees import insert_tree, make_tree

FILES = 100_000
ROUNDS = 5
ALLOWANCE_S = 2.0
ALLOWED_RATIO = 1.5


def run() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="marquee-bench-") as name:
        tree, paths = Path(name) / "tree", Paths(Path(name) / "data")
        make_tree(tree, FILES)
        paths.create()
        engine = open_engine(f"sqlite:///{paths.database_file}")
        upgrade_database(engine, paths.backups)
        with engine.execution_options(writes=True).begin() as connection:
            insert_tree(connection, tree)
        engine.dispose()
        with asyncio.Runner() as runner:
            hub = Hub(Settings(library=LibrarySettings(watch=False)), paths)
            runner.run(hub.start())
            ours, theirs = abab(lambda: runner.run(_scan(hub)), lambda: _find(tree), ROUNDS)
            runner.run(hub.close())
    print_pair(f"rescan of {FILES:,} unchanged files", "s", ours, theirs, "find", "see the next line")
    margins = [mine - (ALLOWED_RATIO * other + ALLOWANCE_S) for mine, other in zip(ours, theirs, strict=True)]
    print_limit("rescan minus (1.5 x find + 2 s), pair by pair", "s", margins, "<= 0 s")


async def _scan(hub: Hub) -> float:
    began = time.perf_counter()
    job = await hub.jobs.wait((await hub.scans.request()).id)
    took_s = time.perf_counter() - began
    assert job.state is JobState.DONE, job.error
    assert job.detail["files_unchanged"] == FILES, job.detail
    return took_s


def _find(tree: Path) -> float:
    began = time.perf_counter()
    subprocess.run(["find", tree, "-printf", "%s %T@ %p\\n"], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began
