"""The job under way, at the lower edge: how far, how fast, at which file; stop it, read its report."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from gui import figures, theme
from gui.models.jobs import JobsModel
from gui.views.buttons import IconButton
from gui.views.texts import ElidedLabel, PlainLabel
from hub.jobs.types import Job, JobState


class JobsStrip(QWidget):
    """Follows a `JobsModel`; empty while nothing runs."""

    report_requested = Signal()
    busy_changed = Signal(bool)

    def __init__(self, jobs: JobsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._job: Job | None = None
        self._title = ElidedLabel(Qt.TextElideMode.ElideRight, hugs=True)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(110)
        self._bar.setAccessibleName(self.tr("Progress"))
        self._figures = PlainLabel()
        self._figures.setObjectName("muted")
        self._report = QPushButton()
        self._report.setProperty("kind", "link")
        self._report.clicked.connect(self.report_requested)
        self._current = ElidedLabel(hugs=True)
        self._current.setObjectName("muted")
        self._cancel = IconButton("close", self.tr("Stop"))
        self._cancel.clicked.connect(self._stop)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.M)
        row.addWidget(self._title, 9)
        for widget in (self._bar, self._figures, self._report):
            row.addWidget(widget)
        row.addWidget(self._current, 5)
        row.addWidget(self._cancel)
        row.addStretch(1)
        jobs.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        self._job = job = self._jobs.running
        self.setVisible(job is not None)
        self.busy_changed.emit(job is not None)
        if job is None:
            return
        more = len(self._jobs.active) - 1
        self._title.set_text(self.tr("{} (and {} more)").format(job.title, more) if more else job.title)
        self._bar.setRange(0, job.total_units or 0)
        self._bar.setValue(min(job.done_units, job.total_units or 0))
        self._figures.setText("  ·  ".join(course(job)))
        errors = int(job.detail.get("errors") or 0)
        self._report.setText(self.tr("1 problem") if errors == 1 else self.tr("{} problems").format(errors))
        self._report.setVisible(errors > 0)
        self._current.set_text(str(job.detail.get("current") or ""))
        self._cancel.setEnabled(True)

    def _stop(self) -> None:
        if self._job is not None:
            self._cancel.setEnabled(False)
            self._jobs.cancel(self._job.id)


def course(job: Job) -> list[str]:
    """What is known of a job's course, in words."""
    if job.state is JobState.QUEUED:
        return [_tr("waiting")]
    found = []
    if job.kind.startswith("scan"):
        if job.detail.get("files_found"):
            found.append(_tr("{} files").format(figures.count(int(job.detail["files_found"]))))
        rate = float(job.detail.get("files_per_s") or 0)
        if rate >= 1:
            found.append(_tr("{} files/s").format(figures.count(round(rate))))
    elif job.total_units:
        found.append(_tr("{} of {}").format(figures.count(job.done_units), figures.count(job.total_units)))
    return found


def outcome(job: Job, *, asked_for: bool = False) -> str:
    """How a job ended, in a sentence; nothing for what needs no words.

    A scan that changed nothing needs words only when it was `asked_for` here: folders are looked after all the time.
    """
    if job.state is JobState.FAILED:
        return _tr("{} failed: {}").format(job.title, job.error or _tr("the log tells more"))
    if job.state is JobState.CANCELLED:
        return _tr("{} was stopped.").format(job.title)
    if not job.kind.startswith("scan"):
        return ""
    parts = [
        _counted(int(job.detail.get(key) or 0), one, many)
        for key, one, many in (
            ("files_new", _tr("1 video added"), _tr("{} videos added")),
            ("files_changed", _tr("1 changed"), _tr("{} changed")),
            ("files_moved", _tr("1 moved"), _tr("{} moved")),
            ("files_missing", _tr("1 missing"), _tr("{} missing")),
        )
    ]
    changes = ", ".join(filter(None, parts))
    if not changes and not asked_for:
        return ""
    passed_over = _counted(
        int(job.detail.get("errors") or 0), _tr("1 file passed over"), _tr("{} files passed over")
    )
    said = ", ".join(filter(None, (changes or _tr("Scan finished: nothing new"), passed_over)))
    return f"{said[0].upper()}{said[1:]}."


def _counted(number: int, one: str, many: str) -> str:
    if number == 0:
        return ""
    return one if number == 1 else many.format(figures.count(number))


def _tr(text: str) -> str:
    return QCoreApplication.translate("JobsStrip", text)
