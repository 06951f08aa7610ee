"""Files that are nobody else's business: the database, its backups, the log.

The whole process makes its files private to their owner; what an older version or another program left open to others
is closed at start. Other programs that are started on the person's behalf get the person's own umask back.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)

_PRIVATE_UMASK = 0o077
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_users_umask: int | None = None


def make_files_private() -> None:
    """From now on this process's files and folders are for their owner only. Once, when the program starts."""
    global _users_umask
    before = os.umask(_PRIVATE_UMASK)
    if _users_umask is None:
        _users_umask = before


@contextmanager
def users_umask() -> Iterator[None]:
    """The umask the program was started with, for as long as it takes to start somebody else's.

    It is the process's, so files other threads make meanwhile have it, too; those that matter name their mode.
    """
    if _users_umask is None:
        yield
        return
    before = os.umask(_users_umask)
    try:
        yield
    finally:
        os.umask(before)


def close_to_others(path: Path) -> None:
    """Take from a file or folder what its mode grants to others; nothing happens when it is not there.

    A file system without modes, or a file of another owner, is a warning: it may be meant so.
    """
    if os.name != "posix":
        return  # there the folder of the account grants nothing to others
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & _FOR_OTHERS:
            path.chmod(mode & ~_FOR_OTHERS)
            log.info("%s could be read by others; it is private now", path)
    except FileNotFoundError:
        pass
    except OSError as error:
        log.warning("%s may be readable by others: %s", path, error.strerror or error)


def make_private_file(path: Path) -> None:
    """See that a file exists, and for its owner only. OSError when it cannot be made."""
    try:
        # Never opened when it is there: closing it again would end the locks SQLite has on it in this process.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        close_to_others(path)
