from __future__ import annotations

import asyncio
import io
import socket
from unittest.mock import AsyncMock

import msgspec
import pytest

from hub.bootstrap import Hub
from hub.config import LibrarySettings, ServerSettings, Settings
from hub.errors import MediaError
from server.runner import Server
from tests.server.conftest import Client
from tests.server.serving import RawClient

pytestmark = pytest.mark.integration

ID = "01J8Z3V6Q0AAAAAAAAAAAAAAAA"


@pytest.fixture
def settings() -> Settings:
    return Settings(
        library=LibrarySettings(watch=False), server=ServerSettings(allowed_hosts=["media.example.org"])
    )


# --- Host ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example.com", "127.0.0.1.evil.example.com", "evil.example.com:8765"])
async def test_a_rebound_name_is_refused_on_every_route(owner: Client, host: str) -> None:
    for path in ("/", "/healthz", "/v1/setup", "/v1/me", f"/media/{ID}/file", "/nothing"):
        detail = (await owner.get(path, headers={"Host": host})).problem(421, "unknown-host")
        assert "server.allowed_hosts" in detail
        assert host in detail


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:1",
        "[::1]:8765",
        socket.gethostname(),
        "media.example.org",
        "Media.Example.ORG:443",
    ],
)
async def test_own_and_allowed_names_are_answered(owner: Client, host: str) -> None:
    assert (await owner.get("/v1/me", headers={"Host": host})).status == 200


@pytest.mark.parametrize(
    "head",
    [
        "GET /healthz HTTP/1.1\n\n",
        "GET /healthz HTTP/1.1\nHost: localhost\nHost: evil.example.com\n\n",
        "GET /healthz HTTP/1.0\n\n",
    ],
)
async def test_a_request_without_one_host_is_a_problem(server: Server, head: str) -> None:
    client = await RawClient.connect(server.port)
    await client.send(head)
    status, headers = await client.head()
    assert (status, headers["Content-Type"]) == (400, "application/problem+json")
    await client.close()


async def test_an_absolute_address_does_not_stand_in_for_the_host(server: Server) -> None:
    client = await RawClient.connect(server.port)
    await client.send("GET http://localhost/healthz HTTP/1.1\nHost: evil.example.com\n\n")
    assert (await client.head())[0] == 421
    await client.close()


# --- Origin ----------------------------------------------------------------------------------------------------

CHANGES = [
    ("POST", "/v1/auth/logout"),
    ("PATCH", f"/v1/videos/{ID}"),
    ("DELETE", f"/v1/videos/{ID}"),
    ("PUT", f"/v1/videos/{ID}/position"),
    ("POST", "/v1/folders"),
    ("POST", "/v1/scans"),
    ("POST", "/v1/users"),
]


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example.com",
        "null",
        "",
        "http://127.0.0.1",
        "https://127.0.0.1",
        "http://127.0.0.1:{port}.evil.example.com",
        "http://127.0.0.1:{port}@evil.example.com",
        "http://evil.example.com@127.0.0.1:{port}",
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}",
        "ftp://127.0.0.1:{port}",
        "127.0.0.1:{port}",
    ],
)
async def test_a_page_of_another_origin_changes_nothing(
    owner: Client, anyone: Client, server: Server, origin: str
) -> None:
    headers = {"Origin": origin.format(port=server.port)}
    for method, path in CHANGES:
        (await owner.ask(method, path, headers=headers, json={})).problem(403, "cross-origin")
    for path in ("/v1/auth/login", "/v1/setup"):
        (await anyone.post(path, {}, headers=headers)).problem(403, "cross-origin")
    assert (await owner.get("/v1/me")).status == 200


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("localhost", "http://localhost", 202),
        ("localhost", "https://localhost", 202),
        ("localhost:443", "https://localhost", 202),
        ("localhost", "https://localhost:443", 202),
        ("localhost:80", "http://LOCALHOST", 202),
        ("localhost:8443", "https://localhost:8443", 202),
        ("[::1]:8443", "https://[::1]:8443", 202),
        ("localhost:", "http://localhost", 202),
        ("localhost", "https://localhost:8443", 403),
        ("localhost:8443", "https://localhost", 403),
        ("localhost:443", "http://localhost", 403),
        ("localhost:80", "https://localhost", 403),
        ("localhost", "https://localhost:99999999999", 403),
    ],
)
async def test_the_origin_is_compared_by_host_and_port_whatever_the_scheme(
    owner: Client, host: str, origin: str, status: int
) -> None:
    assert (await owner.post("/v1/scans", headers={"Host": host, "Origin": origin})).status == status


async def test_a_cookie_changes_something_only_from_the_hubs_own_pages(owner: Client, anyone: Client) -> None:
    cookie = {"Cookie": f"marquee_session={owner.token}"}
    for headers in (
        {},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        for method, path in CHANGES:
            reply = await anyone.ask(method, path, headers=cookie | headers, json={})
            reply.problem(403, "cross-origin")
    own = {"Origin": anyone.url}
    assert (await anyone.post("/v1/scans", headers=cookie | own)).status == 202
    assert (await anyone.post("/v1/scans", headers=cookie | {"Sec-Fetch-Site": "same-origin"})).status == 202
    assert (await anyone.get("/v1/me", headers=cookie | {"Origin": "http://evil.example.com"})).status == 200


async def test_a_program_with_a_token_needs_no_origin(owner: Client, anyone: Client) -> None:
    assert (await owner.post("/v1/scans")).status == 202
    assert (await owner.post("/v1/scans", headers={"Origin": owner.url})).status == 202
    (await anyone.post("/v1/auth/login", {"name": "x", "password": "y"})).problem(401, "not-signed-in")


# --- bodies and queries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        (b"{", 400, "bad-json", "not valid JSON"),
        (b"", 422, "invalid-input", "position_s"),
        (b"[]", 422, "invalid-input", "object"),
        (b"null", 422, "invalid-input", "object"),
        (b'{"position_s": "1"}', 422, "invalid-input", "position_s"),
        (b'{"position_s": -1}', 422, "invalid-input", "position_s"),
        (b'{"position_s": 1e999}', 422, "invalid-input", "position_s"),
        (b'{"position_s": NaN}', 400, "bad-json", "not valid JSON"),
        (b'{"position_s": 1, "extra": 2}', 422, "invalid-input", "extra"),
        (b'{"position_s": 1, "at": "noon"}', 422, "invalid-input", "at"),
        (b'{"position_s": 1, "at": "2026-05-01T20:15:00"}', 422, "invalid-input", "at"),
        (b'{"at": "2026-05-01T20:15:00Z"}', 422, "invalid-input", "position_s"),
        (b'{"position_s": 1}\xff', 400, "bad-json", "not valid JSON"),
        (b'{"position_s": 1, "at": "\xff"}', 422, "invalid-input", "at"),
        (b"[" * 100_000, 422, "invalid-input", "object"),
    ],
)
async def test_a_bad_body_is_a_problem_that_names_the_field(
    owner: Client, body: bytes, status: int, code: str, says: str
) -> None:
    headers = {"Content-Type": "application/json"}
    reply = await owner.ask("PUT", f"/v1/videos/{ID}/position", data=body, headers=headers)
    assert says in reply.problem(status, code)
    if says.isidentifier() and says != "object":
        assert reply.json["field"] == says


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("PATCH", f"/v1/videos/{ID}", [], "The body: expected an object, got a list."),
        (
            "PATCH",
            f"/v1/videos/{ID}",
            {"visibility": "foo"},
            "visibility: 'foo' is not accepted; give one of household, unlisted, private.",
        ),
        ("PATCH", f"/v1/videos/{ID}", {"state": "x"}, "state: 'x' is not accepted; give one of ready."),
        ("PATCH", f"/v1/videos/{ID}", {"published_at": 3}, "expected a time such as"),
        ("PATCH", f"/v1/videos/{ID}", {"title": None}, "title: expected a text, got null."),
        ("PUT", f"/v1/videos/{ID}/position", {"position_s": -1}, "expected a number of at least 0.0."),
        ("GET", "/v1/videos?limit=101", None, "limit: expected a whole number of at most 100."),
        ("GET", "/v1/videos?order=foo", None, "order: 'foo' is not accepted; give one of asc, desc."),
        ("GET", "/v1/videos?sort=foo", None, "give one of -added, -duration"),
        (
            "POST",
            "/v1/users",
            {"name": "x" * 1025, "password": "y"},
            "name: expected a text with a length of at most 1024.",
        ),
    ],
)
async def test_what_does_not_fit_is_said_in_words(
    owner: Client, method: str, path: str, body: object, says: str
) -> None:
    reply = await owner.ask(method, path, json=body)
    assert says in reply.problem(422, "invalid-input")


async def test_a_body_that_is_no_json_is_415(owner: Client) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        reply = await owner.ask("POST", "/v1/scans", data=b"{}", headers={"Content-Type": kind})
        reply.problem(415, "not-json")


async def test_a_body_of_more_than_a_mebibyte_is_413(owner: Client, server: Server) -> None:
    too_long = b'{"path": "' + b"x" * (1 << 20) + b'"}'
    headers = {"Content-Type": "application/json"}
    (await owner.ask("POST", "/v1/folders", data=io.BytesIO(too_long), headers=headers)).problem(
        413, "too-large"
    )

    async def chunks() -> object:
        for start in range(0, len(too_long), 100_000):
            yield too_long[start : start + 100_000]

    (await owner.ask("POST", "/v1/folders", data=chunks(), headers=headers)).problem(413, "too-large")
    client = await RawClient.connect(server.port)
    await client.get(
        "/v1/scans",
        f"Authorization: Bearer {owner.token}",
        "Content-Type: application/json",
        f"Content-Length: {1 << 40}",
        method="POST",
    )
    assert (await client.head())[0] == 413
    await client.close()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=1.5", "limit"),
        ("limit=", "limit"),
        ("limit=99999999999999999999999", "limit"),
        ("limit=5&limit=6", "limit"),
        ("sort=colour", "sort"),
        ("sort=--title", "sort"),
        ("order=up", "order"),
        ("sort=-title&order=asc", "order"),
        ("state=lost", "state"),
        ("visibility=all", "visibility"),
        ("chanel=x", "chanel"),
        ("channel=%00", "channel"),
        ("cursor=nonsense", "cursor"),
        ("cursor=", "cursor"),
    ],
)
async def test_a_bad_query_is_a_problem_that_names_the_parameter(
    owner: Client, query: str, field: str
) -> None:
    reply = await owner.get(f"/v1/videos?{query}")
    reply.problem(422, "invalid-input")
    assert reply.json["field"] == field


async def test_a_path_with_a_nul_character_leads_nowhere(owner: Client) -> None:
    for path in ("/v1/videos/%00", f"/media/{ID}/captions/%00.vtt", "/v1/jobs/a%00b"):
        (await owner.get(path)).problem(404, "not-found")
    (await owner.delete("/v1/users/%00")).problem(404, "not-found")


# --- problems --------------------------------------------------------------------------------------------------


@pytest.mark.expect_errors("GET /v1/me failed", "GET /v1/users failed")
async def test_a_defect_is_logged_and_told_nobody(
    hub: Hub, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "a path, a query, a stack"
    monkeypatch.setattr(hub.accounts, "users", AsyncMock(side_effect=ZeroDivisionError(secret)))
    reply = await owner.get("/v1/users")
    assert secret.encode() not in reply.body
    assert "log says more" in reply.problem(500, "internal")
    monkeypatch.setattr(hub.accounts, "check", AsyncMock(side_effect=MediaError("The disk is on fire.")))
    assert (await owner.get("/v1/me")).problem(500, "media") == "The disk is on fire."


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("GARBAGE\n\n", 501),
        ("GET / HTTP/9.9\n\n", 400),
        (f"GET /{'x' * 20_000} HTTP/1.1\nHost: localhost\n\n", 414),
        (f"GET / HTTP/1.1\nHost: localhost\nX: {'x' * 20_000}\n\n", 431),
        ("GET / HTTP/1.1\nHost: localhost\nNo colon\n\n", 400),
        ("GET /healthz HTTP/1.1\nHost: localhost\nExpect: a miracle\n\n", 417),
        ("POST /nothing HTTP/1.1\nHost: localhost\nExpect: a miracle\nContent-Length: 5\n\n", 417),
    ],
)
async def test_what_aiohttp_refuses_by_itself_is_a_problem_document_too(
    server: Server, request_text: str, status: int
) -> None:
    client = await RawClient.connect(server.port)
    await client.send(request_text)
    answered, headers = await client.head()
    assert (answered, headers["Content-Type"]) == (status, "application/problem+json")
    document = msgspec.json.decode(await client.rest(int(headers["Content-Length"])))
    assert (document["status"], document["type"][:20]) == (status, "urn:marquee:problem:")
    await client.close()


async def test_a_body_that_never_arrives_disturbs_nobody(server: Server, owner: Client) -> None:
    client = await RawClient.connect(server.port)
    await client.get(
        "/v1/scans",
        f"Authorization: Bearer {owner.token}",
        "Content-Type: application/json",
        "Content-Length: 100",
        method="POST",
    )
    await client.close()
    assert (await owner.get("/v1/me")).status == 200


async def test_broken_chunks_are_the_clients_fault(server: Server, owner: Client) -> None:
    client = await RawClient.connect(server.port)
    await client.get(
        "/v1/scans",
        f"Authorization: Bearer {owner.token}",
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
        method="POST",
    )
    await client.send("zz\n")
    assert (await client.head())[0] == 400
    await client.close()


async def test_requests_that_follow_closely_are_answered_in_order(server: Server) -> None:
    client = await RawClient.connect(server.port)
    await client.send("GET /healthz HTTP/1.1\nHost: localhost\n\nGET /v1/setup HTTP/1.1\nHost: localhost\n\n")
    for expected in (b'"ok"', b'"needed"'):
        status, headers = await client.head()
        assert status == 200
        assert expected in await client.rest(int(headers["Content-Length"]))
    await client.close()


# --- headers ---------------------------------------------------------------------------------------------------


async def test_every_answer_has_the_security_headers(
    owner: Client, anyone: Client, library: dict[str, str]
) -> None:
    replies = await asyncio.gather(
        owner.get("/v1/videos"),
        owner.get("/v1/nothing"),
        anyone.get("/v1/videos"),
        anyone.get("/healthz"),
        anyone.get("/"),
        owner.get(f"/media/{library['Alpha']}/file"),
        owner.get(f"/media/{library['Alpha']}/file", headers={"Range": "bytes=0-1"}),
        owner.get(f"/media/{library['Alpha']}/captions/en.vtt"),
        anyone.get("/healthz", headers={"Host": "evil.example.com"}),
    )
    for reply in replies:
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert reply.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
        assert reply.headers["Server"] == "Marquee"
    assert "media-src 'self'" in replies[5].headers["Content-Security-Policy"]
    assert replies[0].headers["Cache-Control"] == "no-store"
