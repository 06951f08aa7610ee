"""`marquee play`: a video in the window."""

from __future__ import annotations

import click

from hub.cli.context import CliContext, sibling


@click.command(short_help="Play a video in the window.")
@click.argument("target", metavar="ID|PATH")
@click.pass_context
def play(ctx: click.Context, target: str) -> None:
    """Play a video of the library, by its id or its file, in the window.

    \b
    Example:
      marquee play ~/Videos/holiday.mp4
    """
    context: CliContext = ctx.obj
    desktop = sibling(ctx, "desktop")
    if desktop is None:
        raise click.UsageError("This installation has no window.")
    context.paths.create()
    ctx.invoke(desktop, target=target)
