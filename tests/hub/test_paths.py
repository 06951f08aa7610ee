from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import DataFolderError
from hub.paths import Paths, default_data_folder


def test_the_variable_names_the_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARQUEE_DATA", "/some/where")
    assert default_data_folder() == Path("/some/where")
    monkeypatch.delenv("MARQUEE_DATA")
    assert default_data_folder().name == "marquee"


def test_a_new_data_folder_is_private(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "deep" / "data")
    paths.create()
    assert paths.root.stat().st_mode & 0o777 == 0o700
    assert paths.thumbs.is_dir()
    assert sorted(entry.name for entry in paths.root.iterdir()) == [
        "backups",
        "derived",
        "logs",
        "segments",
        "thumbs",
    ]


def test_a_data_folder_that_is_a_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(DataFolderError, match=r"data.*cannot be used.*--data"):
        Paths(tmp_path / "data").create()
