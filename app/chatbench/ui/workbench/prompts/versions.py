"""The versions of a prompt, the newest first: a number, a note, what it is, and when it was saved."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import msgspec
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QMenu, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from chatbench.core.prompts import PromptVersion
from chatbench.ui.theme import theme
from chatbench.ui.widgets.chips import Tone, draw_pill, pill_width
from chatbench.ui.widgets.paint import draw_title, row_ground
from chatbench.ui.workbench.dates import day

_Index = QModelIndex | QPersistentModelIndex
_ROOT: Final = QModelIndex()
_MOST_SHOWN: Final = 5
_ROW: Final = 28
_ROLE: Final = Qt.ItemDataRole.UserRole + 1


class VersionRow(msgspec.Struct, frozen=True):
    """One of them."""

    number: int
    note: str
    when: str
    changed: bool = False
    production: bool = False
    is_now: bool = False


class VersionList(QListView):
    """`chosen(number)` to be shown in the editor; `production_wanted(number or None)`, `restore_wanted(
    number)`, `compare_wanted(number)` from its menu."""

    chosen = Signal(int)
    production_wanted = Signal(object)
    restore_wanted = Signal(int)
    compare_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = _Model(self)
        self.setModel(self._model)
        self.setItemDelegate(_Delegate(self))
        self.setAccessibleName(self.tr("Versions"))
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.viewport().setAutoFillBackground(False)
        self.clicked.connect(lambda index: self.chosen.emit(self._model.rows[index.row()].number))

    def rows(self) -> list[VersionRow]:
        return self._model.rows

    def show_versions(
        self, versions: Sequence[PromptVersion], production: int | None, current: int, *, changed: bool
    ) -> None:
        """`current` is in the editor, `changed` there or not."""
        rows = [
            VersionRow(
                one.number,
                one.note,
                day(one.created_at),
                changed and one.number == current,
                one.number == production,
            )
            for one in versions
        ]
        self.show_rows(rows, current)

    def show_rows(self, rows: list[VersionRow], current: int, most: int = _MOST_SHOWN) -> None:
        """These, the newest first; beyond `most` of them it scrolls."""
        self._model.replace(rows)
        at = next((at for at, row in enumerate(rows) if row.number == current), -1)
        self.setCurrentIndex(self._model.index(at))
        self.setFixedHeight(max(1, min(most, len(rows))) * theme().scaled(_ROW))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        at = event.pos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            at = self.visualRect(self.currentIndex()).center()
        index = self.indexAt(at)
        if index.isValid():
            self.open_menu(self._model.rows[index.row()], self.viewport().mapToGlobal(at))

    def open_menu(self, row: VersionRow, point: QPoint) -> None:
        """What can be done with a version."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(self.tr("Version {0}").format(row.number))
        if row.production:
            menu.addAction(self.tr("No longer production"), partial(self.production_wanted.emit, None))
        else:
            menu.addAction(self.tr("Mark as production"), partial(self.production_wanted.emit, row.number))
        menu.addAction(self.tr("Compare with…"), partial(self.compare_wanted.emit, row.number))
        if row.number != self._model.rows[0].number:
            menu.addAction(self.tr("Restore as the newest"), partial(self.restore_wanted.emit, row.number))
        menu.popup(point)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self.chosen.emit(self._model.rows[index.row()].number)
        else:
            super().keyPressEvent(event)


class _Model(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: list[VersionRow] = []

    def replace(self, rows: list[VersionRow]) -> None:
        if rows != self.rows:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role == _ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            states = [self.tr("changed")] * row.changed + [self.tr("production")] * row.production
            states += [self.tr("as it is now")] * row.is_now
            return ", ".join(filter(None, (f"v{row.number}", row.note, *states, row.when)))
        return None


class _Delegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(0, theme().scaled(_ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row: VersionRow = index.data(_ROLE)
        painter.save()
        inner = row_ground(painter, option, 0).adjusted(10, 0, -10, 0)
        direction = option.direction
        painter.setFont(theme().font("small"))
        wide = painter.fontMetrics().horizontalAdvance(row.when)
        right = inner.right() + 1
        painter.setPen(theme().color("text3"))
        when = QRect(right - wide, inner.top(), wide, inner.height())
        painter.drawText(QStyle.visualRect(direction, inner, when), Qt.AlignmentFlag.AlignCenter, row.when)
        right -= wide + 8
        pills: list[tuple[str, Tone, str]] = []
        if row.production:
            pills.append((self.tr("Production"), "success", "check"))
        if row.changed:
            pills.append((self.tr("changed"), "neutral", ""))
        if row.is_now:
            pills.append((self.tr("now"), "accent", ""))
        high = theme().control("pill")
        for text, tone, icon in pills:
            room = pill_width(text, icon)
            place = QRect(right - room, inner.top() + (inner.height() - high) // 2, room, high)
            draw_pill(painter, QStyle.visualRect(direction, inner, place), text, tone, icon)
            right -= room + 6
        number = QRect(inner.left(), inner.top(), theme().scaled(32), inner.height())
        painter.setFont(theme().font("ui", 600))
        painter.setPen(theme().color("text"))
        draw_title(painter, QStyle.visualRect(direction, inner, number), f"v{row.number}", direction)
        note = QRect(number.right() + 6, inner.top(), max(0, right - number.right() - 8), inner.height())
        painter.setFont(theme().font("small"))
        painter.setPen(theme().color("text"))
        draw_title(painter, QStyle.visualRect(direction, inner, note), row.note, direction)
        painter.restore()
