"""The player's lower bar: time, play, jump, volume, speed, captions, audio, full screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSlider, QToolButton, QVBoxLayout, QWidget

from gui import figures, theme
from gui.player.engine import Track
from gui.player.seek_bar import SeekBar
from gui.views.buttons import IconButton
from gui.views.texts import PlainLabel, button_text

Button = TypeVar("Button", bound=QToolButton)
ON_BLACK = "#f4f2f7"
CAPTIONS_ON = "#ff7a3d"
RATES = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)


class MenuAbove(QMenu):
    """The menu of a button at the lower edge: above it, wherever on the screen the window lies."""

    def __init__(self, button: QToolButton) -> None:
        super().__init__(button)
        self._button = button

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        corner = self._button.mapToGlobal(QPoint(self._button.width() - self.width(), -self.height()))
        self.move(
            max(corner.x(), self.screen().geometry().left()), max(corner.y(), self.screen().geometry().top())
        )


class Controls(QWidget):
    """Emits what is asked for; the setters keep it true."""

    play_toggled = Signal()
    jump_requested = Signal(float)
    """Seconds from here."""
    volume_changed = Signal(int)
    mute_toggled = Signal()
    rate_changed = Signal(float)
    caption_chosen = Signal(int)
    audio_chosen = Signal(int)
    fullscreen_toggled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.seek = SeekBar()
        self._duration_s = 0.0
        self._play = self._button("play", self.tr("Play (Space)"), self.play_toggled.emit)
        back = self._button(
            "back-10", self.tr("Back 10 seconds (J)"), lambda: self.jump_requested.emit(-10.0)
        )
        forward = self._button(
            "forward-10", self.tr("Forward 10 seconds (L)"), lambda: self.jump_requested.emit(10.0)
        )
        self._mute = self._button("volume", self.tr("Mute (M)"), self.mute_toggled.emit)
        self._volume = QSlider(Qt.Orientation.Horizontal)
        self._volume.setRange(0, 100)
        self._volume.setFixedWidth(88)
        self._volume.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._volume.setAccessibleName(self.tr("Volume"))
        self._volume.valueChanged.connect(self.volume_changed)
        self._time = PlainLabel()
        self._rate = self._with_menu(QToolButton())
        self._rate.setToolTip(self.tr("Speed"))
        self._rate.setAccessibleName(self.tr("Speed"))
        self._captions = self._with_menu(IconButton("captions", self.tr("Captions (C)"), color=ON_BLACK))
        self._audio = self._with_menu(IconButton("audio", self.tr("Audio track"), color=ON_BLACK))
        self._fullscreen = self._button(
            "fullscreen", self.tr("Full screen (F)"), self.fullscreen_toggled.emit
        )
        buttons: list[QWidget] = [self._play, back, forward, self._mute, self._volume]
        row = QHBoxLayout()
        row.setSpacing(theme.XS)
        for button in buttons:
            row.addWidget(button)
        row.addSpacing(theme.S)
        row.addWidget(self._time)
        row.addStretch()
        for widget in (self._rate, self._captions, self._audio, self._fullscreen):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.M, 0, theme.M, theme.S)
        column.setSpacing(0)
        column.addWidget(self.seek)
        column.addLayout(row)
        self._fill_rates()
        self.set_position(0.0)

    def set_playing(self, playing: bool, *, ended: bool = False) -> None:
        """Which way the play button goes."""
        self._play.set_icon("replay" if ended else "pause" if playing else "play")
        self._play.set_text(
            self.tr("Play again (Space)")
            if ended
            else self.tr("Pause (Space)")
            if playing
            else self.tr("Play (Space)")
        )

    def set_duration(self, seconds: float) -> None:
        """How long the whole is."""
        self._duration_s = seconds
        self.seek.set_duration(seconds)
        self.set_position(0.0)

    def set_position(self, seconds: float) -> None:
        """Where it is."""
        self.seek.set_position(seconds)
        whole = f" / {figures.duration(self._duration_s)}" if self._duration_s > 0 else ""
        self._time.setText(figures.duration(seconds) + whole)

    def set_volume(self, percent: int, *, muted: bool) -> None:
        """How loud it is."""
        blocked = self._volume.blockSignals(True)
        self._volume.setValue(percent)
        self._volume.blockSignals(blocked)
        silent = muted or percent == 0
        self._mute.set_icon("muted" if silent else "volume-low" if percent < 50 else "volume")
        self._mute.set_text(self.tr("Sound on (M)") if muted else self.tr("Mute (M)"))

    def set_rate(self, rate: float) -> None:
        """How fast it is."""
        self._rate.setText(f"{rate:g}×")
        for action in self._rate.menu().actions():
            action.setChecked(action.data() == rate)

    def set_captions(self, tracks: Sequence[Track], chosen: int) -> None:
        """Which captions there are; the button is gone when there are none."""
        self._captions.setVisible(bool(tracks))
        is_on = bool(tracks) and chosen >= 0
        self._captions.set_icon("captions-on" if is_on else "captions")
        self._captions.set_color(CAPTIONS_ON if is_on else ON_BLACK)
        self._captions.set_text(self.tr("Captions: on (C)") if is_on else self.tr("Captions: off (C)"))
        off = Track(-1, self.tr("Off"))
        self._fill(self._captions, [off, *tracks], chosen, self.caption_chosen.emit)

    def set_audio(self, tracks: Sequence[Track], chosen: int) -> None:
        """Which audio tracks there are; the button is gone when there is no choice."""
        self._audio.setVisible(len(tracks) > 1)
        self._fill(self._audio, tracks, chosen, self.audio_chosen.emit)

    def set_fullscreen(self, is_full: bool) -> None:
        """Which way the full-screen button goes."""
        self._fullscreen.set_icon("restore" if is_full else "fullscreen")
        self._fullscreen.set_text(self.tr("Leave full screen (F)") if is_full else self.tr("Full screen (F)"))

    @property
    def has_open_menu(self) -> bool:
        """Whether somebody is choosing right now."""
        return any(button.menu().isVisible() for button in (self._rate, self._captions, self._audio))

    def _fill_rates(self) -> None:
        for rate in RATES:
            action = QAction(f"{rate:g}×", self._rate.menu(), checkable=True)
            action.setData(rate)
            action.triggered.connect(lambda _=False, rate=rate: self.rate_changed.emit(rate))
            self._rate.menu().addAction(action)
        self.set_rate(1.0)

    def _fill(
        self, button: QToolButton, tracks: Sequence[Track], chosen: int, choose: Callable[[int], None]
    ) -> None:
        menu = button.menu()
        menu.clear()
        group = QActionGroup(menu)
        for track in tracks:
            action = QAction(button_text(track.label), menu, checkable=True)
            action.setChecked(track.id == chosen)
            group.addAction(action)
            menu.addAction(action)
            action.triggered.connect(lambda _=False, number=track.id: choose(number))

    def _button(self, icon: str, says: str, do: Callable[[], None]) -> IconButton:
        button = IconButton(icon, says, color=ON_BLACK)
        button.clicked.connect(lambda _=False: do())
        return button

    def _with_menu(self, button: Button) -> Button:
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(MenuAbove(button))
        return button
