"""HTTP Live Streaming playlists (RFC 8216 and draft-pantos-hls-rfc8216bis), as text.

The master playlist stands at `…/hls/master.m3u8`, everything else beneath `…/hls/<content>/<rendition>/`: addresses are
relative, the token stands in the query of each. Playlist time is media time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple
from urllib.parse import quote, urlencode

from hub.media.stream.plan import SegmentPlan
from hub.media.stream.presentation import Presentation, Selection
from hub.media.stream.types import EPOCH_S, AudioRendition, TextRendition, VideoRendition

VERSION = 7
"""EXT-X-MAP needs 6 (RFC 8216 §7); fragmented MP4 came with 7."""
TEXT_GROUP = "text"
PLAYLIST, KEY_PLAYLIST, INIT = "index.m3u8", "keys.m3u8", "init.mp4"
_DIGITS = 6


class _AudioGroup(NamedTuple):
    """Audio renditions a player may choose from without another set of codecs."""

    id: str
    tracks: tuple[AudioRendition, ...]

    @property
    def codecs(self) -> list[str]:
        return [track.codecs for track in self.tracks]

    @property
    def peak_bps(self) -> int:
        return max(track.peak_bps for track in self.tracks)

    @property
    def average_bps(self) -> int:
        return max(track.average_bps for track in self.tracks)


def address(path: str, token: str | None) -> str:
    """`path` with the token in its query."""
    return quote(path, safe="/.") + (f"?{urlencode({'token': token})}" if token else "")


def segment_name(k: int) -> str:
    """File name of segment `k`."""
    return f"{k}.m4s"


def key_name(k: int) -> str:
    """File name of the resource that holds nothing but the first picture of segment `k`."""
    return f"{k}.key.m4s"


def master_playlist(
    presentation: Presentation, selection: Selection, *, token: str | None, key_frames: bool
) -> str:
    """The multivariant playlist: each video rendition with each group of audio renditions.

    `key_frames`: whether the resources of `key_frame_playlist` are served; the smallest pictures get one.
    """
    groups = _audio_groups(selection.audio)
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if selection.video or len(selection.audio) > len(groups):
        lines += [line for group in groups for line in _audio_media(presentation.content, group, token)]
    lines += _text_media(presentation.content, selection.text, token)
    if selection.video:
        combined: tuple[_AudioGroup | None, ...] = tuple(groups) or (None,)
        for choice in combined:
            for video in selection.video:
                lines += _video_variant(
                    presentation, video, choice, has_text=bool(selection.text), token=token
                )
    else:
        for group in groups:
            lines += _audio_variant(presentation, group, selection, token=token)
    if key_frames and selection.video:
        lines.append(_key_variant(presentation, selection.video, token))
    return _text(lines)


def media_playlist(plan: SegmentPlan, *, token: str | None) -> str:
    """The media playlist of a video or audio rendition: complete from the first request on."""
    return _listed(plan, [], segment_name, token)


def key_frame_playlist(plan: SegmentPlan, *, token: str | None) -> str:
    """The I-frame playlist of a video rendition: the first picture of each segment, for leaping and scrubbing."""
    return _listed(plan, ["#EXT-X-I-FRAMES-ONLY"], key_name, token)


def text_playlist(duration_s: float, uri: str) -> str:
    """The media playlist of a text track that is one WebVTT file at `uri`, as long as the film."""
    duration_s = max(duration_s, 0.001)
    return _text(
        [
            *_head(math.floor(duration_s + 0.5)),
            f"#EXTINF:{duration_s:.{_DIGITS}f},",
            uri,
            "#EXT-X-ENDLIST",
        ]
    )


def durations_s(plan: SegmentPlan) -> list[Fraction]:
    """Durations as a playlist gives them, in whole microseconds: their sums are the segments' media times.

    The first one reckons from media time 0, wherever its track begins, so that the playlists of all renditions agree.
    """
    unit = 10**_DIGITS
    hz, zero = plan.clock_hz, EPOCH_S * plan.clock_hz
    borders = [(2 * (plan.end(k) - zero) * unit + hz) // (2 * hz) for k in range(plan.count)]
    first = 0 if borders[0] > 0 else borders[0] - plan.duration(0) * unit // plan.clock_hz
    return [Fraction(end - start, unit) for start, end in zip([first, *borders], borders, strict=False)]


def _listed(plan: SegmentPlan, extra: list[str], name: Callable[[int], str], token: str | None) -> str:
    durations = durations_s(plan)
    lines = _head(max(math.floor(duration + Fraction(1, 2)) for duration in durations))
    lines += [*extra, f'#EXT-X-MAP:URI="{address(INIT, token)}"']
    for k, duration in enumerate(durations):
        micros = int(duration * 10**_DIGITS)
        lines += [
            f"#EXTINF:{micros // 10**_DIGITS}.{micros % 10**_DIGITS:0{_DIGITS}d},",
            address(name(k), token),
        ]
    return _text([*lines, "#EXT-X-ENDLIST"])


def _head(target_s: int) -> list[str]:
    return [
        "#EXTM3U",
        f"#EXT-X-VERSION:{VERSION}",
        f"#EXT-X-TARGETDURATION:{max(target_s, 1)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]


def _audio_groups(tracks: tuple[AudioRendition, ...]) -> list[_AudioGroup]:
    """Renditions of the same codec belong together, in the order they come.

    Where a stream comes in stereo and in surround, there is a group for each; a stream in stereo alone is in both,
    so that no language is lost by choosing surround.
    """
    by_codec: dict[str, list[AudioRendition]] = {}
    for track in tracks:
        by_codec.setdefault(track.codecs, []).append(track)
    found = []
    for codecs, group in by_codec.items():
        surround = {track.index for track in group if track.channels > 2}
        stereo = {track.index for track in group if track.channels <= 2}
        if surround & stereo:
            narrow = (track for track in group if track.channels <= 2 or track.index not in stereo)
            wide = (track for track in group if track.channels > 2 or track.index not in surround)
            found += [
                _AudioGroup(f"{codecs}-stereo", tuple(narrow)),
                _AudioGroup(f"{codecs}-surround", tuple(wide)),
            ]
        else:
            found.append(_AudioGroup(codecs, tuple(group)))
    return found


def _audio_media(content: str, group: _AudioGroup, token: str | None) -> Iterator[str]:
    default = next((track for track in group.tracks if track.is_default), group.tracks[0])
    for track, name in zip(group.tracks, _distinct(track.name for track in group.tracks), strict=True):
        yield _tag(
            "EXT-X-MEDIA",
            TYPE="AUDIO",
            GROUP_ID=_quoted(group.id),
            LANGUAGE=_language(track.language),
            NAME=_quoted(name),
            DEFAULT="YES" if track is default else "NO",
            AUTOSELECT="YES",
            CHANNELS=_quoted(str(track.channels)),
            URI=_quoted(address(f"{content}/{track.id}/{PLAYLIST}", token)),
        )


def _text_media(content: str, tracks: tuple[TextRendition, ...], token: str | None) -> Iterator[str]:
    default = next((track for track in tracks if track.is_default and not track.is_forced), None)
    for track, name in zip(tracks, _distinct(track.name for track in tracks), strict=True):
        yield _tag(
            "EXT-X-MEDIA",
            TYPE="SUBTITLES",
            GROUP_ID=_quoted(TEXT_GROUP),
            LANGUAGE=_language(track.language),
            NAME=_quoted(name),
            DEFAULT="YES" if track is default else "NO",
            AUTOSELECT="YES",
            FORCED="YES" if track.is_forced else "NO",
            CHARACTERISTICS=_quoted(
                "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"
            )
            if track.is_for_hearing_impaired
            else None,
            URI=_quoted(address(f"{content}/{track.id}/{PLAYLIST}", token)),
        )


def _video_variant(
    presentation: Presentation,
    video: VideoRendition,
    group: _AudioGroup | None,
    *,
    has_text: bool,
    token: str | None,
) -> Iterator[str]:
    yield _tag(
        "EXT-X-STREAM-INF",
        BANDWIDTH=str(video.peak_bps + (group.peak_bps if group else 0)),
        AVERAGE_BANDWIDTH=str(video.average_bps + (group.average_bps if group else 0)),
        CODECS=_codecs([video.codecs, *(group.codecs if group else [])]),
        RESOLUTION=f"{video.width}x{video.height}",
        FRAME_RATE=f"{float(Fraction(*video.frame_rate)):.3f}",
        VIDEO_RANGE=_range(presentation, video),
        AUDIO=_quoted(group.id) if group else None,
        SUBTITLES=_quoted(TEXT_GROUP) if has_text else None,
        CLOSED_CAPTIONS="NONE",
    )
    yield address(f"{presentation.content}/{video.id}/{PLAYLIST}", token)


def _audio_variant(
    presentation: Presentation, group: _AudioGroup, selection: Selection, *, token: str | None
) -> Iterator[str]:
    """A file without pictures: the variant is the audio itself; a group only where there is a choice."""
    track = next((track for track in group.tracks if track.is_default), group.tracks[0])
    has_choice = len(selection.audio) > len(_audio_groups(selection.audio))
    yield _tag(
        "EXT-X-STREAM-INF",
        BANDWIDTH=str(group.peak_bps),
        AVERAGE_BANDWIDTH=str(group.average_bps),
        CODECS=_codecs(group.codecs),
        AUDIO=_quoted(group.id) if has_choice else None,
        SUBTITLES=_quoted(TEXT_GROUP) if selection.text else None,
        CLOSED_CAPTIONS="NONE",
    )
    yield address(f"{presentation.content}/{track.id}/{PLAYLIST}", token)


def _key_variant(presentation: Presentation, videos: tuple[VideoRendition, ...], token: str | None) -> str:
    video = min(videos, key=lambda rendition: rendition.width * rendition.height)
    return _tag(
        "EXT-X-I-FRAME-STREAM-INF",
        # A segment's first picture is part of the segment, so the segment's rate bounds it.
        BANDWIDTH=str(video.peak_bps),
        CODECS=_codecs([video.codecs]),
        RESOLUTION=f"{video.width}x{video.height}",
        VIDEO_RANGE=_range(presentation, video),
        URI=_quoted(address(f"{presentation.content}/{video.id}/{KEY_PLAYLIST}", token)),
    )


def _range(presentation: Presentation, video: VideoRendition) -> str:
    return presentation.copy_range if video.is_copy else "SDR"


def _codecs(names: list[str]) -> str:
    return _quoted(",".join(dict.fromkeys(names)))


def _language(language: str | None) -> str | None:
    return _quoted(language) if language and language != "und" else None


def _distinct(names: Iterable[str]) -> list[str]:
    """RFC 8216 §4.3.4.1.1: the members of a group have different names."""
    found: list[str] = []
    for name in names:
        plain = _safe(name) or "Track"
        number, candidate = 1, plain
        while candidate in found:
            number += 1
            candidate = f"{plain} {number}"
        found.append(candidate)
    return found


def _tag(name: str, **attributes: str | None) -> str:
    pairs = (f"{key.replace('_', '-')}={value}" for key, value in attributes.items() if value is not None)
    return f"#{name}:{','.join(pairs)}"


def _quoted(text: str) -> str:
    return f'"{_safe(text)}"'


def _safe(text: str) -> str:
    """RFC 8216 §4.2: a quoted string holds no quotation mark and no line break, and there is no way to escape one."""
    text = text.replace('"', "\N{RIGHT DOUBLE QUOTATION MARK}")
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
