from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import pytest

from hub.media.errors import BrokenMedia, CutShort, NotMedia, UnreadableFile
from hub.media.probe import probe
from hub.media.types import Chapter
from tests.media import clip_bytes, cut, make_clip, path_bytes, picture_bytes, unique_clip_bytes, write_bytes


@pytest.mark.parametrize(
    ("suffix", "container", "video", "audio"),
    [
        (".mp4", "mp4", "h264", "aac"),
        (".mov", "mov", "h264", "aac"),
        (".mkv", "mkv", "h264", "opus"),
        (".webm", "webm", "vp9", "opus"),
        (".avi", "avi", "mpeg4", "mp3"),
        (".avi", "avi", "mpeg4", "aac"),
        (".ts", "mpegts", "h264", "aac"),
        (".mpg", "mpegps", "mpeg2video", "mp2"),
        (".flv", "flv", "h264", "aac"),
        (".wmv", "asf", "wmv2", "wmav2"),
        (".m4a", "m4a", None, "aac"),
        (".mp3", "mp3", None, "mp3"),
        (".flac", "flac", None, "flac"),
        (".ogg", "ogg", None, "opus"),
        (".wav", "wav", None, "pcm_s16le"),
    ],
)
def test_container_codecs_duration_and_size_of_every_common_kind(
    tmp_path: Path, suffix: str, container: str, video: str | None, audio: str
) -> None:
    clip = make_clip(tmp_path / f"clip{suffix}", video=video, audio=audio)

    found = probe(path_bytes(clip))

    assert (found.container, found.video_codec, found.audio_codec) == (container, video, audio)
    assert found.duration_s == pytest.approx(1.0, abs=0.15)
    assert found.bitrate_bps
    assert found.bitrate_bps > 10_000
    assert (found.width, found.height) == ((160, 90) if video else (None, None))
    assert not found.truncated
    if found.video is not None:
        assert found.video.frame_rate == 25
        assert found.video.bit_depth == 8
        assert found.video.rotation == 0
    assert found.audio is not None
    assert found.audio.sample_rate_hz == 48000


@pytest.mark.parametrize(
    ("suffix", "video", "tag", "profile"),
    [
        (".mp4", "hevc", "hvc1", "Main"),
        (".webm", "av1", None, "Main"),
        (".mp4", "h264", "avc1", "Constrained Baseline"),
    ],
)
def test_what_a_player_must_decode_is_told_exactly(
    tmp_path: Path, suffix: str, video: str, tag: str | None, profile: str
) -> None:
    stream = probe(path_bytes(make_clip(tmp_path / f"clip{suffix}", video=video))).video

    assert stream is not None
    assert (stream.codec, stream.codec_tag, stream.profile) == (video, tag, profile)
    assert stream.level is not None
    assert stream.pixel_format == "yuv420p"


def test_the_name_does_not_decide_what_a_file_is(tmp_path: Path) -> None:
    assert probe(path_bytes(make_clip(tmp_path / "film.mp4", suffix=".mkv"))).container == "mkv"
    assert probe(path_bytes(make_clip(tmp_path / "film", suffix=".webm"))).container == "webm"
    assert probe(path_bytes(make_clip(tmp_path / "film.txt", suffix=".mp4", video=None))).container == "m4a"


@pytest.mark.parametrize(
    ("rotation", "size"), [(0, (160, 90)), (90, (90, 160)), (180, (160, 90)), (270, (90, 160))]
)
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_the_displayed_size_is_rotated(
    tmp_path: Path, suffix: str, rotation: int, size: tuple[int, int]
) -> None:
    found = probe(path_bytes(make_clip(tmp_path / f"clip{suffix}", rotation=rotation)))

    assert found.video is not None
    assert found.video.rotation == rotation
    assert (found.video.width, found.video.height) == (160, 90)
    assert (found.width, found.height) == size


def test_the_displayed_size_has_square_samples(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "dvd.mkv", size=(144, 116), sample_aspect=Fraction(16, 11))

    found = probe(path_bytes(clip))

    assert found.video is not None
    assert found.video.sample_aspect_ratio == "16:11"
    assert (found.width, found.height) == (209, 116)


def test_ten_bit_hdr_is_told_apart(tmp_path: Path) -> None:
    clip = make_clip(
        tmp_path / "hdr.mkv",
        video="hevc",
        pixel_format="yuv420p10le",
        color=(16, 9, 9),
        seconds=0.4,
        frame_rate=10,
    )

    stream = probe(path_bytes(clip)).video

    assert stream is not None
    assert (stream.bit_depth, stream.color_transfer, stream.is_hdr) == (10, "smpte2084", True)


def test_captions_chapters_and_tags_are_listed(tmp_path: Path) -> None:
    clip = make_clip(
        tmp_path / "film.mkv",
        captions=((0.1, 0.4, "Hello"),),
        caption_language="ger",
        chapters=((0.0, 0.5, "Début"), (0.5, 1.0, "Fin")),
        title="Ein Film",
        tags=(("ARTIST", "Jemand"),),
    )

    found = probe(path_bytes(clip))

    (captions,) = (s for s in found.streams if s.kind == "subtitle")
    assert (captions.codec, captions.language) == ("subrip", "ger")
    assert found.chapters == (
        Chapter(start_s=0.0, end_s=0.5, title="Début"),
        Chapter(start_s=0.5, end_s=1.0, title="Fin"),
    )
    assert (found.tags["title"], found.tags["artist"]) == ("Ein Film", "Jemand")


@pytest.mark.parametrize("suffix", [".m4a", ".mp3", ".flac"])
def test_cover_art_is_no_video(tmp_path: Path, suffix: str) -> None:
    found = probe(path_bytes(make_clip(tmp_path / f"song{suffix}", cover=True)))

    assert found.has_cover_art
    assert found.video is None
    assert (found.width, found.height) == (None, None)
    assert [s.kind for s in found.streams] == ["audio", "attachment"]


@pytest.mark.parametrize(
    "name",
    [
        b"http:x.mp4",
        b"concat:a|b.mp4",
        b"file:..mp4",
        b"-i.mp4",
        b"%05d.mp4",
        b"two\nlines.mp4",
        b"caf\xe9 \xff\xfe.mp4",
        "日本語 🎬.mp4".encode(),
        b"pipe:0",
        b"x" * 250 + b".mp4",
        b" .mp4",
        b"data:text;base64,AAAA.mp4",
    ],
)
def test_a_name_is_a_name_whatever_it_looks_like(tmp_path: Path, name: bytes) -> None:
    path = write_bytes(path_bytes(tmp_path) + b"/" + name, unique_clip_bytes(1))

    assert probe(path).video_codec == "h264"


def test_a_relative_name_that_looks_like_an_address_is_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_bytes(b"concat:a.mp4", unique_clip_bytes(1))

    assert probe(b"concat:a.mp4").container == "mp4"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"Dear diary,\n" * 100, "it holds text"),
        ("ﾊﾇﾑ".encode("utf-16"), "it holds text"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "it holds text"),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "it holds text"),
        (bytes(100_000), "zeros only"),
        (picture_bytes("JPEG"), "it is a picture"),
        (picture_bytes("PNG"), "it is a picture"),
        (picture_bytes("GIF"), "it is a picture"),
        (picture_bytes("WEBP"), "it is a picture"),
        (picture_bytes("AVIF"), "it is a picture"),
        (b"PK\x03\x04" + bytes(range(256)) * 50, "no video or audio format"),
    ],
    ids=["empty", "text", "utf-16", "hls", "concat", "zeros", "jpeg", "png", "gif", "webp", "avif", "zip"],
)
def test_what_is_not_media_is_refused_with_the_reason(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "film.mp4").write_bytes(content)

    with pytest.raises(NotMedia, match=why):
        probe(path_bytes(tmp_path / "film.mp4"))


def test_a_container_with_captions_only_is_not_media(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "x.mkv", video=None, audio=None, captions=((0.0, 1.0, "Hello"),))

    with pytest.raises(NotMedia, match="no video or audio in it"):
        probe(path_bytes(clip))


def test_an_mp4_without_its_index_is_cut_short(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(cut(clip_bytes(".mp4"), 0.6))

    with pytest.raises(CutShort, match=r"its index .* is missing"):
        probe(path_bytes(tmp_path / "film.mp4"))


def test_an_mp4_with_nothing_behind_its_index_is_cut_short(tmp_path: Path) -> None:
    data = clip_bytes(".mp4", muxer_options=(("moov_size", "8000"),))
    (tmp_path / "film.mp4").write_bytes(data[: data.index(b"mdat") + 8])

    with pytest.raises(CutShort, match="no pictures or sound"):
        probe(path_bytes(tmp_path / "film.mp4"))


@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".avi", ".wav", ".mp4"])
def test_a_file_whose_end_is_missing_is_usable_and_says_so(tmp_path: Path, suffix: str) -> None:
    front = (("moov_size", "8000"),) if suffix == ".mp4" else ()
    (tmp_path / "film").write_bytes(cut(clip_bytes(suffix, muxer_options=front), 0.7))

    found = probe(path_bytes(tmp_path / "film"))

    assert found.truncated
    assert found.audio is not None


def test_a_media_file_with_a_ruined_head_is_damaged(tmp_path: Path) -> None:
    data = bytearray(clip_bytes(".mkv"))
    data[40:4000] = os.urandom(3960)
    (tmp_path / "film.mkv").write_bytes(data)

    with pytest.raises((BrokenMedia, NotMedia)):
        probe(path_bytes(tmp_path / "film.mkv"))


def test_metadata_that_is_not_utf8_is_replaced(tmp_path: Path) -> None:
    data = clip_bytes(".mkv", title="AAAAAAAA").replace(b"AAAAAAAA", b"caf\xe9\xff\xfe\x80!")
    (tmp_path / "film.mkv").write_bytes(data)

    assert probe(path_bytes(tmp_path / "film.mkv")).tags["title"] == "caf����!"


def test_what_cannot_be_opened_is_unreadable(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.mp4")
    (tmp_path / "folder.mp4").mkdir()

    for name in ("fifo.mp4", "folder.mp4", "gone.mp4"):
        with pytest.raises(UnreadableFile):
            probe(path_bytes(tmp_path / name))
