"""First run: the address for other devices, the code that proves who asks, and the owner's name and password."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.views.buttons import IconButton, PrimaryButton
from gui.views.texts import PlainLabel

FIELD_WIDTH = 200
BESIDE_FROM = 700
"""From this width on the fields stand beside the words; else below them."""


class SetupCard(QFrame):
    """Asks for the owner's name and password; the window knows the code itself."""

    set_up_requested = Signal(str, str)
    """Name and password."""
    dismissed = Signal()
    copy_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._outer = outer = QHBoxLayout(self)
        outer.setContentsMargins(theme.L + theme.XS, theme.L, theme.M, theme.L)
        outer.setSpacing(theme.M)
        self._body = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._body.addLayout(self._explanation(), 3)
        self._body.addLayout(self._form(), 2)
        outer.addLayout(self._body, 1)
        away = IconButton("close", self.tr("Not now (the menu has it)"))
        away.clicked.connect(self.dismissed)
        outer.addWidget(away, alignment=Qt.AlignmentFlag.AlignTop)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_beside = self.width() >= BESIDE_FROM
        direction = QBoxLayout.Direction.LeftToRight if is_beside else QBoxLayout.Direction.TopToBottom
        self._body.setDirection(direction)
        self._body.setSpacing(theme.XL if is_beside else theme.M)
        self._words.setVisible(is_beside)
        self._keep_height()

    def show_first_run(self, url: str, code: str) -> None:
        """Fill in what the other device needs."""
        self._address.setText(url)
        self._code.setText(code)

    def show_error(self, sentence: str) -> None:
        """Say why it did not work, beside the fields."""
        self._problem.setText(sentence)
        self._problem.setVisible(bool(sentence))
        self._button.setEnabled(True)
        self._keep_height()

    def refuse(self, sentence: str) -> None:
        """Say why the hub refused, and let the password be typed again."""
        self.show_error(sentence)
        self._password.setFocus(Qt.FocusReason.OtherFocusReason)
        self._password.selectAll()

    def _keep_height(self) -> None:
        # What lies below would otherwise squeeze it, since wrapped words count as one line.
        layout = self._outer
        layout.invalidate()
        needed = layout.totalHeightForWidth(self.width()) if layout.hasHeightForWidth() else 0
        self.setMinimumHeight(max(needed, layout.totalMinimumSize().height()))

    def _explanation(self) -> QVBoxLayout:
        title = PlainLabel(self.tr("Watch on your other devices"))
        title.setObjectName("title")
        self._words = words = PlainLabel(
            self.tr(
                "Choose a name and a password here, then sign in with them on any phone, tablet or TV in your home. "
                "You can also do this there: open the address and type the first-run code."
            )
        )
        words.setObjectName("muted")
        words.setWordWrap(True)
        self._address, self._code = PlainLabel(), PlainLabel()
        self._address.setObjectName("address")
        self._code.setObjectName("code")
        for label in (self._address, self._code):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        copy = IconButton("copy", self.tr("Copy the address"))
        copy.clicked.connect(self.copy_requested)
        facts = QGridLayout()
        facts.setHorizontalSpacing(theme.M)
        facts.setVerticalSpacing(theme.XS)
        facts.addWidget(_faint(self.tr("Address")), 0, 0)
        facts.addWidget(self._address, 0, 1)
        facts.addWidget(copy, 0, 2)
        facts.addWidget(_faint(self.tr("First-run code")), 1, 0)
        facts.addWidget(self._code, 1, 1)
        facts.setColumnStretch(3, 1)
        column = QVBoxLayout()
        column.setSpacing(theme.S)
        column.addWidget(title)
        column.addWidget(words)
        column.addLayout(facts)
        column.addStretch()
        return column

    def _form(self) -> QVBoxLayout:
        self._name, self._password = QLineEdit(), QLineEdit()
        self._password.setPlaceholderText(self.tr("8 characters or more"))
        self._show = IconButton("eye", "")
        self._show.setCheckable(True)
        self._show.toggled.connect(self._show_password)
        self._show_password(False)
        self._problem = PlainLabel()
        self._problem.setObjectName("problem")
        self._problem.setWordWrap(True)
        self._problem.hide()
        self._button = PrimaryButton(self.tr("Set up"))
        self._button.clicked.connect(self._submit)
        fields = QGridLayout()
        fields.setHorizontalSpacing(theme.S)
        fields.setVerticalSpacing(theme.S)
        for row, (words, field) in enumerate(
            ((self.tr("Your name"), self._name), (self.tr("Password"), self._password))
        ):
            label = _faint(words)
            label.setBuddy(field)
            field.setAccessibleName(words)
            field.setMinimumWidth(FIELD_WIDTH)
            field.returnPressed.connect(self._submit)
            field.textEdited.connect(lambda: self.show_error(""))
            fields.addWidget(label, row, 0)
            fields.addWidget(field, row, 1)
        fields.addWidget(self._show, 1, 2)
        column = QVBoxLayout()
        column.setSpacing(theme.S)
        column.addLayout(fields)
        column.addWidget(self._problem)
        column.addWidget(self._button, alignment=Qt.AlignmentFlag.AlignLeft)
        column.addStretch()
        return column

    def _show_password(self, shown: bool) -> None:
        mode = QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password
        self._password.setEchoMode(mode)
        self._show.set_icon("eye-off" if shown else "eye")
        self._show.set_text(self.tr("Hide the password") if shown else self.tr("Show the password"))

    def _submit(self) -> None:
        name, password = self._name.text().strip(), self._password.text()
        if not name:
            self.show_error(self.tr("Type your name first."))
            self._name.setFocus()
        elif not password:
            self.show_error(self.tr("Type a password first."))
            self._password.setFocus()
        else:
            self._button.setEnabled(False)
            self.set_up_requested.emit(name, password)


def _faint(text: str) -> QLabel:
    label = PlainLabel(text)
    label.setObjectName("muted")
    return label
