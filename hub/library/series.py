"""Which file comes after which: episodes by the numbers in their names, else the order of a folder. Pure.

Names are bytes, as the file system has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from hub.db.repositories.names import fold, sort_key
from hub.library.names import stem

_SEASON_DIR = re.compile(
    r"^(?:s|season|series|staffel|temporada|saison|stagione|volume|vol|disc|cd)[ ._-]*(\d{1,4})\b"
)
_EPISODE = (
    re.compile(r"^(?P<series>.*?)[ ._-]*\bs(?P<season>\d{1,4})[ ._-]*e(?P<episode>\d{1,4})(?!\d)"),
    re.compile(r"^(?P<series>.*?)[ ._\[(-]*\b(?P<season>\d{1,2})x(?P<episode>\d{2,3})(?!\d)"),
    re.compile(
        r"^(?P<series>.*?)[ ._\[(#-]*\b(?:episode|episodio|folge|ep|part|teil|parte|pt)[ ._-]*"
        r"(?P<episode>\d{1,4})(?!\d)"
    ),
    re.compile(r"^(?P<series>)(?P<episode>\d{1,3})(?:[ ._-]|$)"),
)


class Place(NamedTuple):
    """Where a file lies."""

    dir: bytes
    name: bytes


class Episode(NamedTuple):
    """What a name says of its place in a series."""

    series: str
    season: int
    episode: int


def episode_of(place: Place) -> Episode | None:
    """The episode a name speaks of; a season may be told by the folder. None for names without such a number."""
    text = fold(stem(place.name).decode("utf-8", "replace"))
    match = next((match for pattern in _EPISODE if (match := pattern.match(text))), None)
    if match is None:
        return None
    told = match.groupdict().get("season")
    season = int(told) if told else season_of(place.dir)
    series = " ".join(re.sub(r"[ ._-]+", " ", match["series"]).split())
    return Episode(series, season or 0, int(match["episode"]))


def season_of(directory: bytes) -> int | None:
    """The number of a folder such as `Season 2`; None for others."""
    name = fold(directory.rpartition(b"/")[2].decode("utf-8", "replace"))
    match = _SEASON_DIR.match(name)
    return int(match[1]) if match else None


def after(current: Place, others: Iterable[Place]) -> Place | None:
    """The file that comes next; None when there is none.

    An episode is followed by the next one of its series, in its folder or in that of another season. What has no number
    is followed by its neighbour in natural order, but for what lies directly in a library folder: that is a heap, not a
    series.
    """
    mine = episode_of(current)
    if mine is not None:
        later = [
            (found, _order(place), place)
            for place in others
            if (found := episode_of(place)) is not None and found.series == mine.series and found > mine
        ]
        return min(later)[2] if later else None
    if not current.dir:
        return None
    neighbours = [place for place in others if place.dir == current.dir and _order(place) > _order(current)]
    return min(neighbours, key=_order, default=None)


def _order(place: Place) -> tuple[str, bytes]:
    return sort_key(place.name.decode("utf-8", "replace")), place.name
