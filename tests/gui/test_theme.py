from __future__ import annotations

import re
from dataclasses import asdict
from importlib.resources import files

import pytest
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from gui import theme
from gui.theme import DARK, LIGHT, Colors


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio."""

    def luminance(name: str) -> float:
        color = QColor(name)
        parts = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in (color.redF(), color.greenF(), color.blueF())
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_text_can_be_read_everywhere(scheme: Colors) -> None:
    for ground in (scheme.window, scheme.surface, scheme.raised, scheme.hover, scheme.selection):
        assert contrast(scheme.text, ground) >= 7
        assert contrast(scheme.muted, ground) >= 4.5
    assert contrast(scheme.on_accent, scheme.accent) >= 4.5
    assert contrast(scheme.on_accent, scheme.accent_hover) >= 4.5
    for ground in (scheme.window, scheme.raised):
        assert contrast(scheme.danger, ground) >= 4.5
        assert contrast(scheme.accent, ground) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_style_sheet_names_only_colours_there_are(scheme: Colors) -> None:
    sheet = (files("assets") / "styles" / "marquee.qss").read_text(encoding="utf-8")
    without_comments = re.sub(r"/\*.*?\*/", "", theme.filled(sheet, scheme), flags=re.DOTALL)
    assert "@" not in without_comments
    assert set(re.findall(r"@(\w+)", re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL))) <= set(asdict(scheme))


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_palette_has_the_scheme(scheme: Colors) -> None:
    made = theme.palette(scheme)
    assert made.color(QPalette.ColorRole.Window).name() == scheme.window
    assert made.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text) != QColor(scheme.text)


def test_theme_applies_to_the_application(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (qapp.palette(), qapp.styleSheet(), qapp.font())
    made = theme.Theme(qapp)
    monkeypatch.setattr(theme, "is_dark", lambda: True)
    made.apply()
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == DARK.window
    assert DARK.accent in qapp.styleSheet()
    made.deleteLater()
    qapp.setPalette(before[0])
    qapp.setStyleSheet(before[1])
    qapp.setFont(before[2])


def test_fonts_scale_in_points_and_in_pixels() -> None:
    points, pixels = QFont(), QFont()
    points.setPointSizeF(10)
    pixels.setPixelSize(20)
    assert theme.scaled_font(points, 1.5).pointSizeF() == 15
    assert theme.scaled_font(pixels, 1.5).pixelSize() == 30
