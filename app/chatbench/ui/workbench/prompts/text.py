"""The words of one message, as high as they are long, with their places marked."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QTextEdit, QWidget

from chatbench.services.prompts import Span, TemplateError, spans
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets.paint import box
from chatbench.ui.widgets.rawtext import laid_out_height

_LONGEST: Final = 200_000
"""Characters up to which places are marked while they are typed."""
_SHADES: Final[dict[str, ColorRole]] = {
    "mark": "accenttext",
    "name": "accenttext",
    "member": "accenttext",
    "keyword": "code-keyword",
    "filter": "code-function",
    "function": "code-function",
    "string": "code-string",
    "number": "code-number",
    "comment": "code-comment",
    "error": "danger",
}
_LEAST_LINES: Final = 2


class PromptText(QPlainTextEdit):
    """`set_missing` names the variables without a value, which are underlined; `set_fault` where the template
    cannot be read."""

    grown = Signal()

    def __init__(self, name: str, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._missing: frozenset[str] = frozenset()
        self._fault: TemplateError | None = None
        self._places: list[tuple[int, int]] = []
        self.setProperty("bare", True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(name)
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(0)
        self.viewport().setAutoFillBackground(False)
        self.setPlainText(text)
        self.textChanged.connect(self._changed)
        self._wear()

    def text(self) -> str:
        """The words as they are."""
        return self.toPlainText()

    def set_missing(self, names: frozenset[str]) -> None:
        """These variables have no value."""
        if names != self._missing:
            self._missing = names
            self._mark()

    def set_fault(self, fault: TemplateError | None) -> None:
        """Where it cannot be read; None: it can."""
        if fault is not self._fault:
            self._fault = fault
            self._mark()

    def _changed(self) -> None:
        self._fault = None
        self._mark()
        self._fit()

    def _mark(self) -> None:
        text = self.toPlainText()
        found = [] if len(text) > _LONGEST or "{" not in text else list(spans(text))
        self._places = _places(found, text)
        missing = [(one.start, one.end) for one in found if self._is_missing(one, text)]
        marks = [
            self._marked(start, end, "accenttext", wavy=any(start < at < end for at, _ in missing))
            for start, end in self._places
        ]
        # Inside of a place nothing is marked: of two marks that touch Qt paints the first alone.
        marks += [
            self._marked(one.start, one.end, _SHADES[one.kind], wavy=(one.start, one.end) in missing)
            for one in found
            if one.kind in _SHADES and not any(start <= one.start < end for start, end in self._places)
        ]
        if self._fault is not None:
            at = _offset(text, self._fault)
            marks.append(self._marked(at, max(at + 1, _word_end(text, at)), "danger", wavy=True))
        self.setExtraSelections(marks)
        self.viewport().update()

    def _is_missing(self, span: Span, text: str) -> bool:
        return span.kind == "name" and text[span.start : span.end] in self._missing

    def _marked(self, start: int, end: int, shade: ColorRole, *, wavy: bool) -> QTextEdit.ExtraSelection:
        selection = QTextEdit.ExtraSelection()
        cursor = QTextCursor(self.document())
        last = max(0, self.document().characterCount() - 1)
        cursor.setPosition(min(start, last))
        cursor.setPosition(min(end, last), QTextCursor.MoveMode.KeepAnchor)
        form = QTextCharFormat()
        form.setForeground(theme().color(shade))
        if wavy:
            form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            form.setUnderlineColor(theme().color("danger"))
        selection.cursor, selection.format = cursor, form
        return selection

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        for rect in self._place_rects(event.rect().top(), event.rect().bottom()):
            box(painter, rect, theme().corner("inline"), "selected")
        painter.end()
        super().paintEvent(event)

    def _place_rects(self, top: int, bottom: int) -> list[QRectF]:
        """The grounds of the places between two heights of the viewport."""
        found: list[QRectF] = []
        document, offset = self.document(), self.contentOffset()
        for start, end in self._places:
            block = document.findBlock(start)
            area = self.blockBoundingGeometry(block).translated(offset)
            if area.bottom() < top or area.top() > bottom:
                continue
            while block.isValid() and block.position() < end:
                area = self.blockBoundingGeometry(block).translated(offset)
                layout = block.layout()
                for number in range(layout.lineCount()):
                    line = layout.lineAt(number)
                    first = block.position() + line.textStart()
                    a, b = max(start, first), min(end, first + line.textLength())
                    if a < b:
                        x = float(line.cursorToX(a - block.position())[0])  # type: ignore[index]
                        y = float(line.cursorToX(b - block.position())[0])  # type: ignore[index]
                        left, right = min(x, y), max(x, y)
                        where = QRectF(left - 2, area.top() + line.y(), right - left + 4, line.height())
                        found.append(where)
                block = block.next()
        return found

    def _fit(self) -> None:
        least = _LEAST_LINES * self.fontMetrics().lineSpacing()
        height = max(least, laid_out_height(self)) + 4
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)
            self.grown.emit()

    def _wear(self) -> None:
        self.setFont(theme().font("ui"))
        self._mark()
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(theme().scaled(240), self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().scaled(80), self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_places"):
            self._wear()


def _places(found: list[Span], text: str) -> list[tuple[int, int]]:
    """From `{{` to after `}}`."""
    marks = [one for one in found if one.kind == "mark"]
    return [
        (opening.start, closing.end)
        for opening, closing in pairwise(marks)
        if text.startswith("{{", opening.start) and text[closing.start : closing.end].endswith("}}")
    ]


def _offset(text: str, fault: TemplateError) -> int:
    """Where a line and a column are."""
    start = 0
    for _ in range(fault.line - 1):
        start = text.find("\n", start) + 1
    return min(start + fault.column - 1, max(0, len(text) - 1))


def _word_end(text: str, at: int) -> int:
    while at < len(text) and not text[at].isspace():
        at += 1
    return at
