"""What a drop onto the window means.

A folder becomes a library folder. A file is not copied anywhere: one may play it at once, or add the folder it is in.
Anything that is neither a folder nor a media file is refused in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QMimeDatabase, QUrl


@dataclass(frozen=True, slots=True)
class Drop:
    """A drop, sorted."""

    folders: list[Path] = field(default_factory=list)
    media: list[Path] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    """Names of what cannot be used."""

    @property
    def parents(self) -> list[Path]:
        """The folders the media files are in, each once."""
        return list(dict.fromkeys(path.parent for path in self.media))


def sort_drop(urls: Sequence[QUrl]) -> Drop:
    """Tell folders, media files and everything else apart."""
    drop = Drop()
    for url in urls:
        path = Path(url.toLocalFile())
        if not url.isLocalFile():
            drop.other.append(url.toDisplayString())
        elif path.is_dir():
            drop.folders.append(path)
        elif path.is_file() and is_media(path):
            drop.media.append(path)
        else:
            drop.other.append(path.name or str(path))
    return drop


def is_media(path: Path) -> bool:
    """Whether the file's name (or, when that says nothing, its content) speaks of video or sound."""
    kind = QMimeDatabase().mimeTypeForFile(str(path)).name()
    return kind.startswith(("video/", "audio/")) or kind == "application/vnd.rn-realmedia"
