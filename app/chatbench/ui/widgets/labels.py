"""Labels: plain text in a role's font and colour; one that elides, one that wraps."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent, QTextLayout, QTextLine, QTextOption
from PySide6.QtWidgets import QLabel, QSizePolicy, QStyle, QWidget

from chatbench.ui.theme import ColorRole, FontRole, theme
from chatbench.ui.widgets.paint import base_direction, draw_title
from chatbench.ui.widgets.tooltips import escape


class Label(QLabel):
    """Plain text that follows the theme. What it shows is never taken for markup. Lines that wrap stand as
    far apart as their role says, unless they can be selected: then Qt lays them out."""

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
        self._layouts: tuple[object, list[QTextLayout]] = ((), [])
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

    @property
    def _painted(self) -> bool:
        return not self.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByMouse

    @property
    def _pitched(self) -> bool:
        return self.wordWrap() and self._painted

    @property
    def _pitch(self) -> int:
        return theme().line(self._font_role) if self.wordWrap() else self.fontMetrics().lineSpacing()

    def _room(self, rect: QRect) -> QRect:
        """What the words have of the whole label."""
        around = self.margin()
        return rect.marginsRemoved(self.contentsMargins()).adjusted(around, around, -around, -around)

    def hasHeightForWidth(self) -> bool:
        return self.wordWrap()

    def heightForWidth(self, width: int) -> int:
        if not self._pitched:
            return super().heightForWidth(width)
        room = self._room(QRect(0, 0, width, 0))
        lines = sum(len(one) for one in self._laid(room.width()))
        return lines * theme().line(self._font_role) - room.height()

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(hint.width(), self.heightForWidth(hint.width())) if self._pitched else hint

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        least = (1 + self.text().count("\n")) * theme().line(self._font_role)
        return hint.expandedTo(QSize(0, least)) if self._pitched else hint

    def _laid(self, width: int) -> list[list[QTextLine]]:
        """The lines of each paragraph. Their layouts live as long as the label shows the same words."""
        key = (self.text(), width, self.font().key(), int(self.alignment()))
        if self._layouts[0] != key:
            option = QTextOption(self.alignment() & Qt.AlignmentFlag.AlignHorizontal_Mask)
            wrap, one_line = QTextOption.WrapMode.WordWrap, QTextOption.WrapMode.NoWrap
            option.setWrapMode(wrap if self.wordWrap() else one_line)
            layouts = [QTextLayout(words, self.font()) for words in self.text().split("\n")]
            for layout in layouts:
                # Words run as their letters do, wherever the interface begins to read.
                option.setTextDirection(base_direction(layout.text()))
                layout.setTextOption(option)
                layout.beginLayout()
                while (line := layout.createLine()).isValid():
                    line.setLineWidth(max(1, width))
                layout.endLayout()
            self._layouts = (key, layouts)
        return [[one.lineAt(at) for at in range(one.lineCount())] for one in self._layouts[1]]

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._painted:
            super().paintEvent(event)
            return
        room, pitch = self._room(self.rect()), self._pitch
        lines = [line for paragraph in self._laid(room.width()) for line in paragraph]
        spare = room.height() - len(lines) * pitch
        upper = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignBottom
        side = self.alignment() & upper
        y = room.y() + (spare // 2 if not side else 0 if side == Qt.AlignmentFlag.AlignTop else spare)
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        for number, line in enumerate(lines):
            top = y + number * pitch + round((pitch - line.height()) / 2)
            line.draw(painter, QPointF(room.x(), top - line.y()))
        painter.end()

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
