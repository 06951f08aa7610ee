"""Where the library is reached from other devices, at the lower edge."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from gui import theme
from gui.views.buttons import IconButton
from gui.views.texts import PlainLabel


class AddressBar(QWidget):
    """The address with a copy button once the hub is set up; before that, the way to set it up."""

    copy_requested = Signal()
    setup_requested = Signal()
    changed = Signal()
    """What it shows, perhaps nothing: see `is_empty`."""

    def __init__(self, url: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_ready = self._is_brief = self._is_covered = False
        self._words = PlainLabel(self.tr("Watch on other devices:"))
        self._words.setObjectName("muted")
        self._address = PlainLabel(url)
        self._address.setObjectName("address")
        self._address.setToolTip(self.tr("Watch on other devices at this address"))
        self._address.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._copy = IconButton("copy", self.tr("Copy the address"))
        self._copy.clicked.connect(self.copy_requested)
        self._set_up = QPushButton(self.tr("Watch on other devices…"))
        self._set_up.setProperty("kind", "link")
        self._set_up.setCursor(Qt.CursorShape.PointingHandCursor)
        self._set_up.clicked.connect(self.setup_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.S)
        for widget in (self._words, self._address, self._copy, self._set_up):
            row.addWidget(widget)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be said here: before the setup, while the card for it is shown."""
        return not self._is_ready and self._is_covered

    def set_brief(self, brief: bool) -> None:
        """Leave the words away while something else needs the room."""
        self._is_brief = brief
        self._show()

    def set_covered(self, covered: bool) -> None:
        """Whether the first-run card is there, which says it all."""
        self._is_covered = covered
        self._show()

    def set_ready(self, ready: bool) -> None:
        """Whether somebody can sign in elsewhere already."""
        self._is_ready = ready
        self._show()

    def _show(self) -> None:
        self._words.setVisible(self._is_ready and not self._is_brief)
        for widget in (self._address, self._copy):
            widget.setVisible(self._is_ready)
        self._set_up.setVisible(not self._is_ready and not self._is_covered)
        self.changed.emit()
