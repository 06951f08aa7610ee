"""Makes the pictures of the README from the demo library: `make screenshots`.

The window is painted without a screen by Qt's own offscreen platform, the web page by headless Chromium. Both show the
running program on a data folder of their own.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.process import PASSWORD, Serving

TARGET = Path(__file__).parent.parent / "docs" / "screenshots"
CLIPS = 12
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


def main() -> int:
    """0 once both pictures are written."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="marquee-pictures-") as name:
        data = Path(name) / "data"
        with Serving(data) as hub:
            hub.set_up("Ada")
            hub.call("POST", "/v1/demo")
            _until(lambda: _has_pictures(hub), "the demo's thumbnails", 180)
            _web(hub, Path(name))
        _window(data)
    return 0


def _has_pictures(hub: Serving) -> bool:
    items = hub.call("GET", "/v1/videos?limit=100")["items"]
    busy = hub.call("GET", "/v1/jobs?active=true")["items"]
    return len(items) == CLIPS and not busy


def _web(hub: Serving, scratch: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("The pictures need Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        for shape, width, height, scale in (("wide", 1280, 800, 1), ("phone", 390, 800, 1)):
            context = browser.new_context(
                viewport={"width": width, "height": height}, device_scale_factor=scale, color_scheme="dark"
            )
            page = context.new_page()
            _sign_in(page, hub.url)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=scratch / f"{shape}.png")
            context.close()
        browser.close()
    wide, phone = (Image.open(scratch / f"{shape}.png") for shape in ("wide", "phone"))
    both = Image.new("RGB", (wide.width + 32 + phone.width, wide.height), "#808080")
    both.paste(wide, (0, 0))
    both.paste(phone, (wide.width + 32, 0))
    _save(both, TARGET / "web.png")


def _sign_in(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator("img").first.wait_for()


def _window(data: Path) -> None:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QBuffer, QIODevice
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication, QListView

    from gui.bootstrap import Program, make_application
    from gui.preferences import Preferences
    from gui.views.main_window import MainWindow
    from hub.config import LibrarySettings, ServerSettings, Settings
    from hub.paths import Paths

    make_application()
    paths = Paths(data)
    preferences = Preferences(paths.root / "window.ini")
    window = MainWindow(preferences)
    settings = Settings(server=ServerSettings(host="127.0.0.1", port=0), library=LibrarySettings(watch=False))
    program = Program(window, preferences, settings, paths, None)
    window.resize(1280, 800)
    window.show()

    def is_filled() -> bool:
        QTest.qWait(50)
        grid = window.findChild(QListView)
        return grid is not None and grid.model() is not None and grid.model().rowCount() == CLIPS

    _until(is_filled, "the window's library", 60)
    QTest.qWait(
        2_000
    )  # thumbnails are decoded as the grid asks for them; nothing says when the last one is painted
    image = window.grab().toImage()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.ReadWrite)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # PySide's stubs know only the path
    buffer.seek(0)
    scratch = data / "window.png"
    scratch.write_bytes(bytes(buffer.data().data()))
    with Image.open(scratch) as picture:
        _save(picture.convert("RGB"), TARGET / "window.png")
    program.close()
    QApplication.quit()


def _save(picture: Image.Image, path: Path) -> None:
    """As a PNG of 256 colours: good enough for a page, and small enough for a repository."""
    picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG).save(
        path, optimize=True
    )
    print(f"{path} {path.stat().st_size // 1000} kB")


def _until(condition: Callable[[], bool], what: str, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"Waited {timeout_s:.0f} s in vain for {what}.")
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
