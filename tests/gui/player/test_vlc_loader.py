"""libvlc beside the window: nothing waits for it but the first video."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from gui.player import vlc_library, vlc_loader
from gui.player.engine import EngineMissing
from gui.player.page import PlayerPage
from gui.player.vlc_loader import VlcLoader
from gui.preferences import Preferences
from gui.session import Session
from tests.gui.player.fake_engine import FakeEngine
from tests.gui.player.test_page import FILM, shown_texts

WAIT_MS = 10_000


class Disk:
    """A library that loads when the test says so; each instance it gave counts its releases."""

    def __init__(self) -> None:
        self.may_go_on = threading.Event()
        self.loads = 0
        self.releases = 0
        self.error: Exception | None = None
        self.threads: list[threading.Thread] = []

    def load(self) -> tuple[Any, Any]:
        self.threads.append(threading.current_thread())
        assert self.may_go_on.wait(10)
        self.loads += 1
        if self.error is not None:
            raise self.error
        return object(), self

    def release(self) -> None:
        self.releases += 1


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    disk = Disk()
    monkeypatch.setattr(vlc_library, "load", disk.load)
    yield disk
    disk.may_go_on.set()
    for thread in disk.threads:
        thread.join(10)


@pytest.fixture
def loader(disk: Disk, qtbot: QtBot) -> Iterator[VlcLoader]:
    loader = VlcLoader()
    yield loader
    loader.close()


def test_it_loads_on_a_thread_of_its_own_once(loader: VlcLoader, disk: Disk, qtbot: QtBot) -> None:
    loader.start()
    loader.start()
    assert not loader.is_done
    with qtbot.waitSignal(loader.done, timeout=WAIT_MS):
        disk.may_go_on.set()
    assert disk.loads == 1
    assert disk.threads != [threading.main_thread()]
    engine = loader.engine()
    engine.close()
    assert disk.releases == 1


def test_it_loads_by_itself_when_the_window_has_come_to_rest(
    disk: Disk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vlc_loader, "IDLE_MS", 0)
    loader = VlcLoader()
    disk.may_go_on.set()
    with qtbot.waitSignal(loader.done, timeout=WAIT_MS):
        loader.start_when_idle()
    loader.close()
    assert disk.releases == 1


def test_what_is_closed_in_the_middle_is_let_go_of_when_it_is_there(loader: VlcLoader, disk: Disk) -> None:
    assert not vlc_loader.is_under_way()
    loader.start()
    loader.close()
    assert vlc_loader.is_under_way()
    assert disk.releases == 0
    disk.may_go_on.set()
    disk.threads[0].join(10)
    assert not vlc_loader.is_under_way()
    assert disk.releases == 1


def test_a_library_that_is_missing_is_looked_for_again(loader: VlcLoader, disk: Disk, qtbot: QtBot) -> None:
    disk.error = EngineMissing("not installed")
    disk.may_go_on.set()
    for _ in range(2):
        with qtbot.waitSignal(loader.done, timeout=WAIT_MS):
            loader.start()
        with pytest.raises(EngineMissing, match="not installed"):
            loader.engine()
        assert not loader.is_done
    assert disk.loads == 2


def test_a_video_asked_for_early_plays_as_soon_as_it_can(
    session: Session, preferences: Preferences, loader: VlcLoader, disk: Disk, qtbot: QtBot
) -> None:
    engine = FakeEngine()
    page = PlayerPage(session, preferences, lambda: engine, loader)
    qtbot.addWidget(page)
    page.resize(900, 600)
    page.show()
    page.play(FILM)
    assert "A film" in shown_texts(page)
    assert engine.sources == []
    with qtbot.waitSignal(loader.done, timeout=WAIT_MS):
        disk.may_go_on.set()
    assert [source.path for source in engine.sources] == [FILM.path]
    page.stop()


def test_a_video_that_was_left_before_it_could_play_stays_closed(
    session: Session, preferences: Preferences, loader: VlcLoader, disk: Disk, qtbot: QtBot
) -> None:
    engine = FakeEngine()
    page = PlayerPage(session, preferences, lambda: engine, loader)
    qtbot.addWidget(page)
    page.play(FILM)
    page.leave()
    with qtbot.waitSignal(loader.done, timeout=WAIT_MS):
        disk.may_go_on.set()
    assert engine.sources == []
    assert page.engine is None
