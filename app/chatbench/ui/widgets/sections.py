"""Sections that fold, rows of facts, cards, bars."""

from __future__ import annotations

from PySide6.QtCore import QEasingCurve, QEvent, QRect, QSize, Qt, QVariantAnimation, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLayout,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from chatbench.ui import icons
from chatbench.ui.theme import ColorRole, CornerRole, theme
from chatbench.ui.widgets.buttons import PaintedButton
from chatbench.ui.widgets.labels import ElidedLabel
from chatbench.ui.widgets.paint import box, draw_title


class _SectionHead(PaintedButton):
    """Chevron and title; the whole line folds."""

    ring_corner = 4

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._title = ""
        self.setCheckable(True)
        self.set_title(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_title(self, title: str) -> None:
        self._title = title
        self.setText(title.replace("&", "&&"))
        self.setAccessibleName(title)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        words = theme().metrics("small", 600).horizontalAdvance(self._title)
        return QSize(words + theme().icon_size(13) + 8, max(24, theme().control("inspector-head")))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint().boundedTo(QSize(theme().scaled(120), self.sizeHint().height()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        edge = theme().icon_size(13)
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        mark = QRect(self.width() - edge if rtl else 0, 0, edge, self.height())
        closed = "chevron-left" if rtl else "chevron-right"
        icons.draw(painter, "chevron-down" if self.isChecked() else closed, mark, "text3")
        inner = self.rect().adjusted(0 if rtl else edge + 6, 0, -(edge + 6) if rtl else 0, 0)
        painter.setFont(theme().font("small", 600))
        painter.setPen(theme().color("text"))
        draw_title(painter, inner, self._title, self.layoutDirection())
        painter.end()


class Section(QWidget):
    """An inspector section: a head that folds, a quiet fact or action at its right, a body.

    Add rows to ``body``; put a button at the right of the head with ``set_action``.
    ``toggled(bool)`` tells that the reader opened or closed it, so that the owner can
    remember it (``set_open`` puts it back without animation).
    """

    toggled = Signal(bool)

    def __init__(self, title: str, *, is_open: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._head = _SectionHead(title, self)
        self._fact = ElidedLabel(font="small", color="text3", align=Qt.AlignmentFlag.AlignRight)
        self._fact.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._content = QWidget(self)
        self.body = QVBoxLayout(self._content)
        self.body.setContentsMargins(0, 4, 0, 0)
        self.body.setSpacing(0)
        self._head_row = QHBoxLayout()
        self._head_row.setSpacing(6)
        self._head_row.addWidget(self._head, 1)
        self._head_row.addWidget(self._fact)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 12)
        column.setSpacing(0)
        column.addLayout(self._head_row)
        column.addWidget(self._content)
        self._fold = QVariantAnimation(self)
        self._fold.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._fold.valueChanged.connect(lambda height: self._content.setMaximumHeight(int(height)))
        self._fold.finished.connect(self._settle)
        self._head.clicked.connect(self._clicked)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.set_open(is_open)

    def set_title(self, title: str) -> None:
        """Change the words of the head."""
        self._head.set_title(title)

    def set_fact(self, text: str) -> None:
        """The quiet fact at the head's right end."""
        self._fact.set_text(text)

    def set_action(self, button: QWidget) -> None:
        """A quiet action at the head's right end."""
        self._head_row.addWidget(button)

    def is_open(self) -> bool:
        """Whether the body shows."""
        return self._head.isChecked()

    def set_open(self, is_open: bool) -> None:
        """Open or close at once, without ``toggled``."""
        self._fold.stop()
        self._head.setChecked(is_open)
        self._settle()

    def _clicked(self) -> None:
        duration = theme().duration("fold")
        if duration:
            self._content.setVisible(True)
            full = self._content.sizeHint().height()
            opening = self.is_open()
            self._fold.setDuration(duration)
            self._fold.setStartValue(0 if opening else full)
            self._fold.setEndValue(full if opening else 0)
            self._fold.start()
        else:
            self._settle()
        self.toggled.emit(self.is_open())

    def _settle(self) -> None:
        self._content.setMaximumHeight(16_777_215)
        self._content.setVisible(self.is_open())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(0, self.height() - 1, self.width(), 1, theme().color("line"))
        painter.end()


class FactRow(QWidget):
    """An inspector row: label at the start, value at the end, perhaps a second, fainter value.

    ``struck`` is the default value, struck through before one that differs from it.
    """

    def __init__(
        self, label: str, value: str = "", *, aside: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._label = label
        self._value = ""
        self._aside = ""
        self._struck = ""
        self._tone: ColorRole = "text"
        self._mono = False
        self._weight: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_value(value, aside=aside)

    def set_value(
        self,
        value: str,
        *,
        aside: str = "",
        struck: str = "",
        tone: ColorRole = "text",
        mono: bool = False,
        weight: int | None = None,
    ) -> None:
        """Show a value; ``aside`` stands in its own column at the right in ``text3``.

        ``weight`` makes value and aside stand out (a total), as a ``struck`` default does.
        """
        self._value, self._aside, self._struck = value, aside, struck
        self._tone, self._mono = tone, mono
        self._weight = 600 if struck else weight
        self.setAccessibleName(f"{self._label}: {value} {aside}".strip())
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme().scaled(160), theme().control("inspector-row"))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rect = self.rect()
        direction = self.layoutDirection()
        rtl = direction == Qt.LayoutDirection.RightToLeft
        painter.setFont(theme().font("small"))
        painter.setPen(theme().color("text2"))
        draw_title(painter, rect, self._label, direction)
        label_width = theme().metrics("small").horizontalAdvance(self._label) + 8
        free = rect.adjusted(0 if rtl else label_width, 0, -label_width if rtl else 0, 0)
        if self._aside:
            strong = self._weight is not None
            painter.setFont(theme().font("small", self._weight))
            painter.setPen(theme().color("text" if strong else "text3"))
            draw_title(painter, free, self._aside, direction, at_end=True)
            words = theme().metrics("small", self._weight).horizontalAdvance(self._aside)
            column = max(theme().scaled(58), words + 8)
            free.adjust(column if rtl else 0, 0, 0 if rtl else -column, 0)
        weight = self._weight
        font = theme().font("code-small" if self._mono else "small", weight)
        metrics = theme().metrics("code-small" if self._mono else "small", weight)
        painter.setFont(font)
        painter.setPen(theme().color(self._tone))
        shown = metrics.elidedText(self._value, Qt.TextElideMode.ElideRight, free.width())
        draw_title(painter, free, self._value, direction, at_end=True)
        if self._struck:
            used = metrics.horizontalAdvance(shown) + 6
            free.adjust(used if rtl else 0, 0, 0 if rtl else -used, 0)
            struck = theme().font("small")
            faint = type(struck)(struck)
            faint.setStrikeOut(True)
            painter.setFont(faint)
            painter.setPen(theme().color("text3"))
            draw_title(painter, free, self._struck, direction, at_end=True)
        painter.end()


class Card(QFrame):
    """A frame on the page: 1 px ``line`` border, corner 8, no shadow."""

    def __init__(
        self,
        *,
        fill: ColorRole = "page",
        border: ColorRole = "line",
        corner: CornerRole = "card",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._fill: ColorRole = fill
        self._border: ColorRole = border
        self._corner: CornerRole = corner

    def set_colors(self, fill: ColorRole, border: ColorRole) -> None:
        """Change the fill and the border."""
        self._fill, self._border = fill, border
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box(painter, self.rect(), theme().corner(self._corner), self._fill, self._border)
        painter.end()


class Meter(QWidget):
    """A thin bar that fills; the number always stands beside it, so it is not read out."""

    def __init__(self, *, width: int | None = None, height: int = 4, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._width = width
        self._height = height
        self._fraction = 0.0
        self._tone: ColorRole = "accent"
        horizontal = QSizePolicy.Policy.Fixed if width else QSizePolicy.Policy.Expanding
        self.setSizePolicy(horizontal, QSizePolicy.Policy.Fixed)

    def set_fraction(self, fraction: float, tone: ColorRole = "accent") -> None:
        """Fill to ``fraction`` (0 to 1)."""
        fraction = max(0.0, min(1.0, fraction))
        if (fraction, tone) != (self._fraction, self._tone):
            self._fraction, self._tone = fraction, tone
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme().scaled(self._width or 64), self._height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        radius = self.height() / 2
        box(painter, self.rect(), radius, "pressed")
        filled = QRect(self.rect())
        filled.setWidth(round(self.width() * self._fraction))
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            filled.moveRight(self.rect().right())
        if filled.width() > 0:
            box(painter, filled, min(radius, filled.width() / 2), self._tone)
        painter.end()


class Divider(QWidget):
    """A 1 px line between things."""

    def __init__(self, *, vertical: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        if vertical:
            self.setFixedWidth(1)
        else:
            self.setFixedHeight(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().color("line"))
        painter.end()


class Surface(QWidget):
    """A plain ground in one role's colour, perhaps with a line at some of its edges (left is where reading
    begins)."""

    _margins = (0, 0, 0, 0)

    def __init__(
        self,
        role: ColorRole,
        *,
        lines: Qt.Edge | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._role: ColorRole = role
        self._lines = lines
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def set_layout(self, layout: QLayout, margins: tuple[int, int, int, int] = (0, 0, 0, 0)) -> None:
        """Install a layout without the style's default margins."""
        self.setLayout(layout)
        self.set_margins(margins)

    def set_margins(self, margins: tuple[int, int, int, int]) -> None:
        """Where reading begins, above, where it ends, below: mirrored with the interface, as no layout is."""
        self._margins = margins
        self._mirror()

    def _mirror(self) -> None:
        layout = self.layout()
        if layout is None:
            return
        begin, upper, end, lower = self._margins
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            begin, end = end, begin
        layout.setContentsMargins(begin, upper, end, lower)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._mirror()
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), theme().color(self._role))
        line, last_x, last_y = theme().color("line"), self.width() - 1, self.height() - 1
        begin, end = QRect(0, 0, 1, self.height()), QRect(last_x, 0, 1, self.height())
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            begin, end = end, begin
        edges = (
            (Qt.Edge.TopEdge, QRect(0, 0, self.width(), 1)),
            (Qt.Edge.BottomEdge, QRect(0, last_y, self.width(), 1)),
            (Qt.Edge.LeftEdge, begin),
            (Qt.Edge.RightEdge, end),
        )
        for edge, rect in edges:
            if self._lines is not None and self._lines & edge:
                painter.fillRect(rect, line)
        painter.end()


class ClickSurface(Surface):
    """A ground that can be clicked (a scrim, a status item)."""

    clicked = Signal()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()
        event.accept()
