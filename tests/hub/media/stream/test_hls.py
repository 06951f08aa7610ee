from __future__ import annotations

import json
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.media.stream.hls import (
    address,
    durations_s,
    key_frame_playlist,
    master_playlist,
    media_playlist,
    text_playlist,
)
from hub.media.stream.plan import AudioGrid, CopyPlan, SegmentPlan, VideoGrid
from hub.media.stream.presentation import Presentation, present
from hub.media.stream.types import CLOCK_HZ, SEGMENT_S
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
    timeline_of,
)

WEB = Path(__file__).parents[4] / "server/web/package.json"
NODE = Path(sys.executable).parent / "node"
NASTY = ('"', "\n#EXT-X-ENDLIST", ",NAME=x", "\x00\x1b\u2028", "", "  ", "🎬 Kommentar", "a" * 5000)


def strictly(*playlists: str) -> list[dict[str, Any]]:
    """What hls-parser in strict mode reads in each; fails on the first that it does not accept."""
    done = subprocess.run(
        [NODE, Path(__file__).with_name("hls_strict.cjs"), WEB],
        input=json.dumps(playlists),
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    results: list[dict[str, Any]] = json.loads(done.stdout)
    for text, result in zip(playlists, results, strict=True):
        assert "error" not in result, f"{result['error']}\n{text[:3000]}"
    return [result["playlist"] for result in results]


def master(presentation: Presentation, ids: str | None = None, *, key_frames: bool = True) -> str:
    return master_playlist(presentation, presentation.select(ids), token="t/+ö&=", key_frames=key_frames)


def attributes(line: str) -> dict[str, str]:
    return dict(re.findall(r'([A-Z-]+)=("[^"]*"|[^,]*)', line.partition(":")[2]))


def test_the_films_master_playlist_to_the_letter() -> None:
    presentation = film()
    text = master_playlist(
        presentation, presentation.select("v-copy,a1-copy,a2-copy,s3"), token="abc", key_frames=False
    )
    base = CONTENT
    copy, aac, ac3 = (presentation.find(name) for name in ("v-copy", "a1-copy", "a2-copy"))
    peaks = [r.peak_bps for r in (copy, aac, ac3)]  # type: ignore[union-attr]
    means = [r.average_bps for r in (copy, aac, ac3)]  # type: ignore[union-attr]
    common = 'RESOLUTION=1920x1080,FRAME-RATE=25.000,VIDEO-RANGE=SDR,AUDIO={},SUBTITLES="text",CLOSED-CAPTIONS=NONE'
    index = 'index.m3u8?token=abc"'
    media = (
        '#EXT-X-MEDIA:TYPE={},GROUP-ID="{}",LANGUAGE="{}",NAME="{}",DEFAULT=YES,AUTOSELECT=YES,{}/' + index
    )
    assert text.splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        media.format("AUDIO", "mp4a.40.2", "en", "Audio 1", f'CHANNELS="2",URI="{base}/a1-copy'),
        media.format("AUDIO", "ac-3", "de", "Kino ”5.1”", f'CHANNELS="6",URI="{base}/a2-copy'),
        media.format("SUBTITLES", "text", "en", "English", f'FORCED=NO,URI="{base}/s3'),
        f"#EXT-X-STREAM-INF:BANDWIDTH={peaks[0] + peaks[1]},AVERAGE-BANDWIDTH={means[0] + means[1]},"
        'CODECS="avc1.640028,mp4a.40.2",' + common.format('"mp4a.40.2"'),
        f"{base}/v-copy/index.m3u8?token=abc",
        f"#EXT-X-STREAM-INF:BANDWIDTH={peaks[0] + peaks[2]},AVERAGE-BANDWIDTH={means[0] + means[2]},"
        'CODECS="avc1.640028,ac-3",' + common.format('"ac-3"'),
        f"{base}/v-copy/index.m3u8?token=abc",
    ]


def test_a_media_playlist_to_the_letter() -> None:
    assert media_playlist(VideoGrid((24000, 1001), 5 * CLOCK_HZ), token="a b").splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-TARGETDURATION:2",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-MAP:URI="init.mp4?token=a+b"',
        "#EXTINF:2.002000,",
        "0.m4s?token=a+b",
        "#EXTINF:2.002000,",
        "1.m4s?token=a+b",
        "#EXTINF:1.001000,",
        "2.m4s?token=a+b",
        "#EXT-X-ENDLIST",
    ]


@pytest.mark.integration
def test_strict_outside_parser_accepts_every_kind_of_master_playlist() -> None:
    everything = film()
    all_ids = ",".join(
        [r.id for r in everything.video] + [r.id for r in everything.audio] + [r.id for r in everything.text]
    )
    texts = {
        "default": master(everything),
        "everything": master(everything, all_ids),
        "burnt": master(everything, "v720-h264-s6,a2-aac6"),
        "copy": master(everything, "v-copy,a1-copy", key_frames=False),
        "song": master(song()),
        "languages": master(two_songs(), "a1-aac2,a2-aac2"),
        "silent": master(silent_film()),
    }
    read = dict(zip(texts, strictly(*texts.values()), strict=True))
    assert all(playlist["isMasterPlaylist"] for playlist in read.values())
    assert all(playlist["independentSegments"] and playlist["version"] == 7 for playlist in read.values())
    kinds = {name: [v["isIFrameOnly"] for v in playlist["variants"]] for name, playlist in read.items()}
    assert kinds["default"] == [False] * 6 + [True]
    assert kinds["everything"] == [False] * 19 * 4 + [True]
    assert kinds["copy"] == [False]
    assert kinds["song"] == [False]
    assert kinds["silent"] == [False] * len(silent_film().select(None).video) + [True]
    variant = read["default"]["variants"][0]
    assert (variant["resolution"], variant["frameRate"]) == ({"width": 1920, "height": 1080}, 25)
    assert [track["language"] for track in variant["audio"]] == ["en", "de"]
    assert [track["isDefault"] for track in variant["audio"]] == [True, False]
    assert len(variant["subtitles"]) == 3
    assert [track["name"] for track in variant["subtitles"]] == ["English", "Deutsch ”gehörlos”", "English 2"]


def two_songs() -> Presentation:
    return present(
        probe_of(sound_stream(), sound_stream(2, language="und")),
        timeline_of(None, sound(), sound(2)),
        CONTENT,
    )


PLANS: tuple[SegmentPlan, ...] = (
    VideoGrid((24000, 1001), 7200 * CLOCK_HZ),
    VideoGrid((60000, 1001), 61 * CLOCK_HZ + 7),
    VideoGrid((25, 1), 1),
    AudioGrid(44_100, 1152, -529, 44_100 * 77),
    AudioGrid(48_000, 1024, 0, 1),
    CopyPlan((0, 2 * CLOCK_HZ, 7 * CLOCK_HZ + 45_000, 7 * CLOCK_HZ + 45_001)),
    CopyPlan((7_507, 225_001, 27 * CLOCK_HZ)),
)


@pytest.mark.integration
def test_strict_outside_parser_accepts_every_kind_of_media_playlist() -> None:
    texts = [media_playlist(plan, token="x") for plan in PLANS]
    keys = [key_frame_playlist(plan, token="x") for plan in PLANS]
    words = text_playlist(7199.9999, "../../../captions/en.vtt?token=x&hls=1")
    *read, text = strictly(*texts, *keys, words)
    for plan, playlist in zip((*PLANS, *PLANS), read, strict=True):
        assert playlist["endlist"]
        assert playlist["playlistType"] == "VOD"
        assert playlist["targetDuration"] >= max(round(s["duration"]) for s in playlist["segments"])
        assert len(playlist["segments"]) == plan.count
        total = sum(segment["duration"] for segment in playlist["segments"])
        assert total == pytest.approx(float(plan.end_s(plan.count - 1)), abs=1e-5)
        assert playlist["segments"][0]["map"]["uri"] == "init.mp4?token=x"
    assert [p.get("isIFrame", False) for p in read] == [False] * len(PLANS) + [True] * len(PLANS)
    assert text["segments"][0]["duration"] == pytest.approx(7200)
    assert text["targetDuration"] == 7200


@pytest.mark.integration
def test_names_out_of_files_cannot_break_out_of_their_quotes() -> None:
    texts = []
    for name in NASTY:
        plain = film()
        tracks = tuple(msgspec.structs.replace(t, name=name, language=name) for t in plain.text)
        sounds = tuple(msgspec.structs.replace(a, name=name, language=name or None) for a in plain.audio)
        texts.append(master(msgspec.structs.replace(plain, audio=sounds, text=tracks)))
    for text, playlist in zip(texts, strictly(*texts), strict=True):
        assert len(text.splitlines()) == len(master(film()).splitlines())
        assert len(playlist["variants"]) == 7
        variant = playlist["variants"][0]
        for kind, number in (("audio", 2), ("subtitles", 3)):
            assert len({track["name"] for track in variant[kind]}) == number


@given(st.text(), st.text())
@example('"', "\r\n#EXT")
def test_any_name_stays_on_its_line(name: str, language: str) -> None:
    plain = film()
    sounds = tuple(msgspec.structs.replace(a, name=name, language=language) for a in plain.audio)
    text = master(msgspec.structs.replace(plain, audio=sounds))
    lines = [line for line in text.split("\n") if line.startswith("#EXT-X-MEDIA:TYPE=AUDIO")]
    assert len(text.splitlines()) == len(master(plain).splitlines())
    assert len(lines) == 2
    assert all(line.count('"') % 2 == 0 for line in lines)
    assert all(attributes(line)["NAME"] != '""' for line in lines)


def test_every_address_carries_the_token_and_nothing_else() -> None:
    for text in (
        master(film()),
        media_playlist(PLANS[1], token="t/+ö&="),
        key_frame_playlist(PLANS[5], token="t/+ö&="),
    ):
        found = re.findall(r'URI="([^"]+)"', text) + [u for u in text.splitlines() if not u.startswith("#")]
        assert len(found) > 2
        assert all(uri.endswith("?token=t%2F%2B%C3%B6%26%3D") and uri.count("?") == 1 for uri in found)
    assert address("a/b.m4s", None) == "a/b.m4s"
    assert address("ä b", None) == "%C3%A4%20b"


def test_sound_alone_is_its_own_variant() -> None:
    assert "EXT-X-MEDIA" not in master(song())
    assert master(song()).splitlines()[-1].startswith(f"{CONTENT}/a1-aac2/index.m3u8")
    both = master(two_songs(), "a1-aac2,a2-aac2")
    assert both.count("#EXT-X-MEDIA") == 2
    assert 'LANGUAGE="und"' not in both
    assert both.count("#EXT-X-STREAM-INF") == 1


def test_no_language_is_lost_by_choosing_surround() -> None:
    text = master(film(), "v720-h264,v480-h264,a1-copy,a2-aac2,a2-aac6,a1-opus2")
    tracks = [attributes(line) for line in text.splitlines() if line.startswith("#EXT-X-MEDIA")]
    assert [(t["GROUP-ID"], t["LANGUAGE"], t["CHANNELS"], t["DEFAULT"]) for t in tracks] == [
        ('"mp4a.40.2-stereo"', '"en"', '"2"', "YES"),
        ('"mp4a.40.2-stereo"', '"de"', '"2"', "NO"),
        ('"mp4a.40.2-surround"', '"en"', '"2"', "YES"),
        ('"mp4a.40.2-surround"', '"de"', '"6"', "NO"),
        ('"opus"', '"en"', '"2"', "YES"),
    ]
    variants = [attributes(line) for line in text.splitlines() if line.startswith("#EXT-X-STREAM-INF")]
    assert len(variants) == 6


def test_high_dynamic_range_belongs_to_the_copy_alone() -> None:
    plain = present(probe_of(picture_stream(color_transfer="smpte2084")), timeline_of(pictures()), CONTENT)
    lines = [attributes(li) for li in master(plain, "v-copy,v720-h264").splitlines() if "STREAM-INF" in li]
    assert [line["VIDEO-RANGE"] for line in lines] == ["PQ", "SDR", "SDR"]


@given(
    st.tuples(st.integers(1, 60_000), st.integers(1, 1001)).filter(lambda r: Fraction(*r) * SEGMENT_S >= 1),
    st.integers(1, 600 * CLOCK_HZ),
)
def test_durations_add_up_to_media_time(rate: tuple[int, int], end_ticks: int) -> None:
    plan = VideoGrid(rate, end_ticks)
    durations = durations_s(plan)
    assert len(durations) == plan.count
    assert all(duration > 0 for duration in durations)
    for k in (0, plan.count // 2, plan.count - 1):
        assert abs(sum(durations[: k + 1]) - plan.end_s(k)) <= Fraction(1, 2_000_000)
    target = int(re.search(r"TARGETDURATION:(\d+)", media_playlist(plan, token=None))[1])  # type: ignore[index]
    assert target >= max(durations) - Fraction(1, 2)


def test_playlist_time_is_media_time_even_where_the_track_begins_elsewhere() -> None:
    late = CopyPlan((9_000, 3 * CLOCK_HZ, 5 * CLOCK_HZ))
    assert durations_s(late) == [3, 2]
    early = AudioGrid(48_000, 1024, -1024, 48_000 * 3)
    assert sum(durations_s(early)) == pytest.approx(float(early.end_s(early.count - 1)), abs=1e-6)
    priming = AudioGrid(48_000, 1024, -1024, 0)
    assert durations_s(priming) == [Fraction(21_333, 1_000_000)]
