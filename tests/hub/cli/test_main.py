from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.bootstrap import Hub
from hub.cli.main import marquee
from hub.errors import Conflict


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


def test_a_command_with_a_hub_of_its_own_writes_the_log_and_ends_it(data: Path) -> None:
    before = list(logging.getLogger().handlers)
    done = run(data, "jobs", "list", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == {"items": []}
    assert done.stderr == ""
    assert "the hub on" in (data / "logs" / "marquee.log").read_text()
    assert logging.getLogger().handlers == before
