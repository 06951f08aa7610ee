from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.accounts.devices import MAX_NAME, describe

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X)"


@pytest.mark.parametrize(
    ("user_agent", "name", "kind"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Firefox on Linux",
            "browser",
        ),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/130.0.0.0 Safari/537.36",
            "Chrome on Windows",
            "browser",
        ),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/130.0.0.0 Safari/537.36 Edg/130.0",
            "Edge on Windows",
            "browser",
        ),
        (
            f"{MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
            "Safari on macOS",
            "browser",
        ),
        (
            f"{IPHONE} AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/130.0 Mobile/15E148 Safari/604.1",
            "Chrome on iPhone",
            "phone",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/130.0.0.0 Mobile Safari/537.36",
            "Chrome on Android",
            "phone",
        ),
        (
            f"Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) {WEBKIT} SamsungBrowser/3.0 Chrome/76 TV Safari/537.36",
            "Samsung Internet on a TV",
            "tv",
        ),
        (f"Mozilla/5.0 (Web0S; Linux/SmartTV) {WEBKIT} Chrome/94.0 Safari/537.36", "Chrome on a TV", "tv"),
        ("python-urllib3/2.8.0", "python-urllib3", "program"),
        ("VLC/3.0.21 LibVLC/3.0.21", "VLC", "program"),
        ("Marquee window", "Marquee window", "program"),
        ("Mozilla/5.0", "A browser", "browser"),
        ("", "Unknown program", "program"),
        ("/1.0", "Unknown program", "program"),
    ],
)
def test_a_user_agent_becomes_words_a_person_knows(user_agent: str, name: str, kind: str) -> None:
    assert describe(user_agent) == (name, kind)


@given(st.text())
def test_any_header_makes_a_short_printable_name(user_agent: str) -> None:
    name, kind = describe(user_agent)
    assert 0 < len(name) <= MAX_NAME
    assert name.isprintable()
    assert kind in ("browser", "phone", "tv", "program")
