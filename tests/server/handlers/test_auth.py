from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from http.cookies import Morsel
from unittest.mock import AsyncMock

import msgspec
import pytest

from hub.bootstrap import Hub
from tests.server.conftest import OWNER, PASSWORD, Client, Reply

DAY_S = 86_400


def cookie(reply: Reply) -> Morsel[str]:
    return reply.cookies["marquee_session"]


async def code(hub: Hub) -> str:
    found = await hub.accounts.setup_code()
    assert found is not None
    return found


async def test_the_first_run_code_makes_the_owner(hub: Hub, anyone: Client) -> None:
    assert (await anyone.get("/v1/setup")).json == {"needed": True}
    body = {"code": (await code(hub)).lower(), "name": " Ada ", "password": PASSWORD}
    reply = await anyone.post("/v1/setup", body)
    assert reply.status == 201
    assert set(reply.json) >= {"token", "user"}
    assert reply.json["user"] == {"id": reply.json["user"]["id"], "name": "Ada", "role": "owner"}
    assert (await anyone.get("/v1/setup")).json == {"needed": False}
    me = await anyone.get("/v1/me", headers={"Authorization": f"Bearer {reply.json['token']}"})
    assert (me.json["name"], me.json["role"]) == ("Ada", "owner")
    (await anyone.post("/v1/setup", body)).problem(409, "conflict")


async def test_a_wrong_code_is_refused_and_limited(hub: Hub, anyone: Client) -> None:
    body = {"code": "0000-0000", "name": "Eve", "password": PASSWORD}
    for _ in range(10):
        (await anyone.post("/v1/setup", body)).problem(403, "not-allowed")
    reply = await anyone.post("/v1/setup", body | {"code": await code(hub)})
    reply.problem(429, "too-many-requests")
    assert 200 < int(reply.headers["Retry-After"]) == reply.json["retry_after_s"] <= 300


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": "a\u0000"}, "name"),
        ({"password": "short"}, "password"),
    ],
)
async def test_set_up_says_what_is_wrong_and_keeps_the_code(
    hub: Hub, anyone: Client, change: dict[str, str], field: str
) -> None:
    body = {"code": await code(hub), "name": "Ada", "password": PASSWORD}
    reply = await anyone.post("/v1/setup", body | change)
    reply.problem(422, "invalid-input")
    assert reply.json["field"] == field
    assert (await anyone.post("/v1/setup", body)).status == 201


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/auth/login", "name"),
        ("/v1/auth/login", "password"),
        ("/v1/setup", "code"),
        ("/v1/setup", "name"),
        ("/v1/setup", "password"),
    ],
)
async def test_what_nobody_types_is_refused_by_its_length(anyone: Client, path: str, field: str) -> None:
    body = {"name": "Ada", "password": PASSWORD}
    if path == "/v1/setup":
        body["code"] = "0000-0000"
    reply = await anyone.post(path, body | {field: "x" * 1025})
    reply.problem(422, "invalid-input")
    assert reply.json["field"] == field


async def test_signing_in_gives_a_token_and_a_cookie(owner: Client, anyone: Client) -> None:
    reply = await anyone.post("/v1/auth/login", {"name": OWNER.upper(), "password": PASSWORD})
    assert reply.status == 200
    ends = msgspec.convert(reply.json["expires_at"], datetime)
    assert timedelta(days=89) < ends - datetime.now(UTC) <= timedelta(days=90)
    assert reply.json["user"]["name"] == OWNER
    found = cookie(reply)
    assert found.value == reply.json["token"]
    assert (found["httponly"], found["samesite"], found["path"], found["secure"]) == (True, "Lax", "/", "")
    assert 89 * DAY_S < int(found["max-age"]) <= 90 * DAY_S
    me = await anyone.get("/v1/me", headers={"Cookie": f"marquee_session={found.value}"})
    assert me.json["name"] == OWNER


async def test_a_wrong_password_and_an_unknown_name_look_the_same(owner: Client, anyone: Client) -> None:
    wrong = await anyone.post("/v1/auth/login", {"name": OWNER, "password": "wrong"})
    unknown = await anyone.post("/v1/auth/login", {"name": "Nobody", "password": PASSWORD})
    assert wrong.json == unknown.json
    wrong.problem(401, "not-signed-in")
    assert "WWW-Authenticate" in wrong.headers
    assert not wrong.cookies


async def test_guessing_is_limited_before_anything_is_hashed(
    hub: Hub, owner: Client, anyone: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = AsyncMock(wraps=hub.accounts._passwords.verify)
    monkeypatch.setattr(hub.accounts._passwords, "verify", verify)
    tries = await asyncio.gather(
        *(anyone.post("/v1/auth/login", {"name": OWNER, "password": "wrong"}) for _ in range(25))
    )
    assert sorted(reply.status for reply in tries) == [401] * 10 + [429] * 15
    assert verify.await_count == 10
    reply = await anyone.post("/v1/auth/login", {"name": OWNER, "password": PASSWORD})
    reply.problem(429, "too-many-requests")
    assert int(reply.headers["Retry-After"]) > 0


async def test_signing_out_ends_session_and_cookie(owner: Client, anyone: Client) -> None:
    reply = await owner.post("/v1/auth/logout")
    assert (reply.status, reply.body) == (204, b"")
    assert (cookie(reply).value, cookie(reply)["max-age"]) == ("", "0")
    (await owner.get("/v1/me")).problem(401, "not-signed-in")


async def test_me_says_when_the_session_ends_and_renews_the_cookie(owner: Client, anyone: Client) -> None:
    by_header = await owner.get("/v1/me")
    assert set(by_header.json) == {"id", "name", "role", "expires_at"}
    assert not by_header.cookies
    by_cookie = await anyone.get("/v1/me", headers={"Cookie": f"marquee_session={owner.token}"})
    assert by_cookie.json == by_header.json
    assert cookie(by_cookie).value == owner.token


async def test_the_device_is_named_after_its_browser(owner: Client, anyone: Client) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    await anyone.post("/v1/auth/login", {"name": OWNER, "password": PASSWORD}, headers={"User-Agent": agent})
    names = [device["name"] for device in (await owner.get("/v1/devices")).json["items"]]
    assert names == ["Firefox on Linux", "tests"]
