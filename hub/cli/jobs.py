"""`marquee jobs`: what the hub is doing and has done."""

from __future__ import annotations

import click

from hub.cli.access import open_hub
from hub.cli.context import CliContext, ListingGroup
from hub.cli.output import json_option, print_json, print_table
from hub.cli.progress import describe
from hub.jobs.types import Job


@click.group(cls=ListingGroup, invoke_without_command=True)
def jobs() -> None:
    """List, show, cancel or retry jobs.

    Jobs are scans, thumbnails and other long work. Without a command, the newest are listed.

    \b
    Examples:
      marquee jobs
      marquee jobs --active --json
      marquee jobs show ID
    """


@jobs.command("list")
@click.option(
    "--limit",
    type=click.IntRange(1, 100),
    default=20,
    show_default=True,
    help="How many at most.",
    metavar="NUMBER",
)
@click.option("--active", is_flag=True, help="Only those that wait or run.")
@json_option
@click.pass_obj
def list_jobs(context: CliContext, limit: int, active: bool, as_json: bool) -> None:
    """List the newest jobs."""
    with open_hub(context) as hub:
        found = hub.jobs(limit=limit, active_only=active)
    if as_json:
        print_json({"items": found})
    else:
        print_table(
            ("ID", "STATE", "JOB", "FIGURES"),
            [(job.id, job.state, job.title, _figures(job)) for job in found],
        )


@jobs.command
@click.argument("job_id", metavar="ID")
@json_option
@click.pass_obj
def show(context: CliContext, job_id: str, as_json: bool) -> None:
    """Show one job with all its figures."""
    with open_hub(context) as hub:
        job = hub.job(job_id)
    if as_json:
        print_json(job)
        return
    print_table(
        ("WHAT", "VALUE"),
        [
            ("id", job.id),
            ("job", job.title),
            ("state", job.state),
            ("figures", describe(job)),
            ("created", job.created_at.isoformat()),
            ("started", job.started_at.isoformat() if job.started_at else "–"),
            ("finished", job.finished_at.isoformat() if job.finished_at else "–"),
            ("error", job.error or "–"),
        ],
    )


@jobs.command
@click.argument("job_id", metavar="ID")
@click.pass_obj
def cancel(context: CliContext, job_id: str) -> None:
    """End a job; what it has done so far is kept."""
    with open_hub(context) as hub:
        click.echo(f"{job_id} is {hub.cancel_job(job_id).state}.")


@jobs.command
@click.argument("job_id", metavar="ID")
@click.pass_obj
def retry(context: CliContext, job_id: str) -> None:
    """Queue a job that failed or was cancelled again."""
    with open_hub(context) as hub:
        click.echo(f"{job_id} is {hub.retry_job(job_id).state}.")


def _figures(job: Job) -> str:
    return job.error or describe(job)
