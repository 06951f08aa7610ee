from __future__ import annotations

from typing import Any

import pytest

from hub.errors import InvalidInput
from hub.media.stream.plan import AudioGrid, CopyPlan, VideoGrid
from hub.media.stream.presentation import Presentation, content_id, present
from hub.media.stream.types import CLOCK_HZ, AudioRendition, Rendition, TextRendition, VideoRendition
from tests.hub.media.stream.samples import (
    CONTENT,
    film,
    picture_stream,
    pictures,
    probe_of,
    silent_film,
    song,
    sound,
    sound_stream,
    subtitle_stream,
    timeline_of,
)


def ids(presentation: Presentation) -> list[str]:
    renditions: tuple[Rendition | TextRendition, ...]
    renditions = (*presentation.video, *presentation.audio, *presentation.text)
    return [rendition.id for rendition in renditions]


def test_a_film_has_its_copy_its_ladders_and_its_sound() -> None:
    rungs = [
        f"v{side}-{codec}" for codec in ("h264", "hevc", "av1") for side in (1080, 720, 480, 360, 240, 144)
    ]
    assert ids(film()) == [
        *("v-copy", *rungs),
        *("a1-copy", "a1-aac2", "a1-opus2", "a2-copy", "a2-aac2", "a2-aac6", "a2-opus2"),
        *("s3", "s4", "s5"),
    ]


def test_each_rendition_is_found_by_its_name_and_has_a_plan() -> None:
    presentation = film()
    for rendition_id in [*ids(presentation), "v720-h264-s6", "v144-av1-s6"]:
        found = presentation.find(rendition_id)
        assert found is not None
        assert found.id == rendition_id
        plan = presentation.plan(rendition_id)
        if rendition_id == "v-copy":
            assert isinstance(plan, CopyPlan)
        elif isinstance(found, VideoRendition):
            assert isinstance(plan, VideoGrid)
        elif isinstance(found, AudioRendition):
            assert isinstance(plan, AudioGrid)
        else:
            assert plan is None
    burnt = presentation.find("v720-h264-s6")
    assert isinstance(burnt, VideoRendition)
    assert burnt.burn == 6


@pytest.mark.parametrize(
    "name",
    [
        "v721-h264",
        "v720",
        "v-copy-s6",
        "v720-h264-s3",
        "v720-h264-s06",
        "v720-h264-s6-s6",
        "a1-aac6",
        "a9-aac2",
        "s9",
        "..",
    ],
)
def test_what_a_file_does_not_have_is_not_found_and_named(name: str) -> None:
    assert film().find(name) is None
    assert film().plan(name) is None
    with pytest.raises(InvalidInput, match="no rendition called") as raised:
        film().select(f"v720-h264,{name}")
    assert name in raised.value.message
    assert raised.value.field == "r"


def test_a_selection_keeps_order_and_drops_repetitions() -> None:
    chosen = film().select(" v480-h264, v-copy,a2-copy,s4,v480-h264 ,")
    assert [r.id for r in chosen.video] == ["v480-h264", "v-copy"]
    assert [r.id for r in chosen.audio] == ["a2-copy"]
    assert [r.id for r in chosen.text] == ["s4"]


@pytest.mark.parametrize("nothing", [None, "", " , "])
def test_without_a_selection_everything_a_plain_player_needs_is_offered(nothing: str | None) -> None:
    chosen = film().select(nothing)
    assert [r.id for r in chosen.video] == [f"v{side}-h264" for side in (1080, 720, 480, 360, 240, 144)]
    assert [r.id for r in chosen.audio] == ["a1-aac2", "a2-aac2"]
    assert [r.id for r in chosen.text] == ["s3", "s4", "s5"]
    assert [r.id for r in song().select(nothing).audio] == ["a1-aac2"]
    assert silent_film().select(nothing).audio == ()


def test_texts_alone_do_not_play() -> None:
    with pytest.raises(InvalidInput, match="texts only"):
        film().select("s3")


def test_a_copy_says_what_its_segments_need() -> None:
    copy = film().video[0]
    plan = film().plan("v-copy")
    assert isinstance(plan, CopyPlan)
    for k, size in enumerate(plan.sizes_bytes):
        assert size * 8 <= copy.peak_bps * plan.duration(k) / CLOCK_HZ
    assert 3_200_000 < copy.average_bps < copy.peak_bps < 3_500_000
    assert (copy.codec, copy.codecs, copy.width, copy.height) == ("h264", "avc1.640028", 1920, 1080)


def test_without_sizes_a_copy_goes_by_the_stream() -> None:
    made = present(probe_of(picture_stream()), timeline_of(pictures(key_bytes=())), CONTENT)
    assert (made.video[0].peak_bps, made.video[0].average_bps) == (12_000_000, 6_000_000)


def test_sound_is_named_and_one_stream_is_the_default() -> None:
    by_id = {r.id: r for r in film().audio}
    first, second = by_id["a1-aac2"], by_id["a2-aac6"]
    assert (first.language, first.name, first.is_default) == ("en", "Audio 1", True)
    assert (second.language, second.name, second.is_default) == ("de", 'Kino "5.1"', False)
    assert (second.channels, second.codecs, second.sample_rate_hz) == (6, "mp4a.40.2", 48_000)
    assert (by_id["a2-copy"].codec, by_id["a2-copy"].codecs) == ("ac3", "ac-3")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"copy_problem": "The codec has no place in MP4.", "codecs": None}, "no place in MP4"),
        ({"codecs": None}, "without decoding"),
        ({"keys": (), "key_bytes": ()}, "without decoding"),
        ({"keys": (60 * CLOCK_HZ,), "key_bytes": ()}, "without decoding"),
        ({"keys": (0, 31 * CLOCK_HZ), "key_bytes": ()}, "more than 30 seconds apart"),
    ],
)
def test_pictures_that_cannot_be_copied_say_why(changes: dict[str, Any], why: str) -> None:
    made = present(probe_of(picture_stream()), timeline_of(pictures(**changes)), CONTENT)
    assert made.copy_problem is not None
    assert why in made.copy_problem
    assert made.video[0].id == "v1080-h264"


@pytest.mark.parametrize(
    "changes",
    [
        {"copy_problem": "no"},
        {"codecs": None},
        {"frame_samples": None},
        {"start_samples": 4800},
        {"start_samples": -30_000},
    ],
)
def test_sound_that_cannot_be_copied_is_encoded(changes: dict[str, Any]) -> None:
    made = present(probe_of(sound_stream()), timeline_of(None, sound(**changes)), CONTENT)
    assert ids(made) == ["a1-aac2", "a1-opus2"]


def test_text_tracks_are_not_burnt() -> None:
    streams = (picture_stream(), subtitle_stream(3, "subrip"), subtitle_stream(4, "dvd_subtitle"))
    assert present(probe_of(*streams), timeline_of(pictures()), CONTENT).pictures == (4,)
    assert present(probe_of(*streams[1:]), timeline_of(None, sound()), CONTENT).pictures == ()


def test_high_dynamic_range_is_told() -> None:
    for transfer, expected in (("smpte2084", "PQ"), ("arib-std-b67", "HLG"), ("bt709", "SDR"), (None, "SDR")):
        probe = probe_of(picture_stream(color_transfer=transfer))
        assert present(probe, timeline_of(pictures()), CONTENT).copy_range == expected


def test_content_is_named_by_bytes_and_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    name = content_id("f" * 32, 10)
    assert len(name) == 20
    assert int(name, 16) > 0
    assert name == content_id("f" * 32, 10)
    assert name != content_id("f" * 32, 11)
    assert name != content_id("e" * 32, 10)
    monkeypatch.setattr("hub.media.stream.presentation.RECIPE", 999)
    assert name != content_id("f" * 32, 10)
