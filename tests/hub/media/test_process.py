from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import psutil
import pytest

from hub.media.process import WorkerGone, WorkerNeverCame, WorkerProcess, worker_command
from hub.media.wire import Done, Request
from tests.hub.media.conftest import odd_command
from tests.hub.media.odd_worker import OddJob


def request(do: str, argument: str = "") -> Request:
    return Request(1, "odd", msgspec.Raw(msgspec.msgpack.encode(OddJob(do, argument))))


async def spawn() -> tuple[WorkerProcess, list[WorkerProcess]]:
    """(a worker, the list it appears in once it has ended)."""
    ended: list[WorkerProcess] = []
    return await WorkerProcess.spawn(odd_command(), ended.append), ended


async def test_an_idle_worker_ends_by_itself_when_told_to() -> None:
    worker, ended = await spawn()
    assert isinstance(await worker.call(request("echo"), None), Done)

    worker.stop()
    assert not worker.is_usable
    await asyncio.wait_for(asyncio.shield(worker.exited), 10)

    assert ended == [worker]
    assert not psutil.pid_exists(worker.pid)


async def test_a_worker_that_will_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.media.process._STOP_S", 0.1)
    worker, ended = await spawn()
    await worker.call(request("echo"), None)
    os.kill(worker.pid, signal.SIGSTOP)

    worker.stop()
    await asyncio.wait_for(asyncio.shield(worker.exited), 10)

    assert ended == [worker]


async def test_killing_and_stopping_what_has_ended_does_nothing() -> None:
    worker, _ = await spawn()
    worker.kill()
    await worker.exited

    worker.kill()
    worker.stop()

    assert not worker.is_usable


async def test_a_worker_that_has_ended_takes_no_request() -> None:
    worker, _ = await spawn()
    os.kill(worker.pid, signal.SIGTERM)
    await worker.exited

    with pytest.raises(WorkerNeverCame, match="SIGTERM"):
        async with asyncio.timeout(5):
            await worker.call(request("echo"), None)


async def test_the_end_is_noticed_although_a_grandchild_holds_the_pipes() -> None:
    worker, _ = await spawn()
    grandchildren: list[int] = []
    try:
        with pytest.raises(WorkerGone, match="SIGABRT"):
            async with asyncio.timeout(20):
                await worker.call(request("orphan"), lambda pid, *_: grandchildren.append(pid))
    finally:
        for pid in grandchildren:
            os.kill(pid, signal.SIGKILL)

    assert len(grandchildren) == 1


async def test_what_a_worker_says_is_logged_up_to_a_limit_for_each_job(
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker, _ = await spawn()

    with caplog.at_level(logging.DEBUG, logger="hub.media.process"):
        await worker.call(request("print"), None)
        await worker.call(request("print"), None)

    worker.kill()
    await worker.exited
    assert caplog.text.count("is left out") == 2
    assert f"worker {worker.pid}: chatter from Python" in caplog.text


def test_a_worker_runs_the_hubs_own_code_wherever_it_is_started(tmp_path: Path) -> None:
    """A folder called `hub` in the working directory must not be taken for ours."""
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    script = (
        "import asyncio\nfrom hub.media.pool import MediaPool\n"
        "async def main():\n"
        "    pool = MediaPool(1)\n    await pool.start()\n"
        "    try:\n        await pool.captions(b'/nowhere.srt')\n"
        "    except Exception as error:\n        print(type(error).__name__)\n"
        "    await pool.close()\nasyncio.run(main())\n"
    )
    code = str(Path(__file__).parents[3])

    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": code},
        capture_output=True,
        text=True,
    )

    assert (done.stdout.strip(), done.stderr) == ("UnreadableFile", "")
    assert "-P" in worker_command()
