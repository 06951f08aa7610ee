"""The library model: lazy at 100,000 rows, incremental, faithful to selection and order."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex
from pytestqt.qtbot import QtBot

from gui.models.library import LibraryModel, Role
from gui.models.video_cache import CACHED_PAGES, PAGE_ROWS
from gui.session import Session
from hub.errors import HubError
from hub.events import PositionChanged, VideosAdded, VideosChanged, VideosRemoved
from hub.library.types import VideoQuery, VideoSort
from tests.gui.fake_hub import FakeHub


def listed(qtbot: QtBot, session: Session, query: VideoQuery | None = None) -> LibraryModel:
    model = LibraryModel(session, query or VideoQuery())
    with qtbot.waitSignal(model.listed):
        model.refresh()
    return model


def title(model: LibraryModel, row: int) -> str | None:
    found: str | None = model.data(model.index(row))
    return found


def look_at(qtbot: QtBot, model: LibraryModel, *rows: int) -> None:
    """Ask for rows as a view does, until all are there."""
    qtbot.waitUntil(lambda: all(model.data(model.index(row), Role.VIDEO) is not None for row in rows))


def test_hundred_thousand_rows_cost_one_list_and_no_video(
    hub: FakeHub, session: Session, qtbot: QtBot
) -> None:
    hub.library.ids = [f"{n:026}" for n in range(100_000)]
    model = listed(qtbot, session)
    assert model.rowCount() == 100_000
    assert hub.library.calls == {"video_ids": 1}
    assert model.data(model.index(99_999), Role.ID) == f"{99_999:026}"
    assert hub.library.asked == []


def test_looking_at_a_row_fetches_its_page_and_no_other(hub: FakeHub, session: Session, qtbot: QtBot) -> None:
    hub.library.ids = [f"{n:026}" for n in range(100_000)]
    model = listed(qtbot, session)
    assert title(model, 50_000) is None
    look_at(qtbot, model, 50_000)
    assert title(model, 50_000) == "Video 50000"
    page = 50_000 // PAGE_ROWS
    assert hub.library.asked == hub.library.ids[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]
    assert hub.library.calls["videos_by_ids"] == 1


def test_scrolling_through_everything_skips_pages_that_were_passed(
    hub: FakeHub, session: Session, qtbot: QtBot
) -> None:
    hub.library.ids = [f"{n:026}" for n in range(100_000)]
    model = listed(qtbot, session)
    # One long drag of the scroll bar: every 40th row is painted once while nothing can be answered yet.
    for row in range(0, 100_000, 40):
        title(model, row)
    look_at(qtbot, model, 99_960)
    assert len(hub.library.asked) <= 6 * PAGE_ROWS


def test_cache_forgets_what_was_looked_at_long_ago(hub: FakeHub, session: Session, qtbot: QtBot) -> None:
    hub.library.ids = [f"{n:026}" for n in range(PAGE_ROWS * (CACHED_PAGES + 2))]
    model = listed(qtbot, session)
    for page in range(CACHED_PAGES + 2):
        look_at(qtbot, model, page * PAGE_ROWS)
    assert model.video(hub.library.ids[0]) is None
    look_at(qtbot, model, 0)


def test_added_videos_are_inserted_and_nothing_is_fetched_again(
    hub: FakeHub, session: Session, qtbot: QtBot, qtmodeltester: Any
) -> None:
    hub.library.ids = [f"{n:026}" for n in range(10, 20)]
    model = listed(qtbot, session)
    look_at(qtbot, model, 0)
    qtmodeltester.check(model)
    hub.library.ids = [f"{n:026}" for n in range(8, 20)]
    with qtbot.waitSignal(model.rowsInserted) as inserted:
        model.handle(VideosAdded(tuple(hub.library.ids[:2])))
    assert inserted.args[1:] == [0, 1]
    assert title(model, 2) == "Video 10"
    assert hub.library.calls["videos_by_ids"] == 1


def test_hundreds_of_events_are_one_reading(hub: FakeHub, session: Session, qtbot: QtBot) -> None:
    model = listed(qtbot, session)
    hub.library.ids = [f"{n:026}" for n in range(300)]
    with qtbot.waitSignal(model.changed):
        for video_id in hub.library.ids:
            model.handle(VideosAdded((video_id,)))
    assert model.rowCount() == 300
    assert hub.library.calls["video_ids"] == 2


def test_events_during_a_reading_are_not_forgotten(hub: FakeHub, session: Session, qtbot: QtBot) -> None:
    model = listed(qtbot, session)
    hub.library.ids = ["0" * 26]
    model.refresh()
    # The reading that is under way may have been too early for this one.
    hub.library.ids = ["0" * 26, "0" * 25 + "1"]
    model.handle(VideosAdded((hub.library.ids[1],)))
    qtbot.waitUntil(lambda: model.rowCount() == 2)


def test_selection_and_current_row_survive_insertions_and_a_new_order(
    hub: FakeHub, session: Session, qtbot: QtBot
) -> None:
    hub.library.ids = [f"{n:026}" for n in range(0, 400, 2)]
    model = listed(qtbot, session, VideoQuery(sort=VideoSort.TITLE))
    selection = QItemSelectionModel(model)
    chosen = [hub.library.ids[row] for row in (3, 90, 150)]
    for row in (3, 90, 150):
        selection.setCurrentIndex(model.index(row), QItemSelectionModel.SelectionFlag.Select)
    hub.library.ids = sorted((f"{n:026}" for n in range(400)), reverse=True)
    with qtbot.waitSignal(model.changed):
        model.handle(VideosAdded(tuple(hub.library.ids)))
    assert {model.id_at(index.row()) for index in selection.selectedIndexes()} == set(chosen)
    assert model.id_at(selection.currentIndex().row()) == chosen[-1]


def test_removed_row_takes_its_selection_along(hub: FakeHub, session: Session, qtbot: QtBot) -> None:
    hub.library.ids = [f"{n:026}" for n in range(10)]
    model = listed(qtbot, session)
    gone, kept = (QPersistentModelIndex(model.index(row)) for row in (4, 5))
    removed = hub.library.ids.pop(4)
    with qtbot.waitSignal(model.rowsRemoved):
        model.handle(VideosRemoved((removed,)))
    assert not gone.isValid()
    assert kept.row() == 4


def test_changed_video_is_fetched_only_if_it_is_known(hub: FakeHub, session: Session, qtbot: QtBot) -> None:
    hub.library.ids = [f"{n:026}" for n in range(1000)]
    model = listed(qtbot, session)
    look_at(qtbot, model, 0)
    hub.library.asked.clear()
    hub.library.changes[hub.library.ids[3]] = {"title": "Renamed"}
    with qtbot.waitSignal(model.dataChanged) as changed:
        model.handle(VideosChanged((hub.library.ids[3], hub.library.ids[900])))
    assert (changed.args[0].row(), changed.args[1].row()) == (3, 3)
    assert title(model, 3) == "Renamed"
    assert hub.library.asked == [hub.library.ids[3]]


def test_position_is_shown_as_it_moves(hub: FakeHub, session: Session, qtbot: QtBot) -> None:
    hub.library.ids = [f"{n:026}" for n in range(3)]
    model = listed(qtbot, session)
    look_at(qtbot, model, 1)
    hub.library.changes[hub.library.ids[1]] = {"position_s": 12.0}
    with qtbot.waitSignal(model.dataChanged):
        model.handle(PositionChanged("somebody", hub.library.ids[1], 12.0))
    assert model.data(model.index(1), Role.VIDEO).position_s == 12.0


def test_hidden_videos_are_gone_at_once_and_come_back(hub: FakeHub, session: Session, qtbot: QtBot) -> None:
    hub.library.ids = [f"{n:026}" for n in range(5)]
    model = listed(qtbot, session)
    model.hide([hub.library.ids[1], hub.library.ids[3]])
    assert [model.id_at(row) for row in range(model.rowCount())] == [hub.library.ids[n] for n in (0, 2, 4)]
    with qtbot.waitSignal(model.changed):
        model.unhide([hub.library.ids[3]])
    assert [model.id_at(row) for row in range(model.rowCount())] == [hub.library.ids[n] for n in (0, 2, 3, 4)]


def test_new_query_lists_from_the_beginning(hub: FakeHub, session: Session, qtbot: QtBot) -> None:
    hub.library.ids = [f"{n:026}" for n in range(5)]
    model = listed(qtbot, session)
    hub.library.ids.reverse()
    with qtbot.waitSignal(model.listed):
        model.set_query(VideoQuery(sort=VideoSort.VIEWS))
        assert model.rowCount() == 0
    assert model.id_at(0) == f"{4:026}"


def test_model_keeps_qts_rules_through_every_kind_of_change(
    hub: FakeHub, session: Session, qtbot: QtBot, qtmodeltester: Any
) -> None:
    hub.library.ids = [f"{n:026}" for n in range(100)]
    model = listed(qtbot, session, VideoQuery(sort=VideoSort.TITLE))
    qtmodeltester.check(model)
    for ids in (range(0, 200, 2), range(199, 50, -1), range(60, 70), range(0)):
        hub.library.ids = [f"{n:026}" for n in ids]
        with qtbot.waitSignal(model.changed):
            model.refresh()
        assert [model.id_at(row) for row in range(model.rowCount())] == hub.library.ids
    assert model.rowCount(QModelIndex()) == 0


def test_failed_reading_is_reported_and_can_be_repeated(hub: FakeHub, session: Session, qtbot: QtBot) -> None:
    hub.library.error = HubError("The disk is full.")
    model = LibraryModel(session, VideoQuery())
    with qtbot.waitSignal(model.failed) as failed:
        model.refresh()
    assert failed.args[0].message == "The disk is full."
    hub.library.error = None
    with qtbot.waitSignal(model.listed):
        model.refresh()
