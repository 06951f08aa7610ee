"""A command's way to the hub: the running one over its local API, or else one of its own for as long as it needs.

Both doors offer the same few blocking calls, so that a command is written once.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Coroutine, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import msgspec
import urllib3

from hub.accounts.types import Role, User
from hub.cli.context import CliContext
from hub.errors import DataFolderLocked, HubError, error_of_code
from hub.jobs.types import Job
from hub.library.types import Folder, Page, ScanProblem, Video, VideoPatch, VideoQuery, VideoState
from hub.runtime.instance import FolderLock, Instance, InstanceFile
from hub.runtime.loop import LoopThread

T = TypeVar("T")

_PAGE = 100

PATIENCE_S = 7.0
"""For a hub that is ending: it is gone within five seconds, on a busy machine too."""

TIMEOUT_S = 30.0
"""For one answer of a running hub."""

_POLL_S = 0.1


class ListedVideo(msgspec.Struct, frozen=True):
    """What commands show of a video."""

    id: str
    title: str
    channel: str | None
    added_at: datetime


class HubAccess(Protocol):
    """What commands ask of a hub. Every call may raise HubError."""

    def add_folder(self, path: str) -> Folder:
        """Make a folder part of the library."""

    def folders(self) -> list[Folder]:
        """The library's folders."""

    def problems(self) -> list[ScanProblem]:
        """The scan report."""

    def request_scan(self, folder_ids: list[str] | None) -> Job:
        """Queue a scan of these folders, or of all."""

    def request_demo(self) -> Job:
        """Queue the making of the demo library."""

    def video_ids(self) -> list[str]:
        """The ids of all videos, the one added last first."""

    def request_renditions(self, video_id: str) -> Job:
        """Queue the making of all qualities of a video."""

    def job(self, job_id: str) -> Job:
        """A job as it stands."""

    def jobs(self, *, limit: int, active_only: bool) -> list[Job]:
        """The newest jobs."""

    def cancel_job(self, job_id: str) -> Job:
        """End a job."""

    def retry_job(self, job_id: str) -> Job:
        """Queue a job that failed or was cancelled again."""

    def removed_videos(self) -> list[ListedVideo]:
        """All videos that were taken out of the library, the newest first."""

    def restore_video(self, video_id: str) -> ListedVideo:
        """Bring a removed video back."""

    def users(self) -> list[User]:
        """Everybody."""

    def add_user(self, name: str, role: Role, password: str) -> User:
        """Make a user; a hub without an owner's password gives the first owner to whoever is added as one."""

    def set_password(self, name: str, password: str) -> None:
        """Give a user a new password; their sessions end."""

    def remove_user(self, name: str) -> None:
        """Remove a user."""


@contextmanager
def open_hub(context: CliContext) -> Iterator[HubAccess]:
    """The running hub of the data folder, or one opened here and closed at the end. DataFolderError."""
    context.paths.create()
    if (running := running_instance(context)) is not None:
        with closing(RemoteHub(running)) as remote:
            yield remote
        return
    with OwnHub(context) as own:
        yield own


def running_instance(context: CliContext) -> Instance | None:
    """How to reach the hub that holds the data folder and answers; None when nobody holds it.

    A hub that is starting or ending holds the folder and does not answer: it is given `PATIENCE_S` to do either, and
    so is another command. DataFolderLocked after that.
    """
    lock = FolderLock(context.paths)
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            lock.acquire()
        except DataFolderLocked as error:
            instance, locked = InstanceFile(context.paths).read(), error
        else:
            lock.release()
            return None
        if instance is not None:
            try:
                with closing(RemoteHub(instance)) as remote:
                    remote.require_answer()
                return instance
            except DataFolderLocked as error:
                locked = error
        if time.monotonic() >= deadline:
            raise locked
        time.sleep(_POLL_S)


class OwnHub:
    """A hub of this command's own, on a loop thread."""

    def __init__(self, context: CliContext) -> None:
        # Imported here: a command that reaches a running hub needs none of it.
        from hub.bootstrap import Hub

        context.start_logging()
        settings = msgspec.structs.replace(
            context.settings, library=msgspec.structs.replace(context.settings.library, watch=False)
        )
        self._hub = Hub(settings, context.paths)
        self._thread = LoopThread()

    def __enter__(self) -> OwnHub:
        self._thread.start()
        try:
            self._run(self._hub.start())
        except BaseException:
            self._thread.stop()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        try:
            self._run(self._hub.close())
        finally:
            self._thread.stop()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._thread.submit(work).result()

    def add_folder(self, path: str) -> Folder:
        return self._run(self._hub.folders.add(path))

    def folders(self) -> list[Folder]:
        return self._run(self._hub.folders.list())

    def problems(self) -> list[ScanProblem]:
        return self._run(self._hub.folders.problems())

    def request_scan(self, folder_ids: list[str] | None) -> Job:
        return self._run(self._hub.scans.request(folder_ids))

    def request_demo(self) -> Job:
        return self._run(self._hub.demo.request())

    def video_ids(self) -> list[str]:
        return self._run(self._video_ids())

    async def _video_ids(self) -> list[str]:
        return await self._hub.library.video_ids(await self._hub.accounts.local_viewer(), VideoQuery())

    def request_renditions(self, video_id: str) -> Job:
        return self._run(self._request_renditions(video_id))

    async def _request_renditions(self, video_id: str) -> Job:
        return await self._hub.renditions.request(await self._hub.accounts.local_viewer(), video_id)

    def job(self, job_id: str) -> Job:
        return self._run(self._hub.jobs.get(job_id))

    def jobs(self, *, limit: int, active_only: bool) -> list[Job]:
        return self._run(self._hub.jobs.list(limit=limit, active_only=active_only)).items

    def cancel_job(self, job_id: str) -> Job:
        return self._run(self._hub.jobs.cancel(job_id))

    def retry_job(self, job_id: str) -> Job:
        return self._run(self._hub.jobs.retry(job_id))

    def removed_videos(self) -> list[ListedVideo]:
        return self._run(self._removed_videos())

    async def _removed_videos(self) -> list[ListedVideo]:
        viewer = await self._hub.accounts.local_viewer()
        query = VideoQuery(state=VideoState.DELETED)
        ids = await self._hub.library.video_ids(viewer, query)
        found: list[ListedVideo] = []
        for start in range(0, len(ids), _PAGE):
            videos = await self._hub.library.videos_by_ids(viewer, ids[start : start + _PAGE])
            found += msgspec.convert(videos, list[ListedVideo], from_attributes=True)
        return found

    def restore_video(self, video_id: str) -> ListedVideo:
        return msgspec.convert(self._run(self._restore_video(video_id)), ListedVideo, from_attributes=True)

    async def _restore_video(self, video_id: str) -> Video:
        viewer = await self._hub.accounts.local_viewer()
        return await self._hub.library.update_video(viewer, video_id, VideoPatch(state="ready"))

    def users(self) -> list[User]:
        return self._run(self._hub.accounts.users())

    def add_user(self, name: str, role: Role, password: str) -> User:
        return self._run(self._hub.accounts.add_user(name, role, password))

    def set_password(self, name: str, password: str) -> None:
        self._run(self._hub.accounts.set_password(name, password))

    def remove_user(self, name: str) -> None:
        self._run(self._hub.accounts.remove_user(name))


class RemoteHub:
    """The hub that runs already, over HTTP on this machine."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._http = urllib3.PoolManager(
            headers={"Authorization": f"Bearer {instance.token}"}, retries=False, timeout=TIMEOUT_S
        )

    def close(self) -> None:
        """End the connection."""
        self._http.clear()

    def require_answer(self) -> None:
        """DataFolderLocked unless the hub answers, whatever it says."""
        try:
            self._http.request("GET", self._instance.url + "/healthz")
        except urllib3.exceptions.HTTPError as error:
            raise DataFolderLocked(
                f"Another Marquee (process {self._instance.pid}) holds the data folder but does not answer at "
                f"{self._instance.url}: {unanswered(error)}. End that process, then try again."
            ) from error

    def _call(self, method: str, path: str, kind: type[T], body: object = None) -> T:
        try:
            answer = self._http.request(
                method,
                self._instance.url + path,
                body=None if body is None else msgspec.json.encode(body),
                headers={**self._http.headers, "Content-Type": "application/json"},
            )
        except urllib3.exceptions.HTTPError as error:
            # It answered a moment ago. Asking again is for people: what was asked may be done already.
            raise DataFolderLocked(
                f"The Marquee at {self._instance.url} (process {self._instance.pid}) has ended or no longer answers: "
                f"{unanswered(error)}. Look whether what was asked is done, else run the command again."
            ) from error
        if answer.status >= 400:
            raise _told_error(answer.data, answer.status)
        return msgspec.json.decode(answer.data or b"null", type=kind)

    def _all(self, path: str, kind: type[Page[T]]) -> list[T]:
        """A list to its end, page by page."""
        path += f"{'&' if '?' in path else '?'}limit={_PAGE}"
        page = self._call("GET", path, kind)
        found = [*page.items]
        while page.next_cursor is not None:
            page = self._call("GET", f"{path}&cursor={page.next_cursor}", kind)
            found += page.items
        return found

    def add_folder(self, path: str) -> Folder:
        # As a URI, because a name that is not UTF-8 has no place in JSON.
        return self._call("POST", "/v1/folders", Folder, {"path": "file://" + quote(os.fsencode(path))})

    def folders(self) -> list[Folder]:
        return self._all("/v1/folders", Page[Folder])

    def problems(self) -> list[ScanProblem]:
        return self._all("/v1/folders/problems", Page[ScanProblem])

    def request_scan(self, folder_ids: list[str] | None) -> Job:
        return self._call("POST", "/v1/scans", Job, {"folder_ids": folder_ids})

    def request_demo(self) -> Job:
        return self._call("POST", "/v1/demo", Job)

    def video_ids(self) -> list[str]:
        return [video.id for video in self._all("/v1/videos", Page[ListedVideo])]

    def request_renditions(self, video_id: str) -> Job:
        return self._call("POST", f"/v1/videos/{quote(video_id, safe='')}/renditions", Job)

    def job(self, job_id: str) -> Job:
        return self._call("GET", f"/v1/jobs/{job_id}", Job)

    def jobs(self, *, limit: int, active_only: bool) -> list[Job]:
        return self._call("GET", f"/v1/jobs?limit={limit}&active={json.dumps(active_only)}", Page[Job]).items

    def cancel_job(self, job_id: str) -> Job:
        return self._call("POST", f"/v1/jobs/{job_id}/cancel", Job)

    def retry_job(self, job_id: str) -> Job:
        return self._call("POST", f"/v1/jobs/{job_id}/retry", Job)

    def removed_videos(self) -> list[ListedVideo]:
        return self._all(f"/v1/videos?state={VideoState.DELETED}", Page[ListedVideo])

    def restore_video(self, video_id: str) -> ListedVideo:
        return self._call("PATCH", f"/v1/videos/{quote(video_id, safe='')}", ListedVideo, {"state": "ready"})

    def users(self) -> list[User]:
        return self._all("/v1/users", Page[User])

    def add_user(self, name: str, role: Role, password: str) -> User:
        return self._call("POST", "/v1/users", User, {"name": name, "role": role, "password": password})

    def set_password(self, name: str, password: str) -> None:
        self._call("PUT", f"/v1/users/{quote(name, safe='')}/password", type(None), {"password": password})

    def remove_user(self, name: str) -> None:
        self._call("DELETE", f"/v1/users/{quote(name, safe='')}", type(None))


def unanswered(error: urllib3.exceptions.HTTPError) -> str:
    """Why a hub gave no answer, for people: urllib3's own words name its objects and addresses in memory."""
    match error:
        case urllib3.exceptions.NewConnectionError():  # a kind of time-out to urllib3
            return "nothing accepts connections there"
        case urllib3.exceptions.TimeoutError():
            return "it took too long"
        case _:
            return "the connection was cut"


class _Problem(msgspec.Struct, frozen=True):
    """What is read of a problem document (RFC 9457)."""

    code: str = HubError.code
    title: str = HubError.title
    detail: str | None = None
    field: str | None = None
    retry_after_s: int | None = None


def _told_error(body: bytes, status: int) -> HubError:
    """The error a problem document tells, of the class it had in the running hub: exit codes depend on it."""
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except msgspec.DecodeError:
        return HubError(f"The running Marquee answered with status {status}.")
    return error_of_code(
        problem.code,
        problem.detail or problem.title,
        field=problem.field,
        retry_after_s=problem.retry_after_s,
    )
