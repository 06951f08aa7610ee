from __future__ import annotations

import asyncio

import pytest

from hub.runtime.tasks import TaskScope


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
