from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPainter
from PySide6.QtWidgets import QApplication

from gui import icons

NAMES = sorted({*icons._STROKED, *icons._FILLED})


@pytest.mark.parametrize("name", NAMES)
def test_every_icon_draws_within_its_box_in_its_colour(qapp: QApplication, name: str) -> None:
    image = icons.pixmap(name, QSize(48, 48), "#c2410c").toImage()
    inked = [(x, y) for x in range(48) for y in range(48) if image.pixelColor(x, y).alpha() > 200]
    assert len(inked) > 20
    ink, asked = image.pixelColor(*inked[0]), QColor("#c2410c")
    for part in ("red", "green", "blue"):
        assert abs(getattr(ink, part)() - getattr(asked, part)()) <= 2
    edge = [image.pixelColor(x, y).alpha() for x in range(48) for y in (0, 47)]
    assert max(edge) == 0


def test_icon_is_painted_into_any_rectangle_with_opacity(qapp: QApplication) -> None:
    image = QImage(64, 64, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    color = QColor("#ffffff")
    color.setAlphaF(0.5)
    icons.paint(painter, "play", QRectF(16, 16, 32, 32), color)
    painter.end()
    assert image.pixelColor(2, 2).alpha() == 0
    assert 110 < image.pixelColor(30, 32).alpha() < 140


def test_disabled_look_is_its_own(qapp: QApplication) -> None:
    made = icons.icon("play", "#000000", "#aaaaaa")
    disabled = made.pixmap(QSize(24, 24), QIcon.Mode.Disabled).toImage()
    assert disabled.pixelColor(12, 12).name() == "#aaaaaa"


def test_program_has_a_sign_in_every_size(qapp: QApplication) -> None:
    sizes = {size.width() for size in icons.application_icon().availableSizes()}
    assert {16, 32, 48, 256} <= sizes
