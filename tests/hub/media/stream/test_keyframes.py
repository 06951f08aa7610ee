"""Key pictures taken out of segments: what FFmpeg decodes of them, and what damaged ones do."""

from __future__ import annotations

import contextlib
import io
from itertools import pairwise
from typing import Any

import av
import pytest
from av.video.frame import VideoFrame

from hub.media.errors import BrokenMedia
from hub.media.stream.fragments import FragmentWriter
from hub.media.stream.keyframes import key_fragment
from tests.hub.media.stream.test_fragments import B_FRAMES, track_packets
from tests.media import clip_bytes

CLIPS = (
    {"suffix": ".mp4", "audio": None, "video_options": B_FRAMES},
    {"suffix": ".mp4", "audio": None, "video": "hevc"},
    {"suffix": ".mkv", "audio": None, "video": "av1"},
)


def cut(clip: dict[str, Any]) -> tuple[bytes, list[bytes], list[int]]:
    """(init, segments, display times of their first pictures, and last the end) of a clip cut at its key frames."""
    with av.open(io.BytesIO(clip_bytes(seconds=1.2, **clip))) as source:
        packets, scale = track_packets(source.streams[0])
        cuts = [i for i, p in enumerate(packets) if p.is_keyframe] + [len(packets)]
        writer = FragmentWriter(source.streams[0], scale)
        times = [packets[i].pts or 0 for i in cuts[:-1]]
        times.append(max((p.pts or 0) + (p.duration or 0) for p in packets))
        return (
            writer.init,
            [writer.segment(packets[a:b], k) for k, (a, b) in enumerate(pairwise(cuts))],
            times,
        )


def picture(frame: VideoFrame) -> bytes:
    """Its visible samples: rows of planes are padded with whatever was there."""
    pixels: bytes = frame.to_image().tobytes()  # type: ignore[no-untyped-call]
    return pixels


def decoded(data: bytes) -> list[VideoFrame]:
    with av.open(io.BytesIO(data), "r") as made:
        return list(made.decode(video=0))


@pytest.mark.parametrize("clip", CLIPS, ids=["h264", "hevc", "av1"])
def test_a_key_fragment_is_the_first_picture_of_its_segment(clip: dict[str, Any]) -> None:
    init, segments, times = cut(clip)
    keys = [key_fragment(s, end - begin) for s, (begin, end) in zip(segments, pairwise(times), strict=True)]
    frames = decoded(init + b"".join(keys))
    whole = {frame.pts: frame for frame in decoded(init + b"".join(segments))}
    assert [frame.pts for frame in frames] == times[:-1]
    for frame in frames:
        assert picture(frame) == picture(whole[frame.pts])
    assert all(len(key) < len(segment) for key, segment in zip(keys, segments, strict=True))
    with av.open(io.BytesIO(init + b"".join(keys)), "r") as made:
        packets = [p for p in made.demux(video=0) if p.size]
        assert all(p.is_keyframe for p in packets)
        assert [p.duration for p in packets] == [b - a for a, b in pairwise(times)]


def test_what_is_no_segment_of_ours_is_refused() -> None:
    _, (segment, *_), _ = cut(CLIPS[0])
    for length in range(0, len(segment) - 1, 7):
        try:
            key = key_fragment(segment[:length], 1)
        except BrokenMedia:
            continue
        assert len(key) < length  # its first picture was still whole
    for at in range(200):
        bad = segment[:at] + b"\xff" + segment[at + 1 :]
        with contextlib.suppress(BrokenMedia):
            key_fragment(bad, 1)
    with pytest.raises(BrokenMedia):
        key_fragment(b"", 1)
