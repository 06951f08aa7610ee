from __future__ import annotations

import pytest

from gui.operations.playback import Playable, resume_point


@pytest.mark.parametrize(
    ("position_s", "duration_s", "expected"),
    [
        (0.0, 100.0, 0.0),
        (4.9, 100.0, 0.0),
        (30.0, 100.0, 30.0),
        (95.5, 100.0, 0.0),
        (100.0, 100.0, 0.0),
        (7000.0, 7200.0, 7000.0),
        (7100.0, 7200.0, 0.0),
        (30.0, None, 30.0),
    ],
)
def test_goes_on_where_it_stopped_unless_at_either_end(
    position_s: float, duration_s: float | None, expected: float
) -> None:
    assert resume_point(position_s, duration_s) == expected


@pytest.mark.parametrize(
    ("size", "has_picture"), [((1920, 1080), True), ((None, None), False), ((0, 0), False)]
)
def test_sound_alone_has_no_picture(size: tuple[int | None, int | None], has_picture: bool) -> None:
    assert Playable(path=b"/a", title="A", width=size[0], height=size[1]).has_picture is has_picture
