from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from av.video.frame import VideoFrame
from PIL import Image

from hub.media.orientation import Orientation
from hub.media.stream.decoding import Picture, pictures
from hub.media.stream.pictures import Converter, deinterlaced
from hub.media.stream.tonemap import Colours, cube
from tests.hub.media.stream.encoding import timeline_of
from tests.media import make_clip, path_bytes

UNSPECIFIED, BT601, BT709, BT2020, PQ, HLG, LIMITED, FULL = 2, 6, 1, 9, 16, 18, 1, 2


def flat(
    samples: tuple[int, int, int],
    pixel_format: str = "yuv420p",
    size: tuple[int, int] = (64, 36),
    *,
    matrix: int = UNSPECIFIED,
    transfer: int = UNSPECIFIED,
    primaries: int = UNSPECIFIED,
    colour_range: int = LIMITED,
) -> VideoFrame:
    """A picture of one colour."""
    frame = VideoFrame(*size, pixel_format)
    for plane, value in zip(frame.planes, samples, strict=True):
        one = value.to_bytes(2, "little") if pixel_format.endswith("le") else bytes([value])
        plane.update(one * (plane.buffer_size // len(one)))
    frame.colorspace, frame.color_trc, frame.color_primaries = matrix, transfer, primaries
    frame.color_range = colour_range
    return frame


def middle(frame: VideoFrame) -> tuple[int, ...]:
    """(Y, Cb, Cr) in the middle."""
    return tuple(
        bytes(plane)[plane.height // 2 * plane.line_size + plane.width // 2] for plane in frame.planes
    )


def close(found: tuple[int, ...], wanted: tuple[int, int, int], tolerance: int = 2) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(found, wanted, strict=True))


# Pure red with 75 % of full level, in the code values of each matrix and range.
@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (flat((51, 109, 212), matrix=BT709), "BT.709 as it is"),
        (flat((65, 100, 212), matrix=BT601), "BT.601 by its tag"),
        (flat((65, 100, 212)), "BT.601 because it is small"),
        (flat((51, 109, 212), size=(1280, 720)), "BT.709 because it is large"),
        (flat((41, 106, 224), matrix=BT709, colour_range=FULL), "full range by its tag"),
        (flat((57, 96, 224), "yuvj420p", matrix=BT601, colour_range=FULL), "full range by its format"),
        (flat((51 * 4, 109 * 4, 212 * 4), "yuv420p10le", matrix=BT709), "ten bits"),
        (flat((51, 109, 212), "yuv422p", matrix=BT709), "4:2:2"),
        (flat((51, 109, 212), "yuv444p", matrix=BT709), "4:4:4"),
        (flat((0, 0, 191), "gbrp", colour_range=FULL), "RGB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_picture_becomes_bt709_in_limited_range(frame: VideoFrame, why: str) -> None:
    converted = Converter(32, 18).convert(frame)

    assert (converted.width, converted.height, converted.format.name) == (32, 18, "yuv420p")
    assert close(middle(converted), (51, 109, 212)), why


def pq(signal: float) -> int:
    """Ten bits of limited range."""
    return round(64 + 876 * signal)


@pytest.mark.parametrize(
    ("transfer", "signal", "wanted"),
    [
        (PQ, 0.0, 16),  # black
        (PQ, 0.5081, 16 + 0.743 * 219),  # 100 nits
        (PQ, 0.5807, 16 + 0.903 * 219),  # 203 nits, the white of subtitles and paper
        (PQ, 0.7518, 235),  # 1,000 nits
        (PQ, 1.0, 235),  # 10,000 nits
        (HLG, 0.0, 16),
        (HLG, 0.75, 16 + 0.903 * 219),  # reference white (BT.2408)
        (HLG, 1.0, 235),
    ],
)
def test_high_dynamic_range_keeps_its_greys_and_fits(transfer: int, signal: float, wanted: float) -> None:
    frame = flat((pq(signal), 512, 512), "yuv420p10le", matrix=BT2020, transfer=transfer, primaries=BT2020)

    assert close(middle(Converter(32, 18).convert(frame)), (round(wanted), 128, 128), 4)


def test_a_wide_gamut_is_brought_to_the_smaller_one() -> None:
    """BT.709's red, 75 % of it, in BT.2020 primaries and matrix."""
    light = [0.6274 * 0.75**2.4, 0.0691 * 0.75**2.4, 0.0164 * 0.75**2.4]
    red, green, blue = (value ** (1 / 2.4) for value in light)
    y = 0.2627 * red + 0.6780 * green + 0.0593 * blue
    frame = flat(
        (round(64 + 876 * y), round(512 + 896 * (blue - y) / 1.8814), round(512 + 896 * (red - y) / 1.4746)),
        "yuv420p10le", matrix=BT2020, transfer=14, primaries=BT2020,
    )  # fmt: skip

    # At the edge of a gamut a table of 33 points is off by a few values; unmapped, it would be by 20.
    assert close(middle(Converter(32, 18).convert(frame)), (51, 109, 212), 8)


def test_colour_tables_rise_from_black_to_white() -> None:
    kinds: tuple[Colours, ...] = ("pq", "hlg", "wide")
    for colours in kinds:
        rows = [[float(number) for number in line.split()] for line in cube(colours).splitlines()[1:]]
        greys = [rows[i * (1 + 33 + 33 * 33)] for i in range(33)]
        assert len(rows) == 33**3
        assert greys[0] == [0, 0, 0]
        assert min(greys[-1]) > 0.999
        assert all(a[1] <= b[1] for a, b in pairwise(greys))


@pytest.mark.parametrize("turn", [None, *Image.Transpose])
def test_pictures_are_turned_as_pillow_does(
    turn: Image.Transpose | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sideways = turn is not None and turn.name in ("ROTATE_90", "ROTATE_270", "TRANSPOSE", "TRANSVERSE")
    monkeypatch.setattr(
        "hub.media.stream.pictures.orientation_of", lambda _: Orientation(90 if sideways else 0, turn)
    )
    image = Image.new("L", (64, 32), 30)
    image.paste(200, (0, 0, 32, 8))
    image.paste(120, (0, 8, 8, 32))
    frame = flat((0, 128, 128), size=(64, 32), matrix=BT709)
    stride = frame.planes[0].line_size
    lines = (image.tobytes()[y * 64 : y * 64 + 64].ljust(stride, b"\0") for y in range(32))
    frame.planes[0].update(b"".join(lines))
    wanted = image if turn is None else image.transpose(turn)

    converted = Converter(*wanted.size).convert(frame)

    plane = converted.planes[0]
    rows = b"".join(bytes(plane)[y * plane.line_size :][: converted.width] for y in range(converted.height))
    assert (
        Image.frombytes("L", wanted.size, rows).resize((16, 16)).tobytes()
        == wanted.resize((16, 16)).tobytes()
    )


def test_pictures_may_change_in_the_middle() -> None:
    converter = Converter(32, 18)
    for frame in (
        flat((51, 109, 212), matrix=BT709),
        flat((65, 100, 212), size=(80, 50)),
        flat((0, 0, 191), "gbrp"),
    ):
        assert close(middle(converter.convert(frame)), (51, 109, 212))


@pytest.fixture(scope="module")
def interlaced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each frame holds two moments, line by line."""
    return make_clip(
        tmp_path_factory.mktemp("clip") / "interlaced.ts",
        seconds=2.0, audio=None, size=(160, 96), video="mpeg2video",
        source="testsrc2,scale=iw:ih/2,weave=first_field=top,setfield=tff",
        video_options=(("flags", "+ildct+ilme"), ("b", "4000000"), ("top", "1"), ("g", "12")),
    )  # fmt: skip


def comb(frame: VideoFrame) -> float:
    """How much each line differs from both its neighbours in the same direction: high where fields are mixed."""
    plane = frame.planes[0]
    rows = [bytes(plane)[y * plane.line_size :][: frame.width] for y in range(frame.height)]
    total = 0
    for above, row, below in zip(rows, rows[1:], rows[2:], strict=False):
        total += sum(max((b - a) * (b - c), 0) > 400 for a, b, c in zip(above, row, below, strict=True))
    return total / (frame.width * frame.height)


def test_fields_are_made_whole_and_no_picture_is_lost(interlaced: Path) -> None:
    timeline = timeline_of(interlaced)

    def decode() -> Iterator[Picture]:
        return pictures(path_bytes(interlaced), timeline, Fraction(0), Fraction(1, 50), lambda: None)

    raw = list(decode())
    whole = list(deinterlaced(decode()))

    assert raw[0].frame.interlaced_frame
    assert [picture.at for picture in whole] == [picture.at for picture in raw]
    assert not any(picture.frame.interlaced_frame for picture in whole)
    assert comb(whole[10].frame) < comb(raw[10].frame) / 4


def test_whole_pictures_are_left_as_they_are(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", seconds=0.4, audio=None)
    with av.open(str(clip)) as container:
        raw = [Picture(frame, Fraction(n, 25)) for n, frame in enumerate(container.decode(video=0))]

    assert [picture.frame for picture in deinterlaced(iter(raw))] == [picture.frame for picture in raw]
