"""The outline of a long answer as a list to jump from, laid over the words at its corner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from chatbench.ui.chat.transcript.headings import Place
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Popup
from chatbench.ui.widgets.paint import draw_title, row_ground

if TYPE_CHECKING:
    from chatbench.ui.chat.transcript.view import TranscriptView

_WIDE: Final = 340
_SHARE: Final = 0.7
"""Of the height of what it lies over."""
_AROUND: Final = 6
_BORDER: Final = 1
"""Of the card it lies in."""
_BESIDE: Final = 10
_STEP: Final = 16
_BAR: Final = 3

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_PLACE: Final = Qt.ItemDataRole.UserRole + 1
_HERE: Final = Qt.ItemDataRole.UserRole + 2


def open_outline(view: TranscriptView, message_id: str) -> OutlinePopup | None:
    """Lists the headings of a message over its view; None where they are too few for a list."""
    if not view.headings.enough(message_id):
        return None
    popup = OutlinePopup(view.headings.of(message_id), view.headings.in_view(message_id), view)
    popup.chosen.connect(lambda place: view.headings.show(message_id, place))
    popup.closed.connect(popup.deleteLater)
    popup.open_over(view.viewport())
    return popup


class OutlinePopup(Popup):
    """`chosen(place)` when the reader goes to a heading; it closes then."""

    chosen = Signal(object)

    def __init__(self, places: Sequence[Place], here: int | None, parent: QWidget) -> None:
        """`here` is the number of the heading in view."""
        super().__init__(parent, name=parent.tr("Outline"))
        self.list = OutlineList(places, here, self)
        self.list.setAccessibleName(self.tr("Headings of the answer"))
        self.list.setContentsMargins(0, 0, 0, 0)
        self.list.chosen.connect(self._choose)
        self.body.addWidget(self.list)
        self.setFocusProxy(self.list)

    def open_over(self, area: QWidget) -> None:
        """Shows itself in the upper corner of ``area`` where lines end."""
        rows = self.list.outline.rowCount() * theme().control("row") + 2 * _AROUND
        room = area.size()
        self.list.setFixedWidth(min(theme().scaled(_WIDE), room.width() - 2 * _AROUND))
        self.list.setFixedHeight(min(rows, max(theme().control("row"), round(room.height() * _SHARE))))
        self.adjustSize()
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        left = _AROUND if rtl else room.width() - self.card().width() - _AROUND
        self.open_at(area.mapToGlobal(QPoint(left, _AROUND)))
        self.list.setFocus(Qt.FocusReason.PopupFocusReason)
        self.list.scrollTo(self.list.currentIndex(), QAbstractItemView.ScrollHint.PositionAtCenter)

    def _choose(self, place: Place) -> None:
        self.close()
        self.chosen.emit(place)


class OutlineModel(QAbstractListModel):
    """The headings, as they are read aloud too."""

    def __init__(self, places: Sequence[Place], here: int | None, parent: QWidget) -> None:
        super().__init__(parent)
        self.places = tuple(places)
        self.here = here

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.places)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        place = self.places[index.row()]
        if role == _PLACE:
            return place
        if role == _HERE:
            return index.row() == self.here
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return place.heading.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            words = self.tr("{0}, level {1}").format(place.heading.text, place.heading.depth + 1)
            return self.tr("{0}, in view").format(words) if index.row() == self.here else words
        return None


class OutlineList(QListView):
    """One row a heading, drawn in by its depth."""

    chosen = Signal(object)

    def __init__(self, places: Sequence[Place], here: int | None, parent: QWidget) -> None:
        super().__init__(parent)
        self.outline = OutlineModel(places, here, self)
        self.setModel(self.outline)
        self.setItemDelegate(_HeadingDelegate(self))
        self.setUniformItemSizes(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setViewportMargins(_BORDER, _AROUND, _BORDER, _AROUND)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setCurrentIndex(self.outline.index(here or 0))
        self.clicked.connect(self._choose)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _choose(self, index: _Index) -> None:
        if index.isValid():
            self.chosen.emit(index.data(_PLACE))


class _HeadingDelegate(QStyledItemDelegate):
    """The words of a heading; a bar at the start of the one in view."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(0, theme().control("row"))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        place: Place = index.data(_PLACE)
        here = bool(index.data(_HERE))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        card = row_ground(painter, option, _AROUND)
        if here:
            bar = QRectF(card.left() + 2, card.top() + 7, _BAR, card.height() - 14)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().color("accent"))
            painter.drawRoundedRect(self._put(option, card, bar), _BAR / 2, _BAR / 2)
        depth = theme().scaled(_STEP) * place.heading.depth
        area = QRectF(card).adjusted(_BESIDE + min(depth, card.width() / 2), 0, -_BESIDE, 0)
        painter.setFont(theme().font("ui", 600 if here or not place.heading.depth else None))
        painter.setPen(theme().color("text" if here or not place.heading.depth else "text2"))
        where = self._put(option, card, area).toRect()
        draw_title(painter, where, place.heading.text, option.direction)
        painter.restore()

    @staticmethod
    def _put(option: QStyleOptionViewItem, card: Any, rect: QRectF) -> QRectF:
        """The same place seen from the side where lines begin."""
        if option.direction == Qt.LayoutDirection.RightToLeft:
            rect = QRectF(rect)
            rect.moveLeft(card.left() + card.right() + 1 - rect.right())
        return rect
