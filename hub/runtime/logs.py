"""Where log records go: a rotating file in the data folder, and warnings to stderr.

Records are written by a thread of their own: a slow disk or a blocked terminal must not hold up the loop.
"""

from __future__ import annotations

import atexit
import logging
import queue
import sys
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler

from hub.paths import Paths

_FILE_BYTES = 5_000_000
_KEPT_FILES = 3


def set_up_logging(paths: Paths, *, verbose: bool = False) -> None:
    """Send this process's records to `logs/marquee.log` and, from warnings on (all of INFO if verbose), to stderr."""
    file = RotatingFileHandler(
        paths.logs / "marquee.log",
        maxBytes=_FILE_BYTES,
        backupCount=_KEPT_FILES,
        encoding="utf-8",
        delay=True,
    )
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    screen = logging.StreamHandler(sys.stderr)
    screen.setLevel(logging.INFO if verbose else logging.WARNING)
    screen.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    listener = QueueListener(records, file, screen, respect_handler_level=True)
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    # Not by basicConfig: its formatter would be applied here already, and the listener's once more.
    root.addHandler(QueueHandler(records))
    listener.start()
    atexit.register(listener.stop)
