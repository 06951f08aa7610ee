from __future__ import annotations

import asyncio

import pytest

from hub.runtime.tasks import TaskScope, to_the_end


async def test_closing_cancels_what_runs_and_waits_for_its_clean_up() -> None:
    scope, cleaned = TaskScope("test"), []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    scope.start(work(), name="work")
    await asyncio.sleep(0)
    await scope.close()
    await scope.close()
    assert cleaned == [True]


async def test_a_closed_scope_starts_nothing() -> None:
    scope = TaskScope("test")
    await scope.close()
    with pytest.raises(RuntimeError, match="late cannot start"):
        scope.start(asyncio.sleep(0), name="late")


@pytest.mark.expect_errors("test:broken failed")
async def test_a_failure_nobody_awaits_is_logged_with_the_task_name() -> None:
    scope = TaskScope("test")

    async def broken() -> None:
        raise ValueError("boom")

    task = scope.start(broken(), name="broken")
    await asyncio.wait({task})
    await scope.close()


async def test_what_goes_to_the_end_is_not_disturbed_by_cancelling() -> None:
    begun, go, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> int:
        begun.set()
        await go.wait()
        done.set()
        return 7

    waiting = asyncio.create_task(to_the_end(work()))
    await begun.wait()
    for _ in range(3):
        waiting.cancel()
        await asyncio.sleep(0)
    assert not waiting.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert done.is_set()


async def test_what_goes_to_the_end_hands_on_its_result_or_failure() -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("broken")

    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert await to_the_end(work()) == 7
    with pytest.raises(ValueError, match="broken"):
        await to_the_end(fail())
    failing = asyncio.create_task(to_the_end(fail()))
    await asyncio.sleep(0)
    failing.cancel()
    with pytest.raises(ValueError, match="broken"):
        await failing
