r"""WebVTT as text: writing cues, reading them back, and what HLS adds. Pure.

Sources: W3C WebVTT (https://www.w3.org/TR/webvtt1/), RFC 8216 §3.5 for `X-TIMESTAMP-MAP`. Override tags of SubStation
Alpha (`{\i1}`, `{\an8}` …) as libass reads them: https://aegisub.org/docs/latest/ass_tags/.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

HLS_TIMESTAMP_MAP = "X-TIMESTAMP-MAP=MPEGTS:90000,LOCAL:00:00:00.000"
"""Media time 0 lies one second into every track (`stream.types.EPOCH_S`), in ticks of 1/90,000 s."""

_TIMING = re.compile(
    r"^(?:(\d+):)?(\d{2}):(\d{2})\.(\d{3})[ \t]+-->[ \t]+(?:(\d+):)?(\d{2}):(\d{2})\.(\d{3})[ \t]*(.*)$"
)
_TAG = re.compile(r"<[^>]*>")
_OVERRIDE = re.compile(r"\{[^}]*\}")
_STYLE_TAG = re.compile(r"\\([ibu])(\d*)(?![a-z])|\\(r)|\\(an?)(\d+)|\\pos\(([-\d.]+),([-\d.]+)\)")
_LEGACY_ALIGNMENT = {1: 1, 2: 2, 3: 3, 5: 7, 6: 8, 7: 9, 9: 4, 10: 5, 11: 6}
"""`\\a` of SubStation Alpha v4 → `\\an` (a place on the keys of a telephone turned over: 2 is bottom centre)."""
_ACROSS = {0: "position:100% align:right", 1: "position:0% align:left", 2: ""}
_DOWN = {0: "", 1: "line:50%", 2: "line:0"}
_BOTTOM_CENTRE = 2


class Cue(NamedTuple):
    """One caption. `text` is WebVTT's own: escaped, with its tags; `settings` what stands behind the times."""

    start_s: float
    end_s: float
    text: str
    settings: str = ""

    @property
    def plain(self) -> str:
        """The text as people read it, on one line."""
        return " ".join(html.unescape(_TAG.sub("", self.text)).split())


class Style(NamedTuple):
    """How a caption looks before its override tags say otherwise."""

    italic: bool = False
    bold: bool = False
    underline: bool = False
    alignment: int = _BOTTOM_CENTRE


def write(cues: Iterable[Cue]) -> str:
    """A WebVTT document of the cues, in order of time; what WebVTT cannot hold (blank lines) is closed up."""
    parts = ["WEBVTT\n"]
    for cue in sorted(cues, key=lambda one: (one.start_s, one.end_s)):
        text = re.sub(r"\n\s*\n+", "\n", cue.text.strip()).replace("-->", "--&gt;")
        settings = f" {cue.settings}" if cue.settings else ""
        parts.append(f"\n{_clock(cue.start_s)} --> {_clock(cue.end_s)}{settings}\n{text}\n")
    return "".join(parts)


def read(text: str) -> Iterator[Cue]:
    """The cues of a WebVTT document; what is none (headers, styles, notes, times that make no sense) is passed over."""
    lines = iter(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    for line in lines:
        if (timing := _TIMING.match(line.strip())) is None:
            continue
        start_s, end_s = _seconds(*timing.group(1, 2, 3, 4)), _seconds(*timing.group(5, 6, 7, 8))
        body = []
        for following in lines:
            if not following.strip():
                break
            body.append(following)
        if end_s > start_s:
            yield Cue(start_s, end_s, "\n".join(body), timing[9].strip())


def with_timestamp_map(text: str) -> str:
    """The document for HLS: its header says where its times lie on the tracks' clock."""
    first, end, rest = text.partition("\n")
    return f"{first}\n{HLS_TIMESTAMP_MAP}{end}{rest}"


def from_substation(
    start_s: float,
    end_s: float,
    text: str,
    style: Style,
    size: tuple[float, float] | None,
    *,
    is_escaped: bool = False,
) -> Cue:
    r"""A cue out of a SubStation line: italics, bold and underlines stay, and the place on the screen.

    `size` is the script's (PlayResX, PlayResY), in which `\pos` counts; without it that tag means nothing.
    `is_escaped`: entities in the text stand for characters, as in SubRip files made for the web.
    """
    runs: list[tuple[tuple[bool, bool, bool], str]] = []
    alignment, place = style.alignment, None
    now = (style.italic, style.bold, style.underline)
    for is_override, part in _parts(text):
        if not is_override:
            if runs and runs[-1][0] == now:
                runs[-1] = (now, runs[-1][1] + part)
            else:
                runs.append((now, part))
            continue
        for tag in _STYLE_TAG.finditer(part):
            letter, value, reset, align, number, x, y = tag.groups()
            if reset:
                now = (style.italic, style.bold, style.underline)
            elif letter:
                is_on = value not in ("", "0")
                now = (
                    is_on if letter == "i" else now[0],
                    is_on if letter == "b" else now[1],
                    is_on if letter == "u" else now[2],
                )
            elif align:
                found = int(number) if align == "an" else _LEGACY_ALIGNMENT.get(int(number), 0)
                alignment = found if 1 <= found <= 9 else alignment
            else:
                place = _number(x), _number(y)
    body = "".join(_styled(run, words, is_escaped) for run, words in runs)
    return Cue(start_s, end_s, body, _settings(alignment, place, size))


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    position = 0
    for override in _OVERRIDE.finditer(text):
        if override.start() > position:
            yield False, text[position : override.start()]
        yield True, override.group()
        position = override.end()
    if position < len(text):
        yield False, text[position:]


def _styled(style: tuple[bool, bool, bool], words: str, is_escaped: bool) -> str:
    words = words.replace(r"\N", "\n").replace(r"\n", "\n").replace(r"\h", " ")
    words = html.escape(html.unescape(words) if is_escaped else words, quote=False)
    if not words.strip():
        return words
    for is_on, tag in zip(style, "ibu", strict=True):
        if is_on:
            words = f"<{tag}>{words}</{tag}>"
    return words


def _settings(alignment: int, place: tuple[float, float] | None, size: tuple[float, float] | None) -> str:
    if place is not None and size is not None and size[0] > 0 and size[1] > 0:
        x, y = (min(100.0, max(0.0, 100 * at / whole)) for at, whole in zip(place, size, strict=True))
        across = {0: "right", 1: "left", 2: "center"}[alignment % 3]
        return f"line:{y:.0f}% position:{x:.0f}% align:{across}"
    return " ".join(filter(None, (_DOWN[(alignment - 1) // 3], _ACROSS[alignment % 3])))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _clock(time_s: float) -> str:
    minutes, milliseconds = divmod(round(max(0.0, time_s) * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"


def _seconds(hours: str | None, minutes: str, seconds: str, milliseconds: str) -> float:
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + int(milliseconds) / 1000
