"""The status bar: connection and background work at the start, cost and profile at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets.buttons import PaintedButton
from chatbench.ui.widgets.paint import draw_title, ring_inside
from chatbench.ui.widgets.sections import Meter, Surface

if TYPE_CHECKING:
    from collections.abc import Callable


class StatusItem(PaintedButton):
    """Words with an icon, in ``micro``; a button when there is something to open."""

    focus_ring = "inside"

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._icon = ""
        self._words = ""
        self._color: ColorRole = "text2"
        self._do: Callable[[], object] | None = None
        self.clicked.connect(self._open)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_item(
        self,
        words: str,
        icon: str = "",
        *,
        do: Callable[[], object] | None = None,
        tip: str = "",
        color: ColorRole = "text2",
    ) -> None:
        """Show ``words``; "" hides the item."""
        self._words, self._icon, self._do, self._color = words, icon, do, color
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if do else Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(words)
        self.setToolTip(tip)
        self.setVisible(bool(words))
        self.updateGeometry()
        self.update()

    def words(self) -> str:
        """What it says."""
        return self._words

    def _open(self) -> None:
        if self._do is not None:
            self._do()

    def _lead(self) -> int:
        return theme().icon_size(12) + 5 if self._icon or self.busy else 0

    def sizeHint(self) -> QSize:
        words = theme().metrics("micro").horizontalAdvance(self._words)
        return QSize(self._lead() + words + 9, theme().control("status-bar"))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._lead() + 20, theme().control("status-bar"))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._do is not None and (self.hovered() or self.isDown()):
            painter.fillRect(self.rect(), theme().color("pressed" if self.isDown() else "hover"))
        inner = self.rect().adjusted(4, 0, -4, 0)
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        lead = self._lead()
        edge = theme().icon_size(12)
        if lead:
            x = inner.right() + 1 - edge if rtl else inner.x()
            self.draw_mark(painter, self._icon, QRect(x, 0, edge, self.height()), self._color)
        words = inner.adjusted(0 if rtl else lead, 0, -lead if rtl else 0, 0)
        painter.setFont(theme().font("micro"))
        painter.setPen(theme().color(self._color))
        draw_title(painter, words.adjusted(0, 0, 1, 0), self._words, self.layoutDirection())
        ring_inside(painter, self, self.rect(), 4)
        painter.end()


class StatusBar(Surface):
    """Items: ``connection``, ``work`` at the start; ``cost`` with its bar, ``profile`` at the end."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("rail", parent=parent)
        self.connection = StatusItem(self)
        self.work = StatusItem(self)
        self.cost = StatusItem(self)
        self.profile = StatusItem(self)
        self._meter = Meter(width=64)
        self._meter.hide()
        row = QHBoxLayout()
        row.setSpacing(8)
        self.set_layout(row, (10, 0, 10, 0))
        for item in (self.connection, self.work):
            row.addWidget(item)
        row.addStretch(1)
        row.addWidget(self.cost)
        row.addWidget(self._meter)
        row.addWidget(self.profile)

    def set_online(self, online: bool) -> None:
        """Whether this computer reaches a network, as far as it knows."""
        if online:
            self.connection.show_item(self.tr("Online"), "wifi", color="text3")
        else:
            self.connection.show_item(self.tr("Offline"), "wifi-off", color="warning")

    def set_work(self, words: str, *, busy: bool = False, do: Callable[[], object] | None = None) -> None:
        """The one piece of background work with its numbers, or how many there are; "" for none."""
        self.work.show_item(words, "" if busy else "info", do=do, color="text3")
        self.work.set_busy(busy and bool(words))

    def set_cost(self, words: str, fraction: float | None = None, *, tip: str = "") -> None:
        """Today's cost in words; ``fraction`` of the limit fills the bar, None hides it.

        The bar turns to warning from 80 % and to danger from 100 %.
        """
        self.cost.show_item(words, tip=tip, color="text3")
        self._meter.setVisible(fraction is not None)
        if fraction is not None:
            tone: ColorRole = "danger" if fraction >= 1 else "warning" if fraction >= 0.8 else "accent"
            self._meter.set_fraction(fraction, tone)

    def set_profile(self, words: str, *, tip: str = "") -> None:
        """The profile's name."""
        self.profile.show_item(words, tip=tip, color="text3")

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), theme().control("status-bar"))
