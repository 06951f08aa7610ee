"""Reading a file's time line as it really is: starts, ends, frame rate, key frames. Runs in a worker.

Headers lie, so ends are those of real packets. Three ways, the first that the file allows: the sample tables (MP4),
the cues and the packets behind the last one (Matroska), every packet (all others, and whatever does not add up).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice, pairwise
from math import ceil, floor
from typing import Any

import msgspec
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from hub.media.errors import BrokenMedia, NotMedia
from hub.media.operations import Report
from hub.media.source import decoder_of, demux, open_media
from hub.media.stream.audio_frames import AudioFacts, Stamp, audio_timeline
from hub.media.stream.codec_names import codec_of, name_codec
from hub.media.stream.frame_times import Smoother, frame_rate, is_idr, nal_length_bytes
from hub.media.stream.reading import Clock, audio_streams, is_mp4, read_only, shown_video
from hub.media.stream.sample_table import SampleTable, read_sample_tables
from hub.media.stream.types import CLOCK_HZ, Timeline, TimelineJob, VideoTimeline

_HEAD_PACKETS = 60  # of each stream: enough to tell its frames' length
_HEAD_LIMIT, _HEAD_BYTES = 3_000, 32 << 20
_KEYS_CHECKED = 8
_SAMPLE, _PATCH = 4_000, 200  # pictures looked at for the rate, and how many in a row
_LONGEST_S = 30  # between two key frames: one segment of a copy
_NAL_BYTES = 1 << 16  # in front of the first slice there are parameter sets and SEI only
_SAME_TICKS = 100  # stamps in milliseconds
_LONGEST_FILE_S = 100 * 3600
"""Stamps that are further away are damage. One of them would make playlists of millions of segments."""


class _DoesNotAddUp(Exception):
    """The index and the packets disagree: read all packets."""


@dataclass
class _Pictures:
    """What was found out about the pictures; times are display times in ticks of media time."""

    gaps: list[int] = field(default_factory=list)
    """From one picture to the next, of a good sample."""
    count: int | None = None
    """Of all pictures, when they were counted."""
    first: int = 0
    last: int = 0
    end: int = 0
    keys: list[int] = field(default_factory=list)
    key_bytes: list[int] = field(default_factory=list)
    problem: str | None = None


def run(job: TimelineJob, report: Report) -> Timeline:
    """The time line of the file at `job.path`."""
    return read_timeline(job.path)


def read_timeline(path: bytes) -> Timeline:
    """The time line of the media file at `path`. Raises what `probe` raises, NotMedia when nothing can be played."""
    try:
        return _read(path, scan=False)
    except _DoesNotAddUp:
        return _read(path, scan=True)


def _read(path: bytes, *, scan: bool) -> Timeline:
    with open_media(path) as (fd, _, container):
        return _Reader(container, fd).read(scan=scan)


class _Reader:
    def __init__(self, container: InputContainer, fd: int) -> None:
        self._container, self._fd = container, fd
        self._start_us = container.start_time or 0
        self._video = shown_video(container)
        if self._video is not None and decoder_of(self._video) is None:
            self._video = None
        self._audio = audio_streams(container)
        self._wanted: list[Stream] = [*([self._video] if self._video else []), *self._audio]
        if not self._wanted:
            raise NotMedia("This is not a media file: there is no video or audio in it.")
        read_only(container, *self._wanted)
        self._sound = {s.index: AudioFacts() for s in self._audio}
        self._possible = {s.index: _possible_stamps(s, self._start_us) for s in self._wanted}

    def read(self, *, scan: bool) -> Timeline:
        if scan or not {"mp4", "matroska"} & set(self._container.format.name.split(",")):
            pictures = self._scan()
        else:
            try:
                pictures = self._from_tables() if is_mp4(self._container) else self._from_cues()
            except FFmpegError as error:
                raise _DoesNotAddUp from error
        video = self._video_timeline(pictures) if self._video else None
        audio = tuple(
            timeline
            for s in self._audio
            if (timeline := audio_timeline(s, self._sound[s.index], self._start_us)) is not None
        )
        if video is None and not audio:
            raise NotMedia("This is not a media file: there is no video or audio in it.")
        ends = [t.end_samples / t.sample_rate_hz for t in audio]
        if video:
            ends.append(video.end_ticks / CLOCK_HZ)
        if max(ends) > 2 * _LONGEST_FILE_S:  # by an index that says so, or by the length of the last picture
            if not scan:
                raise _DoesNotAddUp
            raise BrokenMedia("The file is damaged: its time stamps make no sense.")
        return Timeline(start_us=self._start_us, duration_s=max(ends), video=video, audio=audio)

    # --- MP4 ---

    def _from_tables(self) -> _Pictures:
        size_bytes = self._container.size
        tables = read_sample_tables(self._fd, size_bytes)
        for stream in self._wanted:
            if stream.id not in tables or len(stream.index_entries) != tables[stream.id].count:
                raise _DoesNotAddUp
        heads = self._head()
        for stream in self._audio:
            present = _present(stream, size_bytes)
            facts, table = self._sound[stream.index], tables[stream.id]
            for stamp in heads[stream.index]:
                facts.add(stamp)
            if present:
                last = stream.index_entries[present - 1]
                facts.last, facts.last_duration = last.timestamp, table.durations[present - 1]
                facts.seen, facts.seen_bytes = present, sum(table.bytes_between([0], present))
                facts.is_complete = True
        if self._video is None:
            return _Pictures()
        return self._pictures_of(tables[self._video.id], self._video, _present(self._video, size_bytes))

    def _pictures_of(self, table: SampleTable, stream: VideoStream, present: int) -> _Pictures:
        """Key frames and end by the sample table, checked against packets at both ends and in the middle."""
        if not present:
            return _Pictures()
        clock = self._clock(stream)
        entries = stream.index_entries
        # Edits move the whole track; where they do more, the check below does not hold.
        shift = entries[0].timestamp - table.decode_times[0]
        if entries[present - 1].timestamp - table.decode_times[present - 1] != shift:
            raise _DoesNotAddUp

        def shown(sample: int) -> int:
            return clock.at(table.display_times[sample] + shift)

        near_end = range(max(0, present - 64), present)
        last = max(near_end, key=table.display_times.__getitem__)
        patches = range(0, present, max(_PATCH, present * _PATCH // _SAMPLE))
        pictures = _Pictures(
            gaps=[
                gap
                for at in patches
                for gap in _gaps([shown(n) for n in range(at, min(at + _PATCH, present))])
            ],
            count=present,
            first=min(shown(n) for n in range(min(64, present))),
            last=shown(last),
            end=shown(last) + clock.length(table.durations[last]),
        )
        keys = [key for key in table.keys if key < present]
        if codec_of(stream) == "h264":
            keys = [key for key in keys if not table.has_leading(key)]
        pictures.keys = [shown(key) for key in keys]
        pictures.key_bytes = table.bytes_between(keys, present) if keys else []
        self._check_keys(stream, pictures, [entries[key].timestamp for key in keys])
        return pictures

    # --- Matroska ---

    def _from_cues(self) -> _Pictures:
        heads = self._head()
        for index, facts in self._sound.items():
            for stamp in heads[index]:
                facts.add(stamp)
        stream = self._video
        if stream is None or not heads[stream.index]:
            raise _DoesNotAddUp
        clock = self._clock(stream)
        first = min(stamp.pts for stamp in heads[stream.index])
        self._container.seek(first, stream=stream)  # loads the cues
        cues = [(e.timestamp, e.pos) for e in stream.index_entries if e.is_keyframe]
        if len(cues) < 2 or cues[-1][1] >= self._container.size:
            raise _DoesNotAddUp
        tail = self._tail(stream, cues[-1][0])
        if not tail or not tail[0].is_key or tail[0].pts != cues[-1][0]:
            raise _DoesNotAddUp
        last = max(tail)
        gaps = _gaps([clock.at(t.pts) for t in heads[stream.index]]) + _gaps([clock.at(t.pts) for t in tail])
        pictures = _Pictures(
            gaps=gaps,
            first=clock.at(first),
            last=clock.at(last.pts),
            end=clock.at(last.pts) + (clock.length(last.duration) or _usual(gaps)),
            keys=sorted({clock.at(at) for at, _ in cues} | {clock.at(t.pts) for t in tail if t.is_key}),
        )
        borders = [*(pos for _, pos in cues), self._container.size]
        if len(pictures.keys) == len(cues) and all(a < b for a, b in pairwise(borders)):
            # Clusters hold the sound too, so this is a little more than the pictures have.
            pictures.key_bytes = [b - a for a, b in pairwise(borders)]
        self._check_keys(stream, pictures, [at for at, _ in cues])
        return pictures

    def _tail(self, video: VideoStream, last_cue: int) -> list[Stamp]:
        """The pictures from the last cue on. The ends of the sound are noted, however much earlier they are."""
        self._container.seek(last_cue, stream=video)
        tail, ended = [], set()
        for index, stamp in self._stamps(self._wanted):
            if index == video.index:
                tail.append(stamp)
            else:
                self._sound[index].end_with(stamp)
                ended.add(index)
        for stream in self._audio:
            back_s, goal = 10, last_cue
            while stream.index not in ended and goal > 0:
                goal = max(0, last_cue - int(back_s / (video.time_base or 1)))
                self._container.seek(goal, stream=video)
                for index, stamp in self._stamps([stream]):
                    self._sound[index].end_with(stamp)
                    ended.add(index)
                back_s *= 4
        return tail

    # --- every packet ---

    def _scan(self) -> _Pictures:
        stream = self._video
        if stream is None:
            for index, stamp in self._stamps(self._wanted):
                self._sound[index].add(stamp)
            pictures = _Pictures()
        else:
            pictures = self._scan_pictures(stream)
        for facts in self._sound.values():
            facts.is_complete = True
        return pictures

    def _scan_pictures(self, stream: VideoStream) -> _Pictures:
        pictures, clock = _Pictures(), self._clock(stream)
        stands_alone = _standing_alone(stream)
        times: list[int] = []
        end, size, untimed = 0, 0, 0
        for packet in self._demux(self._wanted):
            stamp = self._stamp(packet)
            if stamp is None:
                continue
            if packet.stream_index != stream.index:
                self._sound[packet.stream_index].add(stamp)
                continue
            at = clock.at(stamp.pts)
            if stamp.is_key and stands_alone(packet):
                if pictures.keys:
                    pictures.key_bytes.append(size)
                pictures.keys.append(at)
                size = 0
            size += stamp.size
            if packet.pts is None:
                untimed += 1  # the second field of a picture, or a container without display times (AVI)
            else:
                times.append(at)
            end = max(end, at + clock.length(stamp.duration))
        if not times and not untimed:
            return pictures
        if pictures.keys:
            pictures.key_bytes.append(size)
        # AVI's stamps count packets, in the order of decoding.
        is_untimed = untimed > 0 or self._container.format.name == "avi"
        if is_untimed and stream.codec_context.has_b_frames:
            pictures.problem = (
                "The container does not say when its pictures are shown, only when they are decoded."
            )
        elif any(b <= a for a, b in pairwise(pictures.keys)):
            pictures.problem = "Its time stamps jump back."
        pictures.gaps = _gaps(times)
        pictures.count = len(times)
        pictures.first, pictures.last = min(times, default=0), max(times, default=0)
        pictures.end = max(end, pictures.last + _usual(pictures.gaps))
        return pictures

    # --- shared ---

    def _clock(self, stream: Stream) -> Clock:
        return Clock(self._start_us, stream.time_base or Fraction(1, CLOCK_HZ), CLOCK_HZ)

    def _demux(self, streams: Sequence[Stream]) -> Iterator[Packet[Any]]:
        """Packets with content up to the end, or to where the file is damaged."""
        try:
            for packet in demux(self._container, *streams):
                if packet.size:
                    yield packet
        except FFmpegError:
            return

    def _stamps(self, streams: Sequence[Stream]) -> Iterator[tuple[int, Stamp]]:
        """(stream's index, stamp) of the packets from here to the end."""
        for packet in self._demux(streams):
            stamp = self._stamp(packet)
            if stamp is not None:
                yield packet.stream_index, stamp

    def _stamp(self, packet: Packet[Any]) -> Stamp | None:
        """None for a packet without a time, or one that cannot be."""
        stamp = Stamp.of(packet)
        return stamp if stamp is not None and stamp.pts in self._possible[packet.stream_index] else None

    def _head(self) -> dict[int, list[Stamp]]:
        """The first packets of each stream."""
        found: dict[int, list[Stamp]] = {s.index: [] for s in self._wanted}
        size = 0
        for index, stamp in islice(self._stamps(self._wanted), _HEAD_LIMIT):
            found[index].append(stamp)
            size += stamp.size
            if size > _HEAD_BYTES or all(len(stamps) >= _HEAD_PACKETS for stamps in found.values()):
                break
        return found

    def _check_keys(self, stream: VideoStream, pictures: _Pictures, stamps: list[int]) -> None:
        """Read some of the key frames: they must be where the index says, and each must stand by itself."""
        clock, stands_alone = self._clock(stream), _standing_alone(stream)
        step = max(1, len(stamps) // _KEYS_CHECKED)
        for stamp in {*stamps[::step], *stamps[-1:]}:
            self._container.seek(stamp, stream=stream)
            packet = next((p for p in self._demux([stream]) if p.pts is not None), None)
            if (
                packet is None
                or not packet.is_keyframe
                or not _is_near(clock.at(packet.pts or 0), pictures.keys)
            ):
                raise _DoesNotAddUp
            if not stands_alone(packet):
                pictures.problem = "Its key frames do not stand by themselves (open groups of pictures)."

    def _video_timeline(self, pictures: _Pictures) -> VideoTimeline | None:
        stream = self._video
        assert stream is not None
        if pictures.end <= 0:
            return None
        measured = None
        if pictures.count and pictures.last > pictures.first:
            measured = Fraction((pictures.count - 1) * CLOCK_HZ, pictures.last - pictures.first)
        rate, is_variable = frame_rate(pictures.gaps, stream.guessed_rate, measured)
        codecs, problem = name_codec(stream)
        problem = problem or pictures.problem or _gap_problem(pictures)
        known = problem is None
        video = VideoTimeline(
            index=stream.index,
            frame_rate=(rate.numerator, rate.denominator),
            is_variable=is_variable,
            end_ticks=pictures.end,
            keys=tuple(pictures.keys) if known else (),
            key_bytes=tuple(pictures.key_bytes) if known else (),
            codecs=codecs,
            copy_problem=problem,
        )
        exact = Smoother.of(stream.time_base, video)
        return msgspec.structs.replace(
            video, keys=tuple(map(exact, video.keys)), end_ticks=exact(video.end_ticks)
        )


def _possible_stamps(stream: Stream, start_us: int) -> range:
    """Those within _LONGEST_FILE_S of where media time begins."""
    unit = stream.time_base or Fraction(1, CLOCK_HZ)
    start, length = Fraction(start_us, 1_000_000) / unit, _LONGEST_FILE_S / unit
    return range(floor(start - length), ceil(start + length) + 1)


def _gap_problem(pictures: _Pictures) -> str | None:
    keys = pictures.keys
    if not keys:
        return "It has no key frame to begin at."
    if keys[0] - pictures.first > CLOCK_HZ:
        return "Its first pictures cannot be decoded: there is no key frame at the beginning."
    longest = max(b - a for a, b in pairwise([*keys, pictures.end]))
    if longest > _LONGEST_S * CLOCK_HZ:
        return f"Its key frames are up to {longest // CLOCK_HZ} seconds apart."
    return None


def _present(stream: Stream, size_bytes: int) -> int:
    """How many of the indexed samples lie within the file, which may have been cut."""
    entries = stream.index_entries
    low, high = 0, len(entries)
    while low < high:
        middle = (low + high) // 2
        entry = entries[middle]
        if entry.pos + entry.size <= size_bytes:
            low = middle + 1
        else:
            high = middle
    return low


def _standing_alone(stream: VideoStream) -> Callable[[Packet[Any]], bool]:
    """A test of key frames: in H.264 one may refer to pictures before it, and browsers then refuse to begin there."""
    if codec_of(stream) != "h264":
        return lambda packet: True
    length = nal_length_bytes(stream.codec_context.extradata)
    return lambda packet: is_idr(bytes(packet)[:_NAL_BYTES], length)


def _is_near(time: int, ascending: list[int]) -> bool:
    at = bisect_left(ascending, time - _SAME_TICKS)
    return at < len(ascending) and ascending[at] <= time + _SAME_TICKS


def _gaps(times: list[int]) -> list[int]:
    """From each time to the next later one."""
    return [b - a for a, b in pairwise(sorted(times)) if b > a]


def _usual(gaps: list[int]) -> int:
    """How long a picture lasts that does not say so, in ticks."""
    return sorted(gaps)[len(gaps) // 2] if gaps else CLOCK_HZ // 25
