"""libvlc as the engine: pictures through its memory callbacks, everything else through its player.

libvlc calls back on threads of its own. Those callbacks write a buffer or emit a queued signal, and never call libvlc:
that would deadlock. Every file gets a player of its own, so that a late callback of the one before cannot be mistaken.
"""

from __future__ import annotations

import ctypes
import logging
import os
import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage

from gui.player import vlc_library
from gui.player.engine import Engine, EngineState, Source, Track
from gui.player.frames import FrameBuffers, fitted

log = logging.getLogger(__name__)

# python-vlc declares the format callback with pointers that it copies; only plain addresses can be written through.
_FORMAT = ctypes.CFUNCTYPE(
    ctypes.c_uint,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.POINTER(ctypes.c_uint),
    ctypes.POINTER(ctypes.c_uint),
    ctypes.POINTER(ctypes.c_uint),
    ctypes.POINTER(ctypes.c_uint),
)
_CLEANUP = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_LOCK = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p))
_UNLOCK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p))
_DISPLAY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)

_TRACK_NAME = re.compile(r"(?P<name>.+) - \[(?P<language>.+)\]")
_BARE_NUMBER = re.compile(r"\w+ \d+")  # "Track 1", in whatever language libvlc speaks

LARGEST = QSize(3840, 2160)
MAX_AHEAD_S = 1.0
"""Without news from libvlc the clock is trusted no longer than this."""


class _Picture(QObject):
    """The memory callbacks of one player. Its methods run on libvlc's threads."""

    ready = Signal()

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.buffers = FrameBuffers()
        self._source = source
        # libvlc keeps bare addresses: the thunks must live as long as the player.
        self.thunks = (
            _LOCK(self._lock),
            _UNLOCK(lambda _opaque, _picture, _planes: None),
            _DISPLAY(self._display),
            _FORMAT(self._format),
            _CLEANUP(lambda _opaque: None),
        )

    def _format(self, _opaque: int, chroma: int, width: Any, height: Any, pitches: Any, lines: Any) -> int:
        # The size libvlc offers is the coded one, with padding (1088 lines for 1080): the probe knows better.
        picture = self._source.picture or QSize(width[0], height[0])
        bound = self._source.bound or LARGEST
        size = fitted(picture, bound.boundedTo(LARGEST))
        ctypes.memmove(chroma, b"RV32", 4)
        width[0], height[0] = size.width(), size.height()
        pitches[0] = self.buffers.allocate(size)
        lines[0] = size.height()
        return 1

    def _lock(self, _opaque: int, planes: Any) -> int:
        planes[0] = self.buffers.begin()
        return 0

    def _display(self, _opaque: int, _picture: int) -> None:
        if self.buffers.publish():
            self.ready.emit()


def labelled(found: Iterable[tuple[int, str]]) -> list[Track]:
    """Tracks under the name or the language alone, where libvlc says "Track 1 - [English]"; equal ones are numbered."""
    tracks: list[Track] = []
    seen: Counter[str] = Counter()
    for number, name in found:
        label = name
        if parts := _TRACK_NAME.fullmatch(name):
            is_bare = _BARE_NUMBER.fullmatch(parts["name"])
            label = parts["language"] if is_bare else f"{parts['name']} ({parts['language']})"
        seen[label] += 1
        tracks.append(Track(number, label if seen[label] == 1 else f"{label} {seen[label]}"))
    return tracks


class VlcEngine(Engine):
    """Plays through libvlc: what `vlc_library.load` gave, or gives now. EngineMissing when it is not there."""

    _heard = Signal(int, str, float)

    def __init__(self, loaded: tuple[Any, Any] | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._vlc, self._instance = loaded or vlc_library.load()
        self._player: Any = None
        self._picture: _Picture | None = None
        self._source: Source | None = None
        self._events: Any = None
        self._serial = 0
        self._state = EngineState.IDLE
        self._position_s = 0.0
        self._position_at = time.monotonic()
        self._has_moved = False
        self._rate = 1.0
        self._volume = 100
        self._is_muted = False
        self._heard.connect(self._hear, Qt.ConnectionType.QueuedConnection)

    @property
    def state(self) -> EngineState:
        return self._state

    @property
    def position_s(self) -> float:
        if self._state is not EngineState.PLAYING:
            return self._position_s
        # libvlc tells the time some four times a second, late at first; between, the clock knows.
        ahead_s = min(MAX_AHEAD_S, time.monotonic() - self._position_at)
        return self._position_s + ahead_s * self._rate

    def open(self, source: Source) -> None:
        self.stop()
        self._serial += 1
        self._source = source
        self._set_position(source.start_s)
        self._has_moved = False
        self._picture = picture = _Picture(source)
        picture.ready.connect(self.frame_ready, Qt.ConnectionType.QueuedConnection)
        self._player = player = self._instance.media_player_new()
        media = self._instance.media_new_location(Path(os.fsdecode(source.path)).as_uri())
        # Otherwise libvlc turns on what the file or the system's language suggests.
        media.add_option(":sub-language=none")
        if source.start_s > 0:
            media.add_option(f":start-time={source.start_s:.3f}")
        if source.keeps_paused:
            media.add_option(":start-paused")
        player.set_media(media)
        media.release()
        lock, unlock, display, set_up, clean_up = (
            ctypes.cast(thunk, ctypes.c_void_p) for thunk in picture.thunks
        )
        self._vlc.libvlc_video_set_callbacks(
            player,
            ctypes.cast(lock, self._vlc.VideoLockCb),
            ctypes.cast(unlock, self._vlc.VideoUnlockCb),
            ctypes.cast(display, self._vlc.VideoDisplayCb),
            None,
        )
        self._vlc.libvlc_video_set_format_callbacks(
            player,
            ctypes.cast(set_up, self._vlc.VideoFormatCb),
            ctypes.cast(clean_up, self._vlc.VideoCleanupCb),
        )
        self._listen(player, self._serial)
        self._set_state(EngineState.OPENING)
        player.play()

    def play(self) -> None:
        if self._player is None:
            return
        if self._state is EngineState.ENDED:
            self.seek(0.0)
        else:
            self._player.set_pause(0)

    def pause(self) -> None:
        if self._player is not None and self._state in (EngineState.PLAYING, EngineState.OPENING):
            self._player.set_pause(1)

    def seek(self, position_s: float) -> None:
        if self._player is None or self._source is None:
            return
        position_s = max(0.0, position_s)
        if self._state in (EngineState.ENDED, EngineState.FAILED):
            # libvlc has closed the file at its end.
            self.open(replace(self._source, start_s=position_s))
        else:
            self._player.set_time(round(position_s * 1000))
        self._set_position(position_s)
        self.position_changed.emit(position_s)

    def stop(self) -> None:
        if self._player is None:
            return
        player, self._player = self._player, None
        self._serial += 1
        player.stop()
        player.release()
        self._picture = None
        self._set_state(EngineState.IDLE)

    def close(self) -> None:
        self.stop()
        if self._instance is not None:
            self._instance.release()
            self._instance = None

    def take_frame(self) -> QImage | None:
        return self._picture.buffers.take() if self._picture is not None else None

    def set_rate(self, rate: float) -> None:
        self._rate = rate
        if self._player is not None:
            self._player.set_rate(rate)

    def set_volume(self, percent: int) -> None:
        self._volume = percent
        if self._player is not None:
            self._player.audio_set_volume(percent)

    def set_muted(self, muted: bool) -> None:
        self._is_muted = muted
        if self._player is not None:
            self._player.audio_set_mute(muted)

    def audio_tracks(self) -> list[Track]:
        return self._tracks("audio_get_track_description")

    def audio_track(self) -> int:
        return int(self._player.audio_get_track()) if self._player is not None else -1

    def set_audio_track(self, track_id: int) -> None:
        if self._player is not None:
            self._player.audio_set_track(track_id)

    def caption_tracks(self) -> list[Track]:
        return self._tracks("video_get_spu_description")

    def caption_track(self) -> int:
        return int(self._player.video_get_spu()) if self._player is not None else -1

    def set_caption_track(self, track_id: int) -> None:
        if self._player is not None:
            self._player.video_set_spu(track_id)

    def _tracks(self, getter: str) -> list[Track]:
        if self._player is None:
            return []
        found = getattr(self._player, getter)() or []
        return labelled((int(number), name.decode(errors="replace")) for number, name in found if number >= 0)

    def _listen(self, player: Any, serial: int) -> None:
        self._events = manager = player.event_manager()
        kinds = self._vlc.EventType

        def listen(kind: Any, name: str, value: Any = None) -> None:
            def heard(event: Any) -> None:
                self._heard.emit(serial, name, float(value(event)) if value else 0.0)

            manager.event_attach(kind, heard)

        listen(kinds.MediaPlayerPlaying, "playing")
        listen(kinds.MediaPlayerPaused, "paused")
        listen(kinds.MediaPlayerEndReached, "ended")
        listen(kinds.MediaPlayerEncounteredError, "failed")
        listen(kinds.MediaPlayerTimeChanged, "time", lambda event: event.u.new_time / 1000)
        listen(kinds.MediaPlayerLengthChanged, "length", lambda event: event.u.new_length / 1000)
        for kind in (kinds.MediaPlayerESAdded, kinds.MediaPlayerESDeleted, kinds.MediaPlayerESSelected):
            listen(kind, "tracks")

    def _hear(self, serial: int, name: str, value: float) -> None:
        if serial != self._serial or self._player is None:
            return
        match name:
            case "playing":
                # What libvlc was told before it had an output is forgotten.
                self._player.audio_set_volume(self._volume)
                self._player.audio_set_mute(self._is_muted)
                if self._rate != 1.0:
                    self._player.set_rate(self._rate)
                self._set_position(self._position_s)
                self._set_state(EngineState.PLAYING)
            case "paused":
                self._set_position(self.position_s)
                self._set_state(EngineState.PAUSED)
            case "time":
                self._has_moved = True
                self._set_position(value)
                self.position_changed.emit(value)
            case "length" if value > 0:
                self.duration_changed.emit(value)
            case "tracks":
                self.tracks_changed.emit()
            case "ended":
                # A file that ends before it has begun holds nothing that can be decoded.
                self._set_state(EngineState.ENDED if self._has_moved else EngineState.FAILED)
            case "failed":
                self._set_state(EngineState.FAILED)
            case _:
                pass

    def _set_position(self, position_s: float) -> None:
        self._position_s = position_s
        self._position_at = time.monotonic()

    def _set_state(self, state: EngineState) -> None:
        if state is not self._state:
            self._state = state
            self.state_changed.emit(state)
