"""The palette's list: heads and rows, with the letters that match marked."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from chatbench.ui import icons
from chatbench.ui.fuzzy import NEAR_A_WORD, Match, match
from chatbench.ui.theme import theme
from chatbench.ui.widgets.keys import draw_keys, key_names, keys_width
from chatbench.ui.widgets.paint import base_direction, box, draw_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatbench.ui.palette.sources import PaletteRow

_A_PIECE = 800
"""A match in which letters are scattered scores less, however long the name."""
_CLOSE = NEAR_A_WORD - 200
"""The same, of a match with a slip in it."""


@dataclass
class Entry:
    """A line of the list: a group's head, or a row with its matching letters."""

    head: str = ""
    row: PaletteRow | None = None
    letters: tuple[int, ...] = field(default=())
    close: bool = True
    """Whether more than scattered letters match."""


def ranked(rows: Sequence[PaletteRow], query: str, limit: int, *, scattered: bool = True) -> list[Entry]:
    """The rows that match, the best first; without ``scattered`` only those in which every word of
    the query stands as a piece or as initials."""
    found: list[tuple[int, int, Entry]] = []
    for order, row in enumerate(rows):
        letters = match(query, row.title, row.keywords)
        if letters is not None and not scattered and letters.score < _A_PIECE * len(query.split()):
            letters = None
        if letters is None and row.found:
            letters = Match(0, ())
        if letters is not None:
            close = row.found or letters.score >= _CLOSE * len(query.split())
            entry = Entry(row=row, letters=letters.letters, close=close)
            found.append((-letters.score, order, entry))
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
            draw_title(painter, rect.adjusted(18, 4, -18, 0), entry.head, option.direction)
            return
        state: QStyle.StateFlag = option.state
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        over = bool(state & QStyle.StateFlag.State_MouseOver)
        if chosen or over:
            fill = rect.adjusted(6, 0, -6, 0)
            box(painter, fill, theme().corner("control"), "selected" if chosen else "hover")
        self._draw_row(painter, rect.adjusted(18, 0, -18, 0), entry, option.direction)

    def _draw_row(self, painter: QPainter, whole: QRect, entry: Entry, direction: Qt.LayoutDirection) -> None:
        row = entry.row
        if row is None:
            return

        def placed(place: QRect) -> QRect:
            return QStyle.visualRect(direction, whole, place)

        rect = QRect(whole)
        if row.keys is not None and not row.keys.isEmpty():
            names = key_names(row.keys)
            width = keys_width(names)
            draw_keys(painter, placed(QRect(rect.right() + 1 - width, rect.y(), width, rect.height())), names)
            rect = rect.adjusted(0, 0, -width - 12, 0)
        edge = theme().icon_size(16)
        if row.icon:
            icons.draw(painter, row.icon, placed(QRect(rect.x(), rect.y(), edge, rect.height())))
        rect = rect.adjusted(edge + 10, 0, 0, 0)
        used = min(rect.width(), _width(row.title, set(entry.letters)))
        title = QRect(rect.x(), rect.y(), used, rect.height())
        _draw_matched(painter, placed(title), row.title, set(entry.letters), direction)
        rest = rect.adjusted(used + 10, 0, 0, 0)
        if row.detail and rest.width() > 40:
            painter.setFont(theme().font("small"))
            painter.setPen(theme().color("text3"))
            draw_title(painter, placed(rest), row.detail, direction)


def _pieces(text: str, letters: set[int]) -> Iterator[tuple[str, bool]]:
    """The text in pieces of letters that match and of letters that do not."""
    for marked, piece in groupby(enumerate(text), key=lambda letter: letter[0] in letters):
        yield "".join(letter for _, letter in piece), marked


def _width(text: str, letters: set[int]) -> int:
    """What the text takes with its matching letters marked."""
    if base_direction(text) == Qt.LayoutDirection.RightToLeft:
        return theme().metrics("ui").horizontalAdvance(text) + 1
    plain, bold = theme().metrics("ui"), theme().metrics("ui", 600)
    return (
        sum((bold if marked else plain).horizontalAdvance(piece) for piece, marked in _pieces(text, letters))
        + 1
    )


def _draw_matched(
    painter: QPainter, rect: QRect, text: str, letters: set[int], direction: Qt.LayoutDirection
) -> None:
    """Draw ``text`` with the matching letters marked; letters that join are not taken apart."""
    if base_direction(text) == Qt.LayoutDirection.RightToLeft:
        painter.setFont(theme().font("ui"))
        painter.setPen(theme().color("text"))
        draw_title(painter, rect, text, direction)
        return
    plain, bold = theme().metrics("ui"), theme().metrics("ui", 600)
    shown = text
    if _width(text, letters) > rect.width():
        shown = plain.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    x = rect.x()
    flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute | Qt.AlignmentFlag.AlignVCenter
    for piece, marked in _pieces(shown, letters):
        painter.setFont(theme().font("ui", 600 if marked else None))
        painter.setPen(theme().color("accenttext" if marked else "text"))
        place = QRect(x, rect.y(), rect.right() - x + 1, rect.height())
        painter.drawText(place, int(flags) | int(Qt.TextFlag.TextSingleLine), piece)
        x += (bold if marked else plain).horizontalAdvance(piece)
