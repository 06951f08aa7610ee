"""`marquee transcode` as it is run, by itself and over a hub that is killed meanwhile."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.media import make_clip
from tests.process import Serving, environment, marquee, run_marquee

pytestmark = pytest.mark.integration


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a library of one film."""
    films = tmp_path / "films"
    films.mkdir()
    make_clip(films / "A film.mp4", seconds=40.0, size=(320, 240))
    added = run_marquee("add", films, data=tmp_path / "data")
    assert added.returncode == 0, added.stderr
    return tmp_path / "data"


def segments(data: Path) -> dict[Path, int]:
    """Inodes: one that is written anew has another. Times of files are no sign, they tell of the last use."""
    return {path: path.stat().st_ino for path in (data / "segments").glob("*/*/*.m4s")}


def wait_until(is_so: Callable[[], bool], timeout_s: float = 40) -> None:
    give_up_at = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


def test_wrong_usage_is_said(tmp_path: Path) -> None:
    for arguments in ((), ("ID", "--all")):
        done = run_marquee("transcode", *arguments, data=tmp_path / "data")
        assert done.returncode == 2
        assert "Give the ids of videos, or --all." in done.stderr


@pytest.mark.timeout(180)
def test_a_killed_hub_goes_on_with_what_is_missing(data: Path) -> None:
    with Serving(data) as serving:
        asked = subprocess.Popen(
            marquee("transcode", "--all", data=data),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: len(segments(data)) >= 26)  # 20 of sound, and some pictures
        workers = psutil.Process(serving.process.pid).children(recursive=True)
        serving.kill()
        assert asked.wait(30) == 3  # the hub no longer answers
        before = segments(data)
        psutil.wait_procs(workers, timeout=5)
        assert [worker for worker in workers if worker.is_running()] == []
        assert len(before) < 60

        serving.start()
        done = run_marquee("transcode", "--all", data=data)
        assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "1 video is ready in all qualities.")

    after = segments(data)
    assert len(after) == 60
    assert {path: at for path, at in after.items() if path in before} == before
    listed = json.loads(run_marquee("jobs", "--json", data=data).stdout)["items"]
    jobs = [
        (job["state"], job["done_units"], job["total_units"]) for job in listed if job["kind"] == "renditions"
    ]
    assert set(jobs) == {("done", 60, 60)}


@pytest.mark.timeout(120)
def test_an_unknown_video_is_said(data: Path) -> None:
    unknown = "01J8Z3V6Q0AAAAAAAAAAAAAAAA"
    done = run_marquee("transcode", unknown, data=data)
    assert (done.returncode, done.stderr) == (1, "marquee: There is no video with this id.\n")
