"""What keeps a database from answering, as an error for people: a full disk, a locked file, a server that is gone.

Everything else the driver says (a broken constraint, an unknown table) is a defect or the caller's own business.
Sources: https://sqlite.org/rescode.html, https://www.postgresql.org/docs/current/errcodes-appendix.html.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from pathlib import Path

from sqlalchemy import exc

from hub.errors import DatabaseUnavailable, StorageFull

ROOM_BYTES = 256 * 1024
"""With less than this left the next few writes fill the disk."""

_PASSING = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    )
)
_PRIMARY_CODE = 0xFF
_SERVER_DISK_FULL = "53100"


def as_unavailable(error: BaseException, file: Path | None) -> DatabaseUnavailable | None:
    """The error for people, None when this is another kind of error; `file` is the embedded database.

    A full disk ends the whole transaction in SQLite, and going back to a savepoint then fails in its place: what came
    before an error counts, too.
    """
    met: BaseException | None = error
    while met is not None:
        if (found := _one(met, file)) is not None:
            return found
        met = met.__context__
    return None


def _one(error: BaseException, file: Path | None) -> DatabaseUnavailable | None:
    if isinstance(error, exc.TimeoutError):
        return DatabaseUnavailable("The database is too busy. Try again in a moment.")
    if not isinstance(error, exc.DBAPIError):
        return None
    if file is None:
        return _of_server(error)
    if not isinstance(error.orig, sqlite3.Error):
        return None
    code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY_CODE
    if code == sqlite3.SQLITE_FULL:
        return storage_full(file, str(error.orig))
    if code not in _PASSING:
        return None
    # Files beside the database that cannot be made or grow are an I/O error to SQLite, whatever the reason.
    if code not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and not has_room(file):
        return storage_full(file, str(error.orig))
    return DatabaseUnavailable(f"The database failed: {error.orig}. Try again in a moment.")


def storage_full(file: Path, said: str) -> StorageFull:
    """The error of an embedded database without room; `said` is what the system calls that."""
    return StorageFull(
        f"There is no room left for Marquee's database ({said}). Free some space on the disk that holds "
        f"{file.parent.name!r}, Marquee's data folder, then try again."
    )


def has_room(file: Path) -> bool:
    """Whether the disk with this file has room for a few more writes. Blocking."""
    try:
        if sys.platform == "win32":
            return shutil.disk_usage(file.parent).free >= ROOM_BYTES
        found = os.statvfs(file.parent)
    except OSError:
        return True  # whatever is wrong there, it is not known to be full
    free_blocks = found.f_bfree if os.geteuid() == 0 else found.f_bavail
    # Some network file systems tell no figures at all.
    return found.f_blocks == 0 or free_blocks * found.f_frsize >= ROOM_BYTES


def _of_server(error: exc.DBAPIError) -> DatabaseUnavailable | None:
    """What a server says names hosts and accounts, so it is kept for the log."""
    if getattr(error.orig, "sqlstate", None) == _SERVER_DISK_FULL:
        return StorageFull("The disk of the database server is full. Make room on it, then try again.")
    if isinstance(error, exc.OperationalError) or error.connection_invalidated:
        return DatabaseUnavailable(
            "The database server does not answer, or not in time. Check that it runs, then try again."
        )
    return None
