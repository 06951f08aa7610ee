"""The player's keys, the same as in the browser."""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent


class Command(Enum):
    """What a key asks for."""

    TOGGLE = auto()
    JUMP = auto()
    GO_TO_SHARE = auto()
    VOLUME = auto()
    MUTE = auto()
    FULLSCREEN = auto()
    CAPTIONS = auto()
    SLOWER = auto()
    FASTER = auto()
    HELP = auto()
    LEAVE = auto()


_KEYS: dict[int, tuple[Command, float]] = {
    Qt.Key.Key_Space: (Command.TOGGLE, 0),
    Qt.Key.Key_K: (Command.TOGGLE, 0),
    Qt.Key.Key_MediaTogglePlayPause: (Command.TOGGLE, 0),
    Qt.Key.Key_MediaPlay: (Command.TOGGLE, 0),
    Qt.Key.Key_J: (Command.JUMP, -10),
    Qt.Key.Key_L: (Command.JUMP, 10),
    Qt.Key.Key_Left: (Command.JUMP, -5),
    Qt.Key.Key_Right: (Command.JUMP, 5),
    Qt.Key.Key_Up: (Command.VOLUME, 5),
    Qt.Key.Key_Down: (Command.VOLUME, -5),
    Qt.Key.Key_M: (Command.MUTE, 0),
    Qt.Key.Key_F: (Command.FULLSCREEN, 0),
    Qt.Key.Key_F11: (Command.FULLSCREEN, 0),
    Qt.Key.Key_C: (Command.CAPTIONS, 0),
    Qt.Key.Key_Less: (Command.SLOWER, 0),
    Qt.Key.Key_Greater: (Command.FASTER, 0),
    Qt.Key.Key_Home: (Command.GO_TO_SHARE, 0),
    Qt.Key.Key_End: (Command.GO_TO_SHARE, 1),
    Qt.Key.Key_Question: (Command.HELP, 0),
    Qt.Key.Key_Escape: (Command.LEAVE, 0),
}


def command(event: QKeyEvent) -> tuple[Command, float] | None:
    """The command of a key with its amount: seconds, per cent, or a share of the whole."""
    if event.modifiers() & (
        Qt.KeyboardModifier.ControlModifier
        | Qt.KeyboardModifier.AltModifier
        | Qt.KeyboardModifier.MetaModifier
    ):
        return None
    if Qt.Key.Key_0 <= event.key() <= Qt.Key.Key_9:
        return Command.GO_TO_SHARE, (event.key() - Qt.Key.Key_0) / 10
    return _KEYS.get(event.key())
