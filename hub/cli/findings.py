"""What `marquee doctor` finds, and how layers above the core add checks of theirs to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from importlib.metadata import entry_points
from typing import TypeAlias

import msgspec

from hub.config import Settings
from hub.paths import Paths
from hub.runtime.instance import Instance

PLUGIN_GROUP = "marquee.checks"


class State(StrEnum):
    """How a check came out. A note is worth knowing and keeps nothing from working."""

    OK = "ok"
    NOTE = "note"
    FAILED = "failed"


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the checklist."""

    name: str
    state: State
    text: str
    """One or two sentences."""
    advice: str | None = None
    """What to do; always there when it failed."""
    figures: dict[str, float | str | None] = {}
    """What was measured, for programs; units are in the names."""


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """What is examined."""

    paths: Paths
    settings: Settings
    running: Instance | None
    """The hub that holds the data folder, if one does."""


Check: TypeAlias = Callable[[Installation], Iterable[Finding]]


def ok(name: str, text: str, **figures: float | str | None) -> Finding:
    """All is well."""
    return Finding(name=name, state=State.OK, text=text, figures=figures)


def note(name: str, text: str, **figures: float | str | None) -> Finding:
    """Worth knowing."""
    return Finding(name=name, state=State.NOTE, text=text, figures=figures)


def failed(name: str, text: str, advice: str) -> Finding:
    """Something does not work; `advice` says what to do."""
    return Finding(name=name, state=State.FAILED, text=text, advice=advice)


def findings_of_other_layers(what: Installation) -> Iterator[Finding]:
    """Those that `server` and `gui` bring, if they are installed."""
    for plugin in sorted(entry_points(group=PLUGIN_GROUP), key=lambda one: one.name):
        try:
            check: Check = plugin.load()
        except ImportError as error:  # a library of the system's that Qt needs, for one
            name = plugin.name.capitalize()
            yield failed(name, f"It cannot be loaded: {error}.", "Install what is missing, or Marquee again.")
            continue
        yield from check(what)


def in_gigabytes(size_bytes: float) -> str:
    """A size for people, such as `12.3 GB`."""
    return f"{size_bytes / 1e9:,.1f} GB"
