"""Painted cards: what can be seen of a video."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from gui import theme
from gui.models.library import LibraryModel, Role
from gui.models.thumbnails import Thumbnails
from gui.session import Session
from gui.views.card import FACTS_GAP, CardDelegate, cell_height, draw_lines, facts_of, watched_share
from hub.library.types import Availability, VideoQuery
from tests.gui.fake_hub import FakeHub, a_video

WIDTH = 256


@pytest.fixture
def thumbnails(session: Session) -> Iterator[Thumbnails]:
    made = Thumbnails(session)
    yield made
    made.close()


class Painter:
    """Paints the card of one video as the grid would."""

    def __init__(self, hub: FakeHub, session: Session, thumbnails: Thumbnails, qtbot: QtBot) -> None:
        self.hub, self.session, self.qtbot = hub, session, qtbot
        self.delegate = CardDelegate(thumbnails, thumbnails)
        self.rect = QRect(0, 0, WIDTH + theme.L, cell_height(WIDTH, QApplication.font()))

    def paint(
        self, *, loaded: bool = True, state: QStyle.StateFlag = QStyle.StateFlag.State_Enabled, **changes: Any
    ) -> QImage:
        self.hub.library.ids = [f"{0:026}"]
        self.hub.library.changes = {f"{0:026}": changes}
        model = LibraryModel(self.session, VideoQuery())
        with self.qtbot.waitSignal(model.listed):
            model.refresh()
        index = model.index(0)
        if loaded:
            self.qtbot.waitUntil(lambda: index.data(Role.VIDEO) is not None)
        image = QImage(self.rect.size(), QImage.Format.Format_RGB32)
        image.fill(QColor(theme.colors().window))
        option: Any = QStyleOptionViewItem()
        option.rect, option.state, option.font = self.rect, state, QApplication.font()
        painter = QPainter(image)
        self.delegate.paint(painter, option, index)
        painter.end()
        return image


@pytest.fixture
def painter(hub: FakeHub, session: Session, thumbnails: Thumbnails, qtbot: QtBot) -> Painter:
    return Painter(hub, session, thumbnails, qtbot)


def row_has(image: QImage, y: int, color: str) -> bool:
    return any(image.pixelColor(x, y).name() == color for x in range(image.width()))


def differs(one: QImage, other: QImage, area: QRect) -> bool:
    return one.copy(area) != other.copy(area)


PICTURE = QRect(8, 8, WIDTH, 144)
TEXT = QRect(8, 152, WIDTH, 60)
LENGTH = QRect(WIDTH - 32, 126, 24, 14)


def test_unknown_video_is_a_quiet_placeholder(painter: Painter) -> None:
    image = painter.paint(loaded=False)
    assert image.pixelColor(PICTURE.center()).name() == theme.colors().placeholder


def test_average_colour_stands_in_for_the_picture(painter: Painter) -> None:
    assert (
        painter.paint(thumb_version=3, thumb_color="#336699").pixelColor(PICTURE.center()).name() == "#336699"
    )


def test_title_and_facts_are_written(painter: Painter) -> None:
    plain = painter.paint(title="A")
    assert differs(plain, painter.paint(title="B"), TEXT)
    assert differs(plain, painter.paint(title="A", channel="Another"), TEXT)
    assert differs(plain, painter.paint(title="A", views=12_345), TEXT)
    assert differs(plain, painter.paint(title="A", duration_s=3000.0), LENGTH)
    unknown = painter.paint(title="A", duration_s=None)
    assert unknown.pixelColor(LENGTH.center()) == unknown.pixelColor(PICTURE.center().x(), 20)
    assert not differs(plain, painter.paint(title="A"), TEXT)


def test_facts_are_those_of_the_web_client() -> None:
    now = datetime(2026, 1, 4, tzinfo=UTC)
    assert facts_of(a_video(0, views=12_345), now) == "Channel · 3 days ago · 12,345 views"
    assert facts_of(a_video(0, channel=None, views=1), now) == "3 days ago · 1 view"
    published = datetime(2024, 1, 1, tzinfo=UTC)
    assert facts_of(a_video(0, published_at=published), now) == "Channel · 2 years ago"


def test_long_title_stays_within_two_lines_and_the_card(painter: Painter) -> None:
    image = painter.paint(title="word " * 60)
    window = theme.colors().window
    assert all(image.pixelColor(x, y).name() == window for x in (2, 268) for y in range(image.height()))
    bottom = image.height() - 4
    assert all(image.pixelColor(x, bottom).name() == window for x in range(image.width()))


def test_missing_and_watched_and_begun_are_marked(painter: Painter) -> None:
    plain = painter.paint()
    top_left, top_right = QRect(8, 8, 100, 40), QRect(WIDTH - 30, 8, 38, 40)
    bottom = QRect(8, 136, WIDTH, 16)
    missing = painter.paint(availability=Availability.MISSING)
    assert differs(plain, missing, top_left)
    assert differs(plain, painter.paint(watched=True), top_right)
    assert differs(plain, painter.paint(position_s=40.0), bottom)
    assert not differs(plain, painter.paint(watched=True, position_s=89.0), bottom)


def test_hover_selection_and_keyboard_focus_look_different(painter: Painter) -> None:
    flag = QStyle.StateFlag
    plain = painter.paint()
    hovered = painter.paint(state=flag.State_Enabled | flag.State_MouseOver)
    selected = painter.paint(state=flag.State_Enabled | flag.State_Selected)
    painter.delegate.shows_focus = True
    focused = painter.paint(state=flag.State_Enabled | flag.State_Selected | flag.State_HasFocus)
    images = [plain, hovered, selected, focused]
    assert all(a != b for n, a in enumerate(images) for b in images[n + 1 :])


@pytest.mark.parametrize(
    ("changes", "share"),
    [
        ({"position_s": 0.0}, 0.0),
        ({"position_s": 25.0, "duration_s": 100.0}, 0.25),
        ({"position_s": 0.5, "duration_s": 2.0}, 0.25),
        ({"position_s": 89.9, "duration_s": 100.0}, 0.899),
        ({"position_s": 90.0, "duration_s": 100.0}, 0.0),
        ({"position_s": 500.0, "duration_s": 100.0}, 0.0),
        ({"position_s": 25.0, "duration_s": 100.0, "watched": True}, 0.25),
        ({"position_s": 25.0, "duration_s": None}, 0.5),
    ],
)
def test_progress_is_shown_exactly_when_playing_would_go_on(changes: dict[str, Any], share: float) -> None:
    assert watched_share(a_video(0, **changes)) == pytest.approx(share)


@pytest.mark.parametrize(
    "text", ["", "one", "two words", "日本の朝ごはん" * 8, "🎬🎬 " * 30, "x" * 400, "a\n b\t c", "שלום " * 20]
)
def test_text_of_any_script_is_at_most_so_many_lines(qapp: QApplication, text: str) -> None:
    image = QImage(200, 120, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    height = draw_lines(painter, QPointF(0, 0), 200, text, QFont(qapp.font()), 2)
    painter.end()
    assert height <= 2 * painter_line(qapp)


def test_tall_script_keeps_clear_of_what_is_below(qapp: QApplication) -> None:
    font = QFont(qapp.font())
    image = QImage(200, 120, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    height = draw_lines(painter, QPointF(0, 0), 200, "日本の朝ごはん ข้าวผัดกุ้ง " * 2, font, 2)
    painter.end()
    below = image.copy(0, int(height) + FACTS_GAP, 200, 40)
    blank = below.copy()
    blank.fill(Qt.GlobalColor.white)
    assert below == blank


def painter_line(qapp: QApplication) -> float:
    return QFontMetricsF(qapp.font()).lineSpacing() + 0.01
