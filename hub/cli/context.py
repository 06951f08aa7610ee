"""What every command knows: the data folder, and the settings that apply there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from hub.config import LoadedSettings, Settings, load_settings
from hub.paths import Paths


def sibling(ctx: click.Context, name: str) -> click.Command | None:
    """The `marquee` command called `name`, for a command that ends in it; None where no layer brings it."""
    parent = ctx.parent
    if parent is None or not isinstance(parent.command, click.Group):
        return None
    return parent.command.get_command(parent, name)


def serving_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--host` and `--port` of the commands that serve: settings, so read and refused as settings are."""
    host = click.option(
        "--host", metavar="ADDRESS", help="Address to listen on.  [default: the setting server.host]"
    )
    port = click.option(
        "--port",
        metavar="NUMBER",
        help="Port to listen on, 0 for a free one.  [default: the setting server.port]",
    )
    return host(port(command))


class FolderName(click.Path):
    """A folder named on the command line. The empty name is refused.

    It comes from a script's variable that is not set (`--data "$DIR"`), and as a path it would be the current
    directory: a hub would be made, or found, where nobody meant one. The platform's own folder would be no better:
    whoever writes the option means another. An empty MARQUEE_DATA counts as unset all the same, as is the custom.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The name as it is. BadParameter, which names the option, when it is empty."""
        if value == "":
            self.fail("a folder's name cannot be empty (the current directory is '.').", param, ctx)
        return super().convert(value, param, ctx)


class ListingGroup(click.Group):
    """A group that lists when no command is named: `marquee jobs --json` is `marquee jobs list --json`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Name the command `list` where options come first or nothing does; but a group's --help is its own."""
        own = {name for option in self.get_params(ctx) for name in option.opts}
        if not ctx.resilient_parsing and (not args or (args[0].startswith("-") and args[0] not in own)):
            args = ["list", *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options of the list, the group's own, and then the commands."""
        options = (*self.commands["list"].params, *self.get_params(ctx))
        with formatter.section("Options"):
            formatter.write_dl(
                [record for one in options if (record := one.get_help_record(ctx)) is not None]
            )
        self.format_commands(ctx, formatter)


class CliContext:
    """click's `ctx.obj`."""

    def __init__(self, data_folder: Path) -> None:
        self.paths = Paths(data_folder)
        self._options: dict[str, Any] = {}
        self._opened = ExitStack()
        self._logs = False

    def override(self, options: Mapping[str, Any]) -> None:
        """Let options of the command line outweigh file and environment; those that are None do not count.

        Before `settings` is first read.
        """
        self._options |= {key: value for key, value in options.items() if value is not None}

    def start_logging(self) -> None:
        """Write this process's log from now on, until `close`; the data folder must be there. Again is harmless."""
        if not self._logs:
            # Imported here: a command that only asks a running hub has nothing to log.
            from hub.runtime.logs import set_up_logging

            self._logs = True
            self._opened.callback(set_up_logging(self.paths))

    def close(self) -> None:
        """End what was started here."""
        self._opened.close()

    @cached_property
    def loaded(self) -> LoadedSettings:
        """The effective settings with their origins. ConfigError."""
        return load_settings(self.paths.config_file, options=self._options)

    @property
    def settings(self) -> Settings:
        """The effective settings. ConfigError."""
        return self.loaded.values
