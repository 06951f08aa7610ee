from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from gui.player import stage as module
from gui.player.stage import Stage


@pytest.fixture
def stage(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(module, "HIDE_AFTER_MS", 30)
    made = Stage(QWidget(), QLabel("top"), QLabel("bottom"))
    qtbot.addWidget(made)
    made.resize(800, 600)
    with qtbot.waitExposed(made):
        made.show()
    # Bars under the pointer stay.
    QCursor.setPos(made._picture.mapToGlobal(made._picture.rect().center()))
    return made


def test_in_a_window_the_bars_lie_beside_the_picture_and_stay(stage: Stage, qtbot: QtBot) -> None:
    stage.set_may_hide(True)
    qtbot.wait(80)
    assert stage.bars_shown
    assert stage._picture.geometry().top() == stage._top.height_needed
    assert stage._picture.geometry().bottom() + 1 == 600 - stage._bottom.height_needed


def test_in_full_screen_they_lie_over_it_and_go_while_something_plays(stage: Stage, qtbot: QtBot) -> None:
    stage.set_full(True)
    assert stage._picture.geometry() == stage.rect()
    stage.set_may_hide(True)
    qtbot.waitUntil(lambda: not stage.bars_shown)
    stage._timer.setInterval(60_000)
    QTest.mouseMove(stage._picture, QPoint(5, 300))
    qtbot.waitUntil(lambda: stage.bars_shown)


def test_while_paused_they_stay(stage: Stage, qtbot: QtBot) -> None:
    stage.set_full(True)
    stage.set_may_hide(True)
    stage.set_may_hide(False)
    qtbot.wait(80)
    assert stage.bars_shown


def test_leaving_full_screen_brings_them_back(stage: Stage, qtbot: QtBot) -> None:
    stage.set_full(True)
    stage.set_may_hide(True)
    qtbot.waitUntil(lambda: not stage.bars_shown)
    stage.set_full(False)
    assert stage.bars_shown
