"""How far a running job may go: the hub says it while the job runs, the job waits for it."""

from __future__ import annotations

import threading


class Grants:
    """A limit that only rises. One thread raises it, any number wait."""

    def __init__(self, upto: int = 0) -> None:
        self._upto = upto
        self._raised = threading.Condition()

    def allow(self, upto: int) -> None:
        """Let everything before `upto` be done."""
        with self._raised:
            self._upto = max(self._upto, upto)
            self._raised.notify_all()

    def covers(self, number: int) -> bool:
        """True when `number` may be done now."""
        with self._raised:
            return number < self._upto

    def wait_for(self, number: int, timeout_s: float) -> bool:
        """True as soon as `number` may be done, False when it may not within `timeout_s`."""
        with self._raised:
            return self._raised.wait_for(lambda: number < self._upto, timeout_s)
