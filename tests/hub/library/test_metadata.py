from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.library.catalogue import MAX_DESCRIPTION
from hub.library.metadata import (
    Metadata,
    NotUnderstood,
    from_info_json,
    from_name,
    from_nfo,
    from_tags,
    merge,
)
from hub.media.types import Chapter, Probe


def day(year: int, month: int = 1, of_month: int = 1) -> datetime:
    return datetime(year, month, of_month, tzinfo=UTC)


def a_probe(tags: dict[str, str]) -> Probe:
    return Probe(
        container="mp4", duration_s=1, bitrate_bps=None, width=None, height=None, streams=(), chapters=(), tags=tags,
        has_cover_art=False,
    )  # fmt: skip


INFO = {
    "title": "From info",
    "description": "Two\nlines\r\nmore",
    "channel": "Channel",
    "uploader": "Uploader",
    "tags": ["a", "b", "A", "", 5],
    "categories": ["Music", "Other"],
    "upload_date": "20240305",
    "webpage_url": "https://www.youtube.com/watch?v=x",
    "chapters": [
        {"start_time": 10, "end_time": 20, "title": "Second"},
        {"start_time": 0.0, "end_time": 10, "title": "First"},
        {"start_time": 30, "end_time": 20, "title": "Backwards"},
        {"start_time": None, "end_time": 20},
        "nonsense",
    ],
}


def test_yt_dlps_info_file() -> None:
    told = from_info_json(json.dumps(INFO).encode())
    assert told == Metadata(
        title="From info",
        description="Two\nlines\nmore",
        channel="Channel",
        category="Music",
        tags=("a", "b"),
        published_at=day(2024, 3, 5),
        chapters=(Chapter(start_s=0, end_s=10, title="First"), Chapter(start_s=10, end_s=20, title="Second")),
    )


def test_fields_of_another_type_are_passed_over_and_the_others_count() -> None:
    odd = {"title": ["x"], "description": 5, "channel": None, "uploader": "U", "tags": "abc", "categories": {},
           "upload_date": 20240305, "timestamp": "soon", "chapters": {}}  # fmt: skip
    assert from_info_json(json.dumps(odd).encode()) == Metadata(channel="U")


def test_the_exact_moment_outranks_the_day() -> None:
    told = from_info_json(b'{"timestamp": 1700000000, "upload_date": "20200101"}')
    assert told.published_at == datetime.fromtimestamp(1_700_000_000, UTC)


@pytest.mark.parametrize("timestamp", ["1e300", "-5", "NaN", "true", "0"])
def test_impossible_moments_are_passed_over(timestamp: str) -> None:
    try:
        told = from_info_json(f'{{"timestamp": {timestamp}, "upload_date": "20200101"}}'.encode())
    except ValueError:
        return  # NaN is no JSON
    assert told.published_at == day(2020)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is no JSON \\("),
        (b"[]", "not an object"),
        (b"null", "not an object"),
        (b'{"title":', "it is no JSON \\("),
        (b"<html>", "it is no JSON \\(.*byte 0"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b'{"title": "T\xfcr"}', "not UTF-8"),
        (b'{"a":' * 50_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_object_is_an_error_with_words(content: bytes, words: str) -> None:
    with pytest.raises(NotUnderstood, match=words) as refused:
        from_info_json(content)
    assert "codec" not in str(refused.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_metadata_or_an_error_with_words(content: bytes) -> None:
    for read in (from_info_json, from_nfo):
        try:
            said: object = read(content)
        except NotUnderstood as error:
            said = str(error)
        assert isinstance(said, Metadata) or str(said).startswith("it")


def test_kodis_file() -> None:
    told = from_nfo(
        b"""<?xml version="1.0" encoding="UTF-8"?><movie><title> The Film </title><plot>It
begins.</plot><studio>Us</studio><genre>Drama</genre><genre>Short</genre><tag>night</tag><tag>Night</tag>
<premiered>2019-05-06</premiered><year>1999</year></movie>"""
    )
    assert told == Metadata(
        title="The Film", description="It\nbegins.", channel="Us", category="Drama", tags=("Short", "night"),
        published_at=day(2019, 5, 6),
    )  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        "<episodedetails><title>Tür</title></episodedetails>\nhttps://example.org/1".encode(),
        "<movie><title>Tür</title></movie><movie><title>Second</title></movie>".encode(),
        '<?xml version="1.0" encoding="iso-8859-1"?><movie><title>Tür</title></movie>'.encode("latin-1"),
        "\ufeff<movie><title>Tür</title></movie>".encode(),
        "<?xml version='1.0' encoding='utf-16'?><movie><title>Tür</title></movie>".encode("utf-16"),
    ],
)
def test_kodis_file_in_the_forms_found_in_the_wild(content: bytes) -> None:
    assert from_nfo(content).title == "Tür"


@pytest.mark.parametrize(
    "content", [b"", b"https://www.imdb.com/title/tt1", b"\xb0\xb1\xb2 RELEASE NOTES \xdb"]
)
def test_other_text_says_nothing(content: bytes) -> None:
    assert from_nfo(content) == Metadata()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<movie><title>x</movie>", r"no well-formed XML \(mismatched tag: line 1"),
        (b"<movie><title>x", "no well-formed XML"),
        (b'<?xml version="1.0" encoding="klingon"?><movie/>', "an encoding that cannot be read here"),
        (b'<?xml version="1.0" encoding="shift_jis"?><movie>\x82\xa0</movie>', "an encoding that cannot be"),
        (b"<movie><title>T\xfcr</title></movie>", "not UTF-8 and does not declare"),
        (b'<!DOCTYPE m [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><movie>&b;</movie>', "declares entities"),
        (b'<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]><movie>&a;</movie>', "declares entities"),
        (b'<!DOCTYPE m [<!ENTITY a "aaaa">]><movie>&a;</movie>https://example.org', "declares entities"),
    ],
)
def test_broken_and_hostile_xml_is_an_error_with_words(content: bytes, words: str) -> None:
    with pytest.raises(NotUnderstood, match=words) as refused:
        from_nfo(content)
    assert "Forbidden" not in str(refused.value)


def test_container_tags() -> None:
    tags = {
        "title": "T",
        "artist": "A",
        "comment": "C",
        "genre": "G",
        "date": "2001-02-03",
        "creation_time": "2020-01-01",
    }
    told = from_tags(a_probe(tags))
    assert told == Metadata(
        title="T", description="C", channel="A", category="G", published_at=day(2001, 2, 3)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024", day(2024)),
        ("2024-05", day(2024, 5)),
        ("20240506", day(2024, 5, 6)),
        ("2024:05:06", day(2024, 5, 6)),
        ("2024-05-06T10:00:00+02:00", datetime(2024, 5, 6, 8, tzinfo=UTC)),
        ("1904-01-01T00:00:00.000000Z", None),
        ("1970-01-01T00:00:00Z", None),
        ("2024-13-45", None),
        ("0000", None),
        ("soon", None),
        ("", None),
    ],
)
def test_dates_in_the_spellings_found_in_the_wild(text: str, expected: datetime | None) -> None:
    assert from_tags(a_probe({"date": text})).published_at == expected


def test_texts_are_made_fit_for_both_databases() -> None:
    told = from_info_json(
        b'{"title": "  a\\u0000b\\tc  ", "description": "x\\u0000y\\u0007", "channel": "\\u0300", "tags": ["\\u0301"]}'
    )
    assert told == Metadata(title="ab c", description="xy")
    long = from_info_json(
        json.dumps({"title": "x" * 9_999, "description": "y" * 99_999, "tags": ["z" * 999] * 3}).encode()
    )
    assert (len(long.title or ""), len(long.description or "")) == (500, 50_000)
    assert [len(tag) for tag in long.tags or ()] == [200]


def test_the_weightier_source_wins_field_by_field() -> None:
    merged = merge(
        (
            Metadata(title="info"),
            Metadata(title="nfo", channel="nfo"),
            Metadata(channel="tags", category="tags"),
            from_name(b"n.mp4"),
        )
    )
    assert merged == Metadata(title="info", channel="nfo", category="tags")
    assert merge((Metadata(), from_name(b"n.mp4"))).title == "n"


def test_a_text_of_megabytes_costs_no_more_than_what_is_kept_of_it() -> None:
    content = msgspec.json.encode({"title": "T", "description": "\u0301\r\n" * 2_500_000})
    began = time.perf_counter()
    description = from_info_json(content).description
    assert time.perf_counter() - began < 1
    assert description is not None
    assert len(description) <= MAX_DESCRIPTION
