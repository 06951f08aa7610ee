from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import Mock

import pytest
from aiohttp import web

from server import sending
from server.files import FileServer
from server.sending import PIECE_BYTES, TAIL_BYTES, ZERO_COPY_BYTES, FileChanged, FileState
from tests.server.serving import RawClient, app_with, serve_app

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
