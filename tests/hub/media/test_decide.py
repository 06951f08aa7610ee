from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

import msgspec
import pytest

from hub.media.caps import PROFILES, parse_caps
from hub.media.decide import SEGMENT_AUDIO, SEGMENT_VIDEO, Allowed, Decision, decide, offered
from hub.media.stream.presentation import Presentation, present
from hub.media.stream.types import AudioRendition, VideoRendition
from hub.media.types import Probe, Stream
from tests.hub.media.stream.samples import (
    CONTENT,
    TEXTS,
    film,
    picture_stream,
    pictures,
    probe_of,
    song,
    sound,
    sound_stream,
    subtitle_stream,
    timeline_of,
)

BROWSER = None
SAFARI = "mp4,m4a,mov,h264,hevc,hevc10,aac,ac3,eac3,mp3,flac,hdr,mse"
TV = "dlna-basic"
SENT = "The file is sent as it is all the same."


def case(container: str, video: dict[str, Any] | None, audio: dict[str, Any] | None) -> Probe:
    streams: list[Stream] = []
    if video is not None:
        streams.append(picture_stream(**video))
    if audio is not None:
        streams.append(sound_stream(**audio))
    return probe_of(*streams, container=container)


H264: dict[str, Any] = {}
HEVC = {"codec": "hevc"}
HEVC10 = {"codec": "hevc", "bit_depth": 10, "pixel_format": "yuv420p10le"}
HDR = HEVC10 | {"color_transfer": "smpte2084"}
HI10 = {"bit_depth": 10, "pixel_format": "yuv420p10le"}
H422 = {"pixel_format": "yuv422p"}
VP9 = {"codec": "vp9"}
AV1 = {"codec": "av1", "bit_depth": 10, "pixel_format": "yuv420p10le"}
MPEG2 = {"codec": "mpeg2video", "interlaced": True}
TELEVISION = {"interlaced": True}
AAC: dict[str, Any] = {}
AAC6 = {"channels": 6}
AC3 = {"codec": "ac3", "channels": 6}
OPUS = {"codec": "opus"}
MP3 = {"codec": "mp3"}
FLAC = {"codec": "flac"}
DTS = {"codec": "dts", "channels": 6}


@pytest.mark.parametrize(
    ("container", "video", "audio", "caps", "mode", "words"),
    [
        # What plays is not touched.
        ("mp4", H264, AAC, BROWSER, "direct", ()),
        ("mp4", H264, AAC6, BROWSER, "direct", ()),
        ("mp4", H264, MP3, BROWSER, "direct", ()),
        ("webm", VP9, OPUS, BROWSER, "direct", ()),
        ("mp4", AV1, OPUS, BROWSER, "direct", ()),
        ("mp3", None, MP3, BROWSER, "direct", ()),
        ("mp4", H264, None, BROWSER, "direct", ()),
        ("mp4", HDR, AC3, SAFARI, "direct", ()),
        ("mpegts", MPEG2, AC3, TV, "direct", ()),
        # Another container: copied.
        ("mkv", H264, AAC, BROWSER, "remux",
         ("Matroska file: this browser does not open it; video and audio are copied.",)),
        ("mpegts", H264, AAC, BROWSER, "remux",
         ("MPEG transport stream file: this browser does not open it; video and audio are copied.",)),
        ("mkv", H264, None, BROWSER, "remux", ("Matroska file: this browser does not open it; video is copied.",)),
        ("mkv", HDR, AC3, SAFARI, "remux",
         ("Matroska file: this browser does not open it; video and audio are copied.",)),
        # Sound alone does not fit.
        ("mp4", H264, AC3, BROWSER, "transcode",
         ("AC-3 5.1: this browser cannot decode it; video is copied, audio converted.",)),
        ("mkv", H264, DTS, SAFARI, "transcode",
         ("Matroska file: this browser does not open it.",
          "DTS 5.1: this browser cannot decode it; video is copied, audio converted.")),
        ("flac", None, FLAC, "mp4,aac,hls", "transcode",
         ("FLAC file: this player does not open it.", "FLAC: this player cannot decode it; audio is converted.")),
        ("avi", H264, MP3, BROWSER, "transcode",  # MP3 in fragments does not play everywhere
         ("AVI file: this browser does not open it; video is copied, audio converted.",)),
        # Pictures do not fit.
        ("mp4", HEVC10, AAC, BROWSER, "transcode",
         ("HEVC 10-bit: this browser cannot decode it; video is converted, audio copied.",)),
        ("mp4", HEVC, AAC, BROWSER, "transcode",
         ("HEVC: this browser cannot decode it; video is converted, audio copied.",)),
        ("mp4", HEVC10, AAC, "mp4,h264,hevc,aac", "transcode",
         ("HEVC 10-bit: this player cannot decode it; video is converted, audio copied.",)),
        ("mp4", HI10, AAC, BROWSER, "transcode",
         ("H.264 10-bit: this browser cannot decode it; video is converted, audio copied.",)),
        ("mp4", H422, AAC, BROWSER, "transcode",
         ("H.264 with 4:2:2 colour: this browser cannot decode it; video is converted, audio copied.",)),
        ("mp4", HDR, AAC, "mp4,h264,hevc,hevc10,aac,mse", "transcode",
         ("High dynamic range: this browser would show it grey; video is converted, audio copied.",)),
        ("mp4", TELEVISION, AAC, BROWSER, "transcode",
         ("Interlaced picture: this browser would show combs; video is converted, audio copied.",)),
        ("mpegps", MPEG2, AC3, BROWSER, "transcode",
         ("MPEG programme stream file: this browser does not open it.", "MPEG-2: this browser cannot decode it.",
          "AC-3 5.1: this browser cannot decode it; video and audio are converted.")),
        ("mp4", H264, AAC, "mp4,h264,aac,h=720", "transcode",
         ("1080 lines: this player takes at most 720; video is converted, audio copied.",)),
        # Whole files only: nothing can be done.
        ("mkv", VP9, OPUS, TV, "direct",
         ("Matroska file: this player does not open it.", "VP9: this player cannot decode it.",
          "Opus: this player cannot decode it.",
          f"This player takes whole files only. {SENT}")),
        # A client that decodes nothing we convert to.
        ("webm", {"codec": "vp8"}, OPUS, "webm,theora,opus", "direct",
         ("VP8: this player cannot decode it.",
          f"This player decodes none of the formats that video is converted to. {SENT}")),
    ],
)  # fmt: skip
def test_way_of_a_play(
    container: str,
    video: dict[str, Any] | None,
    audio: dict[str, Any] | None,
    caps: str | None,
    mode: str,
    words: tuple[str, ...],
) -> None:
    decision = decide(case(container, video, audio), parse_caps(caps))
    assert (decision.mode, decision.reasons) == (mode, words)


CONTAINERS = ("mp4", "mov", "mkv", "webm", "avi", "mpegts")
VIDEOS = (H264, HI10, H422, HEVC, HEVC10, HDR, VP9, AV1, MPEG2, TELEVISION, {"codec": "mpeg4"}, None)
AUDIOS = (AAC, AAC6, AC3, OPUS, MP3, FLAC, DTS, {"codec": "pcm_s16le"}, None)
CLIENTS = (BROWSER, SAFARI, *PROFILES, "", "mp4,h264,aac", "mkv,hevc,hevc10,av1,opus,ac3,h=480,surround")
SUBTITLES = (None, "subrip", "hdmv_pgs_subtitle")


@cache
def shown(video_codec: str | None, audio_codec: str | None, channels: int) -> Presentation:
    """The presentation of a case, with copies wherever a codec may be copied."""
    names = {"aac": "mp4a.40.2", "ac3": "ac-3", "opus": "opus", "flac": "fLaC"}
    video = {"codec": video_codec} if video_codec else None
    audio = {"codec": audio_codec, "channels": channels} if audio_codec else None
    probe = probe_of(*case("mkv", video, audio).streams, subtitle_stream(5, "hdmv_pgs_subtitle"))
    tracks = [sound(codecs=names.get(audio_codec), channels=channels, start_samples=0)] if audio_codec else []
    line = pictures(codecs="avc1.640028" if video_codec in SEGMENT_VIDEO else None) if video_codec else None
    return present(probe, timeline_of(line, *tracks), CONTENT)


@pytest.mark.parametrize("caps", CLIENTS)
def test_what_is_decided_always_plays_or_says_why_not(caps: str | None) -> None:
    client = parse_caps(caps)
    for container, video, audio, subtitles in product(CONTAINERS, VIDEOS, AUDIOS, SUBTITLES):
        if video is None and audio is None:
            continue
        plain = case(container, video, audio)
        extra = (subtitle_stream(5, subtitles),) if subtitles else ()
        probe = probe_of(*plain.streams, *extra, container=container)
        burn = 5 if subtitles == "hdmv_pgs_subtitle" and video is not None else None
        decision = decide(probe, client, Allowed(burn=burn))
        assert all(reason.endswith(".") for reason in decision.reasons)
        if decision.mode == "direct" and not decision.reasons:
            assert container in client.names
            assert not probe.video or client.decodes(probe.video.codec, probe.video.bit_depth)
            assert not probe.audio or client.decodes(probe.audio.codec)
            assert burn is None
        elif decision.mode == "direct":
            assert decision.reasons[-1].endswith("as it is all the same.")
        else:
            assert decision.reasons
            assert_segments_play(decision, probe)


def assert_segments_play(decision: Decision, probe: Probe) -> None:
    channels = (probe.audio and probe.audio.channels) or 2
    presentation = shown(probe.video_codec, probe.audio_codec, channels)
    ids = offered(decision, presentation)
    found = presentation.select(",".join(ids))
    assert bool(found.video) == (probe.video is not None)
    assert bool(found.audio) == (probe.audio is not None)
    assert any(v.is_copy for v in found.video) == (decision.video == "copy")
    assert all(v.is_copy or v.codec == decision.video_codec for v in found.video)
    if decision.mode == "remux":
        assert "encode" not in (decision.video, decision.audio)
        assert all(a.is_copy for a in found.audio)
        assert not probe.video or probe.video.codec in SEGMENT_VIDEO
        assert not probe.audio or probe.audio.codec in SEGMENT_AUDIO
    if decision.burn is not None:
        assert all(v.burn == decision.burn for v in found.video)


def ids(decision: Decision, presentation: Presentation | None = None) -> list[str]:
    return list(offered(decision, presentation or film()))


FILM = case("mkv", H264, AAC)


def test_a_copy_comes_with_what_is_smaller() -> None:
    got = ids(decide(FILM, parse_caps(None)))
    assert got[:3] == ["v-copy", "v720-h264", "v480-h264"]
    assert "v1080-h264" not in got
    assert got[-5:] == ["a1-copy", "a2-aac2", "s3", "s4", "s5"]


def test_without_conversion_the_copy_stays_alone() -> None:
    decision = decide(FILM, parse_caps(None), Allowed(transcode=False))
    assert decision.mode == "remux"
    assert ids(decision) == ["v-copy", "a1-copy", "a2-aac2", *(t.id for t in TEXTS)]
    uncut = present(FILM, timeline_of(pictures(codecs=None), sound()), CONTENT)
    assert offered(decision, uncut) == ()


def test_what_cannot_be_cut_is_converted() -> None:
    uncut = present(FILM, timeline_of(pictures(codecs=None), sound()), CONTENT)
    got = ids(decide(FILM, parse_caps(None)), uncut)
    assert got[0] == "v1080-h264"
    assert got[-1] == "a1-copy"


def test_what_is_switched_off_is_not_done() -> None:
    for probe, allowed, word in (
        (FILM, Allowed(remux=False), "Repacking is switched off."),
        (case("mp4", HEVC, AAC), Allowed(transcode=False), "Converting is switched off."),
    ):
        decision = decide(probe, parse_caps(None), allowed)
        assert decision.mode == "direct"
        assert word in decision.reasons[-1]


def test_limits_of_the_settings() -> None:
    low = decide(FILM, parse_caps(None), Allowed(max_height=500))
    assert low.mode == "transcode"
    assert "1080 lines: the settings allow at most 500" in low.reasons[-1]
    assert ids(low)[:2] == ["v480-h264", "v360-h264"]
    thin = decide(FILM, parse_caps(None), Allowed(max_bps=1_500_000))
    assert "6.2 Mbit/s: the settings allow at most 1.5" in thin.reasons[-1]
    rates = [r.peak_bps for i in ids(thin) if isinstance(r := film().find(i), VideoRendition)]
    assert rates
    assert max(rates) <= 1_500_000
    nothing = decide(FILM, parse_caps(None), Allowed(max_bps=1))
    assert [i for i in ids(nothing) if i.startswith("v")] == ["v144-h264"]


def test_codec_of_the_settings_where_the_client_decodes_it() -> None:
    probe = case("avi", {"codec": "mpeg4"}, AAC)
    assert decide(probe, parse_caps(None), Allowed(video_codec="av1")).video_codec == "av1"
    assert decide(probe, parse_caps("mp4,h264,aac"), Allowed(video_codec="av1")).video_codec == "h264"
    assert decide(probe, parse_caps("webm,av1,opus")).video_codec == "av1"
    got = ids(decide(probe, parse_caps("webm,av1,opus")))
    assert {i for i in got if i.startswith("a")} == {"a1-opus2", "a2-opus2"}


def test_subtitles_are_burnt_on_request() -> None:
    decision = decide(case("mp4", H264, AAC), parse_caps(None), Allowed(burn=6))
    assert decision.reasons == (
        "Subtitles are to be drawn into the picture; video is converted, audio copied.",
    )
    assert ids(decision)[0] == "v1080-h264-s6"
    assert "v-copy" not in ids(decision)


@pytest.mark.parametrize(
    ("headroom", "first", "said"),
    [
        (None, "v1080-h264", False),
        (60e6, "v1080-h264", False),
        (30e6, "v720-h264", True),
        (6e6, "v360-h264", True),
        (1e6, "v144-h264", True),
    ],
)
def test_with_little_left_smaller_pictures_are_offered(
    headroom: float | None, first: str, said: bool
) -> None:
    decision = decide(case("mp4", HEVC, AAC), parse_caps(None), None, headroom)
    assert decision.mode == "transcode"
    assert not decision.is_busy
    assert ids(decision)[0] == first
    assert any("busy" in reason for reason in decision.reasons) is said


def test_with_nothing_left_what_plays_at_all_is_sent_as_it_is() -> None:
    playable = decide(case("mp4", H264, AAC), parse_caps(None), Allowed(max_height=720), 1000)
    assert playable.mode == "direct"
    assert "too busy to convert" in playable.reasons[-1]
    hopeless = decide(case("mp4", HEVC, AAC), parse_caps(None), None, 1000)
    assert (hopeless.mode, hopeless.is_busy) == ("transcode", True)
    assert [i for i in ids(hopeless) if i.startswith("v")] == ["v144-h264"]
    copied = decide(FILM, parse_caps(None), None, 1000)
    assert copied.mode == "remux"
    assert not any("busy" in reason for reason in copied.reasons)
    assert [i for i in ids(copied) if i.startswith("v")] == ["v-copy"]


def test_all_languages_come_in_one_codec() -> None:
    safari = decide(FILM, parse_caps("mp4,h264,aac,ac3,surround"))
    assert [i for i in ids(safari) if i.startswith("a")] == ["a1-copy", "a2-aac2", "a2-aac6"]
    same = present(
        probe_of(picture_stream(), sound_stream(), sound_stream(2)),
        timeline_of(pictures(), sound(), sound(2)),
        CONTENT,
    )
    assert [i for i in ids(safari, same) if i.startswith("a")] == ["a1-copy", "a2-copy"]
    other = decide(case("mkv", H264, DTS), parse_caps("mp4,h264,aac,mse"))
    audio = [r for i in ids(other) if isinstance(r := film().find(i), AudioRendition)]
    assert {r.codecs for r in audio} == {"mp4a.40.2"}


def test_sound_that_fails_in_one_codec_comes_in_the_other_or_not_at_all() -> None:
    whole = film()
    without = msgspec.structs.replace(whole, audio=tuple(r for r in whole.audio if r.id != "a2-aac2"))

    both = decide(FILM, parse_caps("mp4,h264,aac,ac3,opus"))
    assert [i for i in ids(both, without) if i.startswith("a")] == ["a1-copy", "a2-opus2"]
    one = decide(FILM, parse_caps("mp4,h264,aac,ac3"))
    assert [i for i in ids(one, without) if i.startswith("a")] == ["a1-copy"]


def test_sound_alone() -> None:
    decision = decide(case("ogg", None, FLAC), parse_caps("mp4,aac"))
    assert (decision.mode, decision.video, decision.audio) == ("transcode", None, "encode")
    assert ids(decision, song()) == ["a1-copy"]  # an AAC stream needs no conversion, whatever the other is
