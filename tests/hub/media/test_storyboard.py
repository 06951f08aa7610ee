from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from PIL import Image

from hub.media.errors import NoPicture
from hub.media.operations import STORYBOARD, StoryboardJob
from hub.media.pool import MediaPool, Priority
from hub.media.storyboard import MAX_PICTURES, interval_s, run
from hub.media.types import Storyboard
from tests.media import make_clip, path_bytes, picture_bytes

GOP = (("g", "25"), ("keyint_min", "25"), ("sc_threshold", "0"))


def make(path: Path, imported: Path | None = None) -> Storyboard:
    job = StoryboardJob(
        path=path_bytes(path),
        folder=os.fsencode(path.parent),
        imported=None if imported is None else path_bytes(imported),
    )
    return run(job, lambda *_: None)


@pytest.mark.parametrize("duration_s", [0.5, 10, 600, 7_200, 36_000])
def test_the_number_of_pictures_is_bounded(duration_s: float) -> None:
    assert duration_s / interval_s(duration_s) <= MAX_PICTURES
    assert interval_s(duration_s) >= 2


def test_two_hours_have_a_picture_each_ten_seconds() -> None:
    assert interval_s(7_200) == 10


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_key_frames_are_put_on_sheets_in_order(tmp_path: Path, suffix: str) -> None:
    path = make_clip(tmp_path / f"x{suffix}", seconds=9.0, size=(320, 180), video_options=GOP)

    made = make(path)

    assert made.sheets == 1
    with Image.open(tmp_path / "storyboard-0.webp") as sheet:
        assert sheet.size == (240 * len(made.cues), 135)
    assert len(made.cues) >= 4
    assert [cue.x for cue in made.cues] == [240 * number for number in range(len(made.cues))]
    assert made.cues[0].start_s == 0
    assert [cue.start_s for cue in made.cues][1:] == [cue.end_s for cue in made.cues][:-1]
    assert made.cues[-1].end_s == pytest.approx(9, abs=0.2)


def test_a_picture_shows_its_moment(tmp_path: Path) -> None:
    # From black to white in ten seconds.
    path = make_clip(
        tmp_path / "x.mp4", seconds=10.0, source="color=c=white,fade=t=in:d=10", video_options=GOP, audio=None
    )

    made = make(path)

    with Image.open(tmp_path / "storyboard-0.webp") as sheet:
        greys = [
            sheet.convert("L").getpixel((cue.x + cue.width // 2, cue.y + cue.height // 2))
            for cue in made.cues
        ]
    for cue, grey in zip(made.cues, greys, strict=True):
        assert grey == pytest.approx(255 * cue.start_s / 10, abs=12)


def test_what_is_turned_is_shown_upright(tmp_path: Path) -> None:
    cue = make(make_clip(tmp_path / "x.mp4", size=(320, 180), rotation=90)).cues[0]
    assert (cue.width, cue.height) == (135, 240)


def test_high_dynamic_range_is_tone_mapped(tmp_path: Path) -> None:
    path = make_clip(
        tmp_path / "x.mkv",
        seconds=4.0,
        video="hevc",
        pixel_format="yuv420p10le",
        color=(16, 9, 9),
        audio=None,
    )
    assert make(path).sheets == 1


def test_sound_alone_has_none(tmp_path: Path) -> None:
    with pytest.raises(NoPicture):
        make(make_clip(tmp_path / "x.m4a"))


def beside(folder: Path, text: str) -> Path:
    (folder / "sprite.jpg").write_bytes(picture_bytes("JPEG", (320, 90)))
    path = folder / "x.storyboard.vtt"
    path.write_text(text)
    return path


GOOD = """WEBVTT

00:00.000 --> 00:01.000
sprite.jpg#xywh=0,0,160,90

00:01.000 --> 00:02.000
sprite.jpg#xywh=160,0,160,90
"""


def test_one_that_lies_beside_the_file_is_taken_over(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "x.mp4", seconds=2.0)

    made = make(path, beside(tmp_path, GOOD))

    assert [(cue.start_s, cue.x, cue.width) for cue in made.cues] == [(0, 0, 160), (1, 160, 160)]
    with Image.open(tmp_path / "storyboard-0.webp") as sheet:
        assert (sheet.format, sheet.size) == ("WEBP", (320, 90))


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("160,0,160,90", "160,0,161,90"),
        GOOD.replace("sprite.jpg", "../sprite.jpg"),
        GOOD.replace("sprite.jpg", "http://example.com/sprite.jpg"),
        GOOD.replace("sprite.jpg", "missing.jpg"),
        "WEBVTT\n\n00:00.000 --> 00:01.000\nA caption\n",
        "",
    ],
)
def test_one_that_cannot_be_used_is_passed_over(tmp_path: Path, text: str) -> None:
    path = make_clip(tmp_path / "x.mp4", seconds=2.0)
    assert make(path, beside(tmp_path, text)).cues[0].width == 160
    assert make(path, beside(tmp_path, text)) == make(path)


async def test_a_worker_does_it(pool: MediaPool, tmp_path: Path) -> None:
    path = await asyncio.to_thread(make_clip, tmp_path / "x.mp4", seconds=4.0)
    job = StoryboardJob(path=path_bytes(path), folder=os.fsencode(tmp_path))
    made = await pool.run(STORYBOARD, job, timeout_s=20, priority=Priority.BACKGROUND)
    assert made == await asyncio.to_thread(make, path)
