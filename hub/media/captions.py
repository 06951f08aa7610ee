"""Turning caption files of any kind and encoding into WebVTT, which every browser reads."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping

import charset_normalizer
import pysubs2

from hub.media.caption_text import SAMPLE_BYTES, read, unicode_of
from hub.media.errors import BadCaptions
from hub.media.operations import CaptionsJob, Report
from hub.media.webvtt import Style, from_substation, write

_FORMATS = ("srt", "ass", "ssa", "vtt")
# What caption files are really written in, most likely first: charset_normalizer would otherwise consider Big5-HKSCS
# variants and EBCDIC for a few accented letters.
_LIKELY = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "koi8_r",
    "shift_jis", "cp932", "euc_jp", "iso2022_jp", "gb18030", "big5", "cp949", "euc_kr", "tis_620",
)  # fmt: skip
# Languages with one old encoding each; Russian, Chinese and Japanese had several and are left to the statistics.
_BY_LANGUAGE = {
    code: encoding
    for encoding, codes in {
        "cp1252": "en eng de deu ger fr fra fre es spa it ita pt por nl nld dut sv swe da dan no nor nb nn fi fin",
        "cp1250": "pl pol cs ces cze sk slk slo hu hun hr hrv sl slv ro ron rum bs bos",
        "cp1253": "el ell gre",
        "cp1254": "tr tur",
        "cp1255": "he heb iw",
        "cp1256": "ar ara fa fas per",
        "cp1257": "et est lv lav lt lit",
        "cp1258": "vi vie",
        "tis_620": "th tha",
    }.items()
    for code in codes.split()
}
_VTT_TIMING = re.compile(
    r"^(?:\d{2,}:)?\d{2}:\d{2}\.\d{3}[ \t]+-->[ \t]+(?:\d{2,}:)?\d{2}:\d{2}\.\d{3}", re.MULTILINE
)
_PLAIN = Style()
# pysubs2 tells SubStation by its styles, which a player does not need.
_SUBSTATION = re.compile(r"\s*(?:;.*\n\s*)*\[(?:Script Info|V4\+? Styles|Events)\]", re.IGNORECASE)


def run(job: CaptionsJob, report: Report) -> str:
    """The worker's door to `to_webvtt`."""
    return to_webvtt(job.path)


def to_webvtt(path: bytes) -> str:
    """The caption file at `path` (SubRip, WebVTT, SubStation Alpha) as WebVTT (W3C WebVTT, "Syntax").

    A WebVTT file keeps everything it has; from the others come text, italics, bold, underlines, line breaks and the
    place on the screen, in order of time. UnreadableFile, or BadCaptions when it is too large, no text, or text without
    a single cue.
    """
    text = (
        decode(read(path), _language_in_name(path))
        .replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\0", "�")
    )
    if text.startswith("WEBVTT") and _VTT_TIMING.search(text):
        return text if text.endswith("\n") else text + "\n"
    return _converted(text)


def decode(data: bytes, language: str | None = None) -> str:
    """Text from bytes in an unknown encoding; the `language` (ISO 639) helps. BadCaptions if empty or binary."""
    if (marked := unicode_of(data)) is not None:
        return data.decode(marked, "replace")
    if _invalid_utf8_share(data) < 0.001:
        return data.decode("utf-8", "replace")
    return data.decode(_encoding_of_language(data, language) or _most_plausible(data), "replace")


def _encoding_of_language(data: bytes, language: str | None) -> str | None:
    """The old encoding of the language the file's name gives, if every byte means something in it."""
    encoding = _BY_LANGUAGE.get(language or "")
    try:
        return encoding if encoding and data.decode(encoding) else None
    except UnicodeDecodeError:
        return None


def _most_plausible(data: bytes) -> str:
    """The least chaotic reading; of equal ones what looks most like a language, then the most common encoding."""
    matches = charset_normalizer.from_bytes(data[:SAMPLE_BYTES], cp_isolation=list(_LIKELY), threshold=0.4)
    readings = [
        (match.chaos, -match.coherence, _LIKELY.index(encoding), encoding)
        for match in matches
        for encoding in match.could_be_from_charset
        if encoding in _LIKELY
    ]
    return min(readings)[3] if readings else _LIKELY[0]


def _language_in_name(path: bytes) -> str | None:
    """`tr` from `Film.tr.srt`, `tur` from `Film.tur.forced.srt`."""
    parts = path.rpartition(b"/")[2].lower().split(b".")[1:-1]
    codes = [part.decode("ascii", "replace").partition("-")[0] for part in reversed(parts)]
    return next((code for code in codes if code in _BY_LANGUAGE), None)


def _invalid_utf8_share(data: bytes) -> float:
    """Wrong sequences as a part of all non-ASCII characters: next to none means UTF-8 with a flaw."""
    text = data.decode("utf-8", "replace")
    foreign = sum(character > "\x7f" for character in text)
    return text.count("�") / foreign if foreign else 0.0


def _converted(text: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", RuntimeWarning
        )  # pysubs2 on numbers it replaces: margins, layers, 100 hours
        try:
            captions = _parse(text)
        except (pysubs2.exceptions.Pysubs2Error, ValueError, KeyError, IndexError, OverflowError) as error:
            raise BadCaptions(
                "The caption file is in no format that Marquee knows (SubRip, WebVTT, SubStation)."
            ) from error
        events = [e for e in captions.events if e.type == "Dialogue" and e.end > e.start and not e.is_drawing]
        if not any(event.plaintext.strip() for event in events):
            raise BadCaptions("There is not a single caption in the file.")
        return write_events(captions, events, is_escaped=True)


def write_events(captions: pysubs2.SSAFile, events: Iterable[pysubs2.SSAEvent], *, is_escaped: bool) -> str:
    """WebVTT of these events, as the styles of `captions` make them look; see `webvtt.from_substation`."""
    size = _script_size(captions.info)
    styles = {name: _style(style) for name, style in captions.styles.items()}
    cues = (
        from_substation(
            event.start / 1000,
            event.end / 1000,
            event.text,
            styles.get(event.style, _PLAIN),
            size,
            is_escaped=is_escaped,
        )
        for event in events
    )
    return write(cue for cue in cues if cue.plain)


def _style(style: pysubs2.SSAStyle) -> Style:
    try:
        alignment = int(style.alignment)
    except (TypeError, ValueError):
        alignment = _PLAIN.alignment
    if not 1 <= alignment <= 9:
        alignment = _PLAIN.alignment
    return Style(bool(style.italic), bool(style.bold), bool(style.underline), alignment)


def _script_size(info: Mapping[str, str]) -> tuple[float, float] | None:
    """The size in which a script gives positions; players take 384 × 288 when it does not say (VSFilter's)."""
    try:
        return float(info.get("PlayResX", 384)), float(info.get("PlayResY", 288))
    except ValueError:
        return None


def _parse(text: str) -> pysubs2.SSAFile:
    kind = _kind_of(text[:200_000])
    if kind not in _FORMATS:
        raise pysubs2.exceptions.FormatAutodetectionError(content="", formats=[kind])
    try:
        return pysubs2.SSAFile.from_string(text, format_=kind)
    except (ValueError, KeyError, IndexError):
        if kind not in ("ass", "ssa"):
            raise
        # One malformed style would cost all the text, which does not need it.
        without_styles = "\n".join(line for line in text.split("\n") if not line.startswith("Style:"))
        return pysubs2.SSAFile.from_string(without_styles, format_=kind)


def _kind_of(beginning: str) -> str:
    if not _SUBSTATION.match(beginning):
        return pysubs2.formats.autodetect_format(beginning)
    return "ssa" if re.search(r"^\[V4 Styles\]", beginning, re.IGNORECASE | re.MULTILINE) else "ass"
