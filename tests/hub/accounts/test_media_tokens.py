from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from hub.accounts.media_tokens import read, sign

KEY = bytes(range(32))
USER, VIDEO = "01J8Z3V6Q0AAAAAAAAAAAAAAAA", "01J8Z3V6Q0BBBBBBBBBBBBBBBB"
EXPIRY = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_token_says_whose_it_is_and_when_it_ends() -> None:
    said = read(KEY, sign(KEY, USER, VIDEO, EXPIRY), VIDEO)
    assert said == (USER, int(EXPIRY.timestamp()))


def test_a_token_is_short_and_needs_no_escaping_in_a_url() -> None:
    token = sign(KEY, USER, VIDEO, EXPIRY)
    assert len(token) == 52
    assert token.replace("-", "").replace("_", "").isalnum()


def test_a_token_does_not_open_another_video_or_hub() -> None:
    token = sign(KEY, USER, VIDEO, EXPIRY)
    assert read(KEY, token, USER) is None
    assert read(KEY, token, VIDEO + "A") is None
    assert read(bytes(32), token, VIDEO) is None


@given(st.integers(0, 51), st.characters(codec="utf-8"))
def test_any_changed_character_spoils_it(place: int, character: str) -> None:
    token = sign(KEY, USER, VIDEO, EXPIRY)
    changed = token[:place] + character + token[place + 1 :]
    assert (read(KEY, changed, VIDEO) is None) == (changed != token)


@given(st.text())
def test_no_text_is_a_token_by_chance(text: str) -> None:
    assert read(KEY, text, VIDEO) is None


@given(
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=16, max_size=16),
    st.integers(0, 2**40),
)
def test_what_is_signed_is_read(user: bytes, video: bytes, expiry_s: int) -> None:
    user_id, video_id = str(ULID.from_bytes(user)), str(ULID.from_bytes(video))
    expires_at = datetime.fromtimestamp(expiry_s % 2**37, UTC)
    said = read(KEY, sign(KEY, user_id, video_id, expires_at), video_id)
    assert said == (user_id, int(expires_at.timestamp()))
