"""Handing a file or folder to the program the system has for it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from hub.runtime.private import users_umask


def open_with_system(path: Path) -> bool:
    """Open an absolute path, whose name may be any bytes; False when no program took it."""
    # That program is the person's own: what they make with it is as open to others as they are used to.
    with users_umask():
        return QDesktopServices.openUrl(QUrl.fromEncoded(path.as_uri().encode()))
