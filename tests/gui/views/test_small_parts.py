"""The small parts of the window, each on its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QProgressBar,
    QPushButton,
    QToolButton,
    QTreeWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from gui.models.jobs import JobsModel
from gui.session import Session
from gui.views import notice as notice_module
from gui.views.address import AddressBar
from gui.views.empty_page import EmptyPage
from gui.views.header import Header
from gui.views.jobs_strip import JobsStrip, course, outcome
from gui.views.notice import Notice
from gui.views.report_dialog import ReportDialog, in_order
from gui.views.setup_card import SetupCard
from gui.views.start_page import StartPage
from gui.views.texts import ElidedLabel, WrappedLabel, button_text
from hub.events import JobChanged
from hub.jobs.types import Job, JobState
from hub.library.types import Order, ScanProblem, VideoQuery, VideoSort
from tests.gui.fake_hub import FakeHub


def a_job(**fields: Any) -> Job:
    values: dict[str, Any] = {
        "id": "1",
        "kind": "scan",
        "title": "Scanning Videos",
        "state": JobState.RUNNING,
        "created_at": datetime.now(UTC),
    }
    return Job(**(values | fields))


def texts(widget: QWidget) -> str:
    return " ".join(label.text() for label in widget.findChildren(QLabel) if not label.isHidden())


# Header


@pytest.fixture
def header(qtbot: QtBot) -> Header:
    made = Header(VideoQuery(), QMenu())
    qtbot.addWidget(made)
    return made


@pytest.mark.parametrize(("count", "text"), [(None, ""), (0, ""), (1, "1 video"), (12, "12 videos")])
def test_header_counts_in_words_and_sorts_only_what_there_is(
    header: Header, count: int | None, text: str
) -> None:
    header.set_count(count)
    assert text in texts(header)
    assert header.findChildren(QComboBox)[0].isHidden() is not bool(count)


def test_header_turns_the_order_round_from_each_sorts_natural_one(header: Header, qtbot: QtBot) -> None:
    [box] = header.findChildren(QComboBox)
    direction = header._direction
    with qtbot.waitSignal(header.query_changed) as changed:
        direction.click()
    assert changed.args[0].order is Order.ASC
    with qtbot.waitSignal(header.query_changed) as changed:
        box.setCurrentIndex(box.findText("Title"))
    assert changed.args == [VideoQuery(sort=VideoSort.TITLE)]
    with qtbot.waitSignal(header.query_changed) as changed:
        direction.click()
    assert changed.args[0].order is Order.DESC


# Jobs


def test_strip_shows_the_running_scan_and_stops_it(hub: FakeHub, session: Session, qtbot: QtBot) -> None:
    jobs = JobsModel(session)
    strip = JobsStrip(jobs)
    qtbot.addWidget(strip)
    strip.resize(900, 40)
    assert strip.isHidden()
    detail = {"files_found": 1200, "files_per_s": 86.4, "errors": 3, "current": "Norway.mp4"}
    job = a_job(done_units=300, total_units=1200, detail=detail)
    hub.jobs.active = [job]
    jobs.handle(JobChanged(job))
    strip.show()
    shown = texts(strip)
    assert "1200 files" in shown.replace(",", "")
    assert "86 files/s" in shown
    [bar] = strip.findChildren(QProgressBar)
    assert (bar.value(), bar.maximum()) == (300, 1200)
    [report] = [b for b in strip.findChildren(QPushButton) if "3 problems" in b.text()]
    with qtbot.waitSignal(strip.report_requested):
        report.click()
    strip.findChildren(QToolButton)[0].click()
    qtbot.waitUntil(lambda: hub.jobs.cancelled == ["1"])
    jobs.handle(JobChanged(a_job(state=JobState.CANCELLED)))
    assert strip.isHidden()


def test_strip_counts_what_waits_behind(session: Session, qtbot: QtBot) -> None:
    jobs = JobsModel(session)
    strip = JobsStrip(jobs)
    qtbot.addWidget(strip)
    strip.resize(1400, 40)
    strip.show()
    for number in ("1", "2", "3"):
        jobs.handle(JobChanged(a_job(id=number)))
    qtbot.waitUntil(lambda: "and 2 more" in texts(strip))


@pytest.mark.parametrize(
    ("job", "text"),
    [
        (a_job(state=JobState.QUEUED), "waiting"),
        (a_job(kind="thumbnails", done_units=3, total_units=9), "3 of 9"),
        (a_job(detail={"files_found": 5, "files_per_s": 0.3}), "5 files"),
    ],
)
def test_course_of_a_job(job: Job, text: str) -> None:
    assert course(job) == [text]


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (a_job(state=JobState.FAILED, error="The disk is full."), "The disk is full."),
        (a_job(state=JobState.CANCELLED), "was stopped"),
        (
            a_job(state=JobState.DONE, detail={"files_new": 9, "errors": 3}),
            "9 videos added, 3 files passed over.",
        ),
        (
            a_job(kind="scan-changes", state=JobState.DONE, detail={"files_new": 1, "files_missing": 1}),
            "1 video added, 1 missing.",
        ),
        (a_job(state=JobState.DONE, detail={"files_moved": 2}), "2 moved."),
    ],
)
def test_end_of_a_job_is_told(job: Job, words: str) -> None:
    assert words in outcome(job)


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ({}, "Scan finished: nothing new."),
        ({"errors": 2}, "Scan finished: nothing new, 2 files passed over."),
    ],
)
def test_scan_that_changed_nothing_is_told_only_to_whom_asked_for_it(
    detail: dict[str, Any], words: str
) -> None:
    for kind in ("scan", "scan-changes"):
        job = a_job(kind=kind, state=JobState.DONE, detail=detail)
        assert outcome(job) == ""
        assert outcome(job, asked_for=True) == words


def test_uneventful_end_needs_no_words() -> None:
    assert outcome(a_job(kind="thumbnails", state=JobState.DONE, done_units=40)) == ""


# Notice


@pytest.fixture
def host(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(800, 600)
    made.show()
    return made


def test_notice_shows_lies_inside_and_fades(
    host: QWidget, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_module, "SHOWN_MS", 20)
    notice = Notice(host)
    notice.show_text("word " * 60)
    assert notice.isVisible()
    assert host.rect().contains(notice.geometry())
    host.resize(500, 400)
    assert host.rect().contains(notice.geometry())
    qtbot.waitUntil(notice.isHidden)


def test_notice_offers_one_thing_to_do_once(host: QWidget) -> None:
    notice = Notice(host)
    done: list[bool] = []
    notice.show_text("Removed.", "Undo", lambda: done.append(True))
    [button] = notice.findChildren(QPushButton)
    button.click()
    assert done == [True]
    assert notice.isHidden()
    notice.show_text("Plain.")
    assert button.isHidden()


def test_next_notice_replaces_one_that_fades(
    host: QWidget, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice = Notice(host)
    monkeypatch.setattr(notice_module, "SHOWN_MS", 10)
    notice.show_text("First.")
    qtbot.waitUntil(notice._effect.isEnabled)
    monkeypatch.setattr(notice_module, "SHOWN_MS", 10_000)
    notice.show_text("Second.")
    qtbot.wait(notice_module.FADE_MS + 100)
    assert notice.isVisible()
    assert notice.text == "Second."


# Address and first run


def test_address_is_offered_once_somebody_can_sign_in(qtbot: QtBot) -> None:
    bar = AddressBar("http://192.168.1.23:8765")
    qtbot.addWidget(bar)
    bar.set_ready(False)
    assert "http" not in texts(bar)
    [link] = bar.findChildren(QPushButton)
    with qtbot.waitSignal(bar.setup_requested):
        link.click()
    bar.set_covered(True)
    assert link.isHidden()
    bar.set_ready(True)
    assert "http://192.168.1.23:8765" in texts(bar)
    with qtbot.waitSignal(bar.copy_requested):
        bar.findChildren(QToolButton)[0].click()


def test_first_run_card_asks_for_what_is_missing(qtbot: QtBot) -> None:
    card = SetupCard()
    qtbot.addWidget(card)
    card.show()
    card.show_first_run("http://192.168.1.23:8765", "K7QM-2XPD")
    assert "K7QM-2XPD" in texts(card)
    asked: list[tuple[str, str]] = []
    card.set_up_requested.connect(lambda name, password: asked.append((name, password)))
    [button] = card.findChildren(QPushButton)
    name, password = card.findChildren(QLineEdit)
    button.click()
    assert "name" in card._problem.text()
    QTest.keyClicks(name, "  Ada ")
    assert card._problem.isHidden()
    button.click()
    assert "password" in card._problem.text()
    QTest.keyClicks(password, "correct horse")
    button.click()
    assert asked == [("Ada", "correct horse")]
    assert not button.isEnabled()
    card.show_error("That did not work.")
    assert button.isEnabled()


# Pages


def test_start_page_is_quiet_first_and_then_says_what_happens(qtbot: QtBot) -> None:
    page = StartPage()
    qtbot.addWidget(page)
    with qtbot.waitSignal(page.painted):
        page.show()
    assert texts(page).strip() == ""
    qtbot.waitUntil(lambda: "Opening" in texts(page))


def test_start_page_shows_an_error_whole_and_the_way_out(qtbot: QtBot) -> None:
    page = StartPage()
    qtbot.addWidget(page)
    page.resize(560, 420)
    page.show()
    page.show_error("The data folder cannot be used: it is on a disk that is not there. Choose another. " * 3)
    [label] = page.findChildren(WrappedLabel)
    assert label.height() >= label.heightForWidth(label.width())
    [button] = page.findChildren(QPushButton)
    with qtbot.waitSignal(page.quit_requested):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.wait(450)
    assert "Opening" not in texts(page)


def test_empty_page_offers_two_ways_and_waits_while_one_is_taken(qtbot: QtBot) -> None:
    page = EmptyPage()
    qtbot.addWidget(page)
    page.show()
    add, demo = page.findChildren(QPushButton)
    with qtbot.waitSignal(page.add_requested):
        add.click()
    with qtbot.waitSignal(page.demo_requested):
        demo.click()
    assert not demo.isEnabled()
    page.set_busy(True)
    assert add.isHidden()
    assert demo.isHidden()
    page.set_busy(False)
    assert demo.isEnabled()


def test_keyboard_stays_with_the_page_when_its_button_has_had_its_turn(host: QWidget, qtbot: QtBot) -> None:
    other = QPushButton("Other", host)
    other.show()
    page = EmptyPage(host)
    page.show()
    host.activateWindow()
    _, demo = page.findChildren(QPushButton)
    demo.setFocus()
    demo.click()
    assert host.focusWidget() is page
    page.set_busy(True)
    assert host.focusWidget() is page


def test_withdrawn_offer_is_gone_and_plain_words_stay(host: QWidget) -> None:
    notice = Notice(host)
    notice.show_text("Plain.")
    notice.withdraw_offer()
    assert notice.isVisible()
    notice.show_text("Removed.", "Undo", lambda: None)
    notice.withdraw_offer()
    assert notice.isHidden()


def test_reason_in_the_report_is_shown_whole(qtbot: QtBot) -> None:
    reason = "This is no media file, or it is damaged so early that nothing in it can be read. " * 3
    problems = [
        ScanProblem(folder_id="f", path=p, reason=r) for p, r in (("a.mp4", reason), ("b.mp4", "No."))
    ]
    dialog = ReportDialog(problems)
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.show()
    [table] = dialog.findChildren(QTreeWidget)
    short, long = (table.visualRect(table.model().index(row, 0)).height() for row in (0, 1))
    line = table.fontMetrics().height()
    assert line * 1.5 < short < line * 3
    assert long > short + line


def test_report_keeps_the_same_reason_together_and_files_in_natural_order() -> None:
    found = [("b.mp4", "Empty."), ("clip 10.mp4", "Damaged."), ("a.mp4", "Rare."), ("clip 9.mp4", "Damaged.")]
    problems = [ScanProblem(folder_id="f", path=path, reason=reason) for path, reason in found]
    assert [p.path for p in in_order(problems)] == ["clip 9.mp4", "clip 10.mp4", "b.mp4", "a.mp4"]


def test_markup_in_data_is_text_in_labels_notices_and_tool_tips(host: QWidget, qtbot: QtBot) -> None:
    text = "<b>A & B</b>"
    notice = Notice(host)
    notice.show_text(text)
    label = ElidedLabel()
    qtbot.addWidget(label)
    label.set_text(text)
    dialog = ReportDialog([ScanProblem(folder_id="f", path=text, reason=text)])
    qtbot.addWidget(dialog)
    labels = [label, *notice.findChildren(QLabel), *dialog.findChildren(QLabel)]
    assert all(each.textFormat() is Qt.TextFormat.PlainText for each in labels)
    assert notice.text == text
    assert label.toolTip() == "<p>&lt;b&gt;A &amp; B&lt;/b&gt;</p>"
    assert button_text("A & B") == "A && B"


def test_elided_label_gives_way_and_keeps_the_whole(qtbot: QtBot) -> None:
    label = ElidedLabel(Qt.TextElideMode.ElideRight)
    qtbot.addWidget(label)
    label.resize(80, 20)
    label.show()
    label.set_text("A title that is a good deal longer than the label")
    assert label.text().endswith("…")
    assert label.toolTip() == "A title that is a good deal longer than the label"
    label.resize(2000, 20)
    assert label.text() == label.toolTip()


@pytest.mark.parametrize("removed", [False, True])
@pytest.mark.parametrize("width", [560, 1180])
def test_header_cuts_nothing_however_narrow_the_window(
    header: Header, host: QWidget, width: int, removed: bool
) -> None:
    header.setParent(host)
    header.show_removed(removed)
    header.set_count(12_345)
    header.resize(width, 60)
    header.show()
    QApplication.processEvents()
    assert "12,345" in texts(header)
    shown = [w for w in header.findChildren(QWidget) if w.parent() is header and w.isVisible()]
    for widget in shown:
        assert widget.width() >= widget.minimumSizeHint().width()
        assert header.rect().contains(widget.geometry())
    combo = header.findChildren(QComboBox)[0]
    assert combo.width() >= combo.sizeHint().width()
    buttons = [b for b in header.findChildren(QPushButton) if b.isVisible()]
    assert all(b.width() >= b.sizeHint().width() and (b.text() or b.toolTip()) for b in buttons)


def test_header_gives_up_texts_first_then_the_name_and_takes_them_back(header: Header, host: QWidget) -> None:
    header.setParent(host)
    header.set_count(12)
    header.show()
    whole = header._row.sizeHint().width()

    def seen(width: int) -> tuple[bool, bool]:
        header.resize(width, 60)
        return any(b.text() for b in header.findChildren(QPushButton)), not header._name.isHidden()

    assert seen(whole) == (True, True)
    assert seen(whole - 1) == (False, True)
    assert seen(header._row.sizeHint().width() - 1) == (False, False)
    assert seen(whole) == (True, True)


@pytest.mark.parametrize("width", [512, 1100])
def test_first_run_card_shows_all_of_it_however_narrow(host: QWidget, width: int) -> None:
    card = SetupCard(host)
    card.show_first_run("http://192.168.1.23:8765", "K7QM-2XPD")
    card.resize(width, 50)
    card.show()
    QApplication.processEvents()
    for label in (label for label in card.findChildren(QLabel) if label.isVisible()):
        needed = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
        assert label.height() >= needed, label.text()
        assert card.rect().contains(label.geometry())


def test_password_can_be_looked_at(host: QWidget) -> None:
    card = SetupCard(host)
    _, password = card.findChildren(QLineEdit)
    assert password.echoMode() is QLineEdit.EchoMode.Password
    [toggle] = [b for b in card.findChildren(QToolButton) if b.accessibleName() == "Show the password"]
    toggle.click()
    assert password.echoMode() is QLineEdit.EchoMode.Normal
    assert toggle.accessibleName() == "Hide the password"
