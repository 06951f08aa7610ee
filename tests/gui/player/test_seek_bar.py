from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gui.player.seek_bar import BAR_Y, INSET, SeekBar
from hub.media.types import Chapter

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def bar(qtbot: QtBot) -> SeekBar:
    made = SeekBar()
    qtbot.addWidget(made)
    made.resize(1000 + 2 * INSET, made.sizeHint().height())
    made.set_duration(200.0)
    made.show()
    return made


def at(x: int) -> QPoint:
    return QPoint(INSET + x, BAR_Y)


def test_click_jumps_to_the_place(bar: SeekBar, qtbot: QtBot) -> None:
    asked: list[float] = []
    bar.seek_requested.connect(asked.append)
    QTest.mouseClick(bar, LEFT, pos=at(250))
    assert asked[-1] == pytest.approx(50.0)


def test_drag_follows_now_and_then_and_lands_where_it_ends(bar: SeekBar, qtbot: QtBot) -> None:
    asked: list[float] = []
    bar.seek_requested.connect(asked.append)
    QTest.mousePress(bar, LEFT, pos=at(0))
    for x in range(0, 800, 4):
        QTest.mouseMove(bar, at(x))
    bar.set_position(3.0)
    QTest.mouseRelease(bar, LEFT, pos=at(800))
    assert asked[0] == pytest.approx(0.0)
    assert asked[-1] == pytest.approx(160.0)
    assert len(asked) < 40


def test_places_beyond_the_ends_are_the_ends(bar: SeekBar) -> None:
    assert bar.time_at(-50) == 0.0
    assert bar.time_at(5000) == 200.0


def test_without_a_duration_nothing_can_be_asked_for(bar: SeekBar) -> None:
    bar.set_duration(0.0)
    assert not bar.isEnabled()
    assert bar.time_at(250) == 0.0
    bar.grab()


def test_played_part_chapters_and_bubble_are_painted(bar: SeekBar, qtbot: QtBot) -> None:
    bar.set_position(100.0)
    bar.set_chapters([Chapter(start_s=0, end_s=50, title="One"), Chapter(start_s=50, end_s=200, title="Two")])
    image = bar.grab().toImage()
    assert image.pixelColor(at(100)).red() > 200
    assert image.pixelColor(at(900)) != image.pixelColor(at(100))
    assert image.pixelColor(at(250)).lightness() < 40
    QTest.mouseMove(bar, at(600))
    with_bubble = bar.grab().toImage()
    assert with_bubble != image
