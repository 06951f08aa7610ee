from __future__ import annotations

from tests.hub.library.conftest import World


async def test_new_files_become_videos_and_a_second_scan_changes_nothing(world: World) -> None:
    world.put("a.mp4", 1)
    world.put("sub/deep/b.mp4", 2)
    first = await world.scan()
    assert (first.files_found, first.files_new, first.errors, first.phase) == (2, 2, 0, "done")
    before = await world.rows()
    assert set(before) == {b"a.mp4", b"sub/deep/b.mp4"}
    second = await world.scan()
    assert (second.files_unchanged, second.files_new, second.files_changed) == (2, 0, 0)
    assert await world.rows() == before
    assert len(world.media.probed) == 2
