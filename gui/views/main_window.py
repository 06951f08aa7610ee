"""The frame of everything: three pages, the notice, drops, and the way out."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QWidget

from gui import icons, theme
from gui.preferences import Preferences
from gui.views.notice import Notice
from gui.views.start_page import StartPage

FIRST_SIZE = QSize(1180, 780)
SMALLEST = QSize(560, 420)


class MainWindow(QMainWindow):
    """Shows one page at a time."""

    closing = Signal()
    """The window was told to close: the program ends."""
    dropped = Signal(list)
    """`QUrl`s were dropped onto it."""

    def __init__(self, preferences: Preferences) -> None:
        super().__init__()
        self._preferences = preferences
        self.setWindowTitle(theme.application_name())
        self.setWindowIcon(icons.application_icon())
        self.setMinimumSize(SMALLEST)
        self.resize(FIRST_SIZE)
        if preferences.geometry is not None:
            self.restoreGeometry(preferences.geometry)
        self.start = StartPage()
        self.start.quit_requested.connect(self.close)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.start)
        self.setCentralWidget(self._pages)
        self.notice = Notice(self)

    def add_page(self, page: QWidget) -> None:
        """Take a page in without showing it."""
        self._pages.addWidget(page)

    def show_page(self, page: QWidget) -> None:
        """Show a page that was added."""
        self._pages.setCurrentWidget(page)

    def show_title(self, title: str) -> None:
        """What is playing, for the title bar; the window system adds the program's name."""
        self.setWindowTitle(title or theme.application_name())

    def accept_drops(self) -> None:
        """From now on files and folders can be dropped."""
        self.setAcceptDrops(True)

    def bring_to_front(self) -> None:
        """As a second start asks for."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.isFullScreen():
            self._preferences.geometry = self.saveGeometry()
        self._preferences.save()
        event.accept()
        self.closing.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.dropped.emit(event.mimeData().urls())
