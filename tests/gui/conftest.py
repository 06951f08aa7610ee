"""A loop thread, a bridge and a session for window tests; the services behind are in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from gui.bridge import Bridge
from gui.collector import Collector
from gui.preferences import Preferences
from gui.session import Session
from hub.runtime.loop import LoopThread
from tests.gui.fake_hub import FakeHub

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The platform without a screen says what it has no use for: size hints of dialogs, coming to the front."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(
                pytest.mark.qt_log_ignore(r"^This plugin does not support (propagateSizeHints|raise)\(\)")
            )


@pytest.fixture
def loop(qapp: object) -> Iterator[LoopThread]:
    """A loop thread that has not started; as in the program, garbage is collected on this thread only."""
    collector = Collector()
    thread = LoopThread("test-loop")
    yield thread
    assert thread.stop()
    collector.close()


@pytest.fixture
def bridge(loop: LoopThread, qtbot: QtBot) -> Iterator[Bridge]:
    """A bridge whose loop runs."""
    made = Bridge(loop)
    loop.start()
    yield made
    made.close()


@pytest.fixture
def hub() -> FakeHub:
    """An empty hub; tests fill in what they need."""
    return FakeHub()


@pytest.fixture
def session(hub: FakeHub, bridge: Bridge) -> Session:
    """A session on `hub`."""
    return hub.session(bridge)


@pytest.fixture
def preferences(tmp_path: Path) -> Preferences:
    """Preferences in a file of their own."""
    return Preferences(tmp_path / "window.ini")
