from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from hub.errors import MediaError
from hub.media.errors import (
    BadPicture,
    NoPicture,
    NotMedia,
    PoolClosed,
    TooDemanding,
    UnreadableFile,
    WorkerCrashed,
    WorkerFailed,
    WorkerTimeout,
)
from hub.media.fingerprint import fingerprint
from hub.media.pool import MediaPool, Priority
from hub.media.process import WorkerProcess
from tests.hub.media.conftest import odd_command
from tests.hub.media.odd_worker import ODD, OddJob
from tests.media import clip_bytes, make_clip, path_bytes, picture_bytes, unique_clip_bytes

pytestmark = pytest.mark.integration


async def odd(pool: MediaPool, do: str, argument: str = "", *, timeout_s: float = 20.0) -> str:
    return await pool.run(ODD, OddJob(do, argument), timeout_s=timeout_s, priority=Priority.INTERACTIVE)


class Asleep:
    """A job that sleeps for ever; `until` returns once the worker is in the middle of it."""

    def __init__(self, pool: MediaPool, *, timeout_s: float = 60.0) -> None:
        self._started = asyncio.Event()
        self.task = asyncio.create_task(
            pool.run(
                ODD,
                OddJob("sleep"),
                timeout_s=timeout_s,
                priority=Priority.INTERACTIVE,
                on_progress=lambda *_: self._started.set(),
            )
        )

    async def until(self) -> None:
        await asyncio.wait_for(self._started.wait(), 20)

    async def ended(self) -> BaseException | None:
        result = await asyncio.gather(self.task, return_exceptions=True)
        return result[0] if isinstance(result[0], BaseException) else None


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that no event tells about."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def gone(pid: int) -> bool:
    """True once the process has ended and was waited for."""
    await until(lambda: not psutil.pid_exists(pid))
    return True


async def test_a_probe_comes_with_the_fingerprint_of_the_same_bytes(pool: MediaPool, tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", seconds=0.5)

    result = await pool.probe(path_bytes(path))

    assert result.probe.video_codec == "h264"
    assert result.fingerprint == fingerprint(path_bytes(path))
    assert (result.size_bytes, result.mtime_ns) == (path.stat().st_size, path.stat().st_mtime_ns)


async def test_thumbnails_and_captions_go_through_the_pool(pool: MediaPool, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", size=(640, 360))
    (tmp_path / "clip.srt").write_bytes("1\n00:00:01,000 --> 00:00:02,000\nGrüße\n".encode("cp1252"))

    made = await pool.thumbnails(path_bytes(clip), tmp_path, "thumb")
    captions = await pool.captions(path_bytes(tmp_path / "clip.srt"))

    assert made.widths == (320, 640)
    assert (tmp_path / "thumb-320.webp").read_bytes()[8:12] == b"WEBP"
    assert "Grüße" in captions


async def test_a_poster_given_to_the_pool_is_used(pool: MediaPool, tmp_path: Path) -> None:
    (tmp_path / "poster.jpg").write_bytes(picture_bytes())
    poster = path_bytes(tmp_path / "poster.jpg")

    made = await pool.thumbnails(b"/nowhere.mp4", path_bytes(tmp_path), "x", poster=poster, widths=(320,))

    assert made.source == "poster"


async def test_errors_of_a_worker_arrive_as_their_own_class_with_their_sentence(
    pool: MediaPool, tmp_path: Path
) -> None:
    (tmp_path / "notes.mp4").write_text("just text")
    os.mkfifo(tmp_path / "fifo.mp4")

    with pytest.raises(NotMedia, match="it holds text"):
        await pool.probe(path_bytes(tmp_path / "notes.mp4"))
    with pytest.raises(UnreadableFile, match="not a regular file"):
        await pool.probe(path_bytes(tmp_path / "fifo.mp4"), timeout_s=10)
    with pytest.raises(UnreadableFile, match="no such file"):
        await pool.captions(path_bytes(tmp_path / "gone.srt"))


async def test_an_error_class_the_hub_does_not_know_arrives_as_the_one_above_it(odd_pool: MediaPool) -> None:
    with pytest.raises(BadPicture, match=r"A strange picture\."):
        await odd(odd_pool, "strange_error")


async def test_no_worker_runs_before_the_first_job_nor_long_after_the_last() -> None:
    pool = MediaPool(2, idle_s=0.05, command=odd_command)
    await pool.start()
    assert pool.pids == []

    pid = int(await odd(pool, "pid"))

    assert pool.pids == [pid]
    await until(lambda: not pool.pids)
    assert await gone(pid)
    assert await odd(pool, "echo", "again") == "again"
    await pool.close()


async def test_one_worker_serves_one_job_after_the_other(odd_pool: MediaPool) -> None:
    answers = await asyncio.gather(*(odd(odd_pool, "echo", str(n)) for n in range(50)))

    assert answers == [str(n) for n in range(50)]
    assert len(odd_pool.pids) == 1


async def test_never_more_workers_than_its_size(pool: MediaPool, tmp_path: Path) -> None:
    paths = []
    for n in range(40):
        path = tmp_path / f"{n}.mp4"
        path.write_bytes(unique_clip_bytes(n))
        paths.append(path_bytes(path))

    results = await asyncio.gather(*(pool.probe(path) for path in paths))

    assert len({result.fingerprint for result in results}) == 40
    assert len(pool.pids) == 2
    assert pool.busy == 0


async def test_what_libraries_print_does_not_disturb_the_conversation(
    odd_pool: MediaPool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="hub.media.process"):
        assert await odd(odd_pool, "print", "unharmed") == "unharmed"
        assert await odd(odd_pool, "echo", "still there") == "still there"

    assert "chatter from Python" in caplog.text
    assert len(caplog.text) < 200_000, "a worker's chatter is capped"


async def test_a_library_that_reads_standard_input_finds_it_empty(odd_pool: MediaPool) -> None:
    assert await odd(odd_pool, "read", "nothing") == "nothing"


async def test_progress_is_passed_on_in_order(odd_pool: MediaPool) -> None:
    seen: list[tuple[int, int, str]] = []

    await odd_pool.run(
        ODD,
        OddJob("progress"),
        timeout_s=20,
        priority=Priority.INTERACTIVE,
        on_progress=lambda *step: seen.append(step),
    )

    assert seen == [(0, 3, "step 0"), (1, 3, "step 1"), (2, 3, "step 2")]


async def test_a_job_that_crashes_its_worker_is_tried_again_on_a_fresh_one(
    odd_pool: MediaPool, tmp_path: Path
) -> None:
    assert await odd(odd_pool, "abort_once", str(tmp_path / "marker")) == "second try"


async def test_a_job_that_crashes_twice_is_given_up_with_the_signals_name(odd_pool: MediaPool) -> None:
    with pytest.raises(WorkerCrashed, match=r"SIGABRT.*second try"):
        await odd(odd_pool, "abort")
    with pytest.raises(WorkerCrashed, match="exit code 3"):
        await odd(odd_pool, "exit", "3")

    assert await odd(odd_pool, "echo", "fine") == "fine"


async def test_a_worker_killed_in_the_middle_of_a_job_is_replaced(odd_pool: MediaPool) -> None:
    first = Asleep(odd_pool)
    await first.until()
    (pid,) = odd_pool.pids

    os.kill(pid, signal.SIGKILL)
    await until(lambda: odd_pool.pids not in ([], [pid]))
    os.kill(odd_pool.pids[0], signal.SIGKILL)

    error = await first.ended()
    assert isinstance(error, WorkerCrashed)
    assert "SIGKILL" in error.message
    assert await odd(odd_pool, "echo", "next") == "next"
    assert await gone(pid)


async def test_an_idle_worker_that_dies_is_not_noticed_by_the_next_job(odd_pool: MediaPool) -> None:
    pid = int(await odd(odd_pool, "pid"))

    os.kill(pid, signal.SIGKILL)

    assert await odd(odd_pool, "pid") != str(pid)


async def test_a_stopped_worker_is_killed_when_the_time_is_up(odd_pool: MediaPool) -> None:
    pid = int(await odd(odd_pool, "pid"))
    os.kill(pid, signal.SIGSTOP)

    with pytest.raises(WorkerTimeout, match=r"longer than 0\.3 s"):
        await odd(odd_pool, "echo", timeout_s=0.3)

    assert await gone(pid)
    assert await odd(odd_pool, "echo", "alive") == "alive"


async def test_waiting_for_a_worker_does_not_count_as_working(odd_pool: MediaPool) -> None:
    nap = asyncio.create_task(odd(odd_pool, "nap", "1.2"))
    await until(lambda: odd_pool.busy == 1)

    assert await odd(odd_pool, "echo", "patient", timeout_s=1.0) == "patient"
    assert await nap == "rested"


async def test_cancelling_a_job_kills_its_worker_and_no_answer_goes_astray(odd_pool: MediaPool) -> None:
    sleeper = Asleep(odd_pool)
    await sleeper.until()
    (pid,) = odd_pool.pids

    sleeper.task.cancel()
    answers = await asyncio.gather(*(odd(odd_pool, "echo", str(n)) for n in range(5)))

    assert isinstance(await sleeper.ended(), asyncio.CancelledError)
    assert answers == ["0", "1", "2", "3", "4"]
    assert await gone(pid)


async def test_cancelling_at_any_moment_never_mixes_answers_up_or_blocks_the_pool(
    odd_pool: MediaPool,
) -> None:
    for delay_s in (0.0, 0.001, 0.002, 0.003, 0.005, 0.01, 0.05, 0.1):
        doomed = asyncio.create_task(odd(odd_pool, "echo", "doomed"))
        waiting = asyncio.create_task(odd(odd_pool, "echo", "doomed too"))
        await asyncio.sleep(delay_s)  # the moment itself is what is varied here
        doomed.cancel()
        waiting.cancel()
        assert await odd(odd_pool, "echo", f"after {delay_s}") == f"after {delay_s}"
        await asyncio.gather(doomed, waiting, return_exceptions=True)

    assert odd_pool.busy == 0


async def test_what_the_more_urgent_job_waits_for_is_done_first(odd_pool: MediaPool) -> None:
    sleeper = Asleep(odd_pool)
    await sleeper.until()
    order: list[str] = []

    async def job(name: str, priority: Priority) -> None:
        await odd_pool.run(ODD, OddJob("echo"), timeout_s=20, priority=priority)
        order.append(name)

    tasks = [
        asyncio.create_task(job(name, priority))
        for name, priority in (
            ("thumbnail", Priority.THUMBNAIL),
            ("background", Priority.BACKGROUND),
            ("probe", Priority.PROBE),
            ("interactive", Priority.INTERACTIVE),
        )
    ]
    await asyncio.sleep(0)
    sleeper.task.cancel()
    await asyncio.gather(*tasks)
    await sleeper.ended()

    assert order[:3] == ["interactive", "probe", "thumbnail"]


async def test_background_work_gets_its_turn_however_much_urgent_work_there_is(odd_pool: MediaPool) -> None:
    sleeper = Asleep(odd_pool)
    await sleeper.until()
    order: list[str] = []

    async def job(name: str, priority: Priority) -> None:
        await odd_pool.run(ODD, OddJob("echo"), timeout_s=20, priority=priority)
        order.append(name)

    tasks = [asyncio.create_task(job("background", Priority.BACKGROUND))]
    tasks += [asyncio.create_task(job("probe", Priority.PROBE)) for _ in range(20)]
    await asyncio.sleep(0)
    sleeper.task.cancel()
    await asyncio.gather(*tasks)
    await sleeper.ended()

    assert order.index("background") < 5


async def test_closing_with_work_in_flight_is_quick_and_leaves_no_process() -> None:
    pool = MediaPool(1, command=odd_command)
    await pool.start()
    running = Asleep(pool)
    await running.until()
    (pid,) = pool.pids
    waiting = asyncio.create_task(odd(pool, "echo"))
    await asyncio.sleep(0)

    started = time.monotonic()
    await pool.close()

    assert time.monotonic() - started < 2
    assert await gone(pid)
    assert isinstance(await running.ended(), PoolClosed)
    with pytest.raises(PoolClosed):
        await waiting
    with pytest.raises(PoolClosed):
        await odd(pool, "echo")
    await pool.close()


async def test_closing_while_a_worker_is_being_started_leaves_no_process() -> None:
    pool = MediaPool(1, command=odd_command)
    await pool.start()
    job = asyncio.create_task(odd(pool, "echo"))
    await asyncio.sleep(0)

    await pool.close()

    with pytest.raises(PoolClosed):
        await job
    assert pool.pids == []


async def test_a_stopped_worker_does_not_hold_up_closing() -> None:
    pool = MediaPool(1, command=odd_command)
    await pool.start()
    pid = int(await odd(pool, "pid"))
    os.kill(pid, signal.SIGSTOP)

    started = time.monotonic()
    await pool.close()

    assert time.monotonic() - started < 2
    assert await gone(pid)


async def test_a_job_that_wants_too_much_memory_is_refused_and_the_worker_lives_on(
    odd_pool: MediaPool,
) -> None:
    pid = await odd(odd_pool, "pid")

    with pytest.raises(TooDemanding, match="more memory"):
        await odd(odd_pool, "exhaust")

    assert await odd(odd_pool, "pid") == pid


async def test_an_unexpected_exception_becomes_an_error_and_the_worker_lives_on(odd_pool: MediaPool) -> None:
    pid = await odd(odd_pool, "pid")

    with pytest.raises(WorkerFailed, match=r"RuntimeError: a name that is not UTF-8: \\udcff"):
        await odd(odd_pool, "fail")
    with pytest.raises(NoPicture, match=r"Nothing to see in here\."):
        await odd(odd_pool, "media_error", "here")

    assert await odd(odd_pool, "pid") == pid


async def test_a_result_beyond_the_limit_is_an_error(odd_pool: MediaPool) -> None:
    with pytest.raises(WorkerFailed, match="too large"):
        await odd(odd_pool, "huge")


@pytest.mark.parametrize("nonsense", ["ffffffff00", "00000003414243", "00000004 93a4646f6e65"])
async def test_a_worker_that_talks_nonsense_is_killed_and_counts_as_crashed(
    odd_pool: MediaPool, nonsense: str
) -> None:
    with pytest.raises(WorkerCrashed, match="nonsense"):
        await odd(odd_pool, "nonsense", nonsense.replace(" ", ""))

    assert await odd(odd_pool, "echo", "sense") == "sense"


async def test_workers_that_end_while_they_are_started_cost_no_time_and_are_not_the_files_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spawn = WorkerProcess.spawn

    async def spawn_and_lose(
        command: Sequence[str], on_exit: Callable[[WorkerProcess], None]
    ) -> WorkerProcess:
        worker = await spawn(command, on_exit)
        await worker.exited
        return worker

    monkeypatch.setattr(WorkerProcess, "spawn", spawn_and_lose)
    pool = MediaPool(1, command=lambda: [sys.executable, "-c", "raise SystemExit(7)"])
    await pool.start()
    async with asyncio.timeout(10):
        with pytest.raises(WorkerFailed, match="cannot be started: it ended with exit code 7"):
            await pool.probe(b"/nowhere")
    assert pool.pids == []
    async with asyncio.timeout(1):
        await pool.close()


async def test_a_pool_that_cannot_start_workers_says_so() -> None:
    pool = MediaPool(1, command=lambda: ["/nowhere/python"])
    await pool.start()

    with pytest.raises(WorkerFailed, match="cannot be started"):
        await pool.probe(b"/tmp/x.mp4")

    await pool.close()


async def test_workers_are_nice_limited_and_alone_in_their_signals(odd_pool: MediaPool) -> None:
    pid = int(await odd(odd_pool, "pid"))
    process = psutil.Process(pid)

    os.kill(pid, signal.SIGINT)  # Ctrl-C in a terminal reaches the whole group; the hub decides what it means

    assert await odd(odd_pool, "pid") == str(pid)
    assert process.nice() == 10
    assert process.rlimit(psutil.RLIMIT_AS)[0] == 4 << 30
    assert process.rlimit(psutil.RLIMIT_CORE) == (0, 0)


def test_workers_end_when_the_hub_is_killed(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import asyncio, sys
        from hub.media.pool import MediaPool, Priority
        from tests.hub.media.conftest import odd_command
        from tests.hub.media.odd_worker import ODD, OddJob

        async def main() -> None:
            pool = MediaPool(1, command=odd_command)
            await pool.start()
            print(await pool.run(ODD, OddJob("pid"), timeout_s=20, priority=Priority.PROBE), flush=True)
            await pool.run(
                ODD, OddJob("sleep"), timeout_s=60, priority=Priority.PROBE,
                on_progress=lambda *_: print("asleep", flush=True),
            )

        asyncio.run(main())
        """
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as hub:
        assert hub.stdout is not None
        worker = int(hub.stdout.readline())
        assert hub.stdout.readline() == "asleep\n"

        hub.kill()

        asyncio.run(gone(worker))


async def test_a_hostile_file_cannot_reach_another_file(pool: MediaPool, tmp_path: Path) -> None:
    make_clip(tmp_path / "secret.mkv", seconds=0.2)
    for text in (
        f"ffconcat version 1.0\nfile '{tmp_path}/secret.mkv'\n",
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{tmp_path}/secret.mkv\n#EXT-X-ENDLIST\n",
        f'<?xml version="1.0"?><MPD><BaseURL>file://{tmp_path}/secret.mkv</BaseURL></MPD>',
    ):
        hostile = tmp_path / "film.mp4"
        hostile.write_text(text)
        with pytest.raises(NotMedia):
            await pool.probe(path_bytes(hostile))


async def test_broken_files_give_an_answer_or_a_media_error_and_never_harm_the_pool(
    pool: MediaPool, tmp_path: Path
) -> None:
    await mutate_and_probe(pool, tmp_path, rounds=6)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_many_broken_files_give_an_answer_or_a_media_error(pool: MediaPool, tmp_path: Path) -> None:
    await mutate_and_probe(pool, tmp_path, rounds=1_000)


async def mutate_and_probe(pool: MediaPool, folder: Path, *, rounds: int) -> None:
    kinds = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".ts", ".mp3", ".flac", ".ogg", ".m4a")

    async def one(kind: str, seed: int) -> None:
        rng = random.Random(f"{kind}{seed}")
        data = bytearray(clip_bytes(kind, seconds=0.5, cover=kind in (".m4a", ".mp3", ".flac")))
        for _ in range(rng.choice((1, 3, 20, 200))):
            # Headers and indexes are where parsers break; they sit at the ends.
            place = rng.choice(
                (rng.randrange(len(data)), rng.randrange(min(600, len(data))), -rng.randrange(1, 600))
            )
            data[place] = rng.choice((0, 0xFF, 0x7F, 0x80, rng.randrange(256)))
        if rng.random() < 0.3:
            del data[rng.randrange(len(data)) :]
        path = folder / f"{seed}{kind}"
        path.write_bytes(data)
        for job in (pool.probe(path_bytes(path)), pool.thumbnails(path_bytes(path), folder, path.name)):
            (outcome,) = await asyncio.gather(job, return_exceptions=True)
            if isinstance(outcome, BaseException):
                assert isinstance(outcome, MediaError), repr(outcome)
                assert not isinstance(outcome, WorkerFailed | WorkerCrashed | WorkerTimeout), repr(outcome)
                assert outcome.message.endswith(".")
        path.unlink()

    for seed in range(rounds):
        await asyncio.gather(*(one(kind, seed) for kind in kinds))
    assert pool.busy == 0
