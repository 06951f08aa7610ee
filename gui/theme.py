"""How Marquee looks: two palettes that follow the system, one spacing scale, one style sheet.

Everything is derived from `Colors`; widgets that paint themselves read `colors()` at paint time, so that a change of
the system's scheme needs no restart.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.resources import files

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

XS, S, M, L, XL = 4, 8, 12, 16, 24
"""The spacing scale, in device-independent pixels."""
RADIUS = 10


@dataclass(frozen=True, slots=True)
class Colors:
    """The colours of a scheme, as `#rrggbb`."""

    window: str
    surface: str
    raised: str
    hover: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    accent_hover: str
    selection: str
    danger: str
    good: str
    placeholder: str


LIGHT = Colors(
    window="#f7f6f4",
    surface="#ffffff",
    raised="#ffffff",
    hover="#ebe9e5",
    line="#dedbd5",
    text="#1c1b1f",
    muted="#66636b",
    accent="#c2410c",
    on_accent="#ffffff",
    accent_hover="#9a3412",
    selection="#f6dfd2",
    danger="#b3261e",
    good="#1f7a45",
    placeholder="#e4e1dc",
)
DARK = Colors(
    window="#141316",
    surface="#1d1c20",
    raised="#26252a",
    hover="#2c2b31",
    line="#35333b",
    text="#f1eff4",
    muted="#a5a1ad",
    accent="#ff8a4c",
    on_accent="#1c0f06",
    accent_hover="#ffa878",
    selection="#45291b",
    danger="#ff8a80",
    good="#6fd79a",
    placeholder="#26252a",
)


def is_dark() -> bool:
    """Whether the system (or the desktop's palette) asks for dark."""
    return QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark


def colors() -> Colors:
    """The colours in force."""
    return DARK if is_dark() else LIGHT


def alpha(color: str, opacity: float) -> QColor:
    """`color` with an opacity of 0 to 1."""
    made = QColor(color)
    made.setAlphaF(opacity)
    return made


def scaled_font(font: QFont, factor: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """`font` in another size and weight; works for fonts given in points or in pixels."""
    made = QFont(font)
    if font.pointSizeF() > 0:
        made.setPointSizeF(font.pointSizeF() * factor)
    else:
        made.setPixelSize(round(font.pixelSize() * factor))
    made.setWeight(weight)
    return made


class Theme(QObject):
    """Applies the scheme to the application, now and whenever the system changes its mind."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._sheet = (files("assets") / "styles" / "marquee.qss").read_text(encoding="utf-8")
        app.setStyle("Fusion")
        font = app.font()
        if 0 < font.pointSizeF() < MIN_POINTS:
            font.setPointSizeF(MIN_POINTS)
            app.setFont(font)
        app.styleHints().colorSchemeChanged.connect(self.apply)
        self.apply()

    def apply(self) -> None:
        """Set palette and style sheet from the colours in force."""
        scheme = colors()
        self._app.setPalette(palette(scheme))
        self._app.setStyleSheet(filled(self._sheet, scheme))


MIN_POINTS = 10.0
"""Bare X servers say 9, which is small for a screen one leans back from."""


def filled(sheet: str, scheme: Colors) -> str:
    """The style sheet with its `@name` colours replaced, longest name first."""
    for name, value in sorted(asdict(scheme).items(), key=lambda item: -len(item[0])):
        sheet = sheet.replace(f"@{name}", value)
    return sheet


def palette(scheme: Colors) -> QPalette:
    """The scheme as a Qt palette."""
    made = QPalette()
    role = QPalette.ColorRole
    for which, color in (
        (role.Window, scheme.window),
        (role.WindowText, scheme.text),
        (role.Base, scheme.surface),
        (role.AlternateBase, scheme.hover),
        (role.Text, scheme.text),
        (role.PlaceholderText, scheme.muted),
        (role.Button, scheme.raised),
        (role.ButtonText, scheme.text),
        (role.BrightText, scheme.danger),
        (role.Highlight, scheme.accent),
        (role.HighlightedText, scheme.on_accent),
        (role.Link, scheme.accent),
        (role.ToolTipBase, scheme.raised),
        (role.ToolTipText, scheme.text),
        (role.Mid, scheme.line),
        (role.Accent, scheme.accent),
    ):
        made.setColor(which, QColor(color))
    for which in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, which, alpha(scheme.muted, 0.55))
    return made


def application_name() -> str:
    """The program's name, for window titles."""
    return QCoreApplication.translate("Theme", "Marquee")
