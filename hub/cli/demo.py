"""`marquee demo`: a small library of generated clips, then the server."""

from __future__ import annotations

import click

from hub.cli.access import open_hub, running_instance
from hub.cli.context import CliContext
from hub.cli.progress import follow


@click.command
@click.option("--host", help="Address to listen on (default: server.host).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on, 0 for a free one.")
@click.pass_context
def demo(ctx: click.Context, host: str | None, port: int | None) -> None:
    """Fill a demo library with generated clips, then serve it."""
    context: CliContext = ctx.obj
    context.paths.create()
    running = running_instance(context)
    with open_hub(context) as hub:
        ended = follow(hub, hub.request_demo())
    click.echo(f"The demo library is ready: {ended.done_units} clips.", err=True)
    if running is not None:
        click.echo(f"Marquee is running already at {running.url}")
        return
    parent = ctx.parent
    serve = (
        parent.command.get_command(parent, "serve")
        if parent and isinstance(parent.command, click.Group)
        else None
    )
    if serve is None:
        raise click.UsageError("This installation has no server; the clips are in the library all the same.")
    ctx.invoke(serve, host=host, port=port)
