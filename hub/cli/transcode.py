"""`marquee transcode`: all qualities of videos, made before anybody watches."""

from __future__ import annotations

import contextlib

import click

from hub.cli.access import HubAccess, open_hub
from hub.cli.context import CliContext
from hub.cli.progress import require_done, watch
from hub.errors import Conflict, HubError, NotFound, NotPlayable
from hub.jobs.types import Job, JobState


@click.command(short_help="Make all qualities of videos before anybody watches.")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Of all videos, the one added last first.")
@click.pass_obj
def transcode(context: CliContext, ids: tuple[str, ...], everything: bool) -> None:
    """Make all qualities of videos now, so that nothing is converted when they
    are watched. They are kept until the video is removed.

    What was made before, or by watching, is not made again. Viewers come first:
    work rests while something is converted for them. Ctrl-C ends it; the same
    command goes on with it.

    \b
    Examples:
      marquee transcode ID
      marquee transcode --all
    """
    if everything == bool(ids):
        raise click.UsageError("Give the ids of videos, or --all.")
    refused: list[HubError] = []
    with open_hub(context) as hub:
        jobs: list[Job] = []
        for video_id in hub.video_ids() if everything else dict.fromkeys(ids):
            try:
                jobs.append(hub.request_renditions(video_id))
            except (NotFound, NotPlayable) as error:
                if not everything:  # a video without a file is nothing that --all asks for
                    refused.append(error)
        refused += _follow(hub, jobs)
    for other in refused[:-1]:
        click.echo(f"marquee: {other.message}", err=True)
    if refused:
        raise refused[-1]
    click.echo(
        f"{len(jobs)} {'video is' if len(jobs) == 1 else 'videos are'} ready in all qualities.", err=True
    )


def _follow(hub: HubAccess, jobs: list[Job]) -> list[HubError]:
    """Show the jobs one after the other; what went wrong. When one is cancelled, so are those behind it."""
    problems: list[HubError] = []
    for number, job in enumerate(jobs):
        ended = watch(hub, job)
        try:
            require_done(ended)
        except HubError as error:
            problems.append(error)
        if ended.state is JobState.CANCELLED:
            for other in jobs[number + 1 :]:
                with contextlib.suppress(Conflict):  # it is over by now
                    hub.cancel_job(other.id)
            break
    return problems
