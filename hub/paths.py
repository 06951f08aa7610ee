"""Where a hub keeps its files: one data folder, everything below it."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_path

from hub.errors import DataFolderError
from hub.runtime.private import close_to_others


def default_data_folder() -> Path:
    """`MARQUEE_DATA`, or the platform's own place for application data."""
    named = os.environ.get("MARQUEE_DATA")
    return Path(named) if named else user_data_path("marquee", appauthor=False)


@dataclass(frozen=True, slots=True)
class Paths:
    """The layout of a data folder."""

    root: Path

    @property
    def config_file(self) -> Path:
        """The settings a person wrote."""
        return self.root / "config.toml"

    @property
    def database_file(self) -> Path:
        """The embedded database, unless `database.url` names another."""
        return self.root / "marquee.db"

    @property
    def lock_file(self) -> Path:
        """Held by the hub that uses this folder."""
        return self.root / "hub.lock"

    @property
    def instance_file(self) -> Path:
        """Address and local token of the running hub; readable by its owner only."""
        return self.root / "instance.json"

    @property
    def thumbs(self) -> Path:
        """Pictures made from videos; can be made again."""
        return self.root / "thumbs"

    @property
    def derived(self) -> Path:
        """Storyboards and text tracks made from videos; can be made again."""
        return self.root / "derived"

    @property
    def segments(self) -> Path:
        """Pieces of videos for players that cannot play them as they are; can be made again."""
        return self.root / "segments"

    @property
    def backups(self) -> Path:
        """Copies of the database from before each upgrade."""
        return self.root / "backups"

    @property
    def logs(self) -> Path:
        """Log files."""
        return self.root / "logs"

    @property
    def log_file(self) -> Path:
        """The newest of them."""
        return self.logs / "marquee.log"

    @property
    def demo(self) -> Path:
        """The demo library's clips."""
        return self.root / "demo"

    def create(self) -> None:
        """Make the folders, private to their owner. DataFolderError when that is not possible.

        A data folder that is there already keeps its mode: whoever made it may share more in it than this.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.thumbs, self.derived, self.segments, self.backups, self.logs):
                folder.mkdir(mode=0o700, exist_ok=True)
                close_to_others(folder)
            probe = self.root / f".writable-{os.getpid()}"
            probe.touch()
        except OSError as error:
            raise DataFolderError(
                f"The data folder {self.root} cannot be used: {error.strerror or error}. "
                "Choose another with --data or MARQUEE_DATA."
            ) from error
        with contextlib.suppress(FileNotFoundError):
            probe.unlink()
