"""Changing a video: the form, the patch, what is refused."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from gui.controllers.editing import Editing
from gui.session import Session
from gui.views.edit_dialog import EditDialog
from hub.errors import InvalidInput
from hub.library.types import VideoPatch
from tests.gui.fake_hub import FakeHub


@pytest.fixture
def dialog(hub: FakeHub, session: Session, qtbot: QtBot) -> EditDialog:
    window = QWidget()
    qtbot.addWidget(window)
    video_id = f"{0:026}"
    hub.library.ids = [video_id]
    hub.library.changes = {video_id: {"description": "Two\nlines", "tags": ["sea", "north"]}}
    editing = Editing(session, window)
    editing.ask(video_id)
    qtbot.waitUntil(lambda: bool(window.findChildren(EditDialog)))
    return window.findChildren(EditDialog)[0]


def save(dialog: EditDialog) -> None:
    next(b for b in dialog.findChildren(QPushButton) if b.accessibleName() == "Save").click()


def test_form_shows_what_there_is_and_stores_only_what_was_changed(
    hub: FakeHub, dialog: EditDialog, qtbot: QtBot
) -> None:
    title, tags = dialog.findChildren(QLineEdit)
    [description] = dialog.findChildren(QPlainTextEdit)
    assert (title.text(), description.toPlainText(), tags.text()) == ("Video 0", "Two\nlines", "sea, north")
    tags.selectAll()
    QTest.keyClicks(tags, " sea ,, Fjord,sea")
    with qtbot.waitSignal(dialog.accepted):
        save(dialog)
    assert hub.library.patched == [(f"{0:026}", VideoPatch(tags=["sea", "Fjord"]))]


def test_return_in_the_title_stores_it(hub: FakeHub, dialog: EditDialog, qtbot: QtBot) -> None:
    title = dialog.findChildren(QLineEdit)[0]
    QTest.keyClicks(title, "Norway")
    with qtbot.waitSignal(dialog.accepted):
        QTest.keyClick(title, Qt.Key.Key_Return)
    assert hub.library.patched == [(f"{0:026}", VideoPatch(title="Norway"))]


def test_nothing_changed_is_nothing_stored(hub: FakeHub, dialog: EditDialog, qtbot: QtBot) -> None:
    with qtbot.waitSignal(dialog.accepted):
        save(dialog)
    assert hub.library.patched == []


def test_what_the_catalogue_refuses_is_said_in_the_form(
    hub: FakeHub, dialog: EditDialog, qtbot: QtBot
) -> None:
    hub.library.error = InvalidInput("The title is empty. Give the video a title.", field="title")
    dialog.findChildren(QLineEdit)[0].clear()
    QTest.keyClicks(dialog.findChildren(QLineEdit)[0], " ")
    save(dialog)
    qtbot.waitUntil(lambda: any("title is empty" in label.text() for label in dialog.findChildren(QLabel)))
    assert dialog.isVisible()
    assert next(b for b in dialog.findChildren(QPushButton) if b.accessibleName() == "Save").isEnabled()
