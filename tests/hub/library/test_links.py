from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.library.links import Links


@pytest.mark.parametrize(
    ("target", "is_double"),
    [
        ("lib/film.mp4", True),
        ("lib/a/b/film.mkv", True),
        ("demo/film.mp4", True),
        ("outside/film.mp4", False),
        ("library/film.mp4", False),
        ("lib/film.bin", False),
        ("lib/.film.mp4", False),
        ("lib/.hidden/film.mp4", False),
        ("lib/marked/deep/film.mp4", False),
        ("lib/data/film.mp4", False),
        ("lib/data/demo/film.mp4", True),
    ],
)
def test_a_link_is_a_double_where_a_scan_finds_the_file(tmp_path: Path, target: str, is_double: bool) -> None:
    path = tmp_path / target
    path.parent.mkdir(parents=True)
    path.resolve().touch()
    (tmp_path / "lib/marked").mkdir(parents=True, exist_ok=True)
    for mark in ("lib/marked/.ignore", "lib/.nomedia"):  # in the folder itself it does not count
        (tmp_path / mark).touch()
    folders = [os.fsencode(tmp_path / name) for name in ("lib", "demo", "lib/data/demo")]
    links = Links(folders, os.fsencode(tmp_path / "lib/data"))
    (tmp_path / "link.mp4").symlink_to(path)
    (tmp_path / "chain.mp4").symlink_to("link.mp4")
    for name in ("link.mp4", "chain.mp4", "link.mp4"):
        assert links.is_double(os.fsencode(tmp_path / name)) is is_double


def test_without_folders_no_link_is_a_double(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").touch()
    (tmp_path / "link.mp4").symlink_to("film.mp4")
    assert not Links().is_double(os.fsencode(tmp_path / "link.mp4"))
