"""`marquee serve`: the hub and its server without a window."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from hub.cli.context import CliContext, serving_options
from hub.runtime.deadline import end_process_in
from hub.runtime.tasks import to_the_end

if TYPE_CHECKING:
    from hub.bootstrap import Hub
    from hub.config import Settings
    from hub.paths import Paths
    from server.runner import Server

log = logging.getLogger(__name__)

STOP_S = 4.0
"""Gone within 5 s, with a margin for a busy machine."""


@click.command
@serving_options
@click.pass_obj
def serve(context: CliContext, host: str | None, port: str | None) -> None:
    """Serve the library to the house, without a window."""
    context.override({"server.host": host, "server.port": port})
    settings = context.settings
    context.paths.create()
    context.start_logging()
    asyncio.run(run(settings, context.paths))


async def run(settings: Settings, paths: Paths) -> None:
    """Start hub and server, say so, and stay until SIGINT or SIGTERM."""
    # Imported here: the other commands need none of it.
    from hub.bootstrap import Hub
    from server.runner import Server

    hub = Hub(settings, paths)
    server = Server(hub, settings.server.host, settings.server.port)
    release = _stop_on_signals()
    try:
        await hub.start()
        url = await server.start()
        # Whoever waits for the ready line finds the code already there.
        await _greet(hub, url)
        click.echo(f"Marquee is ready at {url}")
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        log.info("asked to stop")
    finally:
        # Asked to stop while a start that failed is undone: it is undone all the same.
        with suppress(asyncio.CancelledError):
            await to_the_end(_close(hub, server))
        release()


async def _close(hub: Hub, server: Server) -> None:
    try:
        await server.close()
    finally:
        await hub.close()


async def _greet(hub: Hub, url: str) -> None:
    click.echo(f"Open {url} in a browser. Ctrl+C stops.", err=True)
    code = await hub.accounts.setup_code()
    if code is not None:
        click.echo(f"First-run code: {code}  (the page asks for it once; it makes you the owner)", err=True)


def _stop_on_signals() -> Callable[[], None]:
    """Cancel the present task at the first SIGINT or SIGTERM; a second one does not disturb the closing.

    From the first one on the process has `STOP_S` to end.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    asked = False

    def stop() -> None:
        nonlocal asked
        if not asked:
            asked = True
            end_process_in(STOP_S)
            task.cancel()

    signals = (signal.SIGINT, signal.SIGTERM)
    try:
        for number in signals:
            loop.add_signal_handler(number, stop)
    except NotImplementedError:
        # Windows: the loop has no signals of its own.
        before = {n: signal.signal(n, lambda *_: loop.call_soon_threadsafe(stop)) for n in signals}

        def restore() -> None:
            for number, handler in before.items():
                signal.signal(number, handler)

        return restore

    def remove() -> None:
        for number in signals:
            loop.remove_signal_handler(number)

    return remove
