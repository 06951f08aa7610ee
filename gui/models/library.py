"""The library as a list model: all ids in order, and a few pages of videos.

100,000 rows cost one list of ids; a video is fetched when a view asks for its row. Changes of the catalogue arrive as
events, are gathered for a moment and applied as removals, insertions and at most one permutation, so that selection,
current item and scroll position of every view survive.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal

from gui import figures
from gui.bridge import Call
from gui.models.changes import Change, Insert, Permute, Remove
from gui.models.video_cache import GATHER_MS, PAGE_ROWS, VideoCache
from gui.operations import library as operations
from gui.session import Runner
from hub.errors import HubError
from hub.events import Event, PositionChanged, VideosAdded, VideosChanged, VideosRemoved
from hub.library.types import Video, VideoQuery, VideoSort

AnyIndex = QModelIndex | QPersistentModelIndex
NO_INDEX = QModelIndex()


class Role(IntEnum):
    """Data roles of the model."""

    VIDEO = Qt.ItemDataRole.UserRole
    """The `Video`, or None while it is being fetched."""
    ID = Qt.ItemDataRole.UserRole + 1


class LibraryModel(QAbstractListModel):
    """All videos in the order of a query."""

    listed = Signal()
    """The list is there (again) after `set_query`."""
    about_to_change = Signal()
    changed = Signal()
    """Around every change of the rows, so that a view can stay where it is."""
    failed = Signal(object)
    """Something could not be read: the `HubError`."""

    def __init__(self, runner: Runner, query: VideoQuery, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._query = query
        self._ids: list[str] = []
        self._rows: dict[str, int] | None = None
        self._hidden: frozenset[str] = frozenset()
        self._is_listed = False
        self._is_stale = False
        self._started_at = 0.0
        self._listing: Call[list[Change]] | None = None
        self._videos = VideoCache(runner, self._page_ids, self)
        self._videos.arrived.connect(self._show)
        self._videos.failed.connect(self.failed)
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.refresh)

    # What a view reads

    def rowCount(self, parent: AnyIndex = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._ids)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = index.row()
        if not 0 <= row < len(self._ids):
            return None
        if role == Role.ID:
            return self._ids[row]
        video = self._videos.get(self._ids[row])
        if video is None:
            self._videos.want(row)
            return None
        if role == Role.VIDEO:
            return video
        if role == Qt.ItemDataRole.DisplayRole:
            return video.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(filter(None, [video.title, video.channel, figures.duration(video.duration_s)]))
        return None

    @property
    def is_listed(self) -> bool:
        """True once the list is known, empty or not."""
        return self._is_listed

    @property
    def query(self) -> VideoQuery:
        """What is listed, in which order."""
        return self._query

    def id_at(self, row: int) -> str | None:
        """The id in `row`."""
        return self._ids[row] if 0 <= row < len(self._ids) else None

    def row_of(self, video_id: str) -> int | None:
        """The row of a video."""
        if self._rows is None:
            self._rows = {listed: row for row, listed in enumerate(self._ids)}
        return self._rows.get(video_id)

    def video(self, video_id: str) -> Video | None:
        """The video, if it is known without asking."""
        return self._videos.get(video_id)

    # What changes it

    def set_query(self, query: VideoQuery) -> None:
        """List something else, or in another order."""
        self._query = query
        if self._listing is not None:
            self._listing.cancel()
            self._listing = None
        self.beginResetModel()
        self._ids, self._rows, self._is_listed = [], None, False
        self.endResetModel()
        self.refresh()

    def hide(self, ids: Iterable[str]) -> None:
        """Leave these out at once, before the catalogue knows."""
        self._hidden |= set(ids)
        self._leave_out_hidden()
        self.refresh()

    def unhide(self, ids: Iterable[str]) -> None:
        """Show them again, if the catalogue still has them."""
        self._hidden -= set(ids)
        self.refresh()

    def handle(self, event: Event) -> None:
        """Follow the hub's events."""
        match event:
            case VideosAdded():
                self._gather_changes()
            case VideosRemoved(ids=ids):
                self._videos.forget(ids)
                self._gather_changes()
            case VideosChanged(ids=ids):
                self._videos.refresh(ids)
                if self._query.sort is not VideoSort.ADDED:  # nothing else a list is sorted by stays for ever
                    self._gather_changes()
            case PositionChanged(video_id=video_id):
                self._videos.refresh([video_id])
            case _:
                pass

    def refresh(self) -> None:
        """Read the list again. Only one reading is under way at a time; a wish meanwhile is kept."""
        if self._listing is not None:
            self._is_stale = True
            return
        self._is_stale = False
        self._started_at = time.monotonic()
        self._listing = self._runner.run(
            operations.list_changes(self._query, tuple(self._ids), self._hidden),
            context=self,
            on_result=self._apply,
            on_error=self._could_not_list,
        )

    def _gather_changes(self) -> None:
        if self._listing is not None:
            self._is_stale = True
        elif not self._gather.isActive():
            self._gather.start(GATHER_MS)

    def _apply(self, changes: Sequence[Change]) -> None:
        self._listing = None
        first_time, self._is_listed = not self._is_listed, True
        self._change_rows(changes)
        if first_time:
            self.listed.emit()
        if self._is_stale:
            # A big library takes longer to read; it is then read less often, never back to back.
            took_ms = int((time.monotonic() - self._started_at) * 1000)
            self._gather.start(max(GATHER_MS, 2 * took_ms))

    def _could_not_list(self, error: HubError) -> None:
        self._listing = None
        self.failed.emit(error)

    def _leave_out_hidden(self) -> None:
        rows = sorted((row for i in self._hidden if (row := self.row_of(i)) is not None), reverse=True)
        if self._listing is not None:
            self._listing.cancel()
            self._listing = None
        self._change_rows([Remove(row, row) for row in rows])

    def _change_rows(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        self.about_to_change.emit()
        for change in changes:
            self._rows = None
            match change:
                case Remove(first=first, last=last):
                    self.beginRemoveRows(NO_INDEX, first, last)
                    del self._ids[first : last + 1]
                    self.endRemoveRows()
                case Insert(row=row, ids=ids):
                    self.beginInsertRows(NO_INDEX, row, row + len(ids) - 1)
                    self._ids[row:row] = ids
                    self.endInsertRows()
                case Permute(ids=ids):
                    self._permute(ids)
        self._rows = None
        self.changed.emit()

    def _permute(self, ids: list[str]) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        kept = [self._ids[index.row()] for index in before]
        self._ids, self._rows = list(ids), None
        after = [self.index(row) if (row := self.row_of(i)) is not None else QModelIndex() for i in kept]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _show(self, ids: Sequence[str]) -> None:
        rows = sorted(row for video_id in ids if (row := self.row_of(video_id)) is not None)
        if rows:
            self.dataChanged.emit(self.index(rows[0]), self.index(rows[-1]))

    def _page_ids(self, page: int) -> Sequence[str]:
        return self._ids[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]
