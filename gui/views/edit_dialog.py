"""The form of one video: title, description, tags."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from gui import theme
from gui.views.buttons import PlainButton, PrimaryButton
from gui.views.texts import PlainLabel
from hub.library.types import VideoDetail, VideoPatch


class EditDialog(QDialog):
    """Asks for a patch of what was changed, and stays until it was stored."""

    save_requested = Signal(object)
    """A `VideoPatch` that names the changed fields alone: an edited field is never overwritten by a scan."""

    def __init__(self, video: VideoDetail, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Edit"))
        self.resize(480, 380)
        self._video = video
        self._title = QLineEdit(video.title)
        self._description = QPlainTextEdit(video.description)
        self._description.setTabChangesFocus(True)
        self._tags = QLineEdit(", ".join(video.tags))
        self._tags.setPlaceholderText(self.tr("Separated by commas"))
        self._problem = PlainLabel()
        self._problem.setObjectName("problem")
        self._problem.setWordWrap(True)
        self._problem.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.L, theme.L, theme.L, theme.L)
        column.setSpacing(theme.XS)
        for words, field in (
            (self.tr("Title"), self._title),
            (self.tr("Description"), self._description),
            (self.tr("Tags"), self._tags),
        ):
            label = PlainLabel(words)
            label.setObjectName("muted")
            label.setBuddy(field)
            field.setAccessibleName(words)
            column.addWidget(label)
            column.addWidget(field)
            column.addSpacing(theme.S)
        column.addWidget(self._problem)
        column.addLayout(self._buttons())
        self._title.selectAll()
        self._title.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_error(self, sentence: str) -> None:
        """Say why it was not stored, and let it be changed."""
        self._problem.setText(sentence)
        self._problem.show()
        self._save.setEnabled(True)

    def _buttons(self) -> QHBoxLayout:
        self._save = PrimaryButton(self.tr("Save"))
        self._save.setDefault(True)
        self._save.clicked.connect(self._submit)
        cancel = PlainButton(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(theme.S)
        row.addStretch()
        row.addWidget(cancel)
        row.addWidget(self._save)
        return row

    def _submit(self) -> None:
        patch = self._patch()
        if patch == VideoPatch():
            self.accept()
            return
        self._save.setEnabled(False)
        self.save_requested.emit(patch)

    def _patch(self) -> VideoPatch:
        patch, video = VideoPatch(), self._video
        # A line edit shows line breaks as spaces, so what was typed is compared with what it showed at first.
        if self._title.isModified():
            patch = msgspec.structs.replace(patch, title=self._title.text().strip())
        if self._description.toPlainText() != video.description and self._description.document().isModified():
            patch = msgspec.structs.replace(patch, description=self._description.toPlainText())
        if self._tags.isModified():
            tags = dict.fromkeys(tag.strip() for tag in self._tags.text().split(",") if tag.strip())
            patch = msgspec.structs.replace(patch, tags=list(tags))
        return patch
