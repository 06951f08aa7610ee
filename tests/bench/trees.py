"""Big folder trees of tiny files, and the database as a scan of them would have left it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, insert
from ulid import ULID

from hub.db.repositories.names import sort_key
from hub.db.tables import FileRow, FolderRow, VideoRow
from hub.library.names import to_text
from hub.library.walk import Spot, Walk
from hub.media.types import Probe, Stream

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_PROBE = Probe(
    container="mp4",
    duration_s=60.0,
    bitrate_bps=1_000_000,
    width=1920,
    height=1080,
    streams=(
        Stream(index=0, kind="video", codec="h264", width=1920, height=1080),
        Stream(index=1, kind="audio", codec="aac", channels=2),
    ),
    chapters=(),
    tags={},
    has_cover_art=False,
)


def make_tree(root: Path, files: int, per_dir: int = 50) -> None:
    """`files` files named like videos, `per_dir` in a directory, two levels deep."""
    root.mkdir(parents=True, exist_ok=True)
    for n in range(files):
        number = n // per_dir
        directory = f"{root}/{number // 50:03d}/{number:05d}"
        if n % per_dir == 0:
            os.makedirs(directory)  # noqa: PTH103  # 100,000 files: plain calls are three times as fast
        with open(f"{directory}/video {n:06d}.mp4", "wb") as file:  # noqa: PTH123  # as above
            file.write(b"%d" % n)


def insert_tree(connection: Connection, root: Path) -> str:
    """Rows for every file below `root`, as a scan would have made them of real videos; the folder's id."""
    folder_id = str(ULID())
    connection.execute(insert(FolderRow).values(id=folder_id, path=os.fsencode(root), added_at=_NOW))
    pairs = _rows(root, folder_id)
    while chunk := list(islice(pairs, 5_000)):
        connection.execute(insert(VideoRow), [video for video, _ in chunk])
        connection.execute(insert(FileRow), [file for _, file in chunk])
    return folder_id


def _rows(root: Path, folder_id: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    probe = msgspec.to_builtins(_PROBE)
    number = 0
    for listing in Walk(os.fsencode(root), [Spot()]):
        for name, (size_bytes, mtime_ns) in listing.media.items():
            number += 1
            video_id, title = str(ULID()), to_text(name)
            video = {
                "id": video_id, "title": title, "title_key": sort_key(title), "source": "folder", "state": "ready",
                "visibility": "household", "duration_s": 60.0, "added_at": _NOW, "updated_at": _NOW, "thumb_version": 0,
            }  # fmt: skip
            file = {
                "id": str(ULID()), "video_id": video_id, "folder_id": folder_id, "dir": listing.dir, "name": name,
                "size_bytes": size_bytes, "mtime_ns": mtime_ns, "fingerprint": f"{number:032x}", "container": "mp4",
                "duration_s": 60.0, "bitrate_bps": 1_000_000, "width": 1920, "height": 1080, "video_codec": "h264",
                "audio_codec": "aac", "probe": probe,
            }  # fmt: skip
            yield video, file
