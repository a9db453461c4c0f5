"""Paints the picker's rows; the head of the list shares its columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from chatbench.core.errors import Authentication, ChatbenchError
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.services.models import ModelGroup, ModelRow
from chatbench.ui import icons
from chatbench.ui.chat.picker.rows import (
    Entry,
    ModelRowsItemModel,
    Roles,
    context_words,
    left_to_right,
    prices,
)
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets import box, tip
from chatbench.ui.widgets.paint import draw_title

_Index = QModelIndex | QPersistentModelIndex

SLOTS: Final = ("image", "file-text", "audio-lines", "film", "wrench", "brain")
_EDGE: Final = 14


def abilities(row: ModelRow) -> tuple[bool, ...]:
    """For each slot whether the model can."""
    info = row.info
    takes = tuple(kind in row.takes for kind in ("image", "file", "audio", "video"))
    return (*takes, bool(info.tools), info.thinking in ("optional", "always"))


@dataclass(frozen=True)
class Columns:
    """Where things stand in a row of some width, read from the left; None: no room for it."""

    star: QRect
    name: QRect
    context: QRect | None
    price_in: QRect | None
    price_out: QRect | None
    slots: QRect | None
    tick: QRect

    @classmethod
    def of(cls, rect: QRect) -> Columns:
        scaled = theme().scaled
        top, height = rect.y(), rect.height()
        star = QRect(rect.x() + _EDGE, top, theme().icon_size(15), height)
        right = rect.right() + 1 - _EDGE
        tick = QRect(right - theme().icon_size(16), top, theme().icon_size(16), height)
        right = tick.x() - 8
        wide = rect.width()
        slots = context = price_in = price_out = None
        if wide >= scaled(600):
            slot = scaled(20)
            slots = QRect(right - len(SLOTS) * slot, top, len(SLOTS) * slot, height)
            right = slots.x() - scaled(12)
        if wide >= scaled(420):
            price_out = QRect(right - scaled(62), top, scaled(62), height)
            price_in = QRect(price_out.x() - scaled(62), top, scaled(62), height)
            right = price_in.x()
        if wide >= scaled(520):
            context = QRect(right - scaled(72), top, scaled(72), height)
            right = context.x()
        name_x = star.right() + 1 + 8
        name = QRect(name_x, top, max(1, right - 8 - name_x), height)
        return cls(star, name, context, price_in, price_out, slots, tick)


class ModelDelegate(QStyledItemDelegate):
    """``fix_wanted(provider)`` for the button of a head, ``star_wanted(ModelRef)`` for a star."""

    fix_wanted = Signal(str)
    star_wanted = Signal(object)

    def __init__(self, view: QAbstractItemView, model: ModelRowsItemModel) -> None:
        super().__init__(view)
        self._model = model
        self.current: ModelRef | None = None
        self.errors: dict[str, ChatbenchError] = {}

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        entry: Entry = index.data(Roles.ENTRY)
        painter.save()
        if entry.row is None:
            self._paint_head(painter, option, entry.group)
        else:
            self._paint_row(painter, option, entry.row)
        painter.restore()

    # Heads.

    def fix_words(self, group: ModelGroup) -> str:
        """What the button of a head says; "" where there is nothing to fix."""
        if group.key.state == "missing":
            return self.tr("Add a key…")
        if group.key.state == "other_origin" or self._refused(group):
            return self.tr("Open settings")
        return ""

    def _refused(self, group: ModelGroup) -> bool:
        return isinstance(self.errors.get(group.endpoint.id), Authentication)

    def fix_rect(self, rect: QRect, words: str, direction: Qt.LayoutDirection) -> QRect:
        """Where the button of a head stands."""
        width = theme().metrics("small", 500).horizontalAdvance(words) + theme().icon_size(13) + 6 + 16
        height = min(theme().control("button-small") - 2, rect.height() - 4)
        place = QRect(rect.right() + 1 - _EDGE - width, 0, width, height)
        place.moveTop(rect.y() + (rect.height() - height) // 2)
        return QStyle.visualRect(direction, rect, place)

    def _paint_head(self, painter: QPainter, option: QStyleOptionViewItem, group: ModelGroup) -> None:
        rect, direction = option.rect, option.direction
        painter.fillRect(rect, theme().color("sunken"))
        painter.fillRect(QRect(rect.x(), rect.y(), rect.width(), 1), theme().color("line"))
        area = rect.adjusted(_EDGE, 0, -_EDGE, 0)
        fix = self.fix_words(group)
        if fix:
            button = self.fix_rect(rect, fix, Qt.LayoutDirection.LeftToRight)
            self._paint_fix(painter, option, self.fix_rect(rect, fix, direction), fix)
            area.setRight(button.x() - 10)
        name = theme().metrics("small", 600).horizontalAdvance(group.endpoint.name) + 1
        title = QRect(area.x(), area.y(), min(name, area.width()), area.height())
        rest = QRect(title.right() + 9, area.y(), max(0, area.right() - title.right() - 8), area.height())
        _text(painter, option, title, group.endpoint.name, "text", weight=600)
        said = self._model.key_words(group)
        if self._refused(group):
            _text(painter, option, rest, self.tr("Key was refused"), "danger", right=True)
        elif group.endpoint.local and group.endpoint.origin:
            host = group.endpoint.origin.partition("://")[2]
            _text(painter, option, rest, host, "text3", right=True)
            _text(painter, option, rest, said, "text2")
        else:
            _text(painter, option, rest, said, "text2")

    def _paint_fix(self, painter: QPainter, option: QStyleOptionViewItem, rect: QRect, words: str) -> None:
        view = option.widget
        over = False
        if isinstance(view, QAbstractItemView) and option.state & QStyle.StateFlag.State_MouseOver:
            over = rect.contains(view.viewport().mapFromGlobal(view.cursor().pos()))
        box(painter, rect, theme().corner("control"), "hover" if over else "raised", "btnline")
        edge = theme().icon_size(13)
        inner = rect.adjusted(8, 0, -8, 0)
        mark = QStyle.visualRect(option.direction, inner, QRect(inner.x(), inner.y(), edge, inner.height()))
        icons.draw(painter, "key-round", mark, "text2")
        label = QRect(inner.x() + edge + 6, inner.y(), inner.width() - edge - 5, inner.height())
        label = QStyle.visualRect(option.direction, inner, label)
        painter.setFont(theme().font("small", 500))
        painter.setPen(theme().color("text"))
        draw_title(painter, label, words, option.direction)

    # Models.

    def _paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: ModelRow) -> None:
        rect, info = option.rect, row.info
        chosen = info.ref == self.current
        marked = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if chosen or marked or hovered:
            painter.fillRect(rect, theme().color("selected" if chosen else "hover"))
        if marked and chosen:
            side = QRect(rect.x(), rect.y(), 2, rect.height())
            painter.fillRect(QStyle.visualRect(option.direction, rect, side), theme().color("accent"))
        columns = Columns.of(rect)
        main: ColorRole = "text" if row.usable else "text3"
        faint: ColorRole = "text2" if row.usable else "text3"
        star: ColorRole = "warning" if row.favourite else "text3"
        mark = _centred(columns.star, theme().icon_size(15))
        icons.draw(painter, "star", _flip(option, mark), star, filled=row.favourite)
        self._paint_name(painter, option, columns.name, info, main, faint)
        if columns.context is not None:
            _text(
                painter,
                option,
                columns.context,
                context_words(info.context_window),
                main,
                font="ui",
                number=True,
            )
        self._paint_price(painter, option, columns, row, main)
        if columns.slots is not None:
            self._paint_slots(painter, option, columns.slots, row, faint)
        if chosen:
            icons.draw(
                painter, "check", _flip(option, _centred(columns.tick, theme().icon_size(16))), "accenttext"
            )

    def _paint_name(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        rect: QRect,
        info: ModelInfo,
        main: ColorRole,
        faint: ColorRole,
    ) -> None:
        width = theme().metrics("ui", 500).horizontalAdvance(info.title) + 1
        name = QRect(rect.x(), rect.y(), min(width, rect.width()), rect.height())
        _text(painter, option, name, info.title, main, font="ui", weight=500)
        room = rect.right() - name.right() - 8
        if info.name and info.name != info.ref.id and room > theme().scaled(30):
            rest = QRect(name.right() + 9, rect.y() + 1, room, rect.height())
            painter.setFont(theme().font("code-small"))
            painter.setPen(theme().color(faint))
            shown = theme().metrics("code-small").elidedText(info.ref.id, Qt.TextElideMode.ElideMiddle, room)
            painter.drawText(_flip(option, rest), _align(option, right=False), shown)

    def _paint_price(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        columns: Columns,
        row: ModelRow,
        main: ColorRole,
    ) -> None:
        if columns.price_in is None or columns.price_out is None:
            return
        known = None if row.free else prices(row.rates)
        if known is None:
            words = self.tr("no charge") if row.free else self.tr("price unknown")
            both = columns.price_in.united(columns.price_out)
            _text(painter, option, both, words, "text2" if row.usable else "text3", font="ui", number=True)
            return
        _text(painter, option, columns.price_in, known[0], main, font="ui", number=True)
        _text(painter, option, columns.price_out, known[1], main, font="ui", number=True)

    def _paint_slots(
        self, painter: QPainter, option: QStyleOptionViewItem, rect: QRect, row: ModelRow, color: ColorRole
    ) -> None:
        width = rect.width() // len(SLOTS)
        for number, (name, able) in enumerate(zip(SLOTS, abilities(row), strict=True)):
            slot = QRect(rect.x() + number * width, rect.y(), width, rect.height())
            if able:
                icons.draw(painter, name, _flip(option, _centred(slot, theme().icon_size(14))), color)
            else:
                dot = _flip(option, _centred(slot, 2))
                painter.fillRect(dot, theme().color("text3"))

    # The pointer.

    def editorEvent(
        self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: _Index
    ) -> bool:
        if event.type() != QEvent.Type.MouseButtonRelease or not isinstance(event, QMouseEvent):
            return False
        entry: Entry = index.data(Roles.ENTRY)
        at = event.position().toPoint()
        if entry.row is not None:
            star = _flip(option, Columns.of(option.rect).star.adjusted(-8, 0, 4, 0))
            if star.contains(at):
                self.star_wanted.emit(entry.row.info.ref)
                return True
        return False

    def fix_at(self, rect: QRect, entry: Entry, direction: Qt.LayoutDirection) -> QRect:
        """The button of a head, or an empty rectangle."""
        words = self.fix_words(entry.group) if entry.row is None else ""
        return self.fix_rect(rect, words, direction) if words else QRect()

    def star_at(self, option_rect: QRect, direction: Qt.LayoutDirection) -> QRect:
        """Where a press stars a row."""
        star = Columns.of(option_rect).star.adjusted(-8, 0, 4, 0)
        return QStyle.visualRect(direction, option_rect, star)

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: _Index
    ) -> bool:
        entry: Entry | None = index.data(Roles.ENTRY) if index.isValid() else None
        if event.type() == QEvent.Type.ToolTip and entry is not None and entry.row is not None:
            QToolTip.showText(event.globalPos(), tip(str(index.data()), reason=str(entry.row.info.ref)), view)
            return True
        return False


class ColumnHeads(QWidget):
    """The words above the columns."""

    def __init__(self, view: QAbstractItemView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(theme().scaled(300), theme().scaled(28))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        option = QStyleOptionViewItem()
        option.rect, option.direction = self.rect(), self.layoutDirection()
        # The rows leave room for the scroll bar.
        option.rect.setWidth(self._view.viewport().width())
        if option.direction == Qt.LayoutDirection.RightToLeft:
            option.rect.moveRight(self.rect().right())
        columns = Columns.of(option.rect)
        for rect, words, right in (
            (columns.name, self.tr("Model"), False),
            (columns.context, self.tr("Context"), True),
            (columns.price_in, left_to_right(self.tr("$ in / M")), True),
            (columns.price_out, left_to_right(self.tr("$ out / M")), True),
            (columns.slots, self.tr("Takes and can do"), False),
        ):
            if rect is not None:
                _text(painter, option, rect, words, "text2", font="micro", number=right)
        painter.end()


def _centred(rect: QRect, edge: int) -> QRect:
    place = QRect(0, 0, edge, edge)
    place.moveCenter(rect.center())
    return place


def _flip(option: QStyleOptionViewItem, rect: QRect) -> QRect:
    return QStyle.visualRect(option.direction, option.rect, rect)


def _align(option: QStyleOptionViewItem, *, right: bool, number: bool = False) -> int:
    """Numbers stand at the right in every language, so that their digits line up."""
    rtl = option.direction == Qt.LayoutDirection.RightToLeft
    side = Qt.AlignmentFlag.AlignRight if number or right != rtl else Qt.AlignmentFlag.AlignLeft
    return int(side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute) | int(
        Qt.TextFlag.TextSingleLine
    )


def _text(
    painter: QPainter,
    option: QStyleOptionViewItem,
    rect: QRect,
    words: str,
    color: ColorRole,
    *,
    font: str = "small",
    weight: int | None = None,
    right: bool = False,
    number: bool = False,
) -> None:
    role = "ui" if font == "ui" else "micro" if font == "micro" else "small"
    painter.setFont(theme().font(role, weight))  # type: ignore[arg-type]
    painter.setPen(theme().color(color))
    shown = theme().metrics(role, weight).elidedText(words, Qt.TextElideMode.ElideRight, rect.width())  # type: ignore[arg-type]
    painter.drawText(_flip(option, rect), _align(option, right=right, number=number), shown)
