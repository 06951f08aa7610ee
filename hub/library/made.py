"""What was made of a file in the background (`hub.library.derived`), in the figures that players and encoders use."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import RowMapping

from hub.db.repositories.derived import Kind
from hub.media.types import Loudness

TARGET_LUFS = -18.0
"""How loud everything shall be: between music services (-14) and television (-23), as ReplayGain 2 has it."""
MAX_PEAK_DBTP = -1.0
"""No gain lifts peaks above this: what decoders make of lossy audio overshoots (EBU R 128)."""
COMPLEXITY = "complexity"


def gain_db(made: Mapping[str, RowMapping]) -> float | None:
    """What to add to the sound's level; None while it is not known."""
    data = _data(made, Kind.LOUDNESS)
    if data is None:
        return None
    loudness = msgspec.convert(data, Loudness)
    return round(min(TARGET_LUFS - loudness.integrated_lufs, MAX_PEAK_DBTP - loudness.true_peak_dbtp), 2)


def storyboard_version(made: Mapping[str, RowMapping]) -> int | None:
    """Another number for another storyboard; None while there is none."""
    if _data(made, Kind.STORYBOARD) is None:
        return None
    version: int = round(made[Kind.STORYBOARD]["made_at"].timestamp() * 1000)
    return version


def complexity(made: Mapping[str, RowMapping]) -> float | None:
    """How many bits the pictures need for the same quality, 1.0 for a typical film; None while it is not known."""
    data = _data(made, Kind.COMPLEXITY)
    return None if data is None else float(data[COMPLEXITY])


def _data(made: Mapping[str, RowMapping], kind: Kind) -> dict[str, float] | None:
    row = made.get(kind)
    return None if row is None else row["data"]
