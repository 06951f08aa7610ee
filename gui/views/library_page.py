"""The library: header, first-run card, what was begun, grid or empty page, and the strip at the lower edge."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QStackedWidget, QVBoxLayout, QWidget

from gui import theme
from gui.models.begun import BegunModel
from gui.models.jobs import JobsModel
from gui.models.library import LibraryModel
from gui.models.thumbnails import Thumbnails
from gui.views.address import AddressBar
from gui.views.begun_row import BegunRow
from gui.views.empty_page import EmptyPage
from gui.views.header import Header
from gui.views.jobs_strip import JobsStrip
from gui.views.library_view import LibraryView
from gui.views.setup_card import SetupCard
from hub.library.types import VideoState

FOOTER_HEIGHT = 44


class LibraryPage(QWidget):
    """Lays its parts out and shows the right one; what they ask for is connected by the shell."""

    def __init__(
        self,
        model: LibraryModel,
        begun: BegunModel,
        thumbnails: Thumbnails,
        jobs: JobsModel,
        menu: QMenu,
        url: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._model = model
        self._jobs = jobs
        self.header = Header(model.query, menu)
        self.setup = SetupCard()
        self.setup.hide()
        self.begun = BegunRow(begun, thumbnails)
        self.view = LibraryView(model, thumbnails)
        self.empty = EmptyPage()
        self.strip = JobsStrip(jobs)
        self.address = AddressBar(url)
        self._stack = QStackedWidget()
        # In a low window the card above is whole, and this is cut.
        self._stack.setMinimumHeight(1)
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        card = QHBoxLayout()
        card.setContentsMargins(theme.XL, theme.XS, theme.XL, theme.S)
        card.addWidget(self.setup)
        column.addLayout(card)
        column.addWidget(self.begun)
        column.addWidget(self._stack, 1)
        self._footer = self._make_footer()
        column.addWidget(self._footer)
        model.listed.connect(self._show)
        model.changed.connect(self._show)
        model.modelReset.connect(self._show)
        jobs.changed.connect(self._show)
        self.strip.busy_changed.connect(self.address.set_brief)
        self.address.changed.connect(self._show_footer)
        self._show()

    def show_setup(self, shown: bool) -> None:
        """Show the first-run card, or the way to it."""
        self.setup.setVisible(shown)
        self.address.set_covered(shown)

    def focus(self) -> None:
        """Give the keyboard to what is shown."""
        widget = self._stack.currentWidget()
        if widget is not None:
            widget.setFocus(Qt.FocusReason.OtherFocusReason)

    def _make_footer(self) -> QFrame:
        footer = QFrame()
        footer.setObjectName("footer")
        footer.setFixedHeight(FOOTER_HEIGHT)
        row = QHBoxLayout(footer)
        row.setContentsMargins(theme.XL, 0, theme.L, 0)
        row.setSpacing(theme.XL)
        row.addWidget(self.strip, 1)
        row.addStretch(0)
        row.addWidget(self.address, 0, Qt.AlignmentFlag.AlignRight)
        return footer

    def _show_footer(self) -> None:
        self._footer.setVisible(not self.strip.isHidden() or not self.address.is_empty)

    def _show(self) -> None:
        count = self._model.rowCount()
        self.header.set_count(count if self._model.is_listed else None)
        is_empty = self._model.is_listed and count == 0
        self.begun.set_wanted(not is_empty and self._model.query.state is not VideoState.DELETED)
        if is_empty:
            self.empty.set_removed(self._model.query.state is VideoState.DELETED)
            self.empty.set_busy(any(job.kind in ("scan", "demo") for job in self._jobs.active))
        wanted: QWidget = self.empty if is_empty else self.view
        before = self._stack.currentWidget()
        if before is not wanted:
            focused: QWidget | None = self.focusWidget()
            had_focus = focused is not None and before is not None and before.isAncestorOf(focused)
            had_focus = had_focus or focused is before
            self._stack.setCurrentWidget(wanted)
            if had_focus:
                self.focus()
