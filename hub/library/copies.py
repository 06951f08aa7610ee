"""Whether a file is one that was elsewhere before: rows with its content whose own place holds it no more."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from sqlalchemy import Connection, RowMapping

from hub.db.repositories import files as rows
from hub.db.repositories.files import Place
from hub.media.errors import UnreadableFile
from hub.media.fingerprint import fingerprint

MAX_COPIES = 64
"""Rows with the same content that are asked at a time."""


@dataclass(slots=True)
class _Asked:
    """The rows with one content that are still to be asked."""

    ids: list[str] = field(default_factory=list)
    has_moved: bool = True
    """One of those asked since the last refill had."""
    are_more: bool = False
    is_exhausted: bool = False

    def refill(self, ids: list[str]) -> None:
        """Ask these; unless none of the last ones had moved, for then these are the same ones again."""
        self.is_exhausted = not (self.has_moved and ids)
        self.are_more = len(ids) == MAX_COPIES
        self.has_moved = False
        self.ids = [] if self.is_exhausted else ids


class Copies:
    """Finds moved files within one transaction.

    Each row is asked once, whatever the answer: thousands of equal files must not be asked about each other.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._asked: dict[str, _Asked] = {}

    def moved_to(self, folder_id: str, place: Place, content: str) -> RowMapping | None:
        """The row of this content whose file must be the one now at this place; None when there is no such row."""
        asked = self._asked.setdefault(content, _Asked())
        while not asked.is_exhausted:
            if not asked.ids:
                asked.refill(rows.ids_by_fingerprint(self._connection, content, MAX_COPIES))
                continue
            row = rows.by_id(self._connection, asked.ids.pop(0))
            if row is None or row["fingerprint"] != content:
                continue
            if (row["folder_id"], row["dir"], row["name"]) != (folder_id, *place) and not holds(row):
                asked.has_moved = True
                return row
        return None

    def are_more(self, content: str) -> bool:
        """More rows have this content than were asked. Once those whose files are gone are marked, they come first."""
        return self._asked[content].are_more

    def ask_again(self, row: RowMapping) -> None:
        """This row has just lost its place."""
        if (asked := self._asked.get(row["fingerprint"])) is not None:
            asked.ids.insert(0, row["id"])
            asked.is_exhausted = False


def holds(row: RowMapping) -> bool:
    """Whether the file of a row is still where the row says. Blocking."""
    now = stat_file(row)
    if now is None or now[0] != row["size_bytes"]:
        return False
    if now[1] == row["mtime_ns"]:
        return True
    try:
        # Only the time differs: touched where it is, or another file of the same size. The content tells.
        return fingerprint(_path(row)) == str(row["fingerprint"])
    except UnreadableFile:
        return True  # it is there; what cannot be read is not given away


def is_as_known(row: RowMapping) -> bool:
    """Whether the file at the row's place has the size and time of the row. Blocking."""
    now = stat_file(row)
    return now is not None and now == (row["size_bytes"], row["mtime_ns"])


def stat_file(row: RowMapping) -> tuple[int, int] | None:
    """Size and time of what is at the row's place; None when nothing is. Blocking."""
    if row["folder_path"] is None:
        return None
    try:
        status = os.stat(_path(row))
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _path(row: RowMapping) -> bytes:
    path: bytes = os.path.join(row["folder_path"], row["dir"], row["name"])
    return path
