"""What the player page asks of whatever decodes, and what it hears back. `vlc_engine` is the one that does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtGui import QImage


class EngineState(Enum):
    """What the engine is doing."""

    IDLE = auto()
    OPENING = auto()
    PLAYING = auto()
    PAUSED = auto()
    ENDED = auto()
    FAILED = auto()


class EngineMissing(Exception):
    """The engine cannot be used on this machine. `reason` is for the log; the window explains what to install."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Track:
    """An audio or caption track as the engine numbers it."""

    id: int
    label: str


@dataclass(frozen=True, slots=True)
class Source:
    """What to open: the file's bytes-name, where to begin, and the largest picture that is of any use."""

    path: bytes
    start_s: float = 0.0
    picture: QSize | None = None
    """Size on the screen in pixels, rotation and aspect ratio applied; None: take the decoder's word for it."""
    bound: QSize | None = None
    """Pictures larger than this are made smaller while decoding."""
    keeps_paused: bool = False
    """Show the first picture and wait."""


class Engine(QObject):
    """One player. All methods and signals belong to the window's thread."""

    state_changed = Signal(object)
    """An `EngineState`."""
    position_changed = Signal(float)
    """Seconds, a few times a second."""
    duration_changed = Signal(float)
    tracks_changed = Signal()
    frame_ready = Signal()
    """`take_frame` has a new picture."""

    @property
    def state(self) -> EngineState:
        """What it is doing."""
        raise NotImplementedError

    @property
    def position_s(self) -> float:
        """Where it is."""
        raise NotImplementedError

    def open(self, source: Source) -> None:
        """Play a file; whatever played before ends."""
        raise NotImplementedError

    def play(self) -> None:
        """Go on; from the beginning after the end."""
        raise NotImplementedError

    def pause(self) -> None:
        """Hold the picture."""
        raise NotImplementedError

    def seek(self, position_s: float) -> None:
        """Go to a place; after the end too."""
        raise NotImplementedError

    def stop(self) -> None:
        """Close the file. Returns once nothing of it is in use any more."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the engine itself."""
        raise NotImplementedError

    def take_frame(self) -> QImage | None:
        """The newest picture; it stays untouched until the next call."""
        raise NotImplementedError

    def set_rate(self, rate: float) -> None:
        """Speed, 1 is normal."""
        raise NotImplementedError

    def set_volume(self, percent: int) -> None:
        """0 to 100."""
        raise NotImplementedError

    def set_muted(self, muted: bool) -> None:
        """Silence without losing the volume."""
        raise NotImplementedError

    def audio_tracks(self) -> list[Track]:
        """The tracks one can choose from."""
        raise NotImplementedError

    def audio_track(self) -> int:
        """The one that is heard, -1 for none."""
        raise NotImplementedError

    def set_audio_track(self, track_id: int) -> None:
        """Hear another."""
        raise NotImplementedError

    def caption_tracks(self) -> list[Track]:
        """The captions one can choose from."""
        raise NotImplementedError

    def caption_track(self) -> int:
        """The one that is shown, -1 for none."""
        raise NotImplementedError

    def set_caption_track(self, track_id: int) -> None:
        """Show another, -1 for none."""
        raise NotImplementedError
