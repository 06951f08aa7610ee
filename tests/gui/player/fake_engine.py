"""An engine that does what it is told and writes it down."""

from __future__ import annotations

from PySide6.QtGui import QImage

from gui.player.engine import Engine, EngineState, Source, Track


class FakeEngine(Engine):
    """Holds state without decoding anything."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[Source] = []
        self.seeks: list[float] = []
        self.rates: list[float] = []
        self.volume, self.muted = -1, False
        self.captions = [Track(3, "English"), Track(5, "Deutsch")]
        self.caption = 3
        self.audios = [Track(1, "Stereo")]
        self.audio = 1
        self.is_closed = False
        self._state = EngineState.IDLE
        self.at_s = 0.0

    @property
    def state(self) -> EngineState:
        return self._state

    @property
    def position_s(self) -> float:
        return self.at_s

    def become(self, state: EngineState) -> None:
        self._state = state
        self.state_changed.emit(state)

    def move(self, position_s: float) -> None:
        self.at_s = position_s
        self.position_changed.emit(position_s)

    def open(self, source: Source) -> None:
        self.sources.append(source)
        self.at_s = source.start_s
        self.become(EngineState.PLAYING)

    def play(self) -> None:
        self.become(EngineState.PLAYING)

    def pause(self) -> None:
        self.become(EngineState.PAUSED)

    def seek(self, position_s: float) -> None:
        self.seeks.append(position_s)
        self.move(position_s)

    def stop(self) -> None:
        self.become(EngineState.IDLE)

    def close(self) -> None:
        self.is_closed = True

    def take_frame(self) -> QImage | None:
        return None

    def set_rate(self, rate: float) -> None:
        self.rates.append(rate)

    def set_volume(self, percent: int) -> None:
        self.volume = percent

    def set_muted(self, muted: bool) -> None:
        self.muted = muted

    def audio_tracks(self) -> list[Track]:
        return self.audios

    def audio_track(self) -> int:
        return self.audio

    def set_audio_track(self, track_id: int) -> None:
        self.audio = track_id

    def caption_tracks(self) -> list[Track]:
        return self.captions

    def caption_track(self) -> int:
        return self.caption

    def set_caption_track(self, track_id: int) -> None:
        self.caption = track_id
