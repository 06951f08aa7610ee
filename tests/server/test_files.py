from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.media.errors import UnreadableFile
from server.files import FileServer, plain_etag
from server.problems import HttpProblem, respond
from server.sending import TAIL_BYTES, FileState
from tests.server.serving import Answer, RawClient, app_with, serve_app, until

MTIME_S = 1_777_666_507
SIZE = 3 * TAIL_BYTES + 12_345


class Shelf:
    """A served file, and the way to ask for it."""

    def __init__(self, path: Path, port: int, files: FileServer) -> None:
        self.path = path
        self.port = port
        self.files = files
        self.content = path.read_bytes()

    async def ask(self, *headers: str, method: str = "GET") -> Answer:
        client = await RawClient.connect(self.port, receive_buffer=1 << 20)
        try:
            return await client.ask("/film", *headers, method=method)
        finally:
            await client.close()

    @property
    def etag(self) -> str:
        status = self.path.stat()
        return f'"{plain_etag(FileState(status.st_size, status.st_mtime_ns, 1))}"'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(random.Random(7).randbytes(SIZE))
    os.utime(path, ns=(MTIME_S * 10**9 + 123_456_789,) * 2)
    return path


@pytest.fixture
async def shelf(path: Path) -> AsyncIterator[Shelf]:
    files = FileServer()

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await files.respond(
                request, os.fsencode(path), content_type="video/mp4", headers={"Cache-Control": "private"}
            )
        except (HttpProblem, UnreadableFile) as error:
            return respond(request, error)

    async with serve_app(app_with(handle)) as port:
        yield Shelf(path, port, files)
    await files.close()


# --- whole files -----------------------------------------------------------------------------------------------


async def test_a_get_sends_the_file_with_its_validators(shelf: Shelf) -> None:
    answer = await shelf.ask()
    assert (answer.status, answer.body) == (200, shelf.content)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Content-Length"] == str(SIZE)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"] == shelf.etag
    assert answer.headers["Last-Modified"] == formatdate(MTIME_S, usegmt=True)
    assert answer.headers["Cache-Control"] == "private"
    assert "Content-Range" not in answer.headers


async def test_head_says_the_same_without_the_bytes(shelf: Shelf) -> None:
    get, head = await shelf.ask(), await shelf.ask(method="HEAD")
    assert (head.status, head.body) == (200, b"")
    for answer in (get, head):
        answer.headers.popall("Date")
    assert head.headers == get.headers


async def test_head_knows_no_ranges(shelf: Shelf) -> None:
    answer = await shelf.ask("Range: bytes=0-9", method="HEAD")
    assert (answer.status, answer.headers["Content-Length"]) == (200, str(SIZE))


@pytest.mark.parametrize("size", [0, 1, TAIL_BYTES - 1, TAIL_BYTES, TAIL_BYTES + 1])
async def test_files_of_any_size_come_whole(shelf: Shelf, size: int) -> None:
    content = shelf.content[:size]
    shelf.path.write_bytes(content)
    assert (await shelf.ask()).body == content


async def test_a_connection_carries_many_answers(shelf: Shelf) -> None:
    client = await RawClient.connect(shelf.port)
    for start in range(0, SIZE, 50_000):
        answer = await client.ask("/film", f"Range: bytes={start}-{start + 999}")
        assert answer.body == shelf.content[start : start + 1000]
    assert (await client.ask("/film", method="HEAD")).status == 200
    assert (await client.ask("/film", "Range: bytes=999999999-")).status == 416
    assert (await client.ask("/film")).body == shelf.content
    await client.close()


# --- ranges ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-", 0, SIZE),
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
        ("bytes=-500", SIZE - 500, SIZE),
        ("bytes=-99999999", 0, SIZE),
        (f"bytes=5-{SIZE * 2}", 5, SIZE),
    ],
)
async def test_a_range_is_206_with_its_place(shelf: Shelf, header: str, start: int, end: int) -> None:
    answer = await shelf.ask(f"Range: {header}")
    assert (answer.status, answer.body) == (206, shelf.content[start:end])
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert answer.headers["Content-Length"] == str(end - start)
    assert answer.headers["ETag"] == shelf.etag


@pytest.mark.parametrize("header", [f"bytes={SIZE}-", "bytes=99999999-", "bytes=-0"])
async def test_a_range_past_the_end_is_416_with_the_size(shelf: Shelf, header: str) -> None:
    answer = await shelf.ask(f"Range: {header}")
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"
    assert answer.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    "header", ["lines=0-9", "bytes=9-0", "bytes=a-b", "bytes=0-9,20-29", "nonsense", "bytes="]
)
async def test_what_is_no_single_range_of_bytes_gets_the_whole(shelf: Shelf, header: str) -> None:
    answer = await shelf.ask(f"Range: {header}")
    assert (answer.status, answer.body) == (200, shelf.content)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(first=st.integers(0, SIZE + 10), length=st.integers(1, SIZE))
async def test_any_range_is_the_slice_of_the_file(shelf: Shelf, first: int, length: int) -> None:
    answer = await shelf.ask(f"Range: bytes={first}-{first + length - 1}")
    assert answer.body == shelf.content[first : first + length] or answer.status == 416
    assert answer.status == (206 if first < SIZE else 416)


async def test_a_file_beyond_four_gigabytes_is_reached_at_any_place(shelf: Shelf) -> None:
    place = (5 << 30) + 17
    with shelf.path.open("wb") as file:
        file.seek(place)
        file.write(b"a needle in five gigabytes of nothing")
    size = shelf.path.stat().st_size
    answer = await shelf.ask(f"Range: bytes={place}-{place + 7}")
    assert (answer.status, answer.body) == (206, b"a needle")
    assert answer.headers["Content-Range"] == f"bytes {place}-{place + 7}/{size}"
    assert (await shelf.ask("Range: bytes=-7")).body == b"nothing"
    across = await shelf.ask(f"Range: bytes={(4 << 30) - 10}-{(4 << 30) + 200_000}")
    assert across.body == bytes(200_011)
    assert (await shelf.ask(method="HEAD")).headers["Content-Length"] == str(size)


# --- conditions ------------------------------------------------------------------------------------------------


async def test_what_the_client_has_is_not_sent_again(shelf: Shelf) -> None:
    for header in (f"If-None-Match: {shelf.etag}", f"If-Modified-Since: {formatdate(MTIME_S, usegmt=True)}"):
        for method in ("GET", "HEAD"):
            answer = await shelf.ask(header, method=method)
            assert (answer.status, answer.body) == (304, b"")
            assert answer.headers["ETag"] == shelf.etag
            assert answer.headers["Cache-Control"] == "private"
    assert (await shelf.ask(f"If-None-Match: {shelf.etag}", "Range: bytes=0-9")).status == 304


async def test_a_failed_precondition_is_412(shelf: Shelf) -> None:
    assert (await shelf.ask('If-Match: "another"')).status == 412
    assert (await shelf.ask(f"If-Unmodified-Since: {formatdate(MTIME_S - 1, usegmt=True)}")).status == 412
    assert (await shelf.ask(f"If-Match: {shelf.etag}", "Range: bytes=0-9")).status == 206


async def test_a_resumed_download_of_a_changed_file_starts_over(shelf: Shelf) -> None:
    stale_etag, stale_date = shelf.etag, formatdate(MTIME_S, usegmt=True)
    for validator in (stale_etag, stale_date):
        assert (await shelf.ask("Range: bytes=100-199", f"If-Range: {validator}")).status == 206
    shelf.path.write_bytes(shelf.content[::-1])
    for validator in (stale_etag, stale_date):
        answer = await shelf.ask("Range: bytes=100-199", f"If-Range: {validator}")
        assert (answer.status, answer.body) == (200, shelf.content[::-1])


# --- files that are none ---------------------------------------------------------------------------------------


@pytest.mark.expect_errors("GET /film failed")
async def test_what_is_no_regular_file_is_refused_without_hanging(shelf: Shelf) -> None:
    shelf.path.unlink()
    assert (await shelf.ask()).status == 500
    os.mkfifo(shelf.path)
    assert (await shelf.ask()).status == 500
    shelf.path.unlink()
    shelf.path.mkdir()
    assert (await shelf.ask()).status == 500


# --- files that change while they are sent ---------------------------------------------------------------------

BIG = 24 << 20


async def half_read(shelf: Shelf, *headers: str) -> tuple[RawClient, bytes, int]:
    """A client that has read a little of a large answer; the rest waits in sockets and file."""
    shelf.path.write_bytes(b"old!" * (BIG // 4))
    client = await RawClient.connect(shelf.port)
    await client.get("/film", *headers)
    _, received = await client.head()
    return client, await client.exactly(10_000), int(received["Content-Length"])


async def finish(client: RawClient, begun: bytes, announced: int) -> bytes:
    body = begun + await client.rest(announced - len(begun))
    assert len(body) == announced or await client.is_at_end()
    await client.close()
    return body


def rewrite(path: Path) -> None:
    path.write_bytes(b"NEW!" * (BIG // 4))


def replace(path: Path) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(b"NEW!" * (BIG // 4))
    other.replace(path)


def truncate(path: Path) -> None:
    os.truncate(path, 20_000)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"NEW!")


def delete(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("change", [rewrite, replace, truncate, grow, delete])
@pytest.mark.parametrize("header", ["X-Whole: 1", "Range: bytes=4-", f"Range: bytes=0-{BIG - 5}"])
async def test_a_change_cuts_the_answer_short(shelf: Shelf, change: object, header: str) -> None:
    client, begun, announced = await half_read(shelf, header)
    assert callable(change)
    await asyncio.to_thread(change, shelf.path)
    body = await finish(client, begun, announced)
    assert len(body) < announced
    assert set(body) <= set(b"old!")


async def test_a_change_in_place_never_makes_a_whole_answer(shelf: Shelf) -> None:
    client, begun, announced = await half_read(shelf)

    def overwrite() -> None:
        with shelf.path.open("r+b") as file:
            file.seek(BIG // 2)
            file.write(b"NEW!" * 100_000)

    await asyncio.to_thread(overwrite)
    assert len(await finish(client, begun, announced)) < announced


async def test_a_change_behind_the_last_piece_is_noticed_too(shelf: Shelf) -> None:
    shelf.path.write_bytes(b"old!" * (BIG // 4))
    client = await RawClient.connect(shelf.port)
    await client.get("/film")
    _, received = await client.head()
    announced = int(received["Content-Length"])
    # All but the last bytes are with the client: what is left is held back or in the sockets.
    begun = await client.exactly(announced - (8 << 20))
    await asyncio.to_thread(rewrite, shelf.path)
    body = await finish(client, begun, announced)
    assert len(body) < announced
    assert set(body) <= set(b"old!")


async def test_a_rename_or_a_second_link_is_no_change(shelf: Shelf) -> None:
    client, begun, announced = await half_read(shelf)
    shelf.path.rename(shelf.path.with_name("elsewhere.mp4"))
    os.link(shelf.path.with_name("elsewhere.mp4"), shelf.path)
    assert await finish(client, begun, announced) == b"old!" * (BIG // 4)


async def test_the_next_request_speaks_of_the_new_file(shelf: Shelf) -> None:
    client, begun, announced = await half_read(shelf)
    etag = shelf.etag
    await asyncio.to_thread(replace, shelf.path)
    await finish(client, begun, announced)
    answer = await shelf.ask("Range: bytes=8-11", f"If-Range: {etag}")
    assert (answer.status, answer.body[:8]) == (200, b"NEW!NEW!")


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


# --- endings ---------------------------------------------------------------------------------------------------


async def test_a_client_that_leaves_ends_the_stream(shelf: Shelf) -> None:
    client, _, _ = await half_read(shelf)
    await client.close()
    await until(lambda: not shelf.files._streams)


async def test_streams_are_cut_at_once_when_the_server_closes(shelf: Shelf) -> None:
    clients = [await half_read(shelf) for _ in range(3)]
    began = time.monotonic()
    shelf.files.cut_streams()
    for client, begun, announced in clients:
        assert len(await finish(client, begun, announced)) < announced
    assert time.monotonic() - began < 2
    assert not shelf.files._streams


async def test_a_request_cancelled_while_its_file_opens_leaves_no_descriptor(shelf: Shelf) -> None:
    descriptors = open_descriptors()
    opening = asyncio.create_task(shelf.files._open(os.fsencode(shelf.path)))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await shelf.ask()
    # The connection of the question may take a moment to go.
    await until(lambda: open_descriptors() <= descriptors)
