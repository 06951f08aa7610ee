"""The bytes of a video and its picture."""

from __future__ import annotations

import os

from aiohttp import web
from cachetools import TTLCache

from hub.accounts.types import Viewer
from hub.errors import NotFound, NotPlayable
from hub.events import Event, EventBus, VideosChanged, VideosRemoved
from hub.library.catalogue import LibraryService
from hub.library.types import MediaFile
from hub.media.errors import UnreadableFile
from server.call import Call
from server.files import FileServer, plain_etag
from server.mime import media_type
from server.schemas import MediaQuery, PictureQuery
from server.sending import FileState

FILES = web.AppKey("files", FileServer)

# A validator is asked for each time: whoever lost the right to a video does not keep playing it from a cache.
REVALIDATED = {"Cache-Control": "private, no-cache"}
FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}


class KnownFiles:
    """Which file a video is, remembered for a moment: a player asks for dozens of ranges in a row."""

    REMEMBERED_S = 5.0

    def __init__(self, library: LibraryService, events: EventBus) -> None:
        self._library = library
        self._known: TTLCache[tuple[str, str], MediaFile] = TTLCache(4096, self.REMEMBERED_S)
        self._changes = 0
        self._undo = [events.subscribe(kind, self._forget) for kind in (VideosChanged, VideosRemoved)]

    async def find(self, viewer: Viewer, video_id: str) -> MediaFile:
        """The file of a video. NotFound, NotPlayable."""
        key = (viewer.user_id, video_id)
        known = self._known.get(key)
        if known is None:
            changes = self._changes
            known = await self._library.playable_file(viewer, video_id)
            if changes == self._changes:
                self._known[key] = known
        return known

    def forget(self, viewer: Viewer, video_id: str) -> None:
        """Look this one up anew."""
        self._known.pop((viewer.user_id, video_id), None)

    def close(self) -> None:
        """Listen no more."""
        for undo in self._undo:
            undo()

    def _forget(self, _event: Event) -> None:
        self._changes += 1
        self._known.clear()


KNOWN_FILES = web.AppKey("known_files", KnownFiles)


async def media_file(call: Call[None, MediaQuery]) -> web.StreamResponse:
    """The file as it is, whole or by range."""
    known, video_id = call.request.app[KNOWN_FILES], call.part("video")
    try:
        return await _send(call, await known.find(call.viewer, video_id))
    except UnreadableFile:
        known.forget(call.viewer, video_id)
    # Moved since it was looked up? The library says where to, or why it cannot be played.
    try:
        return await _send(call, await known.find(call.viewer, video_id))
    except UnreadableFile as error:
        raise NotPlayable(error.message) from error


async def thumbnail(call: Call[None, PictureQuery]) -> web.StreamResponse:
    """The picture nearest to the width asked for. The name says JPEG; the bytes are WebP and say so."""
    path = await call.hub.library.thumbnail_path(call.viewer, call.part("video"), call.query.w)
    try:
        return await call.request.app[FILES].respond(
            call.request,
            os.fsencode(path),
            content_type="image/webp",
            headers=REVALIDATED if call.query.v is None else FOR_EVER,
        )
    except UnreadableFile as error:
        raise NotFound("There is no picture of this video (yet).") from error


async def _send(call: Call[None, MediaQuery], file: MediaFile) -> web.StreamResponse:
    def etag(state: FileState) -> str:
        if (state.size_bytes, state.mtime_ns) == (file.size_bytes, file.mtime_ns):
            return file.etag
        # The file has changed since it was scanned: its fingerprint speaks of other bytes.
        return plain_etag(state)

    return await call.request.app[FILES].respond(
        call.request,
        file.path,
        content_type=media_type(file.container, has_video=file.video_codec is not None),
        etag=etag,
        headers=REVALIDATED,
    )
