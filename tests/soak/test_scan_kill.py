"""Pulling the plug on a scan: whatever the moment, the next finishes it, with nothing lost, doubled or half-written."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from hub.media.fingerprint import fingerprint
from hub.media.types import Probe
from tests.media import unique_clip_bytes
from tests.process import environment, marquee, run_marquee

pytestmark = pytest.mark.integration

PER_DIR = 50


def fill(root: Path, start: int, end: int) -> None:
    """Distinct playable files with these numbers, in directories of 50."""
    for n in range(start, end):
        directory = root / f"{n // PER_DIR:03d}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"clip {n:05d}.mp4").write_bytes(unique_clip_bytes(n))


def shuffle_some(root: Path, chance: random.Random) -> None:
    """What people do meanwhile: a few files are renamed, a few moved to another directory, two are swapped."""
    files = sorted(root.rglob("*.mp4"))
    for path in chance.sample(files, 4):
        path.rename(path.with_name(f"renamed {chance.randrange(10**9)}.mp4"))
    files = sorted(root.rglob("*.mp4"))
    for path in chance.sample(files, 4):
        path.rename(chance.choice(files).parent / f"moved {chance.randrange(10**9)}.mp4")
    one, two = chance.sample(sorted(root.rglob("*.mp4")), 2)
    between = root / "between.part"
    one.rename(between)
    two.rename(one)
    between.rename(two)


def run_and_kill(*arguments: str | Path, data: Path, after_s: float) -> float | None:
    """Run a command and kill it after so many seconds; None, or the seconds it took when it was quicker."""
    began = time.monotonic()
    with subprocess.Popen(
        marquee(*arguments, data=data),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
    ) as process:
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return None
    return time.monotonic() - began


def known(data: Path) -> dict[str, str]:
    """Video by content, as far as the scans have come."""
    with closing(sqlite3.connect(data / "marquee.db")) as database:
        return dict(database.execute("SELECT fingerprint, video_id FROM files"))


def check(data: Path, root: Path, seen: dict[str, str]) -> None:
    """One row and one video for every file, nothing else, nothing half-written, and nobody changed identity."""
    on_disk = {
        os.fsencode(path.relative_to(root)): fingerprint(os.fsencode(path))
        for path in sorted(root.rglob("*.mp4"))
    }
    with closing(sqlite3.connect(data / "marquee.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = database.execute(
            "SELECT dir, name, fingerprint, video_id, missing_since, probe FROM files"
        ).fetchall()
        videos = {video_id for (video_id,) in database.execute("SELECT id FROM videos")}
        assert database.execute("SELECT count(*) FROM rejected_files").fetchone() == (0,)
        jobs = "SELECT state FROM jobs WHERE kind = 'scan' AND state != 'done'"
        assert database.execute(jobs).fetchall() == []
    found = {b"/".join(filter(None, (directory, name))): content for directory, name, content, *_ in rows}
    assert found == on_disk
    assert len(rows) == len(on_disk), "no file twice"
    assert {row[3] for row in rows} == videos
    assert len(videos) == len(rows), "one file a video"
    assert all(row[4] is None for row in rows), "nothing is missing"
    for row in rows:
        msgspec.json.decode(row[5], type=Probe)
    ids = {row[2]: row[3] for row in rows}
    assert {content: ids[content] for content in seen} == seen


def kill_again_and_again(
    base: Path, files: int, kills: int, longest_s: float, seed: int
) -> dict[str, object]:
    """Kill scans at random moments, while files come and go; half of them are there from the start. Returns figures."""
    chance = random.Random(seed)
    root, data = base / "library", base / "data"
    root.mkdir()
    assert run_marquee("add", root, data=data).returncode == 0
    there = files // 2
    fill(root, 0, there)
    killed = 0
    left_over: list[int] = []
    seen: dict[str, str] = {}
    for _ in range(5 * kills):
        if killed == kills:
            break
        more = min(files, there + files // 2 // kills + 1)
        fill(root, there, more)
        there = more
        shuffle_some(root, chance)
        took_s = run_and_kill("scan", data=data, after_s=chance.uniform(0.3, longest_s))
        if took_s is None:
            killed += 1
        else:
            longest_s = took_s  # later moments would hit nothing
        now = known(data)
        assert {content: now.get(content) for content in seen} == seen
        seen = now
        left_over.append(there - len(seen))
    assert killed == kills, "the scans were quicker than the kills: nothing was tested"
    fill(root, there, files)
    began = time.monotonic()
    done = run_marquee("scan", data=data, timeout_s=600)
    assert done.returncode == 0, done.stderr
    check(data, root, seen)
    return {
        "kills": killed,
        "not yet known at each": left_over,
        "last scan": f"{time.monotonic() - began:.1f} s",
    }


def test_killed_scans_are_finished_by_the_next(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, files=300, kills=3, longest_s=2.0, seed=random.randrange(2**32))


@pytest.mark.soak
def test_a_scan_of_5000_files_survives_20_kills(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = random.randrange(2**32)
    figures = kill_again_and_again(tmp_path, files=5_000, kills=20, longest_s=4.0, seed=seed)
    with capsys.disabled():
        print(f"\n5,000 files, seed {seed}: {figures}")
