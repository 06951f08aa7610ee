from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from hub.bootstrap import Hub
from server import connections, decoding
from server.connections import Connections, Limits, raise_descriptor_limit
from server.runner import Server
from tests.server.conftest import Client, scan
from tests.server.serving import RawClient, until

pytestmark = pytest.mark.integration


@contextlib.asynccontextmanager
async def served(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, limits: Limits
) -> AsyncIterator[tuple[Server, list[RawClient]]]:
    """A server with few connections, and a list whose clients are closed at the end."""
    monkeypatch.setattr(Limits, "for_descriptors", lambda _: limits)
    server = Server(hub, "127.0.0.1", 0)
    await server.start()
    clients: list[RawClient] = []
    try:
        yield server, clients
    finally:
        for client in clients:
            await client.close()
        await server.close()


async def healthy(client: RawClient) -> int:
    return (await client.ask("/healthz")).status


async def gone(client: RawClient) -> bool:
    async with asyncio.timeout(5):
        return await client.is_at_end()


async def reachable(server: Server) -> bool:
    url = f"http://127.0.0.1:{server.port}/healthz"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status == 200


def test_limits_follow_from_what_may_be_open() -> None:
    assert Limits.for_descriptors(1024) == (256, 128)
    assert Limits.for_descriptors(65_536) == (4096, 512)
    assert Limits.for_descriptors(64) == (16, 8)
    for descriptors in (400, 1024, 4096, 20_000):
        total, per_peer = Limits.for_descriptors(descriptors)
        assert per_peer <= total
        assert total * 3 < descriptors


@pytest.fixture
def soft_limit() -> Iterator[tuple[int, int]]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_limit_of_open_files_is_raised_as_far_as_allowed(soft_limit: tuple[int, int]) -> None:
    _, hard = soft_limit
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    allowed = connections.MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else hard
    expected = min(allowed, connections.MOST_DESCRIPTORS)
    assert raise_descriptor_limit() == expected
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (expected, hard)
    assert raise_descriptor_limit() == expected


def test_a_limit_that_cannot_be_raised_is_lived_with(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert raise_descriptor_limit() == 256


async def test_a_thousand_silent_connections_keep_nobody_out(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "server")
    async with served(hub, monkeypatch, Limits(40, 20)) as (server, clients):
        for _ in range(1000):
            clients.append(await RawClient.connect(server.port))
        late = await RawClient.connect(server.port)
        clients.append(late)
        assert await healthy(late) == 200
    assert len([r for r in caplog.records if "connections are open" in r.getMessage()]) == 1


async def test_the_one_that_waits_longest_makes_room(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAKE_ROOM", 1)
    async with served(hub, monkeypatch, Limits(3, 3)) as (server, clients):
        for _ in range(3):
            clients.append(await RawClient.connect(server.port))
            assert await healthy(clients[-1]) == 200
        # The first is used again, so the second has waited longest.
        assert await healthy(clients[0]) == 200
        clients.append(await RawClient.connect(server.port))
        assert await healthy(clients[3]) == 200
        assert await gone(clients[1])
        for kept in (clients[0], clients[2]):
            assert await healthy(kept) == 200


async def test_films_and_listeners_are_left_alone(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, owner: Client, films: Path
) -> None:
    with (films / "Alpha.mp4").open("ab") as file:
        file.truncate(64 << 20)
    await scan(hub, films)
    videos = (await owner.get("/v1/videos?sort=title")).json["items"]
    bearer = f"Authorization: Bearer {owner.token}"
    async with served(hub, monkeypatch, Limits(2, 2)) as (server, clients):
        film = await RawClient.connect(server.port)
        clients.append(film)
        await film.get(f"/media/{videos[0]['id']}/file", bearer)
        _, headers = await film.head()
        url = f"http://127.0.0.1:{server.port}/v1/events"
        async with owner.session.ws_connect(url) as listener:
            refused = await RawClient.connect(server.port)
            clients.append(refused)
            assert await gone(refused)
            assert not listener.closed
            length = int(headers["Content-Length"])
            assert len(await film.rest(length)) == length
        # One that has been answered makes room again.
        clients.append(await RawClient.connect(server.port))
        assert await healthy(clients[-1]) == 200


async def test_an_address_has_its_share_and_loopback_speaks_for_many(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAKE_ROOM", 1)
    async with served(hub, monkeypatch, Limits(10, 2)) as (server, clients):
        for _ in range(4):
            clients.append(await RawClient.connect(server.port))
            assert await healthy(clients[-1]) == 200
        for client in clients:
            assert await healthy(client) == 200
        monkeypatch.setattr(connections, "has_no_share", lambda _: False)
        newest = await RawClient.connect(server.port)
        clients.append(newest)
        assert await healthy(newest) == 200
        assert await gone(clients[0])


@pytest.mark.parametrize(
    ("peer", "speaks_for_many"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.168.1.7", False),
        ("fe80::1%eth0", False),
        ("2001:db8::1", False),
        ("", False),
    ],
)
def test_only_loopback_has_no_share(peer: str, speaks_for_many: bool) -> None:
    assert connections.has_no_share(peer) is speaks_for_many


async def test_a_head_that_comes_drop_by_drop_is_not_waited_for(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "FIRST_REQUEST_S", 0.3)
    async with served(hub, monkeypatch, Limits(10, 10)) as (server, clients):
        silent, slow, good = [await RawClient.connect(server.port) for _ in range(3)]
        clients += [silent, slow, good]
        assert await healthy(good) == 200
        await slow.send("GET /healthz HTTP/1.1\nHost: localhost\n")
        assert await gone(silent)
        assert await gone(slow)
        # Having asked once it may take longer.
        assert await healthy(good) == 200


async def test_a_connection_that_has_been_answered_is_kept_for_a_while(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "FIRST_REQUEST_S", 0.1)
    monkeypatch.setattr(connections, "KEEP_ALIVE_S", 0.3)
    async with served(hub, monkeypatch, Limits(10, 10)) as (server, clients):
        client = await RawClient.connect(server.port)
        clients.append(client)
        for _ in range(3):
            assert await healthy(client) == 200
            await asyncio.sleep(0.2)
        await client.send("GET /healthz HTTP/1.1\nHost: loc")
        assert await gone(client)


async def test_a_body_that_never_comes_is_not_waited_for(
    anyone: Client, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "BODY_S", 0.1)
    client = await RawClient.connect(server.port)
    await client.get("/v1/auth/login", "Content-Type: application/json", "Content-Length: 99", method="POST")
    status, headers = await client.head()
    assert (status, headers["Content-Type"]) == (408, "application/problem+json")
    assert headers["Connection"] == "close"
    await client.close()


async def test_the_count_is_right_whoever_ends_a_connection(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Connections] = []
    original = Connections.__init__

    def note(self: Connections, *args: object) -> None:
        original(self, *args)  # type: ignore[arg-type]
        made.append(self)

    monkeypatch.setattr(Connections, "__init__", note)
    async with served(hub, monkeypatch, Limits(4, 4)) as (server, clients):
        (book,) = made
        for _ in range(12):
            client = await RawClient.connect(server.port)
            assert await healthy(client) == 200
            await client.close()
        await until(lambda: len(book) == 0)
        for _ in range(12):
            clients.append(await RawClient.connect(server.port))
        await asyncio.sleep(0.05)
        assert len(book) <= 4
    assert len(book) == 0


async def test_without_descriptors_there_is_one_line_in_the_log_and_no_end(
    server: Server, caplog: pytest.LogCaptureFixture, soft_limit: tuple[int, int]
) -> None:
    caplog.set_level(logging.WARNING)
    assert await reachable(server)
    waiting = [socket.socket() for _ in range(30)]
    lowest = os.open("/dev/null", os.O_RDONLY)
    os.close(lowest)
    # What is open stays open; the next descriptor is one too many.
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, soft_limit[1]))
    for sock in waiting:
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            sock.connect(("127.0.0.1", server.port))
    await until(lambda: any("can be accepted" in r.getMessage() for r in caplog.records))
    await asyncio.sleep(1.2)  # the loop has tried again
    assert len(caplog.records) == 1, [r.getMessage() for r in caplog.records]
    resource.setrlimit(resource.RLIMIT_NOFILE, soft_limit)
    for sock in waiting:
        sock.close()
    # Python 3.11 plans one more try for each of a burst; they must not outlive the server.
    await asyncio.sleep(1.2)
    assert await reachable(server)


@pytest.mark.parametrize(
    ("head", "status", "says"),
    [
        ("GET /" + "x" * 9_000 + " HTTP/1.1\nHost: localhost", 414, "address is longer than 8,000"),
        ("GET / HTTP/1.1\nHost: localhost\nCookie: " + "x" * 17_000, 431, "header of the request is longer"),
        ("GET / HTTP/1.1\nHost: localhost" + "\nX-A: b" * 200, 431, "more than 128 headers"),
        ("BREW /pot HTTP/1.1\nHost: localhost", 501, "method"),
        ("\x16\x03\x01\x02", 400, "not HTTPS"),
        ("GET / HTTP/1.1\nHost localhost", 400, "not a valid HTTP request"),
    ],
)
async def test_what_the_parser_refuses_is_told_apart(
    server: Server, head: str, status: int, says: str
) -> None:
    client = await RawClient.connect(server.port, receive_buffer=1 << 16)
    await client.send(head + "\n\n")
    answered, headers = await client.head()
    body = await client.rest(int(headers["Content-Length"]))
    assert (answered, headers["Content-Type"]) == (status, "application/problem+json")
    assert says in body.decode()
    assert await client.is_at_end()
    await client.close()


async def test_a_long_address_and_many_cookies_are_served(server: Server) -> None:
    client = await RawClient.connect(server.port)
    answer = await client.ask("/healthz?" + "x" * 7_000, "Cookie: " + "x" * 15_000)
    assert answer.status == 422, "an unknown parameter, and no complaint about length"
    await client.close()
