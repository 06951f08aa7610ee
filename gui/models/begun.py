"""What the viewer has begun and not watched to the end, as a short list model."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer

from gui.models.library import Role
from gui.operations import playback as operations
from gui.session import Runner
from hub.events import Event, PositionChanged, VideosAdded, VideosChanged, VideosRemoved
from hub.library.types import Video

MOST = 12
GATHER_MS = 500
"""How long events are gathered: a scan reports by the hundred, every player every few seconds."""

NO_INDEX = QModelIndex()


class BegunModel(QAbstractListModel):
    """The videos watched last first, no more of them than a view has room for."""

    def __init__(self, runner: Runner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._videos: list[Video] = []
        self._room = MOST
        self._timer = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._timer.timeout.connect(self.load)

    def load(self) -> None:
        """Read the list."""
        # Where it cannot be read there is nothing to go on with; the library below says why.
        self._runner.run(
            operations.continue_watching(MOST), context=self, on_result=self._take, on_error=lambda _: None
        )

    def handle(self, event: Event) -> None:
        """Follow the hub's events."""
        concerns = isinstance(event, PositionChanged | VideosAdded | VideosChanged | VideosRemoved)
        if concerns and not self._timer.isActive():
            self._timer.start()

    def set_room(self, count: int) -> None:
        """List this many at most."""
        count = min(MOST, count)
        if count != self._room:
            self.beginResetModel()
            self._room = count
            self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = NO_INDEX) -> int:
        return 0 if parent.isValid() else min(self._room, len(self._videos))

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if not index.isValid() or index.row() >= self.rowCount():
            return None
        video = self._videos[index.row()]
        match role:
            case Role.VIDEO:
                return video
            case Role.ID:
                return video.id
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return video.title
            case _:
                return None

    def row_of(self, video_id: str) -> int | None:
        """Where a video is listed."""
        return next((row for row, one in enumerate(self._videos) if one.id == video_id), None)

    def _take(self, videos: list[Video]) -> None:
        if videos != self._videos:
            self.beginResetModel()
            self._videos = videos
            self.endResetModel()
