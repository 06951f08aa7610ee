from __future__ import annotations

import asyncio
import threading

import pytest

from hub.runtime.loop import LoopThread, assert_loop_thread


def test_work_runs_on_the_named_thread_and_gives_its_result_back() -> None:
    thread = LoopThread("some-loop")
    thread.start()

    async def where() -> str:
        assert_loop_thread()
        return threading.current_thread().name

    assert thread.submit(where()).result(5) == "some-loop"
    assert thread.stop()


@pytest.mark.expect_errors("was still running when the loop stopped")
def test_stopping_cancels_what_still_runs_and_says_so() -> None:
    thread, ended = LoopThread(), threading.Event()
    thread.start()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    future = thread.submit(forever())
    thread.submit(asyncio.sleep(0)).result(5)
    assert thread.stop()
    assert ended.is_set()
    assert future.done()


def test_a_thread_that_never_started_can_be_stopped() -> None:
    assert LoopThread().stop()


def test_off_the_loop_the_assertion_fails() -> None:
    with pytest.raises(RuntimeError):
        assert_loop_thread()
