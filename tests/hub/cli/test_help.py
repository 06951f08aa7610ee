from __future__ import annotations

import shlex
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from hub.cli.main import marquee


def commands(group: click.Group = marquee, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command there is, with the words that call it."""
    yield path, group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), command


ALL = dict(commands())


def help_of(path: tuple[str, ...]) -> str:
    done = CliRunner().invoke(marquee, [*path, "--help"], prog_name="marquee")
    assert done.exit_code == 0
    return done.stdout


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_fits_a_terminal_and_explains_every_option(path: tuple[str, ...]) -> None:
    text = help_of(path)
    assert max(map(len, text.splitlines())) <= 80
    unexplained = [one.name for one in ALL[path].params if isinstance(one, click.Option) and not one.help]
    assert unexplained == []


@pytest.mark.parametrize("path", [path for path in ALL if isinstance(ALL[path], click.Group)], ids=" ".join)
def test_lists_of_commands_say_a_whole_sentence_of_each(path: tuple[str, ...]) -> None:
    _, _, listed = help_of(path).partition("\nCommands:\n")
    assert listed
    assert "..." not in listed


def test_the_examples_are_commands_that_exist() -> None:
    examples = [
        line.strip().partition("   ")[0]
        for path in ALL
        for line in help_of(path).splitlines()
        if line.startswith("  ") and line.strip().startswith("marquee ")
    ]
    assert len(examples) > 10
    for example in examples:
        _, *words = shlex.split(example)
        if words[0] == "--data":
            del words[:2]
        depth = max(depth for depth in (1, 2) if tuple(words[:depth]) in ALL and len(words) >= depth)
        command = ALL[tuple(words[:depth])]
        if "--help" not in words:
            # Parsing alone: usage errors are raised here.
            command.make_context(words[depth - 1], words[depth:])


def test_the_exit_codes_are_in_the_help() -> None:
    text = help_of(())
    for code in ("0 ", "1 ", "2 ", "3 ", "141 "):
        assert f"\n    {code}" in text


def test_the_short_form_of_help_is_known_everywhere() -> None:
    for path in ALL:
        done = CliRunner().invoke(marquee, [*path, "-h"], prog_name="marquee")
        assert (done.exit_code, done.stdout) == (0, help_of(path))
