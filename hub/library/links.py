"""Links to files that the library has anyway: one file is one video, however many names lead to it.

A link to a file counts as a name of its own only where no scan comes by the file itself: outside all library folders,
under a hidden directory or one with a mark, or with a name that promises no media (as `git annex` keeps its files).
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from hub.library.names import MARKERS, is_media, is_skipped_dir


class Links:
    """Tells which links lead to files that scans find by themselves. For one scan: what it has seen, it remembers.

    `folders` are the real paths of all library folders, `left_out` a directory that is passed over in them.
    """

    def __init__(self, folders: Iterable[bytes] = (), left_out: bytes | None = None) -> None:
        self._folders = sorted(set(folders), key=len, reverse=True)
        """The innermost of several around a file comes first."""
        self._left_out = left_out
        self._listed: dict[bytes, bool] = {}

    def is_double(self, link: bytes) -> bool:
        """Whether the file at the end of this link is found without it. Blocking."""
        directory, name = os.path.split(os.path.realpath(link))
        if not is_media(name):
            return False
        if (known := self._listed.get(directory)) is None:
            known = self._listed[directory] = self._is_listed(directory)
        return known

    def _is_listed(self, directory: bytes) -> bool:
        folder = next((folder for folder in self._folders if is_at_or_under(directory, folder)), None)
        if folder is None:
            return False
        while len(directory) > len(folder):
            above, name = os.path.split(directory)
            if directory == self._left_out or is_skipped_dir(name):
                return False
            if any(os.path.lexists(os.path.join(directory, mark)) for mark in MARKERS):
                return False
            directory = above
        return True


def is_at_or_under(path: bytes, above: bytes) -> bool:
    """True when `path` is the directory `above` or lies in it; both absolute and without links."""
    return path == above or path.startswith(above if above.endswith(b"/") else above + b"/")
