"""The library's value types: what services return and the window and the server show.

All are frozen `msgspec.Struct`s: cheap to make, and msgspec writes both the JSON and its schema from them.
Times are aware UTC datetimes, ids are ULIDs (26 characters, Crockford base 32).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Generic, Literal, TypeVar

import msgspec

from hub.media.types import Chapter, Probe, Stream

T = TypeVar("T")


class VideoState(StrEnum):
    """Life of a video: uploaded → processing → ready, or failed, blocked, deleted."""

    UPLOADED = "uploaded"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"
    BLOCKED = "blocked"
    DELETED = "deleted"


class Visibility(StrEnum):
    """Who sees a video in lists: everyone at home, those who have the address, or its owner only."""

    HOUSEHOLD = "household"
    UNLISTED = "unlisted"
    PRIVATE = "private"


class Availability(StrEnum):
    """Where the bytes are. Only `local` (and a reachable `remote`) plays."""

    LOCAL = "local"
    REMOTE = "remote"
    MISSING = "missing"
    CATALOGUE = "catalogue"


class VideoSort(StrEnum):
    """The orders a list can be read in; each is stable, ties are broken by id."""

    ADDED = "added"
    PUBLISHED = "published"
    TITLE = "title"
    DURATION = "duration"
    VIEWS = "views"


class Order(StrEnum):
    """Direction of a sort."""

    ASC = "asc"
    DESC = "desc"


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page of a list; `next_cursor` is None on the last one."""

    items: list[T]
    next_cursor: str | None = None


class VideoQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A list request. `order` None means the sort's natural one: titles ascending, everything else descending."""

    sort: VideoSort = VideoSort.ADDED
    order: Order | None = None
    channel: str | None = None
    tag: str | None = None
    category: str | None = None
    source: str | None = None
    visibility: Visibility | None = None
    state: VideoState | None = None
    limit: int = 20
    cursor: str | None = None


class Video(msgspec.Struct, frozen=True, kw_only=True):
    """A video as lists show it, seen by one person (`position_s`, `watched` are theirs)."""

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
    position_s: float
    watched: bool
    availability: Availability
    thumb_version: int | None
    """Changes whenever the pictures do; None while there are none."""
    thumb_color: str | None
    """Average colour as `#rrggbb`, for a placeholder of the right mood."""


class CaptionTrack(msgspec.Struct, frozen=True, kw_only=True):
    """A text track that can be had as WebVTT; `lang` is a BCP 47 tag, `und` when unknown."""

    lang: str
    label: str
    forced: bool = False
    """Only what is needed by those who understand the audio: signs, songs, foreign words."""
    hearing_impaired: bool = False
    is_upload: bool = False
    """Somebody added it; it can be removed again."""


class MarkerKind(StrEnum):
    """What a marked stretch is; players offer to skip it."""

    INTRO = "intro"
    RECAP = "recap"
    CREDITS = "credits"
    COMMERCIAL = "commercial"


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a video that many skip."""

    kind: MarkerKind
    start_s: float
    end_s: float


class VideoDetail(Video, frozen=True, kw_only=True):
    """A video with everything known about it."""

    file_path: str | None
    """For people, not for opening: bytes that are not UTF-8 are shown replaced."""
    streams: list[Stream]
    chapters: list[Chapter]
    markers: list[Marker]
    captions: list[CaptionTrack]
    gain_db: float | None
    """What brings it to -18 LUFS without clipping, in dB; None while it has not been measured, or is silent."""
    storyboard_version: int | None
    """Changes with the storyboard; None while there is none."""
    problem: str | None
    """What is wrong with its file though it plays, in a sentence about "it"."""
    updated_at: datetime


class VideoPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person may change. A field left out stays; an edited field is never overwritten by a scan."""

    title: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    channel: str | None | msgspec.UnsetType = msgspec.UNSET
    category: str | None | msgspec.UnsetType = msgspec.UNSET
    tags: list[str] | msgspec.UnsetType = msgspec.UNSET
    visibility: Visibility | msgspec.UnsetType = msgspec.UNSET
    published_at: datetime | None | msgspec.UnsetType = msgspec.UNSET
    state: Literal["ready"] | msgspec.UnsetType = msgspec.UNSET
    """`ready` brings a removed video back."""


class MediaFile(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes behind a video, ready to be opened."""

    video_id: str
    path: bytes
    size_bytes: int
    mtime_ns: int
    fingerprint: str
    container: str
    duration_s: float | None
    width: int | None
    height: int | None
    video_codec: str | None
    audio_codec: str | None
    probe: Probe | None = None
    """What is known of its streams; None only for a file that no library has."""
    complexity: float | None = None
    """How many bits its pictures need for the same quality, 1.0 for a typical film; None while it was not measured."""

    @property
    def etag(self) -> str:
        """Opaque tag (without quotes) that changes with the content, for strong validators (RFC 9110 §8.8.3).

        The fingerprint samples the file; the modification time covers an edit between the samples.
        """
        return f"{self.fingerprint}-{self.mtime_ns:x}"


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """A folder the library watches. `problem` says why it cannot be read now, if so."""

    id: str
    path: str
    added_at: datetime
    last_scan_at: datetime | None
    videos: int
    missing: int
    problem: str | None


class ScanProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the scan report: a file (or folder) that was passed over, and why."""

    path: str
    reason: str
    folder_id: str


class ScanProgress(msgspec.Struct, frozen=True, kw_only=True):
    """Live figures of a scan; stored as the job's progress."""

    phase: str = "walking"
    """`walking`, `finishing` or `done`."""
    files_found: int = 0
    files_new: int = 0
    files_changed: int = 0
    files_moved: int = 0
    files_missing: int = 0
    files_unchanged: int = 0
    errors: int = 0
    files_per_s: float = 0.0
    current: str | None = None
    """What is being probed at this moment."""
