"""Fields: search, one line, a choice from a list, and a secret that never shows more than four letters."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QVBoxLayout,
    QWidget,
)

from chatbench.ui import icons
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets.buttons import Button
from chatbench.ui.widgets.labels import ElidedLabel, Label
from chatbench.ui.widgets.paint import box


def explain_hint(line: QLineEdit) -> None:
    """Where a hint has too little room, the tooltip tells all of it."""
    hint = line.placeholderText()
    short = line.fontMetrics().horizontalAdvance(hint) > line.width() - line.height()
    if line.toolTip() in ("", hint):
        line.setToolTip(hint if short else "")


class _Line(QLineEdit):
    """Without words its hint stands where the interface begins to read; words run as their letters do."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.textChanged.connect(lambda _text: self._lean())
        self._lean()

    def _lean(self) -> None:
        side = Qt.AlignmentFlag.AlignLeft
        if not self.text() and self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute
        self.setAlignment(side | Qt.AlignmentFlag.AlignVCenter)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._lean()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        explain_hint(self)


class SearchField(_Line):
    """A search field: magnifier before the words, a cross to clear, Escape clears too.

    Escape in an empty field is left to the window. ``stepped(+1 or -1)`` tells that Down or
    Up was pressed, so that a list beside it can move its current row.
    """

    stepped = Signal(int)

    def __init__(self, placeholder: str, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setProperty("search", True)
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(placeholder)
        mark = self.addAction(icons.icon("search", "text3"), QLineEdit.ActionPosition.LeadingPosition)
        mark.setText(self.tr("Search"))
        self._clear = self.addAction(icons.icon("x", "text3"), QLineEdit.ActionPosition.TrailingPosition)
        self._clear.setText(self.tr("Clear"))
        self._clear.setVisible(False)
        self._clear.triggered.connect(self.clear)
        self.textChanged.connect(lambda text: self._clear.setVisible(bool(text)))

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), theme().control("field"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif key in {Qt.Key.Key_Down, Qt.Key.Key_Up}:
            self.stepped.emit(1 if key == Qt.Key.Key_Down else -1)
        else:
            super().keyPressEvent(event)


class LineField(_Line):
    """A form field, 32 high; ``mono`` for addresses, names of headers and the like."""

    def __init__(
        self, text: str = "", *, name: str = "", mono: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(text, parent)
        self._mono = mono
        self.setAccessibleName(name)
        self._wear()

    def _wear(self) -> None:
        self.setFont(theme().font("code" if self._mono else "ui"))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._wear()

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), theme().control("field-form"))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().scaled(48), theme().control("field-form"))


class Select(QComboBox):
    """A choice from a list, with the program's chevron."""

    def __init__(self, *, name: str = "", compact: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._compact = compact
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        height = theme().control("field" if self._compact else "field-form")
        return QSize(super().sizeHint().width(), height)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(super().minimumSizeHint().width(), theme().scaled(120)), self.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            self.setToolTip("" if self._shown() == self.currentText() else self.currentText())
        return super().event(event)

    def _shown(self) -> str:
        """What of the choice has room."""
        room = self.width() - theme().icon_size(14) - 8 - 2 * theme().scaled(12)
        return self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, max(0, room))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self._shown()
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            self._draw_mirrored(painter, option)
        else:
            painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        edge = theme().icon_size(14)
        x = 8 if self.layoutDirection() == Qt.LayoutDirection.RightToLeft else self.width() - edge - 8
        icons.draw(painter, "chevron-down", QRect(x, 0, edge, self.height()), "text2")
        painter.end()

    def _draw_mirrored(self, painter: QStylePainter, option: QStyleOptionComboBox) -> None:
        """The words from the right. A style sheet's paddings are of the left and the right: what it would
        draw itself has the chevron's room where the words begin, and ends under the chevron."""
        option.direction = Qt.LayoutDirection.LeftToRight
        part = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, self)
        place = QStyle.visualRect(Qt.LayoutDirection.RightToLeft, self.rect(), room).adjusted(1, 0, -1, 0)
        side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
        painter.drawItemText(
            place, side, self.palette(), self.isEnabled(), option.currentText, QPalette.ColorRole.Text
        )


class SecretField(QWidget):
    """A key: where it is kept, its last four characters, Replace and Forget; or a field to paste one.

    ``submitted(str)`` carries a new secret once, and the field forgets it; the widget never
    shows or returns it again. ``forget_requested()`` asks to delete the stored one.
    """

    submitted = Signal(str)
    forget_requested = Signal()

    def __init__(self, *, name: str, placeholder: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._input = LineField(name=name, mono=True)
        self._input.setEchoMode(QLineEdit.EchoMode.Password)
        self._input.setPlaceholderText(placeholder)
        self._input.setContextMenuPolicy(Qt.ContextMenuPolicy.DefaultContextMenu)
        self._save = Button(self.tr("Save and check"), kind="primary", size="large")
        self._save.setEnabled(False)
        self._cancel = Button(self.tr("Cancel"), kind="quiet", size="large")
        self._stored = _StoredSecret(self)
        self._editor = self._make_editor()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._editor)
        column.addWidget(self._stored)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._input.textChanged.connect(lambda text: self._save.setEnabled(bool(text.strip())))
        self._input.returnPressed.connect(self._submit)
        self._save.clicked.connect(self._submit)
        self._cancel.clicked.connect(lambda: self._show_stored(True))
        self._stored.replace.clicked.connect(self._replace)
        self._stored.forget.clicked.connect(self.forget_requested)
        self.set_empty()

    def _make_editor(self) -> QWidget:
        editor = QWidget(self)
        row = QHBoxLayout(editor)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._input, 1)
        row.addWidget(self._save)
        row.addWidget(self._cancel)
        return editor

    def set_empty(self) -> None:
        """There is no key: show the field."""
        self._cancel.hide()
        self._show_stored(False)

    def set_stored(self, place: str, last_four: str, *, problem: str = "", can_forget: bool = True) -> None:
        """There is one: ``place`` is a sentence ("In the keyring of your system")."""
        self._stored.show_secret(place, last_four[-4:], problem, can_forget)
        self._show_stored(True)

    def show_last_four(self, last_four: str) -> None:
        """The stored key's last characters, once they could be read."""
        self._stored.show_digits(last_four[-4:])

    def set_problem(self, problem: str) -> None:
        """What is wrong with the stored key, or "" ."""
        self._stored.show_problem(problem)

    def focus_input(self) -> None:
        """Show the field and put the text cursor there."""
        self._replace()

    def _show_stored(self, stored: bool) -> None:
        self._input.clear()
        self._stored.setVisible(stored)
        self._editor.setVisible(not stored)

    def _replace(self) -> None:
        self._cancel.setVisible(not self._stored.isHidden() or not self._cancel.isHidden())
        self._show_stored(False)
        self._input.setFocus(Qt.FocusReason.OtherFocusReason)

    def _submit(self) -> None:
        secret = self._input.text().strip()
        self._input.clear()
        if secret:
            self.submitted.emit(secret)


class _StoredSecret(QWidget):
    """The card of a stored key."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.replace = Button(self.tr("Replace…"), size="small")
        self.forget = Button(self.tr("Forget"), kind="quiet", size="small")
        self._digits = ElidedLabel(font="code")
        self._place = _Marked("lock", "success")
        self._problem = _Marked("circle-alert", "danger")
        top = QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(self._digits, 1)
        top.addWidget(self.replace)
        top.addWidget(self.forget)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 12, 10)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self._place)
        column.addWidget(self._problem)

    def show_secret(self, place: str, last_four: str, problem: str, can_forget: bool) -> None:
        self.show_digits(last_four)
        self._place.set_text(place)
        self.forget.setVisible(can_forget)
        self.show_problem(problem)

    def show_digits(self, last_four: str) -> None:
        self._digits.set_text(f"••••••••••••{last_four}")
        known, unknown = self.tr("Key ending in {0}"), self.tr("A key is kept")
        self._digits.setAccessibleName(known.format(last_four) if last_four else unknown)

    def show_problem(self, problem: str) -> None:
        self._problem.set_text(problem)
        self._problem.setVisible(bool(problem))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box(painter, self.rect(), theme().corner("card"), "sunken", "line")
        painter.end()


class _Marked(QWidget):
    """A small line with an icon of the same colour before it."""

    def __init__(self, icon: str, color: ColorRole) -> None:
        super().__init__()
        self._icon, self._color = icon, color
        self._label = Label(font="small", color=color, wrap=True)
        self._label.setAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignTop)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addSpacing(theme().icon_size(13) + 6)
        row.addWidget(self._label)

    def set_text(self, text: str) -> None:
        self._label.setText(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        edge = theme().icon_size(13)
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        mark = QRect(self.width() - edge if rtl else 0, 0, edge, theme().line("small"))
        icons.draw(painter, self._icon, mark, self._color)
        painter.end()
