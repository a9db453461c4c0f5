"""The overview of a conversation's branches: a drawn tree to jump from."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QBrush, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from chatbench.rendering.beginnings import beginning
from chatbench.services import Services
from chatbench.ui.aio import spawn
from chatbench.ui.chat.conversation.branches import BranchRow
from chatbench.ui.chat.picker.rows import left_to_right
from chatbench.ui.chat.transcript.facts import clock
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets import Button, Label
from chatbench.ui.widgets.dialogs import fit_dialog
from chatbench.ui.widgets.paint import draw_title, row_ground

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_ROW: Final = Qt.ItemDataRole.UserRole + 1
_SIZE: Final = (720, 600)
_KEPT: Final = 2_000
_LONGEST: Final = 200
_EDGE: Final = 8


class TreeDialog(QDialog):
    """`chosen(message_id)` when the reader jumps to a message; it deletes itself."""

    chosen = Signal(str)

    def __init__(
        self, services: Services, rows: Sequence[BranchRow], here: str, hidden: bool, parent: QWidget
    ) -> None:
        """`here` is the message in view; `hidden`: models are not named."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Branches of this chat"))
        self.view = BranchList(services, rows, hidden, self)
        self.view.chosen.connect(self._choose)
        self.view.go_to(here)
        branches = 1 + sum(row.elbow for row in rows)
        told = self.tr("{0} messages, 1 branch") if branches == 1 else self.tr("{0} messages, {1} branches")
        number = self.locale().toString
        self.told = Label(told.format(number(len(rows)), number(branches)), font="small", color="text2")
        keys = self.tr("Enter jumps, ← and → go up and down a branch, Alt+← and Alt+→ go beside")
        close = Button(self.tr("Close"))
        close.clicked.connect(self.reject)
        jump = Button(self.tr("Jump here"), kind="primary")
        jump.clicked.connect(self.view.choose)
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addWidget(Label(keys, font="small", color="text3", wrap=True), 1)
        foot.addWidget(close)
        foot.addWidget(jump)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        column.addWidget(self.told)
        column.addWidget(self.view, 1)
        column.addLayout(foot)
        fit_dialog(self, *_SIZE)
        self.view.setFocus()

    def _choose(self, message_id: str) -> None:
        self.chosen.emit(message_id)
        self.accept()


class BranchModel(QAbstractListModel):
    """The rows, and the first words of those that were looked at."""

    def __init__(self, services: Services, rows: Sequence[BranchRow], hidden: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self._services = services
        self._hidden = hidden
        self.rows = rows
        self.place = {row.message.id: number for number, row in enumerate(rows)}
        self._words: OrderedDict[str, str] = OrderedDict()
        self._wanted: dict[str, None] = {}
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(lambda: spawn(self._read(), owner=self, name="branch-words"))

    def words(self, row: BranchRow) -> str | None:
        """The beginning of a message; None until it is read, which this asks for."""
        found = self._words.get(row.message.id)
        if found is None:
            self._wanted[row.message.id] = None
            self._soon.start()
        return found

    async def _read(self) -> None:
        wanted, self._wanted = list(self._wanted), {}
        for message in await self._services.history.messages(wanted):
            words = beginning(message.text, _LONGEST)
            self._words[message.id] = words or self._without_words(len(message.parts))
        while len(self._words) > _KEPT:
            self._words.popitem(last=False)
        if wanted:
            places = [self.place[one] for one in wanted]
            self.dataChanged.emit(self.index(min(places)), self.index(max(places)))

    def _without_words(self, parts: int) -> str:
        return self.tr("(files)") if parts else self.tr("(empty)")

    def author(self, row: BranchRow) -> str:
        """Who speaks."""
        message = row.message
        if message.role == "user" or message.model is None:
            return self.tr("You")
        if self._hidden:
            return self.tr("Answer")
        return self._services.models.info(message.model).title.removeprefix("Claude ")

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == _ROW:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return self._words.get(row.message.id, "")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            place = self.tr("branch {0} of {1}").format(row.place, row.of) if row.of > 1 else ""
            shown = self.tr("shown now") if row.on_path else ""
            return ", ".join(filter(None, (self.author(row), place, shown, self.words(row) or "")))
        return None


class BranchList(QListView):
    """One row a message, as high as any other: ten thousand cost what twenty do."""

    chosen = Signal(str)

    def __init__(self, services: Services, rows: Sequence[BranchRow], hidden: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self.branches = BranchModel(services, rows, hidden, self)
        self.setModel(self.branches)
        self.setItemDelegate(_BranchDelegate(self))
        self.setUniformItemSizes(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setAccessibleName(self.tr("Branches"))
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.clicked.connect(lambda _index: self.choose())

    def go_to(self, message_id: str) -> None:
        """Marks the row of a message and shows it in the middle."""
        place = self.branches.place.get(message_id, len(self.branches.rows) - 1)
        if place >= 0:
            index = self.branches.index(place)
            self.setCurrentIndex(index)
            QTimer.singleShot(0, self, lambda: self.scrollTo(index, self.ScrollHint.PositionAtCenter))

    def choose(self) -> None:
        """Jumps to the marked message."""
        if self.currentIndex().isValid():
            self.chosen.emit(self.branches.rows[self.currentIndex().row()].message.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, held = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.choose()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
            on = (key == Qt.Key.Key_Right) != rtl
            self._step(on, beside=held == Qt.KeyboardModifier.AltModifier)
        else:
            super().keyPressEvent(event)

    def _step(self, on: bool, *, beside: bool) -> None:
        rows, here = self.branches.rows, self.currentIndex().row()
        if here < 0:
            return
        row = rows[here]
        if not beside and not on:
            target = row.parent
        elif not beside:
            after = (n for n in range(here + 1, len(rows)) if rows[n].parent == here)
            found = list(after) if row.below else []
            target = next((n for n in found if rows[n].on_path), found[-1] if found else -1)
        else:
            place = row.place + (1 if on else -1)
            same = (n for n, one in enumerate(rows) if one.parent == row.parent and one.place == place)
            target = next(same, -1)
        if target >= 0:
            self.setCurrentIndex(self.branches.index(target))


class _BranchDelegate(QStyledItemDelegate):
    """Lines and dots of the tree, then who speaks, the first words and the time."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(0, theme().control("row"))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row: BranchRow = index.data(_ROW)
        painter.save()
        card = row_ground(painter, option, 2)
        rtl = option.direction == Qt.LayoutDirection.RightToLeft
        self._paint_graph(painter, QRectF(card), row, rtl)
        self._paint_words(painter, option, card, row)
        painter.restore()

    def _step(self) -> int:
        return theme().scaled(16)

    def _paint_graph(self, painter: QPainter, card: QRectF, row: BranchRow, rtl: bool) -> None:
        def x(column: int) -> float:
            at = _EDGE + self._step() * (column + 0.5)
            return card.right() - at if rtl else card.left() + at

        middle = card.center().y()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        quiet = QPen(theme().color("linectl"), 1.5)
        painter.setPen(quiet)
        for column in range(row.column + 1):
            if row.through >> column & 1 and column != row.column:
                painter.drawLine(QPointF(x(column), card.top()), QPointF(x(column), card.bottom()))
        if row.elbow:
            painter.drawLine(QPointF(x(row.column - 1), middle), QPointF(x(row.column), middle))
        color: ColorRole = "accent" if row.on_path else "linectl"
        painter.setPen(QPen(theme().color(color), 2 if row.on_path else 1.5))
        if row.above:
            painter.drawLine(QPointF(x(row.column), card.top()), QPointF(x(row.column), middle))
        if row.below:
            painter.drawLine(QPointF(x(row.column), middle), QPointF(x(row.column), card.bottom()))
        ground = theme().color("page")
        painter.setBrush(QBrush(theme().color("accent") if row.on_path else ground))
        painter.setPen(QPen(theme().color("accent" if row.on_path else "text3"), 1.5))
        reach = 4.5
        spot = QRectF(x(row.column) - reach, middle - reach, 2 * reach, 2 * reach)
        if row.message.role == "user":
            painter.drawRect(spot.adjusted(0.5, 0.5, -0.5, -0.5))
        else:
            painter.drawEllipse(spot)

    def _paint_words(
        self, painter: QPainter, option: QStyleOptionViewItem, card: QRect, row: BranchRow
    ) -> None:
        model = self._model(option)
        weight = 600 if row.on_path else None
        area = card.adjusted(_EDGE + self._step() * (row.column + 1) + 6, 0, -_EDGE, 0)
        direction = option.direction

        def put(rect: QRect) -> QRect:
            return QStyle.visualRect(direction, card, rect)

        when = clock(row.message.created_at)
        place = left_to_right(f"{row.place} / {row.of}") if row.of > 1 else ""
        painter.setFont(theme().font("small"))
        end = area.right()
        for words, color in ((when, "text3"), (place, "text2")):
            if words:
                width = theme().metrics("small").horizontalAdvance(words) + 2
                painter.setPen(theme().color(color))  # type: ignore[arg-type]
                rect = put(QRect(end - width, area.top(), width, area.height()))
                painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, words)
                end -= width + 12
        author = model.author(row)
        name = min(theme().metrics("ui", weight).horizontalAdvance(author) + 2, max(40, area.width() // 3))
        painter.setFont(theme().font("ui", weight))
        painter.setPen(theme().color("text"))
        draw_title(painter, put(QRect(area.left(), area.top(), name, area.height())), author, direction)
        rest = QRect(area.left() + name + 10, area.top(), end - area.left() - name - 10, area.height())
        painter.setFont(theme().font("ui"))
        painter.setPen(theme().color("text" if row.on_path else "text2"))
        draw_title(painter, put(rest), model.words(row) or "", direction)

    @staticmethod
    def _model(option: QStyleOptionViewItem) -> BranchModel:
        widget = option.widget
        assert isinstance(widget, BranchList)
        return widget.branches
