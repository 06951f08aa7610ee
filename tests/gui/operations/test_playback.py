from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from gui.operations.playback import Playable, open_video
from hub.library.apply import CUT_SHORT
from hub.library.types import MediaFile, VideoDetail
from tests.gui.fake_hub import VIEWER, a_detail


@pytest.mark.parametrize(
    ("size", "has_picture"), [((1920, 1080), True), ((None, None), False), ((0, 0), False)]
)
def test_sound_alone_has_no_picture(size: tuple[int | None, int | None], has_picture: bool) -> None:
    assert Playable(path=b"/a", title="A", width=size[0], height=size[1]).has_picture is has_picture


@pytest.mark.parametrize(("problem", "is_cut_short"), [(CUT_SHORT, True), (None, False)])
async def test_a_video_of_the_library_knows_that_its_end_is_missing(
    problem: str | None, is_cut_short: bool
) -> None:
    file = MediaFile(
        video_id="1", path=b"/a", size_bytes=1, mtime_ns=1, fingerprint="f", container="mp4", duration_s=1.0,
        width=None, height=None, video_codec=None, audio_codec=None,
    )  # fmt: skip

    async def playable_file(viewer: object, video_id: str) -> MediaFile:
        return file

    async def get_video(viewer: object, video_id: str) -> VideoDetail:
        return msgspec.structs.replace(a_detail(1), problem=problem)

    library = SimpleNamespace(playable_file=playable_file, get_video=get_video)
    hub = cast(Any, SimpleNamespace(library=library))
    assert (await open_video("1", from_start=True).run(hub, VIEWER)).is_cut_short is is_cut_short
