from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray

from gui.preferences import Preferences
from hub.library.types import Order, VideoQuery, VideoSort


def test_what_was_chosen_is_there_at_the_next_start(tmp_path: Path) -> None:
    first = Preferences(tmp_path / "window.ini")
    first.query = VideoQuery(sort=VideoSort.TITLE, order=Order.DESC)
    first.volume, first.shows_captions, first.hides_setup = 35, True, True
    first.geometry = QByteArray(b"\x01\x02\x03")
    first.save()
    second = Preferences(tmp_path / "window.ini")
    assert second.query == VideoQuery(sort=VideoSort.TITLE, order=Order.DESC)
    assert (second.volume, second.shows_captions, second.hides_setup) == (35, True, True)
    assert second.geometry == QByteArray(b"\x01\x02\x03")


def test_defaults_when_there_is_nothing(tmp_path: Path) -> None:
    fresh = Preferences(tmp_path / "window.ini")
    assert fresh.query == VideoQuery()
    assert (fresh.volume, fresh.shows_captions, fresh.hides_setup, fresh.geometry) == (
        100,
        False,
        False,
        None,
    )


def test_nonsense_counts_as_nothing(tmp_path: Path) -> None:
    (tmp_path / "window.ini").write_text(
        "[library]\nsort=loudness\norder=sideways\n[player]\nvolume=loud\n[window]\ngeometry=7\n"
    )
    broken = Preferences(tmp_path / "window.ini")
    assert broken.query == VideoQuery()
    assert (broken.volume, broken.geometry) == (100, None)


def test_volume_out_of_range_is_brought_back(tmp_path: Path) -> None:
    (tmp_path / "window.ini").write_text("[player]\nvolume=900\n")
    assert Preferences(tmp_path / "window.ini").volume == 100
