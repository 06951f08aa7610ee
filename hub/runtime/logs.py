"""Where log records go: a rotating file in the data folder, and warnings to stderr.

Records are written by a thread of their own: a slow disk or a blocked terminal must not hold up the loop. The file has
every traceback; the screen has the sentence.
"""

from __future__ import annotations

import atexit
import copy
import logging
import queue
import sys
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path

from hub.paths import Paths
from hub.runtime.private import make_private_file

_FILE_BYTES = 5_000_000
_KEPT_FILES = 3


def set_up_logging(paths: Paths, *, verbose: bool = False) -> Callable[[], None]:
    """Send this process's records to `logs/marquee.log` and, from warnings on (all of INFO if verbose), to stderr.

    What is returned ends it: everything is written, the file closed. It runs at the end of the process at the latest.
    """
    file = _PrivateFileHandler(
        paths.log_file,
        maxBytes=_FILE_BYTES,
        backupCount=_KEPT_FILES,
        encoding="utf-8",
        delay=True,
    )
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    screen = logging.StreamHandler(sys.stderr)
    screen.setLevel(logging.INFO if verbose else logging.WARNING)
    screen.setFormatter(_SentenceFormatter("%(levelname)s: %(message)s"))
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    listener = QueueListener(records, file, screen, respect_handler_level=True)
    root = logging.getLogger()
    level_before = root.level
    root.setLevel(logging.INFO)
    # Not by basicConfig: its formatter would be applied here already, and the listener's once more.
    handler = _RecordQueue(records)
    root.addHandler(handler)
    listener.start()

    def stop() -> None:
        atexit.unregister(stop)
        root.removeHandler(handler)
        root.setLevel(level_before)
        listener.stop()
        file.close()

    atexit.register(stop)
    return stop


class _PrivateFileHandler(RotatingFileHandler):
    """Titles and paths are nobody else's business. A full disk is said once, and not at every record."""

    _has_failed = False

    def _open(self) -> TextIOWrapper:
        make_private_file(Path(self.baseFilename))
        return super()._open()

    def flush(self) -> None:
        super().flush()
        self._has_failed = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # its base's name
        error = sys.exception()
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        # What is in its buffer would fail again; the next record opens the file anew.
        stream, self.stream = self.stream, None
        if stream is not None:
            with suppress(OSError):
                stream.close()
        if not self._has_failed:
            self._has_failed = True
            with suppress(OSError, ValueError):
                reason = error.strerror or error
                sys.stderr.write(
                    f"WARNING: The log {self.baseFilename} cannot be written ({reason}). "
                    "It goes on once that is mended.\n"
                )

    def close(self) -> None:
        with suppress(OSError):
            super().close()


class _RecordQueue(QueueHandler):
    """Keeps message and traceback apart, where its base joins them: not everybody shows both."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        record = copy.copy(record)
        record.message = record.msg = record.getMessage()
        record.args = None
        if record.exc_info:
            # As text: the error's frames would keep alive what they hold until it is written.
            record.exc_text = record.exc_text or logging.Formatter().formatException(record.exc_info)
            record.exc_info = None
        return record


class _SentenceFormatter(logging.Formatter):
    """The message alone."""

    def format(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)
        record.exc_text = record.stack_info = None
        return super().format(record)
