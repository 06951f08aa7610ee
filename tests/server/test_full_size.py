"""A file beyond four gigabytes and a list of a hundred thousand videos, through HTTP from end to end."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import urllib3
from sqlalchemy import Connection, insert, select
from ulid import ULID

from hub.bootstrap import Hub
from hub.db.repositories.names import fold
from hub.db.tables import VideoRow
from hub.paths import Paths
from tests.bench.libraries import fill_catalogue
from tests.media import make_clip
from tests.process import Serving, run_marquee
from tests.server.conftest import Client

BORDER = 1 << 32
SIZE = BORDER + (300 << 20) + 12_345
VIEWERS = 4
ITEMS = 100_000

# --- one long file ---------------------------------------------------------------------------------------------


def sparse_film(path: Path) -> None:
    """A playable clip of `SIZE` bytes: mostly a hole, with different bytes at every place that is looked at."""
    make_clip(path, seconds=1)
    clip_bytes = path.stat().st_size
    chance = random.Random(7)
    with path.open("r+b") as file:
        file.seek(clip_bytes)
        # ISO/IEC 14496-12 §4.2: size 1 announces a 64-bit size after the type.
        file.write((1).to_bytes(4, "big") + b"free" + (SIZE - clip_bytes).to_bytes(8, "big"))
        file.truncate(SIZE)
        for place in (1 << 31, BORDER - (3 << 20), BORDER + (200 << 20), SIZE - (1 << 20)):
            file.seek(place)
            file.write(chance.randbytes(min(6 << 20, SIZE - place)))


@pytest.mark.soak
def test_a_file_beyond_four_gigabytes_arrives_as_it_is(tmp_path: Path) -> None:
    film = tmp_path / "films" / "Long.mp4"
    film.parent.mkdir()
    sparse_film(film)
    data = tmp_path / "data"
    added = run_marquee("add", film.parent, data=data, timeout_s=600)
    assert added.returncode == 0, added.stderr
    with Serving(data, MARQUEE_LIBRARY__WATCH="false") as hub, urllib3.PoolManager(maxsize=VIEWERS) as http:
        hub.set_up()
        (video,) = hub.call("GET", "/v1/videos")["items"]
        assert video["size_bytes"] == SIZE
        url = hub.url + hub.call("GET", f"/v1/videos/{video['id']}/play")["url"]
        require_ranges(http, url, film)
        with film.open("rb") as file:
            whole = hashlib.file_digest(file, "sha256").hexdigest()
        with ThreadPoolExecutor(VIEWERS) as viewers:
            heard = list(viewers.map(lambda _: digest_of(http, url), range(VIEWERS)))
        assert heard == [(SIZE, whole)] * VIEWERS
    film.unlink()


def require_ranges(http: urllib3.PoolManager, url: str, film: Path) -> None:
    """Spans on either side of 2³² and across it, by sendfile and by copies."""
    spans = [
        (BORDER - 1, BORDER),
        (BORDER, BORDER + 1),
        (BORDER - 1, BORDER + 1),
        (BORDER - 700_000, BORDER + 800_000),
        (BORDER - (2 << 20), BORDER + (2 << 20)),
        ((1 << 31) - 1, (1 << 31) + 1_500_000),
        (BORDER + (200 << 20), BORDER + (201 << 20)),
        (SIZE - 1, SIZE),
    ]
    with film.open("rb") as file:
        for start, end in spans:
            file.seek(start)
            wanted = file.read(end - start)
            answer = http.request("GET", url, headers={"Range": f"bytes={start}-{end - 1}"})
            assert answer.status == 206
            assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{SIZE}"
            assert answer.data == wanted
        file.seek(SIZE - 5_000_000)
        wanted = file.read()
        for header in ("bytes=-5000000", f"bytes={SIZE - 5_000_000}-", f"bytes={SIZE - 5_000_000}-{1 << 40}"):
            assert http.request("GET", url, headers={"Range": header}).data == wanted
    beyond = http.request("GET", url, headers={"Range": f"bytes={SIZE}-"})
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{SIZE}")


def digest_of(http: urllib3.PoolManager, url: str) -> tuple[int, str]:
    """Size and SHA-256 of what a viewer receives."""
    digest, size = hashlib.sha256(), 0
    answer = http.request("GET", url, preload_content=False)
    for piece in answer.stream(1 << 20):
        digest.update(piece)
        size += len(piece)
    answer.release_conn()
    return size, digest.hexdigest()


# --- one long list ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The database of a hub with many videos."""
    folder = tmp_path_factory.mktemp("many") / "data"
    fill_catalogue(folder, ITEMS)
    return Paths(folder).database_file.read_bytes()


@pytest.fixture
def paths(tmp_path: Path, request: pytest.FixtureRequest) -> Paths:
    paths = Paths(tmp_path / "data")
    paths.create()
    paths.database_file.write_bytes(request.getfixturevalue("catalogue"))
    return paths


class Upheaval:
    """Videos come and go, one of each for each page that is read."""

    def __init__(self, hub: Hub, present: set[str]) -> None:
        self.hub = hub
        self.present = present
        self.always = set(present)
        self.gone: set[str] = set()
        self._chance = random.Random(11)
        self._victims = self._chance.sample(sorted(present), 3_000)

    async def go_on(self) -> None:
        new = str(ULID())
        await self.hub.db.write(_add_video, new, self._chance)
        self.present.add(new)
        victim = self._victims.pop()
        self.always.discard(victim)
        await self.hub.library.delete_video(await self.hub.accounts.local_viewer(), victim)
        self.gone.add(victim)


def _add_video(connection: Connection, video_id: str, chance: random.Random) -> None:
    title = f"{chance.choice('aefkmnprtwz')}{chance.random()}"
    connection.execute(
        insert(VideoRow).values(
            id=video_id,
            title=title,
            title_key=fold(title),
            description="",
            source="folder",
            state="ready",
            visibility="household",
            duration_s=chance.uniform(10, 7200),
            published_at=datetime.fromtimestamp(chance.randrange(1_577_836_800, 1_750_000_000), UTC),
            added_at=datetime.fromtimestamp(chance.randrange(1_577_836_800, 1_580_000_000), UTC),
            updated_at=datetime.now(UTC),
            views=chance.randrange(20),
        )
    )


def _all_ids(connection: Connection) -> set[str]:
    return set(connection.execute(select(VideoRow.id)).scalars())


@pytest.mark.soak
@pytest.mark.parametrize("sort", ["added", "title", "-published", "duration", "views"])
async def test_a_list_is_read_to_its_end_while_videos_come_and_go(hub: Hub, owner: Client, sort: str) -> None:
    upheaval = Upheaval(hub, await hub.db.read(_all_ids))
    assert len(upheaval.present) == ITEMS
    seen: list[str] = []
    async for page, gone_before in pages(owner, sort, upheaval):
        assert not gone_before & set(page)
        seen += page
    assert len(seen) == len(set(seen))
    assert upheaval.always <= set(seen)
    assert set(seen) <= upheaval.present
    # That they came and went is no pretence.
    assert len(upheaval.gone) >= ITEMS // 200
    assert set(seen) - upheaval.always


async def pages(owner: Client, sort: str, upheaval: Upheaval) -> AsyncIterator[tuple[list[str], set[str]]]:
    """The ids on each page, and which videos were gone before it was asked for."""
    cursor = ""
    while True:
        gone = set(upheaval.gone)
        reply, _ = await asyncio.gather(
            owner.get(f"/v1/videos?sort={sort}&limit=100{cursor}"), upheaval.go_on()
        )
        assert reply.status == 200
        yield [video["id"] for video in reply.json["items"]], gone
        if reply.json["next_cursor"] is None:
            return
        cursor = f"&cursor={reply.json['next_cursor']}"
