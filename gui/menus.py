"""The window's actions with their shortcuts, and the menus made of them."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget


class Actions(QObject):
    """What can be done from everywhere in the library."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.add = self._action(self.tr("Add a folder"), QKeySequence("Ctrl+O"))
        self.folders = self._action(self.tr("Library folders…"))
        self.rescan = self._action(self.tr("Scan all again"), QKeySequence("F5"))
        self.report = self._action(self.tr("Scan report"))
        self.undo = self._action(
            self.tr("Undo the last removal"), QKeySequence(QKeySequence.StandardKey.Undo)
        )
        self.removed = self._action(self.tr("Removed videos"))
        self.removed.setCheckable(True)
        self._of_library = (self.add, self.folders, self.rescan, self.report, self.undo, self.removed)
        self.devices = self._action(self.tr("Watch on other devices…"))
        self.quit = self._action(self.tr("Quit"), QKeySequence("Ctrl+Q"))

    def menu(self) -> QMenu:
        """The menu behind the header's button."""
        menu = QMenu(self._window)
        for action in (*self._of_library, None, self.devices, None, self.quit):
            if action is None:
                menu.addSeparator()
            else:
                menu.addAction(action)
        return menu

    def set_ready(self) -> None:
        """Somebody can sign in elsewhere now: the entry that set that up gives the address from here on."""
        self.devices.setText(self.tr("Copy the address for other devices"))

    def set_library_enabled(self, enabled: bool) -> None:
        """Whether the library is what the keyboard is about; in the player only Quit is."""
        for action in (*self._of_library, self.devices):
            action.setEnabled(enabled)

    def _action(self, text: str, keys: QKeySequence | None = None) -> QAction:
        action = QAction(text, self._window)
        if keys is not None:
            action.setShortcut(keys)
        self._window.addAction(action)
        return action
