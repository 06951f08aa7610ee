"""What files tell about a video, brought into one form: yt-dlp's `.info.json`, Kodi's `.nfo`, container tags, the name.

Nothing here reads a file. Sources: https://github.com/yt-dlp/yt-dlp#output-template (fields of the info file),
https://kodi.wiki/view/NFO_files/Templates.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from hub.db.repositories.names import clean, fold
from hub.library import chapters
from hub.library.catalogue import MAX_DESCRIPTION, MAX_NAME, MAX_TAGS, MAX_TITLE
from hub.library.names import tidy, title_from_name
from hub.library.types import Marker
from hub.media.types import Chapter, Probe

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element  # noqa: TID251  # the type; defusedxml makes the objects

T = TypeVar("T")

MAX_CHAPTERS = 1_000
MAX_TEXT = 4 * MAX_DESCRIPTION
"""Characters of one text that are looked at: the longest that is kept, and room for what is cleaned away."""
_NFO_END = re.compile(rb"</(movie|tvshow|episodedetails|musicvideo|video|artist|album)\s*>", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"\xff\xfe|\xfe\xff|<\?xml[^>]*encoding")
_XML_ERRORS = (ParseError, DefusedXmlException, ValueError, LookupError)
_DATE = re.compile(r"(\d{4})(?:[-/.:]?(\d{2})(?:[-/.:]?(\d{2}))?)?(?!\d)")
_EPOCHS = frozenset((datetime(1904, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)))
"""What cameras write that do not know the time: the zero of QuickTime and of Unix."""


class NotUnderstood(ValueError):
    """A document that says nothing; the message goes on after "It cannot be understood:", for people."""


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What one source tells; None where it says nothing."""

    title: str | None = None
    description: str | None = None
    channel: str | None = None
    category: str | None = None
    tags: tuple[str, ...] | None = None
    published_at: datetime | None = None
    chapters: tuple[Chapter, ...] | None = None
    markers: tuple[Marker, ...] | None = None


def merge(sources: Iterable[Metadata]) -> Metadata:
    """For each field the first source that says something; `sources` come weightiest first."""
    merged: dict[str, Any] = {}
    for source in sources:
        for field in Metadata.__struct_fields__:
            if merged.get(field) is None:
                merged[field] = getattr(source, field)
    return Metadata(**merged)


def from_name(name: bytes) -> Metadata:
    """What a file's name says: a title."""
    return Metadata(title=title_from_name(name))


def from_tags(probe: Probe) -> Metadata:
    """What the container says of itself."""
    tags = probe.tags
    return _metadata(
        title=tags.get("title"),
        description=_first(tags.get(key) for key in ("description", "synopsis", "comment")),
        channel=_first(tags.get(key) for key in ("artist", "album_artist", "author")),
        category=tags.get("genre"),
        published_at=_first(_date(tags.get(key)) for key in ("date", "creation_time")),
        chapters=probe.chapters or None,
    )


def from_info_json(content: bytes) -> Metadata:
    """What yt-dlp wrote. Fields of another type than yt-dlp's are passed over; NotUnderstood."""
    try:
        info = msgspec.json.decode(content, type=_Info)
    except RecursionError as error:
        raise NotUnderstood("its lists and objects are nested too deeply") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotUnderstood(_wrong_json(error, content)) from error
    return _metadata(
        title=info.title,
        description=info.description,
        channel=_first((_text(info.channel), _text(info.uploader))),
        category=_first(map(_text, _list(info.categories))),
        tags=_list(info.tags),
        published_at=_first((_moment(info.timestamp), _date(info.upload_date))),
        chapters=_chapters(info.chapters),
    )


def from_nfo(content: bytes) -> Metadata:
    """What Kodi's XML says. Text that is no XML (an address, release notes) says nothing. NotUnderstood."""
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        return Metadata()
    root = _parse(start)
    genres, tags = _texts(root, "genre"), _texts(root, "tag")
    return _metadata(
        title=_first(_texts(root, "title")),
        description=_first((*_texts(root, "plot"), *_texts(root, "outline"))),
        channel=_first(_texts(root, "studio")),
        category=_first(genres),
        tags=[*genres[1:], *tags],
        published_at=_first(
            _date(text) for key in ("aired", "premiered", "year") for text in _texts(root, key)
        ),
    )


def from_chapters(content: bytes) -> Metadata:
    """What a file of chapters says. NotUnderstood."""
    found = chapters.from_file(content)
    if not found:
        raise NotUnderstood(
            "there are no chapters in it; write a time and a name in each line, for example 0:00 Beginning"
        )
    return Metadata(chapters=found)


def from_edl(content: bytes) -> Metadata:
    """What an edit decision list says of intro, credits and commercials. NotUnderstood."""
    markers = chapters.from_edl(content)
    if markers is None:
        raise NotUnderstood("no line in it has a beginning, an end (in seconds) and an action from 0 to 5")
    return Metadata(markers=markers or None)


class _Info(msgspec.Struct):
    # Any: other tools write these files too, and one odd field must not cost the others.
    title: Any = None
    description: Any = None
    channel: Any = None
    uploader: Any = None
    tags: Any = None
    categories: Any = None
    upload_date: Any = None
    timestamp: Any = None
    chapters: Any = None


def _parse(content: bytes) -> Element:
    try:
        return fromstring(content)
    except _XML_ERRORS as error:
        # Kodi allows an address behind the document, and several documents one after the other (the first is ours).
        end = _NFO_END.search(content)
        if end is None or not content[end.end() :].strip():
            raise NotUnderstood(_wrong_xml(error, content)) from error
    try:
        return fromstring(content[: end.end()])
    except _XML_ERRORS as error:
        raise NotUnderstood(_wrong_xml(error, content)) from error


def _wrong_json(error: Exception, content: bytes) -> str:
    if not _is_utf8(content):
        return "it is not UTF-8, in which JSON is written; save it as that"
    if isinstance(error, msgspec.ValidationError):
        return "it is JSON, but not an object with fields such as yt-dlp writes"
    return f"it is no JSON ({error})"  # with msgspec's place of the mistake


def _wrong_xml(error: Exception, content: bytes) -> str:
    if isinstance(error, DefusedXmlException):
        return (
            "it declares entities (<!ENTITY), which are not read, since they can fill the memory; remove them"
        )
    if not isinstance(error, ParseError):
        return "it declares an encoding that cannot be read here; save it as UTF-8"
    if not _is_utf8(content) and not _XML_ENCODING.match(content):
        return "it is not UTF-8 and does not declare another encoding; save it as UTF-8"
    return f"it is no well-formed XML ({error})"  # with expat's place of the mistake


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _texts(root: Element, name: str) -> list[str]:
    found = (element.text or "" for element in root.findall(name))
    return [text.strip() for text in found if text.strip()]


def _metadata(
    *,
    title: object = None,
    description: object = None,
    channel: object = None,
    category: object = None,
    tags: Iterable[object] = (),
    published_at: datetime | None = None,
    chapters: tuple[Chapter, ...] | None = None,
) -> Metadata:
    """The fields as the catalogue keeps them: within its limits, nothing empty, nothing a database refuses."""
    told = _text(description)
    maker = _line(channel, MAX_NAME)
    return Metadata(
        title=_line(title, MAX_TITLE),
        description=_paragraphs(told)[:MAX_DESCRIPTION] or None if told else None,
        channel=maker if maker and fold(maker) else None,
        category=_line(category, MAX_NAME),
        tags=_tags(tags),
        published_at=published_at,
        chapters=chapters,
    )


def _line(value: object, limit: int) -> str | None:
    return tidy(text, limit) or None if (text := _text(value)) else None


def _paragraphs(text: str) -> str:
    lines = clean(text).replace("\r\n", "\n").replace("\r", "\n").strip()
    return "".join(char for char in lines if char in "\n\t" or unicodedata.category(char) != "Cc")


def _tags(values: Iterable[object]) -> tuple[str, ...] | None:
    by_key: dict[str, str] = {}
    for value in values:
        line = _line(value, MAX_NAME)
        # Folded: "Café" and "cafe" are one tag. What is nothing but marks folds to nothing and is no tag.
        if line and (key := fold(line)):
            by_key.setdefault(key, line)
    return tuple(by_key.values())[:MAX_TAGS] or None


def _text(value: object) -> str | None:
    return value[:MAX_TEXT].strip() or None if isinstance(value, str) else None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value), None)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:  # JSON knows whole numbers of any length
        return None
    return number if math.isfinite(number) else None


def _moment(value: object) -> datetime | None:
    seconds = _number(value)
    if seconds is None or not 0 < seconds < 253_402_300_800:  # the year 10000
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _date(value: object) -> datetime | None:
    """Year, month or day, in the spellings found in the wild, as midnight UTC; a full ISO 8601 time as that."""
    if not isinstance(value, str) or not (match := _DATE.match(value.strip())):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        year, month, day = (int(part or 1) for part in match.groups())
        try:
            moment = datetime(year, month, day, tzinfo=UTC)
        except ValueError:
            return None
    return None if moment in _EPOCHS or moment.year < 1800 else moment


def _chapters(value: object) -> tuple[Chapter, ...] | None:
    chapters = []
    for item in _list(value)[:MAX_CHAPTERS]:
        if not isinstance(item, dict):
            continue
        start_s, end_s = _number(item.get("start_time")), _number(item.get("end_time"))
        if start_s is not None and end_s is not None and 0 <= start_s < end_s:
            title = _line(item.get("title"), MAX_TITLE) or ""
            chapters.append(Chapter(start_s=start_s, end_s=end_s, title=title))
    return tuple(sorted(chapters, key=lambda chapter: chapter.start_s)) or None
