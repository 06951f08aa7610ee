from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.process import environment, marquee, run_marquee

pytestmark = pytest.mark.integration


def run_into_closed_pipe(*arguments: str, data: Path, both: bool = False) -> tuple[int, bytes]:
    """Exit code and stderr of a command whose stdout, or both streams, nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            marquee(*arguments, data=data),
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=writer if both else subprocess.PIPE,
            env=environment(),
            timeout=60,
            check=False,
        )
    finally:
        os.close(writer)
    return done.returncode, done.stderr or b""


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("jobs",),
        ("jobs", "list", "--json"),
        ("user", "list"),
        ("config", "show"),
        ("--version",),
    ],
    ids=" ".join,
)
def test_a_reader_that_went_away_ends_a_command_quietly(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    data = tmp_path / "data"
    assert run_into_closed_pipe(*arguments, data=data) == (141, b"")
    log = data / "logs" / "marquee.log"
    assert not log.exists() or "ERROR" not in log.read_text()


def test_a_server_nobody_waits_for_any_more_ends_quietly_and_frees_the_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    code, errors = run_into_closed_pipe("serve", "--host", "127.0.0.1", "--port", "0", data=data)
    assert code == 141
    assert b"Traceback" not in errors
    assert not (data / "instance.json").exists()
    assert "ERROR" not in (data / "logs" / "marquee.log").read_text()


def test_messages_nobody_reads_leave_the_work_and_its_exit_code_as_they_are(tmp_path: Path) -> None:
    assert run_into_closed_pipe("jobs", data=tmp_path / "data", both=True) == (141, b"")
    assert run_into_closed_pipe("jobs", "show", "nothing", data=tmp_path / "data", both=True) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
@pytest.mark.parametrize(
    "arguments", [("--help",), ("user", "list", "--json"), ("config", "show")], ids=" ".join
)
def test_a_full_disk_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            marquee(*arguments, data=tmp_path / "data"),
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            timeout=60,
            check=False,
        )
    assert done.stderr == "marquee: The output cannot be written: No space left on device.\n"
    assert done.returncode == 1


def test_bytes_that_are_no_text_are_shown_replaced(tmp_path: Path) -> None:
    done = run_marquee("config", "show", data=tmp_path / os.fsdecode(b"d\xffta"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "d?ta" in done.stdout
