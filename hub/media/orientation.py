"""How a picture must be turned and mirrored for display.

Cameras store pictures as the sensor saw them and add a matrix (ISO/IEC 14496-12 §6.2.2) that places each point (p, q)
at (a·p + c·q, b·p + d·q), y pointing down. Of the real ones only right angles and mirrors matter.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from PIL import Image


class Orientation(NamedTuple):
    """One of the eight ways a picture can lie."""

    rotation: int
    """Degrees clockwise, after mirroring: 0, 90, 180 or 270."""
    transpose: Image.Transpose | None
    """The same as one Pillow operation; None when nothing is to be done."""

    @property
    def swaps_sides(self) -> bool:
        """True when width and height change places."""
        return self.rotation in (90, 270)


UPRIGHT = Orientation(0, None)

# Signs of (a, b, c, d) → orientation. Pillow turns counter-clockwise.
_BY_SIGNS = {
    (1, 0, 0, 1): UPRIGHT,
    (0, 1, -1, 0): Orientation(90, Image.Transpose.ROTATE_270),
    (-1, 0, 0, -1): Orientation(180, Image.Transpose.ROTATE_180),
    (0, -1, 1, 0): Orientation(270, Image.Transpose.ROTATE_90),
    (-1, 0, 0, 1): Orientation(0, Image.Transpose.FLIP_LEFT_RIGHT),
    (1, 0, 0, -1): Orientation(180, Image.Transpose.FLIP_TOP_BOTTOM),
    (0, 1, 1, 0): Orientation(270, Image.Transpose.TRANSPOSE),
    (0, -1, -1, 0): Orientation(90, Image.Transpose.TRANSVERSE),
}


def from_display_matrix(matrix: bytes) -> Orientation:
    """Orientation from FFmpeg's AV_FRAME_DATA_DISPLAYMATRIX: nine native-endian int32, rows (a b u) (c d v) (x y w).

    An angle that is not a multiple of 90° (within 1 %) is left alone, as players do.
    """
    if len(matrix) < 36:
        return UPRIGHT
    a, b, _, c, d, *_ = struct.unpack("=9i", matrix[:36])
    scale = max(abs(a), abs(b), abs(c), abs(d)) or 1
    return _BY_SIGNS.get((_sign(a, scale), _sign(b, scale), _sign(c, scale), _sign(d, scale)), UPRIGHT)


def _sign(value: int, scale: int) -> int:
    if abs(value) * 100 < scale:
        return 0
    return 1 if value > 0 else -1
