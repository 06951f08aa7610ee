"""What is offered over the picture: skipping, and what follows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from gui.player import offers
from gui.player.offers import Offers, skippable
from gui.session import Session
from hub.errors import HubError
from hub.library.types import Marker, MarkerKind
from tests.gui.fake_hub import FakeHub, a_video

pytestmark = pytest.mark.integration

INTRO = Marker(kind=MarkerKind.INTRO, start_s=10.0, end_s=40.0)
CREDITS = Marker(kind=MarkerKind.CREDITS, start_s=80.0, end_s=100.0)


class Shown(Offers):
    """Offers on a picture of their own."""

    def __init__(self, session: Session, host: QWidget) -> None:
        super().__init__(session, host)
        self.host = host
        self.sought: list[float] = []
        self.played: list[str] = []
        self.clicks: list[object] = []
        self.seek_requested.connect(self.sought.append)
        self.play_requested.connect(self.played.append)

    def button(self, text: str) -> QPushButton | None:
        found = [b for b in self.host.findChildren(QPushButton) if b.isVisible() and b.text() == text]
        return found[0] if found else None

    def words(self) -> list[str]:
        return [label.text() for label in self.host.findChildren(QLabel) if label.isVisible()]

    def press(self, text: str) -> None:
        button = self.button(text)
        assert button is not None, text
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def shown(session: Session, qtbot: QtBot) -> Iterator[Shown]:
    host = QWidget()
    host.resize(900, 500)
    qtbot.addWidget(host)
    made = Shown(session, host)
    with qtbot.waitExposed(host):
        host.show()
    yield made
    made.end()


@pytest.mark.parametrize(
    ("position_s", "kind"),
    [
        (9.9, None),
        (10.0, MarkerKind.INTRO),
        (36.9, MarkerKind.INTRO),
        (37.0, None),
        (90.0, MarkerKind.CREDITS),
    ],
)
def test_a_stretch_is_skippable_while_enough_of_it_is_left(
    position_s: float, kind: MarkerKind | None
) -> None:
    found = skippable([INTRO, CREDITS], position_s)
    assert (found.kind if found else None) is kind


def test_the_shorter_of_two_stretches_counts() -> None:
    inner = Marker(kind=MarkerKind.COMMERCIAL, start_s=15.0, end_s=25.0)
    assert skippable([INTRO, inner], 20.0) is inner
    assert skippable([INTRO, inner], 30.0) is INTRO


def test_the_button_leads_to_the_end_of_the_stretch(shown: Shown) -> None:
    shown.begin("v", [INTRO, CREDITS])
    shown.move(5.0, 200.0)
    assert shown.button("Skip intro") is None
    shown.move(12.0, 200.0)
    shown.press("Skip intro")
    assert shown.sought == [40.0]
    shown.move(40.0, 200.0)
    assert shown.button("Skip intro") is None
    shown.move(85.0, 200.0)
    shown.press("Skip credits")
    assert shown.sought == [40.0, 100.0]
    shown.begin("w", [])
    assert shown.button("Skip credits") is None


def test_what_follows_is_asked_for_before_the_end_and_plays_after_it(
    shown: Shown, hub: FakeHub, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.positions.following["v"] = a_video(7, title="Episode 2")
    shown.begin("v", [])
    shown.move(170.0, 200.0)
    assert hub.positions.asked == []
    shown.move(181.0, 200.0)
    shown.move(190.0, 200.0)
    qtbot.waitUntil(lambda: hub.positions.asked == ["v"])
    assert shown.button("Play now") is None
    shown._count.setInterval(10)
    shown.set_ended(True)
    qtbot.waitUntil(lambda: "Next: Episode 2" in shown.words())
    qtbot.waitUntil(lambda: shown.played == [a_video(7).id])
    assert shown.button("Play now") is None
    assert offers.COUNT_S == 10


def test_it_counts_down_in_seconds_and_goes_at_once_when_told(
    shown: Shown, hub: FakeHub, qtbot: QtBot
) -> None:
    hub.positions.following["v"] = a_video(7)
    shown.begin("v", [])
    shown.set_ended(True)
    qtbot.waitUntil(lambda: "Plays in 10 s" in shown.words())
    qtbot.waitUntil(lambda: "Plays in 9 s" in shown.words(), timeout=3_000)
    assert shown.played == []
    shown.press("Play now")
    assert shown.played == [a_video(7).id]


def test_no_means_no_until_it_is_over_again(shown: Shown, hub: FakeHub, qtbot: QtBot) -> None:
    hub.positions.following["v"] = a_video(7)
    shown._count.setInterval(10)
    shown.begin("v", [])
    shown.set_ended(True)
    qtbot.waitUntil(lambda: shown.button("Cancel") is not None)
    shown.press("Cancel")
    qtbot.wait(200)
    assert shown.played == []
    assert shown.button("Play now") is None
    shown.set_ended(False)
    shown.set_ended(True)
    assert shown.button("Play now") is not None


def test_whoever_goes_back_is_not_taken_to_the_next(shown: Shown, hub: FakeHub, qtbot: QtBot) -> None:
    hub.positions.following["v"] = a_video(7)
    shown._count.setInterval(10)
    shown.begin("v", [])
    shown.set_ended(True)
    qtbot.waitUntil(lambda: shown.button("Cancel") is not None)
    shown.host.hide()
    qtbot.wait(200)
    assert shown.played == []


def test_nothing_is_offered_where_nothing_follows(
    shown: Shown, hub: FakeHub, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown.begin(None, [])
    shown.set_ended(True)
    shown.begin("last", [])
    shown.set_ended(True)
    qtbot.waitUntil(lambda: hub.positions.asked == ["last"])

    async def fail(*_: object) -> None:
        raise HubError("The disk is full.")

    monkeypatch.setattr(hub.positions, "next_video", fail)
    shown.begin("broken", [])
    shown.set_ended(True)
    qtbot.wait(100)
    assert shown.button("Play now") is None


def test_a_click_on_the_card_is_none_on_the_picture(shown: Shown, hub: FakeHub, qtbot: QtBot) -> None:
    hub.positions.following["v"] = a_video(7)
    shown.begin("v", [])
    shown.set_ended(True)
    qtbot.waitUntil(lambda: shown.button("Cancel") is not None)
    shown.host.mousePressEvent = shown.clicks.append  # type: ignore[method-assign]
    QTest.mouseClick(shown._card, Qt.MouseButton.LeftButton, pos=shown._card.rect().topLeft())
    assert shown.clicks == []
