from __future__ import annotations

from urllib.parse import quote

import pytest

from hub.accounts.types import Role
from hub.bootstrap import Hub
from tests.server.conftest import MEMBER, OWNER, PASSWORD, Client


async def test_the_owner_adds_lists_and_removes_people(owner: Client, anyone: Client) -> None:
    reply = await owner.post("/v1/users", {"name": " Bob ", "role": "admin", "password": PASSWORD})
    assert reply.status == 201
    assert {name: reply.json[name] for name in ("name", "role")} == {"name": "Bob", "role": "admin"}
    found = (await owner.get("/v1/users")).json
    assert [(user["name"], user["role"]) for user in found["items"]] == [(OWNER, "owner"), ("Bob", "admin")]
    assert found["next_cursor"] is None
    assert b"argon2" not in (await owner.get("/v1/users")).body
    (await owner.post("/v1/users", {"name": "BOB", "password": PASSWORD})).problem(409, "conflict")
    signed_in = await anyone.post("/v1/auth/login", {"name": "bob", "password": PASSWORD})
    bearer = {"Authorization": f"Bearer {signed_in.json['token']}"}
    assert (await anyone.get("/v1/me", headers=bearer)).status == 200
    assert (await owner.delete("/v1/users/bob")).status == 204
    (await anyone.get("/v1/me", headers=bearer)).problem(401, "not-signed-in")
    (await owner.delete("/v1/users/bob")).problem(404, "not-found")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "\u202eeve"}, "name"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 1025}, "password"),
        ({"role": "king"}, "role"),
        ({"name": None}, "name"),
        ({"admin": True}, "admin"),
    ],
)
async def test_a_person_that_cannot_be_added_is_told_why(
    owner: Client, change: dict[str, object], field: str
) -> None:
    reply = await owner.post("/v1/users", {"name": "Eve", "password": PASSWORD} | change)
    reply.problem(422, "invalid-input")
    assert reply.json["field"] == field
    assert len((await owner.get("/v1/users")).json["items"]) == 1


async def test_the_last_owner_stays(owner: Client) -> None:
    assert "last owner" in (await owner.delete(f"/v1/users/{OWNER}")).problem(409, "conflict")


async def test_names_with_any_character_are_reached_by_their_address(owner: Client) -> None:
    for name in ("a/b", "ü ö?", "50%", "..", "😀"):
        assert (await owner.post("/v1/users", {"name": name, "password": PASSWORD})).status == 201
    for name in ("a/b", "ü ö?", "50%", "😀"):
        reply = await owner.delete(f"/v1/users/{quote(name, safe='')}")
        assert reply.status == 204, name


async def test_a_new_password_ends_the_other_sessions(owner: Client, member: Client, anyone: Client) -> None:
    reply = await owner.put(f"/v1/users/{MEMBER}/password", {"password": "another horse"})
    assert reply.status == 204
    (await member.get("/v1/me")).problem(401, "not-signed-in")
    old = {"name": MEMBER, "password": PASSWORD}
    (await anyone.post("/v1/auth/login", old)).problem(401, "not-signed-in")
    assert (await anyone.post("/v1/auth/login", old | {"password": "another horse"})).status == 200
    other = await anyone.post("/v1/auth/login", {"name": OWNER, "password": PASSWORD})
    assert (await owner.put(f"/v1/users/{OWNER}/password", {"password": "my own horse"})).status == 204
    assert (await owner.get("/v1/me")).status == 200
    bearer = {"Authorization": f"Bearer {other.json['token']}"}
    (await anyone.get("/v1/me", headers=bearer)).problem(401, "not-signed-in")
    (await owner.put("/v1/users/nobody/password", {"password": PASSWORD})).problem(404, "not-found")


async def test_devices_are_ones_own(hub: Hub, owner: Client, member: Client) -> None:
    (mine,) = (await owner.get("/v1/devices")).json["items"]
    assert set(mine) == {"id", "name", "kind", "created_at", "last_seen_at", "is_current"}
    assert mine["is_current"] is True
    (await member.delete(f"/v1/devices/{mine['id']}")).problem(404, "not-found")
    (theirs,) = (await member.get("/v1/devices")).json["items"]
    assert theirs["id"] != mine["id"]
    assert (await member.delete(f"/v1/devices/{theirs['id']}")).status == 204
    (await member.get("/v1/me")).problem(401, "not-signed-in")
    assert (await owner.get("/v1/me")).status == 200


async def test_people_and_devices_are_listed_by_pages(hub: Hub, owner: Client, member: Client) -> None:
    for n in range(4):
        await hub.accounts.add_user(f"Person {n}", Role.MEMBER, PASSWORD)
        await hub.accounts.log_in(OWNER, PASSWORD, f"program {n}", None)
    for path in ("/v1/users", "/v1/devices"):
        whole = (await owner.get(f"{path}?limit=100")).json
        assert whole["next_cursor"] is None
        assert len(whole["items"]) >= 5
        assert await owner.pages(path, limit=2) == whole["items"]
        (await owner.get(f"{path}?limit=0")).problem(422, "invalid-input")
        (await owner.get(f"{path}?limit=101")).problem(422, "invalid-input")
    place = {
        path: (await owner.get(f"{path}?limit=1")).json["next_cursor"]
        for path in ("/v1/users", "/v1/devices")
    }
    for asker, path, foreign in (
        (owner, "/v1/users", place["/v1/devices"]),
        (owner, "/v1/devices", place["/v1/users"]),
        (member, "/v1/devices", place["/v1/devices"]),
        (owner, "/v1/users", ""),
        (owner, "/v1/users", "zz"),
    ):
        reply = await asker.get(f"{path}?cursor={foreign}")
        reply.problem(422, "invalid-input")
        assert reply.json["field"] == "cursor"


async def test_who_goes_between_two_pages_hides_nobody(owner: Client) -> None:
    for name in ("Bob", "Eve", "Zoe"):
        await owner.post("/v1/users", {"name": name, "password": PASSWORD})
    first = (await owner.get("/v1/users?limit=2")).json
    assert [one["name"] for one in first["items"]] == [OWNER, "Bob"]
    await owner.delete("/v1/users/Bob")
    rest = (await owner.get(f"/v1/users?cursor={first['next_cursor']}")).json
    assert [one["name"] for one in rest["items"]] == ["Eve", "Zoe"]
    assert rest["next_cursor"] is None
