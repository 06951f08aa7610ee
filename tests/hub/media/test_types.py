from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from hub.media.types import Probe, Stream


def probe(*streams: Stream) -> Probe:
    return Probe(
        container="mkv",
        duration_s=1.0,
        bitrate_bps=None,
        width=None,
        height=None,
        streams=streams,
        chapters=(),
        tags={},
        has_cover_art=False,
    )


def test_the_default_stream_of_a_kind_is_the_one_a_player_uses() -> None:
    found = probe(
        Stream(index=0, kind="video", codec="hevc"),
        Stream(index=1, kind="audio", codec="ac3"),
        Stream(index=2, kind="audio", codec="aac", default=True),
    )

    assert (found.video_codec, found.audio_codec) == ("hevc", "aac")


def test_without_streams_there_are_no_codecs() -> None:
    assert (probe().video_codec, probe().audio_codec) == (None, None)


@pytest.mark.parametrize(
    ("transfer", "hdr"), [("smpte2084", True), ("arib-std-b67", True), ("bt709", False), (None, False)]
)
def test_pq_and_hlg_are_high_dynamic_range(transfer: str | None, hdr: bool) -> None:
    assert Stream(index=0, kind="video", codec="hevc", color_transfer=transfer).is_hdr is hdr


def test_a_probe_survives_json_and_fields_a_later_version_added() -> None:
    original = probe(Stream(index=0, kind="subtitle", codec="subrip", language="eng"))
    stored = msgspec.json.decode(msgspec.json.encode(original))
    stored["invented_later"] = 1
    stored["streams"][0]["invented_later"] = 2

    assert msgspec.convert(stored, Probe) == original


def test_the_hub_loads_neither_ffmpeg_nor_pillow() -> None:
    heavy = ("av", "PIL", "pysubs2", "charset_normalizer")
    script = f"import hub.media.pool, hub.media.demo, sys; print([m for m in {heavy} if m in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert (loaded.stdout.strip(), loaded.stderr) == ("[]", "")
