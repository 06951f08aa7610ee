"""Files as the probe and the time line describe them, for tests that need no bytes."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.media.stream.presentation import Presentation, content_id, present
from hub.media.stream.types import CLOCK_HZ, AudioTimeline, TextRendition, Timeline, VideoTimeline
from hub.media.types import Probe, Stream

CONTENT = content_id("ab" * 16, 1_000_000)


def picture_stream(**changes: Any) -> Stream:
    plain = Stream(
        index=0,
        kind="video",
        codec="h264",
        profile="High",
        level=40,
        width=1920,
        height=1080,
        frame_rate=25.0,
        pixel_format="yuv420p",
        bit_depth=8,
        bitrate_bps=6_000_000,
        default=True,
    )
    return msgspec.structs.replace(plain, **changes)


def sound_stream(index: int = 1, **changes: Any) -> Stream:
    plain = Stream(
        index=index,
        kind="audio",
        codec="aac",
        profile="LC",
        channels=2,
        sample_rate_hz=48_000,
        bitrate_bps=160_000,
        language="eng",
        default=index == 1,
    )
    return msgspec.structs.replace(plain, **changes)


def subtitle_stream(index: int, codec: str) -> Stream:
    return Stream(index=index, kind="subtitle", codec=codec, language="eng")


def probe_of(*streams: Stream, container: str = "mp4", duration_s: float | None = 60.0) -> Probe:
    video = next((s for s in streams if s.kind == "video"), None)
    width, height = (video.width, video.height) if video else (None, None)
    if video and video.rotation in {90, 270}:
        width, height = height, width
    return Probe(
        container=container,
        duration_s=duration_s,
        bitrate_bps=6_200_000,
        width=width,
        height=height,
        streams=streams,
        chapters=(),
        tags={},
        has_cover_art=False,
    )


def pictures(end_s: float = 60.0, key_s: float = 2.5, **changes: Any) -> VideoTimeline:
    end = int(end_s * CLOCK_HZ)
    keys = tuple(range(0, end, int(key_s * CLOCK_HZ)))
    plain = VideoTimeline(
        index=0,
        frame_rate=(25, 1),
        is_variable=False,
        end_ticks=end,
        keys=keys,
        key_bytes=tuple(1_000_000 + 1000 * i for i in range(len(keys))),
        codecs="avc1.640028",
    )
    return msgspec.structs.replace(plain, **changes)


def sound(index: int = 1, end_s: float = 60.0, **changes: Any) -> AudioTimeline:
    plain = AudioTimeline(
        index=index,
        sample_rate_hz=48_000,
        channels=2,
        start_samples=-1024,
        end_samples=int(end_s * 48_000),
        frame_samples=1024,
        average_bps=160_000,
        codecs="mp4a.40.2",
    )
    return msgspec.structs.replace(plain, **changes)


def timeline_of(video: VideoTimeline | None, *audio: AudioTimeline, duration_s: float = 60.0) -> Timeline:
    return Timeline(start_us=0, duration_s=duration_s, video=video, audio=audio)


TEXTS = (
    TextRendition(id="s3", language="en", name="English", is_default=True),
    TextRendition(id="s4", language="de", name='Deutsch "gehörlos"\n', is_for_hearing_impaired=True),
    TextRendition(id="s5", language="en", name="English", is_forced=True),
)


def film() -> Presentation:
    """A 1080p film with two languages, one of them 5.1, texts and picture subtitles."""
    return present(
        probe_of(
            picture_stream(),
            sound_stream(),
            sound_stream(2, channels=6, language="deu", title='Kino "5.1"', codec="ac3"),
            subtitle_stream(6, "hdmv_pgs_subtitle"),
        ),
        timeline_of(
            pictures(), sound(), sound(2, channels=6, codecs="ac-3", frame_samples=1536, start_samples=0)
        ),
        CONTENT,
        text=TEXTS,
        language_tag={"eng": "en", "deu": "de"}.get,
    )


def song() -> Presentation:
    """Sound alone."""
    return present(probe_of(sound_stream(), container="m4a"), timeline_of(None, sound()), CONTENT)


def silent_film() -> Presentation:
    """Pictures alone, at 24000/1001."""
    return present(
        probe_of(picture_stream(height=800)),
        timeline_of(pictures(end_s=61.3, frame_rate=(24000, 1001))),
        CONTENT,
    )
