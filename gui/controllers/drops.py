"""What a drop onto the window means.

A folder becomes a library folder. A file is not copied anywhere: one may play it at once, or add the folder it is in.
Anything that is neither a folder nor a media file is refused in words.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QMimeDatabase, QObject, QUrl, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from gui.views.texts import PlainMessageBox, button_text


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


class Drops(QObject):
    """Asks where a drop leaves a choice, and emits what is to be done."""

    add_requested = Signal(list)
    """Folders as `Path`s."""
    play_requested = Signal(object)
    """A file, by the bytes of its path."""
    said = Signal(str)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window

    def take(self, urls: Sequence[QUrl]) -> None:
        """Somebody dropped these."""
        drop = sort_drop(urls)
        if drop.folders:
            self.add_requested.emit(drop.folders)
        elif drop.media:
            self._ask(drop.media, drop.parents)
        elif drop.other:
            self.said.emit(
                self.tr("“{}” is neither a folder nor a video or sound file.").format(drop.other[0])
            )

    def _ask(self, files: list[Path], parents: list[Path]) -> None:
        is_one = len(files) == 1
        box = PlainMessageBox(self._window)
        what = self.tr("“{}”").format(files[0].name) if is_one else self.tr("{} files").format(len(files))
        box.setText(self.tr("What shall be done with {}?").format(what))
        box.setInformativeText(
            self.tr(
                "Marquee never copies files: it reads whole folders where they are and follows what changes in them."
            )
        )
        play = box.addButton(self.tr("Play now"), QMessageBox.ButtonRole.AcceptRole) if is_one else None
        text = (
            self.tr("Add the folder “{}”").format(parents[0].name or parents[0])
            if len(parents) == 1
            else self.tr("Add their {} folders").format(len(parents))
        )
        add = box.addButton(button_text(text), QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)

        def clicked(button: object) -> None:
            if button is add:
                self.add_requested.emit(parents)
            elif play is not None and button is play:
                self.play_requested.emit(os.fsencode(files[0]))

        box.buttonClicked.connect(clicked)
        box.finished.connect(box.deleteLater)
        box.open()


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
