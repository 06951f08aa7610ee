from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import DataFolderLocked
from hub.paths import Paths
from hub.runtime.instance import FolderLock, InstanceFile


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths(tmp_path / "data")
    paths.create()
    return paths


def test_a_second_holder_is_refused_and_told_where_the_first_answers(paths: Paths) -> None:
    first, second = FolderLock(paths), FolderLock(paths)
    first.acquire()
    InstanceFile(paths).write(url="http://127.0.0.1:1", token="secret")
    with pytest.raises(DataFolderLocked, match=r"answers at http://127\.0\.0\.1:1") as caught:
        second.acquire()
    assert "secret" not in caught.value.message
    first.release()
    first.release()
    second.acquire()
    second.release()


def test_the_note_of_a_holder_that_was_killed_goes_with_the_next_lock(paths: Paths) -> None:
    InstanceFile(paths).write(url="http://127.0.0.1:1", token="secret")
    first = FolderLock(paths)
    first.acquire()
    assert InstanceFile(paths).read() is None
    with pytest.raises(DataFolderLocked) as caught:
        FolderLock(paths).acquire()
    assert "http" not in caught.value.message
    first.release()


def test_the_note_is_readable_by_its_owner_only(paths: Paths) -> None:
    note = InstanceFile(paths)
    note.write(url="http://h:1", token="t")
    note.write(url="http://h:2", token="t")
    assert paths.instance_file.stat().st_mode & 0o777 == 0o600
    instance = note.read()
    assert instance is not None
    assert instance.url == "http://h:2"
    note.remove()
    note.remove()
    assert note.read() is None


def test_a_damaged_note_counts_as_none(paths: Paths) -> None:
    paths.instance_file.write_text("{")
    assert InstanceFile(paths).read() is None
