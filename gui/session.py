"""The open hub as the window reaches it: one way to run an operation, for every view and model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from PySide6.QtCore import QObject

from gui.bridge import Bridge, Call
from hub.accounts.types import Viewer
from hub.errors import HubError

if (
    TYPE_CHECKING
):  # importing the hub takes a while; the loop thread does it while the window is already there
    from hub.bootstrap import Hub

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """Something the window wants from the hub, told as an object: what to await there, and how it is to be treated."""

    run: Callable[[Hub, Viewer], Awaitable[T]]
    keep: bool = False
    """True for a write that must reach the disk even when the window closes right after."""


class Runner(Protocol):
    """Whatever runs operations; `Session` in the program."""

    def run(
        self,
        operation: Operation[T],
        *,
        context: QObject,
        on_result: Callable[[T], None] | None = None,
        on_error: Callable[[HubError], None] | None = None,
    ) -> Call[T]:
        """Run it; call back on the window's thread while `context` lives."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What the loop thread hands to the window once the hub runs and its server answers."""

    hub: Hub
    viewer: Viewer
    url: str
    setup_code: str | None


class Session:
    """Runs operations on the open hub for the person at this window."""

    def __init__(self, bridge: Bridge, opened: Opened) -> None:
        self._bridge = bridge
        self._hub = opened.hub
        self._viewer = opened.viewer

    @property
    def viewer(self) -> Viewer:
        """The person at this window."""
        return self._viewer

    def run(
        self,
        operation: Operation[T],
        *,
        context: QObject,
        on_result: Callable[[T], None] | None = None,
        on_error: Callable[[HubError], None] | None = None,
    ) -> Call[T]:
        """Run it on the loop thread; without `on_error`, a failure is shown by the window."""
        return self._bridge.call(
            lambda: operation.run(self._hub, self._viewer),
            context=context,
            on_result=on_result,
            on_error=on_error,
            keep=operation.keep,
        )
