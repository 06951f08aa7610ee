"""The library's folders: what they hold, what is wrong with them; add, remove, rescan."""

from __future__ import annotations

from PySide6.QtCore import QDateTime, QLocale, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gui import figures, icons, theme
from gui.views.buttons import IconButton, PlainButton, PrimaryButton
from gui.views.texts import ElidedLabel, PlainLabel
from hub.library.types import Folder


class FoldersDialog(QDialog):
    """Shows folders and asks for changes; `show_folders` brings it up to date."""

    add_requested = Signal()
    remove_requested = Signal(object)
    """A `Folder`."""
    rescan_requested = Signal(object)
    """A list of folder ids, or None for all."""
    report_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Library folders"))
        self.resize(640, 420)
        self._rows = QVBoxLayout()
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(theme.S)
        inner = QWidget()
        inner.setObjectName("page")
        inner.setLayout(self._rows)
        area = QScrollArea()
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        add = PrimaryButton(self.tr("Add a folder"), "add")
        add.clicked.connect(self.add_requested)
        rescan = PlainButton(self.tr("Scan all again"), "refresh")
        rescan.clicked.connect(lambda: self.rescan_requested.emit(None))
        report = PlainButton(self.tr("Scan report"))
        report.clicked.connect(self.report_requested)
        close = PlainButton(self.tr("Close"))
        close.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.S)
        for button in (add, rescan, report):
            buttons.addWidget(button)
        buttons.addStretch()
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.L, theme.L, theme.L, theme.L)
        column.setSpacing(theme.M)
        column.addWidget(area, 1)
        column.addLayout(buttons)

    def show_folders(self, folders: list[Folder]) -> None:
        """Show these."""
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        if not folders:
            words = PlainLabel(self.tr("No folder yet. Files stay where they are; Marquee only reads them."))
            words.setObjectName("muted")
            self._rows.addWidget(words)
        for folder in folders:
            row = FolderRow(folder)
            row.remove.clicked.connect(lambda _=False, folder=folder: self.remove_requested.emit(folder))
            row.rescan.clicked.connect(lambda _=False, folder=folder: self.rescan_requested.emit([folder.id]))
            self._rows.addWidget(row)
        self._rows.addStretch(1)


class FolderRow(QFrame):
    """One folder with its figures."""

    def __init__(self, folder: Folder, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        sign = PlainLabel()
        color = theme.colors().danger if folder.problem else theme.colors().accent
        sign.setPixmap(icons.pixmap("warning" if folder.problem else "folder", QSize(24, 24), color))
        path = ElidedLabel()
        path.set_text(folder.path)
        path.setObjectName("address")
        facts = PlainLabel(self._facts(folder))
        facts.setObjectName("muted")
        text = QVBoxLayout()
        text.setSpacing(2)
        text.addWidget(path)
        text.addWidget(facts)
        if folder.problem:
            problem = PlainLabel(folder.problem)
            problem.setObjectName("problem")
            problem.setWordWrap(True)
            text.addWidget(problem)
        self.rescan = IconButton("refresh", self.tr("Scan this folder again"))
        self.remove = IconButton("remove", self.tr("Remove this folder from the library"))
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.M, theme.M, theme.S, theme.M)
        row.setSpacing(theme.M)
        row.addWidget(sign, alignment=Qt.AlignmentFlag.AlignTop)
        row.addLayout(text, 1)
        row.addWidget(self.rescan)
        row.addWidget(self.remove)

    def _facts(self, folder: Folder) -> str:
        facts = [
            self.tr("1 video")
            if folder.videos == 1
            else self.tr("{} videos").format(figures.count(folder.videos))
        ]
        if folder.missing:
            facts.append(self.tr("{} missing").format(figures.count(folder.missing)))
        if folder.last_scan_at is None:
            facts.append(self.tr("not scanned yet"))
        else:
            when = QLocale().toString(
                QDateTime.fromMSecsSinceEpoch(round(folder.last_scan_at.timestamp() * 1000)),
                QLocale.FormatType.ShortFormat,
            )
            facts.append(self.tr("scanned {}").format(when))
        return "  ·  ".join(facts)
