"""What the window remembers between starts, in the data folder: its place, the order of the list, volume, captions."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from hub.library.types import Order, VideoQuery, VideoSort


class Preferences:
    """Typed access to `window.ini`; a value that makes no sense counts as not there."""

    def __init__(self, file: Path) -> None:
        self._settings = QSettings(str(file), QSettings.Format.IniFormat)

    def save(self) -> None:
        """Write to disk now."""
        self._settings.sync()

    @property
    def geometry(self) -> QByteArray | None:
        """Size and place of the window."""
        value = self._settings.value("window/geometry")
        return value if isinstance(value, QByteArray) else None

    @geometry.setter
    def geometry(self, value: QByteArray) -> None:
        self._settings.setValue("window/geometry", value)

    @property
    def query(self) -> VideoQuery:
        """The order of the library list."""
        try:
            order = str(self._settings.value("library/order", ""))
            return VideoQuery(
                sort=VideoSort(str(self._settings.value("library/sort", VideoSort.ADDED))),
                order=Order(order) if order else None,
            )
        except ValueError:
            return VideoQuery()

    @query.setter
    def query(self, value: VideoQuery) -> None:
        self._settings.setValue("library/sort", value.sort.value)
        self._settings.setValue("library/order", value.order.value if value.order else "")

    @property
    def volume(self) -> int:
        """0 to 100."""
        return max(0, min(100, self._number("player/volume", 100)))

    @volume.setter
    def volume(self, value: int) -> None:
        self._settings.setValue("player/volume", value)

    @property
    def shows_captions(self) -> bool:
        """Whether captions are on when a video has some."""
        return self._number("player/captions", 0) == 1

    @shows_captions.setter
    def shows_captions(self, value: bool) -> None:
        self._settings.setValue("player/captions", int(value))

    @property
    def hides_setup(self) -> bool:
        """Whether the first-run card was put away."""
        return self._number("window/hides_setup", 0) == 1

    @hides_setup.setter
    def hides_setup(self, value: bool) -> None:
        self._settings.setValue("window/hides_setup", int(value))

    def _number(self, key: str, default: int) -> int:
        try:
            return int(str(self._settings.value(key, default)))
        except ValueError:
            return default
