"""ERROR log records that nobody expected."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class ErrorLog:
    """Notes every record of level ERROR or above, whatever handlers and levels the code under test configures."""

    records: list[logging.LogRecord] = field(default_factory=list)

    def install(self) -> None:
        """Start noting; `remove` ends it."""
        self._factory = logging.getLogRecordFactory()

        def note(*args: Any, **kwargs: Any) -> logging.LogRecord:
            record = self._factory(*args, **kwargs)
            if record.levelno >= logging.ERROR:
                self.records.append(record)
            return record

        logging.setLogRecordFactory(note)

    def remove(self) -> None:
        """Stop noting."""
        logging.setLogRecordFactory(self._factory)

    def take(self, expected: Sequence[str]) -> list[str]:
        """One line for each record no pattern of `expected` matches and each pattern that matched none."""
        records, self.records = list(self.records), []
        unmatched = set(expected)
        lines = []
        for record in records:
            message = record.getMessage()
            matching = {pattern for pattern in expected if re.search(pattern, message)}
            unmatched -= matching
            if not matching:
                lines.append(f"unexpected {record.levelname} of {record.name}: {message}{_why(record)}")
        lines += [
            f"no ERROR record matched {pattern!r}, which the test expects" for pattern in sorted(unmatched)
        ]
        return lines


def _why(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    return "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
