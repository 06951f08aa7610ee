from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.media.errors import OutputNotWritable
from hub.media.pool import MediaPool
from hub.media.stream.blocks import BlockMaker
from hub.media.stream.failures import Failures
from hub.media.stream.sessions import Source
from hub.media.stream.store import SegmentStore
from hub.media.stream.types import AudioRendition, Timeline

pytestmark = pytest.mark.integration

SOUND = AudioRendition(
    id="a1-aac2",
    index=1,
    codec="aac",
    is_copy=False,
    channels=2,
    sample_rate_hz=48_000,
    codecs="mp4a.40.2",
    peak_bps=160_000,
    average_bps=128_000,
    language=None,
    name="Sound",
    is_default=True,
)


async def test_what_room_does_not_help_removes_nothing_and_is_told(tmp_path: Path, pool: MediaPool) -> None:
    root = tmp_path / "segments"
    old = root / "old" / "a1-aac2" / "0.m4s"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"old")
    os.utime(old, (1e9, 1e9))
    (root / "film").touch()  # where a folder is to be
    store = SegmentStore(root, 1 << 30)
    await store.start()
    await store.ready()
    maker = BlockMaker(store, pool, Failures(root))
    source = Source(
        content="film",
        path=b"film.mp4",
        timeline=Timeline(start_us=0, duration_s=8.0, video=None, audio=()),
        size=(0, 0),
    )

    with pytest.raises(OutputNotWritable, match=r"cannot be prepared: .* See to it that"):
        await maker.make(source, SOUND, 0, 2)

    assert old.exists()
    await maker.close()
    await store.close()
