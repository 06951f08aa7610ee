"""Mutated files through everything that reads a source for streaming: a result or a MediaError, soon."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from hub.errors import MediaError
from hub.media.stream import audio, copy
from hub.media.stream.plan import plan_of
from hub.media.stream.timeline import read_timeline
from hub.media.stream.types import AudioRendition, SegmentsJob, Timeline, VideoRendition
from tests.hub.media.stream.test_audio import rendition as encoded
from tests.hub.media.stream.test_copy import KEYS, rendition
from tests.media import B_FRAMES, clip_bytes, path_bytes

CLIPS: list[tuple[str, dict[str, Any]]] = [
    (".mp4", {"video_options": B_FRAMES}),
    (".mkv", {"video_options": KEYS}),
    (".ts", {"video_options": B_FRAMES}),
    (".webm", {}),
    (".avi", {}),
    (".mov", {"video": "hevc", "audio": "ac3"}),
]


def mutated(data: bytes, random_: random.Random) -> bytes:
    """The bytes with some damage of a kind that disks, networks and bad writers do."""
    out = bytearray(data)
    for _ in range(random_.randint(1, 8)):
        at = random_.randrange(len(out))
        match random_.randrange(4):
            case 0:
                out[at] ^= 1 << random_.randrange(8)
            case 1:
                out[at : at + 4] = random_.randbytes(4)
            case 2:
                del out[at : at + random_.randrange(1, 64)]
            case _:
                out[at : at + 8] = random_.choice((b"\xff" * 8, b"\0" * 8, b"\x7f" + b"\xff" * 7))
    return bytes(out)


def play(folder: Path, path: bytes) -> None:
    """What the first seconds of a play ask for, and the end."""
    timeline: Timeline = read_timeline(path)
    wanted: list[VideoRendition | AudioRendition] = []
    if timeline.video is not None and timeline.video.copy_problem is None:
        wanted.append(rendition(timeline, "video"))
    if timeline.audio:
        wanted.append(encoded(timeline))
        if timeline.audio[0].copy_problem is None:
            wanted.append(rendition(timeline, "audio"))
    for number, each in enumerate(wanted):
        target = folder / f"{number}"
        target.mkdir(exist_ok=True)
        for name in list(target.iterdir()):
            name.unlink()
        count = plan_of(timeline, each).count
        for k in {0, count - 1}:
            job = SegmentsJob(
                path=path, timeline=timeline, rendition=each, folder=path_bytes(target), first=k, stop=k + 1
            )
            (copy if each.is_copy else audio).run(job, lambda *step: None)
            assert (target / f"{k}.m4s").stat().st_size > 0


def survives(folder: Path, suffix: str, clip: dict[str, Any], seeds: range) -> int:
    """Play mutations of a clip; returns how many played. Whatever fails does so with a MediaError."""
    data = clip_bytes(suffix, seconds=5, **clip)
    played = 0
    for seed in seeds:
        path = folder / f"film{suffix}"
        path.write_bytes(mutated(data, random.Random(seed)))  # the same every time
        begin = time.monotonic()
        with suppress(MediaError):
            play(folder, path_bytes(path))
            played += 1
        assert time.monotonic() - begin < 30, seed
    return played


@pytest.mark.parametrize(("suffix", "clip"), CLIPS)
def test_some_damage(tmp_path: Path, suffix: str, clip: dict[str, Any]) -> None:
    """A sample of mutations of each container; most still play."""
    assert survives(tmp_path, suffix, clip, range(6)) >= 1


def test_a_stamp_weeks_away_is_damage(tmp_path: Path) -> None:
    """It would make playlists of millions of segments."""
    path = tmp_path / "film.flv"
    data = bytearray(clip_bytes(".flv", seconds=2, video_options=KEYS))
    last_tag = len(data) - 4 - int.from_bytes(data[-4:], "big")
    data[last_tag + 7] = 0x7F  # the upper eight bits of its milliseconds: 24 days
    path.write_bytes(data)

    timeline = read_timeline(path_bytes(path))

    assert 1.9 < timeline.duration_s < 2.1


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("suffix", "clip"), CLIPS)
def test_much_damage(tmp_path: Path, suffix: str, clip: dict[str, Any]) -> None:
    """Many mutations."""
    assert survives(tmp_path, suffix, clip, range(100, 220)) >= 30
