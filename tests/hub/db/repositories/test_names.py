"""Keys that titles are sorted by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.db.repositories.names import sort_key


@pytest.mark.parametrize(
    "titles",
    [
        ["Part 2", "Part 10", "part 100"],
        ["9084", "69951", "96819"],
        ["Episode 007", "Episode 8", "Episode 09"],
        ["S1E2", "S1E10", "S2E1"],
        ["第2話", "第10話"],
        ["Folge ٢", "Folge 3", "Folge １０"],
        ["1 Zebra", "Ant"],
    ],
)
def test_titles_sort_as_people_count(titles: list[str]) -> None:
    keys = [sort_key(title) for title in titles]
    assert keys == sorted(keys)


def test_case_accents_and_leading_zeros_do_not_tell_titles_apart() -> None:
    assert sort_key("Épisode 01") == sort_key("episode 1")


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_numbers_compare_as_numbers(a: int, b: int) -> None:
    assert (sort_key(f"x{a}y") < sort_key(f"x{b}y")) == (a < b)


@given(st.text(max_size=200))
def test_every_text_has_a_key(text: str) -> None:
    assert isinstance(sort_key(text), str)
