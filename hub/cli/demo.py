"""`marquee demo`: a small library of generated clips, then the server."""

from __future__ import annotations

import click

from hub.cli.access import open_hub, running_instance
from hub.cli.context import CliContext, serving_options, sibling
from hub.cli.progress import follow


@click.command(short_help="Make a few clips to try Marquee with, and serve them.")
@serving_options
@click.pass_context
def demo(ctx: click.Context, host: str | None, port: str | None) -> None:
    """Make a few short clips to try Marquee with, then serve the library.

    \b
    Example, apart from a library of your own:
      marquee --data ~/marquee-demo demo
    """
    context: CliContext = ctx.obj
    context.override({"server.host": host, "server.port": port})
    context.paths.create()
    running = running_instance(context)
    with open_hub(context) as hub:
        ended = follow(hub, hub.request_demo())
    click.echo(f"The demo library is ready: {ended.done_units} clips.", err=True)
    if running is not None:
        click.echo(f"Marquee is running already at {running.url}")
        return
    serve = sibling(ctx, "serve")
    if serve is None:
        raise click.UsageError("This installation has no server; the clips are in the library all the same.")
    ctx.invoke(serve)
