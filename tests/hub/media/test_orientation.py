from __future__ import annotations

import math
import struct

import pytest
from PIL import Image

from hub.media.orientation import UPRIGHT, from_display_matrix

ONE = 1 << 16


def matrix(a: float, b: float, c: float, d: float) -> bytes:
    return struct.pack(
        "=9i", *(round(v * ONE) for v in (a, b)), 0, *(round(v * ONE) for v in (c, d)), 0, 0, 0, 1 << 30
    )


def shown(picture: str, display_matrix: bytes) -> str:
    """A 2 × 2 picture `ab/cd` (row by row) after the orientation has been applied."""
    image = Image.new("L", (2, 2))
    image.putdata([ord(letter) for letter in picture])
    orientation = from_display_matrix(display_matrix)
    if orientation.transpose is not None:
        image = image.transpose(orientation.transpose)
    return "".join(chr(value) for value in image.tobytes())


@pytest.mark.parametrize(
    ("abcd", "rotation", "expected"),
    [
        ((1, 0, 0, 1), 0, "abcd"),
        ((0, 1, -1, 0), 90, "cadb"),  # a telephone held upright
        ((-1, 0, 0, -1), 180, "dcba"),
        ((0, -1, 1, 0), 270, "bdac"),
        ((-1, 0, 0, 1), 0, "badc"),  # the mirror of a front camera
        ((1, 0, 0, -1), 180, "cdab"),
        ((0, 1, 1, 0), 270, "acbd"),
        ((0, -1, -1, 0), 90, "dbca"),
    ],
)
def test_each_of_the_eight_ways_to_lie(abcd: tuple[int, int, int, int], rotation: int, expected: str) -> None:
    assert from_display_matrix(matrix(*abcd)).rotation == rotation
    assert shown("abcd", matrix(*abcd)) == expected


def test_the_result_is_what_the_matrix_says_for_every_pixel() -> None:
    for a, b, c, d in (
        (0, 1, -1, 0),
        (0, -1, 1, 0),
        (-1, 0, 0, 1),
        (0, 1, 1, 0),
        (0, -1, -1, 0),
        (1, 0, 0, -1),
    ):
        places = {}
        for index, letter in enumerate("abcd"):
            p, q = index % 2 - 0.5, index // 2 - 0.5
            places[a * p + c * q, b * p + d * q] = letter
        expected = "".join(places[x, y] for y in (-0.5, 0.5) for x in (-0.5, 0.5))
        assert shown("abcd", matrix(a, b, c, d)) == expected


def test_slight_rounding_is_forgiven_and_crooked_angles_are_left_alone() -> None:
    assert from_display_matrix(matrix(0.0001, 0.9999, -1.0, -0.0002)).rotation == 90
    turned = math.radians(30)
    assert (
        from_display_matrix(matrix(math.cos(turned), math.sin(turned), -math.sin(turned), math.cos(turned)))
        == UPRIGHT
    )


@pytest.mark.parametrize("data", [b"", b"\0" * 36, b"\xff" * 20])
def test_a_matrix_that_makes_no_sense_means_upright(data: bytes) -> None:
    assert from_display_matrix(data) == UPRIGHT


def test_only_quarter_turns_swap_the_sides() -> None:
    assert [from_display_matrix(matrix(*m)).swaps_sides for m in ((0, 1, -1, 0), (-1, 0, 0, -1))] == [
        True,
        False,
    ]
