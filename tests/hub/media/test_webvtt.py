from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.media.webvtt import Cue, Style, from_substation, read, with_timestamp_map, write


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**8),
            st.integers(1, 10**6),
            st.text("ab c\nd&<>-{}\\Nih10", min_size=1, max_size=40),
        ),
        max_size=5,
    )
)
def test_what_is_written_is_read_back(found: list[tuple[int, int, str]]) -> None:
    cues = [
        from_substation(start / 1000, (start + lasts) / 1000, text, Style(), None)
        for start, lasts, text in found
    ]
    cues = sorted((cue for cue in cues if cue.plain), key=lambda cue: (cue.start_s, cue.end_s))
    back = list(read(write(cues)))
    assert [cue.plain for cue in back] == [cue.plain for cue in cues]
    assert [cue.start_s for cue in back] == pytest.approx([cue.start_s for cue in cues], abs=0.001)
    assert [cue.end_s for cue in back] == pytest.approx([cue.end_s for cue in cues], abs=0.001)


@pytest.mark.parametrize(
    ("text", "style", "made", "settings"),
    [
        ("a", Style(), "a", ""),
        ("a", Style(italic=True, alignment=7), "<i>a</i>", "line:0 position:0% align:left"),
        (r"{\b1}a{\i1}b{\b0\i0}c", Style(), "<b>a</b><b><i>b</i></b>c", ""),
        (r"{\an5}mid\hdle", Style(), "mid dle", "line:50%"),
        (r"{\a10}left\Nmiddle", Style(), "left\nmiddle", "line:50%"),
        (r"{\blur3\bord2\iclip(1)}a", Style(), "a", ""),
        (r"{\b700}heavy{\r} light", Style(), "<b>heavy</b> light", ""),
        (r"{\pos(192,0)}a", Style(), "a", "line:0% position:50% align:center"),
        (r"{\pos(-9,9999)}a", Style(), "a", "line:100% position:0% align:center"),
        (r"{\pos(.,.)}a", Style(), "a", "line:0% position:0% align:center"),
    ],
)
def test_what_webvtt_knows_of_styles_is_kept(text: str, style: Style, made: str, settings: str) -> None:
    cue = from_substation(0, 1, text, style, (384, 288))
    assert cue.settings == settings
    assert cue.text == made


def test_the_header_for_hls_stands_below_the_first_line() -> None:
    text = with_timestamp_map(write([Cue(1, 2, "a")]))
    assert text.split("\n")[:3] == ["WEBVTT", "X-TIMESTAMP-MAP=MPEGTS:90000,LOCAL:00:00:00.000", ""]
    assert [cue.plain for cue in read(text)] == ["a"]


def test_what_is_no_cue_is_passed_over() -> None:
    text = (
        "WEBVTT - x\n\nNOTE 1\n\nSTYLE\n::cue {}\n\n"
        "id\n00:01.000 --> 00:02.500 line:0\n<v Bob>hi &amp;\nyou</v>\n\n5 --> 6\nno\n"
    )
    assert list(read(text)) == [Cue(1.0, 2.5, "<v Bob>hi &amp;\nyou</v>", "line:0")]
    assert [cue.plain for cue in read(text)] == ["hi & you"]
