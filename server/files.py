"""Files over HTTP: conditional requests, ranges, and the bytes."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from aiohttp import web

from hub.media.files import open_regular
from server.conditions import (
    Outcome,
    Unsatisfiable,
    Validators,
    check_preconditions,
    requested_range,
    whole_seconds,
)
from server.problems import HttpProblem
from server.sending import FileChanged, FileState, OpenFile, full_frames, send

log = logging.getLogger(__name__)

THREADS = 32
"""They wait for disks, not for processors; as many can sleep before anybody else has to wait for them."""


def plain_etag(state: FileState) -> str:
    """An entity tag of a file nothing else is known about."""
    return f"{state.size_bytes:x}-{state.mtime_ns:x}"


class FileServer:
    """Answers requests with files. Opening, and reading what is not in memory, happens on threads of its own."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="files")
        self._streams: set[asyncio.Task[object]] = set()

    async def respond(
        self,
        request: web.Request,
        path: bytes,
        *,
        content_type: str,
        etag: Callable[[FileState], str] = plain_etag,
        headers: Mapping[str, str] | None = None,
        is_final: bool = False,
    ) -> web.StreamResponse:
        """The answer to a GET or HEAD for the file at `path`, sent whole when this returns.

        `etag` makes the entity tag from the state of the file that was opened, so that it never speaks of another one.
        `is_final`: nobody writes to the file again, though its times may be touched and it may be deleted meanwhile;
        it has no Last-Modified.
        MediaError (UnreadableFile) when there is no such regular file.
        """
        opened = await self._open(path, is_final)
        with opened.closing:
            state = opened.state
            validators = Validators(etag(state), None if is_final else whole_seconds(state.mtime_ns))
            fixed = {"Accept-Ranges": "bytes", **validators.headers(), **(headers or {})}
            if (early := answer_early(request, validators, fixed)) is not None:
                return early
            span = None
            if request.method == "GET":  # §14.2: the only method ranges are defined for
                span = requested_range(request.headers, validators, state.size_bytes)
            if isinstance(span, Unsatisfiable):
                raise HttpProblem(
                    416,
                    "range-not-satisfiable",
                    f"The file has {state.size_bytes} bytes; the range asked for begins behind them.",
                    headers={"Content-Range": f"bytes */{state.size_bytes}", "Accept-Ranges": "bytes"},
                )
            start, end = span or (0, state.size_bytes)
            response = web.StreamResponse(status=206 if span else 200, headers=fixed)
            response.headers["Content-Type"] = content_type
            response.headers["Content-Length"] = str(end - start)
            if span is not None:
                response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{state.size_bytes}"
            await self._stream(request, response, opened, start, end)
            return response

    def cut_streams(self) -> None:
        """End every response that is still being sent; clients ask again for the rest."""
        for task in self._streams:
            task.cancel()

    async def close(self) -> None:
        """End the threads."""
        await asyncio.to_thread(self._executor.shutdown)

    async def _open(self, path: bytes, is_final: bool = False) -> OpenFile:
        opening = asyncio.get_running_loop().run_in_executor(self._executor, _open_now, path, is_final)
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The thread goes on and opens a file that nobody would close.
            opening.add_done_callback(_close_unwanted)
            raise

    async def _stream(
        self, request: web.Request, response: web.StreamResponse, opened: OpenFile, start: int, end: int
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        try:
            if request.method == "HEAD" or end == start:
                await response.prepare(request)
                return
            with full_frames(request.transport, end - start):
                await response.prepare(request)
                await send(request, response, opened, start, end, executor=self._executor)
        except ConnectionError:
            response.force_close()
        except (FileChanged, OSError) as error:
            # The headers are out: the only way left to say that this answer is not whole is to end it early.
            log.info("a response was cut short: %s", error)
            response.force_close()
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._streams.discard(task)


def respond_with(
    request: web.Request, body: bytes, *, content_type: str, charset: str | None, headers: Mapping[str, str]
) -> web.Response:
    """The answer to a GET or HEAD for bytes in hand, their digest as the entity tag; 304 when the client has them."""
    validators = Validators(hashlib.blake2b(body, digest_size=16).hexdigest())
    fixed = {**validators.headers(), **headers}
    if (early := answer_early(request, validators, fixed)) is not None:
        return early
    return web.Response(body=body, content_type=content_type, charset=charset, headers=fixed)


def answer_early(
    request: web.Request, validators: Validators, headers: Mapping[str, str]
) -> web.Response | None:
    """304 when the client has it already; None to go on. HttpProblem 412 when a precondition fails."""
    outcome = check_preconditions(request.headers, validators)
    if outcome is Outcome.FAILED:
        raise HttpProblem(412, "precondition-failed", "This is not the state of the file you asked for.")
    return web.Response(status=304, headers=headers) if outcome is Outcome.NOT_MODIFIED else None


def _open_now(path: bytes, is_final: bool) -> OpenFile:
    with ExitStack() as closing:
        fd = closing.enter_context(open_regular(path))
        return OpenFile(fd, FileState.of(fd, is_final=is_final), closing.pop_all())


def _close_unwanted(opening: asyncio.Future[OpenFile]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().closing.close()
