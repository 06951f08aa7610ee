from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from server.conditions import (
    ByteRange,
    Outcome,
    Unsatisfiable,
    Validators,
    check_preconditions,
    parse_range,
    requested_range,
    whole_seconds,
)

MODIFIED = datetime(2026, 5, 1, 20, 15, 7, tzinfo=UTC)
VALIDATORS = Validators("abc-1f", MODIFIED)
NOW, BEFORE, LATER = (
    format_datetime(MODIFIED + timedelta(seconds=seconds), usegmt=True) for seconds in (0, -1, 1)
)
UNSATISFIABLE = Unsatisfiable.UNSATISFIABLE


def outcome(*headers: tuple[str, str], validators: Validators = VALIDATORS) -> Outcome:
    return check_preconditions(CIMultiDict(headers), validators)


def test_validators_are_written_the_way_they_are_read() -> None:
    assert VALIDATORS.headers() == {"ETag": '"abc-1f"', "Last-Modified": "Fri, 01 May 2026 20:15:07 GMT"}
    assert Validators("x").headers() == {"ETag": '"x"'}
    assert whole_seconds(1_777_666_507_999_999_999) == MODIFIED


# --- preconditions ---------------------------------------------------------------------------------------------


def test_without_conditions_the_request_goes_on() -> None:
    assert outcome() is Outcome.PROCEED


@pytest.mark.parametrize(
    "value",
    ['"abc-1f"', 'W/"abc-1f"', "*", '"x", "abc-1f"', '"x","y" , W/"abc-1f"', '"a,b", "abc-1f"', ' "abc-1f" '],
)
def test_a_known_tag_means_not_modified(value: str) -> None:
    assert outcome(("If-None-Match", value)) is Outcome.NOT_MODIFIED


@pytest.mark.parametrize("value", ['"abc"', 'W/"x"', "abc-1f", '"*"', "", '"abc-1f', 'w/"abc-1f"'])
def test_an_unknown_or_malformed_tag_does_not(value: str) -> None:
    assert outcome(("If-None-Match", value)) is Outcome.PROCEED


def test_a_list_may_come_in_several_header_lines() -> None:
    assert outcome(("If-None-Match", '"x"'), ("If-None-Match", '"abc-1f"')) is Outcome.NOT_MODIFIED


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"abc-1f"', Outcome.PROCEED),
        ("*", Outcome.PROCEED),
        ('"x", "abc-1f"', Outcome.PROCEED),
        ('W/"abc-1f"', Outcome.FAILED),
        ('"x"', Outcome.FAILED),
        ("nonsense", Outcome.FAILED),
    ],
)
def test_if_match_compares_strongly(value: str, expected: Outcome) -> None:
    assert outcome(("If-Match", value)) is expected


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [
        ("If-Modified-Since", BEFORE, Outcome.PROCEED),
        ("If-Modified-Since", NOW, Outcome.NOT_MODIFIED),
        ("If-Modified-Since", LATER, Outcome.NOT_MODIFIED),
        ("If-Modified-Since", "Friday, 01-May-26 20:15:07 GMT", Outcome.NOT_MODIFIED),
        ("If-Modified-Since", "Fri May  1 20:15:07 2026", Outcome.NOT_MODIFIED),
        ("If-Modified-Since", "yesterday", Outcome.PROCEED),
        ("If-Modified-Since", "Fri, 99 May 2026 20:15:07 GMT", Outcome.PROCEED),
        ("If-Modified-Since", "", Outcome.PROCEED),
        ("If-Unmodified-Since", BEFORE, Outcome.FAILED),
        ("If-Unmodified-Since", NOW, Outcome.PROCEED),
        ("If-Unmodified-Since", LATER, Outcome.PROCEED),
        ("If-Unmodified-Since", "yesterday", Outcome.PROCEED),
    ],
)
def test_dates_compare_to_the_second(header: str, value: str, expected: Outcome) -> None:
    assert outcome((header, value)) is expected


def test_a_tag_outweighs_a_date() -> None:
    assert outcome(("If-None-Match", '"x"'), ("If-Modified-Since", LATER)) is Outcome.PROCEED
    assert outcome(("If-Match", '"abc-1f"'), ("If-Unmodified-Since", BEFORE)) is Outcome.PROCEED
    assert outcome(("If-Match", '"x"'), ("If-None-Match", '"abc-1f"')) is Outcome.FAILED


def test_dates_say_nothing_of_what_has_no_date() -> None:
    undated = Validators("abc-1f")
    assert outcome(("If-Modified-Since", LATER), validators=undated) is Outcome.PROCEED
    assert outcome(("If-Unmodified-Since", BEFORE), validators=undated) is Outcome.PROCEED
    assert outcome(("If-None-Match", '"abc-1f"'), validators=undated) is Outcome.NOT_MODIFIED


@given(st.sampled_from(["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"]), st.text())
def test_no_header_breaks_it(header: str, value: str) -> None:
    assert outcome((header, value)) in Outcome


# --- ranges ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=0-99", (0, 100)),
        ("bytes=0-100000", (0, 100)),
        ("bytes=99-", (99, 100)),
        ("bytes=10-19", (10, 20)),
        ("bytes=-1", (99, 100)),
        ("bytes=-100", (0, 100)),
        ("bytes=-1000", (0, 100)),
        ("Bytes=1-2", (1, 3)),
        ("bytes= 1-2 ", (1, 3)),
        ("bytes=1-2,", (1, 3)),
        ("bytes=, ,1-2", (1, 3)),
        ("bytes=00001-00002", (1, 3)),
        ("bytes=1-" + "9" * 5000, (1, 100)),
        ("bytes=-" + "9" * 5000, (0, 100)),
    ],
)
def test_a_range_is_understood(header: str, expected: tuple[int, int]) -> None:
    assert parse_range(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=" + "9" * 5000 + "-"])
def test_a_range_behind_the_end_is_unsatisfiable(header: str) -> None:
    assert parse_range(header, 100) is UNSATISFIABLE


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=1",
        "bytes=2-1",
        "bytes=1-2-3",
        "bytes=--5",
        "bytes=+1-2",
        "bytes=0x1-2",
        "bytes=1 - 2",
        "bytes=١-٢",
        "bytes:1-2",
        "lines=1-2",
        "seconds=0-10",
        "bytes=0-1,5-6",
        "bytes=0-,-5",
        "bytes=0-0,200-",
    ],
)
def test_other_units_malformed_and_several_ranges_are_ignored(header: str) -> None:
    assert parse_range(header, 100) is None


def test_an_empty_file_has_no_bytes_to_ask_for() -> None:
    assert parse_range("bytes=0-", 0) is UNSATISFIABLE
    assert parse_range("bytes=-5", 0) is None


@given(st.binary(max_size=200), st.integers(0, 300), st.none() | st.integers(0, 300))
def test_a_range_is_what_a_slice_is(data: bytes, first: int, last: int | None) -> None:
    found = parse_range(f"bytes={first}-{'' if last is None else last}", len(data))
    if last is not None and last < first:
        assert found is None
    elif first >= len(data):
        assert found is UNSATISFIABLE
    else:
        assert isinstance(found, ByteRange)
        expected = data[first:] if last is None else data[first : last + 1]
        assert data[found.start : found.end] == expected
        assert found.size == len(expected) > 0


@given(st.binary(min_size=1, max_size=200), st.integers(1, 300))
def test_a_suffix_is_what_a_negative_slice_is(data: bytes, length: int) -> None:
    found = parse_range(f"bytes=-{length}", len(data))
    assert isinstance(found, ByteRange)
    assert data[found.start : found.end] == data[-length:]


@given(st.text() | st.from_regex(r"bytes=[0-9,\- ]*"), st.integers(0, 2**70))
def test_any_range_lies_inside_the_file(header: str, size_bytes: int) -> None:
    found = parse_range(header, size_bytes)
    if isinstance(found, ByteRange):
        assert 0 <= found.start < found.end <= size_bytes


# --- If-Range --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ['"abc-1f"', NOW, f" {NOW} "])
def test_a_present_validator_lets_a_range_through(value: str) -> None:
    headers = CIMultiDict({"Range": "bytes=1-2", "If-Range": value})
    assert requested_range(headers, VALIDATORS, 100) == (1, 3)


@pytest.mark.parametrize(
    "value", ['"x"', 'W/"abc-1f"', "abc-1f", BEFORE, LATER, "nonsense", "", '"x", "abc-1f"', "*"]
)
def test_a_stale_validator_asks_for_the_whole(value: str) -> None:
    for span in ("bytes=1-2", "bytes=1000-"):
        headers = CIMultiDict({"Range": span, "If-Range": value})
        assert requested_range(headers, VALIDATORS, 100) is None


def test_if_range_without_a_range_means_nothing() -> None:
    assert requested_range(CIMultiDict({"If-Range": '"abc-1f"'}), VALIDATORS, 100) is None
    assert requested_range(CIMultiDict(), VALIDATORS, 100) is None


def test_a_date_is_no_validator_of_what_has_no_date() -> None:
    headers = CIMultiDict({"Range": "bytes=1-2", "If-Range": NOW})
    assert requested_range(headers, Validators("abc-1f"), 100) is None
