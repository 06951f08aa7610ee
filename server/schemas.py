"""Shapes of the HTTP contract that differ from what services return. The API's description is made from these."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hub.accounts.types import Role
from hub.library.types import (
    Availability,
    CaptionTrack,
    Marker,
    Order,
    Video,
    VideoDetail,
    VideoState,
    Visibility,
)
from hub.media.types import Chapter, Stream

Limit = Annotated[int, Meta(ge=1, le=100)]
Name = Annotated[str, Meta(max_length=1024)]
Password = Annotated[str, Meta(max_length=1024)]


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of bodies and queries: an unknown field is an error, not something to overlook."""


class ListQuery(Input, frozen=True, kw_only=True):
    """Place in a list."""

    limit: Limit = 20
    cursor: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Base of answers."""


# --- people ----------------------------------------------------------------------------------------------------


class SetupState(Answer, frozen=True, kw_only=True):
    """Whether the hub waits for its first-run code."""

    needed: bool


class SetUp(Input, frozen=True, kw_only=True):
    """The first-run code, and whom it makes the owner."""

    code: Name
    name: Name
    password: Password


class LogIn(Input, frozen=True, kw_only=True):
    """Name and password."""

    name: Name
    password: Password


class Person(Answer, frozen=True, kw_only=True):
    """Who somebody is."""

    id: str
    name: str
    role: Role


class Session(Answer, frozen=True, kw_only=True):
    """A fresh session. The token is shown this once; browsers have it in a cookie as well."""

    token: str
    expires_at: datetime
    user: Person


class Me(Person, frozen=True, kw_only=True):
    """Who is asking; `expires_at` is the end of their session if it has one."""

    expires_at: datetime | None


class NewUser(Input, frozen=True, kw_only=True):
    """A person to add."""

    name: Name
    role: Role = Role.MEMBER
    password: Password


class NewPassword(Input, frozen=True, kw_only=True):
    """A password to set."""

    password: Password


# --- videos ----------------------------------------------------------------------------------------------------

SortKey = Literal[
    "added",
    "published",
    "title",
    "duration",
    "views",
    "-added",
    "-published",
    "-title",
    "-duration",
    "-views",
]


class VideoListQuery(Input, frozen=True, kw_only=True):
    """Filters, order and place of a list. A leading minus in `sort` means descending."""

    sort: SortKey = "added"
    order: Order | None = None
    channel: str | None = None
    tag: str | None = None
    category: str | None = None
    source: str | None = None
    visibility: Visibility | None = None
    state: VideoState | None = None
    limit: Limit = 20
    cursor: str | None = None


class VideoItem(Answer, frozen=True, kw_only=True):
    """A video in a list."""

    id: str
    title: str
    description: str
    channel: str | None
    tags: list[str]
    category: str | None
    source: str
    state: VideoState
    visibility: Visibility
    duration_s: float | None
    width: int | None
    height: int | None
    size_bytes: int | None
    container: str | None
    video_codec: str | None
    audio_codec: str | None
    published_at: datetime | None
    added_at: datetime
    views: int
    thumbnail_url: str | None
    position_s: float
    availability: Availability
    watched: bool
    thumb_color: str | None


class VideoList(Answer, frozen=True, kw_only=True):
    """A page of videos."""

    items: list[VideoItem]
    next_cursor: str | None


class VideoPage(VideoItem, frozen=True, kw_only=True):
    """A video with everything known about it. `file_path` is told to those who manage the library."""

    file_path: str | None
    streams: list[Stream]
    chapters: list[Chapter]
    markers: list[Marker]
    captions: list[CaptionTrack]
    gain_db: float | None
    problem: str | None
    updated_at: datetime


Caps = Annotated[str, Meta(max_length=1000)]
StreamIndex = Annotated[int, Meta(ge=0, le=9999)]


class PlayQuery(Input, frozen=True, kw_only=True):
    """`caps`: containers and codecs the client plays, separated by commas; a current desktop browser if left out.

    `burn`: the stream of picture subtitles that is to be drawn into the picture.
    """

    caps: Caps | None = None
    burn: StreamIndex | None = None


class CaptionSource(Answer, frozen=True, kw_only=True):
    """A text track and where to fetch it as WebVTT; `default`: it is on by itself for this person."""

    lang: str
    label: str
    url: str
    forced: bool
    hearing_impaired: bool
    default: bool


class PlayDecision(Answer, frozen=True, kw_only=True):
    """How to play a video."""

    mode: Literal["direct", "remux", "transcode"]
    url: str
    hls_url: str | None
    dash_url: str | None
    reasons: list[str]
    captions: list[CaptionSource]
    chapters: list[Chapter]
    markers: list[Marker]
    storyboard_url: str | None
    gain_db: float | None
    resume_position_s: float
    expires_at: datetime


class Position(Input, frozen=True, kw_only=True):
    """How far somebody has watched, and when; without `at`, now."""

    position_s: Annotated[float, Meta(ge=0)]
    at: datetime | None = None


class NextVideo(Answer, frozen=True, kw_only=True):
    """What to play after a video; `item` is null when nothing follows it."""

    item: VideoItem | None


class CaptionLanguages(Answer, frozen=True, kw_only=True):
    """In which language captions are on by themselves.

    Empty: never. Null: not said, which leaves it to the household.
    """

    caption_lang: str | None
    household_caption_lang: str | None


class CaptionLanguagesPatch(Input, frozen=True, kw_only=True):
    """What is left out stays as it is. The household's is for the owner and admins to say."""

    caption_lang: Name | None | msgspec.UnsetType = msgspec.UNSET
    household_caption_lang: Name | None | msgspec.UnsetType = msgspec.UNSET


class CaptionQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`hls`: with the header that HLS needs (RFC 8216 §3.5); `token`: a media token, for players without a session."""

    hls: bool = False
    token: str | None = None


class PictureQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`w`: wanted width in pixels; `v`: the version in `thumbnail_url`, with which the picture may be kept for ever."""

    w: Annotated[int, Meta(ge=1, le=10_000)] = 480
    v: str | None = None
    token: str | None = None


class SheetQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`v`: the version in the storyboard's address, with which a sheet may be kept for ever."""

    v: str | None = None
    token: str | None = None


class MediaQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`token`: a media token, for players without a session."""

    token: str | None = None


class ManifestQuery(MediaQuery, frozen=True, kw_only=True):
    """`r`: the renditions to offer, by name and separated by commas; else what suits `caps` and `burn`."""

    r: Annotated[str, Meta(max_length=2000)] | None = None
    caps: Caps | None = None
    burn: StreamIndex | None = None


# --- library and work ------------------------------------------------------------------------------------------


class NewFolder(Input, frozen=True, kw_only=True):
    """A folder of the hub's machine."""

    path: str


class ScanRequest(Input, frozen=True, kw_only=True):
    """Which folders to scan; all when left out."""

    folder_ids: list[str] | None = None


class JobListQuery(ListQuery, frozen=True, kw_only=True):
    """Place in the list of jobs, newest first; `active`: only those that wait or run."""

    active: bool = False


class WindowRequest(Input, frozen=True, kw_only=True):
    """A video to play in the window, perhaps, or a file of this machine as `file:` URI (its path may be any bytes)."""

    video_id: str | None = None
    file_uri: Annotated[str, Meta(pattern="^file:///")] | None = None


class Health(Answer, frozen=True, kw_only=True):
    """`ok`, or why not."""

    status: Literal["ok", "unavailable"]
    reasons: list[str] = []


def thumbnail_url(video: Video) -> str | None:
    """Where the picture is; the address changes with the picture, so that it may be kept for ever."""
    if video.thumb_version is None:
        return None
    return f"/media/{video.id}/thumb.jpg?v={video.thumb_version}"


_SHARED = tuple(name for name in VideoItem.__struct_fields__ if name != "thumbnail_url")


def video_item(video: Video) -> VideoItem:
    """A video as lists show it."""
    fields = {name: getattr(video, name) for name in _SHARED}
    return VideoItem(thumbnail_url=thumbnail_url(video), **fields)


def video_page(video: VideoDetail, *, shows_path: bool) -> VideoPage:
    """A video as its own page shows it."""
    return VideoPage(
        thumbnail_url=thumbnail_url(video),
        file_path=video.file_path if shows_path else None,
        streams=video.streams,
        chapters=video.chapters,
        markers=video.markers,
        captions=video.captions,
        gain_db=video.gain_db,
        problem=video.problem,
        updated_at=video.updated_at,
        **{name: getattr(video, name) for name in _SHARED},
    )
