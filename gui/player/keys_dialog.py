"""The player's keys, for those who ask with a question mark."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from gui import theme
from gui.views.buttons import PrimaryButton
from gui.views.texts import PlainLabel


class KeysDialog(QDialog):
    """A table of keys and what they do."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        table = QGridLayout()
        table.setHorizontalSpacing(theme.XL)
        table.setVerticalSpacing(theme.S)
        for row, (keys, what) in enumerate(self._rows()):
            name = PlainLabel(keys)
            name.setObjectName("address")
            table.addWidget(name, row, 0)
            table.addWidget(PlainLabel(what), row, 1)
        close = PrimaryButton(self.tr("Close"))
        close.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.L, theme.L, theme.L, theme.L)
        column.setSpacing(theme.L)
        column.addLayout(table)
        column.addLayout(buttons)

    def _rows(self) -> tuple[tuple[str, str], ...]:
        return (
            (self.tr("Space, K"), self.tr("Play or pause")),
            (self.tr("J, L"), self.tr("10 seconds back or forward")),
            (self.tr("←, →"), self.tr("5 seconds back or forward")),
            (self.tr("↑, ↓"), self.tr("Volume")),
            (self.tr("0–9"), self.tr("Jump to 0–90 %")),
            (self.tr("Home, End"), self.tr("To the beginning or end")),
            (self.tr("<, >"), self.tr("Slower or faster")),
            (self.tr("C"), self.tr("Captions on or off")),
            (self.tr("M"), self.tr("Mute")),
            (self.tr("F, F11"), self.tr("Full screen")),
            (self.tr("?"), self.tr("This list")),
            (self.tr("Esc"), self.tr("Leave full screen, or go back to the library")),
        )
