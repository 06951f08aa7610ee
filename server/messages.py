"""What `/v1/events` says: one JSON object a message, `type` tells which."""

from __future__ import annotations

from functools import singledispatch

import msgspec

from hub.accounts.types import Viewer
from hub.events import (
    Event,
    FoldersChanged,
    JobChanged,
    PositionChanged,
    SetupFinished,
    VideosAdded,
    VideosChanged,
    VideosRemoved,
)
from hub.jobs.types import Job


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of messages."""


class VideosAddedMessage(Message, frozen=True, kw_only=True, tag="videos.added"):
    """New videos are in the catalogue."""

    ids: tuple[str, ...]


class VideosChangedMessage(Message, frozen=True, kw_only=True, tag="videos.changed"):
    """Metadata, availability or pictures changed."""

    ids: tuple[str, ...]


class VideosRemovedMessage(Message, frozen=True, kw_only=True, tag="videos.removed"):
    """Videos left the catalogue."""

    ids: tuple[str, ...]


class PositionChangedMessage(Message, frozen=True, kw_only=True, tag="position.changed"):
    """The listener watched on, on this or another device."""

    video_id: str
    position_s: float


class FoldersChangedMessage(Message, frozen=True, kw_only=True, tag="folders.changed"):
    """A folder was added, removed, or its problem changed. For those who manage the library."""


class JobChangedMessage(Message, frozen=True, kw_only=True, tag="job.changed"):
    """A job was made, moved on or ended. For those who manage the library."""

    job: Job


class SetupFinishedMessage(Message, frozen=True, kw_only=True, tag="setup.finished"):
    """The first-run code is spent."""


class ResyncMessage(Message, frozen=True, kw_only=True, tag="resync"):
    """Messages were lost because the listener was too slow: what it shows should be read anew."""


class HeartbeatMessage(Message, frozen=True, kw_only=True, tag="heartbeat"):
    """Nothing has happened for a while, and the connection stands. Who hears nothing for a minute has lost it."""


EventMessage = (
    VideosAddedMessage
    | VideosChangedMessage
    | VideosRemovedMessage
    | PositionChangedMessage
    | FoldersChangedMessage
    | JobChangedMessage
    | SetupFinishedMessage
    | ResyncMessage
    | HeartbeatMessage
)


@singledispatch
def message_for(_event: Event) -> Message | None:
    """The message that tells of an event; None for those that stay inside."""
    return None


@message_for.register
def _(event: VideosAdded) -> Message:
    return VideosAddedMessage(ids=event.ids)


@message_for.register
def _(event: VideosChanged) -> Message:
    return VideosChangedMessage(ids=event.ids)


@message_for.register
def _(event: VideosRemoved) -> Message:
    return VideosRemovedMessage(ids=event.ids)


@message_for.register
def _(event: PositionChanged) -> Message:
    return PositionChangedMessage(video_id=event.video_id, position_s=event.position_s)


@message_for.register
def _(event: FoldersChanged) -> Message:
    return FoldersChangedMessage()


@message_for.register
def _(event: JobChanged) -> Message:
    return JobChangedMessage(job=event.job)


@message_for.register
def _(event: SetupFinished) -> Message:
    return SetupFinishedMessage()


def concerns(event: Event, viewer: Viewer) -> bool:
    """Whether a person is told of an event."""
    if isinstance(event, PositionChanged):
        return event.user_id == viewer.user_id
    if isinstance(event, JobChanged | FoldersChanged):
        return viewer.role.manages_library
    return True
