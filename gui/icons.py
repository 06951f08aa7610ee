"""Icons as SVG paths on a 24 × 24 grid, painted in whatever colour is asked for."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

# Strokes are 2 wide with round ends, unless a path says otherwise.
_STROKED = {
    "add": "M12 5v14M5 12h14",
    "back": "M19 12H5M11 6l-6 6 6 6",
    "check": "M5 12.5l4.5 4.5L19 7.5",
    "chevron": "M6 9.5l6 6 6-6",
    "close": "M6 6l12 12M18 6L6 18",
    "copy": "M9 9h10v10H9zM5 15V5h10",
    "folder": "M3 7a2 2 0 0 1 2-2h4l2 2.5h8a2 2 0 0 1 2 2V17a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "refresh": "M20 12a8 8 0 1 1-2.4-5.7M20 4v4.5h-4.5",
    "remove": "M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12",
    "ascending": "M7 19V5M3.5 8.5L7 5l3.5 3.5M13 7h4M13 12h6M13 17h8",
    "descending": "M7 5v14M3.5 15.5L7 19l3.5-3.5M13 7h8M13 12h6M13 17h4",
    "devices": "M4 16V6h14v3M2 19h11M16 12h5v8h-5z",
    "edit": "M4 20h4L19.5 8.5a2.1 2.1 0 0 0-3-3L5 17zM14.5 7.5l3 3",
    "eye": "M2.5 12C5 7.5 8.3 5.5 12 5.5s7 2 9.5 6.5c-2.5 4.5-5.8 6.5-9.5 6.5S5 16.5 2.5 12z"
    "M14.8 12a2.8 2.8 0 1 1-5.6 0 2.8 2.8 0 0 1 5.6 0z",
    "eye-off": "M2.5 12C5 7.5 8.3 5.5 12 5.5s7 2 9.5 6.5c-2.5 4.5-5.8 6.5-9.5 6.5S5 16.5 2.5 12zM4 20L20 4",
    "film": "M4 5h16v14H4zM8 5v14M16 5v14M4 9.5h4M4 14.5h4M16 9.5h4M16 14.5h4",
    "note": "M9 18V6l11-2v12M9 18a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM20 16a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0z",
    "captions": "M3 6h18v12H3zM10.5 10.5a2 2 0 1 0 0 3M17 10.5a2 2 0 1 0 0 3",
    "audio": "M4 10v4M8 6v12M12 8.5v7M16 4v16M20 9.5v5",
    "fullscreen": "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
    "restore": "M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5",
    "volume": "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11",
    "volume-low": "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6",
    "muted": "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5",
    "warning": "M12 4L2.5 20h19zM12 10v4.5M12 17.2v.3",
    "replay": "M4 12a8 8 0 1 0 2.4-5.7M4 4v4.5h4.5",
}
_FILLED = {
    "play": "M7 4.5v15a.6.6 0 0 0 .9.5l12-7.5a.6.6 0 0 0 0-1L7.9 4a.6.6 0 0 0-.9.5z",
    "pause": "M6.5 4.5h3.6v15H6.5zM13.9 4.5h3.6v15h-3.6z",
    "captions-on": "M3 5h18a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1z"
    "M6.5 9v6h4.5v-2H8.5v-2H11V9zM13 9v6h4.5v-2H15v-2h2.5V9z",
    "back-10": "M11.5 5.5v13L3 12zM20.5 5.5v13L12 12z",
    "forward-10": "M12.5 5.5v13L21 12zM3.5 5.5v13L12 12z",
    "more": "M6 10.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6zM12 10.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 "
    "0-3.6zM18 10.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6z",
}
_SIGN = files("assets") / "icons" / "marquee.svg"
"""The sign of the program, the same as the web client's."""


def paint(painter: QPainter, name: str, rect: QRectF, color: QColor) -> None:
    """Paint an icon into `rect`."""
    _renderer(name, color.name(QColor.NameFormat.HexRgb), color.alphaF()).render(painter, rect)


def icon(name: str, color: str, disabled: str | None = None) -> QIcon:
    """An icon for buttons and menus, sharp at single and double density."""
    made = QIcon()
    for size in (16, 20, 24, 32, 48):
        made.addPixmap(pixmap(name, QSize(size, size), color))
        if disabled is not None:
            made.addPixmap(pixmap(name, QSize(size, size), disabled), QIcon.Mode.Disabled)
    return made


def application_icon() -> QIcon:
    """The sign of the program, for the window and the task bar."""
    sign = _SIGN.read_text(encoding="utf-8")
    made = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        made.addPixmap(_drawn(sign, QSize(size, size)))
    return made


def pixmap(name: str, size: QSize, color: str) -> QPixmap:
    """One icon in one size."""
    return _drawn(_svg(name, color, 1.0), size)


def _drawn(svg: str, size: QSize) -> QPixmap:
    made = QPixmap(size)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    QSvgRenderer(QByteArray(svg.encode())).render(painter)
    painter.end()
    return made


@lru_cache(maxsize=128)
def _renderer(name: str, color: str, opacity: float) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_svg(name, color, opacity).encode()))


def _svg(name: str, color: str, opacity: float) -> str:
    if name in _FILLED:
        look, path = f'fill="{color}" fill-rule="evenodd"', _FILLED[name]
    else:
        look, path = (
            f'fill="none" stroke="{color}" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"',
            _STROKED[name],
        )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
        f'<path d="{path}" {look} opacity="{opacity}"/></svg>'
    )
