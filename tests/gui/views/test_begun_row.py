"""What was begun, in one line above the library."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from gui.models.begun import BegunModel
from gui.models.library import Role
from gui.models.thumbnails import Thumbnails
from gui.session import Session
from gui.views.begun_row import BegunRow
from hub.errors import HubError
from hub.events import PositionChanged
from tests.gui.fake_hub import VIEWER, FakeHub, a_video

pytestmark = pytest.mark.integration


@pytest.fixture
def model(session: Session) -> BegunModel:
    return BegunModel(session)


@pytest.fixture
def row(model: BegunModel, session: Session, qtbot: QtBot) -> Iterator[BegunRow]:
    thumbnails = Thumbnails(session)
    page = QWidget()
    made = BegunRow(model, thumbnails)
    column = QVBoxLayout(page)
    column.addWidget(made)
    column.addStretch()
    page.resize(1000, 600)
    qtbot.addWidget(page)
    with qtbot.waitExposed(page):
        page.show()
    yield made
    thumbnails.close()


def titles(model: BegunModel) -> list[str]:
    return [model.index(n).data(Qt.ItemDataRole.DisplayRole) for n in range(model.rowCount())]


def load(hub: FakeHub, model: BegunModel, qtbot: QtBot, count: int) -> None:
    hub.positions.begun = [a_video(n, position_s=30.0) for n in range(count)]
    with qtbot.waitSignal(model.modelReset):
        model.load()


def test_it_takes_no_room_until_something_was_begun(
    hub: FakeHub, model: BegunModel, row: BegunRow, qtbot: QtBot
) -> None:
    assert not row.isVisible()
    load(hub, model, qtbot, 2)
    assert row.isVisible()
    assert titles(model) == ["Video 0", "Video 1"]
    assert isinstance(model.index(0).data(Role.VIDEO).position_s, float)
    load(hub, model, qtbot, 0)
    assert not row.isVisible()


def test_one_line_holds_what_fits(hub: FakeHub, model: BegunModel, row: BegunRow, qtbot: QtBot) -> None:
    load(hub, model, qtbot, 12)
    qtbot.waitUntil(lambda: model.rowCount() == row.cards.columns)
    assert 2 < model.rowCount() < 12
    assert row.cards.height() == row.cards.cell.height()
    before = model.rowCount()
    row.window().resize(1600, 600)
    qtbot.waitUntil(lambda: model.rowCount() > before)
    assert row.cards.verticalScrollBar().maximum() == 0


def test_a_click_or_enter_goes_on(hub: FakeHub, model: BegunModel, row: BegunRow, qtbot: QtBot) -> None:
    load(hub, model, qtbot, 3)
    played: list[str] = []
    row.play_requested.connect(played.append)
    place = row.cards.visualRect(model.index(1)).center()
    QTest.mouseClick(row.cards.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert played == [a_video(1).id]
    row.cards.setCurrentIndex(model.index(2))
    QTest.keyClick(row.cards, Qt.Key.Key_Return)
    assert played == [a_video(1).id, a_video(2).id]


def test_it_follows_what_is_watched_anywhere(
    hub: FakeHub, model: BegunModel, row: BegunRow, qtbot: QtBot
) -> None:
    load(hub, model, qtbot, 1)
    hub.positions.begun = [a_video(9), a_video(0)]
    for _ in range(5):
        model.handle(PositionChanged(VIEWER.user_id, a_video(9).id, 40.0))
    qtbot.waitUntil(lambda: titles(model) == ["Video 9", "Video 0"])


def test_it_goes_with_the_library_only(
    hub: FakeHub, model: BegunModel, row: BegunRow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(hub, model, qtbot, 1)
    row.set_wanted(False)
    assert not row.isVisible()
    row.set_wanted(True)
    assert row.isVisible()

    async def fail(*_: object, **__: object) -> None:
        raise HubError("The disk is full.")

    monkeypatch.setattr(hub.positions, "continue_watching", fail)
    model.load()
    qtbot.wait(100)
    assert titles(model) == ["Video 0"]
