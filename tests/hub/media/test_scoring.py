from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw, ImageFilter

from hub.media.scoring import EXCELLENT, GOOD, score
from tests.media import picture_bytes


def scene() -> Image.Image:
    """A picture with shapes, tones and colours."""
    noise = Image.effect_noise((160, 90), 60).convert("RGB")
    return Image.blend(Image.open(io.BytesIO(picture_bytes(size=(160, 90)))).convert("RGB"), noise, 0.35)


def credits_page() -> Image.Image:
    """White lines on black."""
    image = Image.new("RGB", (160, 90))
    draw = ImageDraw.Draw(image)
    for y in (20, 40, 60):
        draw.rectangle((50, y, 110, y + 2), fill="white")
    return image


def test_a_lively_picture_is_good() -> None:
    assert score(scene()).total > GOOD


@pytest.mark.parametrize("colour", ["black", "white", "#0b0b0b", "#7f7f7f", "#c02020"])
def test_a_blank_picture_is_not(colour: str) -> None:
    assert score(Image.new("RGB", (160, 90), colour)).total < GOOD / 2


def test_credits_are_not() -> None:
    assert score(credits_page()).total < GOOD / 2


def test_sharp_beats_blurred_and_bright_beats_dark() -> None:
    sharp = score(scene()).total
    assert sharp > score(scene().filter(ImageFilter.GaussianBlur(8))).total
    assert sharp > score(Image.eval(scene(), lambda v: v // 8)).total


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (160, 1), (1, 160)])
def test_tiny_pictures_have_a_score_too(size: tuple[int, int]) -> None:
    assert 0 <= score(Image.new("RGB", size, "red")).total < EXCELLENT
