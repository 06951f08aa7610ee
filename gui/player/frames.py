"""Three picture buffers between a decoder's thread and the window's: neither ever waits for, or tears, the other."""

from __future__ import annotations

import ctypes
import threading

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

BUFFERS = 3
ALIGNMENT = 32
"""Bytes; libvlc's converters want pitches and starts in multiples of it."""


class _Buffer:
    def __init__(self, size: QSize, pitch: int) -> None:
        self._memory = (ctypes.c_ubyte * (pitch * size.height() + ALIGNMENT))()
        start = ctypes.addressof(self._memory)
        offset = -start % ALIGNMENT
        self.address = start + offset
        view = memoryview(self._memory)[offset : offset + pitch * size.height()]
        # The image does not copy: it shows whatever the decoder wrote last.
        self.image = QImage(view, size.width(), size.height(), pitch, QImage.Format.Format_RGB32)
        self._view = view


class FrameBuffers:
    """One buffer is shown, one holds the newest picture, one is free to be written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buffers: list[_Buffer] = []
        self._writing: int | None = None
        self._newest: int | None = None
        self._shown: int | None = None
        self._is_fresh = False

    def allocate(self, size: QSize) -> int:
        """Make buffers for pictures of this size; returns the pitch in bytes. Decoder's thread."""
        pitch = -(-size.width() * 4 // ALIGNMENT) * ALIGNMENT
        buffers = [_Buffer(size, pitch) for _ in range(BUFFERS)]
        with self._lock:
            self._buffers = buffers
            self._writing = self._newest = self._shown = None
            self._is_fresh = False
        return pitch

    def begin(self) -> int:
        """Address of a buffer that nobody reads. Decoder's thread."""
        with self._lock:
            busy = (self._newest, self._shown)
            self._writing = next(number for number in range(BUFFERS) if number not in busy)
            return self._buffers[self._writing].address

    def publish(self) -> bool:
        """What was written is the newest picture now; False when the one before was not taken yet. Decoder's thread."""
        with self._lock:
            self._newest = self._writing
            was_fresh, self._is_fresh = self._is_fresh, True
            return not was_fresh

    def take(self) -> QImage | None:
        """The newest picture; its buffer is left alone until the next call. Window's thread."""
        with self._lock:
            self._is_fresh = False
            if self._newest is not None:
                self._shown = self._newest
            return self._buffers[self._shown].image if self._shown is not None else None


def fitted(picture: QSize, bound: QSize | None) -> QSize:
    """`picture`, made smaller to lie within `bound`, even and at least 2 in each direction."""
    size = QSize(picture)
    if bound is not None and (size.width() > bound.width() or size.height() > bound.height()):
        size.scale(bound, Qt.AspectRatioMode.KeepAspectRatio)
    return QSize(max(2, size.width() // 2 * 2), max(2, size.height() // 2 * 2))
