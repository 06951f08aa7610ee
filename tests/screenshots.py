"""Makes the pictures of the README from the demo library: `make screenshots`.

The window runs on a virtual X server, the web page in headless Chromium. Both show the running program on a data
folder of their own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageGrab
from playwright.sync_api import Page, sync_playwright

from tests.display import virtual_display
from tests.process import PASSWORD, Serving, environment, marquee

TARGET = Path(__file__).parent.parent / "docs" / "screenshots"
CLIPS = 12
WINDOW_SIZE = (1180, 780)
"""The size a new window has."""
MANY_COLOURS = 5_000
"""More than the window has without thumbnails."""
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
    with virtual_display(*WINDOW_SIZE) as display:
        variables = {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "MARQUEE_SERVER__PORT": "0"}
        window = subprocess.Popen(marquee(data=data), env=environment(**variables))
        try:
            shown = [ImageGrab.grab(xdisplay=display)]

            def is_at_rest() -> bool:
                time.sleep(1)
                shown.append(ImageGrab.grab(xdisplay=display))
                colours = shown[-1].getcolors(2**24) or []
                return len(colours) > MANY_COLOURS and shown[-1].tobytes() == shown[-2].tobytes()

            _until(is_at_rest, "the window's library", 60)
        finally:
            window.terminate()
            window.wait(10)
    _save(shown[-1], TARGET / "window.png")


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
