"""What a drop means."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QAbstractButton, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from gui.controllers.drops import Drops, sort_drop
from tests.media import make_clip


@pytest.fixture
def drops(qtbot: QtBot) -> Drops:
    window = QWidget()
    qtbot.addWidget(window)
    return Drops(window)


def url(path: Path) -> QUrl:
    return QUrl.fromLocalFile(str(path))


def press(drops: Drops, words: str) -> None:
    [box] = drops._window.findChildren(QMessageBox)
    buttons: list[QAbstractButton] = [button for button in box.buttons() if words in button.text()]
    assert len(buttons) == 1, [button.text() for button in box.buttons()]
    buttons[0].click()


def test_folders_media_and_the_rest_are_told_apart(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    song = make_clip(tmp_path / "song.mp3")
    (tmp_path / "notes.txt").write_text("words")
    found = sort_drop([url(p) for p in (tmp_path, clip, song, tmp_path / "notes.txt", tmp_path / "gone.mp4")])
    assert (found.folders, found.media, found.other) == ([tmp_path], [clip, song], ["notes.txt", "gone.mp4"])
    assert found.parents == [tmp_path]


def test_address_of_the_web_is_not_a_file() -> None:
    assert sort_drop([QUrl("http://example.invalid/a.mp4")]).other == ["http://example.invalid/a.mp4"]


def test_dropped_folder_is_added_without_asking(drops: Drops, tmp_path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(drops.add_requested) as added:
        drops.take([url(tmp_path)])
    assert added.args == [[tmp_path]]


def test_dropped_file_can_be_played(drops: Drops, tmp_path: Path, qtbot: QtBot) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    drops.take([url(clip)])
    with qtbot.waitSignal(drops.play_requested) as played:
        press(drops, "Play now")
    assert played.args == [os.fsencode(clip)]


def test_dropped_file_can_bring_its_folder(drops: Drops, tmp_path: Path, qtbot: QtBot) -> None:
    drops.take([url(make_clip(tmp_path / "clip.mp4"))])
    with qtbot.waitSignal(drops.add_requested) as added:
        press(drops, f"“{tmp_path.name}”")
    assert added.args == [[tmp_path]]


def test_files_of_several_folders_bring_them_all(drops: Drops, tmp_path: Path, qtbot: QtBot) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    drops.take([url(make_clip(folder / "clip.mp4")) for folder in folders])
    with qtbot.waitSignal(drops.add_requested) as added:
        press(drops, "2 folders")
    assert added.args == [folders]


def test_anything_else_is_refused_in_words(drops: Drops, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "notes.txt").write_text("words")
    with qtbot.waitSignal(drops.said) as said:
        drops.take([url(tmp_path / "notes.txt")])
    assert "notes.txt" in said.args[0]
