"""Following a job on the terminal: a live bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from hub.cli.access import HubAccess
from hub.errors import HubError
from hub.jobs.types import Job, JobState

POLL_S = 0.15
LOG_EVERY_S = 5.0
_MAX_NAME = 48


def follow(hub: HubAccess, job: Job) -> Job:
    """Show `job` until it is over and return its last state. Ctrl-C cancels it. HubError when it failed."""
    ended = watch(hub, job)
    require_done(ended)
    return ended


def watch(hub: HubAccess, job: Job) -> Job:
    """Show `job` until it is over, well or not, and return its last state. Ctrl-C cancels it."""
    show = _show_live if sys.stderr.isatty() else _show_lines
    try:
        return show(hub, job)
    except KeyboardInterrupt:
        return hub.cancel_job(job.id)


def require_done(ended: Job) -> None:
    """HubError when the job failed or was cancelled."""
    if ended.state is JobState.FAILED:
        raise HubError(ended.error or f"{ended.title} failed.")
    if ended.state is JobState.CANCELLED:
        raise HubError(f"{ended.title} was cancelled. What was done so far is kept.")


def describe(job: Job) -> str:
    """A job's figures in one line."""
    detail = job.detail
    if job.kind.startswith("scan"):
        parts = [f"{detail.get('files_found', 0):,} files", f"{detail.get('files_per_s', 0):,.0f}/s"]
        for key, word in (("files_new", "new"), ("files_changed", "changed"), ("files_moved", "moved")):
            if detail.get(key):
                parts.append(f"{detail[key]:,} {word}")
        parts.append(f"{detail.get('errors', 0):,} errors")
    else:
        total = f" of {job.total_units:,}" if job.total_units is not None else ""
        parts = [f"{job.done_units:,}{total}"]
    if job.state.is_over:
        pass  # what was left then is of no interest
    elif detail.get("is_waiting"):
        parts.append("viewers come first")
    elif detail.get("speed") and detail.get("eta_s") is not None:
        parts.append(f"{detail['speed']:.1f}x  {_span(detail['eta_s'])} left")
    if current := detail.get("current"):
        parts.append(str(current) if len(str(current)) <= _MAX_NAME else "…" + str(current)[-_MAX_NAME:])
    return "  ".join(parts)


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{max(minutes, 1)} min"


def _show_live(hub: HubAccess, job: Job) -> Job:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[figures]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(job.title, total=None, figures="")
        while not job.state.is_over:
            progress.update(bar, completed=job.done_units, total=job.total_units, figures=describe(job))
            time.sleep(POLL_S)
            job = hub.job(job.id)
    return job


def _show_lines(hub: HubAccess, job: Job) -> Job:
    spoken = time.monotonic()
    while not job.state.is_over:
        time.sleep(POLL_S)
        job = hub.job(job.id)
        if time.monotonic() - spoken >= LOG_EVERY_S:
            spoken = time.monotonic()
            click.echo(f"{job.title}: {describe(job)}", err=True)
    return job
