"""A real browser: Debian's Chromium, driven by Playwright, that fails a test for whatever it complains about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from server.access import COOKIE

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 30_000
"""How long a page may take to show what a test waits for; two busy cores are slow."""

_REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


@dataclass
class Complaints:
    """What the browser had to say against a page, less what the test provokes."""

    expected: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Listen to `page` from now on."""
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.heard.append(f"uncaught: {error}"))
        page.on("requestfinished", lambda request: self._check_host(request.url))
        page.on("requestfailed", lambda request: self._check_host(request.url))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if not any(re.search(pattern, message.text) for pattern in self.expected):
            self.heard.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _check_host(self, url: str) -> None:
        if not re.match(r"(https?|wss?)://127\.0\.0\.1:\d+/|blob:|data:", url):
            self.heard.append(f"a request left the hub: {url}")


@dataclass
class Visit:
    """One person's browser window on a hub."""

    page: Page
    context: BrowserContext
    complaints: Complaints

    def expect_complaints(self, *patterns: str) -> None:
        """From now on the browser notes such things because the test provokes them."""
        self.complaints.expected.extend(patterns)

    def leave(self) -> None:
        """Close the window, before a hub of the test's own goes away under it."""
        self.context.close()


Visiting = Callable[..., Visit]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, once per module."""
    assert CHROMIUM.exists(), "Debian's chromium is not installed: packaging/parts/system.sh installs it"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def visiting(browser: Browser) -> Iterator[Visiting]:
    """Opens windows: `visiting(url)`, with `token` to be signed in, `phone` for a narrow touch screen."""
    every: list[Visit] = []

    def visit(url: str, *, token: str | None = None, phone: bool = False) -> Visit:
        context = windows.enter_context(
            browser.new_context(
                base_url=url,
                viewport={"width": 360, "height": 740} if phone else {"width": 1280, "height": 800},
                has_touch=phone,
                is_mobile=phone,
                locale="en-GB",
            )
        )
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(_REPORT_VIOLATIONS)
        if token is not None:
            context.add_cookies([{"name": COOKIE, "value": token, "url": url, "httpOnly": True}])
        page = context.new_page()
        visit = Visit(page, context, Complaints())
        visit.complaints.watch(page)
        every.append(visit)
        return visit

    with ExitStack() as windows:
        yield visit
    heard = [line for visit in every for line in visit.complaints.heard]
    assert not heard, "the browser complained:\n" + "\n".join(heard)
