"""Lists folder trees: which media files and sidecars there are, with size and time. Nothing is opened, nothing written.

100,000 files must be looked at in about the time `find` takes: names stay bytes, there is one `stat` for a file and one
for a directory, and no object for a file.

Links to files are followed, unless the file is found anyway (`links.py`). So are links to directories, unless they lead
back up (reported) or to what is walked anyway. Real directories come first, and a walk that would start behind a link
starts at the top instead: so a tree looks the same in whatever order, and however small a part of it, it is walked.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from stat import S_ISREG

from hub.library.links import Links, is_at_or_under
from hub.library.names import (
    MARKERS,
    MEDIA_SUFFIXES,
    PARTIAL_SUFFIXES,
    SIDECAR_SUFFIXES,
    is_media,
    is_sidecar,
    is_skipped_dir,
)
from hub.library.sidecars import FileFacts
from hub.media.files import reason

MAX_DIR_BYTES = 2_000
"""Longest path within a folder. PostgreSQL's index rows hold 2,704 bytes: path, file name and folder id together."""

SYSTEM_DIRS = (b"/proc", b"/sys", b"/dev")
"""Where kernels show themselves: what looks like files there is none, is endless, or does something when it is read."""

_MEDIA, _SIDECAR, _TEXT = 1, 2, 3
_KINDS = dict.fromkeys(MEDIA_SUFFIXES, _MEDIA) | dict.fromkeys(SIDECAR_SUFFIXES, _SIDECAR) | {b"txt": _TEXT}
assert not PARTIAL_SUFFIXES & _KINDS.keys()


@dataclass(frozen=True, slots=True)
class Spot:
    """A directory of a folder to look into; with everything below it, or only its own files."""

    dir: bytes = b""
    is_deep: bool = True


@dataclass(frozen=True, slots=True)
class WalkProblem:
    """A file, link or directory that was passed over, by its place, and why."""

    dir: bytes
    name: bytes
    reason: str


@dataclass(slots=True)
class Listing:
    """The media files and sidecars of one directory."""

    dir: bytes
    media: dict[bytes, FileFacts] = field(default_factory=dict)
    sidecars: dict[bytes, FileFacts] = field(default_factory=dict)
    subdirs: list[bytes] = field(default_factory=list)
    """Names of the directories in it that are not skipped by their name."""
    links: set[bytes] = field(default_factory=set)
    """Those of `subdirs` that are links."""
    is_empty: bool = True
    """True when it holds nothing at all, hidden things included."""


class Walk:
    """One walk through (parts of) a folder, driven on a thread of its own: `prepare`, then iterate.

    `folders` are the real paths of all library folders, `left_out` a directory to pass over (Marquee's own data).
    """

    def __init__(
        self,
        root: bytes,
        spots: Sequence[Spot],
        *,
        folders: Iterable[bytes] = (),
        left_out: bytes | None = None,
    ) -> None:
        self.root = root
        self.spots = tuple(sorted(set(spots), key=lambda spot: not spot.is_deep))
        """Where the walk starts, deep ones first."""
        self._folders = {root, *folders}
        self._links = Links(self._folders, left_out)
        self._left_out = {left_out, *SYSTEM_DIRS}
        self._seen: set[tuple[int, int]] = set()
        self.listed: set[bytes] = set()
        """Directories that were read."""
        self.unreadable: set[bytes] = set()
        """Directories that exist and could not be read: nothing is known about what is in them."""
        self.skipped: set[bytes] = set()
        """Directories passed over on purpose, with all that is below them."""
        self.problems: list[WalkProblem] = []

    def prepare(self) -> None:
        """Find out what a walk from the top would make of the spots. Blocking."""
        for spot in self.spots:
            if spot.dir and self._has_link(spot.dir):
                self.spots = (Spot(),)
                self.skipped.clear()
                return
            if spot.dir and self._is_passed_over(spot.dir):
                self.skipped.add(spot.dir)

    def __iter__(self) -> Iterator[Listing]:
        for spot in self.spots:
            if spot.dir not in self.skipped:
                yield from self._walk(spot)

    def is_skipped(self, directory: bytes) -> bool:
        """True for a directory that was passed over on purpose, itself or with one above it."""
        parts = directory.split(b"/")
        if directory and any(map(is_skipped_dir, parts)):
            return True
        return any(b"/".join(parts[:end]) in self.skipped for end in range(1, len(parts) + 1))

    def is_unreadable(self, directory: bytes) -> bool:
        """True for a directory at or under one that could not be read."""
        parts = directory.split(b"/")
        return any(b"/".join(parts[:end]) in self.unreadable for end in range(len(parts) + 1))

    def _walk(self, spot: Spot) -> Iterator[Listing]:
        # Links wait until all real directories are done: what is reached both ways is then known by its real path.
        stack: list[tuple[bytes, bool]] = [(spot.dir, False)]
        links: list[tuple[bytes, bool]] = []
        while stack or links:
            directory, is_behind_link = stack.pop() if stack else links.pop()
            if directory in self.listed:
                continue
            listing = self._list(directory, is_behind_link=is_behind_link)
            if listing is None:
                continue
            yield listing
            if spot.is_deep:
                prefix = directory + b"/" if directory else b""
                for name in sorted(listing.subdirs, reverse=True):
                    if name in listing.links:
                        links.append((prefix + name, True))
                    else:
                        stack.append((prefix + name, is_behind_link))

    def _list(self, directory: bytes, *, is_behind_link: bool) -> Listing | None:
        path = os.path.join(self.root, directory) if directory else self.root
        if len(directory) > MAX_DIR_BYTES:
            self._pass_over(
                directory, f"Its path is longer than {MAX_DIR_BYTES:,} bytes; nothing in it was read."
            )
            return None
        try:
            if path in self._left_out or (is_behind_link and not self._may_follow(path, directory)):
                self.skipped.add(directory)
                return None
            status = os.stat(path)
            identity = (status.st_dev, status.st_ino)
            if identity in self._seen:  # a mount that shows a directory a second time, or two links to one
                self.skipped.add(directory)
                return None
            self._seen.add(identity)
            with os.scandir(path) as entries:
                listing = self._read(directory, entries)
        except (FileNotFoundError, NotADirectoryError):
            if not directory:
                self.unreadable.add(directory)
            return None
        except OSError as error:
            self._pass_over(directory, f"This directory cannot be read: {reason(error)}.")
            return None
        if listing is None:
            self.skipped.add(directory)
            return None
        self.listed.add(directory)
        return listing

    def _read(self, directory: bytes, entries: Iterable[os.DirEntry[bytes]]) -> Listing | None:
        """What a directory holds; None when a marker asks to leave it alone."""
        listing = Listing(directory)
        media, sidecars = listing.media, listing.sidecars
        for entry in entries:
            listing.is_empty = False
            name = entry.name
            if name[0] == 0x2E:  # "."
                # A folder that was added on purpose is read whatever lies in it.
                if directory and name in MARKERS:
                    return None
                continue
            try:
                if entry.is_dir():
                    if not is_skipped_dir(name):
                        listing.subdirs.append(name)
                        if entry.is_symlink():
                            listing.links.add(name)
                    continue
                kind = _KINDS.get(name[name.rfind(b".") + 1 :].lower())
                if kind is None or (kind == _TEXT and not is_sidecar(name)):
                    continue
                status = entry.stat()
                if S_ISREG(status.st_mode):
                    facts = (status.st_size, status.st_mtime_ns)
                    if kind == _MEDIA and entry.is_symlink() and self._links.is_double(entry.path):
                        continue
                    if kind == _MEDIA:
                        media[name] = facts
                    else:
                        sidecars[name] = facts
            except OSError as error:
                self._note_entry(directory, entry, error)
        return listing

    def _note_entry(self, directory: bytes, entry: os.DirEntry[bytes], error: OSError) -> None:
        name = entry.name
        if isinstance(error, FileNotFoundError) and not entry.is_symlink():
            return  # gone since the directory was read
        if entry.is_symlink():
            if isinstance(error, FileNotFoundError) and not is_media(name):
                return  # nobody misses it
            self.problems.append(WalkProblem(directory, name, f"This link leads nowhere: {reason(error)}."))
            return
        self.problems.append(WalkProblem(directory, name, f"It cannot be looked at: {reason(error)}."))

    def _may_follow(self, path: bytes, directory: bytes) -> bool:
        """Whether a directory that is, or lies behind, a link is walked."""
        target = os.path.realpath(path)
        if not os.path.islink(path):
            return target not in self._folders
        if is_at_or_under(os.path.realpath(os.path.dirname(path)), target):
            self._note_dir(directory, "This link leads back to a directory above it; it was not followed.")
            return False
        return not any(is_at_or_under(target, folder) for folder in (*self._folders, *SYSTEM_DIRS))

    def _pass_over(self, directory: bytes, words: str) -> None:
        self.unreadable.add(directory)
        if directory:  # what is wrong with the folder itself is said elsewhere
            self._note_dir(directory, words)

    def _note_dir(self, directory: bytes, words: str) -> None:
        parent, _, name = directory.rpartition(b"/")
        self.problems.append(WalkProblem(parent, name, words))

    def _has_link(self, directory: bytes) -> bool:
        parts = directory.split(b"/")
        return any(os.path.islink(os.path.join(self.root, *parts[:end])) for end in range(1, len(parts) + 1))

    def _is_passed_over(self, directory: bytes) -> bool:
        parts = directory.split(b"/")
        if any(map(is_skipped_dir, parts)):
            return True
        above = [os.path.join(self.root, *parts[:end]) for end in range(1, len(parts) + 1)]
        return not self._left_out.isdisjoint(above) or any(
            os.path.lexists(os.path.join(path, mark)) for path in above for mark in MARKERS
        )


def is_of_the_system(path: bytes) -> bool:
    """True for what lies in `SYSTEM_DIRS`; memory shown as ordinary files (`/dev/shm`) does not count."""
    return not is_at_or_under(path, b"/dev/shm") and any(is_at_or_under(path, top) for top in SYSTEM_DIRS)


def root_problem(root: bytes) -> str | None:
    """Why a library folder cannot be read now, as a sentence; None when it can. Blocking."""
    try:
        with os.scandir(root):
            return None
    except FileNotFoundError:
        return "This folder is not there. If it is on a removable or network disk, connect it."
    except NotADirectoryError:
        return "This is not a folder any more but a file."
    except OSError as error:
        return f"This folder cannot be read: {reason(error)}."
