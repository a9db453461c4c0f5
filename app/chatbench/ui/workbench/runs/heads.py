"""The heads of a run's table, which stay in view: of its columns, of its rows, and what explains both."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHeaderView, QStyle, QToolTip, QWidget

from chatbench.core.runs import Run
from chatbench.ui import icons, quantities
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets import draw_pill, pill_width
from chatbench.ui.widgets.paint import box, draw_title
from chatbench.ui.widgets.tooltips import escape
from chatbench.ui.workbench.runs.celldelegate import CELL_HEIGHT
from chatbench.ui.workbench.runs.comparing import Came
from chatbench.ui.workbench.runs.figures import TOO_FEW, ColumnFigures, Scale, percent, scale_of, told
from chatbench.ui.workbench.runs.tablemodel import CellModel

HEAD_HEIGHT: Final = 95
NARROWEST: Final = 150
_ROW_WIDTH, _NARROW_ROW_WIDTH, _NUMBER_WIDTH = 285, 130, 40
_PAD: Final = 10
_MARKS: Final[dict[Came, tuple[tuple[str, ...], ColorRole]]] = {
    "better": (("arrow-up",), "success"),
    "worse": (("arrow-down",), "danger"),
    "both": (("arrow-up", "arrow-down"), "danger"),
    "otherwise": (("minus",), "text3"),
}


def letter(column: int) -> str:
    """What a column is called whose model is hidden."""
    return chr(ord("A") + column) if column < 26 else str(column + 1)


class ColumnHead(QHeaderView):
    """One head a column: prompt and model, pass rate with its interval, cost, times."""

    def __init__(self, model: CellModel, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._model = model
        self._figures: tuple[ColumnFigures, ...] = ()
        self._names: dict[str, str] = {}
        self._blind = False
        self.scale = Scale()
        self.setSectionsClickable(False)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(theme().scaled(NARROWEST))
        self.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.setAccessibleName(self.tr("Columns"))

    def set_figures(self, figures: tuple[ColumnFigures, ...]) -> None:
        """The numbers of all columns, in their order."""
        if figures != self._figures:
            self._figures = figures
            self.scale = scale_of(figures)
            self.viewport().update()

    def set_names(self, names: dict[str, str]) -> None:
        """What the models are called."""
        self._names = names
        self.viewport().update()

    def set_blind(self, blind: bool) -> None:
        """Whether prompts and models are not named."""
        self._blind = blind
        self.viewport().update()

    def named(self, column: int) -> str:
        """What a column is called in few words."""
        if self._blind:
            return self.tr("Column {0}").format(letter(column))
        version = self._model.run.columns[column].version
        told = self.tr("v{0}").format(version) if version is not None else ""
        return " ".join(filter(None, (letter(column), told, self._title(column))))

    def told(self, column: int) -> str:
        """One head in words."""
        one = self._model.run.columns[column]
        if self._blind:
            return self.named(column)
        return f"{one.label}, {self._names.get(one.model, one.model)}: {told(self._of(column))}"

    def sizeHint(self) -> QSize:
        return QSize(theme().scaled(NARROWEST), theme().scaled(HEAD_HEIGHT))

    def wear(self) -> None:
        """Takes the sizes of the theme in force."""
        self.setMinimumSectionSize(theme().scaled(NARROWEST))
        self.updateGeometry()

    def _of(self, column: int) -> ColumnFigures:
        return self._figures[column] if column < len(self._figures) else ColumnFigures()

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        if not rect.isValid() or section >= len(self._model.run.columns):
            return
        painter.save()
        painter.fillRect(rect, theme().color("sunken"))
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, theme().color("linectl"))
        painter.fillRect(rect.x(), rect.y(), 1, rect.height(), theme().color("line"))
        inner = rect.adjusted(
            theme().scaled(_PAD), theme().scaled(8), -theme().scaled(_PAD), -theme().scaled(6)
        )
        figures = self._of(section)
        direction = self.layoutDirection()
        line = QRect(inner.x(), inner.y(), inner.width(), theme().line("small"))
        self._paint_name(painter, line, section, direction)
        line = QRect(inner.x(), line.bottom() + 3, inner.width(), theme().line("title"))
        self._paint_rate(painter, line, figures, direction)
        line = QRect(inner.x(), line.bottom() + 1, inner.width(), theme().scaled(12))
        self._paint_whiskers(painter, line, figures)
        line = QRect(
            inner.x(), inner.bottom() + 1 - theme().line("micro"), inner.width(), theme().line("micro")
        )
        self._paint_times(painter, line, figures, direction)
        painter.restore()

    def _paint_name(
        self, painter: QPainter, line: QRect, section: int, direction: Qt.LayoutDirection
    ) -> None:
        if self._blind:
            painter.setFont(theme().font("small", 600))
            painter.setPen(theme().color("text"))
            draw_title(painter, line, self.tr("Column {0}").format(letter(section)), direction)
            return
        column = self._model.run.columns[section]
        short = self.tr("v{0}").format(column.version) if column.version is not None else column.label
        wide = min(pill_width(short), line.width() // 2)
        pill = QRect(line.x(), line.y(), wide, line.height())
        draw_pill(painter, QStyle.visualRect(direction, line, pill), short, "neutral")
        rest = QStyle.visualRect(direction, line, line.adjusted(wide + 8, 0, 0, 0))
        painter.setFont(theme().font("small", 600))
        painter.setPen(theme().color("text"))
        draw_title(painter, rest, self._title(section), direction)

    def _title(self, section: int) -> str:
        column = self._model.run.columns[section]
        name = self._names.get(column.model, column.model.partition("/")[2] or column.model)
        grid = column.parameters.given()
        return " ".join((name, *(f"{key} {value}" for key, value in grid.items()))) if grid else name

    def _paint_rate(
        self, painter: QPainter, line: QRect, figures: ColumnFigures, direction: Qt.LayoutDirection
    ) -> None:
        cost = quantities.amount(figures.cost) if figures.cost is not None else ""
        painter.setFont(theme().font("micro"))
        painter.setPen(theme().color("text2"))
        draw_title(painter, line, cost, direction, at_end=True)
        if figures.rate is None:
            painter.setPen(theme().color("text3"))
            draw_title(painter, line, self.tr("not judged"), direction)
            return
        rate = percent(figures.rate)
        painter.setFont(theme().font("title"))
        painter.setPen(theme().color("text"))
        draw_title(painter, line, rate, direction)
        used = theme().metrics("title").horizontalAdvance(rate) + 6
        free = theme().metrics("micro").horizontalAdvance(cost) + 6
        rest = QStyle.visualRect(direction, line, line.adjusted(used, 0, -free, 0))
        few = figures.judged < TOO_FEW
        painter.setFont(theme().font("micro"))
        painter.setPen(theme().color("text3" if few else "text2"))
        words = f"± {quantities.decimals(figures.reach * 100, 1)}"
        if theme().metrics("micro").horizontalAdvance(words) <= rest.width():
            draw_title(painter, rest, words, direction)

    def _paint_whiskers(self, painter: QPainter, line: QRect, figures: ColumnFigures) -> None:
        """From the least to the largest share; drawn from left to right in every language, as charts are."""
        middle = line.center().y()
        painter.fillRect(line.x(), middle, line.width(), 1, theme().color("line"))
        if figures.rate is None:
            return
        least, most = self.scale
        wide = line.width() - 4

        def x(share: float) -> int:
            return line.x() + 2 + round(wide * (share - least) / max(1e-9, most - least))

        few = figures.judged < TOO_FEW
        color = theme().color("text3" if few else "accent")
        low, high = x(figures.low), x(figures.high)
        painter.fillRect(low, middle, max(1, high - low), 1, color)
        for end in (low, high):
            painter.fillRect(end, middle - 3, 1, 7, color)
        box(painter, QRect(x(figures.rate) - 2, middle - 4, 4, 8), 1, color)

    def _paint_times(
        self, painter: QPainter, line: QRect, figures: ColumnFigures, direction: Qt.LayoutDirection
    ) -> None:
        painter.setFont(theme().font("micro"))
        painter.setPen(theme().color("text3" if figures.judged < TOO_FEW else "text2"))
        if figures.rate is not None and figures.judged < TOO_FEW:
            draw_title(painter, line, self.tr("too few to tell"), direction)
            return
        if figures.median_ms is None or figures.p95_ms is None:
            return
        draw_title(
            painter, line, self.tr("p50 {0}").format(quantities.duration(figures.median_ms / 1000)), direction
        )
        last = self.tr("p95 {0}").format(quantities.duration(figures.p95_ms / 1000))
        draw_title(painter, line, last, direction, at_end=True)

    def viewportEvent(self, event: object) -> bool:
        if isinstance(event, QHelpEvent):
            section = self.logicalIndexAt(event.pos())
            if section >= 0:
                QToolTip.showText(event.globalPos(), f"<p>{escape(self.told(section))}</p>", self)
                return True
        return super().viewportEvent(event)  # type: ignore[arg-type]


class RowHead(QHeaderView):
    """One head a row: its number, what it is about, what is expected of the answer."""

    def __init__(self, model: CellModel, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._model = model
        self._narrow = False
        self.setSectionsClickable(False)
        self.setHighlightSections(False)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setAccessibleName(self.tr("Rows"))
        self.wear()

    def wear(self) -> None:
        """Takes the sizes of the theme in force."""
        self.setMinimumSectionSize(1)
        self.setDefaultSectionSize(theme().scaled(CELL_HEIGHT))
        self.updateGeometry()

    def set_narrow(self, narrow: bool) -> None:
        """Whether there is little room beside the cells."""
        if narrow != self._narrow:
            self._narrow = narrow
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(theme().scaled(_NARROW_ROW_WIDTH if self._narrow else _ROW_WIDTH), 0)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        if not rect.isValid():
            return
        painter.save()
        row, repeat = self._model.line(section)
        direction = self.layoutDirection()
        came = self._model.changed_rows.get(row)
        painter.fillRect(rect, theme().color("page"))
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, theme().color("line"))
        number = QRect(rect.x(), rect.y(), theme().scaled(_NUMBER_WIDTH), rect.height())
        number = QStyle.visualRect(direction, rect, number)
        top = number.adjusted(4, theme().scaled(7), -theme().scaled(6), 0)
        top.setHeight(theme().line("small"))
        painter.setFont(theme().font("micro"))
        painter.setPen(theme().color("text3"))
        draw_title(painter, top, quantities.number(row + 1), direction, at_end=True)
        below = top.translated(0, theme().line("small") + 3)
        if self._model.run.plan.repeats > 1:
            draw_title(painter, below, f"×{repeat + 1}", direction, at_end=True)
        if came is not None:
            self._paint_mark(painter, rect, below.y(), came, direction)
        self._paint_words(painter, rect, row, direction)
        painter.restore()

    def _paint_mark(
        self, painter: QPainter, rect: QRect, y: int, came: Came, direction: Qt.LayoutDirection
    ) -> None:
        """A strip at the edge and arrows for better and worse."""
        marks, color = _MARKS[came]
        edge = QStyle.visualRect(direction, rect, QRect(rect.x(), rect.y(), 3, rect.height() - 1))
        painter.fillRect(edge, theme().color(color))
        size = theme().icon_size(14)
        for at, name in enumerate(marks):
            spot = QRect(rect.x() + 6 + at * size, y, size, theme().line("small"))
            mirrored = QStyle.visualRect(direction, rect, spot)
            icons.draw(painter, name, mirrored, "success" if name == "arrow-up" else color)

    def _paint_words(self, painter: QPainter, rect: QRect, row: int, direction: Qt.LayoutDirection) -> None:
        shown = self._model.row(row)
        if shown is None:
            return
        words = rect.adjusted(
            theme().scaled(_NUMBER_WIDTH + 4), theme().scaled(7), -theme().scaled(_PAD), -theme().scaled(7)
        )
        words = QStyle.visualRect(direction, rect, words)
        first = QRect(words.x(), words.y(), words.width(), theme().line("small"))
        painter.setFont(theme().font("small"))
        painter.setPen(theme().color("text"))
        draw_title(painter, first, shown.words, direction)
        if shown.expected:
            high = theme().line("small")
            second = QRect(words.x(), words.bottom() + 1 - high, words.width(), high)
            painter.setFont(theme().font("micro"))
            painter.setPen(theme().color("text3"))
            draw_title(painter, second, self.tr("expects {0}").format(shown.expected), direction)

    def viewportEvent(self, event: object) -> bool:
        if isinstance(event, QHelpEvent):
            section = self.logicalIndexAt(event.pos())
            shown = self._model.row(self._model.line(section)[0]) if section >= 0 else None
            if shown is not None:
                came = self._model.changed_rows.get(self._model.line(section)[0])
                words = f"<p>{escape(shown.whole)}</p>"
                if came is not None:
                    words = f"<p><b>{escape(self._model.came(came))}</b></p>{words}"
                QToolTip.showText(event.globalPos(), words, self)
                return True
        return super().viewportEvent(event)  # type: ignore[arg-type]


class Corner(QWidget):
    """Above the rows: what they are, and what the lines in the heads mean."""

    def __init__(self, run: Run, parent: QWidget) -> None:
        super().__init__(parent)
        self._title = ""
        self._lines: tuple[str, ...] = ()
        self.show_run(run, Scale())

    def show_run(self, run: Run, scale: Scale, title: str = "") -> None:
        """Tells of the run; `title` what its rows are called."""
        self._title = title or run.plan.data.name or self.tr("Rows")
        checks = len(run.plan.checks)
        rows = self.tr("{0} row") if run.rows == 1 else self.tr("{0} rows")
        each = self.tr("{0} check a row") if checks == 1 else self.tr("{0} checks a row")
        size = ", ".join((rows.format(quantities.number(run.rows)), each.format(checks)))
        interval = self.tr("Pass rate, 95 % interval on {0} to {1} %").format(
            round(scale.low * 100), round(scale.high * 100)
        )
        self._lines = (size, interval, self.tr("Time for one cell"))
        self.setAccessibleName("; ".join((self._title, *self._lines)))
        self.setToolTip("")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().color("sunken"))
        painter.fillRect(0, self.height() - 1, self.width(), 1, theme().color("linectl"))
        inner = self.rect().adjusted(
            theme().scaled(14), theme().scaled(8), -theme().scaled(8), -theme().scaled(6)
        )
        direction = self.layoutDirection()
        painter.setFont(theme().font("small", 600))
        painter.setPen(theme().color("text"))
        high = theme().line("small")
        top = QRect(inner.topLeft(), QSize(inner.width(), high))
        draw_title(painter, top, self._title, direction)
        painter.setFont(theme().font("micro"))
        painter.setPen(theme().color("text3"))
        micro = theme().line("micro")
        places = (top.bottom() + 3, inner.bottom() + 1 - 2 * micro, inner.bottom() + 1 - micro)
        for y, words in zip(places, self._lines, strict=True):
            draw_title(painter, QRect(QPoint(inner.x(), y), QSize(inner.width(), micro)), words, direction)
        painter.end()
