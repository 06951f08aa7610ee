from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.bootstrap import Hub
from server import client as web_client
from server.runner import Server
from tests.server.conftest import Client
from tests.server.serving import RawClient

SCRIPT = b"console.log('Marquee')\n" * 200


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A build of a client, as Vite lays it out."""
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html><title>Marquee</title>")
    (dist / "assets" / "index-B1a2.js").write_bytes(SCRIPT)
    (dist / "assets" / "logo-C3d4.png").write_bytes(b"\x89PNG" + bytes(2000))
    (dist / "manifest.webmanifest").write_text('{"name": "Marquee"}')
    (tmp_path / "secret").write_text("not yours")
    return dist


@pytest.fixture
async def server(hub: Hub, dist: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    """A server with that build."""
    load = web_client.WebClient.load
    monkeypatch.setattr(web_client.WebClient, "load", lambda: load(dist))
    server = Server(hub, "127.0.0.1", 0)
    await server.start()
    yield server
    await server.close()


HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def test_the_client_is_open_and_under_a_strict_policy(anyone: Client) -> None:
    reply = await anyone.get("/")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert reply.headers["Cache-Control"] == "no-cache"
    policy = dict(part.split(" ", 1) for part in reply.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["style-src"] == "'self'"
    assert "unsafe" not in reply.headers["Content-Security-Policy"]
    same = await anyone.get("/", headers={"If-None-Match": reply.headers["ETag"]})
    assert (same.status, same.body) == (304, b"")
    assert (await anyone.ask("HEAD", "/")).status == 200


async def test_files_named_by_their_content_are_kept_for_ever(anyone: Client) -> None:
    reply = await anyone.get("/assets/index-B1a2.js", headers={"Accept-Encoding": "identity"})
    assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert reply.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert reply.body == SCRIPT
    reply = await anyone.get("/manifest.webmanifest")
    assert reply.headers["Content-Type"] == "application/manifest+json"
    assert reply.headers["Cache-Control"] == "no-cache"


async def test_text_is_compressed_for_those_who_take_it(server_url: str, anyone: Client) -> None:
    async with anyone.session.get(
        "/assets/index-B1a2.js", headers={"Accept-Encoding": "br, gzip"}, auto_decompress=False
    ) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert response.headers["Vary"] == "Accept-Encoding"
        assert gzip.decompress(await response.read()) == SCRIPT
    picture = await anyone.get("/assets/logo-C3d4.png", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in picture.headers


async def test_the_clients_own_addresses_open_the_client(anyone: Client) -> None:
    for path in ("/watch/01J8Z3V6Q0AAAAAAAAAAAAAAAA", "/settings", "/a/b/c"):
        reply = await anyone.get(path, headers=HTML)
        assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        (await anyone.get(path)).problem(401, "not-signed-in")
        (await anyone.post(path, headers=HTML)).problem(401, "not-signed-in")


async def test_the_api_never_answers_with_a_page(anyone: Client, owner: Client) -> None:
    for path in ("/v1/nothing", "/media/x/nothing", "/v1", "/openapi.json"):
        (await anyone.get(path, headers=HTML)).problem(401, "not-signed-in")
    (await owner.get("/v1/nothing", headers=HTML)).problem(404, "not-found")
    (await anyone.get("/assets/gone-X.js", headers=HTML)).problem(404, "not-found")
    (await anyone.get("/sw.js", headers=HTML)).problem(404, "not-found")


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../secret",
        "/assets/%2e%2e/%2e%2e/secret",
        "/assets/..%2f..%2fsecret",
        "/assets//etc/passwd",
        "/../secret",
    ],
)
async def test_no_path_leads_out_of_the_build(server: Server, path: str) -> None:
    client = await RawClient.connect(server.port)
    await client.get(path)
    status, headers = await client.head()
    assert status in (401, 404)
    assert b"not yours" not in await client.rest(int(headers["Content-Length"]))
    await client.close()
