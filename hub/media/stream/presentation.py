"""Which renditions a file has, what each is called and where its segments begin and end."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from fractions import Fraction

import msgspec

from hub.errors import InvalidInput
from hub.media.ladder import VIDEO_CODECS, audio_rates, ladder
from hub.media.stream.plan import (
    ENCODED_SAMPLE_RATE_HZ,
    CopyPlan,
    SegmentPlan,
    copy_plan,
    plan_of,
)
from hub.media.stream.types import (
    CLOCK_HZ,
    RECIPE,
    AudioRendition,
    AudioTimeline,
    Rendition,
    TextRendition,
    Timeline,
    VideoRendition,
    VideoTimeline,
)
from hub.media.types import Probe, Stream

PICTURE_SUBTITLES = frozenset({"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub"})
"""FFmpeg's names of the subtitle codecs that are pictures: they can only be drawn into the video."""
LONGEST_COPY_S = 30.0
"""Key frames further apart than this make segments nobody can seek in."""
_AUDIO_LEAD_S = (-0.5, 0.04)
"""Audio that begins further from media time 0 is encoded: some players put the first segment at 0 whatever it says."""
_BURNT = re.compile(r"(?P<plain>.+)-s(?P<index>[0-9]{1,4})")
_RANGES = {"smpte2084": "PQ", "arib-std-b67": "HLG"}


class Selection(msgspec.Struct, frozen=True):
    """The renditions one manifest offers."""

    video: tuple[VideoRendition, ...]
    audio: tuple[AudioRendition, ...]
    text: tuple[TextRendition, ...]


class Presentation(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it can be streamed."""

    content: str
    """See `content_id`: the folder of its segments, in addresses and on disk."""
    timeline: Timeline
    video: tuple[VideoRendition, ...]
    """The copy, if it can be copied, and the ladder in each codec, largest first; without those burnt into."""
    audio: tuple[AudioRendition, ...]
    text: tuple[TextRendition, ...]
    pictures: tuple[int, ...] = ()
    """Indices of the subtitle streams that are pictures and can be drawn into the video."""
    copy_problem: str | None = None
    """Why the pictures cannot be copied, in words; None when they can or there are none."""
    copy_range: str = "SDR"
    """Dynamic range of the copied pictures as HLS calls it: SDR, HLG or PQ."""

    def find(self, rendition_id: str) -> Rendition | TextRendition | None:
        """The rendition called so, also one with burnt subtitles; None when the file has none."""
        renditions: tuple[Rendition | TextRendition, ...] = (*self.video, *self.audio, *self.text)
        for rendition in renditions:
            if rendition.id == rendition_id:
                return rendition
        if burnt := _BURNT.fullmatch(rendition_id):
            plain, index = self.find(burnt["plain"]), int(burnt["index"])
            if (
                isinstance(plain, VideoRendition)
                and not plain.is_copy
                and plain.burn is None
                and index in self.pictures
                and f"{plain.id}-s{index}" == rendition_id
            ):
                return msgspec.structs.replace(plain, id=rendition_id, burn=index)
        return None

    def plan(self, rendition_id: str) -> SegmentPlan | None:
        """Where the segments of a rendition lie; None for texts and what the file does not have."""
        found = self.find(rendition_id)
        return None if found is None or isinstance(found, TextRendition) else plan_of(self.timeline, found)

    def select(self, ids: str | None) -> Selection:
        """What the `r` parameter names: identifiers separated by commas; without one what a plain player needs.

        InvalidInput for an unknown identifier, and when nothing that plays is named.
        """
        names = [name.strip() for name in (ids or "").split(",") if name.strip()]
        if not names:
            return self.default()
        found = []
        for name in dict.fromkeys(names):
            rendition = self.find(name)
            if rendition is None:
                raise InvalidInput(f"r: this file has no rendition called {name[:60]!r}.", field="r")
            found.append(rendition)
        selection = Selection(
            tuple(r for r in found if isinstance(r, VideoRendition)),
            tuple(r for r in found if isinstance(r, AudioRendition)),
            tuple(r for r in found if isinstance(r, TextRendition)),
        )
        if not selection.video and not selection.audio:
            raise InvalidInput("r names texts only; name a video or an audio rendition too.", field="r")
        return selection

    def default(self) -> Selection:
        """H.264 and stereo AAC, which everything plays: encoded rungs, every audio stream, all texts."""
        return Selection(
            tuple(r for r in self.video if r.codec == "h264" and not r.is_copy),
            tuple(r for r in self.audio if r.id == f"a{r.index}-aac2"),
            self.text,
        )


def content_id(fingerprint: str, size_bytes: int) -> str:
    """20 hex digits that name what is streamed: the bytes of the file and the way segments are made of them."""
    key = f"{fingerprint} {size_bytes} {RECIPE}".encode()
    return hashlib.blake2b(key, digest_size=10).hexdigest()


def picture_subtitles(probe: Probe) -> tuple[int, ...]:
    """Indices of the subtitle streams that are pictures: they can only be shown by drawing them into the video."""
    return tuple(
        stream.index
        for stream in probe.streams
        if stream.kind == "subtitle" and stream.codec in PICTURE_SUBTITLES
    )


def present(
    probe: Probe,
    timeline: Timeline,
    content: str,
    *,
    text: tuple[TextRendition, ...] = (),
    complexity: float = 1.0,
    language_tag: Callable[[str], str | None] = lambda language: language,
) -> Presentation:
    """All renditions of a file.

    `complexity` must stay the same for a `content`: levels and bit rates follow it, and with them the segments.
    `language_tag` turns a stream's language into BCP 47.
    """
    streams = {stream.index: stream for stream in probe.streams}
    video, problem = _video(probe, timeline.video, streams, complexity)
    return Presentation(
        content=content,
        timeline=timeline,
        video=video,
        audio=_audio(probe, timeline, streams, language_tag),
        text=text,
        pictures=picture_subtitles(probe) if video else (),
        copy_problem=problem,
        copy_range=_range_of(streams, timeline.video),
    )


def _video(
    probe: Probe, video: VideoTimeline | None, streams: dict[int, Stream], complexity: float
) -> tuple[tuple[VideoRendition, ...], str | None]:
    if video is None or not probe.width or not probe.height:
        return (), None
    rungs = tuple(
        rung
        for codec in VIDEO_CODECS
        for rung in ladder(
            probe.width,
            probe.height,
            video.rate,
            codec=codec,
            complexity=complexity,
            is_variable=video.is_variable,
        )
    )
    problem = _copy_problem(video)
    if problem is not None:
        return rungs, problem
    return (_copy(probe, video, streams, copy_plan(video)), *rungs), None


def _copy_problem(video: VideoTimeline) -> str | None:
    if video.copy_problem or not video.codecs or not video.keys or video.keys[0] >= video.end_ticks:
        return video.copy_problem or "The pictures cannot be cut without decoding them."
    if copy_plan(video).longest_s > LONGEST_COPY_S:
        return f"Key frames are more than {LONGEST_COPY_S:.0f} seconds apart."
    return None


def _copy(probe: Probe, video: VideoTimeline, streams: dict[int, Stream], plan: CopyPlan) -> VideoRendition:
    assert video.codecs
    assert probe.width
    assert probe.height
    stream = streams.get(video.index)
    average = (stream and stream.bitrate_bps) or probe.bitrate_bps or 5_000_000
    peak = 2 * average
    if plan.sizes_bytes:
        seconds = Fraction(plan.borders[-1] - plan.borders[0], CLOCK_HZ)
        average = _with_overhead(Fraction(sum(plan.sizes_bytes) * 8) / seconds)
        peak = max(average, _peak_bps(plan))
    return VideoRendition(
        id="v-copy",
        codec=stream.codec if stream else "unknown",
        is_copy=True,
        width=probe.width,
        height=probe.height,
        frame_rate=video.frame_rate,
        codecs=video.codecs,
        peak_bps=peak,
        average_bps=average,
    )


def _peak_bps(plan: CopyPlan) -> int:
    """Of the segments that last at least a second: what is shorter says nothing about a rate (RFC 8216 §4.1)."""
    rates = [
        Fraction(size * 8 * CLOCK_HZ, max(plan.duration(k), CLOCK_HZ))
        for k, size in enumerate(plan.sizes_bytes)
    ]
    return _with_overhead(max(rates))


def _with_overhead(bps: Fraction) -> int:
    return int(bps * Fraction(102, 100)) + 10_000  # boxes of the fragments


def _audio(
    probe: Probe, timeline: Timeline, streams: dict[int, Stream], language_tag: Callable[[str], str | None]
) -> tuple[AudioRendition, ...]:
    default = probe.audio.index if probe.audio else None
    found: list[AudioRendition] = []
    for number, track in enumerate(timeline.audio, start=1):
        stream = streams.get(track.index)
        language = language_tag(stream.language) if stream and stream.language else None
        plain = AudioRendition(
            id=f"a{track.index}-aac2",
            index=track.index,
            codec="aac",
            is_copy=False,
            channels=2,
            sample_rate_hz=ENCODED_SAMPLE_RATE_HZ,
            codecs="mp4a.40.2",
            peak_bps=0,
            average_bps=0,
            language=language,
            name=(stream and stream.title) or f"Audio {number}",
            is_default=track.index == default,
        )
        if (copy := _audio_copy(plain, track, stream)) is not None:
            found.append(copy)
        found.extend(
            _encoded_audio(plain, codec, codecs, channels)
            for codec, codecs, channels in (
                ("aac", "mp4a.40.2", 2),
                ("aac", "mp4a.40.2", 6),
                ("opus", "opus", 2),
            )
            if channels == 2 or track.channels >= channels
        )
    return tuple(found)


def _encoded_audio(plain: AudioRendition, codec: str, codecs: str, channels: int) -> AudioRendition:
    peak, average = audio_rates(codec, channels)
    return msgspec.structs.replace(
        plain,
        id=f"a{plain.index}-{codec}{channels}",
        codec=codec,
        codecs=codecs,
        channels=channels,
        peak_bps=peak,
        average_bps=average,
    )


def _audio_copy(plain: AudioRendition, track: AudioTimeline, stream: Stream | None) -> AudioRendition | None:
    earliest, latest = _AUDIO_LEAD_S
    if (
        track.copy_problem
        or not track.codecs
        or not track.frame_samples
        or not earliest <= track.start_samples / track.sample_rate_hz <= latest
    ):
        return None
    average = track.average_bps or (stream and stream.bitrate_bps) or 192_000
    return msgspec.structs.replace(
        plain,
        id=f"a{track.index}-copy",
        codec=stream.codec if stream else "unknown",
        is_copy=True,
        codecs=track.codecs,
        channels=track.channels,
        sample_rate_hz=track.sample_rate_hz,
        # Frame headers, and the passages that need more than the average.
        peak_bps=average * 3 // 2 + 10_000,
        average_bps=average + 10_000,
    )


def _range_of(streams: dict[int, Stream], video: VideoTimeline | None) -> str:
    stream = streams.get(video.index) if video is not None else None
    return _RANGES.get((stream and stream.color_transfer) or "", "SDR")
