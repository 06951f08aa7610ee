"""Big libraries for benches, written straight into the database: no scan could make them in a bench's time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, insert
from ulid import ULID

from hub.db.engine import open_engine
from hub.db.repositories.derived import Kind
from hub.db.repositories.names import channel_id, sort_key, tag_ids
from hub.db.tables import DerivedRow, FileRow, FolderRow, VideoRow, VideoTagRow
from hub.db.upgrade import upgrade_database
from hub.media.types import Probe, Stream
from hub.paths import Paths

_WORDS = ("river", "stone", "evening", "garden", "northern", "light", "winter", "kitchen", "lesson", "travel")
_START = datetime(2020, 1, 1, tzinfo=UTC)


def fill_catalogue(data: Path, count: int) -> None:
    """A data folder whose catalogue holds `count` videos with channels, tags and (missing) files."""
    paths = Paths(data)
    paths.create()
    engine = open_engine(f"sqlite:///{paths.database_file}")
    upgrade_database(engine, paths.backups)
    with engine.execution_options(writes=True).begin() as connection:
        _fill(connection, count)
    engine.dispose()


def _fill(connection: Connection, count: int) -> None:
    chance = random.Random(7)
    channels = [channel_id(connection, f"Channel {n}") for n in range(200)]
    tags = tag_ids(connection, [f"tag {n}" for n in range(500)])
    folder = str(ULID())
    connection.execute(insert(FolderRow).values(id=folder, path=b"/nonexistent", added_at=_START))
    ids = [str(ULID()) for _ in range(count)]
    for table, rows in (
        (VideoRow, (_video(chance, n, video_id, channels) for n, video_id in enumerate(ids))),
        (FileRow, (_file(n, video_id, folder) for n, video_id in enumerate(ids))),
        (VideoTagRow, _tags(chance, ids, tags)),
        (DerivedRow, _made(ids)),
    ):
        for batch in _batches(rows, 5_000):
            connection.execute(insert(table), batch)


def _video(chance: random.Random, n: int, video_id: str, channels: list[str]) -> dict[str, Any]:
    title = " ".join(chance.choices(_WORDS, k=4)).capitalize() + f" {n}"
    return {
        "id": video_id,
        "title": title,
        "title_key": sort_key(title),
        "description": " ".join(chance.choices(_WORDS, k=40)),
        "channel_id": chance.choice(channels),
        "source": "folder",
        "state": "ready",
        "visibility": "household",
        "duration_s": chance.uniform(10, 7200),
        "published_at": _START + timedelta(minutes=chance.randrange(3_000_000)),
        "added_at": _START + timedelta(minutes=n),
        "updated_at": _START,
        "views": int(chance.paretovariate(1)),
        "thumb_version": 0,
    }


def _file(n: int, video_id: str, folder: str) -> dict[str, Any]:
    streams = (
        Stream(index=0, kind="video", codec="h264", width=1920, height=1080),
        Stream(index=1, kind="audio", codec="aac", channels=2),
    )
    probe = Probe(
        container="mp4",
        duration_s=100.0,
        bitrate_bps=4_000_000,
        width=1920,
        height=1080,
        streams=streams,
        chapters=(),
        tags={},
        has_cover_art=False,
    )
    return {
        "id": str(ULID()),
        "video_id": video_id,
        "folder_id": folder,
        "dir": b"d%03d" % (n // 1000),
        "name": b"%06d.mp4" % n,
        "size_bytes": 1_000_000 + n,
        "mtime_ns": 1_600_000_000_000_000_000 + n,
        "fingerprint": f"{n:032x}",
        "container": "mp4",
        "width": 1920,
        "height": 1080,
        "video_codec": "h264",
        "audio_codec": "aac",
        "probe": msgspec.to_builtins(probe),
        "missing_since": None,
    }


def _made(ids: list[str]) -> Iterator[dict[str, Any]]:
    """Nothing is left to be made of the files in the background: they are not there."""
    for n, video_id in enumerate(ids):
        for kind in Kind:
            yield {
                "video_id": video_id,
                "kind": kind,
                "fingerprint": f"{n:032x}",
                "sidecars": "",
                "data": None,
                "made_at": _START,
            }


def _tags(chance: random.Random, ids: list[str], tags: list[str]) -> Iterator[dict[str, Any]]:
    for video_id in ids:
        for tag_id in chance.sample(tags, 3):
            yield {"video_id": video_id, "tag_id": tag_id}


def _batches(rows: Iterator[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
