from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import AsyncMock

import aiohttp
import pytest

from hub.bootstrap import Hub
from hub.errors import HubError
from hub.runtime.instance import InstanceFile
from server import runner
from server.hosts import own_addresses
from server.runner import Server
from tests.server.conftest import Client, scan
from tests.server.serving import RawClient

pytestmark = pytest.mark.integration


@contextlib.asynccontextmanager
async def started(hub: Hub, host: str, port: int = 0) -> AsyncIterator[tuple[Server, str]]:
    server = Server(hub, host, port)
    url = await server.start()
    try:
        yield server, url
    finally:
        await server.close()


async def health(url: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/healthz") as response:
        return response.status


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "0.0.0.0", "::", ""])
async def test_it_is_reached_at_the_address_it_names(hub: Hub, host: str) -> None:
    async with started(hub, host) as (server, url):
        assert url.startswith("http://")
        assert url.endswith(f":{server.port}")
        assert "0.0.0.0" not in url
        assert "[::]" not in url
        assert await health(url) == 200
        assert ("[" in url) == (":" in host)


async def test_a_wildcard_is_reached_at_every_own_address(hub: Hub) -> None:
    async with started(hub, "0.0.0.0") as (server, _):
        for address in own_addresses():
            if address.version == 4:
                assert await health(f"http://{address}:{server.port}") == 200


async def test_the_note_for_other_programs_names_address_and_token(hub: Hub) -> None:
    note = InstanceFile(hub.paths)
    async with started(hub, "0.0.0.0") as (server, _):
        said = await asyncio.to_thread(note.read)
        assert said is not None
        assert said.url == f"http://127.0.0.1:{server.port}"
        assert said.pid == os.getpid()
        assert stat.S_IMODE(hub.paths.instance_file.stat().st_mode) == 0o600
        client = Client(said.url, said.token)
        assert (await client.get("/v1/me")).json["role"] == "owner"
        await client.session.close()
    assert await asyncio.to_thread(note.read) is None


async def test_a_port_in_use_is_named_with_what_to_do(hub: Hub) -> None:
    async with started(hub, "127.0.0.1") as (server, _):
        with pytest.raises(HubError, match=rf"Port {server.port} is in use on 127.0.0.1\..*--port"):
            await Server(hub, "127.0.0.1", server.port).start()
        assert await health(f"http://127.0.0.1:{server.port}") == 200
        assert await asyncio.to_thread(InstanceFile(hub.paths).read) is not None


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
async def test_an_address_of_another_machine_is_named(hub: Hub, host: str) -> None:
    with pytest.raises(HubError, match="is not an address of this machine"):
        await Server(hub, host, 0).start()


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (PermissionError(13, "Permission denied"), "above 1023"),
        (socket.gaierror(-2, "Name or service not known"), "is not an address of this machine"),
        (OSError(24, "Too many open files"), "Too many open files"),
    ],
)
async def test_whatever_keeps_it_from_listening_is_a_sentence(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, error: OSError, says: str
) -> None:
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "create_server", AsyncMock(side_effect=error))
    with pytest.raises(HubError, match=says):
        await Server(hub, "127.0.0.1", 80).start()


async def test_closing_twice_or_before_the_start_is_no_error(hub: Hub) -> None:
    server = Server(hub, "127.0.0.1", 0)
    await server.close()
    await server.start()
    await server.close()
    await server.close()
    with pytest.raises(OSError, match=r"refused|failed"):
        await health(f"http://127.0.0.1:{server.port}")


async def test_it_can_be_started_again_on_the_same_port(hub: Hub) -> None:
    async with started(hub, "127.0.0.1") as (server, url):
        assert await health(url) == 200
        port = server.port
    async with started(hub, "127.0.0.1", port) as (_, url):
        assert await health(url) == 200


async def test_it_closes_soon_whatever_is_under_way(
    hub: Hub, server: Server, owner: Client, films: Path
) -> None:
    with (films / "Alpha.mp4").open("ab") as file:
        file.truncate(64 << 20)
    await scan(hub, films)
    videos = (await owner.get("/v1/videos?sort=title")).json["items"]
    clients = [await RawClient.connect(server.port) for _ in range(6)]
    bearer = f"Authorization: Bearer {owner.token}"
    for stream in clients[:3]:
        await stream.get(f"/media/{videos[0]['id']}/file", bearer)
        assert (await stream.head())[0] == 200
    await clients[3].get("/v1/me", bearer)  # answered, and kept open
    assert (await clients[3].head())[0] == 200
    await clients[4].send("GET /healthz HT")  # half a request
    await clients[5].get(
        "/v1/scans", bearer, "Content-Type: application/json", "Content-Length: 9", method="POST"
    )
    async with owner.session.ws_connect("/v1/events"):
        began = time.monotonic()
        await server.close()
        assert time.monotonic() - began < 3
    for client in clients:
        await client.close()


async def test_a_request_under_way_is_finished_before_the_end(
    hub: Hub, server: Server, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()
    users = hub.accounts.users

    async def slow() -> object:
        asked.set()
        await answer.wait()
        return await users()

    monkeypatch.setattr(hub.accounts, "users", slow)
    request = asyncio.create_task(owner.get("/v1/users"))
    await asked.wait()
    closing = asyncio.create_task(server.close())
    await asyncio.sleep(0)
    answer.set()
    assert (await request).status == 200
    await closing


async def test_a_request_that_never_ends_is_cancelled(
    hub: Hub, server: Server, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "SHUTDOWN_TIMEOUT_S", 0.1)
    asked, cancelled = asyncio.Event(), asyncio.Event()

    async def never() -> None:
        asked.set()
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    monkeypatch.setattr(hub.accounts, "users", never)
    request = asyncio.create_task(owner.get("/v1/users"))
    await asked.wait()
    began = time.monotonic()
    await server.close()
    await cancelled.wait()
    assert time.monotonic() - began < 3
    with pytest.raises(aiohttp.ClientError):
        await request
