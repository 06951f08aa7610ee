from __future__ import annotations

import os
import signal

import pytest
from pytestqt.qtbot import QtBot

from gui.unix_signals import SIGNALS, UnixSignals


@pytest.mark.parametrize("number", SIGNALS)
def test_signal_is_heard_while_qt_waits_for_events(qtbot: QtBot, number: signal.Signals) -> None:
    heard: list[bool] = []
    signals = UnixSignals(lambda: heard.append(True))
    try:
        os.kill(os.getpid(), number)
        qtbot.waitUntil(lambda: bool(heard))
    finally:
        signals.close()
    assert heard == [True]


def test_everything_is_put_back(qtbot: QtBot) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    signals = UnixSignals(lambda: None)
    assert [signal.getsignal(number) for number in SIGNALS] != before
    signals.close()
    assert [signal.getsignal(number) for number in SIGNALS] == before
    assert signal.set_wakeup_fd(-1) == -1
