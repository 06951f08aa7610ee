"""Pictures for the grid: decoded off the window's thread, the one looked at last first, at exactly the size shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cachetools import LRUCache
from PySide6.QtCore import QObject, QRectF, QRunnable, QSize, Qt, QThreadPool, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QImageReader, QPainter, QPainterPath, QPixmap

from gui.operations import library as operations
from gui.operations.library import PictureWanted
from gui.session import Runner
from hub.library.types import Video

CACHE_BYTES = 96 * 1024 * 1024
MAX_WAITING = 96
"""More than any window shows at once; what waits beyond has been scrolled past."""
LOOKUP_BATCH = 16
DECODERS = 2
SETTLE_MS = 120
"""Another size of a picture that is there is made only once the window has stopped being resized."""
FALLBACK_COLOR = "#2b2b31"


@dataclass(frozen=True, slots=True)
class _Entry:
    pixmap: QPixmap
    wanted: PictureWanted

    @property
    def size_bytes(self) -> int:
        return self.pixmap.width() * self.pixmap.height() * 4


@dataclass(frozen=True, slots=True)
class Frame:
    """How a picture is framed: corner radius in device pixels and device pixel ratio."""

    radius: float
    ratio: float


@dataclass(frozen=True, slots=True)
class _Request:
    wanted: PictureWanted
    frame: Frame
    color: str
    number: int
    """Later requests have higher ones."""


class Thumbnails(QObject):
    """A bounded store of decoded pictures that fetches what it is asked for."""

    ready = Signal(str)
    """The picture of this video can be had now."""

    _finished = Signal(object, QImage)

    def __init__(self, runner: Runner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._pictures: LRUCache[str, _Entry] = LRUCache(
            CACHE_BYTES, getsizeof=lambda entry: entry.size_bytes
        )
        self._requests = 0
        self._waiting: dict[PictureWanted, _Request] = {}
        self._to_decode: list[tuple[_Request, Path]] = []
        self._decoding: dict[PictureWanted, _Decode] = {}
        self._claimed: set[PictureWanted] = set()
        """Looked up or being decoded: no longer waiting, not there yet."""
        self._absent: set[tuple[str, int]] = set()
        self._is_looking_up = False
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(DECODERS)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._look_up)
        self._finished.connect(self._decoded, Qt.ConnectionType.QueuedConnection)

    def get(self, video: Video, width: int, frame: Frame) -> QPixmap | None:
        """The video's picture, `width` device pixels wide if that has been made, else another size or None."""
        if video.thumb_version is None:
            return None
        wanted = PictureWanted(video.id, video.thumb_version, width)
        entry = self._pictures.get(video.id)
        if entry is None or entry.wanted != wanted:
            self._want(wanted, frame, video.thumb_color or FALLBACK_COLOR, urgent=entry is None)
        return entry.pixmap if entry else None

    def close(self) -> None:
        """Wait for the decoders; each is at most one picture from its end."""
        self._waiting.clear()
        self._to_decode.clear()
        self._pool.waitForDone()

    def _want(self, wanted: PictureWanted, frame: Frame, color: str, *, urgent: bool) -> None:
        if wanted in self._claimed or (wanted.video_id, wanted.version) in self._absent:
            return
        self._waiting.pop(wanted, None)
        self._requests += 1
        self._waiting[wanted] = _Request(wanted, frame, color, self._requests)
        while len(self._waiting) > MAX_WAITING:
            del self._waiting[next(iter(self._waiting))]
        if not urgent:
            self._timer.start(SETTLE_MS)
        elif not self._timer.isActive():
            self._timer.start(0)

    def _look_up(self) -> None:
        if self._is_looking_up or not self._waiting or len(self._to_decode) >= LOOKUP_BATCH:
            return
        latest = list(self._waiting)[-LOOKUP_BATCH:]
        looked_up = {wanted: self._waiting.pop(wanted) for wanted in latest}
        self._claimed.update(latest)
        self._is_looking_up = True

        def found(paths: dict[PictureWanted, Path]) -> None:
            self._is_looking_up = False
            for wanted, request in looked_up.items():
                if wanted in paths:
                    self._to_decode.append((request, paths[wanted]))
                else:
                    self._claimed.discard(wanted)
                    self._absent.add((wanted.video_id, wanted.version))
            self._start_decoding()
            self._look_up()

        def failed(_: object) -> None:
            # They are asked for again when they are painted again.
            self._is_looking_up = False
            self._claimed.difference_update(latest)

        self._runner.run(operations.thumbnail_paths(latest), context=self, on_result=found, on_error=failed)

    def _start_decoding(self) -> None:
        while self._to_decode and len(self._decoding) < DECODERS:
            request, path = latest = max(self._to_decode, key=lambda item: item[0].number)
            self._to_decode.remove(latest)
            self._decoding[request.wanted] = task = _Decode(path, request, self._finished.emit)
            self._pool.start(task)

    def _decoded(self, request: _Request, image: QImage) -> None:
        wanted = request.wanted
        del self._decoding[wanted]
        self._claimed.discard(wanted)
        if image.isNull():
            self._absent.add((wanted.video_id, wanted.version))
        else:
            self._pictures[wanted.video_id] = _Entry(QPixmap.fromImage(image), wanted)
            self.ready.emit(wanted.video_id)
        self._start_decoding()
        self._look_up()


class _Decode(QRunnable):
    """Reads one picture and frames it."""

    def __init__(self, path: Path, request: _Request, finished: Callable[[_Request, QImage], None]) -> None:
        super().__init__()
        # The pool must not delete what Python still holds.
        self.setAutoDelete(False)
        self._path = path
        self._request = request
        self._finished = finished

    def run(self) -> None:
        request = self._request
        self._finished(request, framed(self._path, request.wanted.width, request.frame, request.color))


def framed(path: Path, width: int, frame: Frame, color: str) -> QImage:
    """The picture at `path` in a 16:9 frame with round corners; a null image when it cannot be read.

    As in the web client, an upright one is shown whole between bars, and any other fills the frame.
    """
    target = QSize(width, round(width * 9 / 16))
    reader = QImageReader(str(path))
    size = reader.size()
    if not size.isValid():
        return QImage()
    is_upright = size.height() > size.width()
    aspect = (
        Qt.AspectRatioMode.KeepAspectRatio if is_upright else Qt.AspectRatioMode.KeepAspectRatioByExpanding
    )
    reader.setScaledSize(size.scaled(target, aspect))
    picture = reader.read()
    if picture.isNull():
        return picture
    image = QImage(target, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    outline = QPainterPath()
    outline.addRoundedRect(QRectF(image.rect()), frame.radius, frame.radius)
    painter.fillPath(outline, bars_color(color))
    # SourceAtop keeps the outline's own smooth edge; a clip path would be jagged.
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceAtop)
    painter.drawImage(
        (target.width() - picture.width()) // 2, (target.height() - picture.height()) // 2, picture
    )
    painter.end()
    image.setDevicePixelRatio(frame.ratio)
    return image


def bars_color(average: str) -> QColor:
    """The colour beside a picture that does not fill its frame: the picture's own, darkened."""
    color = QColor(average)
    return QColor.fromHslF(max(0.0, color.hslHueF()), 0.5 * color.hslSaturationF(), 0.18)
