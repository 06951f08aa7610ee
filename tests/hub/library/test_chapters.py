from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.library.chapters import closed, from_description, from_edl, from_file, markers_named
from hub.library.types import Marker, MarkerKind
from hub.media.types import Chapter


def found(chapters: tuple[Chapter, ...]) -> list[tuple[float, float, str]]:
    return [(chapter.start_s, chapter.end_s, chapter.title) for chapter in chapters]


OGM = "CHAPTER01=00:00:00.000\nCHAPTER01NAME=Start\nCHAPTER02=00:01:30.500\nCHAPTER02NAME=Café\n"
FFMETADATA = (
    ";FFMETADATA1\ntitle=A film\n\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=90500\ntitle=Start\n"
    "[CHAPTER]\nTIMEBASE=1/10\nSTART=905\nEND=1200\ntitle=a\\=b\\\nc\n[STREAM]\ntitle=no\n"
    "[CHAPTER]\nTIMEBASE=1/0\nSTART=1\nEND=2\n[CHAPTER]\nSTART=x\nEND=2\n"
)


@pytest.mark.parametrize(
    ("content", "chapters"),
    [
        (OGM, [(0, 90.5, "Start"), (90.5, 90.5, "Café")]),
        (
            "0:00 Start\n01:30 - Middle\n1:02:03.5 End\n",
            [(0, 90, "Start"), (90, 3723.5, "Middle"), (3723.5, 3723.5, "End")],
        ),
        (FFMETADATA, [(0, 90.5, "Start"), (90.5, 120, "a=b c")]),
        ("", []),
        ("nothing with times", []),
    ],
)
def test_chapters_of_a_file(content: str, chapters: list[tuple[float, float, str]]) -> None:
    assert found(from_file(content.encode())) == chapters


def test_the_last_one_ends_with_the_video() -> None:
    chapters = from_file(OGM.encode())
    assert found(closed(chapters, 200))[-1] == (90.5, 200, "Café")
    assert closed(chapters, None) == chapters
    assert closed((), 200) == ()


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("Hi!\n\n0:00 Intro\n1:00 Middle\n2:00 End\n\nThanks at 5 pm", ["Intro", "Middle", "End"]),
        ("(0:00) Intro\n[1:00] - Middle\n• 2:00: End", ["Intro", "Middle", "End"]),
        ("Intro - 0:00\nMiddle (1:00)\nEnd 2:00", ["Intro", "Middle", "End"]),
        ("0:00-1:00 Intro\n1:00 – 2:00 Middle\n2:00-3:00 End", ["Intro", "Middle", "End"]),
        ("0:00 A\n1:00 B", None),
        ("0:01 A\n1:00 B\n2:00 C", None),
        ("0:00 A\n2:00 B\n1:00 C", None),
        ("0:00 A\n0:09 B\n1:00 C", None),
        ("0:00 A\n1:00 B\n2:55 C", None),
        ("0:00 A\n1:00 B\n9:00 C", None),
        ("", None),
    ],
)
def test_time_stamps_in_descriptions_follow_youtubes_rules(text: str, titles: list[str] | None) -> None:
    chapters = from_description(text, 180.0)
    assert [chapter.title for chapter in chapters] == (titles or [])
    if titles:
        assert [(chapter.start_s, chapter.end_s) for chapter in chapters] == [(0, 60), (60, 120), (120, 180)]


@given(st.text("0123456789:.-() aA\n", max_size=200), st.none() | st.floats(0, 1e6))
def test_any_text_gives_chapters_in_order_or_none(text: str, duration_s: float | None) -> None:
    for chapters in (from_description(text, duration_s), from_file(text.encode())):
        starts = [chapter.start_s for chapter in chapters]
        assert starts == sorted(set(starts))
        assert all(chapter.end_s >= chapter.start_s for chapter in chapters)
    from_edl(text.encode())


def test_chapters_called_so_are_markers() -> None:
    titles = ["Intro", "The introduction of tea", "Previously on Lost", "Part 1", "End Credits", "Outro"]
    chapters = [Chapter(start_s=n, end_s=n + 1, title=title) for n, title in enumerate(titles)]
    assert [(marker.kind, marker.start_s) for marker in markers_named(chapters)] == [
        (MarkerKind.INTRO, 0),
        (MarkerKind.RECAP, 2),
        (MarkerKind.CREDITS, 4),
        (MarkerKind.CREDITS, 5),
    ]


def test_an_edl_tells_commercials_intro_and_credits() -> None:
    assert from_edl(b"\xef\xbb\xbf60.5\t90 4\n00:10:00.000 00:12:00 3\n5 6 0\n9 8 5\nrubbish\n") == (
        Marker(kind=MarkerKind.INTRO, start_s=60.5, end_s=90),
        Marker(kind=MarkerKind.COMMERCIAL, start_s=600, end_s=720),
    )
    assert from_edl(b"5 6 0\n") == ()
    assert from_edl(b"TITLE: cut list\n001  AX  V  C\n") is None
