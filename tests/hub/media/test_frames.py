from __future__ import annotations

from pathlib import Path

import pytest

from hub.media.frames import Candidate, representative_frame, sample, to_rgb
from hub.media.source import open_media
from tests.media import make_clip, path_bytes


def chosen(path: Path, duration_s: float | None) -> Candidate | None:
    with open_media(path_bytes(path)) as (_, _, container):
        return representative_frame(container, container.streams.video[0], duration_s)


def keyed(every: int) -> tuple[tuple[str, str], ...]:
    return (("x264-params", f"keyint={every}:scenecut=0"),)


FADE_IN = "mandelbrot=start_scale=0.5,fade=type=in:duration=3"


def test_the_black_beginning_is_passed_over(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "x.mp4", source=FADE_IN, seconds=5, frame_rate=10, video_options=keyed(5))

    best = chosen(clip, 5.0)

    assert best is not None
    assert best.at_s > 1
    assert best.total > 0.55


@pytest.mark.parametrize("duration_s", [5.0, None])
def test_with_one_key_frame_only_later_frames_are_looked_at(tmp_path: Path, duration_s: float | None) -> None:
    clip = make_clip(tmp_path / "x.mp4", source=FADE_IN, seconds=5, frame_rate=10, video_options=keyed(999))

    best = chosen(clip, duration_s)

    assert best is not None
    assert best.at_s > 2


def test_a_black_video_still_has_a_frame(tmp_path: Path) -> None:
    best = chosen(make_clip(tmp_path / "x.mp4", source="color=black"), 1.0)

    assert best is not None
    assert best.total == 0


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".avi", ".ts", ".mpg", ".flv", ".wmv"])
def test_every_container_gives_a_frame(tmp_path: Path, suffix: str) -> None:
    best = chosen(make_clip(tmp_path / f"x{suffix}"), 1.0)

    assert best is not None
    assert 0 <= best.at_s < 1
    assert sample(best.frame).size == (160, 90)


def test_a_duration_far_beyond_the_end_does_no_harm(tmp_path: Path) -> None:
    assert chosen(make_clip(tmp_path / "x.mkv"), 1e6) is not None


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p10le", "gray"])
def test_white_stays_white_and_black_black(tmp_path: Path, pixel_format: str) -> None:
    for colour, value in (("white", 255), ("black", 0)):
        clip = make_clip(
            tmp_path / f"{colour}.mkv", source=f"color={colour}", pixel_format=pixel_format, seconds=0.2
        )
        best = chosen(clip, 0.2)
        assert best is not None
        assert to_rgb(best.frame, 16, 9).getpixel((8, 4)) == pytest.approx((value,) * 3, abs=2)
