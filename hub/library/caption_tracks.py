"""Which text tracks a video has, and what each is called: those beside its file, in it, and added by people."""

from __future__ import annotations

import os
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping

from hub.db.repositories import captions as rows
from hub.db.repositories import derived
from hub.db.repositories.derived import Kind
from hub.library.names import CaptionName, language_tag, tidy
from hub.library.types import CaptionTrack
from hub.media.types import TEXT_CODECS

MAX_LABEL = 100


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """A text track and where its text is: exactly one of `name` (a file in the same folder), `stream` and `upload`."""

    shown: CaptionTrack
    name: bytes | None = None
    stream: int | None = None
    is_taken_out: bool = False
    """The stream's text lies in the folder of what was derived."""


def tracks_of(connection: Connection, video_id: str, file: RowMapping | None) -> list[Track]:
    """The tracks of a video, each with a tag of its own: added ones first, then sidecars, then the file's own.

    What a person adds in a language takes the place of what was there under the same tag.
    """
    tracks = [
        Track(shown=CaptionTrack(lang=row["lang"], label=row["label"], is_upload=True))
        for row in rows.uploads_of(connection, video_id)
    ]
    taken = {track.shown.lang for track in tracks}
    if file is None:
        return tracks
    for told in file["captions"]:
        if told["lang"] not in taken:
            shown = CaptionTrack(
                lang=told["lang"],
                label=told["label"],
                forced=told["forced"],
                hearing_impaired=told["hearing_impaired"],
            )
            tracks.append(Track(shown=shown, name=bytes.fromhex(told["name"])))
            taken.add(told["lang"])
    made = derived.of_video(connection, video_id).get(Kind.CAPTIONS)
    written = made["data"]["streams"] if made is not None and made["data"] is not None else None
    for stream in file["probe"]["streams"]:
        if stream["kind"] != "subtitle" or stream["codec"] not in TEXT_CODECS:
            continue
        if made is not None and (written is None or stream["index"] not in written):
            continue  # it was looked at, and there is nothing in it
        tracks.append(
            Track(shown=_shown(stream, taken), stream=stream["index"], is_taken_out=made is not None)
        )
        taken.add(tracks[-1].shown.lang)
    return tracks


def unique_tag(lang: str, extra: list[str], taken: set[str]) -> str:
    """A tag that no other track has: tracks are addressed by it (private use, RFC 5646 §2.2.7)."""
    tag = "-x-".join(filter(None, (lang, "-".join(extra))))
    number = 2
    while tag in taken:
        tag = f"{lang}-x-{'-'.join((*extra, str(number)))}"
        number += 1
    return tag


def directory_of(file: RowMapping) -> bytes:
    """The folder a file lies in."""
    return os.path.join(file["folder_path"] or b"", file["dir"])


def _shown(stream: dict[str, Any], taken: set[str]) -> CaptionTrack:
    told = stream.get("language")
    lang = (language_tag(told) if told else None) or "und"
    forced, hearing_impaired = stream.get("forced", False), stream.get("hearing_impaired", False)
    title = tidy(stream.get("title") or "", MAX_LABEL)
    plain = CaptionName(lang, False, False, "").label
    remark = "" if lang != "und" and title.casefold() == plain.casefold() else title
    if lang != "und" and plain.casefold() in remark.casefold():
        label = remark  # "English (US)" needs no second "English"
    else:
        label = CaptionName(lang, forced, hearing_impaired, remark).label
    extra = ["forced"] * forced + ["sdh"] * hearing_impaired
    return CaptionTrack(
        lang=unique_tag(lang, extra, taken), label=label, forced=forced, hearing_impaired=hearing_impaired
    )
