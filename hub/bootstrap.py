"""The composition root: builds a hub, starts it in order, closes it in reverse.

The order, each step resting on those before it:

1. data folder made, then locked (one hub per folder);
2. database: upgraded if need be, then reader pool and writer thread;
3. media pool: no process yet, they are started when there is work;
4. accounts: the owner's row, the first-run code, the local token;
5. streams: nothing runs yet, but what is kept of earlier ones is listed in the background;
6. folders, positions, thumbnails, what is derived, renditions, scans, demo: most register a kind of job;
7. jobs: what was interrupted waits again, the runners begin;
8. the folder watcher, which asks for scans.

A failing step closes what was already started and raises. Whoever serves or shows the hub (`server/`, `gui/`) does so
around it: started after it, closed before it.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from contextlib import AsyncExitStack
from typing import Protocol

from hub.accounts.service import AccountService
from hub.config import Settings
from hub.db.engine import Database, keep_database_private, open_engine
from hub.db.upgrade import upgrade_database
from hub.events import EventBus
from hub.jobs.service import JobService
from hub.library.captions import CaptionService
from hub.library.catalogue import LibraryService
from hub.library.demo import DemoService
from hub.library.derived import DerivedService
from hub.library.folders import FolderService
from hub.library.positions import PositionService
from hub.library.renditions import RenditionService
from hub.library.scanner import ScanService
from hub.library.storyboards import StoryboardService
from hub.library.thumbnails import ThumbnailService
from hub.library.watcher import FolderWatcher
from hub.media.pool import MediaPool
from hub.media.process import patient_worker_command
from hub.media.stream.premade import Premaker
from hub.media.stream.service import StreamService
from hub.paths import Paths
from hub.runtime.instance import FolderLock
from hub.runtime.tasks import to_the_end

log = logging.getLogger(__name__)


class Service(Protocol):
    """The two doors of every subsystem."""

    async def start(self) -> None:
        """Get ready; what it rests on has started."""

    async def close(self) -> None:
        """End everything it started; what it rests on is still there."""


class Hub:
    """Everything Marquee can do, on one data folder. All services are used from the loop that ran `start`."""

    def __init__(self, settings: Settings, paths: Paths) -> None:
        self.settings = settings
        self.paths = paths
        self.events = EventBus()
        self._lock = FolderLock(paths)
        self.db = Database(open_engine(settings.database.url or f"sqlite:///{paths.database_file}"))
        self.media = MediaPool(settings.media.workers or None)
        self.streams = StreamService(
            paths.segments,
            self.media,
            cache_bytes=settings.streaming.cache_bytes,
            most_sessions=settings.streaming.conversions,
        )
        self.accounts = AccountService(self.db, self.events, limits_enabled=settings.limits.enabled)
        self.jobs = JobService(self.db, self.events)
        self.folders = FolderService(self.db, self.events, data_folder=paths.root, demo_folder=paths.demo)
        self.background_media = MediaPool(1, command=patient_worker_command)
        self.derived = DerivedService(self.db, self.events, self.jobs, self.background_media, paths.derived)
        self.thumbnails = ThumbnailService(self.db, self.events, self.jobs, self.media, paths.thumbs)
        self.scans = ScanService(self.db, self.events, self.jobs, self.media, self.folders)
        self.watcher = FolderWatcher(self.folders, self.scans, self.events)
        self.library = LibraryService(self.db, self.events, self.thumbnails)
        self.captions = CaptionService(self.db, self.events, self.derived, self.media)
        self.storyboards = StoryboardService(self.db, self.derived)
        self.renditions = RenditionService(
            self.events,
            self.jobs,
            self.accounts,
            self.library,
            self.derived,
            self.background_media,
            Premaker(self.streams, self.background_media),
            settings.streaming,
        )
        self.positions = PositionService(self.db, self.events)
        self.demo = DemoService(self.jobs, self.media, self.folders, self.scans, paths.demo)
        self._opened = AsyncExitStack()

    async def start(self) -> None:
        """Start every service in order. DataFolderError and its kin when the folder or database cannot be used."""
        opened = AsyncExitStack()
        try:
            await self._start(opened)
        except BaseException:
            await to_the_end(opened.aclose())
            raise
        self._opened = opened
        log.info("the hub on %s has started", self.paths.root)

    async def _start(self, opened: AsyncExitStack) -> None:
        # Released last: until the database is closed nobody else may use the folder. Harmless if never taken.
        opened.callback(self._lock.release)
        # The threads exist from construction on, so they are ended even when the first step fails.
        opened.push_async_callback(self.db.close)
        await asyncio.to_thread(self._take_folder)
        await asyncio.to_thread(upgrade_database, self.db.engine, self.paths.backups)
        services: list[Service] = [
            self.media,
            self.background_media,
            self.accounts,
            self.streams,
            self.folders,
            self.positions,
            self.thumbnails,
            self.derived,
            self.renditions,
            self.scans,
            self.demo,
            self.jobs,
        ]
        if self.settings.library.watch:
            services.append(self.watcher)
        for service in services:
            await service.start()
            opened.push_async_callback(service.close)
        # What is there now (code, the tables' mappings) stays. A full round of the garbage collector through it holds
        # up the loop for 50 to 100 ms; without it for about one.
        gc.collect()
        gc.freeze()
        opened.callback(gc.unfreeze)

    async def close(self) -> None:
        """Close in reverse. Safe to call twice, and after a failed start."""
        await self._opened.aclose()

    def _take_folder(self) -> None:
        self.paths.create()
        self._lock.acquire()
        if self.db.is_sqlite:
            keep_database_private(self.db.engine.url)
