"""What is around the picture: captions, storyboards, and what to watch next."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import msgspec
from aiohttp import web

from hub.accounts.types import Viewer
from hub.errors import NotFound
from hub.library.captions import MAX_UPLOAD_BYTES
from hub.library.types import CaptionTrack, VideoDetail
from hub.media.errors import UnreadableFile
from hub.media.webvtt import with_timestamp_map
from server.access import MEDIA_PARAMETER
from server.call import Call, NoQuery
from server.decoding import BODY_S
from server.files import respond_with
from server.handlers.media import FILES, FOR_EVER, REVALIDATED
from server.problems import HttpProblem
from server.schemas import (
    CaptionLanguages,
    CaptionLanguagesPatch,
    CaptionQuery,
    CaptionSource,
    ListQuery,
    MediaQuery,
    NextVideo,
    SheetQuery,
    VideoList,
    video_item,
)

if TYPE_CHECKING:
    from hub.bootstrap import Hub


async def caption_sources(hub: Hub, viewer: Viewer, video: VideoDetail, query: str) -> list[CaptionSource]:
    """A video's text tracks with their addresses; `query` (`?token=…`) stands behind each."""
    default = await hub.captions.default(viewer, video.captions)
    return [
        CaptionSource(
            lang=track.lang,
            label=track.label,
            url=f"/media/{video.id}/captions/{quote(track.lang, safe='')}.vtt{query}",
            forced=track.forced,
            hearing_impaired=track.hearing_impaired,
            default=track.lang == default,
        )
        for track in video.captions
    ]


def storyboard_url(video: VideoDetail, query: str) -> str | None:
    """Where a video's storyboard is, if it has one."""
    return None if video.storyboard_version is None else f"/media/{video.id}/storyboard.vtt{query}"


async def captions(call: Call[None, CaptionQuery]) -> web.Response:
    """A text track as WebVTT."""
    text = await call.hub.captions.vtt(call.viewer, call.part("video"), call.part("lang"))
    return _vtt(call.request, with_timestamp_map(text) if call.query.hls else text)


async def storyboard(call: Call[None, MediaQuery]) -> web.Response:
    """Which small picture stands for which moment. Sheets are named with the token that was good for this."""
    video_id = call.part("video")
    video = await call.hub.library.get_video(call.viewer, video_id)
    named = {"v": str(video.storyboard_version)}
    if call.query.token is not None:
        named[MEDIA_PARAMETER] = call.query.token
    return _vtt(call.request, await call.hub.storyboards.vtt(call.viewer, video_id, f"?{urlencode(named)}"))


async def storyboard_sheet(call: Call[None, SheetQuery]) -> web.StreamResponse:
    """A sheet of small pictures."""
    path = await call.hub.storyboards.sheet(call.viewer, call.part("video"), int(call.part("n")))
    try:
        return await call.request.app[FILES].respond(
            call.request,
            os.fsencode(path),
            content_type="image/webp",
            headers=REVALIDATED if call.query.v is None else FOR_EVER,
        )
    except UnreadableFile as error:
        raise NotFound("There is no storyboard of this video (yet).") from error


async def next_video(call: Call[None, NoQuery]) -> NextVideo:
    """What to play after a video."""
    video = await call.hub.positions.next_video(call.viewer, call.part("id"))
    return NextVideo(item=None if video is None else video_item(video))


async def continue_watching(call: Call[None, ListQuery]) -> VideoList:
    """What one has begun."""
    page = await call.hub.positions.continue_watching(
        call.viewer, limit=call.query.limit, cursor=call.query.cursor
    )
    return VideoList(items=[video_item(video) for video in page.items], next_cursor=page.next_cursor)


async def put_captions(call: Call[None, NoQuery]) -> CaptionTrack:
    """Add captions; the body is the file itself."""
    content = await _read_file(call.request)
    return await call.hub.captions.put(call.viewer, call.part("id"), call.part("lang"), content)


async def remove_captions(call: Call[None, NoQuery]) -> None:
    """Remove captions that were added."""
    await call.hub.captions.remove(call.viewer, call.part("id"), call.part("lang"))


async def caption_languages(call: Call[None, NoQuery]) -> CaptionLanguages:
    """In which language captions are on by themselves."""
    person, household = await call.hub.captions.langs(call.viewer)
    return CaptionLanguages(caption_lang=person, household_caption_lang=household)


async def set_caption_languages(call: Call[CaptionLanguagesPatch, NoQuery]) -> CaptionLanguages:
    """Choose it."""
    if call.body.household_caption_lang is not msgspec.UNSET:
        await call.hub.captions.set_household_lang(call.viewer, call.body.household_caption_lang)
    if call.body.caption_lang is not msgspec.UNSET:
        await call.hub.captions.set_lang(call.viewer, call.body.caption_lang)
    person, household = await call.hub.captions.langs(call.viewer)
    return CaptionLanguages(caption_lang=person, household_caption_lang=household)


async def _read_file(request: web.Request) -> bytes:
    """A body that is no JSON. 413 when it is larger than captions are, 408 when it does not arrive."""
    content = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for part in request.content.iter_chunked(1 << 16):
                content += part
                if len(content) > MAX_UPLOAD_BYTES:
                    raise web.HTTPRequestEntityTooLarge(
                        max_size=MAX_UPLOAD_BYTES, actual_size=request.content_length or len(content)
                    )
    except TimeoutError as error:
        raise HttpProblem(408, "too-slow", f"The body did not arrive within {BODY_S:.0f} seconds.") from error
    return bytes(content)


def _vtt(request: web.Request, text: str) -> web.Response:
    return respond_with(request, text.encode(), content_type="text/vtt", charset="utf-8", headers=REVALIDATED)
