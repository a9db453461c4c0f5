"""What the drop zone shows: painted from verdicts, in as much detail as there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QCoreApplication, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyle

from chatbench.core.models import ModelInfo
from chatbench.services.attachments import Capability, Verdict
from chatbench.ui import icons
from chatbench.ui.chat.composer.sendwords import shown_name
from chatbench.ui.chat.picker.rows import left_to_right
from chatbench.ui.quantities import number
from chatbench.ui.quantities import size as size_of
from chatbench.ui.theme import ColorRole, FontRole, theme
from chatbench.ui.widgets import box, draw_keys, draw_pill, keys_width, pill_width

_EDGE: Final = 12
_WIDTH: Final = 600
_PAD: Final = 14
_TAKES_ROW: Final = 28
KIND_ICONS: Final = {
    "picture": "image",
    "pdf": "file-text",
    "document": "file-code",
    "archive": "archive",
    "sound": "audio-lines",
    "film": "film",
    "folder": "folder",
    "unknown": "file",
}


def tr(text: str) -> str:
    """The reader's language for words of the sheet."""
    return QCoreApplication.translate("DropZone", text)


def size_words(size: int | None) -> str:
    """A file's size as people say it; "" where it is unknown."""
    if size is None:
        return ""
    return left_to_right(size_of(size))


def number_words(count: int) -> str:
    """A small number in a word."""
    words = (
        tr("one"),
        tr("two"),
        tr("three"),
        tr("four"),
        tr("five"),
        tr("six"),
        tr("seven"),
        tr("eight"),
        tr("nine"),
    )
    return words[count - 1] if 1 <= count <= len(words) else number(count)


def title_words(verdicts: Sequence[Verdict], count: int = 0) -> str:
    """What a drop would do, in numbers; `count` is how many files there are where not all were judged."""
    if count > len(verdicts):
        return tr("Drop to choose from {0} files").format(number_words(count))
    accepted, total = sum(verdict.accepted for verdict in verdicts), len(verdicts)
    if not accepted:
        return tr("None of these can be attached") if total > 1 else tr("This cannot be attached")
    if total == 1:
        return tr("Drop to attach the file")
    if accepted == total:
        return tr("Drop to attach {0} files").format(number_words(total))
    return tr("Drop to attach {0} of {1} files").format(number_words(accepted), number_words(total))


def kind_words(kind: str) -> str:
    """A kind of file as people call it."""
    words = {
        "picture": tr("Images"),
        "pdf": tr("PDF"),
        "document": tr("Documents"),
        "sound": tr("Sound"),
        "film": tr("Film"),
    }
    return words[kind]


def takes_words(info: ModelInfo, capabilities: Sequence[Capability]) -> str:
    """What the model takes, a line for every kind of file."""
    head = tr("What {0} takes").format(info.title)
    line = tr("{0}: {1}")
    return "\n".join([head, *(line.format(kind_words(one.kind), tr(one.words)) for one in capabilities)])


@dataclass
class Sheet:
    """Draws top to bottom; `y` is how far it has come."""

    painter: QPainter
    area: QRect
    direction: Qt.LayoutDirection
    info: ModelInfo
    verdicts: Sequence[Verdict]
    capabilities: Sequence[Capability] = ()
    count: int = 0
    y: int = 0

    def draw(self) -> None:
        """Everything, centred; files that find no room are counted."""
        painter = self.painter
        painter.fillRect(self.area, theme().color("page"))
        self._outline()
        scaled = theme().scaled
        width = min(scaled(_WIDTH), self.area.width() - 2 * (_EDGE + 20))
        column = QRect(self.area.x() + (self.area.width() - width) // 2, 0, width, 0)
        row, head, foot = self._row_height(), scaled(38), scaled(40)
        title, takes = scaled(64), head + len(self.capabilities) * scaled(_TAKES_ROW) + scaled(6)
        room = self.area.height() - 2 * (_EDGE + 12) - title
        with_foot = room >= head + row + foot
        room -= foot if with_foot else 0
        with_takes = room >= head + min(3, len(self.verdicts)) * row + _EDGE + takes
        room -= takes + _EDGE if with_takes else 0
        shown = max(1, min(len(self.verdicts), (room - head) // row))
        used = title + head + shown * row + (takes + _EDGE if with_takes else 0) + (foot if with_foot else 0)
        self.y = max(_EDGE + 12, min(scaled(44), (self.area.height() - used) // 2))
        self._title(column, title)
        self._files(column, head, row, shown)
        if with_takes:
            self.y += _EDGE
            self._takes(column, head, takes)
        if with_foot:
            self._foot(column, foot)

    def _row_height(self) -> int:
        return theme().line("ui") + theme().line("small") + 18

    def _outline(self) -> None:
        painter = self.painter
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme().color("accent"), 2)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        inner = QRectF(self.area).adjusted(_EDGE + 1, _EDGE + 1, -_EDGE - 1, -_EDGE - 1)
        painter.drawRoundedRect(inner, theme().corner("drop"), theme().corner("drop"))
        painter.restore()

    def _title(self, column: QRect, height: int) -> None:
        edge = theme().scaled(48)
        whole = QRect(column.x(), self.y, column.width(), edge)
        tile = QRect(whole.x(), whole.y(), edge, edge)
        box(self.painter, self._flip(whole, tile), theme().corner("card"), "selected")
        mark = QRect(0, 0, theme().icon_size(24), theme().icon_size(24))
        mark.moveCenter(self._flip(whole, tile).center())
        icons.draw(self.painter, "file-down", mark, "accenttext")
        words = whole.adjusted(edge + 14, 0, 0, 0)
        upper, lower = theme().line("figure"), theme().line("small")
        top = words.y() + (edge - upper - lower) // 2
        self._text(
            whole,
            QRect(words.x(), top, words.width(), upper),
            title_words(self.verdicts, self.count),
            "text",
            "figure",
        )
        below = tr("With your next message to {0}.").format(self.info.title)
        self._text(whole, QRect(words.x(), top + upper, words.width(), lower), below, "text2", "small")
        self.y += height

    def _files(self, column: QRect, head: int, row: int, shown: int) -> None:
        card = QRect(column.x(), self.y, column.width(), head + shown * row)
        painter = self.painter
        box(painter, card, theme().corner("card"), "page", "line")
        total = max(self.count, len(self.verdicts))
        words = tr("One file over the window")
        if total > 1:
            number = number_words(total)
            words = tr("{0} files over the window").format(number[:1].upper() + number[1:])
        if shown < total:
            words += tr(", {0} shown here").format(number_words(shown))
        line = QRect(card.x() + _PAD, card.y(), card.width() - 2 * _PAD, head)
        self._text(card, line, words, "text2", "small", weight=600)
        for place, verdict in enumerate(self._in_order(shown)):
            self._file(card, QRect(card.x(), card.y() + head + place * row, card.width(), row), verdict)
        box(painter, card, theme().corner("card"), None, "line")
        self.y = card.bottom() + 1

    def _in_order(self, shown: int) -> list[Verdict]:
        """As dropped; where not all have room, the refused ones come first."""
        if shown >= len(self.verdicts):
            return list(self.verdicts)
        return sorted(self.verdicts, key=lambda verdict: verdict.accepted)[:shown]

    def _file(self, card: QRect, rect: QRect, verdict: Verdict) -> None:
        painter = self.painter
        if not verdict.accepted:
            painter.fillRect(rect.adjusted(1, 0, -1, -1), theme().color("dangersoft"))
        painter.fillRect(QRect(rect.x(), rect.y(), rect.width(), 1), theme().color("line"))
        inner = rect.adjusted(_PAD, 9, -_PAD, -9)
        edge, line = theme().icon_size(16), theme().line("ui")
        kind = KIND_ICONS[verdict.candidate.kind]
        mark = QRect(inner.x(), inner.y() + (line - edge) // 2, edge, edge)
        icons.draw(painter, kind, self._flip(card, mark), "text2")
        text = inner.adjusted(edge + 12, 0, 0, 0)
        words = tr("Will be attached") if verdict.accepted else tr("Refused")
        width = pill_width(words, "check")
        place = QRect(text.right() + 1 - width, text.y() + 1, width, theme().control("pill"))
        self._verdict(self._flip(card, place), words, accepted=verdict.accepted)
        room = text.width() - width - 10
        size = size_words(verdict.candidate.size)
        size_width = theme().metrics("small").horizontalAdvance(size) + (9 if size else 0)
        called = shown_name(verdict.candidate.name)
        full = theme().metrics("ui", 500).horizontalAdvance(called) + 1
        name = QRect(text.x(), text.y(), max(1, min(full, room - size_width)), line)
        self._text(card, name, called, "text", "ui", weight=500, middle=True)
        self._text(card, QRect(name.right() + 10, text.y(), size_width, line), size, "text2", "small")
        below = QRect(text.x(), text.y() + line, text.width(), theme().line("small"))
        self._text(card, below, verdict.reason, "text2" if verdict.accepted else "danger", "small")

    def _verdict(self, rect: QRect, words: str, *, accepted: bool) -> None:
        if not accepted:
            # A pill of its own colour would not be seen on a row of that colour.
            box(self.painter, rect.adjusted(-1, -1, 1, 1), theme().corner("inline") + 1, "page")
        draw_pill(
            self.painter, rect, words, "success" if accepted else "danger", "check" if accepted else "x"
        )

    def _takes(self, column: QRect, head: int, height: int) -> None:
        card = QRect(column.x(), self.y, column.width(), height)
        box(self.painter, card, theme().corner("card"), "page", "line")
        line = QRect(card.x() + _PAD, card.y(), card.width() - 2 * _PAD, head)
        title = tr("What {0} takes").format(self.info.title)
        self._text(card, line, title, "text2", "small", weight=600)
        for place, one in enumerate(self.capabilities):
            top = card.y() + head - 4 + place * theme().scaled(_TAKES_ROW)
            self._taken(card, QRect(line.x(), top, line.width(), theme().scaled(_TAKES_ROW)), one)
        self.y = card.bottom() + 1

    def _taken(self, card: QRect, row: QRect, one: Capability) -> None:
        edge = theme().icon_size(16)
        color: ColorRole = "text" if one.able else "text3"
        mark = QRect(row.x(), row.y() + (row.height() - edge) // 2, edge, edge)
        icons.draw(self.painter, KIND_ICONS[one.kind], self._flip(card, mark), color)
        name = QRect(row.x() + edge + 12, row.y(), theme().scaled(112), row.height())
        self._text(card, name, kind_words(one.kind), color, "ui", weight=500)
        fact = QRect(name.right() + 1, row.y(), row.right() - edge - 8 - name.right(), row.height())
        self._text(card, fact, tr(one.words), "text2", "small")
        mark = QRect(row.right() + 1 - edge, row.y(), edge, row.height())
        icons.draw(
            self.painter,
            "check" if one.able else "minus",
            self._flip(card, mark),
            "success" if one.able else "text3",
        )

    def _foot(self, column: QRect, height: int) -> None:
        words = tr("or drag outside to cancel")
        keys = keys_width(["Esc"])
        width = keys + 6 + theme().metrics("small").horizontalAdvance(words) + 1
        line = QRect(column.x() + (column.width() - width) // 2, self.y, width, height)
        key = QRect(line.x(), line.y(), keys, line.height())
        draw_keys(self.painter, self._flip(line, key), ["Esc"], trailing=False)
        self._text(line, line.adjusted(keys + 6, 0, 0, 0), words, "text2", "small")
        self.y += height

    def _flip(self, within: QRect, rect: QRect) -> QRect:
        return QStyle.visualRect(self.direction, within, rect)

    def _text(
        self,
        within: QRect,
        rect: QRect,
        words: str,
        color: ColorRole,
        font: FontRole,
        *,
        weight: int | None = None,
        middle: bool = False,
    ) -> None:
        painter = self.painter
        painter.setFont(theme().font(font, weight))
        painter.setPen(theme().color(color))
        mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        shown = theme().metrics(font, weight).elidedText(words, mode, rect.width())
        rtl = self.direction == Qt.LayoutDirection.RightToLeft
        side = Qt.AlignmentFlag.AlignRight if rtl else Qt.AlignmentFlag.AlignLeft
        flags = int(side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute)
        painter.drawText(self._flip(within, rect), flags | int(Qt.TextFlag.TextSingleLine), shown)
