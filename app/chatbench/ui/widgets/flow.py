"""A layout of controls side by side that wrap into further lines."""

from __future__ import annotations

from PySide6.QtCore import QMargins, QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QSizePolicy, QWidget


class Flow(QLayout):
    """Buttons side by side that wrap into further lines. Those from place `end_from` on stand at the far end
    as long as all fit into one line."""

    def __init__(self, parent: QWidget | None = None, gap: int = 6, end_from: int | None = None) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._gap = gap
        self._end_from = end_from
        self.setContentsMargins(QMargins())

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        around = self.contentsMargins()
        high = self._place(QRect(0, 0, width - around.left() - around.right(), 0), move=False)
        return high + around.top() + around.bottom()

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size.grownBy(self.contentsMargins())

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect.marginsRemoved(self.contentsMargins()), move=True)

    def _place(self, rect: QRect, *, move: bool) -> int:
        x = y = line = 0
        apart = self._apart(rect.width())
        parent = self.parentWidget()
        rtl = parent is not None and parent.layoutDirection() == Qt.LayoutDirection.RightToLeft
        for place, item in enumerate(self._items):
            if place == self._end_from:
                x += apart
            if item.isEmpty():
                continue
            size = item.sizeHint()
            if x and x + size.width() > rect.width():
                x, y, line = 0, y + line + self._gap, 0
            if move:
                left = rect.width() - x - size.width() if rtl else x
                item.setGeometry(QRect(rect.topLeft() + QPoint(left, y), size))
            x += size.width() + self._gap
            line = max(line, size.height())
        return y + line

    def _apart(self, width: int) -> int:
        """How far the end stands from the beginning in one line."""
        wide = [item.sizeHint().width() for item in self._items if not item.isEmpty()]
        return max(0, width - sum(wide) - self._gap * max(0, len(wide) - 1))


def flowing(*widgets: QWidget, gap: int = 6, end_from: int | None = None) -> QWidget:
    """Widgets side by side as far as there is room, for a column."""
    row = QWidget()
    policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    policy.setHeightForWidth(True)
    row.setSizePolicy(policy)
    flow = Flow(row, gap, end_from)
    for widget in widgets:
        flow.addWidget(widget)
    return row
