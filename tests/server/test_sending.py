from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import Mock

import pytest
from aiohttp import web

from server import sending
from server.files import FileServer
from server.sending import PIECE_BYTES, TAIL_BYTES, ZERO_COPY_BYTES, FileChanged, FileState, OpenFile
from tests.server.serving import RawClient, app_with, serve_app

pytestmark = pytest.mark.integration

SIZE = 2 * ZERO_COPY_BYTES
SPANS = [
    1,
    TAIL_BYTES,
    TAIL_BYTES + 1,
    PIECE_BYTES,
    PIECE_BYTES + 1,
    ZERO_COPY_BYTES - 1,
    ZERO_COPY_BYTES,
    ZERO_COPY_BYTES + 1,
    SIZE,
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "film"
    path.write_bytes(b"".join(number.to_bytes(4, "big") for number in range(SIZE // 4)))
    return path


@pytest.fixture
async def client(path: Path) -> AsyncIterator[RawClient]:
    files = FileServer()

    async def handle(request: web.Request) -> web.StreamResponse:
        return await files.respond(request, os.fsencode(path), content_type="video/mp4")

    async with serve_app(app_with(handle)) as port:
        client = await RawClient.connect(port, receive_buffer=1 << 16)
        yield client
        await client.close()
    await files.close()


@pytest.mark.parametrize("span", SPANS)
async def test_spans_of_every_kind_arrive_byte_for_byte(client: RawClient, path: Path, span: int) -> None:
    start = min(5, SIZE - span)
    answer = await client.ask("/", f"Range: bytes={start}-{start + span - 1}")
    assert answer.body == path.read_bytes()[start : start + span]


@pytest.mark.parametrize("span", SPANS)
async def test_a_system_without_sendfile_sends_the_same(
    client: RawClient, path: Path, span: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_HAS_SENDFILE", False)
    monkeypatch.delattr(os, "sendfile")
    monkeypatch.delattr(os, "pread")
    answer = await client.ask("/", f"Range: bytes=0-{span - 1}")
    assert answer.body == path.read_bytes()[:span]


async def test_short_ranges_go_by_sendfile_and_long_ones_do_not(
    client: RawClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Mock(wraps=sending._send_pages)
    monkeypatch.setattr(sending, "_send_pages", calls)
    await client.ask("/", f"Range: bytes=0-{ZERO_COPY_BYTES}")
    assert calls.call_count == 0
    await client.ask("/", "Range: bytes=0-1499999")
    assert calls.call_count == 1


async def test_the_tail_of_a_short_range_is_compared_before_it_goes(
    client: RawClient, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = sending._send_pages

    async def change_behind_the_pages(*arguments: object) -> None:
        await pages(*arguments)  # type: ignore[arg-type]  # passed on as they came
        os.utime(path)

    monkeypatch.setattr(sending, "_send_pages", change_behind_the_pages)
    answer = await client.ask("/", "Range: bytes=0-999999")
    assert not answer.is_whole
    assert len(answer.body) == 1_000_000 - TAIL_BYTES
    assert await client.is_at_end()


@pytest.mark.parametrize("change", ["grow", "truncate", "touch", "delete"])
def test_a_state_tells_every_change(path: Path, change: str) -> None:
    with path.open("rb") as file:
        state = FileState.of(file.fileno())
        state.require(file.fileno())
        path.rename(path.with_suffix(".renamed")).rename(path)
        path.chmod(0o600)
        state.require(file.fileno())
        if change == "delete":
            path.unlink()
        elif change == "touch":
            os.utime(path)
        else:
            status = path.stat()
            os.truncate(path, SIZE + 1 if change == "grow" else SIZE - 1)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        with pytest.raises(FileChanged):
            state.require(file.fileno())


@pytest.mark.parametrize("change", ["grow", "truncate", "touch", "delete"])
def test_of_a_final_file_only_the_size_counts(path: Path, change: str) -> None:
    with path.open("rb") as file:
        state = FileState.of(file.fileno(), is_final=True)
        if change == "delete":
            path.unlink()
        elif change == "touch":
            os.utime(path, (1, 1))
        else:
            os.truncate(path, SIZE + 1 if change == "grow" else SIZE - 1)
            with pytest.raises(FileChanged):
                state.require(file.fileno())
            return
        state.require(file.fileno())


@pytest.mark.parametrize("span", [ZERO_COPY_BYTES, SIZE])
@pytest.mark.parametrize("change", ["touch", "delete"])
async def test_a_final_file_arrives_whole_whatever_becomes_of_its_name(
    path: Path, span: int, change: str
) -> None:
    content = path.read_bytes()
    files = FileServer()

    async def handle(request: web.Request) -> web.StreamResponse:
        return await files.respond(request, os.fsencode(path), content_type="video/mp4", is_final=True)

    async with serve_app(app_with(handle)) as port:
        client = await RawClient.connect(port)
        await client.get("/", f"Range: bytes=0-{span - 1}")
        status, headers = await client.head()
        if change == "touch":
            os.utime(path, (1, 1))
        else:
            path.unlink()
        body = await client.rest(span)
        await client.close()
    await files.close()

    assert status == 206
    assert "Last-Modified" not in headers
    assert body == content[:span]


# --- what is not in memory -------------------------------------------------------------------------------------


def forget_pages(path: Path) -> None:
    """Drop the file from the page cache."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def can_tell(path: Path) -> bool:
    path.read_bytes()
    with path.open("rb") as file:
        return sending._is_at_hand(file.fileno(), 0, SIZE)


async def test_what_must_come_from_the_disk_is_not_read_on_the_loop(
    client: RawClient, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can_tell(path):
        pytest.skip("the file system of the temporary folder does not know RWF_NOWAIT")
    threads: list[tuple[object, str]] = []

    def note(name: str) -> None:
        work = getattr(sending, name)

        def noted(*arguments: object) -> object:
            threads.append((name, threading.current_thread().name))
            return work(*arguments)

        monkeypatch.setattr(sending, name, noted)

    note("_push")
    note("_read")
    content = path.read_bytes()
    forget_pages(path)
    assert (await client.ask("/", "Range: bytes=1000000-1999999")).body == content[1_000_000:2_000_000]
    assert threads[0][0] == "_push"
    assert threads[0][1].startswith("files")
    threads.clear()
    assert (await client.ask("/", "Range: bytes=1000000-1999999")).body == content[1_000_000:2_000_000]
    assert threads
    assert not any(name.startswith("files") for _, name in threads)


async def test_a_short_end_that_is_not_in_memory_is_read_on_a_thread(
    client: RawClient, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Mock(wraps=sending._read)
    monkeypatch.setattr(sending, "_read", reads)
    content = path.read_bytes()
    if can_tell(path):
        assert (await client.ask("/", "Range: bytes=7-1006")).body == content[7:1007]
        assert reads.call_count == 0
    forget_pages(path)
    assert (await client.ask("/", "Range: bytes=3000007-3001006")).body == content[3_000_007:3_001_007]
    assert reads.call_count == 1


@pytest.mark.parametrize("span", SPANS)
async def test_a_file_system_that_cannot_tell_is_read_on_threads_only(
    client: RawClient, path: Path, span: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    loop_thread = threading.get_ident()
    compared_on: set[int] = set()
    require = FileState.require

    def compare(self: FileState, fd: int) -> None:
        compared_on.add(threading.get_ident())
        require(self, fd)

    monkeypatch.setattr(os, "preadv", refuse)
    monkeypatch.setattr(FileState, "require", compare)
    answer = await client.ask("/", f"Range: bytes=0-{span - 1}")
    assert answer.body == path.read_bytes()[:span]
    assert compared_on
    assert loop_thread not in compared_on


async def test_a_disk_that_sleeps_delays_nobody_else_and_keeps_its_descriptors_until_it_wakes(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    awake, asleep = threading.Event(), threading.Event()
    read = sending._read
    used: list[tuple[int, int]] = []

    def sleep(file: OpenFile, offset: int, length: int) -> bytes:
        inode = os.fstat(file.fd).st_ino
        if offset == 0 and length == PIECE_BYTES:
            asleep.set()
            awake.wait(10)
        used.append((inode, os.fstat(file.fd).st_ino))
        return read(file, offset, length)

    monkeypatch.setattr(sending, "_read", sleep)
    files = FileServer()

    async def handle(request: web.Request) -> web.StreamResponse:
        return await files.respond(request, os.fsencode(path), content_type="video/mp4")

    async with serve_app(app_with(handle)) as port:
        stuck = [await RawClient.connect(port) for _ in range(3)]
        for client in stuck:
            await client.get("/")
            await client.head()
        await asyncio.to_thread(asleep.wait, 10)
        other = await RawClient.connect(port)
        assert (await other.ask("/", "Range: bytes=8-107")).body == path.read_bytes()[8:108]
        # Those who asked are sent away while the threads still hold their files.
        files.cut_streams()
        for client in stuck:
            assert await client.is_at_end()
        assert (await other.ask("/", "Range: bytes=8-107")).is_whole
        awake.set()
        await files.close()
        for client in (*stuck, other):
            await client.close()
    assert len(used) >= 3
    # What a descriptor stood for before the sleep it stood for after it.
    assert all(before == after for before, after in used)
