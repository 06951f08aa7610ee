"""The grid's arithmetic, on a plain Qt model."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, QRect, QSize, QStringListModel, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QScrollBar
from pytestqt.qtbot import QtBot

from gui.views.grid_view import GridView

CELL = QSize(50, 40)


@pytest.fixture
def model() -> QStringListModel:
    return QStringListModel([str(number) for number in range(103)])


@pytest.fixture
def grid(model: QStringListModel, qtbot: QtBot) -> GridView:
    made = GridView()
    qtbot.addWidget(made)
    made.setModel(model)
    made.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    made.setFrameShape(GridView.Shape.NoFrame)
    made.resize(260, 200)
    made.set_grid(5, CELL)
    with qtbot.waitExposed(made):
        made.show()
    return made


def bar(grid: GridView) -> QScrollBar:
    return grid.verticalScrollBar()


def selected(grid: GridView) -> list[int]:
    return sorted(index.row() for index in grid.selectionModel().selectedIndexes())


def test_view_without_a_model_is_just_empty(qtbot: QtBot) -> None:
    grid = GridView()
    qtbot.addWidget(grid)
    grid.set_grid(3, CELL)
    with qtbot.waitExposed(grid):
        grid.show()
    assert grid.count == 0
    assert not grid.indexAt(QPoint(5, 5)).isValid()
    assert grid.visualRect(QModelIndex()) == QRect()


def test_places_and_cells_agree(grid: GridView, model: QStringListModel) -> None:
    for row in (0, 4, 5, 17, 102):
        rect = grid.visualRect(model.index(row))
        assert rect == QRect(QPoint(row % 5 * 50, row // 5 * 40), CELL)
        assert grid.indexAt(rect.center()).row() == row
    assert not grid.indexAt(QPoint(255, 10)).isValid()
    assert not grid.indexAt(QPoint(200, 20 * 40 + 5)).isValid()


def test_scroll_bar_is_as_long_as_the_list(grid: GridView, model: QStringListModel, qtbot: QtBot) -> None:
    assert bar(grid).maximum() == 21 * 40 - 200
    model.removeRows(0, 100)
    qtbot.waitUntil(lambda: bar(grid).maximum() == 0)
    model.insertRows(0, 200)
    qtbot.waitUntil(lambda: bar(grid).maximum() == 41 * 40 - 200)
    model.setStringList([])
    qtbot.waitUntil(lambda: bar(grid).maximum() == 0)


@pytest.mark.parametrize(
    ("hint", "row", "value"),
    [
        (QAbstractItemView.ScrollHint.EnsureVisible, 0, 0),
        (QAbstractItemView.ScrollHint.EnsureVisible, 50, 11 * 40 - 200),
        (QAbstractItemView.ScrollHint.PositionAtTop, 50, 400),
        (QAbstractItemView.ScrollHint.PositionAtBottom, 50, 11 * 40 - 200),
        (QAbstractItemView.ScrollHint.PositionAtCenter, 50, 400 - 80),
    ],
)
def test_scrolls_to_a_cell(
    grid: GridView, model: QStringListModel, hint: QAbstractItemView.ScrollHint, row: int, value: int
) -> None:
    grid.scrollTo(model.index(row), hint)
    assert bar(grid).value() == value


def test_scrolling_moves_cells_and_what_lies_under_a_point(grid: GridView, model: QStringListModel) -> None:
    bar(grid).setValue(400)
    assert grid.first_visible() == 50
    assert grid.indexAt(QPoint(10, 10)).row() == 50
    assert grid.visualRect(model.index(50)).top() == 0


def test_shift_selects_in_reading_order(grid: GridView) -> None:
    shift = Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(grid, Qt.Key.Key_Home)
    QTest.keyClick(grid, Qt.Key.Key_Right)
    QTest.keyClick(grid, Qt.Key.Key_Down, shift)
    assert selected(grid) == [1, 2, 3, 4, 5, 6]
    QTest.keyClick(grid, Qt.Key.Key_Left, shift)
    assert selected(grid) == [1, 2, 3, 4, 5]
    QTest.keyClick(grid, Qt.Key.Key_End, shift)
    assert selected(grid) == list(range(1, 103))


def test_select_all_is_one_range_and_repaints_only_what_is_seen(grid: GridView) -> None:
    grid.selectAll()
    assert len(selected(grid)) == 103
    region = grid.visualRegionForSelection(grid.selectionModel().selection())
    assert grid.viewport().rect().contains(region.boundingRect().intersected(grid.viewport().rect()))
    assert region.boundingRect().height() <= 240


def test_mouse_selects_with_modifiers(grid: GridView, model: QStringListModel) -> None:
    left = Qt.MouseButton.LeftButton
    spot = [grid.visualRect(model.index(row)).center() for row in (2, 8, 11)]
    QTest.mouseClick(grid.viewport(), left, pos=spot[0])
    assert selected(grid) == [2]
    QTest.mouseClick(grid.viewport(), left, Qt.KeyboardModifier.ControlModifier, pos=spot[1])
    assert selected(grid) == [2, 8]
    QTest.mouseClick(grid.viewport(), left, Qt.KeyboardModifier.ShiftModifier, pos=spot[2])
    assert selected(grid) == [2, 8, 9, 10, 11]


def test_current_cell_survives_rows_that_come_before_it(grid: GridView, model: QStringListModel) -> None:
    grid.selectionModel().setCurrentIndex(model.index(7), QItemSelectionModel.SelectionFlag.ClearAndSelect)
    model.insertRows(0, 3)
    assert grid.currentIndex().row() == 10
    assert selected(grid) == [10]
