"""Folders, scans, jobs and the demo library: the upkeep."""

from __future__ import annotations

from aiohttp import web

from hub.jobs.types import Job
from hub.library.cursors import Rank, page_of
from hub.library.types import Folder, Page, ScanProblem
from server.answers import json_response
from server.call import Call, NoQuery
from server.schemas import JobListQuery, ListQuery, NewFolder, ScanRequest


async def list_folders(call: Call[None, ListQuery]) -> Page[Folder]:
    """The library's folders, oldest first."""
    found = await call.hub.folders.list()
    return page_of("folders", found, _by_age, limit=call.query.limit, cursor=call.query.cursor)


async def add_folder(call: Call[NewFolder, NoQuery]) -> Folder:
    """Make a folder of the hub's machine part of the library."""
    return await call.hub.folders.add(call.body.path)


async def remove_folder(call: Call[None, NoQuery]) -> None:
    """Take a folder out of the library; its files stay where they are."""
    await call.hub.folders.remove(call.part("id"))


async def scan_problems(call: Call[None, ListQuery]) -> Page[ScanProblem]:
    """The scan report."""
    return await call.hub.folders.problems_page(limit=call.query.limit, cursor=call.query.cursor)


async def request_scan(call: Call[ScanRequest, NoQuery]) -> web.Response:
    """Queue a scan."""
    return _accepted(await call.hub.scans.request(call.body.folder_ids))


async def request_demo(call: Call[None, NoQuery]) -> web.Response:
    """Queue the making of the demo library."""
    return _accepted(await call.hub.demo.request())


async def request_renditions(call: Call[None, NoQuery]) -> web.Response:
    """Queue the making of all qualities of a video."""
    return _accepted(await call.hub.renditions.request(call.viewer, call.part("id")))


async def list_jobs(call: Call[None, JobListQuery]) -> Page[Job]:
    """Jobs, newest first."""
    query = call.query
    return await call.hub.jobs.list(limit=query.limit, cursor=query.cursor, active_only=query.active)


async def get_job(call: Call[None, NoQuery]) -> Job:
    """A job as it stands."""
    return await call.hub.jobs.get(call.part("id"))


async def cancel_job(call: Call[None, NoQuery]) -> Job:
    """End a job."""
    return await call.hub.jobs.cancel(call.part("id"))


async def retry_job(call: Call[None, NoQuery]) -> Job:
    """Queue a job that failed or was cancelled again."""
    return await call.hub.jobs.retry(call.part("id"))


def _by_age(folder: Folder) -> Rank:
    return folder.added_at.timestamp(), folder.id.encode()


def _accepted(job: Job) -> web.Response:
    return json_response(job, status=202, headers={"Location": f"/v1/jobs/{job.id}"})
