"""Writes what a scan found: which row a file is, decided inside the transaction from the rows as they are then.

What is on the disk was looked up just before (`looks.py`): a transaction reads no file.

A file is recognised by place and content. In this order: the row at its place has its content → it is that one.
Another row has its content, and the place of that row no longer holds it → the file was moved: the two rows exchange
places, so that renames, moves, swaps and overwriting moves keep ids, history and metadata. There is a row at its place
→ new content in an old place: the same video (decided last of all). Otherwise it is new; so is a copy. See
docs/adr/0030-scanning.md.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping
from ulid import ULID

from hub.db.repositories import files as rows
from hub.db.repositories.files import Place
from hub.db.repositories.folders import folder_paths
from hub.db.repositories.names import channel_id, sort_key, tag_ids
from hub.db.repositories.videos import set_tags, update_video
from hub.library.chapters import TOLD_MARKERS
from hub.library.copies import Copies
from hub.library.looks import Claim, Looks, NotLookedAt
from hub.library.metadata import Metadata, from_name, from_tags, merge
from hub.library.sidecars import Sidecars
from hub.library.types import VideoState, Visibility
from hub.media.types import Probe, ProbeResult

SOURCE = "folder"
"""`videos.source` of what scans add. The metadata of other sources is not theirs to change."""
CUT_SHORT = "It was cut short: its beginning plays, its end is missing. Copy or download it again."
_MICROSECOND = timedelta(microseconds=1)
STALE = -1
"""`mtime_ns` of a row that was displaced: it matches no file, so its place is looked at again."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A media file as it was seen. `result` is None when only what lies beside it is news."""

    folder_id: str
    place: Place
    result: ProbeResult | None
    sidecars: Sidecars
    sidecar_facts: dict[bytes, tuple[int, int]]
    """Size and time of each sidecar that was read."""
    digest: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """Something that was passed over: a file that is no media, or (size `NOT_A_FILE`) a directory or link."""

    folder_id: str
    place: Place
    size_bytes: int
    mtime_ns: int
    reason: str
    is_gone: bool = False
    """It vanished while it was looked at: not worth a line."""


Places = dict[str, list[Place]]
"""Places by folder id."""


@dataclass(slots=True)
class News:
    """What one transaction writes."""

    observations: list[Observation] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    returned: Places = field(default_factory=dict)
    accepted: Places = field(default_factory=dict)
    vanished: Places = field(default_factory=dict)
    passed_over: Places = field(default_factory=dict)
    is_final: bool = False
    """Everything else that this scan found is written already: nothing need be deferred any more."""

    def __len__(self) -> int:
        places = (self.returned, self.accepted, self.vanished, self.passed_over)
        return (
            len(self.observations) + len(self.rejections) + sum(len(p) for by in places for p in by.values())
        )


@dataclass(slots=True)
class Outcome:
    """What a batch changed: ids of videos, and counts."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    moved: int = 0
    updated: int = 0
    missing: int = 0
    deferred: list[Observation] = field(default_factory=list)
    """Not written: to be shown again when everything else is."""


class Batch:
    """One write transaction's worth of observations."""

    def __init__(self, connection: Connection, now: datetime, looks: Looks) -> None:
        self._connection = connection
        self._now = now
        self._looks = looks
        self._roots = folder_paths(connection)
        self._copies = Copies(connection, looks)
        self.outcome = Outcome()

    def observe(self, seen: Observation, *, may_defer: bool) -> None:
        """Bring the rows up to date with one file; new content in an old place is deferred where that is possible."""
        if seen.folder_id not in self._roots:
            return  # removed from the library while the scan ran
        here = rows.at_place(self._connection, seen.folder_id, seen.place)
        if seen.result is None:
            if here is not None:
                self._touch(here, seen, None)
        elif here is not None and here["fingerprint"] == seen.result.fingerprint:
            self._touch(here, seen, seen.result)
        elif here is not None and self._is_fresher(here, seen.result):
            return
        elif (
            moved := self._copies.moved_to(seen.folder_id, seen.place, seen.result.fingerprint)
        ) is not None:
            self._move(moved, here, seen, seen.result)
        elif may_defer and (here is not None or self._copies.are_more(seen.result.fingerprint)):
            # What was here may turn up elsewhere: until then its row must not be given to other content.
            self.outcome.deferred.append(seen)
            return
        elif here is not None:
            self._replace(here, seen, seen.result)
        else:
            self._add(seen, seen.result)
        self._note_sidecars(seen)

    def reject(self, rejection: Rejection) -> None:
        """Note a file that is no media. If it was some before, what was known there cannot be played now."""
        if rejection.folder_id not in self._roots or rejection.is_gone:
            return
        directory, name = rejection.place
        here = rows.at_place(self._connection, rejection.folder_id, rejection.place)
        if here is not None and rejection.mtime_ns != STALE and self._is_fresher(here, rejection):
            return  # another scan was quicker and found it good
        rows.reject(
            self._connection,
            {
                "folder_id": rejection.folder_id,
                "dir": directory,
                "name": name,
                "size_bytes": rejection.size_bytes,
                "mtime_ns": rejection.mtime_ns,
                "reason": rejection.reason,
                "seen_at": self._now,
            },
        )
        gone = rows.mark_missing(self._connection, rejection.folder_id, [rejection.place], self._now)
        self._lost(gone)

    def restore(self, places: Places) -> None:
        """Missing files that are back as they were."""
        for folder_id, back in places.items():
            videos = rows.mark_present(self._connection, folder_id, back)
            self.outcome.changed += videos
            self.outcome.updated += len(videos)

    def lose(self, places: Places, *, look: bool) -> None:
        """Files that are gone. With `look` each place is tried once more: a row may have come there meanwhile."""
        for folder_id, gone in places.items():
            root = self._roots.get(folder_id)
            if root is not None:
                if look:
                    claims = {place: Claim(os.path.join(root, *place)) for place in gone}
                    self._looks.want(claims.values())
                    self._looks.check()
                    gone = [place for place in gone if not self._looks.at(claims[place]).is_file]
                self._lost(rows.mark_missing(self._connection, folder_id, gone, self._now))

    def forget_rejected(self, places: Places) -> None:
        """What was passed over is gone, or good now."""
        for folder_id, solved in places.items():
            rows.forget_rejected(self._connection, folder_id, solved)

    def _lost(self, videos: list[str]) -> None:
        self.outcome.changed += videos
        self.outcome.missing += len(videos)

    def _is_fresher(self, here: RowMapping, seen: ProbeResult | Rejection) -> bool:
        """True when the row describes the file as it is and what was seen does not: another scan was quicker."""
        facts = (here["size_bytes"], here["mtime_ns"])
        if facts == (seen.size_bytes, seen.mtime_ns) or here["missing_since"] is not None:
            return False
        return self._looks.at_place_of(here).facts == facts

    # --- what becomes of it -------------------------------------------------------------------------------------------

    def _touch(self, row: RowMapping, seen: Observation, result: ProbeResult | None) -> None:
        self._write_file(row, seen, result)
        self._write_video(row, seen, result, new_pictures=_poster_changes(row, seen))
        self.outcome.updated += 1

    def _replace(self, row: RowMapping, seen: Observation, result: ProbeResult) -> None:
        self._write_file(row, seen, result)
        self._write_video(row, seen, result, new_pictures=True)
        self.outcome.updated += 1

    def _move(
        self, row: RowMapping, displaced: RowMapping | None, seen: Observation, result: ProbeResult
    ) -> None:
        rows.exchange_places(self._connection, row, displaced, seen.place, seen.folder_id)
        if displaced is not None:
            left_behind: dict[str, Any] = {"mtime_ns": STALE}
            if displaced["missing_since"] is None and self._looks.at_place_of(row).facts is None:
                left_behind["missing_since"] = self._now
                self._lost([displaced["video_id"]] if displaced["state"] != VideoState.DELETED else [])
            rows.update_file(self._connection, displaced["id"], left_behind)
            self._copies.ask_again(displaced)
        self._write_file(row, seen, result)
        self._write_video(row, seen, result, new_pictures=_poster_changes(row, seen))
        if row["folder_id"] is None and row["state"] != VideoState.DELETED:
            self.outcome.added.append(
                row["video_id"]
            )  # of a folder that was removed: it is back in the lists
        else:
            self.outcome.moved += 1

    def _add(self, seen: Observation, result: ProbeResult) -> None:
        video_id = str(ULID())
        told = _metadata(seen, result.probe)
        title = told.title or ""
        rows.insert_video(
            self._connection,
            {
                "id": video_id,
                "title": title,
                "title_key": sort_key(title),
                "description": told.description or "",
                "channel_id": channel_id(self._connection, told.channel) if told.channel else None,
                "category": told.category,
                "source": SOURCE,
                "state": VideoState.READY,
                "visibility": Visibility.HOUSEHOLD,
                "duration_s": result.probe.duration_s,
                "published_at": told.published_at,
                "added_at": self._now + len(self.outcome.added) * _MICROSECOND,
                "updated_at": self._now,
            },
            {
                "id": str(ULID()),
                "video_id": video_id,
                "folder_id": seen.folder_id,
                "dir": seen.place[0],
                "name": seen.place[1],
                **_file_values(seen, result),
            },
        )
        if told.tags:
            set_tags(self._connection, video_id, tag_ids(self._connection, told.tags))
        self.outcome.added.append(video_id)

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _write_file(self, row: RowMapping, seen: Observation, result: ProbeResult | None) -> None:
        values: dict[str, Any] = {"missing_since": None}
        if result is not None:
            values |= _file_values(seen, result)
        else:
            values |= _beside_values(seen) | {"probe": _stored_probe(_probe_of(row), seen)}
        rows.update_file(self._connection, row["id"], values)

    def _write_video(
        self, row: RowMapping, seen: Observation, result: ProbeResult | None, *, new_pictures: bool
    ) -> None:
        probe = result.probe if result is not None else _probe_of(row)
        values: dict[str, Any] = {"duration_s": probe.duration_s, "updated_at": self._now}
        if new_pictures:
            values |= {"thumb_version": None}
        if row["source"] == SOURCE:
            values |= self._told_values(row, _metadata(seen, probe))
        update_video(self._connection, row["video_id"], values)
        if row["state"] != VideoState.DELETED:
            self.outcome.changed.append(row["video_id"])

    def _told_values(self, row: RowMapping, told: Metadata) -> dict[str, Any]:
        """Columns from metadata, but for what a person has set; tags are written here."""
        edited = set(row["edited"])
        values = {
            "title": told.title or "",
            "description": told.description or "",
            "category": told.category,
            "published_at": told.published_at,
        }
        values = {name: value for name, value in values.items() if name not in edited}
        if "channel" not in edited:
            values["channel_id"] = channel_id(self._connection, told.channel) if told.channel else None
        if "tags" not in edited:
            set_tags(self._connection, row["video_id"], tag_ids(self._connection, told.tags or ()))
        return values

    def _note_sidecars(self, seen: Observation) -> None:
        directory, name = seen.place
        bad = {problem.name: problem.reason for problem in seen.sidecars.problems}
        good = [(directory, sidecar) for sidecar in seen.sidecar_facts if sidecar not in bad]
        rows.forget_rejected(self._connection, seen.folder_id, [(directory, name), *good])
        for sidecar, words in bad.items():
            size_bytes, mtime_ns = seen.sidecar_facts[sidecar]
            self.reject(Rejection(seen.folder_id, (directory, sidecar), size_bytes, mtime_ns, words))


def apply(connection: Connection, news: News, now: datetime, looks: Looks) -> Outcome:
    """Write what was seen, in this transaction. NotLookedAt: take the looks it wants, and begin again."""
    batch = Batch(connection, now, looks)
    # One that lacks a look does not keep the others from saying what they lack.
    # Backwards: of what came together the first by name is the newest, and so leads the list of what was added.
    for seen in sorted(news.observations, key=_by_name, reverse=True):
        with suppress(NotLookedAt):
            batch.observe(seen, may_defer=not news.is_final)
    for rejection in news.rejections:
        with suppress(NotLookedAt):
            batch.reject(rejection)
    batch.restore(news.returned)
    batch.forget_rejected(news.accepted)
    batch.lose(news.vanished, look=True)
    batch.lose(news.passed_over, look=False)
    looks.check()
    return batch.outcome


def _by_name(seen: Observation) -> str:
    return sort_key(b"/".join(seen.place).decode("utf-8", "replace"))


def _metadata(seen: Observation, probe: Probe) -> Metadata:
    return merge((*seen.sidecars.metadata, from_tags(probe), from_name(seen.place[1])))


def _poster_changes(row: RowMapping, seen: Observation) -> bool:
    """A poster came, went, or may look different now."""
    return row["sidecars"] != seen.digest and (row["poster"] is not None or seen.sidecars.poster is not None)


def _beside_values(seen: Observation) -> dict[str, Any]:
    beside = seen.sidecars
    return {
        "sidecars": seen.digest,
        "captions": beside.captions,
        "poster": beside.poster,
        "storyboard": beside.storyboard,
    }


def _file_values(seen: Observation, result: ProbeResult) -> dict[str, Any]:
    probe = result.probe
    return {
        **_beside_values(seen),
        "size_bytes": result.size_bytes,
        "mtime_ns": result.mtime_ns,
        "fingerprint": result.fingerprint,
        "container": probe.container[:16],
        "duration_s": probe.duration_s,
        "bitrate_bps": probe.bitrate_bps,
        "width": probe.width,
        "height": probe.height,
        "video_codec": probe.video_codec and probe.video_codec[:32],
        "audio_codec": probe.audio_codec and probe.audio_codec[:32],
        "probe": _stored_probe(probe, seen),
        "missing_since": None,
        "problem": CUT_SHORT if probe.truncated else None,
    }


_OWN_CHAPTERS = "container_chapters"


def _stored_probe(probe: Probe, seen: Observation) -> dict[str, Any]:
    """The probe as it is stored: chapters told beside the file outrank its own, which are kept for when that ends."""
    stored: dict[str, Any] = msgspec.to_builtins(probe)
    told = merge(seen.sidecars.metadata)
    if told.chapters is not None:
        stored |= {_OWN_CHAPTERS: stored["chapters"], "chapters": msgspec.to_builtins(told.chapters)}
    if told.markers is not None:
        stored |= {TOLD_MARKERS: msgspec.to_builtins(told.markers)}
    return stored


def _probe_of(row: RowMapping) -> Probe:
    """A stored probe with the container's own chapters."""
    stored: dict[str, Any] = dict(row["probe"])
    if (own := stored.pop(_OWN_CHAPTERS, None)) is not None:
        stored["chapters"] = own
    return msgspec.convert(stored, Probe)
