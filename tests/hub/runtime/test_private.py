from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.bootstrap import Hub
from hub.config import LibrarySettings, Settings
from hub.paths import Paths
from hub.runtime import private
from hub.runtime.private import close_to_others, make_files_private, make_private_file, users_umask

if os.name != "posix":
    pytest.skip("modes are POSIX's", allow_module_level=True)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture(autouse=True)
def umask(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(private, "_users_umask", None)
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_files_are_private_and_other_programs_get_the_users_own_umask(tmp_path: Path) -> None:
    make_files_private()
    make_files_private()
    (tmp_path / "mine").touch()
    with users_umask():
        (tmp_path / "theirs").touch()
    (tmp_path / "mine too").touch()
    assert [mode(tmp_path / name) for name in ("mine", "theirs", "mine too")] == [0o600, 0o644, 0o600]


def test_without_a_private_umask_there_is_none_to_lift(tmp_path: Path) -> None:
    with users_umask():
        (tmp_path / "file").touch()
    assert mode(tmp_path / "file") == 0o644


def test_a_private_file_is_made_or_closed_and_its_content_kept(tmp_path: Path) -> None:
    open_one, new = tmp_path / "open", tmp_path / "new"
    open_one.write_text("kept")
    open_one.chmod(0o664)
    make_private_file(open_one)
    make_private_file(new)
    assert (mode(open_one), mode(new)) == (0o600, 0o600)
    assert open_one.read_text() == "kept"
    close_to_others(tmp_path / "nowhere")


def test_a_mode_that_cannot_be_changed_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_path: Path, _mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING):
        close_to_others(tmp_path / "file")
    assert "may be readable by others: Operation not permitted" in caplog.text


async def test_a_hub_closes_what_stood_open_in_a_data_folder_that_was_there(tmp_path: Path) -> None:
    root = tmp_path / "data"

    def leave_open() -> None:
        root.mkdir(mode=0o755)
        for name in ("logs", "backups", "thumbs"):
            (root / name).mkdir(mode=0o755)
        for name in ("marquee.db", "marquee.db-wal"):
            (root / name).touch(0o644)

    def modes() -> dict[str, int]:
        return {path.name: mode(path) for path in (root, *root.iterdir())}

    await asyncio.to_thread(leave_open)
    hub = Hub(Settings(library=LibrarySettings(watch=False)), Paths(root))
    await hub.start()
    found = await asyncio.to_thread(modes)
    await hub.close()
    assert found.pop("hub.lock")
    assert found == {
        "data": 0o755,
        "logs": 0o700,
        "backups": 0o700,
        "thumbs": 0o700,
        "derived": 0o700,
        "segments": 0o700,
        "marquee.db": 0o600,
        "marquee.db-wal": 0o600,
        "marquee.db-shm": 0o600,
    }
