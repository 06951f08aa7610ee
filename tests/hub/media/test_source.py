from __future__ import annotations

import errno
from pathlib import Path

import av.error
import pytest

from hub.errors import MediaError
from hub.media.errors import BrokenMedia, NotMedia, TooDemanding, UnreadableFile
from hub.media.source import FORMATS, MAX_PIXELS, decoder_of, limit_decoder, media_errors, open_media
from tests.media import make_clip, path_bytes


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (MemoryError(), TooDemanding),
        (av.error.MemoryError(errno.ENOMEM, "no memory"), TooDemanding),
        (av.error.InvalidDataError(1, "Invalid data"), BrokenMedia),
        (OSError(errno.EIO, "Input/output error"), UnreadableFile),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), BrokenMedia),
        (OverflowError("too large"), BrokenMedia),
        (ZeroDivisionError("Fraction(1, 0)"), BrokenMedia),
        (NotMedia("It is text."), NotMedia),
    ],
)
def test_whatever_reading_raises_becomes_a_sentence(raised: Exception, expected: type[MediaError]) -> None:
    with pytest.raises(expected) as caught, media_errors():
        raise raised
    assert caught.value.message.endswith(".")
    assert "codec" not in caught.value.message
    assert "Fraction" not in caught.value.message


def test_errors_in_our_own_code_are_not_blamed_on_the_file() -> None:
    with pytest.raises(AttributeError), media_errors():
        raise AttributeError("a bug")


def test_no_playlist_device_or_picture_may_be_opened() -> None:
    allowed = set(FORMATS.split(","))

    assert {"matroska", "mp4", "mpegts", "mp3"} <= allowed
    assert not allowed & {
        "concat",
        "hls",
        "dash",
        "sdp",
        "rtsp",
        "lavfi",
        "image2",
        "png_pipe",
        "srt",
        "tty",
        "webvtt",
    }


def test_a_descriptor_is_closed_when_the_file_was_refused(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_text("text")
    before = {link.name for link in Path("/proc/self/fd").iterdir()}

    with pytest.raises(NotMedia), open_media(path_bytes(tmp_path / "x.mp4")):
        pass

    assert {link.name for link in Path("/proc/self/fd").iterdir()} == before


def test_a_decoder_refuses_pictures_beyond_the_limit(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "x.mp4", seconds=0.2)

    with open_media(path_bytes(clip)) as (_, _, container):
        stream = container.streams.video[0]
        limit_decoder(stream)
        decoder = decoder_of(stream)
        assert decoder is not None
        assert decoder.options["max_pixels"] == str(MAX_PIXELS)
        assert next(container.decode(stream)).width == 160
