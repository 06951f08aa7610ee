"""Whether a file has stopped growing: looked at twice, and nobody has it open for writing."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass

from hub.db.repositories.files import Place

APART_S = 0.8
"""Between two looks at a file."""
PATIENCE_S = 30.0
"""How long a file may be as it is and still open for writing: some programs never close what they have written."""


@dataclass(slots=True)
class _Look:
    facts: tuple[int, int]
    since: float
    """When the file was first seen like this."""
    last: float
    """When it was last looked at."""


class Settling:
    """The files of one folder that were seen and may still be written to. `clock` gives seconds."""

    def __init__(self, root: bytes, clock: Callable[[], float]) -> None:
        self._root = root
        self._clock = clock
        self._looks: dict[Place, _Look] = {}

    def __len__(self) -> int:
        return len(self._looks)

    @property
    def places(self) -> tuple[Place, ...]:
        """Files that are not known to be whole."""
        return tuple(self._looks)

    def note(self, place: Place, size_bytes: int, mtime_ns: int) -> None:
        """A file is there and has this size and time now: the first look, if it is not being looked at already."""
        now = self._clock()
        self._looks.setdefault(place, _Look((size_bytes, mtime_ns), now, now))

    def look(self) -> list[Place]:
        """Look again at what is due; what has come to rest, or is gone, is forgotten and returned. Blocking."""
        now = self._clock()
        settled = []
        for place, look in list(self._looks.items()):
            if now - look.last >= APART_S and self._is_settled(place, look, now):
                settled.append(place)
                del self._looks[place]
        return settled

    def _is_settled(self, place: Place, look: _Look, now: float) -> bool:
        path = os.path.join(self._root, *place)
        try:
            status = os.stat(path)
        except OSError:
            return True
        look.last = now
        if (facts := (status.st_size, status.st_mtime_ns)) != look.facts:
            look.facts, look.since = facts, now
            return False
        return now - look.since >= PATIENCE_S or not is_being_written(path)


def is_being_written(path: bytes) -> bool:
    """True when some process is known to have the file open for writing; False when not, or when that cannot be told.

    Linux refuses a read lease on such a file (fcntl(2), F_SETLEASE). Other systems, files of other users and network
    file systems do not say.
    """
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # Somebody who opens the file in this very moment waits for the lease to end and has the kernel tell us by a
        # signal; the usual one, SIGIO, would end this process, SIGURG is ignored.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(fd)
    return False
