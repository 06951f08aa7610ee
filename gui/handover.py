"""A second start on the same data folder: the window that is open comes to the front instead."""

from __future__ import annotations

import logging
from pathlib import Path

import click
import msgspec
import urllib3

from hub.cli.access import unanswered
from hub.runtime.instance import Instance

log = logging.getLogger(__name__)
TIMEOUT_S = 10
HEADLESS = 409
"""What the hub answers when it has no window."""


def raise_running(instance: Instance, target: str | None) -> int:
    """Ask the running hub for its window, perhaps playing a video or file; says what came of it.

    Returns the exit code.
    """
    try:
        with urllib3.PoolManager(timeout=TIMEOUT_S, retries=False) as http:
            answer = http.request(
                "POST",
                f"{instance.url}/v1/window",
                body=msgspec.json.encode(_request(target)),
                headers={"Authorization": f"Bearer {instance.token}", "Content-Type": "application/json"},
            )
    except urllib3.exceptions.HTTPError as error:
        click.echo(
            f"marquee: another Marquee (process {instance.pid}) holds the data folder but does not answer at "
            f"{instance.url}: {unanswered(error)}. End that process, then start again.",
            err=True,
        )
        return 3
    if answer.status < 300:
        return 0
    if answer.status == HEADLESS:
        click.echo(
            f"marquee: Marquee is running without a window. Open {instance.url} in a browser, "
            "or end it and start again.",
            err=True,
        )
    else:
        log.warning("POST /v1/window answered %s: %r", answer.status, answer.data[:500])
        click.echo(
            f"marquee: another Marquee holds the data folder and answered with status {answer.status}. "
            f"It is at {instance.url}.",
            err=True,
        )
    return 3


def _request(target: str | None) -> dict[str, str | None]:
    if target is not None and Path(target).exists():
        # The name may be any bytes; a URI carries them.
        return {"file_uri": Path(target).absolute().as_uri()}
    return {"video_id": target}
