from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from hub.media import thumbnail
from hub.media.errors import BadPicture, NoPicture, NotMedia, OutputNotWritable
from hub.media.operations import THUMBNAIL_WIDTHS
from hub.media.thumbnail import make_thumbnails, open_picture
from hub.media.types import Thumbnails
from tests.media import clip_bytes, make_clip, path_bytes, picture_bytes

pytestmark = pytest.mark.integration


def make(source: Path, folder: Path, *, poster: Path | None = None) -> Thumbnails:
    return make_thumbnails(
        path_bytes(source),
        path_bytes(folder),
        "t",
        widths=THUMBNAIL_WIDTHS,
        poster=path_bytes(poster) if poster else None,
    )


def picture(folder: Path, width: int) -> Image.Image:
    with Image.open(folder / f"t-{width}.webp") as image:
        assert image.format == "WEBP"
        return image.convert("RGB")


def corner_colours(image: Image.Image) -> list[str]:
    """The dominant primary in each corner: top left, top right, bottom right, bottom left."""
    right, bottom = image.width - 8, image.height - 8
    names = []
    for x, y in ((8, 8), (right, 8), (right, bottom), (8, bottom)):
        mean = ImageStat.Stat(image.crop((x - 4, y - 4, x + 4, y + 4))).mean
        lit = "".join("01"[value > 128] for value in mean)
        names.append({"100": "red", "010": "green", "001": "blue", "111": "white"}.get(lit, lit))
    return names


CORNERS = (
    "color=black,drawbox=x=0:y=0:w=40:h=40:color=red:t=fill"
    ",drawbox=x=iw-40:y=0:w=40:h=40:color=0x00ff00:t=fill"
    ",drawbox=x=iw-40:y=ih-40:w=40:h=40:color=blue:t=fill"
    ",drawbox=x=0:y=ih-40:w=40:h=40:color=white:t=fill"
)


def test_all_widths_are_made_of_a_large_video(tmp_path: Path) -> None:
    made = make(make_clip(tmp_path / "x.mp4", size=(1920, 1080), seconds=0.4), tmp_path)

    assert made.widths == (320, 640, 1280)
    assert [picture(tmp_path, w).size for w in made.widths] == [(320, 180), (640, 360), (1280, 720)]
    assert (made.width, made.height, made.source) == (1280, 720, "frame")
    assert made.color.startswith("#")
    assert len(made.color) == 7


def test_nothing_is_enlarged(tmp_path: Path) -> None:
    made = make(make_clip(tmp_path / "x.mp4", size=(500, 280)), tmp_path)

    assert made.widths == (320, 640)
    assert picture(tmp_path, 640).size == (500, 280)
    assert not (tmp_path / "t-1280.webp").exists()


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        (0, ["red", "green", "blue", "white"]),
        (90, ["white", "red", "green", "blue"]),
        (180, ["blue", "white", "red", "green"]),
        (270, ["green", "blue", "white", "red"]),
    ],
)
def test_the_picture_is_turned_the_right_way(tmp_path: Path, rotation: int, expected: list[str]) -> None:
    clip = make_clip(tmp_path / "x.mov", source=CORNERS, size=(320, 180), rotation=rotation)

    made = make(clip, tmp_path)

    assert corner_colours(picture(tmp_path, 320)) == expected
    assert (made.width > made.height) == (rotation in (0, 180))


def test_samples_that_are_not_square_are_widened(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "x.mkv", size=(180, 144), sample_aspect=Fraction(16, 11))

    make(clip, tmp_path)

    assert picture(tmp_path, 320).size == (262, 144)


def test_a_portrait_video_keeps_its_shape(tmp_path: Path) -> None:
    make(make_clip(tmp_path / "x.mp4", size=(1080, 1920), seconds=0.2, frame_rate=5), tmp_path)

    assert [picture(tmp_path, w).size for w in (320, 640, 1280)] == [(320, 569), (640, 1138), (1080, 1920)]


def test_very_narrow_pictures_stay_within_bounds(tmp_path: Path) -> None:
    made = make(make_clip(tmp_path / "x.mp4", size=(64, 1024), seconds=0.2), tmp_path)

    assert made.widths == (320, 640)
    assert picture(tmp_path, 320).size == (36, 569)


@pytest.mark.parametrize("transfer", [16, 18])
def test_high_dynamic_range_is_not_grey(tmp_path: Path, transfer: int) -> None:
    """The same numbers mean a much stronger colour in PQ or HLG with BT.2020 primaries than in BT.709."""
    saturation = {}
    for color in (None, (transfer, 9, 9)):
        clip = make_clip(
            tmp_path / "x.mkv",
            video="hevc",
            source="color=0x905050",
            pixel_format="yuv420p10le",
            color=color,
            seconds=0.4,
            frame_rate=5,
        )
        make(clip, tmp_path)
        red, green, blue = ImageStat.Stat(picture(tmp_path, 320)).mean
        saturation[color] = (red - max(green, blue)) / red

    assert saturation[None] == pytest.approx(0.44, abs=0.05)
    assert saturation[transfer, 9, 9] > saturation[None] + 0.07


def test_cover_art_is_the_picture_of_a_song(tmp_path: Path) -> None:
    for suffix in (".m4a", ".mp3", ".flac"):
        made = make(make_clip(tmp_path / f"x{suffix}", cover=True), tmp_path)
        assert (made.source, made.width, made.height, made.at_s) == ("cover", 320, 320, None)


def test_audio_without_cover_art_has_no_picture(tmp_path: Path) -> None:
    with pytest.raises(NoPicture, match="audio without cover art"):
        make(make_clip(tmp_path / "x.mp3"), tmp_path)


def test_cover_art_that_is_broken_is_none(tmp_path: Path) -> None:
    data = clip_bytes(".mp3", cover=True)
    (tmp_path / "x.mp3").write_bytes(data.replace(b"IDAT", b"IDXX").replace(b"IHDR", b"IXXX"))

    with pytest.raises(NoPicture):
        make(tmp_path / "x.mp3", tmp_path)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_poster_wins_over_the_video(tmp_path: Path, kind: str) -> None:
    (tmp_path / "poster").write_bytes(picture_bytes(kind, (400, 600)))

    made = make(make_clip(tmp_path / "x.mp4"), tmp_path, poster=tmp_path / "poster")

    assert (made.source, made.poster_problem) == ("poster", None)
    assert picture(tmp_path, 320).size == (320, 480)


def test_a_poster_that_cannot_be_used_is_replaced_by_a_frame_and_the_reason_is_told(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "x.mp4")
    (tmp_path / "text.jpg").write_text("not a picture")

    for poster, why in (
        ("text.jpg", "damaged or in no format"),
        ("gone.jpg", "no such file"),
        (".", "not a regular"),
    ):
        made = make(clip, tmp_path, poster=tmp_path / poster)
        assert made.source == "frame"
        assert made.poster_problem is not None
        assert why in made.poster_problem


def test_a_decompression_bomb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(picture_bytes("PNG", (10, 10)))
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    (tmp_path / "bomb.png").write_bytes(bomb.getvalue())

    with pytest.raises(BadPicture, match="100 million pixels"):
        open_picture(path_bytes(tmp_path / "bomb.png"), 1280)


def test_a_picture_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnail, "_MAX_PICTURE_BYTES", 1 << 20)
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate((1 << 20) + 1)

    with pytest.raises(BadPicture, match="larger than 1 MiB"):
        open_picture(path_bytes(tmp_path / "huge.jpg"), 1280)


def test_a_photograph_is_turned_by_its_exif_and_transparency_becomes_black(tmp_path: Path) -> None:
    upright = Image.new("RGB", (100, 50), "red")
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: turn clockwise
    upright.save(tmp_path / "photo.jpg", exif=exif)
    Image.new("RGBA", (10, 10), (255, 255, 255, 0)).save(tmp_path / "glass.png")

    assert open_picture(path_bytes(tmp_path / "photo.jpg"), 1280).size == (50, 100)
    assert open_picture(path_bytes(tmp_path / "glass.png"), 1280).getpixel((5, 5)) == (0, 0, 0)


def test_the_colour_is_that_of_the_picture(tmp_path: Path) -> None:
    made = make(make_clip(tmp_path / "x.mkv", source="color=0x2060c0"), tmp_path)

    channels = [int(made.color[i : i + 2], 16) for i in (1, 3, 5)]
    assert channels == pytest.approx([0x20, 0x60, 0xC0], abs=6)


def test_what_is_no_media_and_what_cannot_be_written_are_errors(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("text")
    clip = make_clip(tmp_path / "x.mp4")

    with pytest.raises(NotMedia):
        make(tmp_path / "text.mp4", tmp_path)
    with pytest.raises(OutputNotWritable, match="no such file"):
        make(clip, tmp_path / "nowhere")


def test_only_whole_files_are_left(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    clip = make_clip(tmp_path / "x.mp4", size=(640, 360))

    make(clip, folder)
    make(clip, folder)

    assert sorted(p.name for p in folder.iterdir()) == ["t-320.webp", "t-640.webp"]


def test_a_truncated_video_has_a_picture_of_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "x.mkv").write_bytes(clip_bytes(".mkv", seconds=2)[:30_000])

    assert make(tmp_path / "x.mkv", tmp_path).source == "frame"
