"""The schema: every table of a hub, as typed mappings.

Ids are ULIDs (26 characters). File names are bytes, as the file system has them: they need not be valid UTF-8.
Keyset lists rely on the indexes that pair a sort column with the id.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from hub.db.columns import JsonBytes, UtcTime

Ulid = String(26)
Key = Text().with_variant(Text(collation="C"), "postgresql")
"""Folded text that is compared and sorted: byte order on both engines."""


class Base(DeclarativeBase):
    """Declarative base; the naming convention lets migrations name every constraint on both engines."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy reads it from the class
        datetime: UtcTime(),
        bytes: LargeBinary(),
        int: BigInteger(),
    }


class ChannelRow(Base):
    """Whoever made a video. `name_key` is the name folded for comparison."""

    __tablename__ = "channels"
    id: Mapped[str] = mapped_column(Ulid, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Key, unique=True)
    created_at: Mapped[datetime]


class VideoRow(Base):
    """An item of the catalogue. It outlives its files: metadata and history stay when the bytes go."""

    __tablename__ = "videos"
    id: Mapped[str] = mapped_column(Ulid, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    title_key: Mapped[str] = mapped_column(Key)
    """The title as `repositories.names.sort_key` makes it: folded, numbers in their order."""
    description: Mapped[str] = mapped_column(Text, default="")
    channel_id: Mapped[str | None] = mapped_column(
        Ulid, ForeignKey("channels.id", ondelete="SET NULL"), index=True
    )
    category: Mapped[str | None] = mapped_column(Text, index=True)
    source: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    visibility: Mapped[str] = mapped_column(String(16))
    duration_s: Mapped[float | None]
    published_at: Mapped[datetime | None]
    added_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    views: Mapped[int] = mapped_column(default=0)
    edited: Mapped[list[str]] = mapped_column(JsonBytes, default=list)
    """Names of the fields a person has set: scans leave them alone."""
    thumb_version: Mapped[int | None]
    """None: pictures are still to be made; 0: there can be none; otherwise changes with the pictures."""
    thumb_color: Mapped[str | None] = mapped_column(String(7))

    # NULLs sort as the smallest value on both engines through these expressions; the repository's sort
    # expressions must be spelt the same, or SQLite does not use the index.
    __table_args__ = (
        Index("ix_videos_added", "added_at", "id"),
        Index("ix_videos_title", "title_key", "id"),
        Index("ix_videos_views", "views", "id"),
        Index("ix_videos_duration", text("coalesce(duration_s, -1)"), "id"),
        Index("ix_videos_published", text("coalesce(published_at, -9223372036854775807)"), "id"),
        Index("ix_videos_thumbs_wanted", "thumb_version", "id"),
    )


class FolderRow(Base):
    """A folder of the library, by its absolute path."""

    __tablename__ = "folders"
    id: Mapped[str] = mapped_column(Ulid, primary_key=True)
    path: Mapped[bytes] = mapped_column(unique=True)
    added_at: Mapped[datetime]
    last_scan_at: Mapped[datetime | None]
    problem: Mapped[str | None] = mapped_column(Text)


class FileRow(Base):
    """A media file and what was found in it.

    `dir` is relative to the folder, without slashes at either end (empty for the folder itself), `name` the last part.
    """

    __tablename__ = "files"
    id: Mapped[str] = mapped_column(Ulid, primary_key=True)
    video_id: Mapped[str] = mapped_column(Ulid, ForeignKey("videos.id", ondelete="CASCADE"), unique=True)
    folder_id: Mapped[str | None] = mapped_column(Ulid, ForeignKey("folders.id", ondelete="SET NULL"))
    dir: Mapped[bytes]
    name: Mapped[bytes]
    size_bytes: Mapped[int]
    mtime_ns: Mapped[int]
    fingerprint: Mapped[str] = mapped_column(String(40), index=True)
    sidecars: Mapped[str] = mapped_column(String(32), default="")
    """Digest of the names, sizes and times of the sidecars that were read; differs when they need reading again."""
    container: Mapped[str] = mapped_column(String(16))
    duration_s: Mapped[float | None]
    bitrate_bps: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    video_codec: Mapped[str | None] = mapped_column(String(32))
    audio_codec: Mapped[str | None] = mapped_column(String(32))
    probe: Mapped[dict[str, Any]] = mapped_column(JsonBytes)
    captions: Mapped[list[dict[str, Any]]] = mapped_column(JsonBytes, default=list)
    """Sidecar text tracks: `lang`, `label`, `forced`, `hearing_impaired`, and the `name` in the same dir (bytes as
    hex)."""
    poster: Mapped[bytes | None]
    """Name of the sidecar picture, relative to `dir`."""
    storyboard: Mapped[bytes | None]
    """Name of the sidecar storyboard (WebVTT with `#xywh=`), relative to `dir`."""
    missing_since: Mapped[datetime | None]
    problem: Mapped[str | None] = mapped_column(Text, index=True)
    """What is wrong with it though it plays, for the scan report."""
    __table_args__ = (UniqueConstraint("folder_id", "dir", "name"),)


class RejectedFileRow(Base):
    """A file that looked like media and is not; kept so that it is not probed again until it changes."""

    __tablename__ = "rejected_files"
    folder_id: Mapped[str] = mapped_column(
        Ulid, ForeignKey("folders.id", ondelete="CASCADE"), primary_key=True
    )
    dir: Mapped[bytes] = mapped_column(primary_key=True)
    name: Mapped[bytes] = mapped_column(primary_key=True)
    size_bytes: Mapped[int]
    mtime_ns: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    seen_at: Mapped[datetime]


class DerivedRow(Base):
    """Something made from a file in the background (`hub.library.derived`): text tracks, a storyboard, its loudness."""

    __tablename__ = "derived"
    video_id: Mapped[str] = mapped_column(Ulid, ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(40))
    """Of the file it was made from: another one needs it made anew."""
    sidecars: Mapped[str] = mapped_column(String(32))
    """Digest of what lay beside that file, if that matters; else empty."""
    data: Mapped[dict[str, Any] | None] = mapped_column(JsonBytes)
    """What was found; None when there can be none."""
    made_at: Mapped[datetime]


class CaptionUploadRow(Base):
    """A text track that somebody added to a video; `text` is WebVTT."""

    __tablename__ = "caption_uploads"
    video_id: Mapped[str] = mapped_column(Ulid, ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)
    lang: Mapped[str] = mapped_column(String(64), primary_key=True)
    label: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime]


class TagRow(Base):
    """A tag; `name_key` is the name folded for comparison."""

    __tablename__ = "tags"
    id: Mapped[str] = mapped_column(Ulid, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Key, unique=True)


class VideoTagRow(Base):
    """Which video has which tag."""

    __tablename__ = "video_tags"
    video_id: Mapped[str] = mapped_column(Ulid, ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[str] = mapped_column(
        Ulid, ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class PlaylistRow(Base):
    """A person's ordered list of videos."""

    __tablename__ = "playlists"
    id: Mapped[str] = mapped_column(Ulid, primary_key=True)
    owner_id: Mapped[str] = mapped_column(Ulid, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    visibility: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PlaylistItemRow(Base):
    """One place in a playlist; `rank` orders it, with gaps so that a move touches one row."""

    __tablename__ = "playlist_items"
    playlist_id: Mapped[str] = mapped_column(
        Ulid, ForeignKey("playlists.id", ondelete="CASCADE"), primary_key=True
    )
    video_id: Mapped[str] = mapped_column(
        Ulid, ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    rank: Mapped[int]


class WatchStateRow(Base):
    """How far a person has watched; the write with the later `at` wins."""

    __tablename__ = "watch_states"
    user_id: Mapped[str] = mapped_column(Ulid, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    video_id: Mapped[str] = mapped_column(
        Ulid, ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    position_s: Mapped[float]
    watched: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]

    __table_args__ = (Index("ix_watch_states_recent", "user_id", "at", "video_id"),)


class JobRow(Base):
    """A piece of work that survives a restart; see `hub.jobs`."""

    __tablename__ = "jobs"
    id: Mapped[str] = mapped_column(Ulid, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(64))
    """Two jobs of one kind that wait with the same key are the same job."""
    title: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16), index=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JsonBytes)
    done_units: Mapped[int] = mapped_column(default=0)
    total_units: Mapped[int | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JsonBytes, default=dict)
    error: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_jobs_queued",
            "kind",
            "key",
            unique=True,
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
    )


class UserRow(Base):
    """A person. An owner without a password is the one the first-run code will name."""

    __tablename__ = "users"
    id: Mapped[str] = mapped_column(Ulid, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Key, unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str | None] = mapped_column(Text)
    caption_lang: Mapped[str | None] = mapped_column(String(35))
    """The language of captions that are on by themselves; None: as the household has it; empty: none."""
    created_at: Mapped[datetime]


class DeviceRow(Base):
    """A browser, program, phone or TV that a person signed in on."""

    __tablename__ = "devices"
    id: Mapped[str] = mapped_column(Ulid, primary_key=True)
    user_id: Mapped[str] = mapped_column(Ulid, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class SessionRow(Base):
    """A sign-in on a device. Only a hash of the token is kept."""

    __tablename__ = "sessions"
    id: Mapped[str] = mapped_column(Ulid, primary_key=True)
    user_id: Mapped[str] = mapped_column(Ulid, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    device_id: Mapped[str] = mapped_column(Ulid, ForeignKey("devices.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SettingRow(Base):
    """A value the hub itself keeps: secrets, choices made in the window."""

    __tablename__ = "settings"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JsonBytes)
