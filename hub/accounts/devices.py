"""What a device is called in the list of sign-ins, read from its User-Agent header (RFC 9110 §10.1.5)."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_NAME = 64

# First match wins: browsers name those they descend from as well.
_BROWSERS = (
    (r"Edg(e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Vivaldi/", "Vivaldi"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|CriOS/|Chromium/", "Chrome"),
    (r"Safari/|AppleWebKit/", "Safari"),
)
_SYSTEMS = (
    (r"iPhone", "iPhone", "phone"),
    (r"iPad", "iPad", "phone"),
    (r"SMART-TV|SmartTV|Tizen.*TV|HbbTV", "a TV", "tv"),
    (r"Web0S|webOS", "LG TV", "tv"),
    (r"CrKey", "Chromecast", "tv"),
    (r"\bAFT|Fire TV", "Fire TV", "tv"),
    (r"BRAVIA|Android TV|GoogleTV", "Android TV", "tv"),
    (r"Android.*Mobile", "Android", "phone"),
    (r"Android", "Android", "browser"),
    (r"Windows", "Windows", "browser"),
    (r"CrOS", "ChromeOS", "browser"),
    (r"Mac OS X|Macintosh", "macOS", "browser"),
    (r"Linux|X11", "Linux", "browser"),
)


class DeviceInfo(NamedTuple):
    """Name and kind (`browser`, `phone`, `tv` or `program`)."""

    name: str
    kind: str


def describe(user_agent: str) -> DeviceInfo:
    """`Firefox on Linux` for a browser; a program's own name for anything else."""
    if not user_agent.startswith(("Mozilla/", "Opera/")):
        # The first product without its version; a plain name ("Marquee window") stays as it is.
        product = re.sub(r"/.*", "", user_agent, flags=re.DOTALL)
        readable = " ".join("".join(c if c.isprintable() else " " for c in product).split())
        return DeviceInfo(readable[:MAX_NAME] or "Unknown program", "program")
    browser = next((name for pattern, name in _BROWSERS if re.search(pattern, user_agent)), "A browser")
    for pattern, system, kind in _SYSTEMS:
        if re.search(pattern, user_agent):
            return DeviceInfo(f"{browser} on {system}", kind)
    return DeviceInfo(browser, "browser")
