"""Identity: whatever happens to files between two scans, content that was known keeps its video."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hub.db.engine import Database, open_engine
from hub.library.scan import Part
from hub.library.types import ScanProgress
from hub.library.walk import Spot
from hub.media.fingerprint import fingerprint
from tests.hub.library.conftest import World
from tests.media import unique_clip_bytes

PLACES = ["a.mp4", "b.mp4", "c.mp4", "one/a.mp4", "one/b.mp4", "two/c.mp4", "two/deep/d.mp4"]
DIRS = ["one", "two", "three", "two/deep"]


class Files(RuleBasedStateMachine):
    """Changes a library behind the scanner's back. Every content is there once: then who is who is beyond doubt."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp(prefix="marquee-identity-"))
        (self.base / "marquee.db").write_bytes(self.template.read_bytes())
        self.aside: list[Path] = []
        self.clock = 1_700_000_000
        self.number = 0
        self.known: dict[str, str] = {}
        self.runner = asyncio.Runner()
        self.runner.run(self._open())

    async def _open(self) -> None:
        self.db = Database(open_engine(f"sqlite:///{self.base / 'marquee.db'}"))
        self.world = World(self.db, self.base / "library", self.base / "thumbs")
        await self.world.start()

    async def _close(self) -> None:
        await self.world.close()
        await self.db.close()

    def teardown(self) -> None:
        self.runner.run(self._close())
        self.runner.close()
        shutil.rmtree(self.base)

    @property
    def root(self) -> Path:
        return self.world.root

    def files(self) -> dict[str, Path]:
        return {str(path.relative_to(self.root)): path for path in sorted(self.root.rglob("*.mp4"))}

    def _stamp(self, path: Path) -> None:
        # File systems keep time in steps of milliseconds; a swap within one could not be seen by anybody.
        self.clock += 1
        os.utime(path, (self.clock, self.clock))

    def _fresh(self, path: Path) -> None:
        self.number += 1
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(unique_clip_bytes(self.number))
        self._stamp(path)

    @initialize()
    def begin(self) -> None:
        for place in PLACES[:4]:
            self._fresh(self.root / place)
        self.scan()

    @rule(place=st.sampled_from(PLACES))
    def write(self, place: str) -> None:
        """A new file, or new content in an old place."""
        self._fresh(self.root / place)

    @rule(source=st.integers(0), place=st.sampled_from(PLACES))
    def move(self, source: int, place: str) -> None:
        """Rename, into another directory or over another file."""
        files = list(self.files().values())
        if files:
            target = self.root / place
            target.parent.mkdir(parents=True, exist_ok=True)
            files[source % len(files)].rename(target)

    @rule(one=st.integers(0), two=st.integers(0))
    def swap(self, one: int, two: int) -> None:
        files = list(self.files().values())
        if len(files) > 1:
            a, b = files[one % len(files)], files[two % len(files)]
            if a != b:
                between = self.base / "between"
                a.rename(between)
                b.rename(a)
                between.rename(b)

    @rule(source=st.sampled_from(DIRS), to=st.sampled_from(DIRS))
    def move_directory(self, source: str, to: str) -> None:
        a, b = self.root / source, self.root / to
        if a.is_dir() and not b.exists() and b.parent.is_dir() and not b.is_relative_to(a):
            a.rename(b)

    @rule(which=st.integers(0))
    def take_away(self, which: int) -> None:
        files = list(self.files().values())
        if files:
            aside = self.base / f"aside-{len(self.aside)}-{self.number}-{self.clock}"
            self.clock += 1
            files[which % len(files)].rename(aside)
            self.aside.append(aside)

    @precondition(lambda self: self.aside)
    @rule(place=st.sampled_from(PLACES))
    def bring_back(self, place: str) -> None:
        target = self.root / place
        target.parent.mkdir(parents=True, exist_ok=True)
        self.aside.pop().rename(target)

    @rule(which=st.integers(0))
    def touch(self, which: int) -> None:
        files = list(self.files().values())
        if files:
            self._stamp(files[which % len(files)])

    @rule()
    def scan(self) -> None:
        self._checked(self.world.scan())

    @rule()
    def take_up_changes(self) -> None:
        """What the watcher does: compare, then scan just where something changed."""
        self._checked(self._take_up())

    async def _take_up(self) -> ScanProgress:
        survey = await self.world.scans.survey(Part(self.world.folder.id))
        spots = {Spot(found.dir, is_deep=False) for found in survey.found} | survey.gone
        return await self.world.scan_parts(Part(self.world.folder.id, tuple(spots)))

    def _checked(self, work: Any) -> None:
        before = {row["fingerprint"]: row["video_id"] for row in self.runner.run(self.world.rows()).values()}
        figures = self.runner.run(work)
        rows = self.runner.run(self.world.rows())
        on_disk = {place: fingerprint(os.fsencode(path)) for place, path in self.files().items()}
        present = {os.fsdecode(place): row for place, row in rows.items() if row["missing_since"] is None}
        assert set(present) == set(on_disk), "what is there is known as there, and nothing else"
        for place, row in present.items():
            assert row["fingerprint"] == on_disk[place]
            assert row["video_id"] == before.get(row["fingerprint"], row["video_id"]), (
                f"{place} kept its video"
            )
        videos = [row["video_id"] for row in rows.values()]
        assert len(set(videos)) == len(videos), "one file a video"
        kept = set(videos)
        assert set(before.values()) <= kept, "no video is lost"
        assert figures.errors == 0

    @invariant()
    def every_row_has_a_place_of_its_own(self) -> None:
        assert self.runner.run(self._row_count()) == len(self.runner.run(self.world.rows()))

    async def _row_count(self) -> int:
        return await self.db.read(lambda c: int(c.exec_driver_sql("SELECT count(*) FROM files").scalar_one()))


def test_known_content_keeps_its_video_whatever_happens_to_files(sqlite_template: Path) -> None:
    class Case(Files):
        template = sqlite_template

    run_state_machine_as_test(Case, settings=settings(settings(), stateful_step_count=25))
