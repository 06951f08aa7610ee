"""`marquee desktop`, which is also what `marquee` without a command does. Qt is imported only once it is needed."""

from __future__ import annotations

import os
import sys

import click

from hub.cli.access import running_instance
from hub.cli.context import CliContext


@click.command(short_help="Open the window.")
@click.argument("target", required=False, metavar="[ID|PATH]")
@click.pass_context
def desktop(ctx: click.Context, target: str | None) -> None:
    """Open the window, perhaps playing a video of the library or a file at once."""
    context: CliContext = ctx.obj
    settings = context.settings
    if not has_display():
        click.echo(
            "marquee: there is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set). "
            "To watch from other devices, run: marquee serve",
            err=True,
        )
        ctx.exit(2)
    context.paths.create()
    if (running := running_instance(context)) is not None:
        from gui.handover import raise_running

        ctx.exit(raise_running(running, target))
    context.start_logging()
    from gui.bootstrap import run

    code = run(settings, context.paths, target)
    from gui.player import vlc_loader

    if vlc_loader.is_under_way():
        # Everything else has ended, and a slow disk is no reason to stay: the interpreter would wait for that thread.
        context.close()
        sys.stdout.flush()
        os._exit(code)
    ctx.exit(code)


def has_display() -> bool:
    """Whether a window can be shown: a display server, or a Qt platform somebody chose."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"))
