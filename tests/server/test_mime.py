from __future__ import annotations

import pytest

from server.mime import media_type


@pytest.mark.parametrize(
    ("container", "has_video", "expected"),
    [
        ("mp4", True, "video/mp4"),
        ("mp4", False, "audio/mp4"),
        ("m4a", False, "audio/mp4"),
        ("mov", True, "video/quicktime"),
        ("mkv", True, "video/x-matroska"),
        ("mkv", False, "audio/x-matroska"),
        ("webm", True, "video/webm"),
        ("webm", False, "audio/webm"),
        ("avi", True, "video/x-msvideo"),
        ("mpegts", True, "video/mp2t"),
        ("mpegps", True, "video/mpeg"),
        ("ogg", False, "audio/ogg"),
        ("ogg", True, "video/ogg"),
        ("mp3", False, "audio/mpeg"),
        ("mp3", True, "audio/mpeg"),
        ("flac", False, "audio/flac"),
        ("wav", False, "audio/wav"),
        ("nut", True, "application/octet-stream"),
        ("", False, "application/octet-stream"),
    ],
)
def test_a_container_has_its_media_type(container: str, has_video: bool, expected: str) -> None:
    assert media_type(container, has_video=has_video) == expected
