from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import aiohttp
import pytest
from aiohttp import WSCloseCode, WSMsgType

from hub.accounts.types import Viewer
from hub.bootstrap import Hub
from hub.events import JobChanged, VideosAdded
from server.broadcast import QUEUE_LENGTH
from server.handlers import events as handler
from server.handlers.events import BROADCASTER
from server.runner import Server
from tests.server.conftest import Client, scan
from tests.server.serving import until

pytestmark = pytest.mark.integration

Socket = aiohttp.ClientWebSocketResponse


@contextlib.asynccontextmanager
async def listening(client: Client, **headers: str) -> AsyncIterator[Socket]:
    async with client.session.ws_connect("/v1/events", headers=headers) as ws:
        yield ws


async def hear(ws: Socket) -> Any:
    return await ws.receive_json(timeout=10)


async def hear_until(ws: Socket, kind: str) -> Any:
    while (message := await hear(ws))["type"] != kind:
        pass
    return message


async def end_of(ws: Socket) -> int | None:
    message = await ws.receive(timeout=10)
    assert message.type is WSMsgType.CLOSE, message
    return ws.close_code


async def viewer(hub: Hub, client: Client) -> Viewer:
    assert client.token is not None
    return (await hub.accounts.check(client.token)).viewer


async def test_a_listener_hears_a_scan_from_job_to_videos(hub: Hub, owner: Client, films: Path) -> None:
    async with listening(owner) as ws:
        await scan(hub, films)
        assert (await hear(ws))["type"] == "folders.changed"
        job = (await hear_until(ws, "job.changed"))["job"]
        assert job["kind"] == "scan"
        ids = (await hear_until(ws, "videos.added"))["ids"]
        assert len(ids) == 2


async def test_a_position_is_told_to_that_persons_other_devices_only(
    owner: Client, member: Client, library: dict[str, str]
) -> None:
    async with listening(owner) as mine, listening(member) as theirs:
        path = f"/v1/videos/{library['Alpha']}/position"
        await owner.put(path, {"position_s": 1.5})
        heard = await hear_until(mine, "position.changed")
        assert heard == {"type": "position.changed", "video_id": library["Alpha"], "position_s": 1.5}
        await member.put(path, {"position_s": 0.5})
        assert (await hear_until(theirs, "position.changed"))["position_s"] == 0.5


async def test_members_hear_nothing_of_the_upkeep(hub: Hub, member: Client, films: Path) -> None:
    async with listening(member) as ws:
        await scan(hub, films)
        assert (await hear(ws))["type"] == "videos.added"


async def test_a_listener_goes_with_its_session(hub: Hub, owner: Client, member: Client) -> None:
    async with listening(owner) as mine, listening(member) as theirs:
        await hub.accounts.set_password("Bob", "another horse")
        assert await end_of(theirs) == WSCloseCode.POLICY_VIOLATION
        hub.events.publish(VideosAdded(("x",)))
        assert (await hear(mine))["ids"] == ["x"]
        await owner.post("/v1/auth/logout")
        assert await end_of(mine) == WSCloseCode.POLICY_VIOLATION


async def test_a_session_that_ends_unannounced_is_noticed(
    hub: Hub, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "SILENCE_S", 0.02)
    monkeypatch.setattr(handler, "CHECK_EVERY_S", 0.02)
    async with listening(owner) as ws:
        who = await viewer(hub, owner)
        assert await hub.accounts.devices(who)
        # As another node that shares the database would do it.
        await hub.db.write(_end_all)
        hub.accounts._sessions.forget_all()
        assert await end_of(ws) == WSCloseCode.POLICY_VIOLATION


async def test_a_listener_whose_session_cannot_be_looked_up_is_sent_away_to_come_back(
    hub: Hub, owner: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(handler, "SILENCE_S", 0.02)
    async with listening(owner) as ws:
        monkeypatch.setattr(handler, "CHECK_EVERY_S", 0.0)
        monkeypatch.setattr(hub.accounts, "check", AsyncMock(side_effect=OSError("disk gone")))
        while (message := await ws.receive(timeout=10)).type is WSMsgType.TEXT:
            assert message.json() == {"type": "heartbeat"}
        assert message.type is WSMsgType.CLOSE
        assert ws.close_code == WSCloseCode.TRY_AGAIN_LATER
    assert "cannot be looked up" in caplog.text
    monkeypatch.undo()
    async with listening(owner) as ws:
        hub.events.publish(VideosAdded(("x",)))
        assert (await hear(ws))["ids"] == ["x"]


async def test_a_session_is_looked_up_even_while_much_happens(
    hub: Hub, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(owner) as ws:
        hub.events.publish(VideosAdded(("x",)))
        assert (await hear(ws))["ids"] == ["x"]
        await hub.db.write(_end_all)
        hub.accounts._sessions.forget_all()
        monkeypatch.setattr(handler, "CHECK_EVERY_S", 0.0)
        hub.events.publish(VideosAdded(("y",)))
        assert await end_of(ws) == WSCloseCode.POLICY_VIOLATION


async def test_silence_is_filled_with_heartbeats(
    hub: Hub, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "SILENCE_S", 0.02)
    async with listening(owner) as ws:
        for _ in range(3):
            assert await hear(ws) == {"type": "heartbeat"}
        hub.events.publish(VideosAdded(("x",)))
        assert (await hear_until(ws, "videos.added"))["ids"] == ["x"]


async def test_a_listener_that_answers_no_ping_is_dropped(
    server: Server, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "PING_S", 0.1)
    assert server.app is not None
    broadcaster = server.app[BROADCASTER]
    async with listening(owner) as ws:
        answering = asyncio.create_task(ws.receive())
        await until(lambda: len(broadcaster._listeners) == 1)
        sock = silent_listener(server, owner)
        await until(lambda: len(broadcaster._listeners) == 2)
        await until(lambda: len(broadcaster._listeners) == 1)
        sock.close()
        # The one who answers stays.
        await asyncio.sleep(0.5)
        assert len(broadcaster._listeners) == 1
        assert not answering.done()
        await ws.close()
        await answering


def silent_listener(server: Server, client: Client) -> socket.socket:
    """A handshake by hand, and then silence: no pong, no close, no reading."""
    sock = socket.create_connection(("127.0.0.1", server.port))
    request = (
        f"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {client.token}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    sock.sendall(request.encode())
    return sock


def _end_all(connection: Any) -> None:
    connection.exec_driver_sql("DELETE FROM sessions")


async def test_a_page_of_another_origin_cannot_listen(owner: Client, anyone: Client) -> None:
    cookie = f"marquee_session={owner.token}"
    for headers in (
        {"Cookie": cookie, "Origin": "http://evil.example.com"},
        {"Cookie": cookie, "Origin": "null"},
        {"Cookie": cookie},
        {"Authorization": f"Bearer {owner.token}", "Origin": "http://evil.example.com"},
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await anyone.session.ws_connect("/v1/events", headers=headers)
        assert caught.value.status == 403
    async with listening(anyone, Cookie=cookie, Origin=anyone.url):
        pass


async def test_nobody_listens_without_a_credential(anyone: Client) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "marquee_session=wrong"}):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await anyone.session.ws_connect("/v1/events", headers=headers)
        assert caught.value.status == 401


async def test_a_plain_request_is_told_what_is_missing(owner: Client) -> None:
    reply = await owner.get("/v1/events")
    assert reply.status == 400
    assert reply.headers["Content-Type"] == "application/problem+json"


async def test_a_listener_that_leaves_is_forgotten(server: Server, owner: Client) -> None:
    assert server.app is not None
    broadcaster = server.app[BROADCASTER]
    async with listening(owner), listening(owner):
        assert len(broadcaster._listeners) == 2
    await until(lambda: not broadcaster._listeners)


async def test_a_listener_that_does_not_read_is_told_to_read_anew(
    hub: Hub, server: Server, owner: Client
) -> None:
    ids = tuple(f"{number:026}" for number in range(1000))
    assert server.app is not None
    async with listening(owner) as ws:
        # Far more than queue and sockets hold together.
        for _ in range(2000):
            hub.events.publish(VideosAdded(ids))
        (listener,) = server.app[BROADCASTER]._listeners
        assert len(listener._queue) <= QUEUE_LENGTH
        await hear_until(ws, "resync")
        hub.events.publish(VideosAdded(("after",)))
        while (await hear(ws)).get("ids") != ["after"]:
            pass


async def test_what_a_listener_says_is_ignored_and_too_much_ends_it(hub: Hub, owner: Client) -> None:
    async with listening(owner) as ws:
        await ws.send_str("hello")
        await ws.send_bytes(b"\x00")
        hub.events.publish(VideosAdded(("x",)))
        assert (await hear(ws))["type"] == "videos.added"
        await ws.send_str("x" * 10_000)
        assert await end_of(ws) == WSCloseCode.MESSAGE_TOO_BIG


async def test_listeners_are_sent_away_when_the_server_closes(server: Server, owner: Client) -> None:
    async with listening(owner) as one, listening(owner) as other:
        began = time.monotonic()
        closing = asyncio.create_task(server.close())
        assert await end_of(one) == WSCloseCode.GOING_AWAY
        assert await end_of(other) == WSCloseCode.GOING_AWAY
        await closing
        assert time.monotonic() - began < 3


async def test_a_listener_that_is_dead_does_not_hold_the_server_up(
    hub: Hub, server: Server, owner: Client
) -> None:
    sock = silent_listener(server, owner)
    assert server.app is not None
    broadcaster = server.app[BROADCASTER]
    await until(lambda: bool(broadcaster._listeners))
    for _ in range(300):
        hub.events.publish(VideosAdded(tuple("x" * 26 for _ in range(1000))))
    began = time.monotonic()
    await server.close()
    assert time.monotonic() - began < 4
    sock.close()


async def test_job_news_reach_a_listener_as_they_are(hub: Hub, owner: Client) -> None:
    async with listening(owner) as ws:
        job = await hub.scans.request()
        hub.events.publish(JobChanged(job))
        heard = (await hear_until(ws, "job.changed"))["job"]
        assert heard["id"] == job.id
        await hub.jobs.wait(job.id)
