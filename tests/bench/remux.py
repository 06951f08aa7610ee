"""A 10-minute 1080p file copied into all its segments, against `ffmpeg -c copy` into fMP4 HLS.

Both make pictures and sound as tracks of their own, cut at the same key frames. Marquee does it as the hub does: the
time line is read, then a worker copies the pictures and another one the sound. Workers run already, as in a hub; the
`ffmpeg` program has to start, and is niced as they are: else a busy machine would be measured.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

from hub.media.operations import COPY, TIMELINE
from hub.media.pool import MediaPool, Priority
from hub.media.stream.plan import plan_of
from hub.media.stream.presentation import present
from hub.media.stream.types import (
    SEGMENT_S,
    AudioRendition,
    SegmentsJob,
    Timeline,
    TimelineJob,
    VideoRendition,
)
from hub.media.synth import Clip, VideoTrack, write_clip
from hub.media.worker import NICENESS
from tests.bench.figures import abab, print_pair

SECONDS = 600
ROUNDS = 4
WANTED = "<= 1.3"
_LOOP_S = 20
_TIMEOUT_S = 120.0


def run() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="marquee-bench-") as name:
        folder = Path(name)
        source = folder / "source.mkv"
        _make_source(source)
        cpu: dict[str, list[float]] = {"Marquee": [], "ffmpeg": []}
        with asyncio.Runner() as runner:
            pool = MediaPool(2)
            runner.run(pool.start())
            try:
                mine, peers = abab(
                    lambda: runner.run(_ours(pool, source, folder / "ours", cpu["Marquee"])),
                    lambda: _theirs(source, folder / "theirs", cpu["ffmpeg"]),
                    ROUNDS,
                )
            finally:
                runner.run(pool.close())
        _compare(folder)
        size_mb = source.stat().st_size / 1e6
        print_pair(
            f"remux of {SECONDS} s of 1080p ({size_mb:.0f} MB), wall", "s", mine, peers, "ffmpeg", WANTED
        )
        print_pair("  CPU of all processes", "s", cpu["Marquee"][1:], cpu["ffmpeg"][1:], "ffmpeg", WANTED)


async def _ours(pool: MediaPool, source: Path, folder: Path, cpu: list[float]) -> float:
    path = os.fsencode(source)
    probe = (await pool.probe(path)).probe
    _empty(folder)
    cpu_before, began = _cpu_s(pool), time.perf_counter()
    timeline = await pool.run(
        TIMELINE, TimelineJob(path), timeout_s=_TIMEOUT_S, priority=Priority.INTERACTIVE
    )
    presentation = present(probe, timeline, "bench")
    renditions: tuple[VideoRendition | AudioRendition, ...] = (*presentation.video, *presentation.audio)
    copies = [one for one in renditions if one.is_copy]
    if len(copies) != 2:
        raise RuntimeError(
            f"{[one.id for one in copies]} are not one copy of the pictures and one of the sound"
        )
    await asyncio.gather(*(_copy(pool, path, timeline, one, folder) for one in copies))
    took = time.perf_counter() - began
    cpu.append(_cpu_s(pool) - cpu_before)
    return took


def _cpu_s(pool: MediaPool) -> float:
    """What the workers have had of the processors."""
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pool.pids)


async def _copy(
    pool: MediaPool, path: bytes, timeline: Timeline, rendition: VideoRendition | AudioRendition, folder: Path
) -> None:
    target = folder / rendition.id
    target.mkdir()
    stop = plan_of(timeline, rendition).count
    job = SegmentsJob(
        path=path, timeline=timeline, rendition=rendition, folder=os.fsencode(target), first=0, stop=stop
    )
    made = await pool.run(COPY, job, timeout_s=_TIMEOUT_S, priority=Priority.INTERACTIVE)
    if made.next != stop:
        raise RuntimeError(f"{rendition.id} was made up to {made.next} of {stop}")


def _theirs(source: Path, folder: Path, cpu: list[float]) -> float:
    _empty(folder)
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(source), "-map", "0:v", "-map", "0:a", "-c", "copy"]
    command += [
        "-f",
        "hls",
        "-hls_segment_type",
        "fmp4",
        "-hls_time",
        str(SEGMENT_S),
        "-hls_playlist_type",
        "vod",
    ]
    command += ["-var_stream_map", "v:0,agroup:sound a:0,agroup:sound"]
    command += ["-hls_segment_filename", str(folder / "%v" / "%d.m4s"), str(folder / "%v" / "index.m3u8")]
    command = ["nice", "-n", str(NICENESS), *command]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return took


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()


def _compare(folder: Path) -> None:
    """Both made the same: as many segments of pictures, and as many bytes but for some of boxes."""
    (ours,) = folder.glob("ours/v-copy")
    counts = [len(list(place.glob("*.m4s"))) for place in (ours, folder / "theirs" / "0")]
    sizes = [sum(f.stat().st_size for f in (folder / who).rglob("*.m4s")) for who in ("ours", "theirs")]
    print(
        f"segments of pictures: {counts[0]} here, {counts[1]} there; {sizes[0] / 1e6:.1f} and {sizes[1] / 1e6:.1f} MB"
    )
    if abs(counts[0] - counts[1]) > 1 or abs(sizes[0] / sizes[1] - 1) > 0.01:
        raise RuntimeError("what was made differs")


def _make_source(target: Path) -> None:
    """Encoded for some seconds and repeated, at the rate of a good download."""
    video = VideoTrack(
        source=(("testsrc2", "size=1920x1080:rate=25"), ("noise", "alls=4:allf=t")),
        codec="libx264",
        width=1920,
        height=1080,
        options={
            "preset": "superfast",
            "b": "5000000",
            "maxrate": "6000000",
            "bufsize": "6000000",
            "g": "50",
        },
    )
    with tempfile.TemporaryDirectory(prefix="marquee-bench-") as name:
        clip = Path(name) / "clip.mp4"
        with clip.open("wb") as file:
            write_clip(file, Clip(container="mp4", seconds=_LOOP_S, video=video))
        command = ["ffmpeg", "-v", "error", "-stream_loop", str(SECONDS // _LOOP_S - 1), "-i", str(clip)]
        command += ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={SECONDS}"]
        command += [
            "-map",
            "0:v",
            "-map",
            "1:a",
            "-c:v",
            "copy",
            "-c:a",
            "aac",
            "-ac",
            "2",
            "-b:a",
            "128k",
            str(target),
        ]
        subprocess.run(command, check=True)
