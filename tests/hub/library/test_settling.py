from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.library.settling import APART_S, PATIENCE_S, Settling, is_being_written

PLACE = (b"", b"a.mp4")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def looked_at(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def test_a_file_that_is_the_same_twice_has_settled(tmp_path: Path) -> None:
    path, clock = tmp_path / "a.mp4", Clock()
    path.write_bytes(b"x")
    settling = Settling(os.fsencode(tmp_path), clock)
    settling.note(PLACE, *looked_at(path))
    assert settling.look() == []
    clock.now = APART_S
    assert settling.look() == [PLACE]
    assert len(settling) == 0


def test_a_growing_file_has_not(tmp_path: Path) -> None:
    path, clock = tmp_path / "a.mp4", Clock()
    path.write_bytes(b"x")
    settling = Settling(os.fsencode(tmp_path), clock)
    settling.note(PLACE, *looked_at(path))
    for n in range(2, 5):
        path.write_bytes(b"x" * n)
        clock.now += 1
        assert settling.look() == []
    assert settling.places == (PLACE,)
    clock.now += 1
    assert settling.look() == [PLACE]


def test_a_file_that_is_gone_has_settled(tmp_path: Path) -> None:
    clock = Clock()
    settling = Settling(os.fsencode(tmp_path), clock)
    settling.note(PLACE, 1, 1)
    clock.now = APART_S
    assert settling.look() == [PLACE]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a file open")
def test_a_file_open_for_writing_has_not_until_patience_ends(tmp_path: Path) -> None:
    path, clock = tmp_path / "a.mp4", Clock()
    settling = Settling(os.fsencode(tmp_path), clock)
    with path.open("wb") as file:
        file.write(b"x")
        file.flush()
        settling.note(PLACE, *looked_at(path))
        clock.now = APART_S
        assert settling.look() == []
        clock.now = PATIENCE_S
        assert settling.look() == [PLACE]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a file open")
def test_only_writers_count_those_of_other_processes_too(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x")
    assert not is_being_written(os.fsencode(path))
    with path.open("rb"):
        assert not is_being_written(os.fsencode(path))
    script = f"file = open({str(path)!r}, 'ab'); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        assert is_being_written(os.fsencode(path))
        writer.communicate(b"\n")
    assert not is_being_written(os.fsencode(path))
    assert not is_being_written(os.fsencode(tmp_path / "gone"))
