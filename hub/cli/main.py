"""The `marquee` command.

Commands of the core live in this package; those that need a server or a window (`serve`, `desktop`) are found through
the entry-point group `marquee.commands`, so that the core imports neither. The exit codes are in the help of `marquee`.
"""

from __future__ import annotations

import importlib
import logging
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from hub import __version__
from hub.cli.context import CliContext, FolderName
from hub.cli.output import OutputError, guard_streams
from hub.errors import ConfigError, DataFolderError, HubError, InvalidInput
from hub.paths import default_data_folder
from hub.runtime.private import make_files_private

log = logging.getLogger(__name__)

PLUGIN_GROUP = "marquee.commands"

_READER_GONE = 141
"""What shells show for a program that SIGPIPE ended (128 + 13): nobody wants the rest, and nothing went wrong."""

_OWN_COMMANDS = {
    "add": "hub.cli.scan:add",
    "scan": "hub.cli.scan:scan",
    "transcode": "hub.cli.transcode:transcode",
    "demo": "hub.cli.demo:demo",
    "play": "hub.cli.play:play",
    "jobs": "hub.cli.jobs:jobs",
    "removed": "hub.cli.removed:removed",
    "user": "hub.cli.users:user",
    "config": "hub.cli.config:config",
    "doctor": "hub.cli.doctor:doctor",
}


class MarqueeGroup(click.Group):
    """Loads a command's module only when it is used, and turns errors into one sentence and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Own commands and those of the plugins."""
        return sorted({*_OWN_COMMANDS, *(plugin.name for plugin in entry_points(group=PLUGIN_GROUP))})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command called `name`, imported now."""
        if (place := _OWN_COMMANDS.get(name)) is not None:
            module, _, attribute = place.partition(":")
            command: click.Command = getattr(importlib.import_module(module), attribute)
            return command
        for plugin in entry_points(group=PLUGIN_GROUP, name=name):
            loaded: click.Command = plugin.load()
            return loaded
        return None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a `HubError` ends the program with its sentence."""
        try:
            return super().invoke(ctx)
        except HubError as error:
            click.echo(f"marquee: {error.message}", err=True)
            ctx.exit(exit_code(error))
        except (click.ClickException, click.exceptions.Exit, click.Abort, OutputError):
            raise
        except Exception:  # a defect: the traceback is for the log, the sentence for the screen
            context: CliContext = ctx.obj
            if context.paths.logs.is_dir():
                context.start_logging()
            log.exception("something unexpected happened; %s says more", context.paths.log_file)
            ctx.exit(1)


def exit_code(error: HubError) -> int:
    """The documented exit code for an error."""
    if isinstance(error, DataFolderError):
        return 3
    return 2 if isinstance(error, ConfigError | InvalidInput) else 1


@click.group(
    cls=MarqueeGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--data",
    metavar="FOLDER",
    type=FolderName(path_type=Path),
    help="Where the database and settings are kept.  [default: MARQUEE_DATA, or else the platform's place for "
    "application data; `marquee config show` names it]",
)
@click.version_option(__version__, prog_name="marquee")
@click.pass_context
def marquee(ctx: click.Context, data: Path | None) -> None:
    """Your own media hub: a library of the videos on this computer, to watch here
    or on any device in the house. Without a command it opens the window.

    \b
    Examples:
      marquee add ~/Videos        put a folder into the library
      marquee serve               let browsers in the house watch
      marquee jobs --active       see what is being done
      marquee serve --help        read more about a command

    \b
    Exit codes:
      0    done
      1    it failed; the message says why
      2    wrong usage, or a setting or value that cannot be used
      3    the data folder is in use or cannot be used
      141  whoever read the output went away first
    """
    ctx.obj = CliContext((data or default_data_folder()).expanduser().absolute())
    ctx.call_on_close(ctx.obj.close)
    if ctx.invoked_subcommand is None:
        desktop = marquee.get_command(ctx, "desktop")
        if desktop is None:
            raise click.UsageError("This installation has no window. Run: marquee serve")
        ctx.invoke(desktop)


def main() -> None:
    """Entry point of the console script."""
    make_files_private()
    guard_streams()
    try:
        marquee(prog_name="marquee")
    except OutputError as error:
        if error.reader_gone:
            sys.exit(_READER_GONE)
        click.echo(f"marquee: The output cannot be written: {error}.", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
