from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.library import names


@pytest.mark.parametrize(
    ("name", "title"),
    [
        (b"Plain title.mp4", "Plain title"),
        (b"Some_Holiday_Clip.mp4", "Some Holiday Clip"),
        (b"The.Long.Film.2019.mkv", "The Long Film 2019"),
        (b"v1.2 final.mp4", "v1.2 final"),
        (b"A talk [dQw4w9WgXcQ].webm", "A talk"),
        (b"[dQw4w9WgXcQ].webm", "[dQw4w9WgXcQ]"),
        (b"___.mp4", "___"),
        (b"two\nlines.mp4", "two lines"),
        (b"bad \xff byte.mp4", "bad � byte"),
        ("e\u0301te\u0301.mp4".encode(), "\u00e9t\u00e9"),
        (b"no suffix", "no suffix"),
    ],
)
def test_titles_from_names(name: bytes, title: str) -> None:
    assert names.title_from_name(name) == title


@given(st.binary(min_size=1, max_size=255))
def test_any_name_gives_a_title_that_can_be_stored_and_shown(name: bytes) -> None:
    for text in (names.title_from_name(name), names.to_text(name)):
        assert "\0" not in text
        text.encode()
    assert 1 <= len(names.title_from_name(name)) <= 500


@pytest.mark.parametrize(
    ("between", "lang", "forced", "hearing_impaired", "label"),
    [
        (b"", "und", False, False, "Captions"),
        (b".en", "en", False, False, "English"),
        (b".eng", "en", False, False, "English"),
        (b".English", "en", False, False, "English"),
        (b".deu.forced", "de", True, False, "German (forced)"),
        (b".pt-BR", "pt-BR", False, False, "Portuguese (BR)"),
        (b".pt_br.sdh", "pt-BR", False, True, "Portuguese (BR, SDH)"),
        (b".zh-hans", "zh-Hans", False, False, "Chinese (Hans)"),
        (b".hi", "hi", False, False, "Hindi"),
        (b".en.hi", "en", False, True, "English (SDH)"),
        (b".commentary.en", "en", False, False, "English commentary"),
        (b".default", "und", False, False, "Captions"),
        (b".xx-blah-\xff", "und", False, False, "xx-blah-�"),
    ],
)
def test_what_caption_names_say(
    between: bytes, lang: str, forced: bool, hearing_impaired: bool, label: str
) -> None:
    said = names.caption_name(between)
    assert (said.lang, said.forced, said.hearing_impaired, said.label) == (
        lang,
        forced,
        hearing_impaired,
        label,
    )


@pytest.mark.parametrize(
    "name", [b".a.mp4", b"a.mp4.part", b"a.PART", b"a.crdownload", b"a.!qB", b"a.ytdl", b"a.tmp"]
)
def test_hidden_and_partial_files_are_left_alone(name: bytes) -> None:
    assert names.is_left_alone(name)
    assert not names.is_media(name)


@pytest.mark.parametrize("name", [b"a.mp4", b"a.MKV", b"a.b.webm", b"a.m2ts", b"a.flac", b"\xff.ogg"])
def test_media_is_told_by_the_suffix(name: bytes) -> None:
    assert names.is_media(name)


@pytest.mark.parametrize("name", [b"mp4", b".mp4", b"a.mp4.txt", b"a.srt", b"a.jpg", b"a."])
def test_other_names_are_no_media(name: bytes) -> None:
    assert not names.is_media(name)
