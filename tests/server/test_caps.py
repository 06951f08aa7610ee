from __future__ import annotations

import pytest

from hub.library.types import MediaFile
from server.caps import DESKTOP_BROWSER, obstacles, parse_caps


def media(container: str, video: str | None = None, audio: str | None = None) -> MediaFile:
    return MediaFile(
        video_id="01J8Z3V6Q0AAAAAAAAAAAAAAAA",
        path=b"/film",
        size_bytes=1,
        mtime_ns=1,
        fingerprint="f",
        container=container,
        duration_s=None,
        width=None,
        height=None,
        video_codec=video,
        audio_codec=audio,
    )


def test_without_caps_a_desktop_browser_is_assumed() -> None:
    assert parse_caps(None) == DESKTOP_BROWSER
    assert {"mp4", "webm", "h264", "vp9", "av1", "aac", "opus", "mp3"} <= DESKTOP_BROWSER
    assert not {"hevc", "ac3", "mkv"} & DESKTOP_BROWSER


def test_caps_are_a_forgiving_list() -> None:
    assert parse_caps(" MP4, h265 ,,aac") == {"mp4", "h265", "hevc", "aac"}
    assert parse_caps("") == frozenset()


@pytest.mark.parametrize(
    ("file", "caps"),
    [
        (media("mp4", "h264", "aac"), None),
        (media("webm", "vp9", "opus"), None),
        (media("mp3", None, "mp3"), None),
        (media("mp4", "h264"), None),
        (media("mkv", "hevc", "ac3"), "matroska,h265,ac3"),
        (media("mpegts", "h264", "aac"), "ts,avc1,aac"),
    ],
)
def test_what_the_client_names_is_no_obstacle(file: MediaFile, caps: str | None) -> None:
    assert obstacles(file, parse_caps(caps)) == []


def test_each_obstacle_is_a_sentence_in_words() -> None:
    assert obstacles(media("mkv", "hevc", "ac3"), parse_caps(None)) == [
        "This player does not say that it opens Matroska files.",
        "This player does not say that it decodes HEVC (H.265) video.",
        "This player does not say that it decodes AC-3 audio.",
    ]
    assert obstacles(media("nut", None, "tta"), parse_caps("mp4"))[0].endswith("opens nut files.")
