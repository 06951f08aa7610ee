"""What a file's name tells: whether it is media, a sidecar or neither, what to leave alone, a title, a language.

Names are bytes, as the file system has them; they need not be valid UTF-8.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from hub.db.repositories.names import clean

VIDEO_SUFFIXES = frozenset(
    b"3g2 3gp asf avi divx dv f4v flv m2t m2ts m2v m4v mkv mov mp4 mpe mpeg mpg mts mxf nsv nut ogm ogv qt rm rmvb ts "
    b"vob webm wmv wtv".split()
)
AUDIO_SUFFIXES = frozenset(
    b"aac ac3 aif aiff amr ape au caf dsf dts eac3 flac m4a m4b mka mp2 mp3 mpc oga ogg opus tak thd tta w64 wav wma "
    b"wv".split()
)
MEDIA_SUFFIXES = VIDEO_SUFFIXES | AUDIO_SUFFIXES
CAPTION_SUFFIXES = (b"vtt", b"srt", b"ass", b"ssa")
"""The most faithful on the web first: of two files for one track the earlier kind is taken."""
PICTURE_SUFFIXES = (b"jpg", b"jpeg", b"png", b"webp")
SIDECAR_SUFFIXES = frozenset((*CAPTION_SUFFIXES, *PICTURE_SUFFIXES, b"nfo", b"json", b"ffmetadata", b"edl"))
CHAPTERS_ENDINGS = (b".chapters.txt", b".ffmetadata")
STORYBOARD_ENDINGS = (b".storyboard.vtt", b".thumbnails.vtt", b"-storyboard.vtt")
"""WebVTT that holds no captions but places on sheets of small pictures."""

PARTIAL_SUFFIXES = frozenset(
    b"!qb !ut aria2 bc! crdownload download filepart opdownload part partial td tmp unconfirmed ytdl".split()
)
"""Downloads under way; mostly added behind the final name (`film.mp4.part`)."""
MARKERS = frozenset((b".nomedia", b".ignore"))
"""A directory that holds one of these is left alone with everything below it."""
_SKIPPED_DIRS = frozenset(
    (b"@eadir", b"#recycle", b"#snapshot", b"lost+found", b"$recycle.bin", b"system volume information")
)

_LANGUAGES = {  # ISO 639-2 and English names that captions are called by → BCP 47 (RFC 5646 wants the shortest code)
    "ara": "ar", "bul": "bg", "cat": "ca", "ces": "cs", "cze": "cs", "chi": "zh", "dan": "da", "deu": "de",
    "dut": "nl", "ell": "el", "eng": "en", "est": "et", "fin": "fi", "fra": "fr", "fre": "fr", "ger": "de",
    "gre": "el", "heb": "he", "hin": "hi", "hrv": "hr", "hun": "hu", "ind": "id", "isl": "is", "ita": "it",
    "jpn": "ja", "kor": "ko", "lav": "lv", "lit": "lt", "may": "ms", "msa": "ms", "nld": "nl", "nor": "no",
    "per": "fa", "pol": "pl", "por": "pt", "ron": "ro", "rum": "ro", "rus": "ru", "slk": "sk", "slo": "sk",
    "slv": "sl", "spa": "es", "srp": "sr", "swe": "sv", "tha": "th", "tur": "tr", "ukr": "uk", "vie": "vi",
    "zho": "zh",
    "arabic": "ar", "bulgarian": "bg", "catalan": "ca", "chinese": "zh", "croatian": "hr", "czech": "cs",
    "danish": "da", "dutch": "nl", "english": "en", "estonian": "et", "finnish": "fi", "french": "fr",
    "german": "de", "greek": "el", "hebrew": "he", "hindi": "hi", "hungarian": "hu", "icelandic": "is",
    "indonesian": "id", "italian": "it", "japanese": "ja", "korean": "ko", "latvian": "lv", "lithuanian": "lt",
    "malay": "ms", "norwegian": "no", "persian": "fa", "polish": "pl", "portuguese": "pt", "romanian": "ro",
    "russian": "ru", "serbian": "sr", "slovak": "sk", "slovenian": "sl", "spanish": "es", "swedish": "sv",
    "thai": "th", "turkish": "tr", "ukrainian": "uk", "vietnamese": "vi",
}  # fmt: skip
_LANGUAGE_NAMES = {code: name.title() for name, code in _LANGUAGES.items() if len(name) > 3}
_ISO_639_1 = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en "
    "eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv "
    "ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne "
    "ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st "
    "su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
_TWO_LETTERS = frozenset(_ISO_639_1.split())
_TAG = re.compile(r"(?P<lang>[a-z]{2,3})[-_](?P<rest>[a-z0-9]{2,8}(?:[-_][a-z0-9]{2,8})*)\Z", re.IGNORECASE)
_YOUTUBE_ID = re.compile(r"\s*[\[(][A-Za-z0-9_-]{11}[\])]\Z")
_HEARING_IMPAIRED = frozenset(("sdh", "cc", "hi"))


class CaptionName(NamedTuple):
    """What the name of a caption file says about its track."""

    lang: str
    """BCP 47, `und` when the name does not say."""
    forced: bool
    hearing_impaired: bool
    remark: str
    """Words of the name that say something else (`commentary`)."""

    @property
    def label(self) -> str:
        """The track's name for people."""
        base, _, region = self.lang.partition("-")
        words = _LANGUAGE_NAMES.get(base, "" if base == "und" else base)
        notes = [region, "forced" * self.forced, "SDH" * self.hearing_impaired]
        text = " ".join(filter(None, (words, self.remark))) or "Captions"
        extra = ", ".join(filter(None, notes))
        return f"{text} ({extra})" if extra else text


def suffix(name: bytes) -> bytes:
    """Lower-case suffix without its dot; empty when there is none."""
    dot = name.rfind(b".")
    return name[dot + 1 :].lower() if dot > 0 else b""


def stem(name: bytes) -> bytes:
    """The name without its suffix."""
    dot = name.rfind(b".")
    return name[:dot] if dot > 0 else name


def is_media(name: bytes) -> bool:
    """True for a name that promises video or audio and is neither hidden nor a download under way."""
    return suffix(name) in MEDIA_SUFFIXES and not name.startswith(b".")


def is_sidecar(name: bytes) -> bool:
    """True for a name that may belong to a media file beside it."""
    known = suffix(name) in SIDECAR_SUFFIXES or name.lower().endswith(CHAPTERS_ENDINGS)
    return known and not name.startswith(b".")


def is_left_alone(name: bytes) -> bool:
    """True for files that are hidden or not whole yet."""
    return name.startswith(b".") or suffix(name) in PARTIAL_SUFFIXES


def is_skipped_dir(name: bytes) -> bool:
    """True for directories that hold no library: hidden ones, trash cans, what systems keep for themselves."""
    return name.startswith(b".") or name.lower() in _SKIPPED_DIRS


def to_text(name: bytes) -> str:
    """A name for people and for storing: `\ufffd` stands for bytes that are not UTF-8 and for control characters."""
    text = unicodedata.normalize("NFC", name.decode("utf-8", "replace"))
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) == "Cc" else char for char in text
    )


def tidy(text: str, limit: int) -> str:
    """One line as the catalogue keeps it: NFC, no control characters, white space collapsed, at most `limit` long."""
    # Cut first: normalising takes a time that grows with the square of a run of accents.
    text = unicodedata.normalize("NFC", clean(text[: 4 * limit]))
    return " ".join("".join(" " if unicodedata.category(char) == "Cc" else char for char in text).split())[
        :limit
    ].rstrip()


def title_from_name(name: bytes) -> str:
    """A title from a file name: without suffix and yt-dlp's `[id]`; `_` and `.` read as the spaces they stand for."""
    raw = stem(name).decode("utf-8", "replace")
    text = _YOUTUBE_ID.sub("", raw) or raw
    if " " not in text:
        text = text.replace("_", " ")
        if " " not in text:
            text = text.replace(".", " ")
    return tidy(text, 500) or tidy(raw, 500) or "Untitled"


def caption_name(between: bytes) -> CaptionName:
    """What stands between a media file's stem and the caption suffix (`.pt-BR.forced`) says about the track."""
    lang, forced, hearing_impaired, remarks = "und", False, False, []
    for position, piece in enumerate(filter(None, between.decode("utf-8", "replace").split("."))):
        word = piece.strip().lower()
        found = language_tag(word)
        if word == "forced":
            forced = True
        elif word in _HEARING_IMPAIRED and (position > 0 or word != "hi"):
            hearing_impaired = True
        elif found is not None and lang == "und":
            lang = found
        elif word not in ("default", ""):
            remarks.append(piece.strip())
    return CaptionName(lang, forced, hearing_impaired, tidy(" ".join(remarks), 100))


def language_tag(word: str) -> str | None:
    """BCP 47 tag of a language code, a code with region or script, or an English name; None for other words."""
    word = word.lower()
    if word in _TWO_LETTERS:
        return word
    if word in _LANGUAGES:
        return _LANGUAGES[word]
    match = _TAG.match(word)
    base = language_tag(match["lang"]) if match else None
    if match is None or base is None:
        return None
    # RFC 5646 §2.1.1: scripts in title case, regions in capitals.
    parts = [
        p.title() if len(p) == 4 else p.upper() if len(p) == 2 else p for p in re.split("[-_]", match["rest"])
    ]
    return "-".join((base, *parts))
