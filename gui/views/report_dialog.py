"""The scan report: every file that was passed over, and why."""

from __future__ import annotations

import re
from collections import Counter

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.views.buttons import PlainButton, PrimaryButton
from gui.views.texts import PlainLabel, tool_tip
from hub.library.types import ScanProblem

MAX_DIGITS = 18
"""Of a number in a name: what follows is no number that anybody counts with."""


class _RowDelegate(QStyledItemDelegate):
    """Rows as high as the wrapped reason needs, with room around it."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        hint = super().sizeHint(option, index)
        table = self.parent()
        if index.column() == 1 and isinstance(table, QTreeWidget):
            room = QRect(0, 0, table.columnWidth(1) - 2 * theme.S, 10_000)
            text = str(index.data(Qt.ItemDataRole.DisplayRole))
            hint.setHeight(table.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, text).height())
        return QSize(hint.width(), hint.height() + 2 * theme.S)


def in_order(problems: list[ScanProblem]) -> list[ScanProblem]:
    """The report as one reads it: the same reason together, most frequent first; files in their natural order."""
    frequency = Counter(problem.reason for problem in problems)

    def key(problem: ScanProblem) -> tuple[int, str, list[tuple[int, str]]]:
        return -frequency[problem.reason], problem.reason, _natural(problem.path)

    return sorted(problems, key=key)


def _natural(text: str) -> list[tuple[int, str]]:
    """A key by which clip 9 comes before clip 10, however the system sorts."""
    parts = re.findall(r"([0-9]*)([^0-9]*)", text.casefold())
    return [(int(digits[:MAX_DIGITS]) if digits else -1, rest) for digits, rest in parts]


class ReportDialog(QDialog):
    """A table of `ScanProblem`s that can be copied whole."""

    def __init__(self, problems: list[ScanProblem], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Scan report"))
        self.resize(760, 420)
        self._problems = problems = in_order(problems)
        words = PlainLabel(
            self.tr(
                "Marquee passed over these files. They stay where they are and are tried again when they change."
            )
            if problems
            else self.tr("The last scans passed over nothing.")
        )
        words.setWordWrap(True)
        table = QTreeWidget()
        table.setRootIsDecorated(False)
        table.setWordWrap(True)
        table.setItemDelegate(_RowDelegate(table))
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        table.setHeaderLabels([self.tr("File"), self.tr("Why")])
        for problem in problems:
            row = QTreeWidgetItem([problem.path, problem.reason])
            for section in (0, 1):
                row.setToolTip(section, tool_tip(row.text(section)))
            table.addTopLevelItem(row)
        table.setColumnWidth(0, 280)
        table.header().sectionResized.connect(table.scheduleDelayedItemsLayout)
        table.setVisible(bool(problems))
        copy = PlainButton(self.tr("Copy"), "copy")
        copy.clicked.connect(self._copy)
        copy.setVisible(bool(problems))
        close = PrimaryButton(self.tr("Close"))
        close.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addWidget(copy)
        buttons.addStretch()
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.L, theme.L, theme.L, theme.L)
        column.setSpacing(theme.M)
        column.addWidget(words)
        column.addWidget(table, 1)
        column.addLayout(buttons)

    def _copy(self) -> None:
        QApplication.clipboard().setText("\n".join(f"{p.path}\t{p.reason}" for p in self._problems))
