from __future__ import annotations

import pytest

from gui.operations.playback import Playable


@pytest.mark.parametrize(
    ("size", "has_picture"), [((1920, 1080), True), ((None, None), False), ((0, 0), False)]
)
def test_sound_alone_has_no_picture(size: tuple[int | None, int | None], has_picture: bool) -> None:
    assert Playable(path=b"/a", title="A", width=size[0], height=size[1]).has_picture is has_picture
