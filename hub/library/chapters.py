"""Chapters and markers out of text: files beside a video, and the time stamps in its description. Pure.

Sources: https://ffmpeg.org/ffmpeg-formats.html#Metadata-2 (FFMETADATA), the OGM tools' `CHAPTER01=` form that
mkvextract writes, https://support.google.com/youtube/answer/9884579 (time stamps in descriptions),
https://kodi.wiki/view/Edit_decision_list (EDL; actions 4 and 5 as Jellyfin's Intro Skipper writes them).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction

from hub.library.names import tidy
from hub.library.types import Marker, MarkerKind
from hub.media.types import Chapter

TOLD_MARKERS = "markers"
"""Where a file's stored probe keeps the markers that are told beside it."""
MAX_CHAPTERS = 1_000
MAX_TITLE = 500
_SHORTEST_S = 10.0
"""Of a chapter in a description: time stamps that are closer speak of something else."""
_FEWEST = 3
_CLOCK = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})(?:[.,](\d{1,9}))?"
_OGM_TIME = re.compile(rf"^CHAPTER(\d+)\s*=\s*{_CLOCK}\s*$", re.IGNORECASE)
_OGM_NAME = re.compile(r"^CHAPTER(\d+)NAME\s*=\s*(.*)$", re.IGNORECASE)
_AT_START = re.compile(rf"^[\s\-–—•*>#]*[\[(]?{_CLOCK}[\])]?(?:\s*[-–—]\s*[\[(]?{_CLOCK}[\])]?)?(?!\d)(.*)$")
_AT_END = re.compile(rf"^(.*\D)[\[(]?(?<!\d){_CLOCK}[\])]?\s*$")
_AROUND_TITLES = " \t-–—:|.,;•*()[]"
_EDL_TIME = re.compile(rf"^(?:{_CLOCK}|(\d+(?:\.\d+)?))$")
_EDL_KINDS = {"3": MarkerKind.COMMERCIAL, "4": MarkerKind.INTRO, "5": MarkerKind.CREDITS}
_EDL_ACTIONS = frozenset("012345")
_NAMED = (
    (
        MarkerKind.INTRO,
        re.compile(r"(?:intro(?:duction)?|opening(?: credits| titles?)?|op\d?|title sequence)"),
    ),
    (MarkerKind.RECAP, re.compile(r"(?:recap|previously(?: on .*)?)")),
    (MarkerKind.CREDITS, re.compile(r"(?:(?:end |closing )?credits|outro|ending|ed\d?|end titles?)")),
)


def from_file(content: bytes) -> tuple[Chapter, ...]:
    """The chapters of a `.chapters.txt` or `.ffmetadata` file, whichever form it has; empty when it has none.

    Where no end is told, it is the beginning of the next; that of the last is left to `closed`.
    """
    text = content.decode("utf-8-sig", "replace")
    if text.lstrip().startswith(";FFMETADATA"):
        return _from_ffmetadata(text)
    names: dict[int, str] = {}
    times: dict[int, float] = {}
    for line in text.splitlines():
        if (time := _OGM_TIME.match(line.strip())) is not None:
            times[int(time[1])] = _seconds(*time.groups()[1:])
        elif (name := _OGM_NAME.match(line.strip())) is not None:
            names[int(name[1])] = name[2]
    if times:
        return _in_order((start_s, names.get(number, "")) for number, start_s in times.items())
    return _in_order(_stamps(text))


def from_description(text: str, duration_s: float | None) -> tuple[Chapter, ...]:
    """Chapters out of a description's time stamps, by YouTube's rules.

    The first is 0:00, there are three at least, in ascending order, none shorter than ten seconds; otherwise there are
    none at all.
    """
    stamps = list(_stamps(text))[:MAX_CHAPTERS]
    starts = [start_s for start_s, _ in stamps]
    if len(stamps) < _FEWEST or starts[0] != 0:
        return ()
    ends = [*starts[1:], duration_s if duration_s is not None else starts[-1] + _SHORTEST_S]
    if any(end_s - start_s < _SHORTEST_S for start_s, end_s in zip(starts, ends, strict=True)):
        return ()
    return closed(_in_order(stamps), duration_s)


def closed(chapters: Sequence[Chapter], duration_s: float | None) -> tuple[Chapter, ...]:
    """The chapters with an end for the last one, if it has none: that of the video."""
    if chapters and duration_s is not None and chapters[-1].end_s <= chapters[-1].start_s < duration_s:
        last = chapters[-1]
        return (*chapters[:-1], Chapter(start_s=last.start_s, end_s=duration_s, title=last.title))
    return tuple(chapters)


def markers_named(chapters: Iterable[Chapter]) -> tuple[Marker, ...]:
    """Markers for chapters whose name says what they are: Intro, Recap, Credits, Outro …"""
    found = []
    for chapter in chapters:
        name = " ".join(chapter.title.lower().strip(_AROUND_TITLES).split())
        kind = next((kind for kind, words in _NAMED if words.fullmatch(name)), None)
        if kind is not None and chapter.end_s > chapter.start_s:
            found.append(Marker(kind=kind, start_s=chapter.start_s, end_s=chapter.end_s))
    return tuple(found)


def from_edl(content: bytes) -> tuple[Marker, ...] | None:
    """The markers of an EDL file (commercials, intro, credits); None when it is no such file.

    Cuts, muting and scenes are left out: nothing is cut or muted here.
    """
    markers: list[Marker] = []
    lines = 0
    for line in content.decode("utf-8-sig", "replace").splitlines():
        fields = line.split()
        if len(fields) != 3 or fields[2] not in _EDL_ACTIONS:
            continue
        start, end = _EDL_TIME.match(fields[0]), _EDL_TIME.match(fields[1])
        if start is None or end is None:
            continue
        lines += 1
        start_s, end_s = (
            float(match[5]) if match[5] is not None else _seconds(*match.groups()[:4])
            for match in (start, end)
        )
        kind = _EDL_KINDS.get(fields[2])
        if kind is not None and end_s > start_s and len(markers) < MAX_CHAPTERS:
            markers.append(Marker(kind=kind, start_s=start_s, end_s=end_s))
    return tuple(sorted(markers, key=lambda marker: marker.start_s)) if lines else None


def _stamps(text: str) -> Iterable[tuple[float, str]]:
    for line in text.splitlines():
        line = line[: 4 * MAX_TITLE]
        if (start := _AT_START.match(line)) is not None:
            yield _seconds(*start.groups()[:4]), start.groups()[8]
        elif (end := _AT_END.match(line)) is not None:
            yield _seconds(*end.groups()[1:5]), end[1]


def _from_ffmetadata(text: str) -> tuple[Chapter, ...]:
    found: list[dict[str, str]] = []
    section: dict[str, str] | None = None
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        if line.startswith((";", "#")):
            continue
        if line.startswith("["):
            section = {} if line.strip().upper() == "[CHAPTER]" else None
            if section is not None:
                found.append(section)
        elif section is not None:
            key, _, value = line.partition("=")
            section[key.strip().lower()] = re.sub(r"\\(.)", r"\1", value.strip())
    chapters = []
    for values in found[:MAX_CHAPTERS]:
        try:
            unit = Fraction(values.get("timebase", "1/1000000000"))
            start_s, end_s = (float(int(values[key]) * unit) for key in ("start", "end"))
        except (KeyError, ValueError, ZeroDivisionError, OverflowError):
            continue
        if 0 <= start_s < end_s:
            title = tidy(values.get("title", ""), MAX_TITLE)
            chapters.append(Chapter(start_s=start_s, end_s=end_s, title=title))
    return tuple(sorted(chapters, key=lambda chapter: chapter.start_s))


def _in_order(found: Iterable[tuple[float, str]]) -> tuple[Chapter, ...]:
    """Chapters that reach from one beginning to the next."""
    ordered = sorted(dict(reversed(list(found))).items())[:MAX_CHAPTERS]
    ends = [start_s for start_s, _ in ordered[1:]] + [start_s for start_s, _ in ordered[-1:]]
    return tuple(
        Chapter(
            start_s=start_s,
            end_s=end_s,
            title=tidy(title.strip(_AROUND_TITLES), MAX_TITLE) or f"Chapter {number}",
        )
        for number, ((start_s, title), end_s) in enumerate(zip(ordered, ends, strict=True), 1)
    )


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return whole + (float(f"0.{fraction}") if fraction else 0.0)
