"""One line of controls, which fold into a menu as room ends."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QStyle, QWidget

from chatbench.ui.widgets import Button, IconButton

_GAP = 6


class FoldingRow(QWidget):
    """Controls side by side in their order, never on a second line: what has no room leaves, those of the
    highest rank first, and `more` at the end lists the buttons among them."""

    def __init__(self, more: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ranks: dict[QWidget, int] = {}
        self._wanted: dict[QWidget, bool] = {}
        self._trailing: QWidget | None = None
        self._folded: tuple[QWidget, ...] = ()
        self.more = IconButton("ellipsis", more, size="row", parent=self)
        self.more.clicked.connect(self._open_menu)
        self.more.hide()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def add(self, widget: QWidget, rank: int) -> None:
        """One more control at the end; rank 0 stays the longest."""
        widget.setParent(self)
        self._ranks[widget] = rank
        self._wanted[widget] = True
        # Tab goes in the order in which they stand.
        self.setTabOrder(widget, self.more)

    def set_trailing(self, first: QWidget) -> None:
        """From this control on they stand at the end of the line, where all have room."""
        self._trailing = first

    def set_wanted(self, widget: QWidget, wanted: bool) -> None:
        """Whether a control is there at all."""
        if self._wanted[widget] != wanted:
            self._wanted[widget] = wanted
            self.fold()

    def is_folded(self, widget: QWidget) -> bool:
        """Whether a control has left for want of room."""
        return widget in self._folded

    def anchor(self, widget: QWidget) -> QWidget:
        """Where something that belongs to a control opens: at the control, or at the menu it is in."""
        return self.more if self.is_folded(widget) else widget

    def fold(self) -> None:
        """Places what fits, from the present sizes of all."""
        wanted = [one for one, there in self._wanted.items() if there]
        shown = list(wanted)
        while len(shown) > 1 and self._wide(shown, folded=shown != wanted) > self.width():
            shown.remove(max(shown, key=lambda one: self._ranks[one]))
        self._folded = tuple(one for one in wanted if one not in shown)
        for one in self._ranks:
            one.setVisible(one in shown)
        self.more.setVisible(any(isinstance(one, Button) for one in self._folded))
        self._place(shown)

    def _wide(self, shown: list[QWidget], *, folded: bool) -> int:
        widths = [one.sizeHint().width() for one in shown]
        if folded:
            widths.append(self.more.sizeHint().width())
        return sum(widths) + _GAP * (len(widths) - 1)

    def _place(self, shown: list[QWidget]) -> None:
        spare = max(0, self.width() - self._wide(shown, folded=False)) if not self._folded else 0
        x = 0
        for one in shown:
            x += spare if one is self._trailing else 0
            self._put(one, x)
            x += one.sizeHint().width() + _GAP
        self._put(self.more, self.width() - self.more.sizeHint().width())

    def _put(self, widget: QWidget, x: int) -> None:
        hint = widget.sizeHint()
        place = QRect(QPoint(x, (self.height() - hint.height()) // 2), hint)
        widget.setGeometry(QStyle.visualRect(self.layoutDirection(), self.rect(), place))

    def _open_menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        for one in self._folded:
            if isinstance(one, Button):
                action = menu.addAction(one.text(), one.click)
                action.setCheckable(one.isCheckable())
                action.setChecked(one.isChecked())
                action.setEnabled(one.isEnabled())
                action.setToolTip(one.toolTip())
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def sizeHint(self) -> QSize:
        hints = [one.sizeHint() for one, there in self._wanted.items() if there]
        height = max((hint.height() for hint in hints), default=0)
        return QSize(sum(hint.width() + _GAP for hint in hints), height)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.more.sizeHint().width(), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fold()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.LayoutDirectionChange):
            self.updateGeometry()
            self.fold()
