"""Folders from the window: choosing, adding, the dialog that lists them, the scan report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QDir, QObject, QStandardPaths, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from gui.operations import folders as operations
from gui.session import Runner
from gui.views.folders_dialog import FoldersDialog
from gui.views.report_dialog import ReportDialog
from gui.views.texts import PlainMessageBox
from hub.events import Event, FoldersChanged, JobChanged
from hub.jobs.types import Job
from hub.library.types import Folder, ScanProblem


class Folders(QObject):
    """Everything a person does with folders; what comes of it is said through `said`."""

    said = Signal(str)

    def __init__(self, runner: Runner, window: QWidget) -> None:
        super().__init__(window)
        self._runner = runner
        self._window = window
        self._dialog: FoldersDialog | None = None
        self._asked_for: set[str] = set()

    def choose(self) -> None:
        """Ask for a folder and add it."""
        chooser = QFileDialog(self._dialog or self._window, self.tr("Add a folder to the library"))
        chooser.setDirectory(films_folder())
        chooser.setFileMode(QFileDialog.FileMode.Directory)
        chooser.setOption(QFileDialog.Option.ShowDirsOnly)
        chooser.fileSelected.connect(lambda path: self.add([Path(path)]))
        chooser.finished.connect(chooser.deleteLater)
        chooser.open()

    def add(self, paths: Sequence[Path]) -> None:
        """Make these library folders and scan them."""

        def added(folders: list[Folder]) -> None:
            if len(folders) == 1:
                self.said.emit(self.tr("“{}” is in the library now. Scanning…").format(folders[0].path))
            else:
                self.said.emit(self.tr("{} folders are in the library now. Scanning…").format(len(folders)))

        self._runner.run(operations.add([str(path) for path in paths]), context=self, on_result=added)

    def rescan(self, folder_ids: list[str] | None = None) -> None:
        """Scan again."""

        def asked(job: Job) -> None:
            self._asked_for.add(job.id)
            self.said.emit(self.tr("{}…").format(job.title))

        self._runner.run(operations.rescan(folder_ids), context=self, on_result=asked)

    def asked_for(self, job: Job) -> bool:
        """Whether this is a scan that somebody asked for with `rescan`."""
        return job.id in self._asked_for

    def demo(self) -> None:
        """Make the demo library."""
        self._runner.run(operations.demo(), context=self)

    def manage(self) -> None:
        """Show the folders."""
        if self._dialog is None:
            self._dialog = dialog = FoldersDialog(self._window)
            dialog.add_requested.connect(self.choose)
            dialog.remove_requested.connect(self._ask_remove)
            dialog.rescan_requested.connect(self.rescan)
            dialog.report_requested.connect(self.report)
            dialog.finished.connect(self._dialog_closed)
            dialog.open()
        self._load()

    def report(self) -> None:
        """Show what scans passed over."""

        def show(problems: list[ScanProblem]) -> None:
            dialog = ReportDialog(problems, self._dialog or self._window)
            dialog.finished.connect(dialog.deleteLater)
            dialog.open()

        self._runner.run(operations.problems(), context=self, on_result=show)

    def handle(self, event: Event) -> None:
        """Keep an open dialog true."""
        if self._dialog is not None and (
            isinstance(event, FoldersChanged) or (isinstance(event, JobChanged) and event.job.state.is_over)
        ):
            self._load()

    def _load(self) -> None:
        if self._dialog is not None:
            self._runner.run(operations.folders(), context=self._dialog, on_result=self._dialog.show_folders)

    def _ask_remove(self, folder: Folder) -> None:
        box = PlainMessageBox(self._dialog or self._window)
        box.setText(self.tr("Remove “{}” from the library?").format(folder.path))
        box.setInformativeText(
            self.tr(
                "Its files stay where they are. Its videos are shown as missing and come back, with titles and "
                "positions, when you add the folder again."
            )
        )
        remove = box.addButton(self.tr("Remove"), QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.buttonClicked.connect(lambda button: self._remove(folder) if button is remove else None)
        box.finished.connect(box.deleteLater)
        box.open()

    def _remove(self, folder: Folder) -> None:
        self._runner.run(
            operations.remove(folder.id),
            context=self,
            on_result=lambda _: self.said.emit(
                self.tr("“{}” is no longer in the library.").format(folder.path)
            ),
        )

    def _dialog_closed(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None


def films_folder() -> str:
    """Where a person's videos most likely are: the system's folder for them, else the home folder."""
    films = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MoviesLocation)
    return films if films and QDir(films).exists() else QDir.homePath()
