"""One video of the grid, painted: picture, title, a line of facts, how far it was watched."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import (
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QTextLayout, QTextOption
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from gui import figures, icons, theme
from gui.models.library import Role
from gui.models.thumbnails import Frame, Thumbnails
from hub.library.positions import resume_from
from hub.library.types import Availability, Video

GAP = theme.L
"""Between two cards."""
OUTSET = 6
"""How far hover and selection reach beyond the card."""
TITLE_LINES = 2
PROGRESS_HEIGHT = 4
FACTS_GAP = 5
"""Between the title and the line of facts."""


class CardDelegate(QStyledItemDelegate):
    """Paints videos into the cells of `LibraryView`."""

    def __init__(self, thumbnails: Thumbnails, parent: QObject) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._cell = QSize(240, 240)
        self.shows_focus = False
        """Whether the current card is ringed: while the keyboard is in use."""

    def set_cell(self, cell: QSize) -> None:
        """Use cells of this size from now on."""
        self._cell = cell

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return self._cell

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        opt: Any = option  # PySide's stubs leave the option's fields out
        video: Video | None = index.data(Role.VIDEO)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        card = opt.rect.adjusted(GAP // 2, GAP // 2, -GAP // 2, -GAP // 2)
        picture = QRect(card.left(), card.top(), card.width(), round(card.width() * 9 / 16))
        hovered = bool(opt.state & QStyle.StateFlag.State_MouseOver)
        self._paint_ground(painter, card, opt.state)
        if video is None:
            self._paint_placeholder(painter, card, picture, opt.font)
        else:
            is_missing = video.availability is Availability.MISSING
            painter.setOpacity(0.4 if is_missing else 1.0)
            self._paint_picture(painter, picture, video)
            painter.setOpacity(1.0)
            self._paint_marks(painter, picture, video, hovered=hovered and not is_missing)
            self._paint_text(painter, card, picture, video, opt.font)
        painter.restore()

    def _paint_ground(self, painter: QPainter, card: QRect, state: QStyle.StateFlag) -> None:
        scheme = theme.colors()
        ground = QRectF(card.adjusted(-OUTSET, -OUTSET, OUTSET, OUTSET))
        painter.setPen(Qt.PenStyle.NoPen)
        if state & QStyle.StateFlag.State_Selected:
            painter.setBrush(QColor(scheme.selection))
            painter.drawRoundedRect(ground, theme.RADIUS + OUTSET, theme.RADIUS + OUTSET)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(QColor(scheme.hover))
            painter.drawRoundedRect(ground, theme.RADIUS + OUTSET, theme.RADIUS + OUTSET)
        if state & QStyle.StateFlag.State_HasFocus and self.shows_focus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(scheme.accent), 2))
            painter.drawRoundedRect(
                ground.adjusted(1, 1, -1, -1), theme.RADIUS + OUTSET, theme.RADIUS + OUTSET
            )

    def _paint_placeholder(self, painter: QPainter, card: QRect, picture: QRect, font: QFont) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.colors().placeholder))
        painter.drawRoundedRect(QRectF(picture), theme.RADIUS, theme.RADIUS)
        line = QFontMetricsF(font).height()
        top = picture.bottom() + theme.S + 2
        for row, share in enumerate((0.85, 0.5)):
            bar = QRectF(card.left(), top + row * (line + 4), card.width() * share, line * 0.62)
            painter.drawRoundedRect(bar, 4, 4)

    def _paint_picture(self, painter: QPainter, rect: QRect, video: Video) -> None:
        ratio = painter.device().devicePixelRatio()
        pixmap = self._thumbnails.get(video, round(rect.width() * ratio), Frame(theme.RADIUS * ratio, ratio))
        if pixmap is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(rect, pixmap)
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(video.thumb_color or theme.colors().placeholder))
        painter.drawRoundedRect(QRectF(rect), theme.RADIUS, theme.RADIUS)
        if video.thumb_version is None:
            size = min(rect.height() * 0.32, 56.0)
            place = QRectF(rect.center().x() - size / 2, rect.center().y() - size / 2, size, size)
            icons.paint(
                painter, "film" if video.width else "note", place, theme.alpha(theme.colors().muted, 0.6)
            )

    def _paint_marks(self, painter: QPainter, rect: QRect, video: Video, *, hovered: bool) -> None:
        scheme = theme.colors()
        if video.availability is Availability.MISSING:
            self._paint_badge(painter, rect, self.tr("File missing"))
        elif video.availability is Availability.CATALOGUE:
            self._paint_badge(painter, rect, self.tr("Not on this hub"))
        if video.watched:
            circle = QRectF(rect.right() - 30, rect.top() + 8, 22, 22)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.alpha("#000000", 0.62))
            painter.drawEllipse(circle)
            icons.paint(painter, "check", circle.adjusted(4, 4, -4, -4), QColor("#ffffff"))
        share = watched_share(video)
        self._paint_length(painter, rect, video, above_bar=share > 0)
        if share > 0:
            bar = QRectF(
                rect.left() + theme.S,
                rect.bottom() - theme.S - PROGRESS_HEIGHT + 1,
                rect.width() - 2 * theme.S,
                PROGRESS_HEIGHT,
            )
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.alpha("#000000", 0.55))
            painter.drawRoundedRect(bar.adjusted(-1, -1, 1, 1), 3, 3)
            painter.setBrush(QColor(scheme.accent if theme.is_dark() else "#ff7a3d"))
            bar.setWidth(max(PROGRESS_HEIGHT, bar.width() * share))
            painter.drawRoundedRect(bar, 2, 2)
        if hovered:
            circle = QRectF(rect.center().x() - 24, rect.center().y() - 24, 48, 48)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.alpha("#000000", 0.62))
            painter.drawEllipse(circle)
            icons.paint(painter, "play", circle.adjusted(13, 12, -11, -12), QColor("#ffffff"))

    def _paint_badge(self, painter: QPainter, rect: QRect, text: str) -> None:
        font = theme.scaled_font(painter.font(), 0.85, QFont.Weight.DemiBold)
        metrics = QFontMetricsF(font)
        badge = QRectF(
            rect.left() + theme.S,
            rect.top() + theme.S,
            metrics.horizontalAdvance(text) + 32,
            metrics.height() + 6,
        )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.alpha("#000000", 0.72))
        painter.drawRoundedRect(badge, 6, 6)
        mark = QRectF(badge.left() + 6, badge.center().y() - 7, 14, 14)
        icons.paint(painter, "warning", mark, QColor("#ffd28a"))
        painter.setFont(font)
        painter.setPen(QColor("#ffffff"))
        painter.drawText(badge.adjusted(25, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_length(self, painter: QPainter, rect: QRect, video: Video, *, above_bar: bool) -> None:
        text = figures.duration(video.duration_s)
        if not text:
            return
        font = theme.scaled_font(painter.font(), 0.85, QFont.Weight.DemiBold)
        metrics = QFontMetricsF(font)
        is_audio = video.video_codec is None and video.audio_codec is not None
        for_note = 16 if is_audio else 0
        width, height = metrics.horizontalAdvance(text) + 12 + for_note, metrics.height() + 4
        lifted = theme.S + (PROGRESS_HEIGHT + theme.XS if above_bar else 0)
        badge = QRectF(rect.right() + 1 - theme.S - width, rect.bottom() + 1 - lifted - height, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.alpha("#000000", 0.72))
        painter.drawRoundedRect(badge, 5, 5)
        if is_audio:
            mark = QRectF(badge.left() + 6, badge.center().y() - 6, 12, 12)
            icons.paint(painter, "note", mark, QColor("#ffffff"))
        painter.setFont(font)
        painter.setPen(QColor("#ffffff"))
        painter.drawText(badge.adjusted(for_note, 0, 0, 0), Qt.AlignmentFlag.AlignCenter, text)

    def _paint_text(self, painter: QPainter, card: QRect, picture: QRect, video: Video, font: QFont) -> None:
        scheme = theme.colors()
        title_font = theme.scaled_font(font, 1.0, QFont.Weight.DemiBold)
        y = float(picture.bottom() + 1 + theme.S)
        painter.setPen(QColor(scheme.text))
        y += draw_lines(painter, QPointF(card.left(), y), card.width(), video.title, title_font, TITLE_LINES)
        small = theme.scaled_font(font, 0.9)
        text = facts_of(video, datetime.now(UTC))
        metrics = QFontMetricsF(small)
        painter.setFont(small)
        painter.setPen(QColor(scheme.muted))
        line = QRectF(card.left(), y + FACTS_GAP, card.width(), metrics.height())
        painter.drawText(
            line,
            Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine,
            metrics.elidedText(text, Qt.TextElideMode.ElideRight, line.width()),
        )


def facts_of(video: Video, now: datetime) -> str:
    """The line below the title, the same as in the web client: channel, age, views."""
    views = ""
    if video.views == 1:
        views = QCoreApplication.translate("CardDelegate", "1 view")
    elif video.views > 1:
        views = QCoreApplication.translate("CardDelegate", "{} views").format(figures.count(video.views))
    facts = (video.channel or "", figures.ago(video.published_at or video.added_at, now), views)
    return " · ".join(filter(None, facts))


def cell_height(card_width: int, font: QFont) -> int:
    """Height of a cell whose card is `card_width` wide: picture, two lines of title, one of facts, and the gap."""
    title = QFontMetricsF(theme.scaled_font(font, 1.0, QFont.Weight.DemiBold)).lineSpacing()
    small = QFontMetricsF(theme.scaled_font(font, 0.9)).height()
    return round(card_width * 9 / 16 + theme.S + TITLE_LINES * title + FACTS_GAP + small + GAP + 2)


def watched_share(video: Video) -> float:
    """How much of the video lies behind the place where playing would go on, 0 to 1.

    0 when it would begin at the start; half, for want of better, when its duration is not known.
    """
    resume_s = resume_from(video.position_s, video.duration_s)
    if resume_s <= 0 or not video.duration_s:
        return 0.5 if resume_s > 0 else 0.0
    return min(1.0, resume_s / video.duration_s)


def draw_lines(painter: QPainter, at: QPointF, width: float, text: str, font: QFont, lines: int) -> float:
    """Draw `text` on at most `lines` lines, the last one elided; returns the height used."""
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout = QTextLayout(" ".join(text.split()), font)
    layout.setTextOption(option)
    layout.beginLayout()
    height, shown, cut_at = 0.0, 0, None
    step, ascent = QFontMetricsF(font).lineSpacing(), QFontMetricsF(font).ascent()
    while shown < lines and (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        # Scripts from another font have taller lines: what keeps the rhythm, and clear of the facts, are baselines.
        line.setPosition(QPointF(0, height + ascent - line.ascent()))
        height += step
        shown += 1
        if shown == lines and line.textStart() + line.textLength() < _utf16_length(layout.text()):
            cut_at = line.textStart()
    layout.endLayout()
    for number in range(shown if cut_at is None else shown - 1):
        layout.lineAt(number).draw(painter, at)
    if cut_at is not None:
        metrics = QFontMetricsF(font)
        rest = layout.text().encode("utf-16-le")[2 * cut_at :].decode("utf-16-le", errors="replace")
        painter.setFont(font)
        baseline = QPointF(at.x(), at.y() + height - step + metrics.ascent())
        painter.drawText(baseline, metrics.elidedText(rest, Qt.TextElideMode.ElideRight, width))
    return height


def _utf16_length(text: str) -> int:
    # Qt counts in UTF-16 units, Python in code points.
    return len(text.encode("utf-16-le")) // 2
