from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.bootstrap import Hub
from hub.cli.main import marquee
from hub.config import LibrarySettings, Settings
from hub.errors import Conflict
from hub.library.types import VideoQuery
from hub.paths import Paths
from tests.media import make_clip

pytestmark = pytest.mark.integration


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(marquee, ["--data", str(data), *arguments], prog_name="marquee")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.mark.expect_errors("something unexpected happened")
def test_a_defect_is_a_sentence_on_the_screen_and_a_traceback_in_the_log(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_hub: Hub) -> None:
        raise RuntimeError("a wheel came off")

    monkeypatch.setattr(Hub, "start", fail)
    done = run(data, "jobs", "list")
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert done.stdout == ""
    assert str(data / "logs" / "marquee.log") in done.stderr
    assert "Traceback" not in done.stderr
    assert "RuntimeError: a wheel came off" in (data / "logs" / "marquee.log").read_text()


def test_an_error_for_people_is_one_sentence(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_hub: Hub) -> None:
        raise Conflict("It does not fit.")

    monkeypatch.setattr(Hub, "start", fail)
    done = run(data, "jobs", "list")
    assert (done.exit_code, done.stderr) == (1, "marquee: It does not fit.\n")


def test_removed_videos_are_listed_and_come_back(data: Path, tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    make_clip(films / "A film.mp4")
    assert run(data, "add", str(films)).exit_code == 0
    video_id = asyncio.run(_remove_all(data))
    listed = json.loads(run(data, "removed", "list", "--json").stdout)["items"]
    assert [(one["id"], one["title"]) for one in listed] == [(video_id, "A film")]
    assert "A film" in run(data, "removed").stdout
    restored = run(data, "removed", "restore", video_id)
    assert (restored.exit_code, restored.stdout) == (0, "A film is in the library again.\n")
    assert json.loads(run(data, "removed", "list", "--json").stdout) == {"items": []}
    unknown = run(data, "removed", "restore", "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert (unknown.exit_code, unknown.stderr) == (1, "marquee: There is no video with this id.\n")


async def _remove_all(data: Path) -> str:
    hub = Hub(Settings(library=LibrarySettings(watch=False)), Paths(data))
    await hub.start()
    viewer = await hub.accounts.local_viewer()
    [video_id] = await hub.library.video_ids(viewer, VideoQuery())
    await hub.library.delete_video(viewer, video_id)
    await hub.close()
    return video_id


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--data", "", "config", "show"], "'--data'"),
        (["--data=", "config", "show"], "'--data'"),
        (["add", ""], "'FOLDER...'"),
        (["scan", ""], "'[FOLDER]'"),
    ],
)
def test_an_empty_name_is_not_the_current_directory(
    data: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], named: str
) -> None:
    monkeypatch.setenv("MARQUEE_DATA", str(data))
    done = CliRunner().invoke(marquee, arguments, prog_name="marquee")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{named}: a folder's name cannot be empty" in done.stderr
    assert not data.exists()


def test_a_command_with_a_hub_of_its_own_writes_the_log_and_ends_it(data: Path) -> None:
    before = list(logging.getLogger().handlers)
    done = run(data, "jobs", "list", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == {"items": []}
    assert done.stderr == ""
    assert "the hub on" in (data / "logs" / "marquee.log").read_text()
    assert logging.getLogger().handlers == before


def test_the_scan_of_a_folder_that_is_gone_fails_and_says_so_once(data: Path, tmp_path: Path) -> None:
    films, clips = tmp_path / "films", tmp_path / "clips"
    for folder in (films, clips):
        folder.mkdir()
        (folder / "bad.mp4").write_bytes(b"no film")
    assert run(data, "add", str(films), str(clips)).exit_code == 0
    films.rename(tmp_path / "away")
    sentence = (
        f"marquee: {films}: This folder is not there. If it is on a removable or network disk, connect it."
    )
    one = run(data, "scan", str(films))
    assert (one.exit_code, one.stderr.splitlines()) == (1, [sentence])
    assert "1 with problems" in one.stdout
    both = run(data, "scan")
    assert (both.exit_code, both.stderr.splitlines()[-1]) == (1, sentence)
    assert f"{clips}/bad.mp4" in both.stderr
    assert f"{films}/bad.mp4" not in both.stderr
    assert "2 with problems" in both.stdout
