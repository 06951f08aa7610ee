"""One line of cards above the library: what the viewer goes on with. Takes no room when there is nothing."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QSizePolicy, QVBoxLayout, QWidget

from gui import theme
from gui.models.begun import BegunModel
from gui.models.library import Role
from gui.models.thumbnails import Thumbnails
from gui.views.card import GAP, CardDelegate, cell_height
from gui.views.grid_view import AnyIndex, GridView
from gui.views.texts import PlainLabel

CARD = 200
"""Width of a card: narrower than in the library below, so that one line leaves room for that."""


class BegunRow(QWidget):
    """Heading and cards; hidden while `BegunModel` is empty or `set_wanted(False)`."""

    play_requested = Signal(str)

    def __init__(self, model: BegunModel, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._is_wanted = True
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        heading = PlainLabel(self.tr("Continue watching"))
        heading.setObjectName("title")
        heading.setContentsMargins(GAP // 2, 0, 0, 0)
        self.cards = _Cards(model, thumbnails)
        self.cards.play_requested.connect(self.play_requested)
        column = QVBoxLayout(self)
        # The gap around a card is part of its cell.
        column.setContentsMargins(theme.XL - GAP // 2, 0, theme.XL - GAP // 2, 0)
        column.setSpacing(0)
        column.addWidget(heading)
        column.addWidget(self.cards)
        model.modelReset.connect(self._show)
        self._show()

    def set_wanted(self, is_wanted: bool) -> None:
        """Whether it goes with what is listed below."""
        self._is_wanted = is_wanted
        self._show()

    def _show(self) -> None:
        self.setVisible(self._is_wanted and self._model.rowCount() > 0)


class _Cards(GridView):
    """As many cards as there is room for, and no scrolling."""

    play_requested = Signal(str)

    def __init__(self, model: BegunModel, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._begun = model
        self._delegate = CardDelegate(thumbnails, self)
        self.setItemDelegate(self._delegate)
        self.setModel(model)
        self.setObjectName("library")
        self.setAccessibleName(self.tr("Continue watching"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.clicked.connect(self._play)
        thumbnails.ready.connect(self._repaint)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._show_focus(True)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._play(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Nothing, as in the library."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._show_focus(False)
        super().mousePressEvent(event)

    def _fit(self) -> None:
        columns = max(1, self.width() // (CARD + GAP))
        cell = QSize(CARD + GAP, cell_height(CARD, self.font()))
        self._delegate.set_cell(cell)
        self.set_grid(columns, cell)
        self.setFixedHeight(cell.height())
        self._begun.set_room(columns)

    def _show_focus(self, shows: bool) -> None:
        if self._delegate.shows_focus != shows:
            self._delegate.shows_focus = shows
            self.viewport().update()

    def _repaint(self, video_id: str) -> None:
        row = self._begun.row_of(video_id)
        if row is not None and row < self.count:
            self.update(self._begun.index(row))

    def _play(self, index: AnyIndex) -> None:
        if index.isValid():
            self.play_requested.emit(index.data(Role.ID))
