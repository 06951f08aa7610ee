"""The player: one video at a time, from the library or any file, until the viewer goes back."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QImage, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui import figures, theme
from gui.opening import open_with_system
from gui.operations import library as library_operations
from gui.operations.library import PictureWanted
from gui.operations.playback import Playable
from gui.player.bubble import Bubble
from gui.player.controls import ON_BLACK, RATES, Controls
from gui.player.engine import Engine, EngineMissing, EngineState, Source
from gui.player.keys import Command, command
from gui.player.keys_dialog import KeysDialog
from gui.player.memory import PositionMemory
from gui.player.missing import ProblemPanel
from gui.player.offers import Offers
from gui.player.stage import Stage
from gui.player.surface import VideoSurface
from gui.player.tracks import TrackChoice
from gui.player.vlc_loader import VlcLoader
from gui.preferences import Preferences
from gui.session import Runner
from gui.views.buttons import IconButton
from gui.views.texts import ElidedLabel, PlainLabel

log = logging.getLogger(__name__)
COVER_WIDTH = 1280


class PlayerPage(QWidget):
    """Title, picture, controls. `closed` when the viewer has gone back."""

    closed = Signal()
    play_requested = Signal(str)
    """The id of a video that follows the one that is over."""

    def __init__(
        self,
        runner: Runner,
        preferences: Preferences,
        make_engine: Callable[[], Engine],
        loader: VlcLoader | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("player")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._runner = runner
        self._preferences = preferences
        self._make_engine = make_engine
        self._loader = loader
        self._engine: Engine | None = None
        self._playable: Playable | None = None
        self._duration_s = 0.0
        self._rate = 1.0
        self._is_muted = False
        self._plays_next = False
        """Whether the last toggle was to play; libvlc takes a moment to say so itself."""
        self._sought_s = 0.0
        self._memory = PositionMemory(runner, self)
        self._surface = VideoSurface()
        self._bubble = Bubble(self._surface)
        self._controls = Controls()
        self._tracks = TrackChoice(self._controls, preferences, self)
        self._offers = Offers(runner, self._surface)
        self._problem = ProblemPanel(self._surface)
        self._problem.hide()
        self._stage = Stage(self._surface, self._top_bar(), self._controls, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stage)
        inside = QVBoxLayout(self._surface)
        inside.addWidget(self._problem)
        self._connect()
        if loader is not None:
            loader.done.connect(self._open)

    @property
    def engine(self) -> Engine | None:
        """The engine, once something was played."""
        return self._engine

    @property
    def surface(self) -> VideoSurface:
        """Where the picture is."""
        return self._surface

    def play(self, playable: Playable) -> None:
        """Play this; what played before is remembered and closed."""
        self._playable = playable
        self._duration_s = playable.duration_s or 0.0
        self._memory.begin(playable.video_id, playable.resume_s, playable.duration_s)
        self._title.set_text(playable.title)
        cut_short = self.tr("The end of this file is missing") if playable.is_cut_short else ""
        self._subtitle.setText(" · ".join(filter(None, (playable.subtitle, cut_short))))
        self._subtitle.setVisible(bool(self._subtitle.text()))
        self._show_problem(False)
        self._surface.clear(has_picture=playable.has_picture)
        self._controls.set_duration(self._duration_s)
        self._controls.seek.set_chapters(playable.video.chapters if playable.video else [])
        self._controls.set_volume(self._preferences.volume, muted=self._is_muted)
        self._set_rate(1.0)
        self._tracks.begin()
        self._offers.begin(playable.video_id, playable.video.markers if playable.video else ())
        self.setFocus()
        if not playable.has_picture:
            self._load_cover(playable)
        self._open()

    def stop(self) -> None:
        """Remember the place and close the file."""
        if self._engine is not None and self._engine.state in (EngineState.PLAYING, EngineState.PAUSED):
            self._memory.move(self._engine.position_s)
        self._memory.end()
        self._offers.end()
        if self._engine is not None:
            self._engine.stop()
        self._playable = None

    def close_engine(self) -> None:
        """Let go of libvlc."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def leave(self) -> None:
        """Back to the library."""
        self._set_fullscreen(False)
        self.stop()
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        found = command(event)
        if found is None:
            super().keyPressEvent(event)
            return
        self._stage.stir()
        what, amount = found
        self._obey(what, amount)
        if words := self._words_for(what):
            self._bubble.say(words)

    def _obey(self, what: Command, amount: float) -> None:
        match what:
            case Command.TOGGLE:
                self._toggle()
            case Command.JUMP:
                self._jump(amount)
            case Command.GO_TO_SHARE:
                # The very end would be over at once; leave a moment of it.
                self._seek(min(self._duration_s * amount, max(0.0, self._duration_s - 0.5)))
            case Command.VOLUME:
                self._set_volume(self._preferences.volume + int(amount))
            case Command.MUTE:
                self._toggle_mute()
            case Command.FULLSCREEN:
                self._set_fullscreen(not self.window().isFullScreen())
            case Command.CAPTIONS:
                self._tracks.toggle_captions()
            case Command.SLOWER | Command.FASTER:
                at = RATES.index(self._rate) + (1 if what is Command.FASTER else -1)
                self._set_rate(RATES[max(0, min(len(RATES) - 1, at))])
            case Command.HELP:
                dialog = KeysDialog(self.window())
                dialog.finished.connect(dialog.deleteLater)
                dialog.open()
            case Command.LEAVE:
                if self.window().isFullScreen():
                    self._set_fullscreen(False)
                else:
                    self.leave()

    def _words_for(self, done: Command) -> str:
        """What a key has done, for the bubble; nothing for what can be seen anyway."""
        engine = self._engine
        if engine is None or engine.state in (EngineState.IDLE, EngineState.FAILED):
            return ""
        match done:
            case Command.TOGGLE:
                return self.tr("Play") if self._plays_next else self.tr("Pause")
            case Command.JUMP | Command.GO_TO_SHARE:
                return figures.duration(self._sought_s)
            case Command.VOLUME | Command.MUTE if self._is_muted:
                return self.tr("Muted")
            case Command.VOLUME | Command.MUTE:
                return self.tr("Volume {} %").format(self._preferences.volume)
            case Command.SLOWER | Command.FASTER:
                return f"{self._rate:g}×"
            case Command.CAPTIONS if engine.caption_tracks():
                return self.tr("Captions on") if self._preferences.shows_captions else self.tr("Captions off")
            case Command.CAPTIONS:
                return self.tr("No captions")
            case _:
                return ""

    def hideEvent(self, event: QHideEvent) -> None:
        self._memory.store()
        super().hideEvent(event)

    # Building

    def _top_bar(self) -> QWidget:
        back = IconButton("back", self.tr("Back to the library (Esc)"), color=ON_BLACK)
        back.clicked.connect(self.leave)
        self._title = ElidedLabel()
        self._title.setObjectName("title")
        self._subtitle = PlainLabel()
        self._subtitle.setObjectName("faint")
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._title)
        words.addWidget(self._subtitle)
        bar = QWidget()
        row = QHBoxLayout(bar)
        row.setContentsMargins(theme.M, theme.S, theme.L, theme.S)
        row.setSpacing(theme.M)
        row.addWidget(back)
        row.addLayout(words, 1)
        return bar

    def _connect(self) -> None:
        controls = self._controls
        controls.play_toggled.connect(self._toggle)
        controls.jump_requested.connect(self._jump)
        controls.seek.seek_requested.connect(self._seek)
        controls.volume_changed.connect(self._set_volume)
        controls.mute_toggled.connect(self._toggle_mute)
        controls.rate_changed.connect(self._set_rate)
        controls.fullscreen_toggled.connect(lambda: self._set_fullscreen(not self.window().isFullScreen()))
        self._offers.seek_requested.connect(self._seek)
        self._offers.play_requested.connect(self.play_requested)
        self._surface.clicked.connect(self._toggle)
        self._surface.double_clicked.connect(lambda: self._set_fullscreen(not self.window().isFullScreen()))
        self._problem.system_player_requested.connect(self._play_in_system_player)

    def _open(self) -> None:
        """Open what is to be played, once there is an engine to open it."""
        if self._playable is None:
            return
        if self._engine is None and self._loader is not None and not self._loader.is_done:
            self._loader.start()
        elif self._ready_engine() and self._engine is not None:
            self._engine.open(self._source(self._playable))

    def _ready_engine(self) -> bool:
        if self._engine is None:
            try:
                self._engine = engine = self._make_engine()
            except EngineMissing as error:
                log.warning("the window cannot play: %s", error.reason)
                self._problem.show_missing()
                self._show_problem(True)
                return False
            self._surface.set_engine(engine)
            engine.state_changed.connect(self._show_state)
            engine.position_changed.connect(self._show_position)
            engine.duration_changed.connect(self._show_duration)
            self._tracks.set_engine(engine)
        self._engine.set_volume(self._preferences.volume)
        self._engine.set_muted(self._is_muted)
        return True

    def _source(self, playable: Playable) -> Source:
        picture = QSize(playable.width or 0, playable.height or 0) if playable.has_picture else None
        screen = self.screen()
        return Source(
            path=playable.path,
            start_s=playable.resume_s,
            picture=picture,
            bound=screen.size() * screen.devicePixelRatio(),
        )

    def _load_cover(self, playable: Playable) -> None:
        video = playable.video
        if video is None or video.thumb_version is None:
            return
        wanted = PictureWanted(video.id, video.thumb_version, COVER_WIDTH)

        def found(paths: dict[PictureWanted, Path]) -> None:
            if wanted in paths and self._playable is playable:
                self._surface.set_cover(QImage(str(paths[wanted])))

        self._runner.run(library_operations.thumbnail_paths([wanted]), context=self, on_result=found)

    # What the engine says

    def _show_state(self, state: EngineState) -> None:
        self._controls.set_playing(state is EngineState.PLAYING, ended=state is EngineState.ENDED)
        self._stage.set_may_hide(state is EngineState.PLAYING)
        self._offers.set_ended(state is EngineState.ENDED)
        match state:
            case EngineState.PAUSED:
                self._memory.store()
            case EngineState.ENDED:
                self._show_position(self._duration_s)
                self._memory.finish(self._duration_s or None)
            case EngineState.FAILED if self._playable is not None:
                log.warning("libvlc cannot play %r", self._playable.path)
                self._problem.show_failed(self._playable.title)
                self._show_problem(True)
            case _:
                pass

    def _show_problem(self, is_problem: bool) -> None:
        self._problem.setVisible(is_problem)
        self._controls.setEnabled(not is_problem)

    def _show_position(self, position_s: float) -> None:
        self._controls.set_position(position_s)
        self._memory.move(position_s)
        self._offers.move(position_s, self._duration_s)

    def _show_duration(self, duration_s: float) -> None:
        self._duration_s = duration_s
        self._controls.set_duration(duration_s)

    # What the viewer asks for

    def _toggle(self) -> None:
        if self._engine is None:
            return
        self._plays_next = self._engine.state is not EngineState.PLAYING
        if not self._plays_next:
            self._engine.pause()
        else:
            self._engine.play()

    def _jump(self, seconds: float) -> None:
        if self._engine is not None:
            self._seek(self._engine.position_s + seconds)

    def _seek(self, position_s: float) -> None:
        if self._engine is None or self._duration_s <= 0:
            return
        self._sought_s = max(0.0, min(position_s, self._duration_s))
        self._engine.seek(self._sought_s)
        self._memory.store()

    def _set_volume(self, percent: int) -> None:
        percent = max(0, min(100, percent))
        self._preferences.volume = percent
        self._is_muted = self._is_muted and percent == 0
        self._apply_volume()

    def _toggle_mute(self) -> None:
        self._is_muted = not self._is_muted
        self._apply_volume()

    def _apply_volume(self) -> None:
        if self._engine is not None:
            self._engine.set_volume(self._preferences.volume)
            self._engine.set_muted(self._is_muted)
        self._controls.set_volume(self._preferences.volume, muted=self._is_muted)

    def _set_rate(self, rate: float) -> None:
        self._rate = rate
        if self._engine is not None:
            self._engine.set_rate(rate)
        self._controls.set_rate(rate)

    def _set_fullscreen(self, is_full: bool) -> None:
        window = self.window()
        if window.isFullScreen() != is_full:
            # Toggling the one flag keeps a maximised window maximised.
            window.setWindowState(window.windowState() ^ Qt.WindowState.WindowFullScreen)
        self._stage.set_full(is_full)
        self._controls.set_fullscreen(is_full)

    def _play_in_system_player(self) -> None:
        if self._playable is not None:
            file = Path(os.fsdecode(self._playable.path))
            if not open_with_system(file):
                log.warning("no program is registered for %s", file)
