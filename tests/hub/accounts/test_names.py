from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.accounts.names import MAX_NAME, clean_name, name_key
from hub.errors import InvalidInput


@pytest.mark.parametrize(
    "name", ["Ada", "a", "x" * 64, "Ölaf der Große", "王小明", "می‌خواهم", "👩‍👩‍👧", "O'Brien-Smith", "7"]
)
def test_a_name_of_any_script_is_kept_as_written(name: str) -> None:
    assert clean_name(name) == name


def test_spaces_at_the_ends_go() -> None:
    assert clean_name("\t Ada Lovelace\u00a0\n") == "Ada Lovelace"


@pytest.mark.parametrize("name", ["", "   ", "\u200d", "\u200c \u200d", "\0"])
def test_a_name_without_anything_to_see_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="empty") as caught:
        clean_name(name)
    assert caught.value.field == "name"


@pytest.mark.parametrize(
    "name", ["A\0b", "A\nb", "A\x7fb", "A\u202eb", "A\u00adb", "A\u2028b", "A\ud800b", "A\u061cb"]
)
def test_control_and_direction_characters_are_refused_by_name(name: str) -> None:
    with pytest.raises(InvalidInput, match=f"U\\+{ord(name[1]):04X}"):
        clean_name(name)


def test_a_name_that_is_too_long_is_refused_with_the_limit() -> None:
    with pytest.raises(InvalidInput, match="65 characters; allowed are 1 to 64"):
        clean_name("x" * (MAX_NAME + 1))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "ADA"),
        ("Straße", "STRASSE"),
        ("é", "e\u0301"),
        ("Ａｄａ", "ada"),
        (" ada ", "ada"),
        ("ﬁ", "FI"),
    ],
)
def test_names_that_only_look_different_are_the_same(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@given(st.text())
def test_a_key_is_stable_and_fits_any_database(name: str) -> None:
    key = name_key(name)
    assert name_key(key) == key
    assert "\0" not in key
    key.encode()


@given(st.text(st.characters(codec=None, categories=["Cs", "Cc"])))
def test_even_what_is_no_text_has_a_key(name: str) -> None:
    name_key(name).encode()
