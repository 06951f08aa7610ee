"""The end of the process, whatever hangs: a thread in a mount whose server is gone cannot be ended."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

LOG_S = 0.2


def end_process_in(seconds: float) -> Callable[[], None]:
    """End this process with code 1 in so many seconds if it has not ended by then; the result calls that off."""
    timer = threading.Timer(seconds, _end)
    timer.name = "deadline"
    timer.daemon = True
    timer.start()
    return timer.cancel


def _end() -> None:
    log.error("closing took too long; what hangs is left behind")
    # Records are written by a thread that may itself be what hangs: it is given a moment, not waited for.
    time.sleep(LOG_S)
    os._exit(1)
