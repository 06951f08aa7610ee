from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

from hub.media.captions import to_webvtt
from hub.media.demo import make_clip, make_demo_clips
from hub.media.demo_catalogue import CATALOGUE, DemoClip
from hub.media.errors import OutputNotWritable
from hub.media.pool import MediaPool
from hub.media.probe import probe
from tests.media import path_bytes

pytestmark = pytest.mark.integration


def short(clip: DemoClip, seconds: float = 0.4) -> DemoClip:
    """The same clip, over in an instant."""
    return replace(clip, clip=replace(clip.clip, seconds=seconds, cues=(), chapters=()))


@pytest.mark.parametrize("clip", CATALOGUE, ids=lambda c: c.title)
def test_every_clip_can_be_made_and_is_what_it_says(tmp_path: Path, clip: DemoClip) -> None:
    path = make_clip(tmp_path, short(clip))

    found = probe(path_bytes(path))
    assert found.audio is not None
    if clip.clip.video:
        assert (found.width, found.height) == (clip.clip.video.width, clip.clip.video.height)
    else:
        assert found.has_cover_art
    nfo = fromstring(path.with_suffix(".nfo").read_text())
    assert (nfo.tag, nfo.findtext("title"), nfo.findtext("plot")) == ("movie", clip.title, clip.plot)
    for suffix in clip.sidecars:
        assert "-->" in to_webvtt(path_bytes(path.with_name(path.stem + suffix)))


def test_the_demo_has_the_variety_of_a_real_library() -> None:
    tracks = [clip.clip.video for clip in CATALOGUE if clip.clip.video]

    assert len(CATALOGUE) == 12
    assert all(10 <= clip.clip.seconds <= 60 for clip in CATALOGUE)
    assert {Path(clip.name).suffix for clip in CATALOGUE} >= {
        ".mp4",
        ".mkv",
        ".webm",
        ".mov",
        ".avi",
        ".ts",
        ".m4a",
    }
    assert {t.codec for t in tracks} >= {"libx264", "libx265", "libvpx-vp9", "libsvtav1", "mpeg4"}
    assert {round(t.width / t.height, 2) for t in tracks} >= {1.78, 1.33, 2.33, 1.0, 0.56}
    assert any(clip.sidecars and clip.clip.cues for clip in CATALOGUE)
    assert any(clip.clip.video is None and clip.cover for clip in CATALOGUE)


def test_the_first_clip_plays_anywhere() -> None:
    first = CATALOGUE[0].clip

    assert first.container == "mp4"
    assert first.video is not None
    assert first.audio is not None
    assert (first.video.codec, first.audio.codec) == ("libx264", "aac")


def test_the_same_clip_has_the_same_bytes_every_time(tmp_path: Path) -> None:
    for clip in (CATALOGUE[0], CATALOGUE[4]):
        one, two = (make_clip(tmp_path / name, short(clip)) for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_a_clip_that_is_there_is_kept_and_nothing_unfinished_is_left(tmp_path: Path) -> None:
    clip = short(CATALOGUE[0])
    (tmp_path / f".{clip.name}.part").write_bytes(b"left by a kill")
    path = make_clip(tmp_path, clip)
    before = path.stat().st_mtime_ns

    assert make_clip(tmp_path, clip) == path
    assert path.stat().st_mtime_ns == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["Aurora Drift.mp4", "Aurora Drift.nfo"]


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(OutputNotWritable, match=r"not a directory|file exists"):
        make_clip(tmp_path / "file", short(CATALOGUE[0]))


async def test_the_demo_goes_on_where_it_was_and_tells_how_far_it_is(pool: MediaPool, tmp_path: Path) -> None:
    for clip in CATALOGUE[1:]:
        (tmp_path / clip.name).write_bytes(b"made before")
    steps: list[tuple[int, int, str]] = []

    paths = await make_demo_clips(pool, tmp_path, lambda *step: steps.append(step))

    assert [path.name for path in paths] == [clip.name for clip in CATALOGUE]
    assert [done for done, _, _ in steps] == list(range(13))
    assert steps[-1][:2] == (12, 12)
    assert steps[-1][2] == "Aurora Drift", "the only one that took any time"
    made = await pool.probe(os.fsencode(paths[0]))
    assert made.probe.duration_s == pytest.approx(20, abs=0.1)
    assert paths[1].read_bytes() == b"made before"


async def test_a_failure_is_one_error_not_a_dozen(pool: MediaPool, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(OutputNotWritable):
        await make_demo_clips(pool, tmp_path / "file")


@pytest.mark.soak
@pytest.mark.timeout(300)
async def test_all_of_it_is_made_quickly_and_the_first_at_once(pool: MediaPool, tmp_path: Path) -> None:
    started = time.monotonic()
    done_s: list[float] = []
    paths = await make_demo_clips(pool, tmp_path, lambda *_: done_s.append(time.monotonic() - started))

    assert done_s[1] < 10
    assert done_s[-1] < 40
    for path, clip in zip(paths, CATALOGUE, strict=True):
        found = (await pool.probe(os.fsencode(path))).probe
        assert found.duration_s == pytest.approx(clip.clip.seconds, abs=0.3)
        assert not found.truncated
