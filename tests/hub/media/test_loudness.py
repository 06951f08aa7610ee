from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hub.media.errors import BrokenMedia, NotMedia
from hub.media.loudness import run
from hub.media.operations import LOUDNESS, LoudnessJob
from hub.media.pool import MediaPool, Priority
from hub.media.synth import AudioTrack, Clip, write_clip
from tests.media import make_clip, path_bytes


def tone(path: Path, source: tuple[tuple[str, str], ...]) -> Path:
    with path.open("w+b") as file:
        write_clip(
            file, Clip(container="wav", seconds=5.0, audio=AudioTrack(source=source, codec="pcm_s16le"))
        )
    return path


async def test_a_sine_is_as_loud_as_the_recommendation_says(pool: MediaPool, tmp_path: Path) -> None:
    # EBU Tech 3341, minimum requirements test 1: a stereo sine of 1 kHz at -23 dBFS measures -23.0 LUFS ± 0.1.
    loud = f"aevalsrc={10 ** (-23 / 20)}*sin(2*PI*1000*t)|{10 ** (-23 / 20)}*sin(2*PI*1000*t):s=48000"
    name, _, arguments = loud.partition("=")
    path = await asyncio.to_thread(tone, tmp_path / "x.wav", ((name, arguments),))

    measured = await pool.run(
        LOUDNESS, LoudnessJob(path_bytes(path)), timeout_s=20, priority=Priority.BACKGROUND
    )

    assert measured.integrated_lufs == pytest.approx(-23, abs=0.1)
    assert measured.true_peak_dbtp == pytest.approx(-23, abs=0.2)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda path: tone(path, (("anullsrc", "r=48000"),)), BrokenMedia),
        (lambda path: make_clip(path, suffix=".mkv", audio=None), NotMedia),
    ],
    ids=["silence", "no audio"],
)
def test_what_cannot_be_heard_has_no_loudness(tmp_path: Path, make: object, error: type[Exception]) -> None:
    path = make(tmp_path / "x.wav")  # type: ignore[operator]
    with pytest.raises(error):
        run(LoudnessJob(path_bytes(path)), lambda *_: None)
