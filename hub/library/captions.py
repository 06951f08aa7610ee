"""Captions as WebVTT, wherever their text is: in the file, beside it, or added by somebody.

The one owner of what is said in a video: `vtt` is the text for players, `cues` the same for whoever searches it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, RowMapping

from hub.accounts.types import Viewer
from hub.db.engine import Database
from hub.db.repositories import captions as rows
from hub.db.repositories import derived as derived_rows
from hub.db.repositories import videos as video_rows
from hub.db.repositories.derived import Kind
from hub.errors import InvalidInput, NotFound, TooBusy, UnusableCaptions
from hub.events import EventBus, VideosChanged
from hub.library.caption_tracks import MAX_LABEL, Track, directory_of, tracks_of
from hub.library.catalogue import require_manager, require_visible, visible_file
from hub.library.derived import DerivedService, Workers
from hub.library.names import CaptionName, language_tag, tidy, to_text
from hub.library.types import CaptionTrack
from hub.media.errors import BadCaptions, TooDemanding, UnreadableFile, WorkerCrashed, WorkerTimeout
from hub.media.webvtt import Cue, read
from hub.runtime.tasks import to_the_end

MAX_UPLOAD_BYTES = 4 << 20
"""A film's captions are 100 KB; with fonts inside, SubStation files are larger, and those are not needed here."""
WAIT_S = 20.0
"""How long somebody waits for text that is still being taken out of a file; it goes on after that."""
RETRY_S = 10
_FILE_IS_TO_BLAME = (BadCaptions, UnreadableFile, TooDemanding, WorkerCrashed, WorkerTimeout)


class CaptionWorkers(Workers, Protocol):
    """Turns caption files of any kind into WebVTT, and takes text out of media files."""

    async def captions(self, path: bytes) -> str:
        """The WebVTT text. MediaError when the file is no caption file."""


class CaptionService:
    """Reads text tracks, takes new ones in, and knows which one a person wants to see by itself."""

    def __init__(
        self, db: Database, events: EventBus, derived: DerivedService, workers: CaptionWorkers
    ) -> None:
        self._db = db
        self._events = events
        self._derived = derived
        self._workers = workers

    async def vtt(self, viewer: Viewer, video_id: str, lang: str) -> str:
        """A track as WebVTT. NotFound when the video has none with this tag, UnusableCaptions, TooBusy."""
        track, file = await self._db.read(_track, viewer, video_id, lang)
        if track.shown.is_upload:
            text = await self._db.read(rows.upload_text, video_id, lang)
        elif file is not None and track.name is not None:
            text = await self._beside(os.path.join(directory_of(file), track.name))
        else:
            text = await self._inside(video_id, track)
        if text is None:
            raise _no_such(lang)
        return text

    async def cues(self, viewer: Viewer, video_id: str, lang: str) -> list[Cue]:
        """What is said when, for a search: the track's cues in order. Errors: those of `vtt`."""
        text = await self.vtt(viewer, video_id, lang)
        return sorted(await asyncio.to_thread(lambda: list(read(text))), key=lambda cue: cue.start_s)

    async def put(self, viewer: Viewer, video_id: str, lang: str, content: bytes) -> CaptionTrack:
        """Add captions in any format and encoding, or replace those that were added in this language.

        NotAllowed, NotFound; InvalidInput for a language or a file that cannot be used.
        """
        require_manager(viewer)
        tag = language_tag(lang)
        if tag is None or len(tag) > 35:
            raise InvalidInput(
                f"{lang[:40]!r} is no language code. Give one such as en, de or pt-BR.", field="lang"
            )
        await self._db.read(require_visible, viewer, video_id)
        try:
            text = await self._converted(content, tag)
        except (BadCaptions, TooDemanding, WorkerCrashed, WorkerTimeout) as error:
            raise InvalidInput(error.message) from error
        label = tidy(CaptionName(tag, False, False, "").label, MAX_LABEL)
        await self._db.write(_put, viewer, video_id, tag, label, text)
        self._events.publish(VideosChanged((video_id,)))
        return CaptionTrack(lang=tag, label=label, is_upload=True)

    async def remove(self, viewer: Viewer, video_id: str, lang: str) -> None:
        """Remove captions that were added; others belong to the file. NotAllowed, NotFound."""
        require_manager(viewer)
        await self._db.write(_remove, viewer, video_id, lang)
        self._events.publish(VideosChanged((video_id,)))

    async def default(self, viewer: Viewer, tracks: list[CaptionTrack]) -> str | None:
        """The tag of the track that is on by itself for this person; None for none.

        It is the one in their language (or the household's) that is not only for signs or those who cannot hear; where
        there is no such one, any in this language.
        """
        person, household = await self._db.read(rows.wanted_langs, viewer.user_id)
        return choose(tracks, household if person is None else person)

    async def langs(self, viewer: Viewer) -> tuple[str | None, str | None]:
        """(this person's, the household's) language of captions; empty: none; None: not said."""
        return await self._db.read(rows.wanted_langs, viewer.user_id)

    async def set_lang(self, viewer: Viewer, lang: str | None) -> None:
        """Have captions on by themselves in this language; empty: never; None: as the household. InvalidInput."""
        await self._db.write(rows.set_persons_lang, viewer.user_id, _checked(lang))

    async def set_household_lang(self, viewer: Viewer, lang: str | None) -> None:
        """The same for everybody who has not said. NotAllowed, InvalidInput."""
        require_manager(viewer)
        await self._db.write(rows.set_households_lang, _checked(lang))

    async def _beside(self, path: bytes) -> str:
        try:
            return await self._workers.captions(path)
        except _FILE_IS_TO_BLAME as error:
            name = to_text(os.path.basename(path))
            raise UnusableCaptions(f"{name} cannot be shown. {error.message}") from error

    async def _inside(self, video_id: str, track: Track) -> str | None:
        path = self._derived.folder_of(video_id) / f"{track.stream}.vtt"
        is_there = track.is_taken_out and await asyncio.to_thread(path.exists)
        if not is_there:
            await self._db.write(derived_rows.forget, [video_id], Kind.CAPTIONS)
            try:
                async with asyncio.timeout(WAIT_S):
                    is_made = await self._derived.make_now(video_id, Kind.CAPTIONS, self._workers)
            except TimeoutError as error:
                raise TooBusy(
                    "These captions are still being taken out of their file. Try again in a moment.",
                    retry_after_s=RETRY_S,
                ) from error
            if not is_made:
                raise UnusableCaptions("The file these captions are in cannot be read at this moment.")
        return await asyncio.to_thread(_text_of, path)

    async def _converted(self, content: bytes, lang: str) -> str:
        # A worker opens files by name; the name's language decides where the encoding is in doubt.
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="marquee-captions-"))
        try:
            path = folder / f"upload.{lang}.captions"
            await asyncio.to_thread(path.write_bytes, content)
            return await self._workers.captions(os.fsencode(path))
        finally:
            await to_the_end(asyncio.to_thread(shutil.rmtree, folder))


def choose(tracks: list[CaptionTrack], lang: str | None) -> str | None:
    """The track for somebody who wants captions in `lang`; see `CaptionService.default`."""
    if not lang:
        return None
    base = lang.partition("-")[0]
    ranked = sorted(
        (track.forced, track.hearing_impaired, not _is_in(track.lang, lang), number)
        for number, track in enumerate(tracks)
        if _is_in(track.lang, base)
    )
    return tracks[ranked[0][-1]].lang if ranked else None


def _is_in(tag: str, lang: str) -> bool:
    return tag == lang or tag.startswith(f"{lang}-")


def _checked(lang: str | None) -> str | None:
    if not lang:
        return lang
    tag = language_tag(lang)
    if tag is None or len(tag) > 35:
        raise InvalidInput(
            f"{lang[:40]!r} is no language code. Give one such as en, de or pt-BR.", field="caption_lang"
        )
    return tag


def _track(
    connection: Connection, viewer: Viewer, video_id: str, lang: str
) -> tuple[Track, RowMapping | None]:
    require_visible(connection, viewer, video_id)
    file = video_rows.get_file(connection, video_id)
    track = next((one for one in tracks_of(connection, video_id, file) if one.shown.lang == lang), None)
    if track is None:
        raise _no_such(lang)
    # What was taken out or added is there even while the file is not.
    return track, visible_file(connection, viewer, video_id) if track.name is not None else file


def _put(connection: Connection, viewer: Viewer, video_id: str, lang: str, label: str, text: str) -> None:
    require_visible(connection, viewer, video_id)
    rows.put_upload(connection, video_id, lang, label, text, datetime.now(UTC))


def _remove(connection: Connection, viewer: Viewer, video_id: str, lang: str) -> None:
    require_visible(connection, viewer, video_id)
    if not rows.remove_upload(connection, video_id, lang):
        raise NotFound(f"Nobody added captions in {lang[:40]!r} to this video; only such can be removed.")


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _no_such(lang: str) -> NotFound:
    return NotFound(f"This video has no captions in {lang[:80]!r}.")
