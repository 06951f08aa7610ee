"""Colour tables (.cube) from high dynamic range or wide gamut to BT.709, for displays that know nothing else.

Light of the source is made linear, its brightest channel brought from at most `PEAK_NITS` to `WHITE_NITS` along the
curve of ITU-R BT.2390 §5.4, and the colour turned from BT.2020 to BT.709 primaries. Hue stays: all channels are scaled
by the same factor.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

Colours = Literal["pq", "hlg", "wide"]
"""How a source in BT.2020 primaries codes light: SMPTE ST 2084, BT.2100 HLG, or BT.1886 like any other."""

PEAK_NITS = 1_000.0
"""What most films are graded for; brighter light becomes white."""
WHITE_NITS = 203.0
"""Reference white of HDR (ITU-R BT.2408), shown as the white of SDR."""
_POINTS = 33
_GAMMA = 2.4  # ITU-R BT.1886

# ITU-R BT.2087: BT.2020 → BT.709 of linear light.
_TO_709 = ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187))
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


@lru_cache(maxsize=3)
def cube(colours: Colours) -> str:
    """The table as a .cube file (Adobe Cube LUT Specification 1.0), red changing fastest."""
    light = [_light(colours, i / (_POINTS - 1)) for i in range(_POINTS)]
    lines = [f"LUT_3D_SIZE {_POINTS}"]
    for blue in light:
        for green in light:
            for red in light:
                r, g, b = _shown(colours, red, green, blue)
                lines.append(f"{r:.5f} {g:.5f} {b:.5f}")
    return "\n".join(lines) + "\n"


def _light(colours: Colours, signal: float) -> float:
    """Linear light of one channel: nits of PQ, a share of white otherwise (of HLG before its system gamma)."""
    if colours == "pq":
        return _pq_to_nits(signal)
    return _hlg_to_scene(signal) if colours == "hlg" else float(signal**_GAMMA)


def _shown(colours: Colours, red: float, green: float, blue: float) -> tuple[float, float, float]:
    if colours == "wide":
        factor = 1.0
    else:
        nits = 1.0
        if colours == "hlg":  # BT.2100 table 5: system gamma 1.2 on a display of 1,000 nits
            luminance = 0.2627 * red + 0.6780 * green + 0.0593 * blue
            nits = PEAK_NITS * luminance**0.2
        brightest = max(red, green, blue) * nits
        factor = _rolled_off(brightest) / brightest * nits / WHITE_NITS if brightest > 0 else 0.0
    return tuple(_signal(factor * (r * red + g * green + b * blue)) for r, g, b in _TO_709)  # type: ignore[return-value]


def _signal(light: float) -> float:
    return float(min(max(light, 0.0), 1.0) ** (1 / _GAMMA))


@lru_cache(maxsize=1 << 16)
def _rolled_off(nits: float) -> float:
    """BT.2390's EETF: as it is up to a knee, then bent so that PEAK_NITS becomes WHITE_NITS."""
    peak = _nits_to_pq(PEAK_NITS)
    signal = min(_nits_to_pq(nits) / peak, 1.0)
    white = _nits_to_pq(WHITE_NITS) / peak
    knee = 1.5 * white - 0.5
    if signal > knee:
        t = (signal - knee) / (1 - knee)
        signal = (
            (2 * t**3 - 3 * t**2 + 1) * knee
            + (t**3 - 2 * t**2 + t) * (1 - knee)
            + (3 * t**2 - 2 * t**3) * white
        )
    return _pq_to_nits(signal * peak)


def _pq_to_nits(signal: float) -> float:
    """SMPTE ST 2084 EOTF."""
    power = signal ** (1 / _M2)
    return 10_000.0 * float((max(power - _C1, 0.0) / (_C2 - _C3 * power)) ** (1 / _M1))


def _nits_to_pq(nits: float) -> float:
    power = (nits / 10_000.0) ** _M1
    return float(((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2)


def _hlg_to_scene(signal: float) -> float:
    """BT.2100 HLG inverse OETF, 0–1."""
    if signal <= 0.5:
        return signal**2 / 3
    return (math.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12
