from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import Connection, update

from hub.accounts.types import Role
from hub.bootstrap import Hub
from hub.db.tables import SessionRow
from server.access import Access
from server.call import Route
from server.routes import ROUTES
from tests.server.conftest import MEMBER, PASSWORD, Client, Reply

ID = "01J8Z3V6Q0AAAAAAAAAAAAAAAA"
GUARDED = [route for route in ROUTES if route.access is not Access.OPEN]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")
UNKNOWN = [
    "/v1",
    "/v1/",
    "/v1/nothing",
    "/v1/videos/",
    "/v1//videos",
    "/V1/videos",
    f"/v1/videos/{ID}/nothing",
    "/media",
    "/media/",
    f"/media/{ID}",
    f"/media/{ID}/nothing",
    f"/media/{ID}/file/",
    f"/media/{ID}/hls/master.m3u8",
    "/media/../v1/videos",
    "/metrics",
    "/graphql",
    "/nothing",
    "/openapi.json/",
    "/index.html",
]

# The contract's open routes (those of them that exist so far), copied here: a route that is opened by mistake fails.
OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/"),
    ("GET", "/assets/{name:.+}"),
    ("GET", "/manifest.webmanifest"),
    ("GET", "/sw.js"),
    ("GET", "/v1/setup"),
    ("POST", "/v1/setup"),
    ("POST", "/v1/auth/login"),
}


def address(route: Route) -> str:
    path = route.path
    for name in ("id", "video", "name", "lang"):
        path = path.replace(f"{{{name}}}", ID)
    return path


def route_id(route: Route) -> str:
    return f"{route.method} {route.path}"


class Credentials(NamedTuple):
    """Ways to show no, a wrong or an expired credential: headers and query."""

    headers: dict[str, str]
    query: str = ""


@pytest.fixture
async def bad_credentials(hub: Hub, owner: Client) -> list[Credentials]:
    """Every kind, around sessions and media tokens that were good once."""
    expired = await hub.accounts.log_in("Ada", PASSWORD, "tests", "127.0.0.1")

    def expire(connection: Connection) -> None:
        past = datetime.now(UTC) - timedelta(seconds=1)
        connection.execute(update(SessionRow).values(expires_at=past))

    await hub.db.write(expire)
    viewer = await hub.accounts.local_viewer()
    other_videos, _ = await hub.accounts.media_token(viewer, "01J8Z3V6Q0BBBBBBBBBBBBBBBB", 3600)
    stale, _ = await hub.accounts.media_token(viewer, ID, -1)
    good, _ = await hub.accounts.media_token(viewer, ID, 3600)
    return [
        Credentials({}),
        Credentials({"Authorization": "Bearer"}),
        Credentials({"Authorization": "Bearer "}),
        Credentials({"Authorization": "Bearer wrong"}),
        Credentials({"Authorization": f"Bearer {expired.token}"}),
        Credentials({"Authorization": f"Bearer {owner.token}"}),
        Credentials({"Authorization": f"Basic {hub.accounts.local_token}"}),
        Credentials({"Authorization": f"Bearer {good}"}),
        Credentials({"Cookie": "marquee_session=wrong"}),
        Credentials({"Cookie": f"marquee_session={expired.token}"}),
        Credentials({"Cookie": "marquee_session="}),
        Credentials({}, f"?token={stale}"),
        Credentials({}, f"?token={other_videos}"),
        Credentials({}, f"?token={good[:-1]}A" if good[-1] != "A" else f"?token={good[:-1]}B"),
        Credentials({}, "?token="),
        Credentials({}, f"?token={expired.token}"),
        Credentials({}, f"?token={hub.accounts.local_token}"),
    ]


def require_refusal(reply: Reply, *, has_body: bool) -> None:
    assert reply.status == 401
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    assert reply.headers["Cache-Control"] == "no-store"
    if has_body:
        reply.problem(401, "not-signed-in")
    else:
        assert reply.body == b""


def test_the_open_routes_are_those_of_the_contract() -> None:
    assert {(route.method, route.path) for route in ROUTES if route.access is Access.OPEN} == OPEN


async def test_no_guarded_route_answers_without_a_good_credential(
    anyone: Client, bad_credentials: list[Credentials]
) -> None:
    assert len(GUARDED) > 25
    for route in GUARDED:
        methods = (
            [route.method, "HEAD"] if route.method == "GET" and not route.is_websocket else [route.method]
        )
        for method in methods:
            for headers, query in bad_credentials:
                reply = await anyone.ask(method, address(route) + query, headers=headers)
                require_refusal(reply, has_body=method != "HEAD")


@pytest.mark.parametrize("path", UNKNOWN)
async def test_unknown_addresses_do_not_even_say_that_they_are_unknown(anyone: Client, path: str) -> None:
    for method in METHODS:
        require_refusal(await anyone.ask(method, path), has_body=method != "HEAD")


async def test_methods_nobody_offers_tell_nothing_of_guarded_addresses(anyone: Client) -> None:
    for route in GUARDED:
        for method in ("PATCH", "POST", "PUT", "DELETE", "OPTIONS"):
            require_refusal(await anyone.ask(method, address(route)), has_body=True)


async def test_with_a_credential_the_unknown_is_named(owner: Client) -> None:
    for path in ("/v1/nothing", f"/media/{ID}/nothing", "/nothing"):
        assert "nothing at this address" in (await owner.get(path)).problem(404, "not-found")
    reply = await owner.delete("/v1/me")
    assert reply.headers["Allow"] == "GET,HEAD"
    assert "GET, HEAD" in reply.problem(405, "method-not-allowed")


async def test_open_addresses_say_which_methods_they_take(anyone: Client) -> None:
    reply = await anyone.get("/v1/auth/login")
    assert reply.headers["Allow"] == "POST"
    reply.problem(405, "method-not-allowed")


async def test_members_may_watch_and_no_more(member: Client) -> None:
    for route in GUARDED:
        if route.path == "/v1/auth/logout":
            continue
        reply = await member.ask(route.method, address(route))
        if route.access in (Access.MANAGER, Access.OWNER, Access.LOCAL):
            reply.problem(403, "not-allowed")
        else:
            assert reply.status not in (401, 403, 500), route_id(route)


async def test_the_owner_may_do_everything_but_what_is_this_machines(owner: Client) -> None:
    for route in GUARDED:
        if route.method == "GET" and not route.is_websocket:
            assert (await owner.get(address(route))).status in (200, 404), route_id(route)


async def test_admins_manage_the_library_but_not_people(hub: Hub, owner: Client, anyone: Client) -> None:
    await hub.accounts.add_user("Eve", Role.ADMIN, PASSWORD)
    signed_in = await hub.accounts.log_in("Eve", PASSWORD, "", None)
    headers = {"Authorization": f"Bearer {signed_in.token}"}
    assert (await anyone.get("/v1/folders", headers=headers)).status == 200
    (await anyone.get("/v1/users", headers=headers)).problem(403, "not-allowed")


async def test_the_window_is_this_machines_alone(owner: Client, local: Client) -> None:
    (await owner.post("/v1/window", {})).problem(403, "not-allowed")
    (await local.post("/v1/window", {})).problem(409, "conflict")


async def test_the_local_token_acts_for_the_owner(local: Client, owner: Client) -> None:
    assert (await local.get("/v1/me")).json == (await owner.get("/v1/me")).json | {"expires_at": None}
    assert (await local.get("/v1/users")).status == 200
    assert (await local.post("/v1/auth/logout")).status == 204
    assert (await local.get("/v1/me")).status == 200


async def test_the_header_outweighs_the_cookie(member: Client, owner: Client) -> None:
    cookie = {"Cookie": f"marquee_session={owner.token}"}
    assert (await member.get("/v1/me", headers=cookie)).json["name"] == MEMBER
    reply = await member.get("/v1/me", headers=cookie | {"Authorization": "Bearer wrong"})
    reply.problem(401, "not-signed-in")


async def test_another_kind_of_authorization_leaves_the_cookie_in_force(
    anyone: Client, owner: Client
) -> None:
    headers = {"Cookie": f"marquee_session={owner.token}", "Authorization": "Basic eDp5"}
    assert (await anyone.get("/v1/me", headers=headers)).status == 200


async def test_a_media_token_opens_nothing_but_its_video(
    hub: Hub, anyone: Client, library: dict[str, str]
) -> None:
    viewer = await hub.accounts.local_viewer()
    token, _ = await hub.accounts.media_token(viewer, library["Alpha"], 60)
    assert (await anyone.get(f"/media/{library['Alpha']}/file?token={token}")).status == 200
    for path in (f"/media/{library['Beta']}/file", "/v1/videos", f"/v1/videos/{library['Alpha']}"):
        (await anyone.get(f"{path}?token={token}")).problem(401, "not-signed-in")


async def test_a_session_outlives_the_token_in_an_address(
    hub: Hub, anyone: Client, owner: Client, library: dict[str, str]
) -> None:
    stale, _ = await hub.accounts.media_token(await hub.accounts.local_viewer(), library["Alpha"], -1)
    path = f"/media/{library['Alpha']}/file?token={stale}"
    assert (await owner.get(path)).status == 200
    assert (await anyone.get(path, headers={"Cookie": f"marquee_session={owner.token}"})).status == 200
    (await anyone.get(path, headers={"Cookie": "marquee_session=wrong"})).problem(401, "not-signed-in")


async def test_a_token_outlives_the_session_in_a_cookie(
    hub: Hub, anyone: Client, library: dict[str, str]
) -> None:
    token, _ = await hub.accounts.media_token(await hub.accounts.local_viewer(), library["Alpha"], 60)
    path = f"/media/{library['Alpha']}/file?token={token}"
    assert (await anyone.get(path, headers={"Cookie": "marquee_session=gone"})).status == 200


async def test_signing_out_shuts_every_door_at_once(
    owner: Client, anyone: Client, library: dict[str, str]
) -> None:
    assert (await owner.get("/v1/me")).status == 200
    film = (await owner.get(f"/v1/videos/{library['Alpha']}/play")).json["url"]
    assert (await anyone.get(film)).status == 200
    assert (await owner.post("/v1/auth/logout")).status == 204
    for route in GUARDED:
        assert (await owner.ask(route.method, address(route))).status == 401
    (await anyone.get(film)).problem(401, "not-signed-in")
