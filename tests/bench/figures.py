"""Summaries that hold on a noisy machine: medians, and ratios taken pair by pair."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0–1) of `values` lie, by nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def abab(a: Callable[[], float], b: Callable[[], float], rounds: int = 5) -> tuple[list[float], list[float]]:
    """Measure `a` and `b` in turn, `rounds` times each, after one uncounted run of both."""
    a()
    b()
    pairs = [(a(), b()) for _ in range(rounds)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def print_pair(
    what: str, unit: str, ours: Sequence[float], peers: Sequence[float], peer: str, wanted: str
) -> None:
    """One comparison: medians, the ratio's median and range, and what was wanted of it."""
    ratios = [mine / theirs for mine, theirs in zip(ours, peers, strict=True)]
    width = max(len(peer), len("Marquee"))
    print(what)
    print(f"  {'Marquee':<{width}}  {_spread(ours)} {unit}")
    print(f"  {peer:<{width}}  {_spread(peers)} {unit}")
    print(f"  {'ratio':<{width}}  {_spread(ratios)}   wanted: {wanted}")


def print_limit(what: str, unit: str, values: Sequence[float], wanted: str) -> None:
    """One figure against a limit."""
    print(what)
    print(f"  Marquee  {_spread(values)} {unit}   wanted: {wanted}")


def _spread(values: Sequence[float]) -> str:
    return f"median {statistics.median(values):10.3f}   ({min(values):.3f} – {max(values):.3f})"
