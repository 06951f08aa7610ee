"""One hub per data folder: the lock that says so, and the note that tells others how to reach its holder.

The lock is the operating system's, so it goes with the process however that ends. The note (`instance.json`, mode 0600)
holds address and local token; it only means something while the lock is held.
"""

from __future__ import annotations

import os

import msgspec
from filelock import FileLock, Timeout

from hub.errors import DataFolderError, DataFolderLocked
from hub.paths import Paths


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the running hub. `token` stands for the owner on this machine."""

    pid: int
    url: str
    token: str


class FolderLock:
    """Exclusive use of a data folder."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._lock = FileLock(paths.lock_file, blocking=False, thread_local=False)

    def acquire(self) -> None:
        """Take the lock. DataFolderLocked when another hub has it.

        The note of a holder that was killed goes at once: beside this lock it would name an address nobody answers at.
        """
        try:
            self._lock.acquire()
        except Timeout as error:
            other = InstanceFile(self._paths).read()
            where = f" It answers at {other.url} (process {other.pid})." if other else ""
            raise DataFolderLocked(
                f"Another Marquee is using the data folder {self._paths.root}.{where} "
                "Stop it first, or choose another folder with --data."
            ) from error
        except OSError as error:
            raise DataFolderError(
                f"The data folder {self._paths.root} cannot be locked: {error.strerror or error}."
            ) from error
        InstanceFile(self._paths).remove()

    def release(self) -> None:
        """Give the folder free. Safe to call twice."""
        self._lock.release()


class InstanceFile:
    """The note beside the lock."""

    def __init__(self, paths: Paths) -> None:
        self._path = paths.instance_file

    def write(self, *, url: str, token: str) -> None:
        """Write the note whole or not at all, readable by this user only."""
        draft = self._path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        note = msgspec.json.encode(Instance(pid=os.getpid(), url=url, token=token))
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(note)
        draft.replace(self._path)

    def read(self) -> Instance | None:
        """The note, or None when there is none (yet) that can be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Instance)
        except (OSError, msgspec.DecodeError):
            return None

    def remove(self) -> None:
        """Take the note away."""
        self._path.unlink(missing_ok=True)
