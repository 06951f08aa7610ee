"""The window on an open hub: makes models, pages and controllers, and connects what they ask for."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint

from gui.bridge import Bridge
from gui.controllers.drops import Drops
from gui.controllers.editing import Editing
from gui.controllers.first_run import FirstRun
from gui.controllers.folders import Folders
from gui.controllers.removal import Removal
from gui.controllers.videos import VideoActions
from gui.menus import Actions
from gui.models.begun import BegunModel
from gui.models.jobs import JobsModel
from gui.models.library import LibraryModel
from gui.models.thumbnails import Thumbnails
from gui.operations.playback import Playable
from gui.player.page import PlayerPage
from gui.player.vlc_loader import VlcLoader
from gui.preferences import Preferences
from gui.session import Opened, Session
from gui.views.jobs_strip import outcome
from gui.views.library_page import LibraryPage
from gui.views.main_window import MainWindow
from hub.errors import HubError
from hub.events import Event, WindowRequested
from hub.jobs.types import Job
from hub.library.types import VideoQuery, VideoState


class Shell(QObject):
    """Lives from the moment the hub is open until the window closes."""

    def __init__(self, window: MainWindow, bridge: Bridge, opened: Opened, preferences: Preferences) -> None:
        super().__init__(window)
        self._window = window
        self._url = opened.url
        self._preferences = preferences
        self._session = Session(bridge, opened)
        self._model = LibraryModel(self._session, preferences.query, self)
        self._begun = BegunModel(self._session, self)
        self._thumbnails = Thumbnails(self._session, self)
        self._jobs = JobsModel(self._session, self)
        self._removal = Removal(self._session, self._model, window)
        self._editing = Editing(self._session, window)
        self._videos = VideoActions(self._session, self._url, window)
        self._drops = Drops(window)
        self._folders = Folders(self._session, window)
        self._first_run = FirstRun(self._session, opened.setup_code, self)
        self._actions = Actions(window)
        self._page = LibraryPage(
            self._model, self._begun, self._thumbnails, self._jobs, self._actions.menu(), self._url
        )
        self._vlc = VlcLoader(self)
        self._player = PlayerPage(self._session, preferences, self._vlc.engine, self._vlc)
        window.add_page(self._page)
        window.add_page(self._player)
        bridge.happened.connect(self._handle)
        bridge.failed.connect(self._say_error)
        self._connect_library()
        self._connect_actions()
        self._connect_first_run()
        self._model.refresh()
        self._begun.load()
        self._jobs.load()
        window.accept_drops()
        self._vlc.start_when_idle()
        self.show_library()

    # Pages

    def show_library(self) -> None:
        """Leave the player, if it is open, and show the library."""
        self._actions.set_library_enabled(True)
        self._window.show_title("")
        self._window.show_page(self._page)
        self._page.focus()

    def play(self, video_id: str) -> None:
        """Play a video of the library."""
        self._videos.play(video_id)

    def play_file(self, path: bytes) -> None:
        """Play a file, whether or not the library has it."""
        self._videos.play_file(path)

    def close(self) -> None:
        """Store what is still to be stored, stop the picture, wait for the decoders."""
        self._removal.commit()
        self._player.stop()
        self._player.close_engine()
        self._vlc.close()
        self._thumbnails.close()

    def _play(self, playable: Playable) -> None:
        self._actions.set_library_enabled(False)
        self._window.show_title(playable.title)
        self._window.notice.withdraw_offer()
        self._window.show_page(self._player)
        self._player.play(playable)

    # Wiring

    def _connect_library(self) -> None:
        page = self._page
        page.header.query_changed.connect(self._set_query)
        page.header.add_requested.connect(self._folders.choose)
        page.header.restore_requested.connect(self._restore_selected)
        page.header.library_requested.connect(lambda: self._actions.removed.setChecked(False))
        page.view.play_requested.connect(self._play_listed)
        page.begun.play_requested.connect(self._videos.play)
        page.view.edit_requested.connect(self._edit_listed)
        page.view.remove_requested.connect(self._remove_listed)
        page.view.menu_requested.connect(self._show_menu)
        page.empty.add_requested.connect(self._folders.choose)
        page.empty.demo_requested.connect(self._folders.demo)
        page.strip.report_requested.connect(self._folders.report)
        page.address.copy_requested.connect(self._videos.copy_address)
        page.address.setup_requested.connect(self._show_setup)
        self._window.dropped.connect(self._drops.take)
        self._drops.add_requested.connect(self._folders.add)
        self._drops.play_requested.connect(self._videos.play_file)
        self._videos.opened.connect(self._play)
        self._videos.edit_requested.connect(self._editing.ask)
        self._videos.remove_requested.connect(self._removal.ask)
        self._videos.restore_requested.connect(self._removal.restore)
        self._videos.rescan_requested.connect(self._folders.rescan)
        self._removal.removed.connect(self._offer_undo)
        self._removal.restored.connect(self._window.notice.show_text)
        self._player.closed.connect(self.show_library)
        self._player.play_requested.connect(self._videos.play)
        self._model.failed.connect(self._say_error)
        self._removal.failed.connect(self._say_error)
        self._jobs.ended.connect(self._say_outcome)
        for speaker in (self._folders, self._videos, self._drops):
            speaker.said.connect(self._window.notice.show_text)

    def _connect_actions(self) -> None:
        for action, do in (
            (self._actions.add, self._folders.choose),
            (self._actions.folders, self._folders.manage),
            (self._actions.rescan, self._folders.rescan),
            (self._actions.report, self._folders.report),
            (self._actions.undo, self._undo),
            (self._actions.devices, self._show_setup),
            (self._actions.quit, self._window.close),
        ):
            # The slots take no `checked`.
            action.triggered.connect(lambda _=False, do=do: do())
        self._actions.removed.toggled.connect(self._show_removed)

    def _connect_first_run(self) -> None:
        card = self._page.setup
        card.set_up_requested.connect(self._first_run.set_up)
        card.dismissed.connect(self._dismiss_setup)
        card.copy_requested.connect(self._videos.copy_address)
        self._first_run.failed.connect(card.refuse)
        self._first_run.finished.connect(self._set_up)
        code = self._first_run.code
        self._page.address.set_ready(code is None)
        if code is None:
            self._actions.set_ready()
        if code is not None:
            card.show_first_run(self._url, code)
            self._page.show_setup(not self._preferences.hides_setup)

    def _handle(self, event: Event) -> None:
        for listener in (self._model, self._begun, self._jobs, self._folders, self._first_run):
            listener.handle(event)
        if isinstance(event, WindowRequested):
            self._window.bring_to_front()
            if event.video_id is not None:
                self.play(event.video_id)
            elif event.path is not None:
                self.play_file(event.path)

    # Answers to what was asked for

    def _set_query(self, query: VideoQuery) -> None:
        self._preferences.query = query
        self._model.set_query(query)

    @property
    def _lists_removed(self) -> bool:
        return self._model.query.state is VideoState.DELETED

    def _show_removed(self, removed: bool) -> None:
        # What was just removed is to be among them.
        self._window.notice.withdraw_offer()
        self._removal.commit()
        self._page.header.show_removed(removed)
        self._page.focus()

    def _play_listed(self, video_id: str) -> None:
        if self._lists_removed:
            self._window.notice.show_text(
                self.tr("This video was removed from the library."),
                self.tr("Restore"),
                lambda: self._removal.restore([video_id]),
            )
        else:
            self._videos.play(video_id)

    def _edit_listed(self, video_id: str) -> None:
        if not self._lists_removed:
            self._editing.ask(video_id)

    def _remove_listed(self, ids: list[str]) -> None:
        if not self._lists_removed:
            self._removal.ask(ids)

    def _show_menu(self, ids: list[str], place: QPoint) -> None:
        show = self._videos.show_removed_menu if self._lists_removed else self._videos.show_menu
        show(ids, place)

    def _restore_selected(self) -> None:
        if ids := self._page.view.selected_ids():
            self._removal.restore(ids)
        else:
            self._window.notice.show_text(self.tr("Select the videos that are to come back."))

    def _offer_undo(self, text: str) -> None:
        self._window.notice.show_text(text, self.tr("Undo"), self._undo)

    def _undo(self) -> None:
        self._window.notice.withdraw_offer()
        if not self._removal.undo():
            self._window.notice.show_text(self.tr("There is no removal to undo."))
        self._page.focus()

    def _show_setup(self) -> None:
        if self._first_run.code is None:
            self._videos.copy_address()
            return
        self._preferences.hides_setup = False
        self._page.show_setup(True)
        self._page.setup.setFocus()

    def _dismiss_setup(self) -> None:
        self._preferences.hides_setup = True
        self._page.show_setup(False)
        self._page.focus()

    def _set_up(self) -> None:
        self._page.show_setup(False)
        self._page.address.set_ready(True)
        self._actions.set_ready()
        self._window.notice.show_text(self.tr("Done. Sign in at {} on any other device.").format(self._url))
        self._page.focus()

    def _say_error(self, error: HubError) -> None:
        self._window.notice.show_text(error.message)

    def _say_outcome(self, job: Job) -> None:
        if not self._page.isVisible() or any(other.kind == "demo" for other in self._jobs.active):
            # Nobody wants to read of scans over a film; and the demo has one for every clip.
            return
        text = outcome(job, asked_for=self._folders.asked_for(job))
        if text and not job.detail.get("errors"):
            self._window.notice.show_text(text)
        elif text:
            self._window.notice.show_text(text, self.tr("Show report"), self._folders.report)
