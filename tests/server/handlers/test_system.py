from __future__ import annotations

import asyncio
from unittest.mock import AsyncMock

import pytest

from hub.bootstrap import Hub
from hub.events import WindowRequested
from server.handlers.system import READINESS
from server.openapi import description
from server.runner import Server
from tests.server.conftest import Client


async def test_a_living_process_says_so(anyone: Client) -> None:
    reply = await anyone.get("/healthz")
    assert (reply.status, reply.json) == (200, {"status": "ok", "reasons": []})


async def test_a_ready_server_says_so(anyone: Client) -> None:
    reply = await anyone.get("/readyz")
    assert (reply.status, reply.json) == (200, {"status": "ok", "reasons": []})


async def test_a_server_that_is_not_ready_says_why(server: Server, anyone: Client) -> None:
    assert server.app is not None
    server.app[READINESS].reasons.add("the server is closing")
    reply = await anyone.get("/readyz")
    assert (reply.status, reply.json["reasons"]) == (503, ["the server is closing"])
    assert (await anyone.get("/healthz")).status == 200


async def test_a_database_that_does_not_answer_is_a_reason(
    hub: Hub, anyone: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.db, "check", AsyncMock(side_effect=OSError("disk gone")))
    reply = await anyone.get("/readyz")
    assert (reply.status, reply.json["reasons"]) == (503, ["the database does not answer"])
    monkeypatch.setattr("server.handlers.system.DATABASE_TIMEOUT_S", 0.01)

    async def never() -> None:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(hub.db, "check", never)
    assert (await anyone.get("/readyz")).status == 503


async def test_the_description_is_for_those_with_a_credential(owner: Client, anyone: Client) -> None:
    reply = await owner.get("/openapi.json")
    assert (reply.status, reply.body) == (200, description())
    assert reply.json["openapi"].startswith("3.1")
    (await anyone.get("/openapi.json")).problem(401, "not-signed-in")


@pytest.fixture
def asked(hub: Hub) -> list[WindowRequested]:
    seen: list[WindowRequested] = []
    hub.events.subscribe(WindowRequested, seen.append)
    return seen


async def test_the_window_is_asked_for(local: Client, asked: list[WindowRequested]) -> None:
    for body in (None, {}, {"video_id": "v"}, {"file_uri": "file:///films/caf%E9%20%C3%BC.mp4"}):
        assert (await local.post("/v1/window", body)).status == 204
    assert asked == [
        WindowRequested(),
        WindowRequested(),
        WindowRequested("v"),
        WindowRequested(None, b"/films/caf\xe9 \xc3\xbc.mp4"),
    ]


@pytest.mark.parametrize(
    "uri", ["http://example.com/x", "file://host/x", "file:x", "/x", "", "file:///a%00b"]
)
async def test_an_address_that_is_no_file_here_is_refused(
    local: Client, asked: list[WindowRequested], uri: str
) -> None:
    reply = await local.post("/v1/window", {"file_uri": uri})
    reply.problem(422, "invalid-input")
    assert reply.json["field"] == "file_uri"
    assert not asked


async def test_a_hub_without_a_window_says_so(local: Client) -> None:
    assert "without a window" in (await local.post("/v1/window", {})).problem(409, "conflict")
