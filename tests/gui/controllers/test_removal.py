"""Removing with a way back."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from gui.controllers.removal import Removal
from gui.models.library import LibraryModel, Role
from gui.session import Session
from hub.library.types import VideoPatch, VideoQuery
from tests.gui.fake_hub import FakeHub


@pytest.fixture
def model(hub: FakeHub, session: Session, qtbot: QtBot) -> LibraryModel:
    hub.library.ids = [f"{n:026}" for n in range(5)]
    made = LibraryModel(session, VideoQuery())
    with qtbot.waitSignal(made.listed):
        made.refresh()
    return made


@pytest.fixture
def removal(session: Session, model: LibraryModel, qtbot: QtBot) -> Removal:
    window = QWidget()
    qtbot.addWidget(window)
    return Removal(session, model, window)


def shown(model: LibraryModel) -> list[str | None]:
    return [model.id_at(row) for row in range(model.rowCount())]


def test_removed_video_is_hidden_but_not_yet_deleted(
    hub: FakeHub, model: LibraryModel, removal: Removal
) -> None:
    removal.remove([hub.library.ids[1]])
    assert len(shown(model)) == 4
    assert hub.library.deleted == []


def test_undo_brings_it_back_and_nothing_is_deleted(
    hub: FakeHub, model: LibraryModel, removal: Removal, qtbot: QtBot
) -> None:
    removal.remove([hub.library.ids[1]])
    removal.undo()
    qtbot.waitUntil(lambda: shown(model) == hub.library.ids)
    removal.commit()
    assert hub.library.deleted == []


def test_removal_becomes_final_when_the_offer_is_over(hub: FakeHub, removal: Removal, qtbot: QtBot) -> None:
    chosen = hub.library.ids[1:3]
    removal.remove(list(chosen))
    removal.commit()
    qtbot.waitUntil(lambda: hub.library.deleted == chosen)


def test_next_removal_makes_the_one_before_final(hub: FakeHub, removal: Removal, qtbot: QtBot) -> None:
    first, second = hub.library.ids[0], hub.library.ids[4]
    removal.remove([first])
    removal.remove([second])
    qtbot.waitUntil(lambda: hub.library.deleted == [first])


def test_video_that_is_gone_already_is_no_error(hub: FakeHub, removal: Removal, qtbot: QtBot) -> None:
    errors: list[object] = []
    removal.failed.connect(errors.append)
    gone = hub.library.ids.pop()
    kept_on = hub.library.ids[0]
    removal.remove([gone, kept_on])
    removal.commit()
    qtbot.waitUntil(lambda: hub.library.deleted == [kept_on])
    assert errors == []


def test_question_names_a_title_that_looks_like_markup(
    hub: FakeHub, model: LibraryModel, removal: Removal, qtbot: QtBot
) -> None:
    hub.library.changes = {hub.library.ids[0]: {"title": "Show <script>alert(1)</script>"}}
    model.video(hub.library.ids[0])
    qtbot.waitUntil(lambda: model.data(model.index(0), Role.VIDEO) is not None)
    removal.ask([hub.library.ids[0]])
    [box] = removal._window.findChildren(QMessageBox)
    assert "<script>alert(1)</script>" in box.text()
    assert box.textFormat() is Qt.TextFormat.PlainText
    box.reject()


def test_removal_that_is_final_is_undone_once(hub: FakeHub, removal: Removal, qtbot: QtBot) -> None:
    chosen = hub.library.ids[2]
    removal.remove([chosen])
    removal.commit()
    with qtbot.waitSignal(removal.restored):
        assert removal.undo()
    assert hub.library.deleted == [chosen]
    assert hub.library.patched == [(chosen, VideoPatch(state="ready"))]
    assert not removal.undo()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_key_pressed_in_haste_removes_nothing(
    hub: FakeHub, model: LibraryModel, removal: Removal, qtbot: QtBot, key: Qt.Key
) -> None:
    removal.ask([hub.library.ids[0]])
    [box] = removal._window.findChildren(QMessageBox)
    with qtbot.waitSignal(box.finished):
        QTest.keyClick(box, key)
    assert shown(model) == hub.library.ids


def test_question_is_asked_first(hub: FakeHub, model: LibraryModel, removal: Removal, qtbot: QtBot) -> None:
    said: list[str] = []
    removal.removed.connect(said.append)
    removal.ask([hub.library.ids[0]])
    [box] = removal._window.findChildren(QMessageBox)
    with qtbot.waitSignal(box.finished):
        next(b for b in box.buttons() if b.text() == "Remove").click()
    assert len(shown(model)) == 4
    assert len(said) == 1
