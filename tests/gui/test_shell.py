"""The whole window on a real hub and server, in this process, without a screen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDropEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QLineEdit, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from gui.bootstrap import Backend
from gui.bridge import Bridge
from gui.models.library import LibraryModel, Role
from gui.player.engine import EngineState
from gui.player.offers import NextCard
from gui.player.page import PlayerPage
from gui.preferences import Preferences
from gui.session import Opened
from gui.shell import Shell
from gui.views.begun_row import BegunRow
from gui.views.edit_dialog import EditDialog
from gui.views.empty_page import EmptyPage
from gui.views.folders_dialog import FolderRow, FoldersDialog
from gui.views.header import Header
from gui.views.library_view import LibraryView
from gui.views.main_window import MainWindow
from gui.views.report_dialog import ReportDialog
from gui.views.setup_card import SetupCard
from hub.config import LibrarySettings, ServerSettings, Settings
from hub.errors import HubError
from hub.events import WindowRequested
from hub.library.types import Video
from hub.paths import Paths
from tests.media import make_clip
from tests.process import PASSWORD

pytestmark = pytest.mark.integration

WAIT_MS = 20_000
SETTINGS = Settings(server=ServerSettings(host="127.0.0.1", port=0), library=LibrarySettings(watch=False))


class App:
    """An open window with handles to look inside."""

    def __init__(
        self, window: MainWindow, shell: Shell, opened: Opened, bridge: Bridge, qtbot: QtBot
    ) -> None:
        self.window, self.shell, self.opened, self.bridge, self.qtbot = window, shell, opened, bridge, qtbot

    @property
    def model(self) -> LibraryModel:
        return self.shell.findChildren(LibraryModel)[0]

    @property
    def view(self) -> LibraryView:
        return self.window.findChildren(LibraryView)[0]

    def videos(self) -> list[Video]:
        """The videos that are listed; fewer than the rows while some are being fetched."""
        rows = [self.model.data(self.model.index(row), Role.VIDEO) for row in range(self.model.rowCount())]
        return [video for video in rows if video is not None]

    def wait_for_titles(self, *titles: str) -> None:
        self.qtbot.waitUntil(lambda: {v.title for v in self.videos()} == set(titles), timeout=WAIT_MS)

    def publish(self, event: WindowRequested) -> None:
        async def publish() -> None:
            self.opened.hub.events.publish(event)

        self.bridge.call(publish, context=self.window)

    def press_header(self, words: str) -> None:
        """Press a button of the header that can be seen."""
        [header] = self.window.findChildren(Header)
        [button] = [
            b for b in header.findChildren(QPushButton) if b.accessibleName() == words and b.isVisible()
        ]
        button.click()

    def drop(self, *paths: Path) -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        event = QDropEvent(
            QPointF(50, 50),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        # Sent through the application it would go to the target of a drag, and there is none.
        self.window.dropEvent(event)

    def action(self, text: str) -> QAction:
        [found] = [a for a in self.window.actions() if a.text() == text]
        return found

    def says(self, words: str) -> None:
        """Wait until the notice says it."""
        self.qtbot.waitUntil(lambda: words in self.window.notice.text, timeout=WAIT_MS)

    def press(self, words: str) -> None:
        """Answer the question that is asked."""
        self.qtbot.waitUntil(lambda: bool(self.window.findChildren(QMessageBox)))
        [box] = self.window.findChildren(QMessageBox)
        next(button for button in box.buttons() if words in button.text()).click()


@pytest.fixture
def app(tmp_path: Path, bridge: Bridge, preferences: Preferences, qtbot: QtBot) -> Iterator[App]:
    paths = Paths(tmp_path / "data")
    paths.create()
    backend = Backend(SETTINGS, paths, bridge)
    window = MainWindow(preferences)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    results: list[Opened] = []
    errors: list[HubError] = []
    bridge.call(backend.open, context=window, on_result=results.append, on_error=errors.append)
    qtbot.waitUntil(lambda: bool(results or errors), timeout=WAIT_MS)
    assert errors == []
    shell = Shell(window, bridge, results[0], preferences)
    yield App(window, shell, results[0], bridge, qtbot)
    shell.close()
    assert bridge.finish(5)
    ended = bridge.call(backend.close, context=window)
    assert ended.future is not None
    ended.future.result(10)


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "Videos"
    folder.mkdir()
    make_clip(folder / "Harbour.mp4", seconds=4, seed=1)
    make_clip(folder / "Portrait.mp4", seconds=2, size=(90, 160), seed=2)
    make_clip(folder / "Song.mp3", seconds=2)
    (folder / "Broken.mp4").write_bytes(b"no film at all")
    return folder


def test_dropped_folder_fills_the_library_with_pictures(app: App, clips: Path) -> None:
    assert app.window.findChildren(EmptyPage)[0].isVisible() or not app.model.is_listed
    app.drop(clips)
    app.wait_for_titles("Harbour", "Portrait", "Song")
    assert app.view.isVisible()
    app.says("3 videos added, 1 file passed over")
    app.qtbot.waitUntil(
        lambda: all(v.thumb_version is not None for v in app.videos() if v.width), timeout=WAIT_MS
    )
    harbour = next(v for v in app.videos() if v.title == "Harbour")

    def is_painted() -> bool:
        row = app.model.row_of(harbour.id)
        assert row is not None
        image = app.view.viewport().grab(app.view.visualRect(app.model.index(row))).toImage()
        colors = {image.pixel(x, image.height() // 4) for x in range(20, image.width() - 20, 5)}
        return len(colors) > 5

    app.qtbot.waitUntil(is_painted, timeout=WAIT_MS)


def test_scan_report_names_the_broken_file(app: App, clips: Path) -> None:
    app.drop(clips)
    app.says("3 videos added, 1 file passed over")
    app.action("Scan report").trigger()
    app.qtbot.waitUntil(lambda: bool(app.window.findChildren(ReportDialog)), timeout=WAIT_MS)
    dialog = app.window.findChildren(ReportDialog)[0]
    app.qtbot.waitUntil(dialog.isVisible)
    dialog.findChildren(QPushButton)[0].click()
    assert "Broken.mp4" in QApplication.clipboard().text()
    dialog.accept()


def test_click_plays_and_escape_returns_with_the_place_shown(app: App, clips: Path) -> None:
    app.drop(clips)
    app.wait_for_titles("Harbour", "Portrait", "Song")
    harbour = next(v for v in app.videos() if v.title == "Harbour")
    row = app.model.row_of(harbour.id)
    assert row is not None
    spot = app.view.visualRect(app.model.index(row)).center()
    QTest.mouseClick(app.view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    player = app.shell._player
    app.qtbot.waitUntil(player.isVisible, timeout=WAIT_MS)
    app.qtbot.waitUntil(
        lambda: (
            player.surface.frame_size is not None
            and player.engine is not None
            and player.engine.position_s > 0.5
        ),
        timeout=WAIT_MS,
    )
    assert app.window.windowTitle() == "Harbour"
    QTest.keyClick(player, Qt.Key.Key_Escape)
    app.qtbot.waitUntil(app.view.isVisible)
    app.qtbot.waitUntil(
        lambda: any(v.position_s > 0 for v in app.videos() if v.id == harbour.id), timeout=WAIT_MS
    )


def test_second_start_plays_by_id_and_by_file(app: App, clips: Path, tmp_path: Path) -> None:
    app.drop(clips)
    app.wait_for_titles("Harbour", "Portrait", "Song")
    player = app.shell._player
    portrait = next(v for v in app.videos() if v.title == "Portrait")
    app.publish(WindowRequested(video_id=portrait.id))
    app.qtbot.waitUntil(lambda: app.window.windowTitle() == "Portrait", timeout=WAIT_MS)
    app.publish(WindowRequested(path=os.fsencode(clips / "Harbour.mp4")))
    app.qtbot.waitUntil(lambda: app.window.windowTitle() == "Harbour", timeout=WAIT_MS)
    outside = make_clip(tmp_path / "Outside.mp4", seconds=1)
    app.publish(WindowRequested(path=os.fsencode(outside)))
    app.qtbot.waitUntil(lambda: app.window.windowTitle() == "Outside.mp4", timeout=WAIT_MS)
    app.qtbot.waitUntil(
        lambda: player.engine is not None and player.engine.state is EngineState.ENDED, timeout=WAIT_MS
    )


def test_video_whose_file_went_says_so(app: App, clips: Path) -> None:
    app.drop(clips)
    app.wait_for_titles("Harbour", "Portrait", "Song")
    (clips / "Harbour.mp4").unlink()
    app.shell.play(next(v.id for v in app.videos() if v.title == "Harbour"))
    app.says("not where it was")
    assert app.view.isVisible()


def test_removed_video_is_gone_undone_and_gone_for_good(app: App, clips: Path) -> None:
    app.drop(clips)
    app.wait_for_titles("Harbour", "Portrait", "Song")
    app.says("3 videos added, 1 file passed over")
    row = app.model.row_of(next(v.id for v in app.videos() if v.title == "Song"))
    assert row is not None
    app.view.setCurrentIndex(app.model.index(row))
    QTest.keyClick(app.view, Qt.Key.Key_Delete)
    app.press("Remove")
    app.wait_for_titles("Harbour", "Portrait")
    [undo] = [b for b in app.window.notice.findChildren(QPushButton) if b.isVisible()]
    undo.click()
    app.wait_for_titles("Harbour", "Portrait", "Song")
    assert app.window.focusWidget() is app.view
    row = app.model.row_of(next(v.id for v in app.videos() if v.title == "Song"))
    assert row is not None
    app.view.setCurrentIndex(app.model.index(row))
    QTest.keyClick(app.view, Qt.Key.Key_Delete)
    app.press("Remove")
    app.shell._removal.commit()
    app.wait_for_titles("Harbour", "Portrait")
    app.action("Scan all again").trigger()
    app.says("nothing new")
    app.qtbot.waitUntil(lambda: not app.shell._jobs.active, timeout=WAIT_MS)
    assert (clips / "Song.mp3").exists()
    app.wait_for_titles("Harbour", "Portrait")
    [undo_action] = [a for a in app.window.actions() if a.shortcut() == QKeySequence("Ctrl+Z")]
    undo_action.trigger()
    app.wait_for_titles("Harbour", "Portrait", "Song")


def test_title_is_changed_in_a_form(app: App, clips: Path) -> None:
    app.drop(clips)
    app.wait_for_titles("Harbour", "Portrait", "Song")
    app.view.show_video(next(v.id for v in app.videos() if v.title == "Song"))
    QTest.keyClick(app.view, Qt.Key.Key_F2)
    app.qtbot.waitUntil(lambda: bool(app.window.findChildren(EditDialog)), timeout=WAIT_MS)
    [dialog] = app.window.findChildren(EditDialog)
    QTest.keyClicks(dialog.findChildren(QLineEdit)[0], "Anthem")
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    app.wait_for_titles("Harbour", "Portrait", "Anthem")


def test_first_run_is_set_up_in_the_window_and_opens_the_browser_door(app: App) -> None:
    [card] = app.window.findChildren(SetupCard)
    assert card.isVisible()
    texts = [label.text() for label in card.findChildren(QLabel)]
    assert app.opened.url in texts
    assert app.opened.setup_code in texts
    name, password = card.findChildren(QLineEdit)
    QTest.keyClicks(name, "Ada")
    QTest.keyClicks(password, "short")
    QTest.keyClick(password, Qt.Key.Key_Return)
    app.qtbot.waitUntil(lambda: any("at least 8" in label.text() for label in card.findChildren(QLabel)))
    assert app.window.focusWidget() is password
    password.clear()
    QTest.keyClicks(password, PASSWORD)
    QTest.keyClick(password, Qt.Key.Key_Return)
    app.qtbot.waitUntil(lambda: not card.isVisible(), timeout=WAIT_MS)
    with urllib3.PoolManager() as http:
        answer = http.request(
            "POST", f"{app.opened.url}/v1/auth/login", json={"name": "Ada", "password": PASSWORD}
        )
    assert answer.status == 200


def test_first_run_card_that_was_put_away_comes_back_from_the_menu(
    app: App, preferences: Preferences
) -> None:
    [card] = app.window.findChildren(SetupCard)
    card.dismissed.emit()
    assert not card.isVisible()
    assert preferences.hides_setup
    app.action("Watch on other devices…").trigger()
    assert card.isVisible()


def test_removed_videos_are_listed_and_brought_back(app: App, clips: Path) -> None:
    app.drop(clips)
    app.wait_for_titles("Harbour", "Portrait", "Song")
    [harbour] = [video.id for video in app.videos() if video.title == "Harbour"]
    app.shell._removal.remove([harbour])
    app.action("Removed videos").setChecked(True)
    app.wait_for_titles("Harbour")
    assert "Removed: 1" in [label.text() for label in app.window.findChildren(QLabel)]

    app.press_header("Restore")
    app.says("Select the videos")
    app.view.play_requested.emit(harbour)
    app.says("This video was removed")
    app.view.remove_requested.emit([harbour])
    assert app.window.findChildren(QMessageBox) == []

    app.view.selectAll()
    app.press_header("Restore")
    app.says("in the library again")
    app.qtbot.waitUntil(lambda: app.model.rowCount() == 0, timeout=WAIT_MS)
    [empty] = app.window.findChildren(EmptyPage)
    app.qtbot.waitUntil(empty.isVisible)
    texts = [label.text() for label in empty.findChildren(QLabel)]
    assert "Nothing has been removed" in texts
    assert [b for b in empty.findChildren(QPushButton) if b.isVisible()] == []

    app.press_header("Back to the library")
    assert not app.action("Removed videos").isChecked()
    app.wait_for_titles("Harbour", "Portrait", "Song")


def test_folders_are_listed_removed_and_their_videos_missing(app: App, clips: Path) -> None:
    app.drop(clips)
    app.says("3 videos added, 1 file passed over")
    app.action("Library folders…").trigger()
    app.qtbot.waitUntil(lambda: bool(app.window.findChildren(FolderRow)), timeout=WAIT_MS)
    [dialog] = app.window.findChildren(FoldersDialog)
    [row] = dialog.findChildren(FolderRow)
    assert any("3 videos" in label.text() for label in row.findChildren(QLabel))
    row.remove.click()
    app.press("Remove")
    app.says("no longer in the library")
    dialog.accept()


def test_folder_is_chosen_with_a_dialog(app: App, clips: Path) -> None:
    app.action("Add a folder").trigger()
    [chooser] = app.window.findChildren(QFileDialog)
    chooser.fileSelected.emit(str(clips))
    chooser.reject()
    app.wait_for_titles("Harbour", "Portrait", "Song")


def test_folder_that_cannot_be_added_is_explained(app: App, tmp_path: Path) -> None:
    app.shell._folders.add([tmp_path / "nowhere"])
    app.says("nowhere")


def test_sorting_is_remembered(app: App, clips: Path, preferences: Preferences) -> None:
    app.drop(clips)
    app.wait_for_titles("Harbour", "Portrait", "Song")
    box = app.shell._page.header._sort
    box.setCurrentIndex(box.findText("Title"))
    app.qtbot.waitUntil(
        lambda: [v.title for v in app.videos()] == ["Harbour", "Portrait", "Song"], timeout=WAIT_MS
    )
    app.shell._page.header._direction.click()
    app.qtbot.waitUntil(
        lambda: [v.title for v in app.videos()] == ["Song", "Portrait", "Harbour"], timeout=WAIT_MS
    )
    assert (preferences.query.sort, preferences.query.order) == ("title", "desc")


def test_link_of_a_video_leads_to_its_page(app: App, clips: Path) -> None:
    app.drop(clips)
    app.wait_for_titles("Harbour", "Portrait", "Song")
    video = app.videos()[0]
    app.shell._videos.copy_link(video.id)
    assert QApplication.clipboard().text() == f"{app.opened.url}/watch/{video.id}"


def test_what_was_begun_is_offered_and_what_follows_plays_after_it(
    app: App, tmp_path: Path, qtbot: QtBot
) -> None:
    folder = tmp_path / "Series"
    folder.mkdir()
    for episode in (1, 2):
        make_clip(folder / f"Lamp S01E0{episode}.mp4", seconds=8, seed=episode)
    app.drop(folder)
    qtbot.waitUntil(lambda: len(app.videos()) == 2, timeout=WAIT_MS)
    first, second = sorted(app.videos(), key=lambda video: video.title)
    [row] = app.window.findChildren(BegunRow)
    assert not row.isVisible()

    async def begin() -> None:
        await app.opened.hub.positions.set(app.opened.viewer, first.id, 6.5)

    app.bridge.call(begin, context=app.window)
    qtbot.waitUntil(row.isVisible, timeout=WAIT_MS)
    place = row.cards.visualRect(row.cards.model().index(0, 0)).center()
    QTest.mouseClick(row.cards.viewport(), Qt.MouseButton.LeftButton, pos=place)
    [card] = app.window.findChildren(NextCard)
    qtbot.waitUntil(card.isVisible, timeout=WAIT_MS)
    assert second.title in card.accessibleName()
    [play] = [b for b in card.findChildren(QPushButton) if b.text() == "Play now"]
    play.click()
    qtbot.waitUntil(lambda: second.title in app.window.windowTitle(), timeout=WAIT_MS)
    assert not card.isVisible()
    [page] = app.window.findChildren(PlayerPage)
    qtbot.waitUntil(
        lambda: page.engine is not None and page.engine.state is EngineState.PLAYING, timeout=WAIT_MS
    )
