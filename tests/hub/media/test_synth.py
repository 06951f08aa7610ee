from __future__ import annotations

import io
from pathlib import Path

import av
import pytest
from PIL import Image

from hub.media.probe import probe
from hub.media.synth import first_picture
from tests.media import clip_bytes, make_clip, path_bytes, unique_clip_bytes


def test_the_same_clip_has_the_same_bytes_and_another_seed_others() -> None:
    first = clip_bytes(".mkv", seconds=0.4)
    clip_bytes.cache_clear()

    assert clip_bytes(".mkv", seconds=0.4) == first
    assert clip_bytes(".mkv", seconds=0.4, seed=1) != first


def test_thousands_of_distinct_files_cost_next_to_nothing(tmp_path: Path) -> None:
    clips = {unique_clip_bytes(n) for n in range(5_000)}

    assert len(clips) == 5_000
    assert max(map(len, clips)) < 4_000
    (tmp_path / "x.mp4").write_bytes(clips.pop())
    found = probe(path_bytes(tmp_path / "x.mp4"))
    assert (found.video_codec, found.truncated) == ("h264", False)


def test_pictures_and_sound_are_interleaved(tmp_path: Path) -> None:
    """A player that reads from the front must not have to wait for one of them."""
    positions: dict[str, float] = {}
    with av.open(str(make_clip(tmp_path / "x.ts", seconds=3))) as container:
        for packet in container.demux():
            if packet.pts is not None:
                positions[packet.stream.type] = float(packet.pts * packet.time_base)
                if len(positions) == 2:
                    assert abs(positions["video"] - positions["audio"]) < 1.2


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_captions_are_embedded_where_a_player_finds_them(tmp_path: Path, suffix: str) -> None:
    clip = make_clip(tmp_path / f"x{suffix}", captions=((0.1, 0.9, "Grüße"),), caption_language="deu")

    (captions,) = (s for s in probe(path_bytes(clip)).streams if s.kind == "subtitle")
    assert captions.codec == {".mp4": "mov_text", ".mkv": "subrip", ".webm": "webvtt"}[suffix]
    assert captions.language in ("deu", "ger")
    assert "Grüße".encode() in clip.read_bytes()


def test_the_first_picture_of_a_source_is_a_png() -> None:
    with Image.open(io.BytesIO(first_picture((("testsrc2", "size=64x48:rate=5"),)))) as image:
        assert (image.format, image.size) == ("PNG", (64, 48))
