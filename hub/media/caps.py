"""What a client says it can play, and what formats are called among people: pure."""

from __future__ import annotations

import re

import msgspec

_DEEP = {"h264-10": "h264", "hevc10": "hevc", "hevc-10": "hevc", "av1-10": "av1", "vp9-10": "vp9"}
"""Names of ten-bit kinds, and the codec each is a kind of."""
_ALSO = {
    "h265": "hevc",
    "avc": "h264",
    "avc1": "h264",
    "hvc1": "hevc",
    "hev1": "hevc",
    "matroska": "mkv",
    "ts": "mpegts",
    "ac-3": "ac3",
    "ec-3": "eac3",
}
_WAYS = frozenset(("hls", "dash", "mse"))
_HEIGHT = re.compile(r"h=([0-9]{2,5})\Z", re.ASCII)
_MOST_NAMES = 200

_NAMES = {
    "h264": "H.264",
    "hevc": "HEVC",
    "vp8": "VP8",
    "vp9": "VP9",
    "av1": "AV1",
    "mpeg4": "MPEG-4 Part 2",
    "mpeg2video": "MPEG-2",
    "mpeg1video": "MPEG-1",
    "msmpeg4v3": "MS MPEG-4",
    "vc1": "VC-1",
    "wmv3": "WMV 9",
    "prores": "ProRes",
    "theora": "Theora",
    "aac": "AAC",
    "ac3": "AC-3",
    "eac3": "E-AC-3",
    "dts": "DTS",
    "truehd": "TrueHD",
    "opus": "Opus",
    "vorbis": "Vorbis",
    "flac": "FLAC",
    "alac": "ALAC",
    "mp2": "MP2",
    "mp3": "MP3",
    "wmav2": "WMA",
    "mp4": "MP4",
    "m4a": "MP4",
    "mov": "QuickTime",
    "webm": "WebM",
    "mkv": "Matroska",
    "mpegts": "MPEG transport stream",
    "mpegps": "MPEG programme stream",
    "avi": "AVI",
    "flv": "Flash video",
    "asf": "Windows Media",
    "ogg": "Ogg",
}


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a client decodes and shows."""

    names: frozenset[str]
    """Containers and codecs, by FFmpeg's names."""
    deep: frozenset[str] = frozenset()
    """Video codecs of which it decodes ten bits a sample too."""
    hdr: bool = False
    """It shows PQ and HLG as they are meant."""
    surround: bool = False
    """More than two channels are wanted."""
    deinterlaces: bool = False
    max_height: int | None = None
    """Most lines, by the short side of the picture."""
    streams: bool = True
    """It plays HLS or DASH; otherwise only whole files."""
    is_browser: bool = False

    def decodes(self, codec: str, bit_depth: int | None = None) -> bool:
        """True if pictures or sound in `codec` play; `bit_depth` None is taken for 8."""
        if codec.startswith("pcm_"):
            return "pcm" in self.names or codec in self.names
        return codec in self.names and ((bit_depth or 8) <= 8 or codec in self.deep)


PROFILES = {
    # Chromium and Firefox agree on these.
    "browser": Capabilities(
        names=frozenset(
            {"mp4", "m4a", "mov", "webm", "ogg", "wav", "mp3", "flac", "aac"}
            | {"h264", "vp8", "vp9", "av1", "opus", "vorbis", "pcm_s16le"}
        ),
        deep=frozenset({"vp9", "av1"}),
        is_browser=True,
    ),
    # What DLNA's guidelines ask of every television: MPEG-2 and AVC in transport streams or MP4, as files.
    "dlna-basic": Capabilities(
        names=frozenset(
            {"mp4", "m4a", "mpegts", "mpegps", "mp3", "wav", "h264", "mpeg2video", "aac", "ac3", "mp2", "pcm"}
        ),
        surround=True,
        deinterlaces=True,
        max_height=1080,
        streams=False,
    ),
    # The first generations of the device: developers.google.com/cast/docs/media.
    "chromecast": Capabilities(
        names=frozenset(
            {"mp4", "m4a", "webm", "mp3", "wav", "ogg", "flac", "h264", "vp8"}
            | {"aac", "opus", "vorbis", "pcm_s16le"}
        ),
        max_height=1080,
    ),
    # iPhone, iPad, Apple TV and Safari since 2017: HLS authoring specification for Apple devices.
    "apple": Capabilities(
        names=frozenset(
            {"mp4", "m4a", "mov", "wav", "mp3", "flac", "h264", "hevc"}
            | {"aac", "ac3", "eac3", "alac", "pcm_s16le"}
        ),
        deep=frozenset({"hevc"}),
        hdr=True,
        surround=True,
    ),
}
"""Capabilities by device, for clients that cannot say themselves."""


def parse_caps(caps: str | None) -> Capabilities:
    """The `caps` parameter: names separated by commas. None: a current desktop browser.

    Besides containers and codecs: `hevc10`, `h264-10`, `av1-10`, `vp9-10` (ten bits), `hdr`, `surround`, `interlaced`,
    `h=1080` (most lines), `hls`, `dash`, `mse` (what it plays segments by), and the names of PROFILES. What is
    unknown has no effect.
    """
    if caps is None:
        return PROFILES["browser"]
    words = [word for part in caps.split(",")[:_MOST_NAMES] if (word := part.strip().lower())]
    names = {_ALSO.get(word, word) for word in words if word not in PROFILES}
    profiles = [PROFILES[word] for word in words if word in PROFILES]
    heights = [int(match[1]) for word in words if (match := _HEIGHT.match(word))]
    heights += [profile.max_height for profile in profiles if profile.max_height]
    return Capabilities(
        names=frozenset(names).union(*(profile.names for profile in profiles)),
        deep=frozenset(_DEEP[n] for n in names & _DEEP.keys()).union(*(p.deep for p in profiles)),
        hdr="hdr" in names or any(profile.hdr for profile in profiles),
        surround="surround" in names or any(profile.surround for profile in profiles),
        deinterlaces="interlaced" in names or any(profile.deinterlaces for profile in profiles),
        max_height=min(heights, default=None),
        # Who names nothing but codecs is taken to play segments of them; a device known not to is believed.
        streams=bool(names & _WAYS) or all(profile.streams for profile in profiles),
        is_browser="mse" in names or any(profile.is_browser for profile in profiles),
    )


def spoken(name: str) -> str:
    """A container or codec as people call it."""
    return _NAMES.get(name) or ("PCM" if name.startswith("pcm_") else name)
