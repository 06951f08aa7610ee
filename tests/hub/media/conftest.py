"""A pool of real workers, and one whose workers misbehave on request."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator

import pytest

from hub.media.pool import MediaPool


def odd_command() -> list[str]:
    """The command line of `odd_worker`."""
    return [sys.executable, "-P", "-m", "tests.hub.media.odd_worker", "--parent", str(os.getpid())]


@pytest.fixture
async def pool() -> AsyncIterator[MediaPool]:
    """Two workers at most, as on the smallest machine."""
    pool = MediaPool(2)
    await pool.start()
    yield pool
    await pool.close()


@pytest.fixture
async def odd_pool() -> AsyncIterator[MediaPool]:
    """One worker that also knows the operation `odd`."""
    pool = MediaPool(1, command=odd_command)
    await pool.start()
    yield pool
    await pool.close()
