"""The window as a user has it: a real process on a real X server, playing a real file."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import urllib3
from PIL import Image, ImageChops, ImageGrab

from hub.paths import Paths
from hub.runtime.instance import Instance, InstanceFile
from tests.display import virtual_display
from tests.media import make_clip
from tests.process import Serving, environment, marquee, run_marquee

SCREEN = (1280, 800)
WAIT_S = 30.0


def wait_until(done: Callable[[], Any], what: str, timeout_s: float = WAIT_S) -> Any:
    """What `done` returns once that is true. It looks at other processes, which send no events."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if result := done():
            return result
        time.sleep(0.05)
    raise AssertionError(f"waited {timeout_s} s in vain for {what}")


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """An X server of our own."""
    with virtual_display(*SCREEN) as name:
        yield name


class Window:
    """`marquee` with a window; ends with the block."""

    def __init__(self, data: Path, display: str) -> None:
        self.data = data
        self.errors = data.parent / "window.stderr"
        self.env = environment(
            DISPLAY=display, QT_QPA_PLATFORM="xcb", MARQUEE_SERVER__PORT="0", MARQUEE_SERVER__HOST="127.0.0.1"
        )
        self._display = display
        self.process: subprocess.Popen[bytes]

    def start(self, *arguments: str | Path) -> None:
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(marquee(*arguments, data=self.data), stderr=errors, env=self.env)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; exit code and how long it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(10), time.monotonic() - began

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Another command on the same data folder and screen."""
        return subprocess.run(
            marquee(*arguments, data=self.data), capture_output=True, text=True, env=self.env, timeout=60
        )

    def screenshot(self) -> Image.Image:
        return ImageGrab.grab(xdisplay=self._display).convert("RGB")

    def wait_for_movement(self, *, seen: int) -> None:
        """Until so many different pictures were on the screen, one after the other."""
        last = self.screenshot()
        for _ in range(seen):
            wait_until(lambda: differ(last, self.screenshot()) > 0.01, "the picture to move")  # noqa: B023
            last = self.screenshot()

    def instance(self) -> Instance:
        """The note of the running hub, once there is one."""
        found: Instance = wait_until(lambda: InstanceFile(Paths(self.data)).read(), "the hub to run")
        return found

    def get(self, path: str) -> Any:
        instance = self.instance()
        with urllib3.PoolManager(
            headers={"Authorization": f"Bearer {instance.token}"}, retries=False
        ) as http:
            answer = http.request("GET", instance.url + path)
            assert answer.status == 200, answer.data
            return answer.json()

    def position_s(self, title: str) -> float:
        return next((v["position_s"] for v in self.get("/v1/videos")["items"] if v["title"] == title), 0.0)


@pytest.fixture
def window(tmp_path: Path, display: str) -> Iterator[Window]:
    made = Window(tmp_path / "data", display)
    made.start()
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.process.wait()


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "Videos"
    folder.mkdir()
    # A pattern that moves everywhere, so that any two moments differ.
    make_clip(folder / "first.mp4", seconds=30, size=(320, 180), source="testsrc2", title="First film")
    make_clip(
        folder / "second.mp4",
        seconds=30,
        size=(320, 180),
        source="mandelbrot",
        title="Second film",
        audio=None,
    )
    return folder


def differ(one: Image.Image, other: Image.Image) -> float:
    """Share of the pixels that differ visibly."""
    changed = ImageChops.difference(one, other).convert("L").point(lambda value: 255 if value > 24 else 0)
    return changed.histogram()[255] / (one.width * one.height)


def test_window_shows_plays_and_ends_clean(window: Window, clips: Path) -> None:
    wait_until(lambda: window.screenshot().getextrema() != ((0, 0),) * 3, "the window")
    window.instance()
    added = window.run("add", clips)
    assert added.returncode == 0, added.stderr
    library = window.screenshot()

    played = window.run("play", clips / "first.mp4")
    assert played.returncode == 0, played.stderr
    wait_until(lambda: differ(library, window.screenshot()) > 0.3, "the picture")
    first = window.screenshot()
    wait_until(lambda: differ(first, window.screenshot()) > 0.01, "the picture to move")
    wait_until(lambda: window.position_s("First film") > 0, "the position to be stored")

    # A second start brings this window to the front; with a target it plays that.
    assert window.run().returncode == 0
    again = window.run("play", clips / "second.mp4")
    assert again.returncode == 0, again.stderr
    wait_until(lambda: window.position_s("Second film") > 0, "the second film")
    assert window.process.poll() is None

    children = psutil.Process(window.process.pid).children(recursive=True)
    code, took_s = window.stop()
    assert code == 0
    assert took_s < 5
    _, alive = psutil.wait_procs(children, timeout=2)
    assert alive == []
    assert window.errors.read_text() == ""
    assert not Paths(window.data).instance_file.exists()


def test_position_is_stored_when_the_window_ends_while_playing(
    window: Window, clips: Path, display: str
) -> None:
    window.instance()
    assert window.run("add", clips).returncode == 0
    assert window.run("play", clips / "first.mp4").returncode == 0
    window.wait_for_movement(seen=3)
    assert window.stop()[0] == 0
    window.start()
    assert window.position_s("First film") > 0
    assert window.stop()[0] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_during_the_start_ends_it_clean(window: Window, number: signal.Signals) -> None:
    wait_until(lambda: window.screenshot().getextrema() != ((0, 0),) * 3, "the window")
    code, took_s = window.stop(number)
    assert code == 0
    assert took_s < 5
    assert window.errors.read_text() == ""


def test_a_disk_that_is_slow_to_give_libvlc_holds_up_nothing(tmp_path: Path, display: str) -> None:
    slow, asked = tmp_path / "slow", tmp_path / "asked"
    slow.mkdir()
    (slow / "vlc.py").write_text(
        f"import pathlib, time\npathlib.Path({str(asked)!r}).touch()\ntime.sleep(60)\n"
    )
    window = Window(tmp_path / "data", display)
    window.env["PYTHONPATH"] = f"{slow}{os.pathsep}{window.env['PYTHONPATH']}"
    window.start()
    wait_until(asked.exists, "libvlc to be wanted")
    code, took_s = window.stop()
    assert code == 0
    assert took_s < 5
    assert window.errors.read_text() == ""
    assert not Paths(window.data).instance_file.exists()


def test_hub_without_a_window_is_named_and_left_alone(tmp_path: Path, display: str) -> None:
    with Serving(tmp_path / "data") as hub:
        window = Window(tmp_path / "data", display)
        done = window.run()
        assert done.returncode == 3
        assert "without a window" in done.stderr
        assert str(hub.url).rpartition(":")[2] in done.stderr
        assert hub.process.poll() is None


def test_port_in_use_is_told_in_the_window(tmp_path: Path, display: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        window = Window(tmp_path / "data", display)
        window.env["MARQUEE_SERVER__PORT"] = str(taken.getsockname()[1])
        window.start()
        wait_until(lambda: "in use" in window.errors.read_text(), "the reason on stderr")
        assert window.process.poll() is None
        code, took_s = window.stop()
    assert (code, took_s < 5) == (1, True)


def test_played_file_need_not_be_in_the_library(tmp_path: Path, display: str, clips: Path) -> None:
    window = Window(tmp_path / "data", display)
    window.start("play", clips / "first.mp4")
    try:
        window.instance()
        window.wait_for_movement(seen=3)
        assert window.get("/v1/videos")["items"] == []
    finally:
        code, _ = window.stop()
    assert code == 0
    assert window.errors.read_text() == ""


def test_unknown_data_folder_is_refused_before_any_window(tmp_path: Path, display: str) -> None:
    (tmp_path / "data").write_text("a file, no folder")
    done = Window(tmp_path / "data", display).run()
    assert done.returncode == 3
    assert "cannot be used" in done.stderr


def test_command_line_help_needs_no_qt(tmp_path: Path) -> None:
    done = run_marquee("desktop", "--help", data=tmp_path / "data")
    assert done.returncode == 0
    assert "[ID|PATH]" in done.stdout
