"""Whether a file is one that was elsewhere before: rows with its content whose own place holds it no more."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, RowMapping

from hub.db.repositories import files as rows
from hub.db.repositories.files import Place
from hub.library.looks import Looks, NotLookedAt, claim_of

MAX_COPIES = 64
"""Rows with the same content that are asked at a time."""
LOOK_AHEAD = 1_000
"""And whose places are looked at together: who asks 64 of thousands asks the next ones in a moment."""


@dataclass(slots=True)
class _Asked:
    """The rows with one content that are still to be asked."""

    ids: list[str] = field(default_factory=list)
    has_moved: bool = True
    """One of those asked since the last refill had."""
    are_more: bool = False
    is_exhausted: bool = False
    is_stuck: bool = False
    """Nobody has looked at the next ones yet: in this transaction there is no answer any more."""

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

    def __init__(self, connection: Connection, looks: Looks) -> None:
        self._connection = connection
        self._looks = looks
        self._asked: dict[str, _Asked] = {}

    def moved_to(self, folder_id: str, place: Place, content: str) -> RowMapping | None:
        """The row of this content whose file must be the one now at this place; None when there is no such row.

        NotLookedAt.
        """
        asked = self._asked.setdefault(content, _Asked())
        while not asked.is_exhausted:
            if not asked.ids:
                asked.refill(self._next(content, asked))
                continue
            row = rows.by_id(self._connection, asked.ids.pop(0))
            if row is None or row["fingerprint"] != content:
                continue
            is_here = (row["folder_id"], row["dir"], row["name"]) == (folder_id, *place)
            if not is_here and not self._looks.at_place_of(row).is_held:
                asked.has_moved = True
                return row
        return None

    def _next(self, content: str, asked: _Asked) -> list[str]:
        if asked.is_stuck:
            raise NotLookedAt
        found = rows.copies(self._connection, content, MAX_COPIES)
        if not self._looks.knows(claim_of(row) for row in found if row["folder_path"] is not None):
            more = found if len(found) < MAX_COPIES else rows.copies(self._connection, content, LOOK_AHEAD)
            self._looks.want(claim_of(row) for row in more if row["folder_path"] is not None)
            asked.is_stuck = True
            raise NotLookedAt
        return [row["id"] for row in found]

    def are_more(self, content: str) -> bool:
        """More rows have this content than were asked. Once those whose files are gone are marked, they come first."""
        return self._asked[content].are_more

    def ask_again(self, row: RowMapping) -> None:
        """This row has just lost its place."""
        if (asked := self._asked.get(row["fingerprint"])) is not None:
            asked.ids.insert(0, row["id"])
            asked.is_exhausted = False
