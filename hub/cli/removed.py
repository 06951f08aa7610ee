"""`marquee removed`: what was taken out of the library, and the way back."""

from __future__ import annotations

import click

from hub.cli.access import open_hub
from hub.cli.context import CliContext, ListingGroup
from hub.cli.output import json_option, print_json, print_table


@click.group(cls=ListingGroup, invoke_without_command=True)
def removed() -> None:
    """List removed videos, or bring some back. Their files are where they were.

    Without a command, all are listed.

    \b
    Examples:
      marquee removed
      marquee removed restore ID
    """


@removed.command("list")
@json_option
@click.pass_obj
def list_removed(context: CliContext, as_json: bool) -> None:
    """List the removed videos, the one added last first."""
    with open_hub(context) as hub:
        found = hub.removed_videos()
    if as_json:
        print_json({"items": found})
    else:
        print_table(
            ("ID", "ADDED", "TITLE"), [(one.id, f"{one.added_at:%Y-%m-%d}", one.title) for one in found]
        )


@removed.command
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.pass_obj
def restore(context: CliContext, ids: tuple[str, ...]) -> None:
    """Bring removed videos back into the library. `marquee removed` shows their ids."""
    with open_hub(context) as hub:
        for video_id in ids:
            click.echo(f"{hub.restore_video(video_id).title} is in the library again.")
