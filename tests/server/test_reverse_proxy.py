"""A hub behind nginx, configured as docs/reverse-proxy.md says, with TLS."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from hub.bootstrap import Hub
from hub.config import LibrarySettings, ServerSettings, Settings
from server.runner import Server
from tests.server.conftest import OWNER, PASSWORD, Client, scan

pytestmark = pytest.mark.integration

PAGE = Path(__file__).parents[2] / "docs" / "reverse-proxy.md"
NAME = "media.example.org"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")

_AROUND = """
daemon off;
worker_processes 1;
pid {root}/nginx.pid;
error_log {root}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {root}/body;
  proxy_temp_path {root}/proxy;
  fastcgi_temp_path {root}/fastcgi;
  uwsgi_temp_path {root}/uwsgi;
  scgi_temp_path {root}/scgi;
{documented}
}}
"""


class Proxy(NamedTuple):
    """What browsers know nginx by, and whom they trust."""

    origin: str
    trusts: ssl.SSLContext


class Here(AbstractResolver):
    """Every name is this machine's."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = ResolveResult(
            hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0
        )
        return [found]

    async def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def settings() -> Settings:
    return Settings(library=LibrarySettings(watch=False), server=ServerSettings(allowed_hosts=[NAME]))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for the outside name, signed by itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "made.pem", folder / "made.key"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ),
            *("-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"),
            *("-keyout", str(key), "-out", str(made)),
        ],
        check=True,
        capture_output=True,
    )
    return made, key


@pytest.fixture
def proxy(server: Server, certificate: tuple[Path, Path], tmp_path: Path) -> Iterator[Proxy]:
    """nginx with the documented configuration, only addresses and files replaced."""
    if NGINX is None:
        pytest.skip("nginx is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    root = tmp_path / "nginx"
    root.mkdir()
    made, key = certificate
    found = re.search(r"```nginx\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    documented = found[1]
    for said, meant in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        (f"/etc/ssl/{NAME}.pem", str(made)),
        (f"/etc/ssl/{NAME}.key", str(key)),
        ("http://127.0.0.1:8765", f"http://127.0.0.1:{server.port}"),
    ):
        assert said in documented
        documented = documented.replace(said, meant)
    configuration = root / "nginx.conf"
    configuration.write_text(_AROUND.format(root=root, documented=documented))
    process = subprocess.Popen(
        [NGINX, "-c", str(configuration), "-p", str(root)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        assert process.poll() is None, process.stderr and process.stderr.read()
        trusts = ssl.create_default_context(cafile=made)
        yield Proxy(f"https://{NAME}:{port}", trusts)
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture
async def browser(proxy: Proxy) -> AsyncIterator[aiohttp.ClientSession]:
    """What speaks to the hub by its outside name."""
    async with aiohttp.ClientSession(
        proxy.origin,
        connector=aiohttp.TCPConnector(ssl=proxy.trusts, resolver=Here()),
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        yield session


async def test_signing_in_watching_and_editing_work_through_nginx(
    hub: Hub,
    proxy: Proxy,
    browser: aiohttp.ClientSession,
    owner: Client,
    library: dict[str, str],
    films: Path,
) -> None:
    page = {"Origin": proxy.origin}
    login = {"name": OWNER, "password": PASSWORD}
    async with browser.post("/v1/auth/login", json=login, headers=page) as answer:
        assert answer.status == 200, await answer.text()
        cookie = answer.cookies["marquee_session"]
        assert cookie["secure"]
    signed_in = {"Cookie": f"marquee_session={cookie.value}"}

    path = f"/v1/videos/{library['Alpha']}"
    async with browser.patch(path, json={"title": "New"}, headers=page | signed_in) as answer:
        assert answer.status == 200, await answer.text()
    other = {"Origin": "https://evil.example.com"}
    async with browser.patch(path, json={"title": "No"}, headers=other | signed_in) as answer:
        assert answer.status == 403

    async with browser.get("/v1/me", headers=signed_in) as answer:
        assert answer.cookies["marquee_session"]["secure"]

    content = (films / "Alpha.mp4").read_bytes()
    ranged = signed_in | {"Range": "bytes=100-2099"}
    async with browser.get(f"/media/{library['Alpha']}/file", headers=ranged) as answer:
        assert (answer.status, await answer.read()) == (206, content[100:2100])

    async with browser.ws_connect("/v1/events", headers=page | signed_in) as ws:
        await owner.patch(path, {"title": "Newer"})
        assert (await ws.receive_json(timeout=10))["ids"] == [library["Alpha"]]


async def test_a_long_film_is_not_copied_to_the_proxys_disk(
    hub: Hub, proxy: Proxy, browser: aiohttp.ClientSession, owner: Client, films: Path, tmp_path: Path
) -> None:
    with (films / "Alpha.mp4").open("ab") as file:
        file.truncate(64 << 20)
    await scan(hub, films)
    videos = (await owner.get("/v1/videos?sort=title")).json["items"]
    headers = {"Authorization": f"Bearer {owner.token}"}
    file_path = f"/media/{videos[0]['id']}/file"
    async with browser.get(file_path, headers=headers) as answer:
        assert answer.status == 200
        read = await answer.content.readexactly(1 << 20)
        assert sum(f.stat().st_size for f in (tmp_path / "nginx" / "proxy").rglob("*") if f.is_file()) == 0
        read += await answer.content.read()
        assert len(read) == 64 << 20
