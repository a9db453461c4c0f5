"""The field for the words: plain text, grows with it, and knows an Enter that belongs to an input method."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QMimeData, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragMoveEvent,
    QFocusEvent,
    QInputMethodEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QStaticText,
    QTextBlock,
    QTextCursor,
    QTextDocument,
    QTextOption,
)
from PySide6.QtWidgets import QMenu, QPlainTextDocumentLayout, QPlainTextEdit, QSizePolicy, QWidget

from chatbench.ui.chat.composer.files import carries_files, carries_picture
from chatbench.ui.theme import theme
from chatbench.ui.widgets.paint import told_direction

LONGEST_LINE: Final = 20_000
_PIECE: Final = 4_000
_SEAM: Final = "\u2060\u200b\u2060"
"""Marks a break that is not the reader's: a line of megabytes would be laid out whole at each key."""
_MANY_LINES: Final = 2_000
_CURSOR: Final = 1
_TELLING: Final = 200
_LOOK_BACK: Final = 20
"""Letters of a line, and lines before it, that tell from which side it is read."""


def _seamed(text: str) -> str:
    """The text with seams in lines too long to lay out, and many short lines in few blocks.

    200,000 blocks take Qt half a second to make; a line separator is a line break all the same.
    """
    if len(text) < LONGEST_LINE:
        return text
    if text.count("\n") > _MANY_LINES:
        text = _gathered(text)
    return "\n".join(_split(line) if len(line) >= LONGEST_LINE else line for line in text.split("\n"))


def _split(line: str) -> str:
    return f"{_SEAM}\n".join(line[at : at + _PIECE] for at in range(0, len(line), _PIECE))


def _gathered(text: str) -> str:
    pieces, start = [], 0
    while start < len(text):
        end = text.find("\n", start + _PIECE)
        end = len(text) if end < 0 else end
        pieces.append(text[start:end].replace("\n", "\u2028"))
        start = end + 1
        if start == len(text):
            pieces.append("")
    return "\n".join(pieces)


def _unseamed(text: str) -> str:
    return text.replace(f"{_SEAM}\n", "").replace(_SEAM, "") if _SEAM in text else text


class _Lines(QPlainTextDocumentLayout):
    """Gives every line the height the theme's prose has, and begins it at the side its words are read
    from; Qt's plain text knows only the font's own height, and the left."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self.direction = Qt.LayoutDirection.LeftToRight
        """Where nothing is written that would tell."""

    def _is_from_right(self, block: QTextBlock) -> bool:
        """Of words without letters, the side of the words before them."""
        direction = None
        for _ in range(_LOOK_BACK):
            direction = told_direction(block.text()[:_TELLING])
            if direction is None and block.previous().isValid():
                block = block.previous()
            else:
                break
        return (self.direction if direction is None else direction) == Qt.LayoutDirection.RightToLeft

    def blockBoundingRect(self, block: QTextBlock) -> QRectF:
        rect = super().blockBoundingRect(block)
        layout = block.layout()
        count = layout.lineCount()
        if not count:
            return rect
        height = theme().line("prose")
        last = layout.lineAt(count - 1)
        from_right = self._is_from_right(block)
        # At the very edge the cursor would not be seen.
        x = -_CURSOR if from_right else 0
        place = last.position()
        # Qt puts every line it lays out anew at 0, and tells of sides in values that are slow to compare.
        if place.x() != x:
            side = Qt.AlignmentFlag.AlignRight if from_right else Qt.AlignmentFlag.AlignLeft
            option = layout.textOption()
            option.setAlignment(side)
            layout.setTextOption(option)
        if place.x() != x or round(place.y()) != self._top(count - 1, height, last.height()):
            for number in range(count):
                line = layout.lineAt(number)
                place = line.position()
                place.setX(x)
                place.setY(self._top(number, height, line.height()))
                line.setPosition(place)
        return QRectF(0, 0, rect.width(), count * height)

    @staticmethod
    def _top(number: int, height: int, font_height: float) -> int:
        return number * height + max(0, round((height - font_height) / 2))


class Editor(QPlainTextEdit):
    """Plain text that grows up to ``set_most_height``.

    ``send_wanted`` for the keys that send, ``edit_last_wanted`` for Up in an empty field,
    ``backed_out`` for Backspace there,
    ``escaped`` for Escape while ``takes_escape``, ``files_given(QMimeData)`` for pasted files and
    pictures, ``html_pasted(str)`` the HTML that came with pasted words,
    ``menu_opening(QMenu, QTextCursor)`` before the menu at a place is shown,
    ``pasted(str, begin, end)`` for words and where they stand now, ``grown`` when its
    height has changed.
    """

    send_wanted = Signal()
    edit_last_wanted = Signal()
    backed_out = Signal()
    escaped = Signal()
    files_given = Signal(object)
    pasted = Signal(str, int, int)
    menu_opening = Signal(QMenu, QTextCursor)
    html_pasted = Signal(str)
    focus_changed = Signal()
    grown = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.composing = False
        """Whether an input method is putting words together here."""
        self.quiet = False
        """While the words are replaced by the program: nobody has typed them."""
        self._hint = ""
        self._shown_hint: tuple[tuple[int, Qt.LayoutDirection], QPointF, QStaticText] | None = None
        """As wide as it was shortened for; the cursor repaints it at each blink."""
        self._most = 10_000
        self.send_with_control = False
        self.takes_escape = False
        self.setProperty("bare", True)
        self.setTabChangesFocus(True)
        self.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        # Where it fills its own ground, the blinking cursor repaints nothing behind it.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._lines = _Lines(self.document())
        self._lines.direction = self.layoutDirection()
        self.document().setDocumentLayout(self._lines)
        self.document().setDocumentMargin(0)
        self._wear()
        self.textChanged.connect(self.fit)

    def text(self) -> str:
        """The words as they were typed or pasted."""
        return _unseamed(self.toPlainText())

    def set_text(self, text: str) -> None:
        """Replaces everything; the cursor goes to the end."""
        self.quiet = True
        try:
            self.setPlainText(_seamed(text))
            self.moveCursor(self.textCursor().MoveOperation.End)
        finally:
            self.quiet = False

    def set_hint(self, hint: str) -> None:
        """What stands in the empty field."""
        self._hint = hint
        self._shown_hint = None
        self.viewport().update()

    def hint(self) -> str:
        """What stands in the empty field."""
        return self._hint

    def is_blank(self) -> bool:
        """Whether there is nothing but white space; cheap for a long text."""
        block = self.document().begin()
        while block.isValid():
            if block.text().strip(_SEAM + " \t\u00a0\u3000\r\u2028"):
                return False
            block = block.next()
        return True

    def set_most_height(self, height: int) -> None:
        """The height from which the words scroll."""
        if height != self._most:
            self._most = height
            self.fit()

    def fit(self) -> None:
        """Takes the height of the words, between one line and the most."""
        line = theme().line("prose")
        room = max(1, self._most // line)
        lines, block = 0, self.document().begin()
        while block.isValid() and lines <= room:
            self.document().documentLayout().blockBoundingRect(block)
            lines += max(1, block.layout().lineCount())
            block = block.next()
        height = max(line, min(lines, room) * line)
        policy = Qt.ScrollBarPolicy
        scrolls = lines > room
        self.setVerticalScrollBarPolicy(policy.ScrollBarAsNeeded if scrolls else policy.ScrollBarAlwaysOff)
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)
            self.grown.emit()

    def sizeHint(self) -> QSize:
        return QSize(theme().scaled(300), theme().line("prose"))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().scaled(80), theme().line("prose"))

    def _wear(self) -> None:
        self.setFont(theme().font("prose"))
        self._shown_hint = None
        self.fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), theme().color("raised"))
        if self._hint and not self.composing and self.document().isEmpty():
            # Qt's own placeholder stands at the font's height, the cursor in the middle of the line.
            painter.setFont(theme().font("prose"))
            painter.setPen(theme().color("text3"))
            painter.drawStaticText(*self._laid_out_hint())
        painter.end()
        super().paintEvent(event)

    def _laid_out_hint(self) -> tuple[QPointF, QStaticText]:
        """Where the hint stands, and its words: laid out once, for the cursor's every blink paints them."""
        room = self.viewport().width(), self.layoutDirection()
        if self._shown_hint is None or self._shown_hint[0] != room:
            metrics = theme().metrics("prose")
            words = QStaticText(metrics.elidedText(self._hint, Qt.TextElideMode.ElideRight, room[0]))
            words.setTextFormat(Qt.TextFormat.PlainText)
            option = QTextOption()
            option.setTextDirection(room[1])
            option.setWrapMode(QTextOption.WrapMode.NoWrap)
            words.setTextOption(option)
            words.prepare(font=theme().font("prose"))
            from_right = room[1] == Qt.LayoutDirection.RightToLeft
            x = room[0] - words.size().width() if from_right else 0
            self._shown_hint = room, QPointF(x, (theme().line("prose") - metrics.height()) // 2), words
        return self._shown_hint[1:]

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._wear()
        elif event.type() == QEvent.Type.LayoutDirectionChange and hasattr(self, "_lines"):
            self._lines.direction = self.layoutDirection()
            self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.fit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit()

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        self.composing = bool(event.preeditString())
        super().inputMethodEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._enter(event)
        elif self.composing:
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_Up and not event.modifiers() & ~_KEYPAD and self.document().isEmpty():
            self.edit_last_wanted.emit()
        elif key == Qt.Key.Key_Backspace and not event.modifiers() and self.document().isEmpty():
            if not event.isAutoRepeat():
                self.backed_out.emit()
        elif key == Qt.Key.Key_Escape and self.takes_escape:
            self.escaped.emit()
        else:
            super().keyPressEvent(event)

    def _enter(self, event: QKeyEvent) -> None:
        if self.composing:
            return
        modifiers = event.modifiers() & ~_KEYPAD
        control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        plain = modifiers == Qt.KeyboardModifier.NoModifier
        if control or (plain and not self.send_with_control):
            if not event.isAutoRepeat():
                self.send_wanted.emit()
        else:
            self.insertPlainText("\n")
            self.ensureCursorVisible()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        at = self.cursorRect().bottomLeft() if by_key else event.pos()
        menu = self.createStandardContextMenu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.menu_opening.emit(menu, self.textCursor() if by_key else self.cursorForPosition(at))
        menu.popup(self.viewport().mapToGlobal(at))

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return carries_files(source) or carries_picture(source) or super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        if carries_files(source) or carries_picture(source):
            self.files_given.emit(source)
        elif source.hasText():
            text, cursor = source.text(), self.textCursor()
            begin = cursor.selectionStart()
            cursor.insertText(_seamed(text))
            self.ensureCursorVisible()
            self.pasted.emit(text, begin, self.textCursor().position())
            if source.hasHtml():
                self.html_pasted.emit(source.html())

    def createMimeDataFromSelection(self) -> QMimeData:
        copied = QMimeData()
        copied.setText(_unseamed(self.textCursor().selection().toPlainText()))
        return copied

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if carries_files(event.mimeData()) or carries_picture(event.mimeData()):
            event.ignore()
        else:
            super().dragEnterEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if carries_files(event.mimeData()) or carries_picture(event.mimeData()):
            event.ignore()
        else:
            super().dragMoveEvent(event)


_KEYPAD: Final = Qt.KeyboardModifier.KeypadModifier
