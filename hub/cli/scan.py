"""`marquee add` and `marquee scan`: folders into the library."""

from __future__ import annotations

import os
from pathlib import Path

import click

from hub.cli.access import HubAccess, open_hub
from hub.cli.context import CliContext, FolderName
from hub.cli.progress import require_done, watch
from hub.errors import Conflict, HubError, InvalidInput, NotFound
from hub.jobs.types import Job
from hub.library.types import Folder

_SHOWN_PROBLEMS = 20


@click.command
@click.argument("folders", nargs=-1, required=True, metavar="FOLDER...", type=FolderName())
@click.pass_obj
def add(context: CliContext, folders: tuple[str, ...]) -> None:
    """Add folders to the library and scan them. Their files stay as they are.

    A folder that cannot be added does not keep the others from it.

    \b
    Example:
      marquee add ~/Videos /media/films
    """
    added: list[Folder] = []
    refused: list[HubError] = []
    with open_hub(context) as hub:
        for folder in folders:
            try:
                added.append(hub.add_folder(str(Path(folder).absolute())))
            except (InvalidInput, Conflict) as error:
                refused.append(error)
        if added:
            _scan(hub, added)
    for other in refused[:-1]:
        click.echo(f"marquee: {other.message}", err=True)
    if refused:
        raise refused[-1]


@click.command
@click.argument("folder", required=False, type=FolderName())
@click.pass_obj
def scan(context: CliContext, folder: str | None) -> None:
    """Look for changes in the library's folders, or in one of them.

    \b
    Examples:
      marquee scan
      marquee scan ~/Videos
    """
    with open_hub(context) as hub:
        known = hub.folders()
        if folder is not None:
            path = os.path.realpath(folder)
            known = [one for one in known if one.path == path]
            if not known:
                raise NotFound(f"{path} is not a folder of the library. Add it with: marquee add {folder}")
        if not known:
            raise NotFound("The library has no folders yet. Add one with: marquee add FOLDER")
        _scan(hub, known)


def _scan(hub: HubAccess, folders: list[Folder]) -> None:
    job = watch(hub, hub.request_scan([folder.id for folder in folders]))
    if job.detail.get("phase") == "done":  # also of one that failed only because a folder could not be read
        _report(hub, job, folders)
    require_done(job)


def _report(hub: HubAccess, job: Job, folders: list[Folder]) -> None:
    figures = job.detail
    click.echo(
        f"{figures['files_found']:,} media files: {figures['files_new']:,} new, {figures['files_changed']:,} changed, "
        f"{figures['files_moved']:,} moved, {figures['files_missing']:,} missing, {figures['errors']:,} with problems."
    )
    ids = {folder.id for folder in folders}
    for folder in hub.folders():
        # What the job failed of is its last word.
        if folder.id in ids and folder.problem and folder.problem not in (job.error or ""):
            click.echo(f"  {folder.path}: {folder.problem}", err=True)
    problems = [problem for problem in hub.problems() if problem.folder_id in ids]
    for problem in problems[:_SHOWN_PROBLEMS]:
        click.echo(f"  {problem.path}: {problem.reason}", err=True)
    if len(problems) > _SHOWN_PROBLEMS:
        click.echo(
            f"  … and {len(problems) - _SHOWN_PROBLEMS:,} more; the window and web page list all.", err=True
        )
