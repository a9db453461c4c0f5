"""Labels: plain text in a role's font and colour; one that elides, one that wraps."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QStyle, QWidget

from chatbench.ui.theme import ColorRole, FontRole, theme
from chatbench.ui.widgets.paint import draw_title
from chatbench.ui.widgets.tooltips import escape


class Label(QLabel):
    """Plain text that follows the theme. What it shows is never taken for markup."""

    def __init__(
        self,
        text: str = "",
        *,
        font: FontRole = "ui",
        color: ColorRole = "text",
        weight: int | None = None,
        wrap: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._font_role: FontRole = font
        self._color_role: ColorRole = color
        self._weight = weight
        self._wanted: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        self.setText(text)
        self.setAlignment(self._wanted)
        self._wear()

    def setAlignment(self, alignment: Qt.AlignmentFlag) -> None:
        """Leading is where the interface begins to read, whatever letters the words are of."""
        self._wanted = alignment
        side = QStyle.visualAlignment(self.layoutDirection(), alignment)
        super().setAlignment(side | Qt.AlignmentFlag.AlignAbsolute)

    def set_color(self, color: ColorRole) -> None:
        """Change the role of the words' colour."""
        if color != self._color_role:
            self._color_role = color
            self._wear()

    def _wear(self) -> None:
        self.setFont(theme().font(self._font_role, self._weight))
        palette = self.palette()
        palette.setColor(self.foregroundRole(), theme().color(self._color_role))
        self.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._wear()
        elif event.type() == QEvent.Type.LayoutDirectionChange:
            self.setAlignment(self._wanted)


class ElidedLabel(QWidget):
    """One line of plain text that is shortened with "…"; the tooltip then holds all of it, unless its
    owner has given it another."""

    def __init__(
        self,
        text: str = "",
        *,
        font: FontRole = "ui",
        color: ColorRole = "text",
        weight: int | None = None,
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._text = ""
        self._font_role: FontRole = font
        self._color_role: ColorRole = color
        self._weight = weight
        self._elide = elide
        self._align = align
        self._whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_text(text)

    def text(self) -> str:
        """The whole text."""
        return self._text

    def set_text(self, text: str) -> None:
        """Show ``text``; line breaks become spaces."""
        text = " ".join(text.split("\n"))
        if text != self._text:
            self._text = text
            self.setAccessibleName(text)
            self.updateGeometry()
            self._explain()
            self.update()

    def set_color(self, color: ColorRole) -> None:
        """Change the role of the words' colour."""
        self._color_role = color
        self.update()

    def _explain(self) -> None:
        short = theme().metrics(self._font_role, self._weight).horizontalAdvance(self._text) > self.width()
        if self.toolTip() == self._whole:
            # Rich text detection must not see what a stranger wrote: force one plain paragraph.
            self._whole = f"<p>{escape(self._text)}</p>" if short else ""
            self.setToolTip(self._whole)

    def sizeHint(self) -> QSize:
        metrics = theme().metrics(self._font_role, self._weight)
        return QSize(metrics.horizontalAdvance(self._text) + 1, theme().line(self._font_role))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().metrics(self._font_role).horizontalAdvance("…"), theme().line(self._font_role))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._explain()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        role: ColorRole = self._color_role if self.isEnabled() else "disabled"
        painter.setPen(theme().color(role))
        painter.setFont(theme().font(self._font_role, self._weight))
        at_end = bool(self._align & Qt.AlignmentFlag.AlignTrailing)
        draw_title(painter, self.rect(), self._text, self.layoutDirection(), at_end=at_end, elide=self._elide)
        painter.end()
