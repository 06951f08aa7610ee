from __future__ import annotations

import gc
import threading
import weakref

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from gui.collector import Collector


class Cycle:
    def __init__(self, ended: list[threading.Thread]) -> None:
        self.me = self
        weakref.finalize(self, lambda: ended.append(threading.current_thread()))


def test_garbage_ends_on_this_thread_whoever_allocates(qapp: QApplication) -> None:
    collector = Collector()
    ended: list[threading.Thread] = []
    Cycle(ended)

    def allocate() -> None:
        keep = [[number] for number in range(200_000)]
        assert len(keep) == 200_000

    thread = threading.Thread(target=allocate)
    thread.start()
    thread.join()
    assert ended == []
    while collector.collect_due() is not None:
        pass
    collector.close()
    assert ended == [threading.main_thread()]
    assert gc.isenabled()


def test_it_collects_only_what_is_due(qapp: QApplication) -> None:
    collector = Collector()
    gc.collect()
    assert collector.collect_due() is None
    kept = [[] for _ in range(gc.get_threshold()[0] + 100)]  # type: ignore[var-annotated]
    assert collector.collect_due() == 0
    collector.close()
    assert kept


def test_interpreter_that_did_not_collect_is_left_so(qapp: QApplication) -> None:
    gc.disable()
    try:
        Collector().close()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_timer_runs_by_itself(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = QObject()
    collector = Collector(parent)
    assert collector._timer.isActive()
    collector.close()
    assert not collector._timer.isActive()
