"""How well a picture would represent its video: not black, not blank, not blurred, not a page of credits."""

from __future__ import annotations

from typing import NamedTuple

from PIL import Image, ImageFilter, ImageStat

GOOD = 0.55
"""Below this a picture is dark, empty or blurred."""
EXCELLENT = 0.8
"""From here on looking further is not worth the time."""

_LAPLACIAN = ImageFilter.Kernel((3, 3), (0, -1, 0, -1, 4, -1, 0, -1, 0), scale=1, offset=128)


class Score(NamedTuple):
    """What was measured, each between 0 (useless) and 1."""

    exposure: float
    """How little of the picture is black or white."""
    contrast: float
    """Standard deviation of the luma, 1 from a quarter of the range on."""
    detail: float
    """Entropy of the luma histogram: how many different tones."""
    sharpness: float
    """Edge energy: variance of the Laplacian, on a scale without upper end."""
    colour: float
    """Mean saturation."""

    @property
    def total(self) -> float:
        """0 to 1. Exposure multiplies: a black picture is useless however sharp its grain."""
        return self.exposure * (
            0.3 * self.contrast + 0.3 * self.detail + 0.25 * self.sharpness + 0.15 * self.colour
        )


def score(image: Image.Image) -> Score:
    """Score of an RGB picture; small ones (some 160 pixels wide) are enough and fast."""
    luma = image.convert("L")
    histogram = luma.histogram()
    pixels = luma.width * luma.height
    dark, bright = sum(histogram[:20]) / pixels, sum(histogram[245:]) / pixels
    edges = luma.filter(_LAPLACIAN)
    if min(edges.size) > 2:
        edges = edges.crop(
            (1, 1, edges.width - 1, edges.height - 1)
        )  # the filter leaves the border as it was
    laplacian_variance = ImageStat.Stat(edges).var[0]
    saturation = ImageStat.Stat(image.convert("HSV").getchannel("S")).mean[0] / 255
    return Score(
        exposure=_falling(dark, 0.5, 0.95) * _falling(bright, 0.4, 0.9),
        contrast=min(1.0, ImageStat.Stat(luma).stddev[0] / 64),
        detail=min(1.0, luma.entropy() / 7.5),
        sharpness=laplacian_variance / (laplacian_variance + 250),
        colour=min(1.0, saturation * 2),
    )


def _falling(value: float, full: float, none: float) -> float:
    """1 up to `full`, 0 from `none` on, straight in between."""
    return min(1.0, max(0.0, (none - value) / (none - full)))
