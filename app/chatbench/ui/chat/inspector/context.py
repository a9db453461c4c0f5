"""What is sent next, part by part: how it is told in words, and the list that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from chatbench.rendering.beginnings import beginning
from chatbench.services.context import ContextItem, ContextView, Why
from chatbench.ui import icons
from chatbench.ui.chat.inspector.words import tr
from chatbench.ui.filefacts import sent_words
from chatbench.ui.quantities import decimals, number
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets import box
from chatbench.ui.widgets.paint import draw_title, row_ground

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
ITEM: Final = Qt.ItemDataRole.UserRole + 1
_SHOWN: Final = 240
_ICONS: Final = {
    "system": "scroll-text",
    "summary": "list-collapse",
    "thinking": "brain",
    "attachment": "paperclip",
}


def kind_words(item: ContextItem) -> str:
    """What an item is."""
    if item.kind == "message":
        if not item.message_id:
            return tr("Your draft")
        return tr("Question") if item.role == "user" else tr("Answer")
    return {
        "system": tr("System prompt"),
        "summary": tr("Summary"),
        "thinking": tr("Thinking"),
        "attachment": _attached_words(item),
    }[item.kind]


def _attached_words(item: ContextItem) -> str:
    """A file, and how it goes."""
    if item.form is None or item.why:
        return tr("Attachment")
    return tr("Attachment, {0}").format(sent_words(item.form.sent_as))


def why_words(why: Why) -> str:
    """Why something is not sent; "" where it is."""
    return {
        "": "",
        "person": tr("left out by you"),
        "summarised": tr("in the summary"),
        "empty": tr("nothing in it"),
        "no_question": tr("its question is not sent"),
        "not_for_model": tr("not for this model"),
    }[why]


def share_words(share: float | None) -> str:
    """A part of the model's window in per cent; "" where that is unknown."""
    if share is None:
        return ""
    if 0 < share < 0.0005:
        return tr("<{0} %").format(decimals(0.1, 1))
    return tr("{0} %").format(decimals(100 * share, 1))


def can_leave_out(item: ContextItem) -> bool:
    """Whether a person decides of it: messages of the chat, single files of them, and summaries."""
    if item.kind == "attachment":
        return bool(item.message_id) and item.alone
    return bool(item.message_id) and item.why in ("", "person")


class Part(NamedTuple):
    """All items of one kind together."""

    label: str
    tokens: int
    share: float | None


def parts_of(view: ContextView) -> list[Part]:
    """What is sent by kind, and what is not, each with its share."""
    found: dict[str, int] = {}
    for item in view.items:
        if item.why:
            continue
        label = {"system": tr("System prompt"), "summary": tr("Summary"), "thinking": tr("Thinking")}.get(
            item.kind, tr("Attachments") if item.kind == "attachment" else tr("Messages")
        )
        if item.kind == "message" and not item.message_id:
            label = tr("Your draft")
        found[label] = found.get(label, 0) + item.tokens
    return [
        Part(name, tokens, tokens / view.window if view.window else None) for name, tokens in found.items()
    ]


class ContextModel(QAbstractListModel):
    """The items of a view in their order."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.items: tuple[ContextItem, ...] = ()
        self._words: dict[str, str] = {}

    def show_items(self, items: Sequence[ContextItem]) -> None:
        """Shows these; the place of the reader stays where there are as many as before."""
        self._words.clear()
        if len(items) == len(self.items):
            self.items = tuple(items)
            if items:
                self.dataChanged.emit(self.index(0), self.index(len(items) - 1))
            return
        self.beginResetModel()
        self.items = tuple(items)
        self.endResetModel()

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.items)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item = self.items[index.row()]
        if role == ITEM:
            return item
        if role == Qt.ItemDataRole.DisplayRole:
            return self.words(item)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            state = tr("not sent: {0}").format(why_words(item.why)) if item.why else tr("sent")
            told = tr("≈ {0} tokens").format(number(item.tokens))
            size = told if item.tokens_known else tr("tokens unknown")
            return ", ".join(filter(None, (kind_words(item), state, size, self.words(item))))
        return None

    def words(self, item: ContextItem) -> str:
        """How an item begins, read once."""
        if item.kind == "attachment":
            return item.text
        found = self._words.get(item.text)
        if found is None:
            found = self._words[item.text] = beginning(item.text, _SHOWN)
        return found


class ContextList(QListView):
    """`toggled(ContextItem)` by its box or the space bar; `turned(ContextItem | None)` to another row."""

    toggled = Signal(object)
    turned = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.context = ContextModel(self)
        self.setModel(self.context)
        self.setItemDelegate(_ItemDelegate(self))
        self.setUniformItemSizes(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setAccessibleName(tr("What is sent"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.selectionModel().currentChanged.connect(lambda *_: self.turned.emit(self.current()))

    def show_items(self, items: Sequence[ContextItem]) -> None:
        """Shows these; the last row is marked at first."""
        here = self.currentIndex().row()
        self.context.show_items(items)
        place = here if 0 <= here < len(items) else len(items) - 1
        if place >= 0 and place != self.currentIndex().row():
            self.setCurrentIndex(self.context.index(place))
        self.turned.emit(self.current())

    def current(self) -> ContextItem | None:
        """The marked item."""
        index = self.currentIndex()
        return self.context.items[index.row()] if index.isValid() else None

    def _toggle(self) -> None:
        item = self.current()
        if item is not None and can_leave_out(item):
            self.toggled.emit(item)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self._toggle()
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            spot = check_rect(self.visualRect(index), self.layoutDirection())
            if spot.contains(event.position().toPoint()):
                self._toggle()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self.scheduleDelayedItemsLayout()


def check_rect(row: QRect, direction: Qt.LayoutDirection) -> QRect:
    """Where the box of a row stands, as large as can be hit well."""
    edge = max(24, theme().scaled(24))
    rect = QRect(row.left() + 6, row.center().y() - edge // 2, edge, edge)
    return QStyle.visualRect(direction, row, rect)


class _ItemDelegate(QStyledItemDelegate):
    """A box, what it is, how it begins, its tokens and its share as number and bar."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(0, max(theme().control("row-double"), theme().line("ui") + theme().line("micro") + 8))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        item: ContextItem = index.data(ITEM)
        painter.save()
        card = row_ground(painter, option, 2)
        self._paint_check(painter, option, item)
        end = self._paint_numbers(painter, option, card, item)
        self._paint_words(painter, option, card, end, index)
        painter.restore()

    def _paint_check(self, painter: QPainter, option: QStyleOptionViewItem, item: ContextItem) -> None:
        spot = check_rect(option.rect, option.direction)
        edge = theme().scaled(16)
        inner = QRect(0, 0, edge, edge)
        inner.moveCenter(spot.center())
        if not can_leave_out(item):
            name = "lock" if not item.why else "minus"
            icons.draw(painter, name, inner, "text3")
            return
        box(painter, inner, theme().corner("inline"), "page" if item.why else "accent", "linectl")
        if not item.why:
            icons.draw(painter, "check", inner.adjusted(2, 2, -2, -2), "onaccent")

    def _paint_numbers(
        self, painter: QPainter, option: QStyleOptionViewItem, card: QRect, item: ContextItem
    ) -> int:
        """The numbers at the far end; where they begin."""
        width = theme().scaled(96)
        rect = QRect(card.right() - width - 8, card.top() + 3, width, theme().line("ui"))
        color: ColorRole = "text3" if item.why else "text"
        painter.setPen(theme().color(color))
        painter.setFont(theme().font("small", 500))
        visual = QStyle.visualRect
        where = visual(option.direction, card, rect)
        tokens = number(item.tokens) if item.tokens_known else tr("unknown")
        draw_title(painter, where, tokens, option.direction, at_end=True)
        below = QRect(rect.left(), rect.bottom() + 1, width, theme().line("micro"))
        share = share_words(item.share) if not item.why else ""
        painter.setFont(theme().font("micro"))
        painter.setPen(theme().color("text3"))
        draw_title(painter, visual(option.direction, card, below), share, option.direction, at_end=True)
        if share and item.share is not None:
            words = theme().metrics("micro").horizontalAdvance(share) + 6
            track = QRect(below.left(), below.center().y() - 1, max(0, width - words), 3)
            filled = QRect(track)
            filled.setLeft(track.right() - round(track.width() * min(1.0, item.share)))
            box(painter, visual(option.direction, card, track), 1.5, "pressed")
            box(painter, visual(option.direction, card, filled), 1.5, "accent")
        return rect.left()

    def _paint_words(
        self, painter: QPainter, option: QStyleOptionViewItem, card: QRect, end: int, index: _Index
    ) -> None:
        item: ContextItem = index.data(ITEM)
        visual, direction = QStyle.visualRect, option.direction
        start = card.left() + 6 + max(24, theme().scaled(24)) + 6
        line = QRect(start, card.top() + 3, end - start - 12, theme().line("ui"))
        painter.setFont(theme().font("ui"))
        painter.setPen(theme().color("text3" if item.why else "text"))
        first: str = index.data(Qt.ItemDataRole.DisplayRole)
        draw_title(painter, visual(direction, card, line), first, direction)
        edge = theme().icon_size(13)
        below = QRect(start, line.bottom() + 1, line.width(), theme().line("micro"))
        name = _ICONS.get(item.kind, "message-square" if item.role == "user" else "sparkles")
        mark = QRect(below.left(), below.top(), edge, below.height())
        icons.draw(painter, name, visual(direction, card, mark), "text3")
        words = " · ".join(filter(None, (kind_words(item), why_words(item.why))))
        painter.setFont(theme().font("micro"))
        painter.setPen(theme().color("text2"))
        draw_title(painter, visual(direction, card, below.adjusted(edge + 6, 0, 0, 0)), words, direction)
