from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import msgspec
import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from hub.media.stream.dash import manifest
from hub.media.stream.plan import SegmentPlan
from hub.media.stream.presentation import Presentation
from hub.media.stream.types import TextRendition
from tests.hub.media.stream.samples import CONTENT, film, silent_film, song

NS = "{urn:mpeg:dash:schema:mpd:2011}"


def text_uri(track: TextRendition) -> str:
    return f"/media/1/captions/{track.id}.vtt?token=a&b"


def mpd(presentation: Presentation, ids: str | None = None, *, is_bare: bool = False) -> Element:
    token = None if is_bare else "t&$"
    text = manifest(presentation, presentation.select(ids), token=token, text_uri=text_uri)
    root = fromstring(text)
    assert isinstance(root, Element)
    return root


def segments(representation: Element) -> Iterator[tuple[int, int]]:
    """(start, duration) of each segment of a SegmentTimeline, as ISO/IEC 23009-1 §5.3.9.6 derives them."""
    at: int | None = None
    for s in representation.iter(f"{NS}S"):
        at = int(s.attrib["t"]) if "t" in s.attrib else at
        assert at is not None
        for _ in range(int(s.attrib.get("r", "0")) + 1):
            yield at, int(s.attrib["d"])
            at += int(s.attrib["d"])


def everything(presentation: Presentation) -> str:
    burnt = ["v720-h264-s6"] if presentation.pictures else []
    found = [r.id for r in presentation.video] + [r.id for r in presentation.audio]
    return ",".join([*found, *burnt, *(r.id for r in presentation.text)])


@pytest.mark.parametrize("presentation", [film(), song(), silent_film()], ids=["film", "song", "silent"])
def test_time_lines_are_the_plans(presentation: Presentation) -> None:
    root = mpd(presentation, everything(presentation))
    found = {r.attrib["id"]: r for r in root.iter(f"{NS}Representation")}
    assert set(found) == set(everything(presentation).split(","))
    for name, representation in found.items():
        plan = presentation.plan(name)
        template = representation.find(f"{NS}SegmentTemplate")
        if plan is None:
            assert template is None
            continue
        assert template is not None
        assert_follows(plan, representation, template.attrib)
        assert template.attrib["media"] == f"{name}/$Number$.m4s?token=t%26%24"
        assert template.attrib["initialization"] == f"{name}/init.mp4?token=t%26%24"


def assert_follows(plan: SegmentPlan, representation: Element, template: dict[str, str]) -> None:
    assert (template["timescale"], template["startNumber"]) == (str(plan.clock_hz), "0")
    assert template["presentationTimeOffset"] == str(plan.clock_hz)
    expected = [(plan.start(k), plan.duration(k)) for k in range(plan.count)]
    assert list(segments(representation)) == expected


def test_the_manifest_names_where_it_is_and_how_long() -> None:
    root = mpd(film())
    assert root.tag == f"{NS}MPD"
    assert root.attrib["type"] == "static"
    assert root.attrib["profiles"] == "urn:mpeg:dash:profile:isoff-live:2011"
    base = root.find(f"{NS}BaseURL")
    assert base is not None
    assert base.text == f"../hls/{CONTENT}/"
    match = re.fullmatch(r"PT([0-9.]+)S", root.attrib["mediaPresentationDuration"])
    assert match
    assert float(match[1]) == pytest.approx(60, abs=1024 / 48000)
    assert root.attrib["maxSegmentDuration"] == "PT2.005333S"


def test_sets_by_codec_and_by_sound() -> None:
    root = mpd(film(), "v-copy,v720-h264,v480-h264,v720-av1,a1-aac2,a2-aac2,a2-aac6,s3,s4,s5")
    sets = [
        (
            s.attrib["contentType"],
            s.attrib.get("lang"),
            [r.attrib["id"] for r in s.iter(f"{NS}Representation")],
        )
        for s in root.iter(f"{NS}AdaptationSet")
    ]
    assert sets == [
        ("video", None, ["v720-av1"]),
        ("video", None, ["v720-h264", "v480-h264"]),
        ("video", None, ["v-copy"]),
        ("audio", "en", ["a1-aac2"]),
        ("audio", "de", ["a2-aac2"]),
        ("audio", "de", ["a2-aac6"]),
        ("text", "en", ["s3"]),
        ("text", "de", ["s4"]),
        ("text", "en", ["s5"]),
    ]
    roles = [[r.attrib["value"] for r in s.iter(f"{NS}Role")] for s in root.iter(f"{NS}AdaptationSet")]
    assert roles[3:] == [
        ["main"],
        ["alternate"],
        ["alternate"],
        ["subtitle", "main"],
        ["caption"],
        ["forced-subtitle"],
    ]
    layouts = [c.attrib["value"] for c in root.iter(f"{NS}AudioChannelConfiguration")]
    assert layouts == ["2", "2", "6"]
    texts = [b.text for b in root.iter(f"{NS}BaseURL")][1:]
    assert texts == [f"/media/1/captions/{name}.vtt?token=a&b" for name in ("s3", "s4", "s5")]


def test_pictures_say_what_they_are() -> None:
    found = {r.attrib["id"]: r.attrib for r in mpd(silent_film()).iter(f"{NS}Representation")}
    assert found["v800-h264"] == {
        "id": "v800-h264",
        "mimeType": "video/mp4",
        "codecs": "avc1.640028",
        "bandwidth": found["v800-h264"]["bandwidth"],
        "width": "1920",
        "height": "800",
        "frameRate": "24000/1001",
    }
    by_id = {r.id: r for r in silent_film().video}
    assert all(int(a["bandwidth"]) == by_id[name].peak_bps for name, a in found.items())


def test_without_a_token_addresses_are_bare() -> None:
    template = next(mpd(song(), is_bare=True).iter(f"{NS}SegmentTemplate")).attrib
    assert (template["media"], template["initialization"]) == ("a1-aac2/$Number$.m4s", "a1-aac2/init.mp4")


@given(st.text(), st.text())
def test_any_name_and_language_make_well_formed_xml(name: str, language: str) -> None:
    plain = film()
    audio = tuple(msgspec.structs.replace(a, name=name, language=language) for a in plain.audio)
    text = tuple(msgspec.structs.replace(t, name=name, language=language) for t in plain.text)
    root = mpd(msgspec.structs.replace(plain, audio=audio, text=text))
    labels = [label.text or "" for label in root.iter(f"{NS}Label")]
    assert len(labels) == 5
    if name.isprintable():
        assert labels == [name.strip()] * 5
    for found in root.iter(f"{NS}AdaptationSet"):
        assert re.fullmatch("[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*", found.attrib.get("lang", "en"))
