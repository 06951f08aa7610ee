"""Compares what a walk finds with what the database knows, a batch of directories and one query at a time.

Nothing is probed and nothing is written here, and what is as it was costs no object: the result names only differences.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.db.engine import Database
from hub.db.repositories import files as rows
from hub.db.repositories.files import Place
from hub.library import sidecars
from hub.library.sidecars import FileFacts
from hub.library.walk import Listing, Walk, WalkProblem

BATCH_DIRS = 200
BATCH_FILES = 1_000


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is new or not as it was."""

    dir: bytes
    name: bytes
    size_bytes: int
    mtime_ns: int
    sidecars: tuple[bytes, ...]
    digest: str
    is_known: bool
    """There is a row for its place."""
    is_same_file: bool
    """Only what lies beside it has changed."""

    @property
    def place(self) -> Place:
        """(dir, name)."""
        return self.dir, self.name


@dataclass(slots=True)
class Batch:
    """The differences in some directories."""

    seen: int = 0
    unchanged: int = 0
    rejected: int = 0
    """Files known to be no media, and as they were."""
    found: list[Found] = field(default_factory=list)
    returned: list[Place] = field(default_factory=list)
    """Files that were missing and are there as they were."""
    vanished: list[Place] = field(default_factory=list)
    accepted: list[Place] = field(default_factory=list)
    """Rejected rows whose reason is gone."""


@dataclass(slots=True)
class Leftovers:
    """What a walk did not come by though the database knows it."""

    vanished: list[Place] = field(default_factory=list)
    """To be looked for once more before they count as missing."""
    passed_over: list[Place] = field(default_factory=list)
    """There perhaps, but no part of the library any more."""
    rejected_dirs: list[bytes] = field(default_factory=list)
    """Directories whose rejected rows are out of date."""
    solved: list[Place] = field(default_factory=list)
    """What was in the way and is not any more."""


class Comparison:
    """A walk seen against the database. To be driven on a thread of its own: `prepare`, iterate, `leftovers`.

    Places in `unsettled` are left as they are: somebody still writes to them.
    """

    def __init__(self, db: Database, folder_id: str, walk: Walk, unsettled: Collection[Place] = ()) -> None:
        self._db = db
        self._folder_id = folder_id
        self._unsettled = frozenset(unsettled)
        self._known_dirs: set[bytes] = set()
        self._shallow: set[bytes] = set()
        self._subdirs: dict[bytes, list[bytes]] = {}
        self._old_problems: set[Place] = set()
        self.walk = walk
        self.is_empty = False
        """The folder itself was read and holds nothing at all."""

    def prepare(self) -> None:
        """Note which directories are known before the walk: what another scan adds meanwhile is not missed by it."""
        self.walk.prepare()
        self._shallow = {spot.dir for spot in self.walk.spots if not spot.is_deep}
        for spot in self.walk.spots:
            self._known_dirs |= self._db.read_now(rows.known_dirs, self._folder_id, spot.dir)

    def __iter__(self) -> Iterator[Batch]:
        listings: list[Listing] = []
        files = 0
        for listing in self.walk:
            if not listing.dir:
                self.is_empty = listing.is_empty
            if listing.dir in self._shallow:
                self._subdirs[listing.dir] = listing.subdirs
            listings.append(listing)
            files += len(listing.media)
            if files >= BATCH_FILES or len(listings) >= BATCH_DIRS:
                yield self._compare(listings)
                listings, files = [], 0
        if listings:
            yield self._compare(listings)

    def leftovers(self) -> Leftovers:
        """Known places in directories the walk should have come by, and did not."""
        unwalked = {
            d
            for d in self._known_dirs - self.walk.listed
            if not self.walk.is_unreadable(d) and self._is_due(d)
        }
        passed_over = {directory for directory in unwalked if self.walk.is_skipped(directory)}
        noted = {(problem.dir, problem.name) for problem in self.walk.problems}
        gone = Leftovers(rejected_dirs=sorted(unwalked), solved=sorted(self._old_problems - noted))
        for places, dirs in ((gone.vanished, unwalked - passed_over), (gone.passed_over, passed_over)):
            found = self._db.read_now(rows.present_in, self._folder_id, dirs) if dirs else []
            places += [place for place in found if place not in self._unsettled]
        return gone

    def new_problems(self) -> list[WalkProblem]:
        """What the walk passed over and no earlier scan did."""
        return [one for one in self.walk.problems if (one.dir, one.name) not in self._old_problems]

    @property
    def knows_files(self) -> bool:
        """Something was known in the walked directories before the walk."""
        return bool(self._known_dirs)

    def _is_due(self, directory: bytes) -> bool:
        """Whether the walk would have listed this directory if it were there."""
        for spot in self.walk.spots:
            if directory == spot.dir:
                return True
            below = directory[len(spot.dir) :].lstrip(b"/") if spot.dir else directory
            if not directory.startswith(spot.dir + b"/" if spot.dir else b""):
                continue
            # A shallow walk has seen which subdirectories there are, not what is in them.
            if (
                spot.is_deep
                or spot.dir in self.walk.skipped
                or below.split(b"/")[0] not in self._subdirs.get(spot.dir, ())
            ):
                return True
        return False

    def _compare(self, listings: list[Listing]) -> Batch:
        known: dict[bytes, list[Any]] = {listing.dir: [] for listing in listings}
        rejected: dict[bytes, list[Any]] = {}
        for row in self._db.read_now(rows.known_in, self._folder_id, list(known)):
            if row[6]:
                rejected.setdefault(row[0], []).append(row)
            else:
                known[row[0]].append(row)
        batch = Batch()
        for listing in listings:
            owned = sidecars.assign(listing.media, listing.sidecars) if listing.sidecars else {}
            left = listing.media.copy()
            if listing.dir in rejected:
                self._check_rejected(batch, listing, owned, rejected[listing.dir], left)
            self._compare_one(batch, listing, owned, known[listing.dir], left)
        return batch

    def _compare_one(
        self,
        batch: Batch,
        listing: Listing,
        owned: Mapping[bytes, tuple[bytes, ...]],
        known: list[Any],
        left: dict[bytes, FileFacts],
    ) -> None:
        directory, media = listing.dir, listing.media
        batch.seen += len(media)
        changed: list[tuple[bytes, bool]] = []
        unchanged = 0
        for _, name, size_bytes, mtime_ns, digest, missing_since, _ in known:
            facts = left.pop(name, None)
            if facts is None:
                if missing_since is None and name not in media and (directory, name) not in self._unsettled:
                    batch.vanished.append((directory, name))
                continue
            is_same_file = facts == (size_bytes, mtime_ns)
            now = sidecars.digest(owned[name], listing.sidecars) if name in owned else ""
            if not is_same_file or digest != now:
                changed.append((name, is_same_file))
                continue
            unchanged += 1
            if missing_since is not None:
                batch.returned.append((directory, name))
        batch.unchanged += unchanged
        for is_known, files in ((True, changed), (False, [(name, False) for name in left])):
            for name, is_same_file in files:
                if (directory, name) not in self._unsettled:
                    beside = owned.get(name, ())
                    marks = sidecars.digest(beside, listing.sidecars)
                    batch.found.append(
                        Found(directory, name, *media[name], beside, marks, is_known, is_same_file)
                    )

    def _check_rejected(
        self,
        batch: Batch,
        listing: Listing,
        owned: Mapping[bytes, Sequence[bytes]],
        rejected: list[Any],
        left: dict[bytes, FileFacts],
    ) -> None:
        """Take what is known to be no media, and is as it was, out of `left`; note rows that are out of date."""
        used = {name for names in owned.values() for name in names}
        for _, name, *facts, _, _, _ in rejected:
            place = (listing.dir, name)
            if facts[0] == rows.NOT_A_FILE:
                # A shallow walk cannot tell whether a subdirectory is readable now.
                if not (listing.dir in self._shallow and name in listing.subdirs):
                    self._old_problems.add(place)
            elif name in listing.media:
                if listing.media[name] == tuple(facts):
                    del left[name]
                    batch.rejected += 1
            elif name not in used or listing.sidecars[name] != tuple(facts):
                batch.accepted.append(place)
