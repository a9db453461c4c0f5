"""The head of the grid: columns with their type and role, fields to filter by below them, row numbers."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QApplication, QHeaderView, QTableView, QWidget

from chatbench.core.datasets import DataColumn, RowFilter
from chatbench.ui import icons
from chatbench.ui.quantities import number
from chatbench.ui.theme import theme
from chatbench.ui.widgets.fields import LineField
from chatbench.ui.widgets.paint import draw_title
from chatbench.ui.workbench.datasets.filtering import filter_of
from chatbench.ui.workbench.datasets.model import GridModel
from chatbench.ui.workbench.datasets.words import ICONS, role_word, type_word

_EDGE: Final = 8
_FILTER_MS: Final = 200
_BESIDE: Final = 4
_WIDTHS: Final = {"text": 240, "number": 120, "boolean": 120, "json": 200, "tags": 128, "split": 88}


class ColumnHeader(QHeaderView):
    """`menu_wanted(column, point)`; `renamed(column name, name)`; `dragged(column name, place)`;
    `filtered()` when other filters hold."""

    menu_wanted = Signal(int, QPoint)
    renamed = Signal(str, str)
    dragged = Signal(str, int)
    filtered = Signal()

    def __init__(self, model: GridModel, parent: QTableView) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._grid = model
        self._fields: dict[int, LineField] = {}
        self._told: dict[str, str] = {}
        self._filters_shown = False
        self._name: LineField | None = None
        self._putting_back = False
        self._widths: dict[str, int] = {}
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_FILTER_MS)
        self._soon.timeout.connect(self.filtered)
        self.setSectionsClickable(True)
        self.setSectionsMovable(True)
        self.setHighlightSections(False)
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)
        self.setAccessibleName(self.tr("Columns"))
        self.setMouseTracking(True)
        self._wear()
        self.sectionResized.connect(self._resized)
        self.sectionMoved.connect(self._moved)
        self.sectionDoubleClicked.connect(self.rename)

    # Filters.

    @property
    def filters_shown(self) -> bool:
        return self._filters_shown

    def show_filters(self, shown: bool) -> None:
        """Hidden, they no longer hold."""
        self._filters_shown = shown
        if not shown:
            self._told.clear()
            for field in self._fields.values():
                field.hide()
                field.deleteLater()
            self._fields.clear()
            self.filtered.emit()
        self._fit()

    def filters(self) -> tuple[RowFilter, ...]:
        """What the fields say, by column."""
        found = (filter_of(name, text) for name, text in self._told.items())
        return tuple(one for one in found if one is not None)

    def field(self, column: int) -> LineField | None:
        """The field below a column that is in view."""
        self.place_fields()
        return self._fields.get(column)

    def set_filter(self, column: str, text: str) -> None:
        """As if it had been written below that column."""
        if not self._filters_shown:
            self.show_filters(True)
        self._told[column] = text
        for at, field in self._fields.items():
            if self._grid.columns[at].name == column:
                field.setText(text)
        self.filtered.emit()

    def _write(self, name: str, text: str) -> None:
        if text.strip():
            self._told[name] = text
        else:
            self._told.pop(name, None)
        self._soon.start()

    def place_fields(self) -> None:
        """A field below each column in view."""
        if not self._filters_shown:
            return
        seen = {at for at in range(self.count()) if self._in_view(at)}
        for at in [at for at in self._fields if at not in seen and not self._fields[at].hasFocus()]:
            gone = self._fields.pop(at)
            gone.hide()
            gone.deleteLater()
        for at in sorted(seen):
            field = self._fields.get(at) or self._make(at)
            field.setGeometry(
                self.sectionViewportPosition(at) + _BESIDE, self._head(),
                self.sectionSize(at) - 2 * _BESIDE, self._field_height(),
            )  # fmt: skip
            field.show()

    def _make(self, at: int) -> LineField:
        name = self._grid.columns[at].name
        field = LineField(
            self._told.get(name, ""), name=self.tr("Filter by {0}").format(name), parent=self.viewport()
        )
        field.setPlaceholderText(self.tr("Filter"))
        field.setToolTip(
            self.tr("Words that are in it. =is, !is not in it, >more, <less than; = alone: what is empty")
        )
        field.textEdited.connect(lambda text: self._write(name, text))
        field.returnPressed.connect(self._soon.start)
        self._fields[at] = field
        before = self._fields.get(at - 1)
        if before is not None:
            QWidget.setTabOrder(before, field)
        return field

    def _in_view(self, at: int) -> bool:
        left = self.sectionViewportPosition(at)
        return left < self.viewport().width() and left + self.sectionSize(at) > 0

    # Names.

    def rename(self, at: int) -> None:
        """Turns a name into a field."""
        self._close_name(False)
        if not 0 <= at < len(self._grid.columns):
            return
        column = self._grid.columns[at]
        self._name = field = LineField(
            column.name, name=self.tr("Name of the column"), parent=self.viewport()
        )
        field.setProperty("column", column.name)
        field.setGeometry(
            self.sectionViewportPosition(at) + _BESIDE, _BESIDE,
            self.sectionSize(at) - 2 * _BESIDE, theme().control("field"),
        )  # fmt: skip
        field.installEventFilter(self)
        field.selectAll()
        field.show()
        field.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if watched is self._name and self._name is not None:
            if event.type() == QEvent.Type.FocusOut:
                self._close_name(True)
            elif event.type() == QEvent.Type.KeyPress:
                key = event.key()  # type: ignore[attr-defined]
                if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
                    self._close_name(key != Qt.Key.Key_Escape)
                    self._view().setFocus(Qt.FocusReason.OtherFocusReason)
                    return True
        return super().eventFilter(watched, event)  # type: ignore[arg-type]

    def _close_name(self, keep: bool) -> None:
        field, self._name = self._name, None
        if field is None:
            return
        before, name = field.property("column"), " ".join(field.text().split())
        field.hide()
        field.deleteLater()
        if keep and name and name != before:
            self.renamed.emit(before, name)

    def _view(self) -> QWidget:
        view = self.parentWidget()
        assert view is not None
        return view

    # Places.

    def _moved(self, logical: int, old: int, new: int) -> None:
        """The columns themselves are moved, not their sections."""
        if self._putting_back:
            return
        self._putting_back = True
        self.moveSection(new, old)
        self._putting_back = False
        if logical < len(self._grid.columns):
            self.dragged.emit(self._grid.columns[logical].name, new)

    def show_columns(self) -> None:
        """To be called when there are other columns, and a section for each."""
        self._close_name(False)
        names = {column.name for column in self._grid.columns}
        self._told = {name: text for name, text in self._told.items() if name in names}
        for field in self._fields.values():
            field.hide()
            field.deleteLater()
        self._fields.clear()
        self._widen()
        self.place_fields()

    def _widen(self) -> None:
        """As wide as the reader made them, else as their type needs."""
        for at, column in enumerate(self._grid.columns):
            usual = theme().scaled(_WIDTHS.get(column.type if column.role == "input" else column.role, 160))
            self.resizeSection(at, self._widths.get(column.name, usual))

    def _resized(self, at: int, _old: int, new: int) -> None:
        # Qt resizes sections by itself as well, where they come and go.
        by_hand = QApplication.mouseButtons() & Qt.MouseButton.LeftButton
        if by_hand and at < len(self._grid.columns):
            self._widths[self._grid.columns[at].name] = new
        self.place_fields()

    # Mouse.

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        at = self.logicalIndexAt(event.position().toPoint())
        if at >= 0 and event.button() == Qt.MouseButton.LeftButton:
            chevron = self._chevron(self._section(at))
            if chevron.contains(event.position().toPoint()):
                self.menu_wanted.emit(at, self.viewport().mapToGlobal(chevron.bottomLeft()))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        at = self.logicalIndexAt(event.pos())
        if at >= 0:
            self.menu_wanted.emit(at, event.globalPos())

    def open_menu(self, at: int) -> None:
        """Below a column."""
        self.menu_wanted.emit(at, self.viewport().mapToGlobal(self._section(at).bottomLeft()))

    # What is seen.

    def sizeHint(self) -> QSize:
        filters = self._field_height() + _BESIDE + 2 if self._filters_shown else 0
        return QSize(super().sizeHint().width(), self._head() + filters)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.place_fields()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._wear()

    def _wear(self) -> None:
        self.setMinimumSectionSize(theme().scaled(72))
        self.setDefaultSectionSize(theme().scaled(200))
        self._fit()

    def _fit(self) -> None:
        self.updateGeometry()
        self.geometriesChanged.emit()
        self.place_fields()
        self.viewport().update()

    @staticmethod
    def _head() -> int:
        return theme().line("small") + theme().line("micro") + 12

    @staticmethod
    def _field_height() -> int:
        return theme().control("field")

    def _section(self, at: int) -> QRect:
        return QRect(self.sectionViewportPosition(at), 0, self.sectionSize(at), self._head())

    def _chevron(self, section: QRect) -> QRect:
        edge = max(24, theme().icon_size(14) + 8)
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = section.left() if rtl else section.right() + 1 - edge
        return QRect(x, 0, edge, section.height())

    def paintSection(self, painter: QPainter, rect: QRect, at: int) -> None:
        painter.save()
        painter.fillRect(rect, theme().color("sunken"))
        painter.setPen(theme().color("line"))
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        side = rect.left() if rtl else rect.right()
        painter.drawLine(side, rect.top(), side, rect.bottom())
        painter.setPen(theme().color("linectl"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        if at < len(self._grid.columns):
            head = QRect(rect.left(), rect.top(), rect.width(), self._head())
            self._paint_words(painter, head, self._grid.columns[at])
        painter.restore()

    def _paint_words(self, painter: QPainter, head: QRect, column: DataColumn) -> None:
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        edge, mark = theme().icon_size(13), self._chevron(head)
        inner = head.adjusted(mark.width() if rtl else _EDGE, 5, -_EDGE if rtl else -mark.width(), -5)
        tip = QRect(0, 0, edge, edge)
        tip.moveCenter(mark.center())
        icons.draw(painter, "chevron-down", tip, "text3")
        order = next((one for one in self._grid.order if one.column == column.name), None)
        if order is not None:
            arrow = QRect(inner.left() if rtl else inner.right() - edge, inner.top(), edge, inner.height())
            icons.draw(painter, "arrow-down" if order.descending else "arrow-up", arrow, "accenttext")
            inner.adjust(edge + 4 if rtl else 0, 0, 0 if rtl else -edge - 4, 0)
        line = QRect(inner.left(), inner.top(), inner.width(), theme().line("small"))
        lead = edge + 6
        kind = QRect(line.right() + 1 - edge if rtl else line.left(), line.top(), edge, line.height())
        icons.draw(painter, ICONS[column.type], kind, "text2")
        name = line.adjusted(0 if rtl else lead, 0, -lead if rtl else 0, 0)
        painter.setFont(theme().font("small", 600))
        painter.setPen(theme().color("text"))
        draw_title(painter, name, column.name, self.layoutDirection())
        told = type_word(column.type)
        if column.role != "input":
            told += f" · {role_word(column.role)}"
        painter.setFont(theme().font("micro"))
        painter.setPen(theme().color("text3" if column.role == "input" else "accenttext"))
        below = QRect(name.left(), line.bottom() + 1, name.width(), theme().line("micro"))
        draw_title(painter, below, told, self.layoutDirection())


class RowHeader(QHeaderView):
    """The numbers of the rows, and a plus at the one that is not there yet."""

    def __init__(self, model: GridModel, parent: QTableView) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._grid = model
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setAccessibleName(self.tr("Rows"))
        self._wear()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._wear()

    def _wear(self) -> None:
        height = theme().control("row")
        self.setMinimumSectionSize(height)
        self.setDefaultSectionSize(height)

    def sizeHint(self) -> QSize:
        widest = number(max(1_000, self._grid.total + 1))
        width = theme().metrics("micro").horizontalAdvance(widest) + 2 * _EDGE + 2
        return QSize(width, super().sizeHint().height())

    def paintSection(self, painter: QPainter, rect: QRect, at: int) -> None:
        current = theme()
        painter.fillRect(rect, current.color("sunken"))
        painter.setPen(current.color("line"))
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        side = rect.left() if rtl else rect.right()
        painter.drawLine(side, rect.top(), side, rect.bottom())
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        if self._grid.is_last(at):
            edge = current.icon_size(13)
            icons.draw(
                painter,
                "plus",
                QRect(rect.center().x() - edge // 2, rect.top(), edge, rect.height()),
                "text2",
            )
            return
        painter.setPen(current.color("text3"))
        painter.setFont(current.font("micro"))
        side_of_it = Qt.AlignmentFlag.AlignLeft if rtl else Qt.AlignmentFlag.AlignRight
        painter.drawText(
            rect.adjusted(_EDGE, 0, -_EDGE, 0),
            int(side_of_it | Qt.AlignmentFlag.AlignVCenter),
            number(at + 1),
        )
