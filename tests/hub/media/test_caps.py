from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.media.caps import PROFILES, Capabilities, parse_caps, spoken


def test_without_caps_a_desktop_browser_is_assumed() -> None:
    browser = parse_caps(None)
    assert browser == PROFILES["browser"]
    assert {"mp4", "webm", "h264", "vp9", "av1", "aac", "opus", "mp3"} <= browser.names
    assert not {"hevc", "ac3", "mkv"} & browser.names
    assert browser.is_browser
    assert browser.streams


def test_caps_are_a_forgiving_list() -> None:
    assert parse_caps(" MP4, h265 ,,aac,warp9").names == {"mp4", "hevc", "aac", "warp9"}
    assert parse_caps("") == Capabilities(names=frozenset())
    assert parse_caps("ts,avc1,matroska,ec-3").names == {"mpegts", "h264", "mkv", "eac3"}


@pytest.mark.parametrize(
    ("caps", "codec", "depth", "able"),
    [
        ("h264", "h264", 8, True),
        ("h264", "h264", None, True),
        ("h264", "h264", 10, False),
        ("h264,h264-10", "h264", 10, True),
        ("hevc,hevc10", "hevc", 10, True),
        ("hevc10", "hevc", 10, False),  # refines what is named, and does not name it
        ("av1,av1-10", "av1", 10, True),
        ("aac", "ac3", None, False),
        ("pcm_s16le", "pcm_s16le", None, True),
        ("pcm_s16le", "pcm_s24le", None, False),
        ("dlna-basic", "pcm_s16be", None, True),
        (None, "vp9", 10, True),
    ],
)
def test_what_is_decoded(caps: str | None, codec: str, depth: int | None, able: bool) -> None:
    assert parse_caps(caps).decodes(codec, depth) is able


def test_finer_names() -> None:
    fine = parse_caps("mp4,h264,hdr,surround,interlaced,h=1080,h=720,h=x,h=999999,mse")
    assert (fine.hdr, fine.surround, fine.deinterlaces) == (True, True, True)
    assert fine.max_height == 720
    assert fine.is_browser
    assert not parse_caps("mp4,h264,hls").is_browser


def test_devices_by_name_are_added_to() -> None:
    assert parse_caps("apple") == PROFILES["apple"]
    more = parse_caps("chromecast,hevc,hevc10,h=2160")
    assert more.decodes("hevc", 10)
    assert more.decodes("vp8")
    assert more.max_height == 1080
    assert not parse_caps("dlna-basic").streams
    assert parse_caps("dlna-basic,hls").streams


@given(st.text(max_size=300))
def test_anything_can_be_said(caps: str) -> None:
    assert len(parse_caps(caps).names) <= 300


def test_formats_are_called_by_their_names() -> None:
    assert [spoken(n) for n in ("h264", "pcm_s24le", "mkv", "tta")] == ["H.264", "PCM", "Matroska", "tta"]
