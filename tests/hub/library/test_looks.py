"""Looking at the disk happens outside of write transactions."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import update

from hub.db.tables import FileRow, FolderRow
from hub.library import looks as module
from hub.library.links import Links
from hub.library.looks import Claim, Looks, NotLookedAt
from hub.media.fingerprint import fingerprint
from tests.hub.library.conftest import World


class SlowDisk:
    """A mount that does not answer until it may."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked, self.answer = threading.Event(), threading.Event()
        self.asked_for: list[Claim] = []
        self._look = module._look
        monkeypatch.setattr(module, "_look", self)

    def __call__(self, claim: Claim, links: Links) -> module.Look:
        self.asked_for.append(claim)
        self.asked.set()
        assert self.answer.wait(20)
        return self._look(claim, links)


def claim_of(path: Path) -> Claim:
    status = path.stat()
    name = os.fsencode(path)
    return Claim(name, status.st_size, status.st_mtime_ns, fingerprint(name))


def look_at(claim: Claim) -> module.Look:
    looks = Looks()
    with pytest.raises(NotLookedAt):
        looks.at(claim)
    with pytest.raises(NotLookedAt):
        looks.check()
    looks.take()
    looks.check()
    return looks.at(claim)


def test_a_claim_holds_while_its_content_is_there_whatever_its_time(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"one")
    claim = claim_of(path)
    assert look_at(claim).is_held
    os.utime(path, ns=(1, 1))
    assert look_at(claim) == module.Look((3, 1), is_file=True, is_held=True)
    path.write_bytes(b"two")
    assert not look_at(claim).is_held
    path.write_bytes(b"three")
    assert not look_at(claim).is_held
    path.unlink()
    assert look_at(claim) == module.NOWHERE
    path.mkdir()
    assert not look_at(claim).is_file


def test_a_row_that_changed_since_is_looked_at_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"one")
    claim = claim_of(path)
    looks = Looks()
    looks.want([claim])
    looks.take()
    assert looks.knows([claim])
    with pytest.raises(NotLookedAt):
        looks.at(claim._replace(mtime_ns=5))


async def test_a_disk_that_hangs_holds_up_no_other_write(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("a.mp4", 1)
    await world.scan()
    before = await world.ids()
    disk = SlowDisk(monkeypatch)
    (world.root / "a.mp4").rename(world.root / "b.mp4")
    job = await world.scans.request()
    await asyncio.to_thread(disk.asked.wait, 20)
    try:
        async with asyncio.timeout(10):
            await world.folders.set_problem(world.folder.id, "written meanwhile")
    finally:
        disk.answer.set()
    assert World.figures(await world.scans.wait(job)).files_moved == 1
    assert await world.ids() == {b"b.mp4": before[b"a.mp4"]}


async def test_what_another_scan_wrote_during_the_look_counts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row came to another place between look and transaction: that place is looked at too, and holds it."""
    world.put("a.mp4", 1)
    await world.scan()
    before = await world.ids()
    disk = SlowDisk(monkeypatch)
    (world.root / "a.mp4").rename(world.root / "b.mp4")
    job = await world.scans.request()
    await asyncio.to_thread(disk.asked.wait, 20)
    world.put("c.mp4", 1)
    await world.db.write(
        lambda connection: connection.execute(update(FileRow).values(name=b"c.mp4")).rowcount
    )
    disk.answer.set()
    figures = World.figures(await world.scans.wait(job))
    assert (figures.files_moved, figures.files_new) == (0, 1)
    assert (await world.ids())[b"c.mp4"] == before[b"a.mp4"]
    asked_for = {claim.path.rpartition(b"/")[2] for claim in disk.asked_for}
    assert asked_for >= {b"a.mp4", b"c.mp4"}


async def test_a_folder_removed_during_the_look_gets_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("a.mp4", 1)
    await world.scan()
    disk = SlowDisk(monkeypatch)
    (world.root / "a.mp4").rename(world.root / "b.mp4")
    job = await world.scans.request()
    await asyncio.to_thread(disk.asked.wait, 20)
    await world.folders.remove(world.folder.id)
    disk.answer.set()
    await world.scans.wait(job)
    assert set(await world.rows()) == {b"detached:a.mp4"}
    assert await world.db.read(lambda c: c.execute(FolderRow.__table__.select()).all()) == []
