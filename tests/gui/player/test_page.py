"""The player page: keys, memory, captions, what it says when it cannot play."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QImage, QShowEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from gui.operations.playback import Playable
from gui.player.engine import EngineMissing, EngineState
from gui.player.keys_dialog import KeysDialog
from gui.player.page import PlayerPage
from gui.player.vlc_library import INSTALL
from gui.preferences import Preferences
from gui.session import Session
from tests.gui.fake_hub import FakeHub, a_detail
from tests.gui.player.fake_engine import FakeEngine

pytestmark = pytest.mark.integration

FILM = Playable(
    path=b"/films/caf\xe9.mp4",
    title="A film",
    subtitle="Channel",
    video_id="v",
    width=1920,
    height=1080,
    duration_s=100.0,
    resume_s=30.0,
)


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def page(
    session: Session, preferences: Preferences, engine: FakeEngine, qtbot: QtBot
) -> Iterator[PlayerPage]:
    window = QMainWindow()
    made = PlayerPage(session, preferences, lambda: engine)
    window.setCentralWidget(made)
    window.resize(900, 600)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    yield made
    made.stop()


def button(page: PlayerPage, name: str) -> QToolButton:
    [found] = [b for b in page.findChildren(QToolButton) if b.accessibleName().startswith(name)]
    return found


def shown_texts(page: PlayerPage) -> list[str]:
    return [label.text() for label in page.findChildren(QLabel) if label.isVisible()]


def test_opens_the_file_where_the_viewer_stopped(page: PlayerPage, engine: FakeEngine) -> None:
    page.play(FILM)
    [source] = engine.sources
    assert (source.path, source.start_s, source.picture) == (FILM.path, 30.0, QSize(1920, 1080))
    assert source.bound is not None
    assert "A film" in shown_texts(page)


def test_title_that_looks_like_markup_is_shown_letter_by_letter(page: PlayerPage, engine: FakeEngine) -> None:
    title = "Show <script>alert(1)</script>.mp4"
    page.play(replace(FILM, title=title, subtitle="<b>Bold</b> & Co"))
    labels = [label for label in page.findChildren(QLabel) if label.isVisible()]
    assert {title, "<b>Bold</b> & Co"} <= {label.text() for label in labels}
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in labels)
    assert not any("<script>" in label.toolTip() for label in labels)
    engine.become(EngineState.FAILED)
    assert any(title in text for text in shown_texts(page))


def test_every_key_does_what_the_browser_does(page: PlayerPage, engine: FakeEngine, qtbot: QtBot) -> None:
    page.play(FILM)
    key = Qt.Key
    for pressed, expected in (
        (key.Key_J, 20.0),
        (key.Key_L, 30.0),
        (key.Key_Left, 25.0),
        (key.Key_Right, 30.0),
        (key.Key_Home, 0.0),
        (key.Key_4, 40.0),
        (key.Key_0, 0.0),
        (key.Key_J, 0.0),
        (key.Key_End, 99.5),
        (key.Key_L, 100.0),
    ):
        QTest.keyClick(page, pressed)
        assert engine.seeks[-1] == expected, pressed
    for pressed in (key.Key_Space, key.Key_K):
        QTest.keyClick(page, pressed)
        QTest.keyClick(page, pressed)
        assert engine.state is EngineState.PLAYING
    QTest.keyClick(page, key.Key_Space)
    assert engine.state is EngineState.PAUSED


def test_volume_keys_and_mute_are_remembered_where_they_should(
    page: PlayerPage, engine: FakeEngine, preferences: Preferences, qtbot: QtBot
) -> None:
    preferences.volume = 96
    page.play(FILM)
    assert engine.volume == 96
    QTest.keyClick(page, Qt.Key.Key_Up)
    assert engine.volume == preferences.volume == 100
    QTest.keyClick(page, Qt.Key.Key_Down)
    assert engine.volume == preferences.volume == 95
    QTest.keyClick(page, Qt.Key.Key_M)
    assert (engine.muted, preferences.volume) == (True, 95)
    QTest.keyClick(page, Qt.Key.Key_Up)
    assert (engine.muted, preferences.volume) == (False, 100)


def test_captions_are_off_until_they_are_wanted_and_then_stay_on(
    page: PlayerPage, engine: FakeEngine, preferences: Preferences, qtbot: QtBot
) -> None:
    page.play(FILM)
    engine.tracks_changed.emit()
    assert engine.caption == -1
    QTest.keyClick(page, Qt.Key.Key_C)
    assert (engine.caption, preferences.shows_captions) == (3, True)
    engine.caption = -1
    page.play(FILM)
    engine.tracks_changed.emit()
    assert engine.caption == 3
    QTest.keyClick(page, Qt.Key.Key_C)
    assert (engine.caption, preferences.shows_captions) == (-1, False)


def test_caption_button_tells_whether_captions_are_on(page: PlayerPage, engine: FakeEngine) -> None:
    page.play(FILM)
    engine.tracks_changed.emit()
    off = button(page, "Captions: off").icon().pixmap(20, 20).toImage()
    QTest.keyClick(page, Qt.Key.Key_C)
    assert button(page, "Captions: on").icon().pixmap(20, 20).toImage() != off


def test_track_that_turns_itself_on_is_turned_off(page: PlayerPage, engine: FakeEngine) -> None:
    page.play(FILM)
    engine.tracks_changed.emit()
    engine.caption = 5
    engine.tracks_changed.emit()
    assert engine.caption == -1


def test_choices_that_are_none_are_not_offered(page: PlayerPage, engine: FakeEngine) -> None:
    engine.captions = []
    page.play(FILM)
    engine.tracks_changed.emit()
    assert not button(page, "Captions").isVisible()
    assert not button(page, "Audio track").isVisible()
    engine.audios.append(type(engine.audios[0])(2, "Commentary"))
    engine.tracks_changed.emit()
    assert button(page, "Audio track").isVisible()
    button(page, "Audio track").menu().actions()[1].trigger()
    assert engine.audio == 2


def test_speed_is_chosen_by_menu_and_keys_and_ends_with_the_video(
    page: PlayerPage, engine: FakeEngine, qtbot: QtBot
) -> None:
    page.play(FILM)
    QTest.keyClick(page, Qt.Key.Key_Greater)
    assert engine.rates[-1] == 1.25
    for _ in range(9):
        QTest.keyClick(page, Qt.Key.Key_Less)
    assert engine.rates[-1] == 0.5
    assert button(page, "Speed").text() == "0.5×"
    page.play(FILM)
    assert engine.rates[-1] == 1.0


def test_pause_seek_and_leaving_store_the_place(
    page: PlayerPage, engine: FakeEngine, hub: FakeHub, qtbot: QtBot
) -> None:
    page.play(FILM)
    engine.move(41.0)
    engine.pause()
    qtbot.waitUntil(lambda: hub.positions.stored == [("v", 41.0)])
    QTest.keyClick(page, Qt.Key.Key_5)
    qtbot.waitUntil(lambda: hub.positions.stored[1:] == [("v", 50.0)])
    engine.at_s = 51.5
    with qtbot.waitSignal(page.closed):
        QTest.keyClick(page, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: hub.positions.stored[2:] == [("v", 51.5)])
    assert engine.state is EngineState.IDLE


def test_end_is_stored_as_the_end_and_space_plays_again(
    page: PlayerPage, engine: FakeEngine, hub: FakeHub, qtbot: QtBot
) -> None:
    page.play(FILM)
    engine.become(EngineState.ENDED)
    qtbot.waitUntil(lambda: hub.positions.stored == [("v", 100.0)])
    assert button(page, "Play again").isVisible()
    QTest.keyClick(page, Qt.Key.Key_Space)
    assert engine.state is EngineState.PLAYING


def test_escape_leaves_full_screen_first(page: PlayerPage, qtbot: QtBot) -> None:
    page.play(FILM)
    left: list[bool] = []
    page.closed.connect(lambda: left.append(True))
    QTest.keyClick(page, Qt.Key.Key_F)
    assert page.window().isFullScreen()
    QTest.keyClick(page, Qt.Key.Key_Escape)
    assert not page.window().isFullScreen()
    assert left == []
    QTest.keyClick(page, Qt.Key.Key_Escape)
    assert left == [True]


def test_window_that_was_maximised_is_so_after_full_screen(page: PlayerPage, qtbot: QtBot) -> None:
    page.window().showMaximized()
    page.play(FILM)
    QTest.keyClick(page, Qt.Key.Key_F)
    QTest.keyClick(page, Qt.Key.Key_F)
    assert page.window().isMaximized()


def test_keys_with_control_are_left_to_the_window(page: PlayerPage, engine: FakeEngine, qtbot: QtBot) -> None:
    page.play(FILM)
    QTest.keyClick(page, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert engine.seeks == []


def test_click_pauses_and_double_click_is_full_screen(
    page: PlayerPage, engine: FakeEngine, qtbot: QtBot
) -> None:
    page.play(FILM)
    with qtbot.waitSignal(page.surface.clicked):
        QTest.mouseClick(page.surface, Qt.MouseButton.LeftButton)
    assert engine.state is EngineState.PAUSED
    QTest.mouseDClick(page.surface, Qt.MouseButton.LeftButton)
    assert page.window().isFullScreen()
    assert engine.state is EngineState.PAUSED


def test_missing_libvlc_is_explained_with_another_way(
    session: Session, preferences: Preferences, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> FakeEngine:
        raise EngineMissing("not installed")

    opened: list[str] = []

    def open_url(url: QUrl) -> bool:
        opened.append(bytes(url.toEncoded().data()).decode())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    page = PlayerPage(session, preferences, missing)
    qtbot.addWidget(page)
    page.show()
    page.play(FILM)
    assert INSTALL in shown_texts(page)
    assert not button(page, "Play (Space)").isEnabled()
    [system] = [b for b in page.findChildren(QPushButton) if "system player" in b.text()]
    system.click()
    assert opened == ["file:///films/caf%E9.mp4"]
    page.stop()


def test_file_that_cannot_be_played_is_named(page: PlayerPage, engine: FakeEngine) -> None:
    page.play(FILM)
    engine.become(EngineState.FAILED)
    assert any("A film" in text and "cannot be played" in text for text in shown_texts(page))
    assert INSTALL not in shown_texts(page)
    page.play(FILM)
    assert not any("cannot be played" in text for text in shown_texts(page))


def test_sound_alone_shows_its_cover(page: PlayerPage, hub: FakeHub, tmp_path: Path, qtbot: QtBot) -> None:
    cover = QImage(64, 64, QImage.Format.Format_RGB32)
    cover.fill("#20c040")
    assert cover.save(str(tmp_path / "cover.png"))
    song = a_detail(1, thumb_version=4, width=None, height=None)
    hub.library.pictures[song.id] = tmp_path / "cover.png"
    page.play(Playable(path=b"/song.mp3", title="Song", video_id=song.id, duration_s=60.0, video=song))

    def middle_is_green() -> bool:
        image = page.surface.grab().toImage()
        return image.pixelColor(image.width() // 2, image.height() // 2).green() > 150

    qtbot.waitUntil(middle_is_green)


def test_closing_lets_go_of_the_engine(page: PlayerPage, engine: FakeEngine) -> None:
    page.play(FILM)
    page.stop()
    page.close_engine()
    assert engine.is_closed


def test_bubble_tells_what_a_key_has_done(page: PlayerPage, engine: FakeEngine) -> None:
    page.play(FILM)
    engine.become(EngineState.PLAYING)
    for key, words in (
        (Qt.Key.Key_Space, "Pause"),
        (Qt.Key.Key_Space, "Play"),
        (Qt.Key.Key_5, "0:50"),
        (Qt.Key.Key_M, "Muted"),
        (Qt.Key.Key_M, "Volume 100 %"),
        (Qt.Key.Key_Down, "Volume 95 %"),
        (Qt.Key.Key_Greater, "1.25×"),
    ):
        QTest.keyClick(page, key)
        assert words in shown_texts(page), words


def test_file_without_its_end_says_so(page: PlayerPage, engine: FakeEngine) -> None:
    page.play(replace(FILM, subtitle="", is_cut_short=True))
    assert "The end of this file is missing" in shown_texts(page)
    page.play(FILM)
    assert "Channel" in shown_texts(page)


def test_bubble_goes_by_itself(page: PlayerPage, engine: FakeEngine, qtbot: QtBot) -> None:
    page.play(FILM)
    engine.become(EngineState.PLAYING)
    QTest.keyClick(page, Qt.Key.Key_M)
    assert "Muted" in shown_texts(page)
    qtbot.waitUntil(lambda: "Muted" not in shown_texts(page))


def test_question_mark_lists_the_keys(page: PlayerPage, engine: FakeEngine) -> None:
    page.play(FILM)
    QTest.keyClick(page, Qt.Key.Key_Question)
    [dialog] = page.window().findChildren(KeysDialog)
    assert "Play or pause" in [label.text() for label in dialog.findChildren(QLabel)]
    dialog.reject()


def test_menu_opens_above_its_button(page: PlayerPage) -> None:
    page.play(FILM)
    speed = button(page, "Speed")
    menu = speed.menu()
    menu.adjustSize()
    # As Qt shows it; a real popup would grab the keyboard, which the platform without a screen cannot.
    QApplication.sendEvent(menu, QShowEvent())
    assert menu.geometry().bottom() <= speed.mapToGlobal(speed.rect().topLeft()).y()
