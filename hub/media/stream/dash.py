"""The MPEG-DASH manifest over the same segments as the HLS playlists (ISO/IEC 23009-1, isoff-live profile, static)."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import groupby

from hub.media.stream.hls import INIT, address
from hub.media.stream.plan import SegmentPlan, plan_of
from hub.media.stream.presentation import Presentation, Selection
from hub.media.stream.types import EPOCH_S, AudioRendition, Rendition, TextRendition, VideoRendition

BASE = "../hls"
"""From the manifest's folder to the segments'."""
_CHANNELS = "urn:mpeg:mpegB:cicp:ChannelConfiguration"
_ROLE = "urn:mpeg:dash:role:2011"
_TEXT_BPS = 1000
_LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")
"""XML Schema's `language`."""


def manifest(
    presentation: Presentation,
    selection: Selection,
    *,
    token: str | None,
    text_uri: Callable[[TextRendition], str],
) -> str:
    """The MPD, served beside the folder `hls`. `text_uri` is where a text track is had as WebVTT with media
    times; it starts with a slash, as everything relative is taken from the segments' folder.

    One adaptation set for each codec of the pictures, for the copy, and for each stream, codec and number of channels
    of the sound.
    """
    renditions: tuple[Rendition, ...] = (*selection.video, *selection.audio)
    plans = {r.id: plan_of(presentation.timeline, r) for r in renditions}
    end_s = max(plan.end_s(plan.count - 1) for plan in plans.values())
    longest_s = max(
        Fraction(max(map(plan.duration, range(plan.count))), plan.clock_hz) for plan in plans.values()
    )
    base = html.escape(f"{BASE}/{presentation.content}/")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        _tag(
            "MPD",
            xmlns="urn:mpeg:dash:schema:mpd:2011",
            profiles="urn:mpeg:dash:profile:isoff-live:2011",
            type="static",
            mediaPresentationDuration=_duration(end_s),
            maxSegmentDuration=_duration(longest_s),
            minBufferTime="PT2S",
        ),
        f"<BaseURL>{base}</BaseURL>",
        '<Period id="0" start="PT0S">',
        *_video_sets(selection.video, plans, token),
        *_audio_sets(selection.audio, plans, token),
        *_text_sets(selection.text, text_uri),
        "</Period>",
        "</MPD>",
    ]
    return "\n".join(lines) + "\n"


def _video_sets(
    videos: tuple[VideoRendition, ...], plans: dict[str, SegmentPlan], token: str | None
) -> Iterator[str]:
    def kind(video: VideoRendition) -> tuple[str, bool, int]:
        return (video.codec, video.is_copy, -1 if video.burn is None else video.burn)

    for _, group in groupby(sorted(videos, key=kind), kind):
        members = list(group)
        # Only rungs of one frame rate have their borders at the very same times.
        is_aligned = len({video.frame_rate for video in members}) == 1
        yield _tag(
            "AdaptationSet", contentType="video", segmentAlignment=str(is_aligned).lower(), startWithSAP="1"
        )
        yield _role("main")
        for video in members:
            rate = Fraction(*video.frame_rate)
            yield _tag(
                "Representation",
                id=video.id,
                mimeType="video/mp4",
                codecs=video.codecs,
                bandwidth=str(video.peak_bps),
                width=str(video.width),
                height=str(video.height),
                frameRate=f"{rate.numerator}/{rate.denominator}" if rate.denominator > 1 else str(rate),
            )
            yield from _template(video, plans[video.id], token)
            yield "</Representation>"
        yield "</AdaptationSet>"


def _audio_sets(
    tracks: tuple[AudioRendition, ...], plans: dict[str, SegmentPlan], token: str | None
) -> Iterator[str]:
    default = next((track.index for track in tracks if track.is_default), tracks[0].index if tracks else None)
    for track in tracks:
        yield _tag(
            "AdaptationSet",
            contentType="audio",
            lang=_language(track.language),
            segmentAlignment="true",
            startWithSAP="1",
        )
        yield f"<Label>{_safe(track.name)}</Label>"
        yield _role("main" if track.index == default else "alternate")
        yield _tag(
            "Representation",
            id=track.id,
            mimeType="audio/mp4",
            codecs=track.codecs,
            bandwidth=str(track.peak_bps),
            audioSamplingRate=str(track.sample_rate_hz),
        )
        if (layout := _layout(track.channels)) is not None:
            yield f'<AudioChannelConfiguration schemeIdUri="{_CHANNELS}" value="{layout}"/>'
        yield from _template(track, plans[track.id], token)
        yield "</Representation>"
        yield "</AdaptationSet>"


def _text_sets(tracks: tuple[TextRendition, ...], text_uri: Callable[[TextRendition], str]) -> Iterator[str]:
    for track in tracks:
        yield _tag("AdaptationSet", contentType="text", mimeType="text/vtt", lang=_language(track.language))
        yield f"<Label>{_safe(track.name)}</Label>"
        yield _role(
            "forced-subtitle"
            if track.is_forced
            else "caption"
            if track.is_for_hearing_impaired
            else "subtitle"
        )
        if track.is_default:
            yield _role("main")
        yield _tag("Representation", id=track.id, bandwidth=str(_TEXT_BPS))
        yield f"<BaseURL>{_safe(text_uri(track))}</BaseURL>"
        yield "</Representation>"
        yield "</AdaptationSet>"


def _template(rendition: Rendition, plan: SegmentPlan, token: str | None) -> Iterator[str]:
    """ISO/IEC 23009-1 §5.3.9.4 and .6: segment k is number k; the period begins at media time 0."""
    folder = address(f"{rendition.id}/", None)
    yield _tag(
        "SegmentTemplate",
        timescale=str(plan.clock_hz),
        presentationTimeOffset=str(EPOCH_S * plan.clock_hz),
        startNumber="0",
        initialization=folder + _template_text(address(INIT, token)),
        # The identifier is put in by the player; everything else of the name is fixed.
        media=f"{folder}$Number$.m4s" + _template_text(address("", token)),
    )
    yield "<SegmentTimeline>"
    start: int | None = plan.start(0)
    for duration, run in groupby(plan.duration(k) for k in range(plan.count)):
        repeat = sum(1 for _ in run) - 1
        yield _tag(
            "S",
            "/",
            t=None if start is None else str(start),
            d=str(duration),
            r=str(repeat) if repeat else None,
        )
        start = None
    yield "</SegmentTimeline>"
    yield "</SegmentTemplate>"


def _template_text(text: str) -> str:
    """§5.3.9.4.4: a dollar sign that begins no identifier is doubled."""
    return text.replace("$", "$$")


def _layout(channels: int) -> int | None:
    """ChannelConfiguration of ISO/IEC 23091-3 for the usual layout of so many channels."""
    return channels if 1 <= channels <= 6 else {7: 11, 8: 12}.get(channels)


def _role(value: str) -> str:
    return f'<Role schemeIdUri="{_ROLE}" value="{value}"/>'


def _language(language: str | None) -> str | None:
    return language if language and language != "und" and _LANGUAGE.fullmatch(language) else None


def _duration(seconds: Fraction) -> str:
    """XML Schema's duration, to the microsecond, not below the truth by more than half of one."""
    return f"PT{float(seconds):.6f}S"


def _tag(name: str, end: str = "", **attributes: str | None) -> str:
    pairs = (f' {key}="{_safe(value)}"' for key, value in attributes.items() if value is not None)
    return f"<{name}{''.join(pairs)}{end}>"


def _safe(text: str) -> str:
    """Text for XML 1.0, in which most control characters and lone surrogates have no place at all."""
    return html.escape("".join(char if char.isprintable() else " " for char in text).strip())
