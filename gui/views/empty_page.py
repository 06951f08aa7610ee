"""An empty library: two ways to begin."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui import icons, theme
from gui.views.buttons import PlainButton, PrimaryButton
from gui.views.texts import PlainLabel, WrappedLabel

PICTURE = QSize(72, 72)


class EmptyPage(QWidget):
    """Shown instead of the grid while there is no video."""

    add_requested = Signal()
    demo_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._picture = PlainLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._headline = PlainLabel()
        self._headline.setObjectName("headline")
        self._headline.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words = WrappedLabel(440)
        self._words.setObjectName("muted")
        self._add = PrimaryButton(self.tr("Add a folder"), "folder")
        self._add.clicked.connect(self.add_requested)
        self._demo = PlainButton(self.tr("Try the demo"), "play")
        self._demo.setToolTip(self.tr("Makes 12 short clips in the data folder"))
        self._demo.clicked.connect(self._ask_demo)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.S)
        buttons.addStretch()
        buttons.addWidget(self._add)
        buttons.addWidget(self._demo)
        buttons.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.XL, theme.XL, theme.XL, theme.XL)
        column.setSpacing(theme.M)
        column.addStretch(2)
        column.addWidget(self._picture)
        column.addWidget(self._headline)
        column.addWidget(self._words, alignment=Qt.AlignmentFlag.AlignCenter)
        column.addSpacing(theme.S)
        column.addLayout(buttons)
        column.addStretch(3)
        self._is_removed = False
        self.set_busy(False)
        self._tint()

    def set_busy(self, busy: bool) -> None:
        """Whether a scan or the demo is under way: then there is only to wait."""
        if busy and (self._add.hasFocus() or self._demo.hasFocus()):
            # Hidden, it would hand the keyboard to some button that nobody chose.
            self.setFocus()
        self._add.setVisible(not busy and not self._is_removed)
        self._demo.setVisible(not busy and not self._is_removed)
        self._demo.setEnabled(True)
        if self._is_removed:
            self._headline.setText(self.tr("Nothing has been removed"))
            self._words.set_text(
                self.tr("Videos that are removed from the library can be brought back here.")
            )
        elif busy:
            self._headline.setText(self.tr("Looking for videos…"))
            self._words.set_text(self.tr("They appear here as they are found."))
        else:
            self._headline.setText(self.tr("Your library is empty"))
            self._words.set_text(
                self.tr(
                    "Add a folder with videos or music: Marquee reads it and leaves the files as they are. "
                    "You can also drop a folder onto this window."
                )
            )

    def set_removed(self, removed: bool) -> None:
        """Whether it is the list of removed videos that is empty; before `set_busy`."""
        self._is_removed = removed

    def changeEvent(self, event: QEvent) -> None:
        if event.type() is QEvent.Type.PaletteChange:
            self._tint()
        super().changeEvent(event)

    def _ask_demo(self) -> None:
        # Disabled, the button would hand the keyboard to one that nobody chose; from here it goes on to the grid.
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self._demo.setEnabled(False)
        self.demo_requested.emit()

    def _tint(self) -> None:
        self._picture.setPixmap(icons.pixmap("film", PICTURE, theme.colors().line))
