from __future__ import annotations

import re

import pytest

from hub.accounts.setup_code import is_same, new_code


def test_codes_are_two_groups_of_four_without_look_alikes() -> None:
    codes = {new_code() for _ in range(500)}
    assert len(codes) == 500
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", code) for code in codes)


def test_every_letter_of_the_alphabet_is_used() -> None:
    assert len(set("".join(new_code() for _ in range(500))) - {"-"}) == 32


@pytest.mark.parametrize(
    "typed",
    [
        "70A1-KMZT",
        "70a1-kmzt",
        "70A1KMZT",
        " 70A1 KMZT\n",
        "7OAI-KMZT",
        "7oal-kmzt",
        "70A1–KMZT",
        "7 0 A 1 - K M Z T",
    ],
)
def test_what_people_type_is_understood(typed: str) -> None:
    assert is_same(typed, "70A1-KMZT")


@pytest.mark.parametrize(
    "typed",
    ["", "-", "70A1", "70A1-KMZ", "70A1-KMZTT", "70A1-KMZS", "070A1-KMZT", "70A1-KMZ\ud800", "七〇A1-KMZT"],
)
def test_anything_else_is_not_the_code(typed: str) -> None:
    assert not is_same(typed, "70A1-KMZT")
