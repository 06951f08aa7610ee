"""Videos as HLS and DASH: playlists, manifests and the segments behind both."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec
from aiohttp import hdrs, web
from cachetools import LRUCache

from hub.errors import InvalidInput, NotFound, TooBusy
from hub.library.renditions import stream_file
from hub.library.types import CaptionTrack
from hub.media.caps import parse_caps
from hub.media.decide import Allowed, Decision, decide, offered
from hub.media.errors import UnreadableFile
from hub.media.files import reason
from hub.media.stream import dash, hls
from hub.media.stream.keyframes import key_fragment
from hub.media.stream.presentation import Presentation, Selection, picture_subtitles
from hub.media.stream.service import StreamFile, StreamService
from hub.media.stream.types import TextRendition, VideoRendition
from hub.media.types import Probe
from server.access import MEDIA_PARAMETER
from server.call import Call
from server.files import respond_with
from server.handlers.media import FILES, FOR_EVER, KNOWN_FILES, REVALIDATED
from server.schemas import ManifestQuery, MediaQuery
from server.sending import FileState

T = TypeVar("T")

HLS_TYPE = "application/vnd.apple.mpegurl"  # RFC 8216 §4
DASH_TYPE = "application/dash+xml"  # ISO/IEC 23009-1 annex C
_TEXT = "t-"
"""What names of text renditions begin with; the track's own tag follows."""
_PLACE = "0TOKEN0"
"""Stands where each player's token comes, in texts that are kept."""


class Playlists:
    """Texts of media playlists: thousands of lines, the same for everybody but for the token."""

    def __init__(self) -> None:
        self._texts: LRUCache[tuple[str, str], str] = LRUCache(32)

    async def text(self, content: str, name: str, make: Callable[[str], str], token: str | None) -> str:
        """The text that `make` makes for a token. It is made once, on another thread."""
        text = self._texts.get((content, name))
        if text is None:
            text = self._texts[content, name] = await asyncio.to_thread(make, _PLACE)
        return text.replace(_PLACE, token) if token else text.replace(f"?{MEDIA_PARAMETER}={_PLACE}", "")


PLAYLISTS = web.AppKey("playlists", Playlists)


async def master(call: Call[None, ManifestQuery]) -> web.Response:
    """The multivariant playlist: what `r` names, or what a client with these `caps` plays."""
    presentation, selection = await _offer(call)
    text = hls.master_playlist(presentation, selection, token=_token(call), key_frames=True)
    return _manifest(call.request, text, HLS_TYPE)


async def dash_manifest(call: Call[None, ManifestQuery]) -> web.Response:
    """The DASH manifest over the same segments."""
    presentation, selection = await _offer(call)
    token = _token(call)

    def text_uri(track: TextRendition) -> str:
        return _caption_address(call, track.id, token)

    text = await asyncio.to_thread(dash.manifest, presentation, selection, token=token, text_uri=text_uri)
    return _manifest(call.request, text, DASH_TYPE)


async def playlist(call: Call[None, MediaQuery]) -> web.Response:
    """The media playlist of a rendition: the whole film, before any of it is made."""
    presentation, _ = await _open(call)
    name, token = call.part("rendition"), _token(call)
    if name.startswith(_TEXT):
        video = await call.hub.library.get_video(call.viewer, call.part("video"))
        if all(_text(track).id != name for track in video.captions):
            raise NotFound("This video has no such captions.")
        uri = _caption_address(call, name, token)
        uri += "&hls=1" if token else "?hls=1"
        return _manifest(call.request, hls.text_playlist(presentation.timeline.duration_s, uri), HLS_TYPE)
    plan = presentation.plan(name)
    if plan is None:
        raise NotFound("This file has no such rendition.")
    text = await call.request.app[PLAYLISTS].text(
        presentation.content, name, lambda token: hls.media_playlist(plan, token=token), token
    )
    return _manifest(call.request, text, HLS_TYPE)


async def key_playlist(call: Call[None, MediaQuery]) -> web.Response:
    """The I-frame playlist of a rendition."""
    presentation, _ = await _open(call)
    name = call.part("rendition")
    rendition, plan = presentation.find(name), presentation.plan(name)
    if not isinstance(rendition, VideoRendition) or plan is None:
        raise NotFound("This file has no pictures of that name.")
    text = await call.request.app[PLAYLISTS].text(
        presentation.content,
        f"{name} keys",
        lambda token: hls.key_frame_playlist(plan, token=token),
        _token(call),
    )
    return _manifest(call.request, text, HLS_TYPE)


async def key_frame(call: Call[None, MediaQuery]) -> web.Response:
    """The first picture of a segment, as a fragment of its own."""
    presentation, file = await _open(call)
    _, reader = _reader(call)
    rendition, k = call.part("rendition"), int(call.part("k"))
    if not isinstance(presentation.find(rendition), VideoRendition):
        raise NotFound("This file has no pictures of that name.")
    plan = presentation.plan(rendition)
    assert plan is not None

    async def make() -> Path:
        # A reader of its own: whoever leaps through the film watches it somewhere else at the same time.
        return await call.hub.streams.segment(file, presentation, rendition, k, reader=f"{reader} keys")

    async def take(path: Path) -> bytes:
        return await asyncio.to_thread(_key_of, path, plan.duration(k))

    async def forget() -> None:
        call.hub.streams.store.forget(presentation.content, rendition, k)

    body = await _use(make, take, forget)
    return respond_with(call.request, body, content_type="video/mp4", charset=None, headers=FOR_EVER)


async def init(call: Call[None, MediaQuery]) -> web.StreamResponse:
    """The init segment of a rendition."""
    streams = call.hub.streams
    presentation, file = await _open(call)
    play, reader = _reader(call)
    content, rendition = presentation.content, call.part("rendition")

    async def make() -> Path:
        return await streams.init(file, presentation, rendition, play=play, reader=reader)

    async def forget() -> None:
        # It comes with the first segment that is made: where all are there without it, none would be.
        if await streams.store.find_init(content, rendition) is None:
            await streams.store.drop(content, rendition)

    return await _use(make, lambda path: _send(call, path, f"{content}-{rendition}-init"), forget)


async def segment(call: Call[None, MediaQuery]) -> web.StreamResponse:
    """A media segment; made now if nobody has asked for it before."""
    streams: StreamService = call.hub.streams
    presentation, file = await _open(call)
    _, reader = _reader(call)
    content, rendition, k = presentation.content, call.part("rendition"), int(call.part("k"))

    async def make() -> Path:
        return await streams.segment(file, presentation, rendition, k, reader=reader)

    async def forget() -> None:
        streams.store.forget(content, rendition, k)

    return await _use(make, lambda path: _send(call, path, f"{content}-{rendition}-{k}"), forget)


class Wishes(Protocol):
    """What of a query matters to how a video is played."""

    @property
    def caps(self) -> str | None:
        """What the client plays, see `parse_caps`."""

    @property
    def burn(self) -> int | None:
        """The subtitle stream to be drawn into the picture."""


def decision_for(streams: StreamService, probe: Probe, wishes: Wishes) -> Decision:
    """Which way a file is played on a client, with what the machine has left at this moment.

    InvalidInput when there is nothing to draw into the picture where that is wished.
    """
    _check_burn(probe, wishes.burn)
    return decide(probe, parse_caps(wishes.caps), Allowed(burn=wishes.burn), streams.headroom(probe))


def _check_burn(probe: Probe, burn: int | None) -> None:
    if burn is None:
        return
    if probe.video is None:
        raise InvalidInput(
            "burn: this file has no picture to draw subtitles into; leave it out.", field="burn"
        )
    drawn = picture_subtitles(probe)
    if burn not in drawn:
        which = f"those are {', '.join(map(str, drawn))}" if drawn else "this file has none"
        raise InvalidInput(
            f"burn: stream {burn} is no picture subtitle. Only picture subtitles can be drawn in; {which}.",
            field="burn",
        )


async def _offer(call: Call[None, ManifestQuery]) -> tuple[Presentation, Selection]:
    """What the client of a manifest may choose from."""
    presentation, file = await _open(call)
    _check_burn(file.probe, call.query.burn)
    video = await call.hub.library.get_video(call.viewer, call.part("video"))
    presentation = msgspec.structs.replace(presentation, text=tuple(_text(track) for track in video.captions))
    names = call.query.r
    if names is None:
        decision = decision_for(call.hub.streams, file.probe, call.query)
        names = ",".join(offered(decision, presentation))
    return presentation, presentation.select(names)


def _text(track: CaptionTrack) -> TextRendition:
    return TextRendition(
        id=f"{_TEXT}{track.lang}",
        language=track.lang.partition("-x-")[0],
        name=track.label,
        is_forced=track.forced,
        is_for_hearing_impaired=track.hearing_impaired,
    )


def _caption_address(call: Call[None, Any], rendition: str, token: str | None) -> str:
    lang = rendition.removeprefix(_TEXT)
    return hls.address(f"/media/{call.part('video')}/captions/{lang}.vtt", token)


async def _open(call: Call[None, Any]) -> tuple[Presentation, StreamFile]:
    """The presentation of the video in the path. NotFound when the address is of what it was before."""
    known = await call.request.app[KNOWN_FILES].find(call.viewer, call.part("video"))
    file = stream_file(known)
    presentation = await call.hub.streams.presentation(file)
    content = call.request.match_info.get("content")
    if content is not None and content != presentation.content:
        raise NotFound("The file has changed since this address was made. Open the video again.")
    return presentation, file


def _token(call: Call[None, Any]) -> str | None:
    token: str | None = call.query.token
    return token


def play_name(token: str) -> str:
    """What the plays of a token are called; the token itself is kept nowhere."""
    return hashlib.blake2b(token.encode(errors="replace"), digest_size=12).hexdigest()


def _reader(call: Call[None, MediaQuery]) -> tuple[str, str]:
    """(play, player): two players that share an address are told apart by where they are and what they are."""
    play = play_name(_token(call) or call.known_caller.token)
    agent = call.request.headers.get(hdrs.USER_AGENT, "")[:200]
    return play, f"{play} {call.peer} {agent}"


def _manifest(request: web.Request, text: str, content_type: str) -> web.Response:
    return respond_with(
        request, text.encode(), content_type=content_type, charset="utf-8", headers=REVALIDATED
    )


async def _use(
    make: Callable[[], Awaitable[Path]],
    use: Callable[[Path], Awaitable[T]],
    forget: Callable[[], Awaitable[None]],
) -> T:
    """What `use` makes of the file that `make` names. Where somebody removed it, it is forgotten and made once more.

    TooBusy when that one cannot be read either.
    """
    try:
        return await use(await make())
    except UnreadableFile:
        await forget()
    try:
        return await use(await make())
    except UnreadableFile as error:
        raise TooBusy("This part was removed at this moment; ask again.", retry_after_s=1) from error


def _key_of(path: Path, duration: int) -> bytes:
    try:
        return key_fragment(path.read_bytes(), duration)
    except OSError as error:
        raise UnreadableFile(f"The segment cannot be read: {reason(error)}.") from error


async def _send(call: Call[None, MediaQuery], path: Path, name: str) -> web.StreamResponse:
    """Send a file that is never written to again. `name` says which; the same one made anew has the same bytes."""

    def etag(state: FileState) -> str:
        return f"{name}-{state.size_bytes:x}"

    is_audio = call.part("rendition").startswith("a")
    return await call.request.app[FILES].respond(
        call.request,
        bytes(path),
        content_type="audio/mp4" if is_audio else "video/mp4",
        etag=etag,
        headers=FOR_EVER,
        is_final=True,
    )
