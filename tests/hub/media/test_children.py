from __future__ import annotations

import asyncio
import os
import sys
import threading

import pytest

from hub.media.children import watch_children_by_descriptor


@pytest.fixture(autouse=True)
def _watch() -> None:
    watch_children_by_descriptor()
    watch_children_by_descriptor()


async def run_child(code: int) -> int:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", f"raise SystemExit({code})")
    return await process.wait()


async def test_exit_codes_arrive_without_a_thread_per_child() -> None:
    before = threading.active_count()
    children = [asyncio.create_task(run_child(code)) for code in (0, 3, 5)]
    await asyncio.sleep(0)
    threads = threading.active_count()

    assert await asyncio.gather(*children) == [0, 3, 5]
    assert threads == before


def test_children_of_a_loop_in_another_thread_are_noticed_there() -> None:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(asyncio.run(run_child(7))))

    thread.start()
    thread.join(20)

    assert codes == [7]


async def test_a_child_that_somebody_else_waited_for_does_no_harm() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "", stdin=asyncio.subprocess.DEVNULL)
    os.waitid(os.P_PID, process.pid, os.WEXITED)  # noqa: ASYNC222  # reaps it before the loop can look

    assert await process.wait() == 255
