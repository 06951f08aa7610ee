from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest

from hub.media.errors import UnreadableFile
from hub.media.operations import COMPLEXITY, TRIAL, ComplexityJob, TrialJob
from hub.media.pool import MediaPool, Priority
from hub.media.stream import trial
from hub.media.stream.complexity import LEAST, MOST, complexity
from tests.hub.media.stream.encoding import timeline_of
from tests.media import make_clip, path_bytes


async def test_the_machine_is_measured_and_each_hardware_encoder_works_or_says_why_not() -> None:
    pool = MediaPool(1)
    await pool.start()
    try:
        found = await pool.run(TRIAL, TrialJob(), timeout_s=60, priority=Priority.BACKGROUND)
    finally:
        await pool.close()

    assert 1e6 < found.pixels_per_s < 1e11  # a quarter of 360p at least
    assert [encoder.name for encoder in found.hardware] == list(trial.HARDWARE)
    for encoder in found.hardware:
        assert encoder.problem is None or encoder.problem.endswith(".")


def test_an_encoder_that_works_has_no_problem_and_one_that_is_not_there_does() -> None:
    pictures = trial._moving_pictures()

    assert trial.hardware_problem("libx264", pictures) is None
    assert trial.hardware_problem("h264_unheard_of", pictures) == "This build of FFmpeg does not have it."


def test_an_encoder_that_cannot_be_opened_says_why() -> None:
    """v4l2m2m is in every Linux build, and wants a device that machines for software do not have."""
    problem = trial.hardware_problem("h264_v4l2m2m", trial._moving_pictures())

    assert problem is not None
    assert problem.startswith(("It cannot be opened: ", "This build"))


def test_noise_is_harder_than_a_still_picture(tmp_path: Path) -> None:
    figures = []
    for name, source in (
        ("still", "testsrc2,loop=loop=-1:size=1"),
        ("noise", "nullsrc,noise=alls=60:allf=t"),
    ):
        clip = make_clip(tmp_path / f"{name}.mp4", seconds=3.0, audio=None, size=(640, 360), source=source)
        figures.append(complexity(path_bytes(clip), timeline_of(clip), (640, 360)))

    assert figures == [LEAST, MOST]


def test_it_takes_about_a_second_however_long_the_pieces_take(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mkv", seconds=3.0, audio=None, size=(320, 180))

    began = time.monotonic()
    figure = complexity(path_bytes(clip), timeline_of(clip, keys=False), (320, 180))

    assert LEAST <= figure <= MOST
    assert time.monotonic() - began < 5


def test_a_file_of_one_picture_is_typical_and_one_that_is_gone_an_error(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", seconds=0.04, audio=None)
    timeline = timeline_of(clip)

    assert complexity(path_bytes(clip), timeline, (160, 90)) == 1.0
    clip.unlink()
    with pytest.raises(UnreadableFile):
        complexity(path_bytes(clip), timeline, (160, 90))


async def test_complexity_is_an_operation(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", seconds=1.0, audio=None)
    job = ComplexityJob(path=path_bytes(clip), width=160, height=90)
    pool = MediaPool(1)
    await pool.start()
    try:
        assert LEAST <= await pool.run(COMPLEXITY, job, timeout_s=30, priority=Priority.BACKGROUND) <= MOST
    finally:
        await pool.close()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(job), type=ComplexityJob) == job
