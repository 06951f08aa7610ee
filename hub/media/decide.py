"""Which way a play goes: the file as it is, its streams copied into segments, or encoded anew; with reasons in words.

Pure: from what the file is, what the client can, what is allowed, and what the machine has left.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import msgspec

from hub.media.caps import Capabilities, spoken
from hub.media.ladder import VIDEO_CODECS, ladder
from hub.media.stream.presentation import Presentation
from hub.media.stream.types import AudioRendition, VideoRendition
from hub.media.types import Probe, Stream

Mode = Literal["direct", "remux", "transcode"]
Way = Literal["copy", "encode"]

SEGMENT_VIDEO = frozenset({"h264", "hevc", "av1", "vp9"})
SEGMENT_AUDIO = frozenset({"aac", "ac3", "eac3", "opus", "flac"})
"""What players take in fragmented MP4 once they decode it at all; MP3 is not among it on Apple's devices."""
_ENCODED_AUDIO = {"aac": "mp4a.40.2", "opus": "opus"}
_PLAIN_FORMATS = ("yuv420p", "yuvj420p", "nv12", "yuv420p10", "p010")


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """What the person watching and the administrator want."""

    remux: bool = True
    transcode: bool = True
    max_height: int | None = None
    """Most lines, by the short side."""
    max_bps: int | None = None
    video_codec: str = "h264"
    """What pictures are encoded to where the client decodes it."""
    burn: int | None = None
    """The subtitle stream that is to be drawn into the picture."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """How a file is played. `video` and `audio` say what becomes of each in segments, also where mode is direct."""

    mode: Mode
    reasons: tuple[str, ...] = ()
    """Sentences for a person; none when nothing stands in the way."""
    video: Way | None = None
    audio: Way | None = None
    """Of the default stream; None where there is none."""
    video_codec: str = "h264"
    audio_codec: str = "aac"
    """What is encoded to."""
    other_audio_codec: str | None = None
    """What a stream is encoded to that cannot be had in the first one; None when the client decodes no other."""
    ladder: bool = True
    """Whether pictures may be encoded at all."""
    max_height: int | None = None
    """Rungs above are not offered."""
    max_bps: int | None = None
    burn: int | None = None
    surround: bool = False
    is_busy: bool = False
    """The machine has nothing left for even the smallest rung; of pictures that must be encoded it alone is offered."""


def decide(
    probe: Probe,
    capabilities: Capabilities,
    allowed: Allowed | None = None,
    headroom_pixels_s: float | None = None,
) -> Decision:
    """Which way a play goes.

    `headroom_pixels_s`: how many pixels a second the machine can encode beside what it does; None: unknown, enough.
    """
    return _Case(probe, capabilities, allowed or Allowed(), headroom_pixels_s).decision()


def offered(decision: Decision, presentation: Presentation) -> tuple[str, ...]:
    """Identifiers of the renditions that this client gets, the best first: the `r` of its manifests.

    Empty when the pictures can neither be copied nor may be encoded: then there is only the file as it is.
    """
    video = _offered_video(decision, presentation)
    if decision.video is not None and not video:
        return ()
    audio = _offered_audio(decision, presentation)
    return (*(r.id for r in video), *(r.id for r in audio), *(t.id for t in presentation.text))


class _Case:
    """One question: what stands in the way of the pictures, the sound and the container."""

    def __init__(
        self, probe: Probe, caps: Capabilities, allowed: Allowed, headroom_pixels_s: float | None
    ) -> None:
        self.probe, self.caps, self.allowed, self.headroom = probe, caps, allowed, headroom_pixels_s
        self.player = "this browser" if caps.is_browser else "this player"
        video, audio = probe.video, probe.audio
        self.undecodable = self._video_problem(video) if video else None
        self.too_much = None if self.undecodable or not video else self._wish_problem(video)
        self.deaf = self._audio_problem(audio) if audio else None
        self.unopened = self._container_problem()
        self.video_codec = self._first_decoded((allowed.video_codec, *VIDEO_CODECS), "h264")
        self.audio_codec = self._first_decoded(("aac", "opus"), "aac")
        others = (codec for codec in _ENCODED_AUDIO if codec != self.audio_codec)
        self.other_audio_codec = next((codec for codec in others if caps.decodes(codec)), None)

    def decision(self) -> Decision:
        causes = [c for c in (self.unopened, self.undecodable, self.too_much, self.deaf) if c]
        way = self._segments()
        if not causes:
            return msgspec.structs.replace(way, mode="direct")
        refusal = self._refusal(way)
        if refusal is not None:
            reasons = (*_sentences(causes), f"{refusal} The file is sent as it is all the same.")
            return msgspec.structs.replace(way, mode="direct", reasons=reasons)
        causes[-1] += f"; {_outcome(way)}"
        reasons = tuple(_sentences(causes))
        if way.is_busy and way.video == "encode":
            reasons += (
                "This machine is busy with other conversions: only the smallest pictures are offered.",
            )
        elif way.video == "encode" and way.max_height is not None and self.headroom is not None:
            reasons += self._busy_reason(way.max_height)
        return msgspec.structs.replace(way, reasons=reasons)

    def _segments(self) -> Decision:
        """What becomes of pictures and sound in segments, whatever the mode."""
        video: Way | None = None
        if self.probe.video:
            is_kept = not (self.undecodable or self.too_much) and self.probe.video.codec in SEGMENT_VIDEO
            video = "copy" if is_kept else "encode"
        audio: Way | None = None
        if self.probe.audio:
            is_kept = not self.deaf and self.probe.audio.codec in SEGMENT_AUDIO
            audio = "copy" if is_kept else "encode"
        most, is_enough = self._heights()
        return Decision(
            mode="transcode" if "encode" in (video, audio) else "remux",
            video=video,
            audio=audio,
            video_codec=self.video_codec,
            audio_codec=self.audio_codec,
            other_audio_codec=self.other_audio_codec,
            ladder=self.allowed.transcode,
            max_height=most,
            max_bps=self.allowed.max_bps,
            burn=self.allowed.burn if video else None,
            surround=self.caps.surround,
            is_busy=not is_enough,
        )

    def _heights(self) -> tuple[int | None, bool]:
        """(most lines, whether the machine can encode that): by wish, by the client's screen, by what is left."""
        limits = [h for h in (self.caps.max_height, self.allowed.max_height) if h]
        most = min(limits, default=None)
        if self.headroom is None or not self.probe.video or not self.probe.width or not self.probe.height:
            return most, True
        rate = Fraction(self.probe.video.frame_rate or 30).limit_denominator(1001)
        rungs = ladder(self.probe.width, self.probe.height, rate or Fraction(30))
        wanted = [r for r in rungs if most is None or _short(r) <= most] or [rungs[-1]]
        fitting = [r for r in wanted if r.width * r.height * Fraction(*r.frame_rate) <= self.headroom]
        if not fitting:
            return _short(wanted[-1]), False
        return (most if fitting[0] is wanted[0] else _short(fitting[0])), True

    def _busy_reason(self, most: int) -> tuple[str, ...]:
        limits = [h for h in (self.caps.max_height, self.allowed.max_height) if h]
        if most in limits:
            return ()
        return (f"This machine is busy with other conversions: pictures have at most {most} lines.",)

    def _refusal(self, way: Decision) -> str | None:
        """Why no segments are offered though the file does not fit, if so."""
        if not self.caps.streams:
            return "This player takes whole files only."
        if way.mode == "transcode" and not self.allowed.transcode:
            return "Converting is switched off."
        if way.mode == "remux" and not self.allowed.remux:
            return "Repacking is switched off."
        if way.video == "encode" and not self.caps.decodes(self.video_codec):
            return "This player decodes none of the formats that video is converted to."
        if (
            way.is_busy
            and way.video == "encode"
            and not self.undecodable
            and not self.unopened
            and not self.deaf
        ):
            return "This machine is too busy to convert it."
        return None

    def _first_decoded(self, codecs: tuple[str, ...], otherwise: str) -> str:
        return next((codec for codec in codecs if self.caps.decodes(codec)), otherwise)

    def _container_problem(self) -> str | None:
        if self.probe.container in self.caps.names:
            return None
        return f"{spoken(self.probe.container)} file: {self.player} does not open it"

    def _video_problem(self, stream: Stream) -> str | None:
        name = spoken(stream.codec)
        if not self.caps.decodes(stream.codec):
            depth = f" {stream.bit_depth}-bit" if (stream.bit_depth or 8) > 8 else ""
            return f"{name}{depth}: {self.player} cannot decode it"
        if not self.caps.decodes(stream.codec, stream.bit_depth):
            return f"{name} {stream.bit_depth}-bit: {self.player} cannot decode it"
        if stream.pixel_format and not stream.pixel_format.startswith(_PLAIN_FORMATS):
            return f"{name} with {_sampling(stream.pixel_format)} colour: {self.player} cannot decode it"
        if stream.is_hdr and not self.caps.hdr:
            return f"High dynamic range: {self.player} would show it grey"
        if stream.interlaced and not self.caps.deinterlaces:
            return f"Interlaced picture: {self.player} would show combs"
        return None

    def _wish_problem(self, stream: Stream) -> str | None:
        """What is in the way though the client could decode it."""
        if self.allowed.burn is not None:
            return "Subtitles are to be drawn into the picture"
        short = min(self.probe.width or 0, self.probe.height or 0)
        for most, whose in (
            (self.caps.max_height, f"{self.player} takes"),
            (self.allowed.max_height, "the settings allow"),
        ):
            if most and short > most:
                return f"{short} lines: {whose} at most {most}"
        rate = self.probe.bitrate_bps or stream.bitrate_bps or 0
        if self.allowed.max_bps and rate > self.allowed.max_bps:
            return f"{rate / 1e6:.1f} Mbit/s: the settings allow at most {self.allowed.max_bps / 1e6:.1f}"
        return None

    def _audio_problem(self, stream: Stream) -> str | None:
        if self.caps.decodes(stream.codec):
            return None
        channels = " 5.1" if stream.channels == 6 else ""
        return f"{spoken(stream.codec)}{channels}: {self.player} cannot decode it"


def _sentences(causes: list[str]) -> list[str]:
    return [f"{cause}." for cause in causes]


def _outcome(way: Decision) -> str:
    parts = []
    for what, how in (("video", way.video), ("audio", way.audio)):
        if how is not None:
            parts.append((what, "copied" if how == "copy" else "converted"))
    if len(parts) == 2 and parts[0][1] == parts[1][1]:
        return f"video and audio are {parts[0][1]}"
    first, *rest = parts
    return ", ".join([f"{first[0]} is {first[1]}", *(f"{what} {how}" for what, how in rest)])


def _sampling(pixel_format: str) -> str:
    for digits in ("444", "422", "440", "411", "410"):
        if digits in pixel_format:
            return ":".join(digits)
    return pixel_format


def _short(rendition: VideoRendition) -> int:
    return min(rendition.width, rendition.height)


def _offered_video(decision: Decision, presentation: Presentation) -> list[VideoRendition]:
    if decision.video is None:
        return []
    copies = [r for r in presentation.video if r.is_copy and decision.video == "copy"]
    rungs = [r for r in presentation.video if not r.is_copy and r.codec == decision.video_codec]
    if copies:
        # What is smaller helps a slow connection; what is as large would only be worse than the copy.
        rungs = [r for r in rungs if _short(r) < _short(copies[0])]
        rungs = rungs if decision.ladder and not decision.is_busy else []
    elif not decision.ladder:
        return []
    limited = [
        r
        for r in rungs
        if (decision.max_height is None or _short(r) <= decision.max_height)
        and (decision.max_bps is None or r.peak_bps <= decision.max_bps)
    ]
    if not copies:
        limited = limited or rungs[-1:]
        limited = limited[-1:] if decision.is_busy else limited
    burn = decision.burn if decision.burn in presentation.pictures else None
    if burn is not None:
        limited = [msgspec.structs.replace(r, id=f"{r.id}-s{burn}", burn=burn) for r in limited]
    return [*copies, *limited]


def _offered_audio(decision: Decision, presentation: Presentation) -> list[AudioRendition]:
    """Renditions of every stream in the same codec, so that each language can be had beside each video.

    A stream whose form in that codec is known to fail comes in the other one, or not at all.
    """
    if decision.audio is None:
        return []
    streams: dict[int, dict[str, AudioRendition]] = {}
    for r in presentation.audio:
        streams.setdefault(r.index, {})[r.id.partition("-")[2]] = r
    copies = [forms["copy"] for forms in streams.values() if "copy" in forms and decision.audio == "copy"]
    if len(copies) == len(streams) and len({copy.codecs for copy in copies}) == 1:
        return copies
    found = []
    codecs = [codec for codec in (decision.audio_codec, decision.other_audio_codec) if codec]
    for forms in streams.values():
        copy = forms.get("copy")
        if copy is not None and copy.codecs == _ENCODED_AUDIO[decision.audio_codec]:
            found.append(copy)
            continue
        codec = next((codec for codec in codecs if f"{codec}2" in forms), None)
        if codec is None:
            continue
        found.append(forms[f"{codec}2"])
        if decision.surround and f"{codec}6" in forms:
            found.append(forms[f"{codec}6"])
    return found
