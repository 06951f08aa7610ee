"""How one list of ids becomes another, in the few steps a Qt model can announce."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MAX_RUNS = 32
"""Up to this many separate runs are announced one by one; beyond, one permutation is cheaper for every view."""


@dataclass(frozen=True, slots=True)
class Remove:
    """Rows `first` to `last` go."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Insert:
    """`ids` come in before row `row`."""

    row: int
    ids: list[str]


@dataclass(frozen=True, slots=True)
class Permute:
    """The same ids in another order."""

    ids: list[str]


Change = Remove | Insert | Permute


def plan_changes(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    """Steps that turn `old` into `new` when applied one after the other. Ids are unique in each."""
    if len(old) == len(new) and all(a == b for a, b in zip(old, new, strict=True)):
        return []
    kept = set(new).intersection(old)
    steps, rows = _removals(old, kept)
    if [video_id for video_id in new if video_id in kept] == rows:
        runs = _runs(new, kept)
        if len(runs) <= MAX_RUNS:
            return [*steps, *runs]
    added = [video_id for video_id in new if video_id not in kept]
    if added:
        steps.append(Insert(len(rows), added))
    if rows + added != list(new):
        steps.append(Permute(list(new)))
    return steps


def _removals(old: Sequence[str], kept: set[str]) -> tuple[list[Change], list[str]]:
    """Steps that leave only the kept ids, and those in the order they then have."""
    rows = [video_id for video_id in old if video_id in kept]
    gone = [row for row, video_id in enumerate(old) if video_id not in kept]
    if not gone:
        return [], rows
    runs: list[Remove] = []
    for row in gone:
        if runs and runs[-1].last == row - 1:
            runs[-1] = Remove(runs[-1].first, row)
        else:
            runs.append(Remove(row, row))
    if len(runs) <= MAX_RUNS:
        return [*reversed(runs)], rows
    last = len(old) - 1
    return [Permute(rows + [old[row] for row in gone]), Remove(last - len(gone) + 1, last)], rows


def _runs(new: Sequence[str], kept: set[str]) -> list[Insert]:
    runs: list[Insert] = []
    for row, video_id in enumerate(new):
        if video_id in kept:
            continue
        if runs and runs[-1].row + len(runs[-1].ids) == row:
            runs[-1].ids.append(video_id)
        else:
            runs.append(Insert(row, [video_id]))
    return runs
