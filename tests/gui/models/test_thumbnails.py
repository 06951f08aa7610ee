"""Pictures: the last one asked for first, at the size shown, forgotten when scrolled past."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from gui.models import thumbnails as module
from gui.models.thumbnails import Frame, Thumbnails, framed
from gui.session import Session
from hub.library.types import Video
from tests.gui.fake_hub import FakeHub, a_video

FRAME = Frame(radius=10.0, ratio=1.0)


def a_picture(path: Path, size: tuple[int, int], color: str = "#2060c0") -> Path:
    image = QImage(QSize(*size), QImage.Format.Format_RGB32)
    image.fill(QColor(color))
    assert image.save(str(path))
    return path


def pictured(hub: FakeHub, tmp_path: Path, count: int) -> list[Video]:
    videos = [a_video(number, thumb_version=1, thumb_color="#2060c0") for number in range(count)]
    for video in videos:
        hub.library.pictures[video.id] = a_picture(tmp_path / f"{video.id}.webp", (320, 180))
    return videos


@pytest.fixture
def thumbnails(session: Session) -> object:
    made = Thumbnails(session)
    yield made
    made.close()


def test_picture_arrives_at_exactly_the_width_asked_for(
    hub: FakeHub, thumbnails: Thumbnails, tmp_path: Path, qtbot: QtBot
) -> None:
    [video] = pictured(hub, tmp_path, 1)
    with qtbot.waitSignal(thumbnails.ready) as ready:
        assert thumbnails.get(video, 243, FRAME) is None
    assert ready.args == [video.id]
    pixmap = thumbnails.get(video, 243, FRAME)
    assert pixmap is not None
    assert (pixmap.width(), pixmap.height()) == (243, 137)


def test_video_without_picture_asks_for_nothing(hub: FakeHub, thumbnails: Thumbnails, qtbot: QtBot) -> None:
    assert thumbnails.get(a_video(1), 243, FRAME) is None
    qtbot.wait(20)
    assert hub.library.calls == {}


def test_picture_that_is_not_there_is_asked_for_once(
    hub: FakeHub, thumbnails: Thumbnails, tmp_path: Path, qtbot: QtBot
) -> None:
    absent = a_video(1, thumb_version=1)
    [present] = pictured(hub, tmp_path, 1)
    thumbnails.get(absent, 243, FRAME)
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.get(present, 243, FRAME)
    assert hub.library.calls["thumbnail_path"] == 2
    thumbnails.get(absent, 243, FRAME)
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.get(a_video(0, thumb_version=2), 243, FRAME)
    assert hub.library.calls["thumbnail_path"] == 3


def test_the_last_one_asked_for_comes_first_and_old_ones_not_at_all(
    hub: FakeHub, thumbnails: Thumbnails, tmp_path: Path, qtbot: QtBot
) -> None:
    videos = pictured(hub, tmp_path, module.MAX_WAITING + 60)
    arrived: list[str] = []
    thumbnails.ready.connect(arrived.append)
    for video in videos:
        thumbnails.get(video, 200, FRAME)
    qtbot.waitUntil(lambda: len(arrived) == module.MAX_WAITING)
    qtbot.wait(20)
    latest = {video.id for video in videos[-module.LOOKUP_BATCH :]}
    assert latest <= set(arrived[: module.LOOKUP_BATCH + module.DECODERS])
    assert not set(arrived) & {video.id for video in videos[:60]}


def test_another_size_is_made_while_the_old_one_is_shown(
    hub: FakeHub, thumbnails: Thumbnails, tmp_path: Path, qtbot: QtBot
) -> None:
    [video] = pictured(hub, tmp_path, 1)
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.get(video, 200, FRAME)
    with qtbot.waitSignal(thumbnails.ready):
        old = thumbnails.get(video, 300, FRAME)
        assert old is not None
        assert old.width() == 200
    new = thumbnails.get(video, 300, FRAME)
    assert new is not None
    assert new.width() == 300


def test_new_version_replaces_the_picture(
    hub: FakeHub, thumbnails: Thumbnails, tmp_path: Path, qtbot: QtBot
) -> None:
    [video] = pictured(hub, tmp_path, 1)
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.get(video, 200, FRAME)
    a_picture(tmp_path / f"{video.id}.webp", (320, 180), "#c02020")
    newer = a_video(0, thumb_version=2)
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.get(newer, 200, FRAME)
    pixmap = thumbnails.get(newer, 200, FRAME)
    assert pixmap is not None
    assert pixmap.toImage().pixelColor(100, 50).red() > 150


def test_memory_is_bounded(
    hub: FakeHub, session: Session, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CACHE_BYTES", 200 * 113 * 4 * 3)
    thumbnails = Thumbnails(session)
    arrived: list[str] = []
    thumbnails.ready.connect(arrived.append)
    videos = pictured(hub, tmp_path, 6)
    for video in videos:
        thumbnails.get(video, 200, FRAME)
    qtbot.waitUntil(lambda: len(arrived) == 6)
    assert sum(thumbnails.get(video, 200, FRAME) is not None for video in videos) <= 3
    thumbnails.close()


def test_wide_picture_fills_the_frame_with_round_corners(tmp_path: Path) -> None:
    image = framed(a_picture(tmp_path / "a.webp", (640, 360)), 320, FRAME, "#808080")
    assert image.size() == QSize(320, 180)
    assert image.pixelColor(0, 0).alpha() == 0
    assert image.pixelColor(1, 90).blue() > 150


def test_portrait_is_shown_whole_between_bars_of_its_own_colour(tmp_path: Path) -> None:
    image = framed(a_picture(tmp_path / "a.webp", (360, 640)), 320, FRAME, "#2060c0")
    middle, bar = image.pixelColor(160, 90), image.pixelColor(20, 90)
    assert middle.blue() > 150
    assert bar.alpha() == 255
    assert bar.lightness() < 70
    assert bar.blue() > bar.red()


@pytest.mark.parametrize("size", [(360, 360), (480, 360), (840, 360)])
def test_picture_that_is_not_upright_fills_its_frame(tmp_path: Path, size: tuple[int, int]) -> None:
    image = framed(a_picture(tmp_path / "a.webp", size), 320, FRAME, "#808080")
    assert all(image.pixelColor(x, y).blue() > 150 for x, y in ((2, 90), (317, 90), (160, 2), (160, 177)))


def test_double_density_is_kept(tmp_path: Path) -> None:
    image = framed(a_picture(tmp_path / "a.webp", (640, 360)), 320, Frame(20.0, 2.0), "#808080")
    assert image.devicePixelRatio() == 2.0


@pytest.mark.parametrize("data", [b"", b"not a picture", b"RIFF\x00\x00\x00\x00WEBPVP8 "])
def test_broken_picture_is_no_picture(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.webp"
    path.write_bytes(data)
    assert framed(path, 320, FRAME, "#808080").isNull()
