"""Python's cyclic garbage collector, on the window's thread only.

The collector runs on whichever thread happens to allocate, and there ends what it finds. A widget, timer or model in a
cycle (a lambda connected to its own signal is one) would be destroyed by the loop thread while Qt uses it: a crash that
comes once a week. So automatic collection is off while a window exists, and a timer collects here instead.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 1_000


class Collector(QObject):
    """Collects by the interpreter's own thresholds until `close`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self.collect_due)
        self._timer.start()

    def collect_due(self) -> int | None:
        """Collect the oldest generation that has reached its threshold; returns it, or None when there is none."""
        counts, thresholds = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if thresholds[generation] and counts[generation] > thresholds[generation]:
                gc.collect(generation)
                return generation
        return None

    def close(self) -> None:
        """Collect what is left and let the interpreter collect by itself again."""
        self._timer.stop()
        gc.collect()
        if self._was_enabled:
            gc.enable()
