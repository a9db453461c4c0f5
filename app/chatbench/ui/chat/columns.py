"""What is in view of the open conversations: one of them, or several beside each other."""

from __future__ import annotations

from functools import partial
from typing import Final, Literal

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QSplitter,
    QSplitterHandle,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from chatbench.ui.theme import theme
from chatbench.ui.widgets import ElidedLabel, IconButton, Surface

MOST: Final = 4
NARROWEST: Final = 340
"""Where each column would be narrower than this, only the one with the focus is shown."""

Side = Literal["before", "after"]


class Columns(QWidget):
    """Holds every open view; each column shows one of them, and the last one used has the focus.

    ``turned(view)`` when the reader goes to another column by mouse or keyboard; ``shown(view)``
    when a column shows another view; ``close_requested(view)`` for the cross over a column;
    ``arranged()`` when columns come, go or change their width.
    """

    turned = Signal(object)
    shown = Signal(object)
    close_requested = Signal(object)
    arranged = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._splitter = _Splitter(Qt.Orientation.Horizontal)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._splitter)
        self._columns: list[_Column] = []
        self._place = 0
        self._hint = _Hint(self)
        self._insert(0)
        self._splitter.splitterMoved.connect(lambda _pos, _index: self.arranged.emit())
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._focus_moved)

    # What is in view.

    def current(self) -> QWidget | None:
        """The view in the column that has the focus."""
        return self._columns[self._place].view

    def in_view(self) -> list[QWidget]:
        """What the columns show, in reading order."""
        return [column.view for column in self._columns if column.view is not None]

    def shares(self) -> list[int]:
        """The columns' widths in pixels."""
        return self._splitter.sizes()

    def set_shares(self, widths: list[int]) -> None:
        """Divides the room as it was."""
        if len(widths) == len(self._columns) and sum(widths) > 0:
            self._splitter.setSizes(widths)

    def add(self, view: QWidget) -> None:
        """Takes a view in; nobody sees it yet."""
        self._columns[self._place].stack.addWidget(view)

    def remove(self, view: QWidget) -> None:
        """Lets go of a view. The column that showed it goes too, unless it is the only one."""
        column = self._holding(view)
        if column is None:
            return
        was_shown = column.view is view
        column.forget(view)
        if was_shown and len(self._columns) > 1:
            self._close(column)

    def show_view(self, view: QWidget) -> None:
        """Shows a view where it is in view already, else in the column with the focus."""
        place = next((n for n, column in enumerate(self._columns) if column.view is view), self._place)
        self._columns[place].show_view(view)
        self._turn_to(place)
        self.shown.emit(view)

    def split(self, view: QWidget, beside: QWidget | None = None, side: Side = "after") -> bool:
        """Shows a view in a column of its own, beside another's; False where there are enough."""
        at = next((n for n, column in enumerate(self._columns) if column.view is beside), self._place)
        old = next((column for column in self._columns if column.view is view), None)
        if len(self._columns) >= MOST and old is None or beside is view:
            return False
        if old is not None:
            if len(self._columns) == 1:
                return False
            self._close(old)
            at = next((n for n, column in enumerate(self._columns) if column.view is beside), self._place)
        place = at + (side == "after")
        self._insert(place)
        self._columns[place].show_view(view)
        each = max(1, self._splitter.width() // len(self._columns))
        self._splitter.setSizes([each] * len(self._columns))
        self._turn_to(place)
        self._fit()
        self.shown.emit(view)
        self.arranged.emit()
        return True

    def unsplit(self, view: QWidget) -> bool:
        """Takes the column that shows a view away; the view stays open. False for the only column."""
        column = next((one for one in self._columns if one.view is view), None)
        if column is None or len(self._columns) == 1:
            return False
        self._close(column)
        return True

    def neighbour(self, step: int) -> QWidget | None:
        """The view in the next (1) or the previous (-1) column, around the end."""
        return self._columns[(self._place + step) % len(self._columns)].view

    def set_title(self, view: QWidget, title: str) -> None:
        """What stands over the column that shows a view, while there are several."""
        view.setProperty("column_title", title)
        for column in self._columns:
            if column.view is view:
                column.head.title.set_text(title)

    # A tab that is dragged over them.

    def hint_at(self, at: QPoint) -> tuple[QWidget, Side] | None:
        """Shows where a tab that is let go at this point (of the screen) would stand: beside what
        and on which side; None, and no hint, where it would not."""
        found = self._target(self.mapFromGlobal(at))
        self._hint.setVisible(found is not None)
        if found is None:
            return None
        column, side = found
        half = QRect(column.geometry())
        half.setWidth(half.width() // 2)
        if (side == "after") != (self.layoutDirection() == Qt.LayoutDirection.RightToLeft):
            half.translate(column.width() - half.width(), 0)
        self._hint.setGeometry(half)
        self._hint.raise_()
        assert column.view is not None
        return column.view, side

    def end_hint(self) -> None:
        """The tab was let go."""
        self._hint.hide()

    def _target(self, point: QPoint) -> tuple[_Column, Side] | None:
        column = next((one for one in self._columns if one.geometry().contains(point)), None)
        if column is None or column.view is None or not self.rect().contains(point):
            return None
        at_right = point.x() > column.geometry().center().x()
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        return column, "after" if at_right != rtl else "before"

    # Columns come and go.

    def _insert(self, place: int) -> None:
        column = _Column()
        column.head.close_button.clicked.connect(partial(self._close_asked, column))
        column.head.other_button.clicked.connect(self._go_on)
        self._columns.insert(place, column)
        self._splitter.insertWidget(place, column)
        self._mark()

    def _close_asked(self, column: _Column) -> None:
        if column.view is not None:
            self.close_requested.emit(column.view)

    def _go_on(self) -> None:
        self._turn_to((self._place + 1) % len(self._columns))
        self.turned.emit(self.current())

    def _close(self, column: _Column) -> None:
        focused = self._columns[self._place]
        self._columns.remove(column)
        if focused is column:
            self._place = min(self._place, len(self._columns) - 1)
        else:
            self._place = self._columns.index(focused)
        heir = self._columns[self._place]
        for view in column.views():
            heir.stack.addWidget(view)
        column.hide()
        column.setParent(None)
        column.deleteLater()
        self._mark()
        self._fit()
        self.arranged.emit()

    def _holding(self, view: QWidget) -> _Column | None:
        return next((column for column in self._columns if column.stack.indexOf(view) >= 0), None)

    # Where the reader is.

    def _turn_to(self, place: int) -> None:
        if place != self._place:
            self._place = place
            self._fit()
        self._mark()

    def _mark(self) -> None:
        several = len(self._columns) > 1
        for place, column in enumerate(self._columns):
            column.head.setVisible(several)
            column.head.set_current(place == self._place)

    def _focus_moved(self, _old: QWidget | None, new: QWidget | None) -> None:
        if new is None or not self.isAncestorOf(new):
            return
        place = next((n for n, column in enumerate(self._columns) if column.isAncestorOf(new)), self._place)
        view = self._columns[place].view
        if place != self._place and view is not None:
            self._turn_to(place)
            self.turned.emit(view)

    def _fit(self) -> None:
        """All columns where they have room, else the one with the focus."""
        narrow = self.width() < theme().breakpoint(NARROWEST) * len(self._columns)
        for place, column in enumerate(self._columns):
            column.setVisible(not narrow or place == self._place)
            column.head.other_button.setVisible(narrow)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()


class _Splitter(QSplitter):
    def createHandle(self) -> QSplitterHandle:
        return _Handle(self.orientation(), self)


class _Column(QWidget):
    """One view, under a head while there are several columns. Others may wait behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.view: QWidget | None = None
        self.head = _Head()
        self.head.hide()
        self.stack = QStackedWidget()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(self.stack, 1)

    def show_view(self, view: QWidget) -> None:
        if self.stack.indexOf(view) < 0:
            self.stack.addWidget(view)
        self.view = view
        self.stack.setCurrentWidget(view)
        self.head.title.set_text(str(view.property("column_title") or ""))

    def forget(self, view: QWidget) -> None:
        self.stack.removeWidget(view)
        if self.view is view:
            self.view = None

    def views(self) -> list[QWidget]:
        found = [self.stack.widget(place) for place in range(self.stack.count())]
        return [view for view in found if view is not None]


class _Head(Surface):
    """A conversation's title, and what closes its column; the accent tells where the keyboard is."""

    def __init__(self) -> None:
        super().__init__("chrome", lines=Qt.Edge.BottomEdge)
        self._current = False
        self.title = ElidedLabel(font="small", color="text2")
        self.other_button = IconButton("arrow-right-left", self.tr("Show the chat beside this one"))
        self.other_button.hide()
        self.close_button = IconButton("x", self.tr("Show this chat no longer beside the other"))
        row = QHBoxLayout()
        row.setSpacing(4)
        self.set_layout(row, (12, 2, 6, 1))
        row.addWidget(self.title, 1)
        row.addWidget(self.other_button)
        row.addWidget(self.close_button)
        self._measure()

    def set_current(self, current: bool) -> None:
        if current != self._current:
            self._current = current
            self.title.set_color("text" if current else "text2")
            self.update()

    def _measure(self) -> None:
        self.setFixedHeight(theme().control("button") + 3)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._measure()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._current:
            painter = QPainter(self)
            painter.fillRect(0, 0, self.width(), 2, theme().color("accent"))
            painter.end()


class _Handle(QSplitterHandle):
    """A line; a broader one under the pointer. Qt lets it be grabbed some pixels beside it."""

    def __init__(self, orientation: Qt.Orientation, parent: QSplitter) -> None:
        super().__init__(orientation, parent)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        middle = self.width() // 2
        if self.underMouse():
            painter.fillRect(QRect(middle - 1, 0, 3, self.height()), theme().color("btnline"))
        else:
            painter.fillRect(QRect(middle, 0, 1, self.height()), theme().color("line"))
        painter.end()


class _Hint(QWidget):
    """Where the tab would stand."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setOpacity(0.18)
        painter.fillRect(self.rect(), theme().color("accent"))
        painter.setOpacity(1)
        painter.setPen(theme().color("accent"))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
