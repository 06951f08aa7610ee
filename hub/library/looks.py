"""What is on the disk where rows say their files are: looked up before a transaction, asked inside it.

A write transaction never waits for a disk. On a network mount that hangs, every other write of the hub would hang with
it. So inside one only what was looked up already is asked; anything else is noted, the transaction is undone, the look
is taken without it, and it is begun again. A look counts for the row as it was then: has the row changed since, it is
another claim, and looked at anew.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import RowMapping

from hub.library.links import Links
from hub.media.errors import UnreadableFile
from hub.media.fingerprint import fingerprint


class NotLookedAt(Exception):
    """The answer is on the disk, and nobody has looked yet."""


class Claim(NamedTuple):
    """What a row says: at this path lies a file with this size, time and content."""

    path: bytes
    size_bytes: int = -1
    mtime_ns: int = -1
    fingerprint: str = ""


class Look(NamedTuple):
    """What was seen at a claim's path."""

    facts: tuple[int, int] | None
    """Size in bytes and modification time in nanoseconds; None when nothing is there."""
    is_file: bool
    is_held: bool
    """The claimed file is still there, though perhaps with another time."""


NOWHERE = Look(None, is_file=False, is_held=False)


class Looks:
    """The looks taken for one transaction. Where a link stands for a file that is found anyway, nothing is."""

    def __init__(self, links: Links | None = None) -> None:
        self._links = links or Links()
        self._taken: dict[Claim, Look] = {}
        self._wanted: set[Claim] = set()

    def at(self, claim: Claim) -> Look:
        """What is there. NotLookedAt."""
        if (look := self._taken.get(claim)) is None:
            self._wanted.add(claim)
            raise NotLookedAt
        return look

    def at_place_of(self, row: RowMapping) -> Look:
        """What is where a file row says; nothing is, if its folder is no longer in the library. NotLookedAt."""
        return NOWHERE if row["folder_path"] is None else self.at(claim_of(row))

    def knows(self, claims: Iterable[Claim]) -> bool:
        """True when all of these were looked at."""
        return all(claim in self._taken for claim in claims)

    def want(self, claims: Iterable[Claim]) -> None:
        """Have these looked at the next time."""
        self._wanted.update(claim for claim in claims if claim not in self._taken)

    def check(self) -> None:
        """NotLookedAt when anything that was asked is still to be looked at."""
        if self._wanted:
            raise NotLookedAt

    def take(self) -> None:
        """Look at what is wanted. Blocking."""
        while self._wanted:
            claim = self._wanted.pop()
            self._taken[claim] = _look(claim, self._links)


def claim_of(row: RowMapping) -> Claim:
    """What a file row whose folder is in the library says."""
    path: bytes = os.path.join(row["folder_path"], row["dir"], row["name"])
    return Claim(path, row["size_bytes"], row["mtime_ns"], row["fingerprint"])


def _look(claim: Claim, links: Links) -> Look:
    try:
        status = os.stat(claim.path)
        if os.path.islink(claim.path) and links.is_double(claim.path):
            return NOWHERE
    except OSError:
        return NOWHERE
    facts = (status.st_size, status.st_mtime_ns)
    return Look(facts, is_file=stat.S_ISREG(status.st_mode), is_held=_is_held(claim, *facts))


def _is_held(claim: Claim, size_bytes: int, mtime_ns: int) -> bool:
    if size_bytes != claim.size_bytes:
        return False
    if mtime_ns == claim.mtime_ns:
        return True
    try:
        # Only the time differs: touched where it is, or another file of the same size. The content tells.
        return fingerprint(claim.path) == claim.fingerprint
    except UnreadableFile:
        return True  # it is there; what cannot be read is not given away
