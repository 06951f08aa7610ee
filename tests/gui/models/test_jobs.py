"""The jobs at the window's lower edge."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pytestqt.qtbot import QtBot

from gui.models.jobs import JobsModel
from gui.session import Session
from hub.events import JobChanged
from hub.jobs.types import Job, JobState
from tests.gui.fake_hub import FakeHub


def a_job(job_id: str, state: JobState = JobState.RUNNING, **fields: Any) -> Job:
    values: dict[str, Any] = {"kind": "scan", "title": "Scan", "created_at": datetime.now(UTC)}
    return Job(id=job_id, state=state, **(values | fields))


def test_jobs_from_before_are_loaded(hub: FakeHub, session: Session, qtbot: QtBot) -> None:
    hub.jobs.active = [a_job("1")]
    model = JobsModel(session)
    with qtbot.waitSignal(model.changed):
        model.load()
    assert [job.id for job in model.active] == ["1"]


def test_event_that_overtakes_the_list_wins(hub: FakeHub, session: Session, qtbot: QtBot) -> None:
    hub.jobs.active = [a_job("1"), a_job("2", done_units=1)]
    model = JobsModel(session)
    model.load()
    model.handle(JobChanged(a_job("1", JobState.DONE)))
    model.handle(JobChanged(a_job("2", done_units=5)))
    with qtbot.waitSignal(model.changed):
        pass
    assert [(job.id, job.done_units) for job in model.active] == [("2", 5)]


def test_running_job_is_shown_before_waiting_ones_and_a_scan_before_pictures(session: Session) -> None:
    model = JobsModel(session)
    model.handle(JobChanged(a_job("1", JobState.QUEUED, kind="thumbnails")))
    model.handle(JobChanged(a_job("2", kind="thumbnails")))
    assert model.running is not None
    assert model.running.id == "2"
    model.handle(JobChanged(a_job("3")))
    assert model.running.id == "3"
    assert [job.id for job in model.active] == ["1", "2", "3"]


def test_end_is_announced_once(session: Session) -> None:
    model = JobsModel(session)
    ended: list[Job] = []
    model.ended.connect(ended.append)
    model.handle(JobChanged(a_job("1")))
    for _ in range(2):
        model.handle(JobChanged(a_job("1", JobState.DONE)))
    assert [job.id for job in ended] == ["1"]
    assert model.running is None


def test_retried_job_is_active_again(session: Session) -> None:
    model = JobsModel(session)
    ended: list[Job] = []
    model.ended.connect(ended.append)
    for state in (JobState.RUNNING, JobState.FAILED, JobState.QUEUED, JobState.RUNNING, JobState.DONE):
        model.handle(JobChanged(a_job("1", state)))
    assert [job.state for job in ended] == [JobState.FAILED, JobState.DONE]


def test_stopping_a_job_reaches_the_queue(hub: FakeHub, session: Session, qtbot: QtBot) -> None:
    hub.jobs.active = [a_job("1")]
    model = JobsModel(session)
    model.cancel("1")
    qtbot.waitUntil(lambda: hub.jobs.cancelled == ["1"])
