"""Buttons with painted icons that follow the palette."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from gui import icons, theme

ICON = QSize(20, 20)


class IconButton(QToolButton):
    """A flat button with an icon; what it does is its tool tip and its accessible name."""

    def __init__(
        self, icon: str, says: str, parent: QWidget | None = None, *, color: str | None = None
    ) -> None:
        super().__init__(parent)
        self._icon = icon
        self._color = color
        self.setIconSize(ICON)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.set_text(says)
        self._tint()

    def set_icon(self, icon: str) -> None:
        """Show another icon."""
        if icon != self._icon:
            self._icon = icon
            self._tint()

    def set_color(self, color: str | None) -> None:
        """Show the icon in this colour; None for that of the palette."""
        if color != self._color:
            self._color = color
            self._tint()

    def set_text(self, says: str) -> None:
        """Say what the button does."""
        self.setToolTip(says)
        self.setAccessibleName(says)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() is QEvent.Type.PaletteChange:
            self._tint()
        super().changeEvent(event)

    def _tint(self) -> None:
        self.setIcon(icons.icon(self._icon, self._color or theme.colors().text, theme.colors().line))


class PrimaryButton(QPushButton):
    """The thing to do here."""

    def __init__(self, text: str, icon: str | None = None, parent: QWidget | None = None) -> None:
        # Qt sets icon and text closer than the spacing scale; a space is the only thing that parts them.
        self._label = f" {text}" if icon else text
        super().__init__(self._label, parent)
        self.setAccessibleName(text)
        self._icon = icon
        self.setProperty("kind", "primary")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._tint()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() is QEvent.Type.PaletteChange:
            self._tint()
        super().changeEvent(event)

    def _tint(self) -> None:
        if self._icon is not None:
            self.setIcon(icons.icon(self._icon, self._color()))

    def set_compact(self, compact: bool) -> None:
        """Show the icon alone, for want of room; the tool tip says the rest."""
        self.setText("" if compact else self._label)

    def _color(self) -> str:
        return theme.colors().on_accent


class PlainButton(PrimaryButton):
    """Another thing one may do."""

    def __init__(self, text: str, icon: str | None = None, parent: QWidget | None = None) -> None:
        super().__init__(text, icon, parent)
        self.setProperty("kind", "plain")

    def _color(self) -> str:
        return theme.colors().text
