"""Taking the text tracks out of a media file, all in one reading. Runs in a worker."""

from __future__ import annotations

import re
import time

import pysubs2
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import AssSubtitle

from hub.media.captions import write_events
from hub.media.files import publish
from hub.media.operations import ExtractCaptionsJob, Report
from hub.media.source import decoder_of, demux, open_media
from hub.media.types import TEXT_CODECS

MAX_EVENTS = 200_000
"""Of one track: a film has 2,000, one with karaoke effects a hundred times as many."""
_LASTS_S = 5.0
"""How long a caption is shown whose end nobody tells and that no other follows."""
_REPORT_EVERY_S = 0.5
_HTML = re.compile(r"<(/?)([ibu])>", re.IGNORECASE)


def run(job: ExtractCaptionsJob, report: Report) -> tuple[int, ...]:
    """Write `<stream>.vtt` into the job's folder for each text track; the indexes of those that hold a caption.

    Times are media time (from the container's start). Errors: those of `open_media`, OutputNotWritable.
    """
    with open_media(job.path) as (_, _, container):
        tracks = {
            stream.index: _Track(stream)
            for stream in container.streams.subtitles
            if (decoder := decoder_of(stream)) is not None and decoder.codec.canonical_name in TEXT_CODECS
        }
        if not tracks:
            return ()
        for stream in container.streams:
            if stream.index not in tracks:
                stream.discard = Discard.all
        _read(container, tracks, report)
    written = []
    for index, track in sorted(tracks.items()):
        if (text := track.webvtt()) is not None:
            publish(text.encode(), job.folder, f"{index}.vtt")
            written.append(index)
    return tuple(written)


def _read(container: InputContainer, tracks: dict[int, _Track], report: Report) -> None:
    start_s = (container.start_time or 0) / 1_000_000
    total_s = (container.duration or 0) // 1_000_000
    reported = time.monotonic()
    for packet in demux(container, *(track.stream for track in tracks.values())):
        if packet.pts is None or not packet.size or not packet.time_base:
            continue
        at_s = float(packet.pts * packet.time_base) - start_s
        duration_s = float((packet.duration or 0) * packet.time_base)
        tracks[packet.stream.index].take(packet, at_s, duration_s)
        if total_s and time.monotonic() - reported >= _REPORT_EVERY_S:
            reported = time.monotonic()
            report(round(at_s), total_s, "captions")


class _Track:
    """What one text track has told so far, as SubStation events: FFmpeg turns every text format into these."""

    def __init__(self, stream: SubtitleStream) -> None:
        self.stream = stream
        self._decoder = stream.codec_context
        self._is_markup_plain = self._decoder.codec.canonical_name == "mov_text"
        self._events: list[tuple[float, float, str, str]] = []

    def take(self, packet: Packet[SubtitleStream], at_s: float, duration_s: float) -> None:
        """Decode one packet; what cannot be decoded is left out."""
        if len(self._events) >= MAX_EVENTS:
            return
        try:
            found = self._decoder.decode2(packet)
        except (ValueError, OSError):  # FFmpeg's errors are of both kinds; the next caption may be fine
            return
        for rect in found.rects if found is not None else ():
            if isinstance(rect, AssSubtitle):
                # libavcodec/ass.h: read order, layer, style, name, three margins, effect, and then the text.
                fields = rect.ass.decode("utf-8", "replace").split(",", 8)
                if len(fields) == 9:
                    self._events.append((at_s, duration_s, fields[2], fields[8]))

    def webvtt(self) -> str | None:
        """The track as WebVTT; None when there is not a single caption in it."""
        script = self._script()
        self._events.sort(key=lambda event: event[0])
        nexts = [event[0] for event in self._events[1:]]
        events = []
        for number, (at_s, duration_s, style, text) in enumerate(self._events):
            if duration_s <= 0:
                duration_s = min(_LASTS_S, nexts[number] - at_s if number < len(nexts) else _LASTS_S)
            # Writers of MP4 often leave SubRip's tags in the text, which has no markup of its own.
            text = _HTML.sub(_override, text) if self._is_markup_plain else text
            start_s, end_s = max(0.0, at_s), at_s + duration_s
            if end_s > start_s:
                event = pysubs2.SSAEvent(round(start_s * 1000), round(end_s * 1000), text=text, style=style)
                if not event.is_drawing and event.plaintext.strip():
                    events.append(event)
        return write_events(script, events, is_escaped=False) if events else None

    def _script(self) -> pysubs2.SSAFile:
        """The track's header: its styles and the size they count in."""
        header = (self._decoder.subtitle_header or b"").decode("utf-8", "replace")
        try:
            return pysubs2.SSAFile.from_string(header, format_="ass")
        except (pysubs2.exceptions.Pysubs2Error, ValueError, KeyError, IndexError):
            return pysubs2.SSAFile()


def _override(tag: re.Match[str]) -> str:
    return f"{{\\{tag[2].lower()}{0 if tag[1] else 1}}}"
