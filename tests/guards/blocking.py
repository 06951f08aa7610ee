"""Blocking calls that Marquee's own code makes on an event loop, found at run time by blockbuster."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import ModuleType

import sqlalchemy
from blockbuster import BlockBuster, BlockBusterFunction, blockbuster

# Functions under which any call may block: (end of the file name, function), each with its reason. blockbuster itself
# allows what asyncio does at the start and the end of a server.
ALLOWED = (
    # Importing reads files; each module once, lazily loaded ones at their first use.
    ("<frozen importlib._bootstrap>", "_find_and_load"),
    # sendfile to a socket that does not block, as asyncio's own loop.sendfile makes it.
    ("server/sending.py", "_send_pages"),
    # With Qt in the test process, shiboken reads the source of every module that is imported.
    ("shibokensupport/signature/loader.py", "feature_imported"),
    # In a test, records go to pytest's buffers; the program itself hands them to a listener thread.
    ("logging/__init__.py", "emit"),
    # Making an engine asks for the working directory and opens nothing.
    ("sqlalchemy/dialects/sqlite/pysqlite.py", "create_connect_args"),
)


@dataclass
class BlockingWatch:
    """Finds blocking calls with a frame of our own packages on the stack and an event loop running."""

    found: list[str] = field(default_factory=list)
    _watch: BlockBuster | None = None

    def install(self, packages: Iterable[str]) -> None:
        """Start watching the code of `packages`; stays until `remove`."""
        found = self.found

        class NotedBlockingError(blockbuster.BlockingError):
            # Code under test may catch the exception; the note makes the test fail all the same.
            def __init__(self, func: str) -> None:
                super().__init__(func)
                found.append(func)

        blockbuster.BlockingError = NotedBlockingError  # type: ignore[misc]
        scanned = [module for name in packages if (module := _package(name)) is not None]
        if not scanned:
            return
        # The loop thread's own frame lies under everything that runs on it, other people's code included.
        excluded = [m for m in [_package("hub.runtime.loop")] if m is not None]
        watch = BlockBuster(scanned, excluded_modules=excluded)
        for owner, name in (
            (sqlalchemy.engine.Connection, "_execute_context"),
            (sqlalchemy.engine.Connection, "_commit_impl"),
            (sqlalchemy.engine.Engine, "connect"),
        ):
            watch.functions[f"sqlalchemy.{owner.__name__}.{name}"] = BlockBusterFunction(
                owner, name, scanned_modules=scanned, excluded_modules=excluded
            )
        for function in watch.functions.values():
            for filename, name in ALLOWED:
                function.can_block_in(filename, name)
        watch.activate()
        self._watch = watch

    def remove(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.deactivate()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """No watching inside the block."""
        if self._watch is None:
            yield
            return
        self._watch.deactivate()
        try:
            yield
        finally:
            self._watch.activate()

    def take(self) -> list[str]:
        """The calls found since the last call, one line each."""
        lines = [f"blocking call on the event loop: {name}" for name in self.found]
        self.found.clear()
        return lines


def _package(name: str) -> ModuleType | None:
    with suppress(ModuleNotFoundError):
        return importlib.import_module(name)
    return None
