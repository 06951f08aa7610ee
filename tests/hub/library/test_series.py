from __future__ import annotations

import pytest

from hub.library.series import Place, after


def place(path: str) -> Place:
    directory, _, name = path.rpartition("/")
    return Place(directory.encode(), name.encode())


SHOW = [
    "Show/Season 1/Show S01E01.mkv",
    "Show/Season 1/Show S01E02 - Two.mkv",
    "Show/Season 1/Show S01E10.mkv",
    "Show/Season 2/Show S02E01.mkv",
    "Show/Season 2/Other S01E03.mkv",
]
ALBUM = ["Trip/IMG_2.mp4", "Trip/IMG_10.mp4", "Trip/IMG_9.mp4", "Trip/sub/IMG_3.mp4"]


@pytest.mark.parametrize(
    ("all_of_them", "current", "following"),
    [
        (SHOW, "Show/Season 1/Show S01E01.mkv", "Show/Season 1/Show S01E02 - Two.mkv"),
        (SHOW, "Show/Season 1/Show S01E02 - Two.mkv", "Show/Season 1/Show S01E10.mkv"),
        (SHOW, "Show/Season 1/Show S01E10.mkv", "Show/Season 2/Show S02E01.mkv"),
        (SHOW, "Show/Season 2/Show S02E01.mkv", None),
        (["a 1x02.avi", "a 1x01.avi", "a 1x10.avi"], "a 1x02.avi", "a 1x10.avi"),
        (
            ["Talk (Part 1).mp4", "Talk (Part 2).mp4", "Walk (Part 3).mp4"],
            "Talk (Part 1).mp4",
            "Talk (Part 2).mp4",
        ),
        (["Talk (Part 2).mp4", "Walk (Part 3).mp4"], "Talk (Part 2).mp4", None),
        (["Staffel 2/01 x.mp4", "Staffel 1/02 x.mp4"], "Staffel 1/02 x.mp4", "Staffel 2/01 x.mp4"),
        (["x/03. b.mp4", "x/1 - a.mp4"], "x/1 - a.mp4", "x/03. b.mp4"),
        (["a.S01E01.1080p.mkv", "a.S01E01.720p.mkv", "a.S01E02.mkv"], "a.S01E01.1080p.mkv", "a.S01E02.mkv"),
        (["Folge 9.mp4", "Folge 10.mp4"], "Folge 9.mp4", "Folge 10.mp4"),
        (ALBUM, "Trip/IMG_2.mp4", "Trip/IMG_9.mp4"),
        (ALBUM, "Trip/IMG_9.mp4", "Trip/IMG_10.mp4"),
        (ALBUM, "Trip/IMG_10.mp4", None),
        (["Alien.mp4", "Brazil.mp4"], "Alien.mp4", None),
        (["2001 A Space Odyssey.mp4", "2010.mp4"], "2001 A Space Odyssey.mp4", None),
    ],
)
def test_what_comes_next(all_of_them: list[str], current: str, following: str | None) -> None:
    expected = None if following is None else place(following)
    assert after(place(current), [place(one) for one in all_of_them]) == expected


def test_names_need_not_be_utf8() -> None:
    places = [Place(b"\xff", b"\xfe s01e02.mp4"), Place(b"\xff", b"\xfe s01e01.mp4")]
    assert after(places[1], places) == places[0]
