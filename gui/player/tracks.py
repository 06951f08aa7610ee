"""Which sound and which captions: what there is to choose, what is on by itself, what the viewer chose."""

from __future__ import annotations

from PySide6.QtCore import QObject

from gui.player.controls import Controls
from gui.player.engine import Engine
from gui.preferences import Preferences


class TrackChoice(QObject):
    """Keeps the menus of `Controls` true to one engine, and does what is chosen there."""

    def __init__(self, controls: Controls, preferences: Preferences, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controls = controls
        self._preferences = preferences
        self._engine: Engine | None = None
        self._is_settled = False
        controls.caption_chosen.connect(self._choose_captions)
        controls.audio_chosen.connect(self._choose_audio)

    def set_engine(self, engine: Engine) -> None:
        """From now on it is about this engine's tracks."""
        self._engine = engine
        engine.tracks_changed.connect(self._show)

    def begin(self) -> None:
        """Another video: nothing is known of its tracks yet."""
        self._is_settled = False
        self._controls.set_captions([], -1)
        self._controls.set_audio([], -1)
        self._show()

    def toggle_captions(self) -> None:
        """Captions off, or the first ones on."""
        if self._engine is not None and (tracks := self._engine.caption_tracks()):
            self._choose_captions(-1 if self._engine.caption_track() >= 0 else tracks[0].id)

    def _show(self) -> None:
        engine = self._engine
        if engine is None:
            return
        captions = engine.caption_tracks()
        if captions and self._preferences.shows_captions and not self._is_settled:
            self._is_settled = True
            engine.set_caption_track(captions[0].id)
        elif not self._preferences.shows_captions and engine.caption_track() >= 0:
            # A file may call a track its default, and one may turn up late: nobody asked for it.
            engine.set_caption_track(-1)
        self._controls.set_captions(captions, engine.caption_track())
        self._controls.set_audio(engine.audio_tracks(), engine.audio_track())

    def _choose_captions(self, track_id: int) -> None:
        if self._engine is not None:
            self._preferences.shows_captions = track_id >= 0
            self._engine.set_caption_track(track_id)
            self._controls.set_captions(self._engine.caption_tracks(), track_id)

    def _choose_audio(self, track_id: int) -> None:
        if self._engine is not None:
            self._engine.set_audio_track(track_id)
            self._controls.set_audio(self._engine.audio_tracks(), track_id)
