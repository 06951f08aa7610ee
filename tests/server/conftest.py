"""A real hub on a temporary folder, served on loopback.

`hub` (started), `server` and `server_url`, `owner` (a client signed in as the owner, set up by the first-run code),
`anyone` (a client without a credential), `local` (one with the hub's local token), `member` (a signed-in member).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from hub.accounts.passwords import PasswordHasher
from hub.accounts.types import Role
from hub.bootstrap import Hub
from hub.config import LibrarySettings, Settings
from hub.jobs.types import Job
from hub.library.types import VideoQuery
from hub.paths import Paths
from server.runner import Server
from tests.hub.conftest import prepare_template
from tests.media import make_clip

OWNER, MEMBER = "Ada", "Bob"
PASSWORD = "correct horse"


class Client:
    """A program that speaks to the hub: `get("/v1/me")` and so on, with a bearer token if it has one."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self.token = token
        self.session = aiohttp.ClientSession(
            url,
            headers={} if token is None else {"Authorization": f"Bearer {token}"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def ask(self, method: str, path: str, **arguments: Any) -> Reply:
        """One exchange, its answer read."""
        async with self.session.request(method, path, **arguments) as response:
            return Reply(response, await response.read())

    async def get(self, path: str, **arguments: Any) -> Reply:
        """GET."""
        return await self.ask("GET", path, **arguments)

    async def pages(self, path: str, *, limit: int) -> list[Any]:
        """All items of a list, asked for page by page."""
        page = (await self.get(f"{path}?limit={limit}")).json
        found = [*page["items"]]
        while page["next_cursor"] is not None:
            assert len(page["items"]) == limit
            page = (await self.get(f"{path}?limit={limit}&cursor={page['next_cursor']}")).json
            found += page["items"]
        return found

    async def post(self, path: str, json: Any = None, **arguments: Any) -> Reply:
        """POST."""
        return await self.ask("POST", path, json=json, **arguments)

    async def put(self, path: str, json: Any = None, **arguments: Any) -> Reply:
        """PUT."""
        return await self.ask("PUT", path, json=json, **arguments)

    async def patch(self, path: str, json: Any = None, **arguments: Any) -> Reply:
        """PATCH."""
        return await self.ask("PATCH", path, json=json, **arguments)

    async def delete(self, path: str, **arguments: Any) -> Reply:
        """DELETE."""
        return await self.ask("DELETE", path, **arguments)


class Reply:
    """An answer with its body."""

    def __init__(self, response: aiohttp.ClientResponse, body: bytes) -> None:
        self._response = response
        self.status = response.status
        self.headers = response.headers
        self.cookies = response.cookies
        self.body = body

    @property
    def json(self) -> Any:
        """The body as JSON."""
        assert "json" in self.headers["Content-Type"]
        return msgspec.json.decode(self.body)

    def problem(self, status: int, code: str) -> str:
        """The detail of the problem document this must be."""
        assert self.headers["Content-Type"] == "application/problem+json", self.body
        document = self.json
        assert (self.status, document["status"], document["code"]) == (status, status, code), document
        assert document["type"] == f"urn:marquee:problem:{code}"
        assert document["title"]
        assert document["instance"].startswith("/")
        detail: str = document["detail"]
        return detail


@pytest.fixture
def settings() -> Settings:
    """What the hub is started with; limits on, no watcher."""
    return Settings(library=LibrarySettings(watch=False))


@pytest.fixture(scope="session")
def database_template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database file with the newest schema: making one takes ten times as long as copying it."""
    path = tmp_path_factory.mktemp("schema") / "template.db"
    prepare_template(f"sqlite:///{path}")
    return path.read_bytes()


@pytest.fixture
def paths(tmp_path: Path, database_template: bytes) -> Paths:
    """A data folder with an empty library."""
    paths = Paths(tmp_path / "data")
    paths.create()
    paths.database_file.write_bytes(database_template)
    return paths


@pytest.fixture
async def hub(settings: Settings, paths: Paths) -> AsyncIterator[Hub]:
    """A started hub on that folder. Its passwords are hashed for real, but cheaply."""
    hub = await asyncio.to_thread(Hub, settings, paths)
    hub.accounts._passwords = PasswordHasher(time_cost=1, memory_kib=8)
    await hub.start()
    yield hub
    await hub.close()


@pytest.fixture
async def server(hub: Hub) -> AsyncIterator[Server]:
    """That hub's server, listening on loopback."""
    server = Server(hub, "127.0.0.1", 0)
    await server.start()
    yield server
    await server.close()


@pytest.fixture
def server_url(server: Server) -> str:
    """Where it listens."""
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture
async def anyone(server_url: str) -> AsyncIterator[Client]:
    """A client without a credential."""
    client = Client(server_url)
    yield client
    await client.session.close()


@pytest.fixture
async def owner(server_url: str, hub: Hub) -> AsyncIterator[Client]:
    """A client signed in as the owner."""
    code = await hub.accounts.setup_code()
    assert code is not None
    signed_in = await hub.accounts.set_up(code, OWNER, PASSWORD, "tests", "127.0.0.1")
    client = Client(server_url, signed_in.token)
    yield client
    await client.session.close()


@pytest.fixture
async def member(server_url: str, hub: Hub, owner: Client) -> AsyncIterator[Client]:
    """A client signed in as a member of the household."""
    await hub.accounts.add_user(MEMBER, Role.MEMBER, PASSWORD)
    signed_in = await hub.accounts.log_in(MEMBER, PASSWORD, "tests", "127.0.0.1")
    client = Client(server_url, signed_in.token)
    yield client
    await client.session.close()


@pytest.fixture
async def local(server_url: str, hub: Hub) -> AsyncIterator[Client]:
    """The command line on this machine."""
    client = Client(server_url, hub.accounts.local_token)
    yield client
    await client.session.close()


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A folder with two clips, one of them with captions beside it."""
    folder = tmp_path / "films"
    folder.mkdir()
    make_clip(folder / "Alpha.mp4", seconds=2.0)
    make_clip(folder / "Beta.webm", seconds=1.0)
    (folder / "Alpha.en.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello, Marquee\n")
    return folder


async def scan(hub: Hub, folder: Path) -> Job:
    """Add a folder and wait until it has been scanned."""
    added = await hub.folders.add(str(folder))
    job = await hub.jobs.wait((await hub.scans.request([added.id])).id)
    assert job.error is None
    return job


@pytest.fixture
async def library(hub: Hub, films: Path) -> dict[str, str]:
    """The scanned clips: ids by title."""
    await scan(hub, films)
    viewer = await hub.accounts.local_viewer()
    page = await hub.library.list_videos(viewer, VideoQuery())
    return {video.title: video.id for video in page.items}
