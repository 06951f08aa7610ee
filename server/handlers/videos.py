"""The catalogue: lists, details, edits, and how to play."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

from hub.errors import InvalidInput
from hub.library.renditions import stream_file
from hub.library.types import Order, VideoPatch, VideoQuery, VideoSort
from server.access import MEDIA_PARAMETER
from server.call import Call, NoQuery
from server.handlers.around import caption_sources, storyboard_url
from server.handlers.streams import decision_for, play_name
from server.plays import PLAYS
from server.schemas import (
    PlayDecision,
    PlayQuery,
    Position,
    VideoList,
    VideoListQuery,
    VideoPage,
    video_item,
    video_page,
)

MEDIA_TOKEN_S = 12 * 3600
"""Long enough for the longest film with a pause for dinner."""
_SPREAD_S = 3600
"""Added to it at random, so that each play has a token of its own: players are told apart by it."""


async def list_videos(call: Call[None, VideoListQuery]) -> VideoList:
    """A page of the catalogue."""
    page = await call.hub.library.list_videos(call.viewer, _library_query(call.query))
    return VideoList(items=[video_item(video) for video in page.items], next_cursor=page.next_cursor)


async def get_video(call: Call[None, NoQuery]) -> VideoPage:
    """One video."""
    video = await call.hub.library.get_video(call.viewer, call.part("id"))
    return video_page(video, shows_path=call.viewer.role.manages_library)


async def update_video(call: Call[VideoPatch, NoQuery]) -> VideoPage:
    """Edit a video."""
    video = await call.hub.library.update_video(call.viewer, call.part("id"), call.body)
    return video_page(video, shows_path=True)


async def delete_video(call: Call[None, NoQuery]) -> None:
    """Take a video out of the catalogue."""
    await call.hub.library.delete_video(call.viewer, call.part("id"))


async def play(call: Call[None, PlayQuery]) -> PlayDecision:
    """How to play a video: as it is, or in segments made for this client; by segments it can be played in any case."""
    hub, viewer, video_id = call.hub, call.viewer, call.part("id")
    file = await hub.library.playable_file(viewer, video_id)
    stream = stream_file(file)
    decision = decision_for(hub.streams, stream.probe, call.query)
    video = await hub.library.get_video(viewer, video_id)
    resume_s = await hub.positions.resume(viewer, video_id)
    ttl_s = MEDIA_TOKEN_S + secrets.randbelow(_SPREAD_S)
    hub.derived.wanted(video_id)
    session_id = call.known_caller.session_id
    token, expires_at = await hub.accounts.media_token(viewer, video_id, ttl_s, session_id=session_id)
    call.request.app[PLAYS].begin(viewer.user_id, video_id, file.duration_s)
    if decision.mode != "direct":
        hub.streams.expect(stream, play_name(token), resume_s, encodes=decision.video == "encode")
    base, query = f"/media/{video_id}", f"?{MEDIA_PARAMETER}={token}"
    wishes = {name: value for name in ("caps", "burn") if (value := getattr(call.query, name)) is not None}
    chosen = f"{query}&{urlencode(wishes)}" if wishes else query
    return PlayDecision(
        mode=decision.mode,
        url=f"{base}/file{query}",
        hls_url=f"{base}/hls/master.m3u8{chosen}",
        dash_url=f"{base}/dash/manifest.mpd{chosen}",
        reasons=list(decision.reasons),
        captions=await caption_sources(hub, viewer, video, query),
        chapters=video.chapters,
        markers=video.markers,
        storyboard_url=storyboard_url(video, query),
        gain_db=video.gain_db,
        resume_position_s=resume_s,
        expires_at=expires_at,
    )


async def set_position(call: Call[Position, NoQuery]) -> None:
    """Remember how far somebody has watched; a play that has lasted counts as a view."""
    viewer, video_id = call.viewer, call.part("id")
    await call.hub.positions.set(viewer, video_id, call.body.position_s, call.body.at)
    if call.request.app[PLAYS].is_view(viewer.user_id, video_id):
        await call.hub.library.add_view(viewer, video_id)


def _library_query(query: VideoListQuery) -> VideoQuery:
    order = query.order
    if query.sort.startswith("-"):
        if order is Order.ASC:
            raise InvalidInput(f"sort={query.sort} and order=asc contradict each other.", field="order")
        order = Order.DESC
    return VideoQuery(
        sort=VideoSort(query.sort.removeprefix("-")),
        order=order,
        channel=query.channel,
        tag=query.tag,
        category=query.category,
        source=query.source,
        visibility=query.visibility,
        state=query.state,
        limit=query.limit,
        cursor=query.cursor,
    )
