"""A file whose ladder is being made ahead: what of it, how far, how fast, and what went wrong. No work is done here."""

from __future__ import annotations

import msgspec

from hub.media.stream.plan import plan_of
from hub.media.stream.presentation import Presentation
from hub.media.stream.sessions import Source
from hub.media.stream.types import SEGMENT_S, Rendition, VideoRendition

Gap = tuple[int, int]
"""Segments that are not there, as (first, stop)."""
TRIES = 2
"""So often a rung may fail at a segment before it is tried alone, or given up."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a file is. `done` and `total` count segments of all its renditions."""

    done: int
    total: int
    speed: float | None = None
    """Times as fast as the film plays, all rungs together; None while it is not known."""
    eta_s: float | None = None
    """Seconds until all is made, if nothing comes in between."""
    is_waiting: bool = False
    """Whether viewers come first at this moment."""


class Stretch(msgspec.Struct, frozen=True):
    """Segments `first` up to `stop`, which these rungs lack alike."""

    first: int
    stop: int
    rungs: tuple[str, ...]


def first_stretch(gaps: dict[str, Gap], most: int) -> Stretch | None:
    """What `most` rungs at most can make together, given what each lacks first; None when nothing is missing."""
    if not gaps:
        return None
    first = min(start for start, _ in gaps.values())
    rungs = [rung for rung, (start, _) in gaps.items() if start == first][:most]
    ends = [gaps[rung][1] for rung in rungs]
    if len(rungs) < most:
        ends += [start for start, _ in gaps.values() if start > first]  # where others join
    return Stretch(first, min(ends), tuple(rungs))


class Film:
    """A file being made: of what, how far, how fast, and what went wrong."""

    def __init__(self, source: Source, presentation: Presentation, failed: dict[str, str]) -> None:
        self.source = source
        chosen = presentation.default()
        self.video = {r.id: r for r in chosen.video if r.id not in failed}
        self.audio = {r.id: r for r in chosen.audio if r.id not in failed}
        self.failed = {name: reason for name, reason in failed.items() if _is_ours(name)}
        self.counts = {r.id: plan_of(source.timeline, r).count for r in self.renditions}
        self.done = 0
        self.most = len(self.video)
        """So many rungs are made at the same time."""
        self.suspects: set[str] = set()
        """Rungs that failed together, `TRIES` times, and have not been tried alone yet."""
        self.tries: dict[str, tuple[int, int]] = {}
        """Segment at which a rung failed, and how often."""
        self.remade: set[str] = set()
        """Rungs whose kept segments were of another make and have been dropped."""
        self.busy_s = self._made = 0.0
        self._left = 0.0

    @property
    def renditions(self) -> list[Rendition]:
        return [*self.video.values(), *self.audio.values()]

    @property
    def content(self) -> str:
        return self.source.content

    def start_from(self, present: dict[str, int]) -> None:
        """So many segments of each rendition are there."""
        self.done = sum(present.values())
        lacking = [(self.counts[r.id] - present[r.id], r) for r in self.renditions]
        self._left = sum(count * _pixels_per_s(r) for count, r in lacking if isinstance(r, VideoRendition))

    def made(self, rendition: Rendition, segments: int) -> None:
        self.done += segments
        if isinstance(rendition, VideoRendition):
            self._made += segments * _pixels_per_s(rendition)
            self._left -= segments * _pixels_per_s(rendition)

    def progress(self, *, is_waiting: bool = False) -> Progress:
        speed = eta_s = None
        if self._made and self.busy_s and self.video:
            pace = self._made / self.busy_s
            speed = SEGMENT_S * pace / sum(_pixels_per_s(r) for r in self.video.values())
            eta_s = max(self._left, 0.0) / pace
        total = sum(self.counts[r.id] for r in self.renditions)
        return Progress(
            done=min(self.done, total), total=total, speed=speed, eta_s=eta_s, is_waiting=is_waiting
        )

    def note_failure(self, rung: str, k: int) -> int:
        """A rung failed at segment `k`: how often by now."""
        at, tries = self.tries.get(rung, (k, 0))
        self.tries[rung] = (k, tries + 1 if at == k else 1)
        return self.tries[rung][1]

    def give_up(self, rendition_id: str, reason: str) -> None:
        self.failed[rendition_id] = reason
        self.video.pop(rendition_id, None)
        self.audio.pop(rendition_id, None)
        self.suspects.clear()  # the guilty one is found

    def can_be_made_alone(self, rung: str) -> None:
        """A rung that failed together with others did not fail alone. If none does, so many are too much at once."""
        self.tries.pop(rung, None)
        if rung in self.suspects:
            self.suspects.discard(rung)
            if not self.suspects:
                self.most = max(1, min(self.most, len(self.video)) // 2)

    def failures_told(self) -> str:
        """What could not be made and why, in words."""
        rest = "Everything else is there." if self.renditions else "So there is nothing."
        return f"Not made: {', '.join(sorted(self.failed))}. {next(iter(self.failed.values()))} {rest}"


def _is_ours(name: str) -> bool:
    return name.endswith(("-h264", "-aac2"))


def _pixels_per_s(rendition: VideoRendition) -> float:
    return rendition.width * rendition.height * rendition.frame_rate[0] / rendition.frame_rate[1]
