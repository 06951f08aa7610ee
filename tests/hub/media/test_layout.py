from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.media.layout import Layout, read_layout
from tests.media import clip_bytes, cut, path_bytes


def layout(path: Path, data: bytes) -> Layout:
    path.write_bytes(data)
    fd = os.open(path_bytes(path), os.O_RDONLY)
    try:
        return read_layout(fd)
    finally:
        os.close(fd)


def box(kind: bytes, payload: bytes = b"", length: int | None = None) -> bytes:
    return (length if length is not None else 8 + len(payload)).to_bytes(4, "big") + kind + payload


@pytest.mark.parametrize(
    ("suffix", "container"),
    [
        (".mp4", "mp4"),
        (".mov", "mov"),
        (".m4a", "m4a"),
        (".mkv", "mkv"),
        (".webm", "webm"),
        (".avi", None),
        (".mp3", None),
    ],
)
def test_a_whole_file_tells_its_kind_and_is_not_truncated(
    tmp_path: Path, suffix: str, container: str | None
) -> None:
    assert layout(tmp_path / "f", clip_bytes(suffix)) == Layout(container)


@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".avi", ".wav"])
@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9])
def test_a_file_that_was_cut_short_is_seen(tmp_path: Path, suffix: str, keep: float) -> None:
    assert layout(tmp_path / "f", cut(clip_bytes(suffix), keep)).truncated


def test_an_mp4_cut_short_before_its_index_has_none(tmp_path: Path) -> None:
    assert layout(tmp_path / "f", cut(clip_bytes(".mp4"), 0.5)) == Layout(
        "mp4", truncated=True, index_missing=True
    )


def test_an_mp4_with_its_index_in_front_is_truncated_but_has_it(tmp_path: Path) -> None:
    data = cut(clip_bytes(".mp4", muxer_options=(("moov_size", "8000"),)), 0.8)

    assert layout(tmp_path / "f", data) == Layout("mp4", truncated=True, index_missing=False)


def test_garbage_or_padding_after_the_last_box_is_not_a_missing_end(tmp_path: Path) -> None:
    for tail in (b"\0" * 100, b"\x00\x00\x10\x00\x01\x02\x03\x04"):
        assert not layout(tmp_path / "f", clip_bytes(".mp4") + tail).truncated


def test_boxes_of_64_bit_length_and_up_to_the_end_are_walked(tmp_path: Path) -> None:
    start = box(b"ftyp", b"isom\0\0\2\0")
    long = (1).to_bytes(4, "big") + b"mdat" + (16 + 4).to_bytes(8, "big") + b"data"

    assert layout(tmp_path / "f", start + long + box(b"moov", b"x", length=0)) == Layout("mp4")
    assert layout(tmp_path / "f", start + long[:-2]).truncated


@pytest.mark.parametrize(
    ("brand", "container"),
    [
        (b"avif", "picture"),
        (b"heic", "picture"),
        (b"3gp4", "3gp"),
        (b"3g2a", "3g2"),
        (b"M4B ", "m4a"),
        (b"dash", "mp4"),
    ],
)
def test_the_major_brand_decides(tmp_path: Path, brand: bytes, container: str) -> None:
    data = box(b"ftyp", brand + b"\0\0\0\0") + box(b"moov")

    assert layout(tmp_path / "f", data).container == container


def test_quicktime_from_before_brands_is_mov(tmp_path: Path) -> None:
    assert layout(tmp_path / "f", box(b"moov", b"x" * 20)).container == "mov"


def test_a_live_recording_in_matroska_has_no_known_end(tmp_path: Path) -> None:
    data = clip_bytes(".mkv")
    segment = data.index(b"\x18\x53\x80\x67") + 4
    live = data[:segment] + b"\x01" + b"\xff" * 7 + data[segment + 8 :]

    assert layout(tmp_path / "f", cut(live, 0.5)) == Layout("mkv")


@given(
    data=st.binary(max_size=400),
    magic=st.sampled_from([b"", b"\0\0\0\x18ftypisom", b"\x1a\x45\xdf\xa3", b"RIFF"]),
)
def test_no_content_whatsoever_upsets_it(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, magic: bytes
) -> None:
    assert isinstance(layout(tmp_path_factory.getbasetemp() / "layout", magic + data), Layout)
