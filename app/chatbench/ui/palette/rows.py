"""The palette's list: heads and rows, with the letters that match marked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from chatbench.ui import icons
from chatbench.ui.fuzzy import Match, match
from chatbench.ui.theme import theme
from chatbench.ui.widgets.keys import draw_keys, key_names, keys_width
from chatbench.ui.widgets.paint import box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbench.ui.palette.sources import PaletteRow

_A_PIECE = 800
"""A match in which letters are scattered scores less, however long the name."""


@dataclass
class Entry:
    """A line of the list: a group's head, or a row with its matching letters."""

    head: str = ""
    row: PaletteRow | None = None
    letters: tuple[int, ...] = field(default=())


def ranked(rows: Sequence[PaletteRow], query: str, limit: int, *, scattered: bool = True) -> list[Entry]:
    """The rows that match, the best first; without ``scattered`` only those in which every word of
    the query stands as a piece or as initials."""
    found: list[tuple[int, int, Entry]] = []
    for order, row in enumerate(rows):
        letters = match(query, row.title)
        if letters is not None and not scattered and letters.score < _A_PIECE * len(query.split()):
            letters = None
        if letters is None and row.found:
            letters = Match(0, ())
        if letters is not None:
            found.append((-letters.score, order, Entry(row=row, letters=letters.letters)))
    found.sort(key=lambda item: item[:2])
    return [entry for _, _, entry in found[:limit]]


class Entries(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._entries: list[Entry] = []

    def show(self, entries: list[Entry]) -> None:
        self.beginResetModel()
        self._entries = entries
        self.endResetModel()

    def entry(self, index: QModelIndex | QPersistentModelIndex) -> Entry:
        return self._entries[index.row()]

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._entries)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.row.title if entry.row else entry.head
        if role == Qt.ItemDataRole.AccessibleTextRole and entry.row:
            keys = entry.row.keys.toString() if entry.row.keys else ""
            return ", ".join(part for part in (entry.row.title, entry.row.detail, keys) if part)
        return None

    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        if self._entries[index.row()].row is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class EntryDelegate(QStyledItemDelegate):
    """Paints heads (28 high) and rows (36 high)."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        is_head = index.flags() == Qt.ItemFlag.NoItemFlags
        return QSize(0, theme().control("group-row" if is_head else "palette-row"))

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        model = index.model()
        if not isinstance(model, Entries):
            return
        entry = model.entry(index)
        rect: QRect = option.rect
        if entry.row is None:
            painter.setFont(theme().font("micro", 600))
            painter.setPen(theme().color("text3"))
            inner = rect.adjusted(18, 4, -18, 0)
            painter.drawText(inner, Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter, entry.head)
            return
        state: QStyle.StateFlag = option.state
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        over = bool(state & QStyle.StateFlag.State_MouseOver)
        if chosen or over:
            fill = rect.adjusted(6, 0, -6, 0)
            box(painter, fill, theme().corner("control"), "selected" if chosen else "hover")
        self._draw_row(painter, rect.adjusted(18, 0, -18, 0), entry)

    def _draw_row(self, painter: QPainter, rect: QRect, entry: Entry) -> None:
        row = entry.row
        if row is None:
            return
        if row.keys is not None and not row.keys.isEmpty():
            names = key_names(row.keys)
            draw_keys(painter, rect, names)
            rect = rect.adjusted(0, 0, -keys_width(names) - 12, 0)
        edge = theme().icon_size(16)
        if row.icon:
            icons.draw(painter, row.icon, QRect(rect.x(), rect.y(), edge, rect.height()))
        rect = rect.adjusted(edge + 10, 0, 0, 0)
        used = _draw_matched(painter, rect, row.title, set(entry.letters))
        rest = rect.adjusted(used + 10, 0, 0, 0)
        if row.detail and rest.width() > 40:
            painter.setFont(theme().font("small"))
            painter.setPen(theme().color("text3"))
            shown = theme().metrics("small").elidedText(row.detail, Qt.TextElideMode.ElideRight, rest.width())
            painter.drawText(rest, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)


def _draw_matched(painter: QPainter, rect: QRect, text: str, letters: set[int]) -> int:
    """Draw ``text`` with the matching letters marked; returns the width used."""
    plain, bold = theme().metrics("ui"), theme().metrics("ui", 600)
    shown = plain.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    x, start = rect.x(), 0
    while start < len(shown):
        marked = start in letters
        end = start + 1
        while end < len(shown) and (end in letters) == marked:
            end += 1
        part = shown[start:end]
        painter.setFont(theme().font("ui", 600 if marked else None))
        painter.setPen(theme().color("accenttext" if marked else "text"))
        painter.drawText(QRect(x, rect.y(), rect.right() - x + 1, rect.height()), flags, part)
        x += (bold if marked else plain).horizontalAdvance(part)
        start = end
    return x - rect.x()
