"""The grid: columns that fill the width, keys that walk it, a place that stays."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gui.models.library import LibraryModel, Role
from gui.models.thumbnails import Thumbnails
from gui.session import Session
from gui.views.library_view import LibraryView
from hub.library.types import VideoQuery
from tests.gui.fake_hub import FakeHub

pytestmark = pytest.mark.integration


@pytest.fixture
def model(session: Session) -> LibraryModel:
    return LibraryModel(session, VideoQuery())


@pytest.fixture
def view(model: LibraryModel, session: Session, qtbot: QtBot) -> object:
    thumbnails = Thumbnails(session)
    made = LibraryView(model, thumbnails)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    yield made
    thumbnails.close()


def fill(hub: FakeHub, model: LibraryModel, view: LibraryView, qtbot: QtBot, count: int) -> None:
    hub.library.ids = [f"{n:026}" for n in range(count)]
    with qtbot.waitSignal(model.listed):
        model.refresh()
    with qtbot.waitExposed(view):
        view.show()
    view.executeDelayedItemsLayout()


@pytest.mark.parametrize("width", [560, 701, 900, 1180, 1366, 1600, 1921, 2560])
def test_cards_share_the_width_evenly(
    hub: FakeHub, model: LibraryModel, view: LibraryView, qtbot: QtBot, width: int
) -> None:
    view.resize(width, 700)
    fill(hub, model, view, qtbot, 200)
    rects = [view.visualRect(model.index(row)) for row in range(view.columns + 1)]
    assert len({rect.top() for rect in rects[:-1]}) == 1
    assert rects[-1].top() > rects[0].top()
    margins = view.viewport().geometry()
    left = margins.left() + rects[0].left()
    right = width - (margins.left() + rects[-2].right() + 1)
    assert abs(left - right) <= 1
    assert left < 40


def test_only_what_is_visible_is_fetched_of_hundred_thousand(
    hub: FakeHub, model: LibraryModel, view: LibraryView, qtbot: QtBot
) -> None:
    fill(hub, model, view, qtbot, 100_000)
    qtbot.waitUntil(lambda: model.data(model.index(0), Role.VIDEO) is not None)
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())
    qtbot.waitUntil(lambda: model.data(model.index(99_999), Role.VIDEO) is not None)
    assert len(hub.library.asked) <= 3 * 128


def test_arrows_walk_the_grid(hub: FakeHub, model: LibraryModel, view: LibraryView, qtbot: QtBot) -> None:
    fill(hub, model, view, qtbot, 50)
    columns = view.columns
    for key, row in (
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Down, 1 + columns),
        (Qt.Key.Key_Left, columns),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_End, 49),
        (Qt.Key.Key_Down, 49),
        (Qt.Key.Key_PageUp, None),
    ):
        QTest.keyClick(view, key)
        if row is not None:
            assert view.currentIndex().row() == row
    assert view.currentIndex().row() < 49


def test_enter_plays_and_delete_asks(
    hub: FakeHub, model: LibraryModel, view: LibraryView, qtbot: QtBot
) -> None:
    fill(hub, model, view, qtbot, 10)
    QTest.keyClick(view, Qt.Key.Key_Home)
    QTest.keyClick(view, Qt.Key.Key_Right)
    with qtbot.waitSignal(view.play_requested) as played:
        QTest.keyClick(view, Qt.Key.Key_Return)
    assert played.args == [hub.library.ids[1]]
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    with qtbot.waitSignal(view.remove_requested) as removed:
        QTest.keyClick(view, Qt.Key.Key_Delete)
    assert removed.args == [hub.library.ids[1:3]]


def test_click_plays_and_click_with_a_modifier_selects(
    hub: FakeHub, model: LibraryModel, view: LibraryView, qtbot: QtBot
) -> None:
    fill(hub, model, view, qtbot, 10)
    played: list[str] = []
    view.play_requested.connect(played.append)
    spots = [view.visualRect(model.index(row)).center() for row in range(3)]
    left = Qt.MouseButton.LeftButton
    QTest.mouseClick(view.viewport(), left, pos=spots[0])
    assert played == [hub.library.ids[0]]
    # A modifier that QApplication sees comes with a native event only; the selection itself is Qt's.
    QTest.mouseClick(
        view.viewport(), left, pos=QPoint(view.viewport().width() // 2, view.viewport().height() - 2)
    )
    assert len(played) == 1


def test_typing_letters_does_not_search_the_whole_library(
    hub: FakeHub, model: LibraryModel, view: LibraryView, qtbot: QtBot
) -> None:
    fill(hub, model, view, qtbot, 5000)
    qtbot.waitUntil(lambda: model.data(model.index(0), Role.VIDEO) is not None)
    before = len(hub.library.asked)
    QTest.keyClicks(view, "zz")
    qtbot.wait(20)
    assert len(hub.library.asked) == before


def test_card_at_the_top_stays_when_others_come_in_above_it(
    hub: FakeHub, model: LibraryModel, view: LibraryView, qtbot: QtBot
) -> None:
    fill(hub, model, view, qtbot, 400)
    bar = view.verticalScrollBar()
    bar.setValue(20 * view.cell.height() + 17)
    first = model.id_at(20 * view.columns)
    hub.library.ids = [f"{n:026}" for n in range(1000, 1000 + 8 * view.columns)] + hub.library.ids
    with qtbot.waitSignal(model.changed):
        model.refresh()
    view.executeDelayedItemsLayout()
    assert bar.value() == 28 * view.cell.height() + 17
    assert model.id_at(28 * view.columns) == first


def test_at_the_very_top_new_cards_are_shown(
    hub: FakeHub, model: LibraryModel, view: LibraryView, qtbot: QtBot
) -> None:
    fill(hub, model, view, qtbot, 400)
    hub.library.ids.insert(0, f"{4000:026}")
    with qtbot.waitSignal(model.changed):
        model.refresh()
    assert view.verticalScrollBar().value() == 0


def test_width_change_keeps_the_row_in_view(
    hub: FakeHub, model: LibraryModel, view: LibraryView, qtbot: QtBot
) -> None:
    fill(hub, model, view, qtbot, 4000)
    view.verticalScrollBar().setValue(100 * view.cell.height())
    top = 100 * view.columns
    view.resize(640, 700)
    view.executeDelayedItemsLayout()
    shown_first = view.verticalScrollBar().value() // view.cell.height() * view.columns
    assert shown_first <= top < shown_first + view.columns


def test_coming_back_to_the_grid_finds_it_where_it_was(
    hub: FakeHub, model: LibraryModel, view: LibraryView, qtbot: QtBot
) -> None:
    fill(hub, model, view, qtbot, 400)
    bar = view.verticalScrollBar()
    place = 20 * view.cell.height() + 17
    bar.setValue(place)
    view.setCurrentIndex(model.index(0))
    bar.setValue(place)
    view.hide()
    bar.setValue(0)
    view.show()
    view.setFocus()
    assert bar.value() == place


def test_context_menu_is_about_the_selection(
    hub: FakeHub, model: LibraryModel, view: LibraryView, qtbot: QtBot
) -> None:
    from PySide6.QtGui import QContextMenuEvent
    from PySide6.QtWidgets import QApplication

    fill(hub, model, view, qtbot, 10)
    spot = view.visualRect(model.index(2)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.RightButton, pos=spot)
    with qtbot.waitSignal(view.menu_requested) as asked:
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, spot, view.viewport().mapToGlobal(spot))
        QApplication.sendEvent(view.viewport(), event)
    assert asked.args[0] == [hub.library.ids[2]]
