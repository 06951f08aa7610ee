"""What is offered over the picture: to skip what many skip, and what to play after the end. As in the web client."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.operations import playback as operations
from gui.session import Runner
from gui.views.buttons import PrimaryButton
from gui.views.texts import ElidedLabel, PlainLabel
from hub.library.types import Marker, MarkerKind, Video

COUNT_S = 10
ASK_BEFORE_S = 20.0
"""So long before the end the hub is asked what follows, so that the answer is there in time."""
WORTH_SKIPPING_S = 3.0
"""Nobody needs a button for what is over before it is pressed."""
ABOVE_BAR = 130
"""In full screen the controls lie over the picture."""
CARD_WIDTH = 360


class Offers(QObject):
    """Lives on the picture of a player page; is told where playing has come to."""

    seek_requested = Signal(float)
    play_requested = Signal(str)
    """The id of the video that follows."""

    def __init__(self, runner: Runner, host: QWidget) -> None:
        super().__init__(host)
        self._runner = runner
        self._host = host
        self._markers: Sequence[Marker] = ()
        self._skips_to_s = 0.0
        self._video_id: str | None = None
        self._duration_s = 0.0
        self._next: Video | None = None
        self._has_asked = False
        self._is_ended = False
        self._left_s = COUNT_S
        self._skip = QPushButton(host)
        self._skip.setObjectName("skip")
        self._skip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._skip.clicked.connect(lambda: self.seek_requested.emit(self._skips_to_s))
        self._card = NextCard(host)
        self._card.accepted.connect(self._go)
        self._card.declined.connect(self._withdraw)
        self._count = QTimer(self, interval=1_000)
        self._count.timeout.connect(self._tick)
        host.installEventFilter(self)
        self.end()

    def begin(self, video_id: str | None, markers: Sequence[Marker]) -> None:
        """Another video; None for a file outside the library, after which nothing follows."""
        self.end()
        self._video_id, self._markers = video_id, markers

    def end(self) -> None:
        """Offer nothing."""
        self._video_id, self._markers, self._next = None, (), None
        self._has_asked = self._is_ended = False
        self._skip.hide()
        self._withdraw()

    def move(self, position_s: float, duration_s: float) -> None:
        """Playing has come so far."""
        here = None if self._is_ended else skippable(self._markers, position_s)
        if here is not None:
            self._skips_to_s = here.end_s
            self._skip.setText(self._words_for(here.kind))
            self._place(self._skip)
        self._skip.setVisible(here is not None)
        if duration_s > 0 and position_s >= duration_s - ASK_BEFORE_S:
            self._ask()

    def set_ended(self, is_ended: bool) -> None:
        """The video is over, or plays again."""
        if is_ended == self._is_ended:
            return
        self._is_ended = is_ended
        if not is_ended:
            self._withdraw()
            return
        self._skip.hide()
        self._ask()
        self._offer()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize:
            self._place(self._skip)
            self._place(self._card)
        elif event.type() is QEvent.Type.Hide:
            # Nobody is there to say no.
            self._withdraw()
        return False

    def _ask(self) -> None:
        if self._has_asked or self._video_id is None:
            return
        self._has_asked = True
        video_id = self._video_id

        def found(following: Video | None) -> None:
            if self._video_id == video_id:
                self._next = following
                self._offer()

        # Without an answer nothing is offered: the end is simply the end.
        self._runner.run(
            operations.next_video(video_id), context=self, on_result=found, on_error=lambda _: None
        )

    def _offer(self) -> None:
        if not self._is_ended or self._next is None or not self._host.isVisible():
            return
        self._left_s = COUNT_S
        self._card.show_video(self._next, self._left_s)
        self._place(self._card)
        self._card.show()
        self._card.raise_()
        self._count.start()

    def _tick(self) -> None:
        self._left_s -= 1
        self._card.show_left(self._left_s)
        if self._left_s <= 0:
            self._go()

    def _go(self) -> None:
        following = self._next
        self._withdraw()
        if following is not None:
            self.play_requested.emit(following.id)

    def _withdraw(self) -> None:
        self._count.stop()
        self._card.hide()

    def _place(self, offer: QWidget) -> None:
        """At the lower right."""
        offer.adjustSize()
        below = ABOVE_BAR if self._host.window().isFullScreen() else theme.L
        offer.move(self._host.width() - offer.width() - theme.L, self._host.height() - offer.height() - below)
        offer.raise_()

    def _words_for(self, kind: MarkerKind) -> str:
        return {
            MarkerKind.INTRO: self.tr("Skip intro"),
            MarkerKind.RECAP: self.tr("Skip recap"),
            MarkerKind.CREDITS: self.tr("Skip credits"),
            MarkerKind.COMMERCIAL: self.tr("Skip commercial"),
        }[kind]


class NextCard(QWidget):
    """The title of what follows, how long until it plays, and a way to say no."""

    accepted = Signal()
    declined = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("next")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        # A click beside the buttons is none on the picture.
        self.setAttribute(Qt.WidgetAttribute.WA_NoMousePropagation)
        self.setFixedWidth(CARD_WIDTH)
        self._lead = PlainLabel()
        self._lead.setObjectName("faint")
        self._title = ElidedLabel()
        self._title.setObjectName("title")
        play = PrimaryButton(self.tr("Play now"))
        play.clicked.connect(self.accepted)
        cancel = QPushButton(self.tr("Cancel"))
        cancel.clicked.connect(self.declined)
        for each in (play, cancel):
            each.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row = QHBoxLayout()
        row.setSpacing(theme.S)
        row.addWidget(play)
        row.addWidget(cancel)
        row.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.M, theme.M, theme.M, theme.M)
        column.setSpacing(theme.S)
        column.addWidget(self._lead)
        column.addWidget(self._title)
        column.addLayout(row)
        self.hide()

    def show_video(self, video: Video, left_s: int) -> None:
        """Offer this one."""
        self._title.set_text(self.tr("Next: {}").format(video.title))
        self.setAccessibleName(self.tr("Next: {}").format(video.title))
        self.show_left(left_s)

    def show_left(self, left_s: int) -> None:
        """It plays by itself in so many seconds."""
        self._lead.setText(self.tr("Plays in {} s").format(left_s))


def skippable(markers: Sequence[Marker], position_s: float) -> Marker | None:
    """The marked stretch that runs at a place and is worth skipping; the shorter of two that overlap."""
    here = [one for one in markers if one.start_s <= position_s < one.end_s - WORTH_SKIPPING_S]
    return min(here, key=lambda one: one.end_s - one.start_s, default=None)
