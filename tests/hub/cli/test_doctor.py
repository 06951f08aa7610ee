from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli import checks
from hub.cli.findings import Finding, Installation, State
from hub.cli.main import marquee
from hub.config import DatabaseSettings, Settings, StreamingSettings
from hub.db.engine import open_engine
from hub.db.repositories.folders import add_folder
from hub.media.errors import WorkerFailed
from hub.media.stream.types import HardwareEncoder, Trial
from hub.paths import Paths
from tests.process import Serving

FILM_PIXELS_PER_S = 1920 * 1080 * 25 * 1.2
"""Of a film of 1080 lines converted to as many: what `slots` reckons for encoding and decoding."""


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(marquee, ["--data", str(data), "doctor", *arguments], prog_name="marquee")


def installation(data: Path, **settings: Any) -> Installation:
    return Installation(paths=Paths(data), settings=Settings(**settings), running=None)


@pytest.fixture
def data(tmp_path: Path, sqlite_template: Path) -> Path:
    """A data folder as a first start leaves it."""
    paths = Paths(tmp_path / "data")
    paths.create()
    paths.database_file.write_bytes(sqlite_template.read_bytes())
    return paths.root


@pytest.fixture
def quick_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what is around it: real trials are in test_trial.py and at the end of this file."""

    async def trial() -> Trial:
        return Trial(pixels_per_s=2.5 * FILM_PIXELS_PER_S, hardware=())

    monkeypatch.setattr(checks, "_trial", trial)


def only(findings: Iterator[Finding]) -> Finding:
    [found] = findings
    return found


def by_name(result: Result) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in json.loads(result.stdout)["checks"]}


# --- data folder ---


def test_a_data_folder_that_is_there_is_well(data: Path) -> None:
    found = only(checks.data_folder(installation(data)))
    assert (found.state, found.name) == (State.OK, "Data folder")
    assert float(found.figures["free_bytes"] or 0) > 0


def test_a_data_folder_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    found = only(checks.data_folder(installation(tmp_path / "a" / "b")))
    assert found.state is State.NOTE
    assert "the first start makes it" in found.text
    assert not (tmp_path / "a").exists()


def test_a_file_in_the_way_of_the_data_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = only(checks.data_folder(installation(tmp_path / "file" / "data")))
    assert found.state is State.FAILED
    assert str(tmp_path / "file") in found.text
    assert "--data" in str(found.advice)


def test_a_data_folder_that_cannot_be_written_fails(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As the system answers somebody who may not write there; these tests may run as root, whom nothing is refused.
    monkeypatch.setattr(os, "access", lambda _path, mode: not mode & os.W_OK)
    found = only(checks.data_folder(installation(data)))
    assert found.state is State.FAILED
    assert "may not write" in found.text


# --- database and folders ---


def test_a_sound_database_without_folders(data: Path) -> None:
    database, folders = checks.database(installation(data))
    assert database.state is State.OK
    assert folders.state is State.NOTE
    assert "marquee add" in folders.text


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.db"
    what = installation(tmp_path, database=DatabaseSettings(url=f"sqlite:///{target}"))
    assert only(checks.database(what)).state is State.NOTE
    assert not target.exists()


def test_a_damaged_database_says_which_backup_there_is(data: Path) -> None:
    file = data / "marquee.db"
    content = bytearray(file.read_bytes())
    content[8192:20480] = os.urandom(12288)
    file.write_bytes(content)
    backup = data / "backups" / "marquee-20260101T000000000000Z-schema-0001.db"
    backup.touch()
    found = next(checks.database(installation(data)))
    assert found.state is State.FAILED
    assert str(backup) in str(found.advice)


def test_a_file_that_is_no_database_fails(data: Path) -> None:
    (data / "marquee.db").write_bytes(b"Dear diary, " * 1000)
    found = only(checks.database(installation(data)))
    assert found.state is State.FAILED
    assert "not a database" in found.text
    assert "There is no backup" in str(found.advice)


def test_a_database_of_a_newer_program_is_told(data: Path) -> None:
    with sqlite3.connect(data / "marquee.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    found = only(checks.database(installation(data)))
    assert found.state is State.FAILED
    assert "9999" in found.text
    assert "Update Marquee" in str(found.advice)


def test_a_library_folder_that_is_gone_is_named(data: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    engine = open_engine(f"sqlite:///{data / 'marquee.db'}")
    with engine.begin() as connection:
        for folder in (here, tmp_path / "gone"):
            add_folder(connection, os.fsencode(folder), datetime.now(UTC))
    engine.dispose()
    _, found = checks.database(installation(data))
    assert found.state is State.FAILED
    assert str(tmp_path / "gone") in found.text
    assert str(here) not in found.text
    (tmp_path / "gone").mkdir()
    _, found = checks.database(installation(data))
    assert (found.state, found.figures) == (State.OK, {"folders": 2})


# --- workers, encoders, cache ---


def test_what_a_trial_found_is_told_in_films(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def trial() -> Trial:
        works = HardwareEncoder(name="h264_vaapi")
        misses = HardwareEncoder(name="h264_nvenc", problem="It cannot be opened: no card.")
        return Trial(pixels_per_s=2.5 * FILM_PIXELS_PER_S, hardware=(works, misses))

    monkeypatch.setattr(checks, "_trial", trial)
    what = installation(data, streaming=StreamingSettings(conversions=3))
    workers, software, works, misses = checks.media_workers(what)
    assert workers.state is State.OK
    assert software.figures["conversions_1080p"] == 2
    assert software.figures["conversions_720p"] == 4
    assert "2 at once to 1080p, or 4 at once to 720p" in software.text
    assert "allows 3" in software.text
    assert (works.state, misses.state) == (State.OK, State.NOTE)
    assert misses.text == "It cannot be opened: no card."


def test_workers_that_do_not_start_fail(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def trial() -> Trial:
        raise WorkerFailed("The media worker cannot be started: no such file.")

    monkeypatch.setattr(checks, "_trial", trial)
    found = only(checks.media_workers(installation(data)))
    assert (found.state, found.text) == (State.FAILED, "The media worker cannot be started: no such file.")
    assert found.advice


def test_the_cache_is_measured_and_left_as_it_is(data: Path) -> None:
    for rendition, name, size_bytes in (
        ("v720-h264", "0.m4s", 3000),
        ("v720-h264", "init.mp4", 500),
        ("v720-h264", ".1.m4s.77-0.part", 9000),
        ("v480-h264", "0.m4s", 2000),
        ("v480-h264", "premade", 0),
    ):
        folder = data / "segments" / "abc" / rendition
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(bytes(size_bytes))
    found = only(
        checks.streaming_cache(installation(data, streaming=StreamingSettings(cache_bytes=2_000_000_000)))
    )
    assert found.state is State.OK
    assert found.figures == {"used_bytes": 3000, "limit_bytes": 2_000_000_000, "premade_bytes": 2000}
    assert (data / "segments" / "abc" / "v720-h264" / ".1.m4s.77-0.part").exists()


# --- the command ---


@pytest.mark.usefixtures("quick_trial")
def test_failures_say_what_to_do_and_end_with_1(data: Path) -> None:
    (data / "config.toml").write_text("[server]\nprot = 1\n")
    (data / "marquee.db").write_bytes(b"no database at all" * 100)
    result = run(data, "--json")
    told = run(data)
    assert (result.exit_code, told.exit_code) == (1, 1)
    assert json.loads(result.stdout)["ok"] is False
    found = by_name(result)
    assert "server.prot" in found["Settings"]["text"]
    assert found["Database"]["state"] == "failed"
    assert all(check.get("advice") for check in found.values() if check["state"] == "failed")
    assert "FAILED  Database: " in told.stdout
    assert f"        → {found['Database']['advice']}" in told.stdout


@pytest.mark.integration
def test_a_port_that_others_use_fails(data: Path, quick_trial: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("MARQUEE_SERVER__HOST", "127.0.0.1")
        monkeypatch.setenv("MARQUEE_SERVER__PORT", str(port))
        found = by_name(run(data, "--json"))["Port"]
        assert found["state"] == "failed"
        assert str(port) in found["text"]
        assert "--port" in found["advice"]
    assert by_name(run(data, "--json"))["Port"]["state"] == "ok"


@pytest.mark.integration
def test_a_new_folder_is_looked_at_and_nothing_is_made(tmp_path: Path) -> None:
    result = run(tmp_path / "data", "--json")
    found = by_name(result)
    assert found["Media workers"]["state"] == "ok"
    assert found["Encoder libx264"]["figures"]["pixels_per_s"] > 1e6
    assert all(found[f"Encoder {name}"]["text"] for name in ("h264_nvenc", "h264_qsv", "h264_vaapi"))
    assert {"Web client", "Port", "libvlc"} <= found.keys()
    assert not (tmp_path / "data").exists()


@pytest.mark.integration
def test_a_running_hub_goes_on_and_owns_its_port(
    tmp_path: Path, quick_trial: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Serving(tmp_path / "data") as hub:
        monkeypatch.setenv("MARQUEE_SERVER__PORT", hub.url.rpartition(":")[2].rstrip("/"))
        found = by_name(run(tmp_path / "data", "--json"))
        assert "process" in found["Marquee"]["text"]
        assert "used by the Marquee that runs" in found["Port"]["text"]
        assert found["Database"]["state"] == "ok"
        assert hub.call("GET", "/healthz") is not None
