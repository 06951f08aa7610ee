"""The few thousand videos the window knows by heart; the rest is fetched a page at a time when it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from cachetools import LRUCache
from PySide6.QtCore import QObject, QTimer, Signal

from gui.operations import library as operations
from gui.session import Runner
from hub.errors import HubError
from hub.library.types import Video

PAGE_ROWS = 128
CACHED_PAGES = 64
MAX_WAITING = 4
"""Pages asked for while others are under way; beyond, the oldest has been scrolled past."""
MAX_UNDER_WAY = 2
GATHER_MS = 100
"""How long changes are gathered: a scan reports them by the hundred."""


class VideoCache(QObject):
    """Videos by id, least recently used ones forgotten, missing ones fetched with their whole page."""

    arrived = Signal(list)
    """Ids whose video is known now (or known anew)."""
    failed = Signal(object)
    """A page could not be read: the `HubError`."""

    def __init__(
        self, runner: Runner, page_ids: Callable[[int], Sequence[str]], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._runner = runner
        self._page_ids = page_ids
        self._videos: LRUCache[str, Video] = LRUCache(PAGE_ROWS * CACHED_PAGES)
        self._waiting: list[int] = []
        self._under_way: set[int] = set()
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._fetch_waiting)
        self._outdated: set[str] = set()
        self._refresh_timer = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._refresh_timer.timeout.connect(self._fetch_outdated)

    def get(self, video_id: str) -> Video | None:
        """The video, if it is known."""
        return self._videos.get(video_id)

    def want(self, row: int) -> None:
        """Fetch the page of `row`; the page asked for last comes first."""
        page = row // PAGE_ROWS
        if page in self._under_way:
            return
        if page in self._waiting:
            self._waiting.remove(page)
        self._waiting.append(page)
        del self._waiting[:-MAX_WAITING]
        if not self._timer.isActive():
            self._timer.start()

    def refresh(self, ids: Iterable[str]) -> None:
        """Fetch those of `ids` again that are known; the others are not looked at."""
        self._outdated.update(video_id for video_id in ids if video_id in self._videos)
        if self._outdated and not self._refresh_timer.isActive():
            self._refresh_timer.start()

    def forget(self, ids: Iterable[str]) -> None:
        """Drop what is known of these."""
        for video_id in ids:
            self._videos.pop(video_id, None)

    def _fetch_outdated(self) -> None:
        outdated = sorted(self._outdated)
        self._outdated.clear()
        for start in range(0, len(outdated), PAGE_ROWS):
            part = outdated[start : start + PAGE_ROWS]
            self._runner.run(operations.videos(part), context=self, on_result=self._store)

    def _fetch_waiting(self) -> None:
        while self._waiting and len(self._under_way) < MAX_UNDER_WAY:
            page = self._waiting.pop()
            missing = [video_id for video_id in self._page_ids(page) if video_id not in self._videos]
            if missing:
                self._fetch(page, missing)

    def _fetch(self, page: int, ids: list[str]) -> None:
        self._under_way.add(page)

        def done(videos: list[Video]) -> None:
            self._under_way.discard(page)
            self._store(videos)
            self._fetch_waiting()

        def failed(error: HubError) -> None:
            # The placeholders stay; looking at them again asks again.
            self._under_way.discard(page)
            self.failed.emit(error)

        self._runner.run(operations.videos(ids), context=self, on_result=done, on_error=failed)

    def _store(self, videos: list[Video]) -> None:
        for video in videos:
            self._videos[video.id] = video
        if videos:
            self.arrived.emit([video.id for video in videos])
