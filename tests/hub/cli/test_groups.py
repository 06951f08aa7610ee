from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli.main import marquee


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(marquee, ["--data", str(data), *arguments], prog_name="marquee")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.mark.parametrize("group", ["jobs", "removed"])
def test_a_group_that_lists_takes_the_options_of_its_list(data: Path, group: str) -> None:
    assert json.loads(run(data, group, "--json").stdout) == {"items": []}
    assert run(data, group).stdout == run(data, group, "list").stdout != ""
    help_text = run(data, group, "--help").stdout
    assert f"Usage: marquee {group} [OPTIONS] [COMMAND]" in help_text
    assert "--json" in help_text


def test_options_before_a_named_command_are_not_dropped(data: Path) -> None:
    done = run(data, "jobs", "--json", "show", "nothing")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "unexpected extra arguments (show nothing)" in done.stderr


def test_a_command_that_does_not_exist_is_still_one(data: Path) -> None:
    done = run(data, "jobs", "shwo")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "No such command 'shwo'" in done.stderr
