"""Thousands of damaged files through all that a play asks of a hub: a first segment, or an error in words, in time."""

from __future__ import annotations

import asyncio
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hub.errors import HubError, MediaError
from hub.media.caps import parse_caps
from hub.media.decide import decide, offered
from hub.media.errors import WorkerCrashed, WorkerFailed, WorkerTimeout
from hub.media.operations import AUDIO, COPY, ENCODE, TIMELINE
from hub.media.pool import MediaPool, Priority
from hub.media.stream import dash, hls
from hub.media.stream.plan import plan_of
from hub.media.stream.presentation import Presentation, content_id, present
from hub.media.stream.service import StreamFile, StreamService
from hub.media.stream.types import (
    AudioRendition,
    EncodeJob,
    EncodeOutput,
    SegmentsJob,
    TimelineJob,
    VideoRendition,
)
from tests.media import B_FRAMES, clip_bytes, path_bytes

FEW, MANY = 60, 5_200
EVERY_SERVED = 10
"""One file in so many also goes through the service that the HTTP server asks, encode sessions and all."""
HUB_LIMIT_S = 10.0
"""Of what the hub itself reckons for a file: which way it plays, master playlist and manifest."""
LIMIT_S = 60.0
"""Of one job; then its worker is killed."""
CAPS = ("browser", "h264,opus,hls,h=36", "mp4,mkv,h264,hevc,hevc10,av1,vp9,mpeg2video,aac,ac3,opus,flac,hls")
"""A browser, somebody for whom everything is converted, and one who takes nearly everything as it is."""
KEYS = (("x264-params", "bframes=0:keyint=25:min-keyint=25:scenecut=0"),)
CLIPS: tuple[tuple[str, dict[str, Any]], ...] = (
    (".mp4", {"video_options": B_FRAMES}),
    (".mp4", {"video": "hevc", "audio": "ac3"}),
    (".mp4", {"video": "av1", "audio": "flac"}),
    (".mp4", {"video_options": KEYS, "muxer_options": (("movflags", "frag_keyframe+empty_moov"),)}),
    (".mov", {"video": "mpeg4", "audio": "mp3", "rotation": 90}),
    (".mkv", {"video_options": B_FRAMES, "captions": ((0.2, 0.9, "Hello"),)}),
    (".mkv", {"video": "mpeg2video", "audio": "ac3"}),
    (".webm", {}),
    (".avi", {}),
    (".avi", {"video_options": KEYS, "video": "h264", "audio": "ac3"}),
    (".ts", {"video_options": B_FRAMES}),
    (".ts", {"video": "mpeg2video", "audio": "mp2"}),
    (".mpg", {}),
    (".flv", {"video_options": KEYS}),
)


def damaged(data: bytes, other: bytes, dice: random.Random) -> bytes:
    """The bytes with what disks, networks and bad writers do to them; `other` is a file a piece may come from."""
    out = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        at = dice.randrange(max(len(out), 1))
        # Half of all damage is where the structure is: near the beginning and the end.
        if dice.random() < 0.5:
            at = dice.choice(
                (min(at, dice.randrange(1, 1500)), max(0, len(out) - 1 - dice.randrange(1, 3000)))
            )
        match dice.randrange(7):
            case 0 | 1:
                out[at : at + 1] = bytes([dice.randrange(256)])
            case 2:
                out[at : at + 4] = dice.choice(
                    (b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0\0\0\1", dice.randbytes(4))
                )
            case 3:
                size = dice.randrange(1, 2048)
                out[at : at + size] = bytes(min(size, len(out) - at))
            case 4:
                del out[at : at + dice.randrange(1, 600)]
            case 5:
                start = dice.randrange(len(other))
                out[at:at] = other[start : start + dice.randrange(1, 4096)]
            case _:
                del out[max(at, len(out) // 8) :]
    return bytes(out)


@dataclass
class Figures:
    """What became of the files."""

    files: int = 0
    played: int = 0
    segments: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    killed: list[str] = field(default_factory=list)
    bugs: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    slowest_in_hub: tuple[float, str] = (0.0, "")

    def failed(self, step: str, name: str, error: HubError) -> None:
        """A step ended in an error, which must be made for people to read."""
        self.errors[f"{step}: {type(error).__name__}"] += 1
        if isinstance(error, WorkerFailed) or not error.message.strip().endswith("."):
            self.bugs.append(f"{name} {step}: {type(error).__name__} {error.message!r}")
        if isinstance(error, (WorkerTimeout, WorkerCrashed)):
            self.killed.append(f"{name} {step}: {error.message}")

    def __str__(self) -> str:
        lines = [
            f"{self.files} files: {self.played} played, {len(self.killed)} workers killed or crashed",
            f"segments {dict(self.segments)}",
            *(f"  {count:6} {what}" for what, count in sorted(self.errors.items())),
            f"slowest {self.slowest[0]:.1f} s: {self.slowest[1]}",
            f"in the hub itself {self.slowest_in_hub[0]:.2f} s: {self.slowest_in_hub[1]}",
            *self.killed,
        ]
        return "\n".join(lines)


class Fuzz:
    """Plays damaged files on a pool of workers."""

    def __init__(self, pool: MediaPool, service: StreamService, folder: Path) -> None:
        self.figures = Figures()
        self._pool, self._service, self._folder = pool, service, folder

    async def run(self, seeds: Iterable[int]) -> None:
        """Two at a time, as many as there are workers."""
        left = iter(seeds)
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(self._some(left))

    async def _some(self, seeds: Iterator[int]) -> None:
        for seed in seeds:
            suffix, clip = CLIPS[seed % len(CLIPS)]
            other_suffix, other = CLIPS[(seed * 5 + 3) % len(CLIPS)]
            name = f"seed {seed} ({suffix} {clip.get('video', '')})"
            folder = self._folder / str(seed)
            folder.mkdir()
            path = folder / f"film{suffix}"
            size = {"size": (64, 36), "seconds": 3}
            path.write_bytes(
                damaged(
                    clip_bytes(suffix, **size, **clip),
                    clip_bytes(other_suffix, **size, **other),
                    random.Random(seed),
                )
            )
            begun = time.monotonic()
            try:
                has_played = await self._play(path_bytes(path), folder, name, seed)
            except Exception as error:
                error.add_note(name)
                raise
            self.figures.files += 1
            self.figures.played += has_played
            self.figures.slowest = max(self.figures.slowest, (time.monotonic() - begun, name))
            shutil.rmtree(folder)

    async def _play(self, path: bytes, folder: Path, name: str, seed: int) -> bool:
        step = "probe"
        try:
            known = await self._pool.probe(path, timeout_s=LIMIT_S)
            step = "timeline"
            timeline = await self._pool.run(
                TIMELINE, TimelineJob(path), timeout_s=LIMIT_S, priority=Priority.INTERACTIVE
            )
        except MediaError as error:
            self.figures.failed(step, name, error)
            return False
        content = content_id(f"{seed:032x}", known.size_bytes)
        begun = time.monotonic()
        presentation = present(known.probe, timeline, content)
        wanted: set[str] = set()
        for caps in CAPS:
            decision = decide(known.probe, parse_caps(caps))
            names = offered(decision, presentation)
            if names:
                selection = presentation.select(",".join(names))
                hls.master_playlist(presentation, selection, token=None, key_frames=True)
                await asyncio.to_thread(
                    dash.manifest, presentation, selection, token=None, text_uri=lambda track: track.id
                )
            # The smallest pictures offered, the copy, and what of the sound comes first.
            wanted.update(names[:1], [n for n in names if n.startswith("v")][-1:])
            wanted.update([n for n in names if n.startswith("a")][:1])
        self.figures.slowest_in_hub = max(self.figures.slowest_in_hub, (time.monotonic() - begun, name))
        file = StreamFile(
            path=path, fingerprint=f"{seed:032x}", size_bytes=known.size_bytes, probe=known.probe
        )
        made = [await self._first_segment(file, presentation, one, folder, name) for one in sorted(wanted)]
        if seed % EVERY_SERVED == 0:
            for one in sorted(wanted):
                await self._served(file, one, name)
        return any(made)

    async def _first_segment(
        self, file: StreamFile, presentation: Presentation, rendition_id: str, folder: Path, name: str
    ) -> bool:
        rendition = presentation.find(rendition_id)
        assert isinstance(rendition, (VideoRendition, AudioRendition))
        await asyncio.to_thread(hls.media_playlist, plan_of(presentation.timeline, rendition), token=None)
        target = folder / rendition_id
        target.mkdir()
        step = "copy" if rendition.is_copy else "encode" if isinstance(rendition, VideoRendition) else "sound"
        try:
            if isinstance(rendition, VideoRendition) and not rendition.is_copy:
                output = EncodeOutput(rendition=rendition, folder=path_bytes(target))
                session = EncodeJob(
                    path=file.path, timeline=presentation.timeline, outputs=(output,), first=0, stop=1, granted=1
                )  # fmt: skip
                await self._pool.run(ENCODE, session, timeout_s=LIMIT_S, priority=Priority.INTERACTIVE)
            else:
                job = SegmentsJob(
                    path=file.path, timeline=presentation.timeline, rendition=rendition,
                    folder=path_bytes(target), first=0, stop=1,
                )  # fmt: skip
                operation = COPY if rendition.is_copy else AUDIO
                await self._pool.run(operation, job, timeout_s=LIMIT_S, priority=Priority.INTERACTIVE)
        except MediaError as error:
            self.figures.failed(step, name, error)
            return False
        assert (target / "0.m4s").stat().st_size > 0
        assert (target / "init.mp4").stat().st_size > 0
        self.figures.segments[step] += 1
        return True

    async def _served(self, file: StreamFile, rendition_id: str, name: str) -> None:
        """The same as a player asks for it."""
        try:
            presentation = await self._service.presentation(file)
            # Two tries of a session, and of a block, each within its own limit.
            async with asyncio.timeout(3 * LIMIT_S):
                path = await self._service.segment(file, presentation, rendition_id, 0, reader=name)
        except HubError as error:
            self.figures.failed("served", name, error)
            return
        assert path.stat().st_size > 0
        self.figures.segments["served"] += 1


@pytest.fixture
async def fuzz(tmp_path: Path) -> AsyncIterator[Fuzz]:
    """Workers, and streams that use them."""
    pool = MediaPool(2)
    await pool.start()
    service = StreamService(tmp_path / "segments", pool, cache_bytes=64 << 20)
    await service.start()
    folder = tmp_path / "files"
    folder.mkdir()
    yield Fuzz(pool, service, folder)
    await service.close()
    await pool.close()


def no_fault(figures: Figures, files: int) -> None:
    print(f"\n{figures}", file=sys.stderr)
    assert not figures.bugs, "\n".join(figures.bugs)
    assert figures.files == files
    assert figures.slowest_in_hub[0] < HUB_LIMIT_S
    assert figures.played > files / 4, "so few play that little was tried"


@pytest.mark.integration
@pytest.mark.timeout(180)
async def test_some_damaged_files(fuzz: Fuzz) -> None:
    await fuzz.run(range(FEW))
    no_fault(fuzz.figures, FEW)


@pytest.mark.soak
async def test_thousands_of_damaged_files(fuzz: Fuzz) -> None:
    await fuzz.run(range(1_000, 1_000 + MANY))
    no_fault(fuzz.figures, MANY)
