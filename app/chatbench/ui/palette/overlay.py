"""The palette itself: a card over the window and its scrim."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QModelIndex, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QListView, QVBoxLayout, QWidget

from chatbench.ui import icons
from chatbench.ui.aio import spawn
from chatbench.ui.palette.rows import Entries, Entry, EntryDelegate, ranked
from chatbench.ui.palette.sources import PaletteRow, PaletteSource
from chatbench.ui.theme import theme
from chatbench.ui.widgets.announce import announce
from chatbench.ui.widgets.keys import KeyHint
from chatbench.ui.widgets.labels import Label
from chatbench.ui.widgets.paint import box, shadow
from chatbench.ui.widgets.sections import Divider

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

ROWS_A_GROUP: Final = 5
ROWS_FOUND: Final = 12
"""What is called for by name must not be cut off by five that are called nearly the same."""
ROWS_NARROWED: Final = 50
_WIDTH: Final = 640
_TOP: Final = 96


class CommandPalette(QWidget):
    """The palette, laid over a window with its scrim. ``open()`` shows it with an empty field.

    ``search_inside`` is what the row "Search inside messages?" does with the words typed;
    without it the row is absent.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._sources: list[PaletteSource] = []
        self._round = 0
        self._told = ""
        self._groups: dict[int, list[Entry]] = {}
        self._before: QWidget | None = None
        self.search_inside: Callable[[str], object] | None = None
        self.setAccessibleName(self.tr("Command palette"))
        self._card = _Card(self)
        self._model = Entries(self)
        self._build()
        self.hide()

    def add_source(self, source: PaletteSource) -> None:
        """Add a group; groups show in the order they were added."""
        self._sources.append(source)
        self._show_prefixes()

    def open(self, text: str = "") -> None:
        """Show the palette with ``text`` in its field (a prefix, perhaps)."""
        self._before = self._window.focusWidget()
        self.setGeometry(self._window.rect())
        # Only while it is open: an idle window is not to wake anybody at each blink of the cursor.
        self._window.installEventFilter(self)
        self.show()
        self.raise_()
        self._field.setText(text)
        self._refresh()
        self._field.setFocus(Qt.FocusReason.PopupFocusReason)

    def close_palette(self) -> None:
        """Hide it and give the focus back."""
        self._window.removeEventFilter(self)
        self.hide()
        self._model.show([])
        self._round += 1
        self._told = ""
        if self._before is not None:
            self._before.setFocus(Qt.FocusReason.PopupFocusReason)
        self._before = None

    def titles(self) -> list[str]:
        """The names of the rows in view, in order."""
        indexes = [self._model.index(row) for row in range(self._model.rowCount())]
        rows = [self._row(index) for index in indexes]
        return [row.title for row in rows if row is not None]

    def _build(self) -> None:
        self._field = QLineEdit()
        self._field.setProperty("bare", True)
        self._field.setPlaceholderText(self.tr("Search actions, chats and models"))
        self._field.setToolTip(self.tr("Search actions, chats and models"))
        self._field.setAccessibleName(self.tr("Search actions, chats and models"))
        self._field.installEventFilter(self)
        self._field.textChanged.connect(self._refresh)
        self._count = Label(font="small", color="text3")
        top = QHBoxLayout()
        top.setContentsMargins(18, 0, 18, 0)
        top.setSpacing(6)
        top.addWidget(_Magnifier())
        top.addWidget(self._field, 1)
        top.addWidget(self._count)
        self._list = QListView()
        self._list.setModel(self._model)
        self._list.setItemDelegate(EntryDelegate(self._list))
        self._list.setFrameShape(QListView.Shape.NoFrame)
        self._list.setMouseTracking(True)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.viewport().setAutoFillBackground(False)
        self._list.setAccessibleName(self.tr("Results"))
        self._list.clicked.connect(self._clicked)
        self._foot = QHBoxLayout()
        self._foot.setContentsMargins(16, 8, 16, 8)
        self._foot.setSpacing(12)
        self._keys = [KeyHint(["↑", "↓"], self.tr("move")), KeyHint("Enter", self.tr("do it"))]
        for hint in self._keys:
            self._foot.addWidget(hint)
        self._foot.addStretch(1)
        self._signs: list[KeyHint] = []
        self._prefixes = QHBoxLayout()
        self._prefixes.setSpacing(8)
        self._foot.addLayout(self._prefixes)
        column = QVBoxLayout(self._card)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(Divider())
        column.addSpacing(4)
        column.addWidget(self._list, 1)
        column.addSpacing(6)
        column.addWidget(Divider())
        column.addLayout(self._foot)

    def _show_prefixes(self) -> None:
        source = self._sources[-1]
        if source.prefix:
            self._signs.append(KeyHint([source.prefix], source.title.lower()))
            self._prefixes.addWidget(self._signs[-1])

    def _refresh(self) -> None:
        if not self.isVisible():
            return
        self._round += 1
        self._groups = {}
        text = self._field.text()
        narrowed = [source for source in self._sources if source.prefix and text.startswith(source.prefix)]
        query = (text[1:] if narrowed else text).strip()
        limit = ROWS_NARROWED if narrowed else ROWS_FOUND if query else ROWS_A_GROUP
        for source in narrowed or self._sources:
            place = self._sources.index(source)
            rows = source.rows(query)
            if inspect.isawaitable(rows):
                spawn(self._await_rows(rows, place, query, limit, self._round), name="palette")
            else:
                self._take(place, rows, query, limit)
        self._show()

    async def _await_rows(
        self, rows: Awaitable[Sequence[PaletteRow]], place: int, query: str, limit: int, asked: int
    ) -> None:
        found = await rows
        if asked == self._round:
            self._take(place, found, query, limit)
            self._show()

    def _take(self, place: int, rows: Sequence[PaletteRow], query: str, limit: int) -> None:
        """Match and rank one source's rows."""
        self._groups[place] = ranked(rows, query, limit)

    def _flat(self) -> list[Entry]:
        flat: list[Entry] = []
        # Where anything has the words that were typed, scattered letters are noise above it.
        close = any(entry.close for entries in self._groups.values() for entry in entries)
        for place, source in enumerate(self._sources):
            entries = [entry for entry in self._groups.get(place, ()) if entry.close or not close]
            if entries:
                flat += [Entry(head=source.title), *entries]
        return flat

    def _show(self) -> None:
        flat = self._flat()
        count = sum(entry.row is not None for entry in flat)
        text = self._field.text().strip()
        if not count and text:
            flat = [Entry(head=self.tr("Nothing is called that."))]
            if self.search_inside is not None:
                flat.append(Entry(row=self._inside_row(text)))
        words = self.tr("{0} result") if count == 1 else self.tr("{0} results")
        self._count.setText(words.format(count) if text and count else "")
        self._model.show(flat)
        first = next((row for row, entry in enumerate(flat) if entry.row is not None), None)
        if first is not None:
            self._list.setCurrentIndex(self._model.index(first))
        self._list.scrollToTop()
        self._arrange()
        self._tell()

    def _inside_row(self, text: str) -> PaletteRow:
        search = self.search_inside
        return PaletteRow(
            self.tr("Search inside messages?"),
            lambda: search(text) if search is not None else None,
            icon="search",
            detail=text,
        )

    def _arrange(self) -> None:
        margin = 16
        width = min(theme().scaled(_WIDTH), self.width() - 2 * margin)
        top = min(_TOP, max(margin, self.height() // 8))
        rows = sum(self._list.sizeHintForRow(row) for row in range(self._model.rowCount()))
        frame = theme().control("palette-field") + theme().scaled(20) + 16 + 14
        height = min(frame + rows, self.height() - top - margin)
        self._fit_foot(width)
        self._card.setGeometry((self.width() - width) // 2, top, width, height)
        self._field.setFont(theme().font("input-large"))
        self._field.setFixedHeight(theme().control("palette-field"))
        self.update()

    def _fit_foot(self, width: int) -> None:
        """Signs and keys, or the signs alone, or the keys: what the foot has room for in whole."""
        margins = self._foot.contentsMargins()
        room = width - margins.left() - margins.right() - self._foot.spacing()

        def taken(hints: list[KeyHint]) -> int:
            return sum(hint.sizeHint().width() + self._foot.spacing() for hint in hints)

        ways = ([*self._keys, *self._signs], self._signs, self._keys)
        shown = next((hints for hints in ways if taken(hints) <= room), [])
        for hint in (*self._keys, *self._signs):
            hint.setVisible(hint in shown)

    def said(self) -> str:
        """The current row and its place among the others, as it is read out."""
        index = self._list.currentIndex()
        rows = [row for row in range(self._model.rowCount()) if self._row(self._model.index(row)) is not None]
        if index.row() not in rows:
            return ""
        words = str(index.data(Qt.ItemDataRole.AccessibleTextRole))
        return self.tr("{0}, {1} of {2}").format(words, rows.index(index.row()) + 1, len(rows))

    def _tell(self) -> None:
        """The focus stays in the field: what is chosen below it is told."""
        if (said := self.said()) != self._told:
            self._told = said
            announce(self._field, said or self.tr("Nothing is called that."))

    def _move(self, step: int) -> None:
        row = self._list.currentIndex().row()
        count = self._model.rowCount()
        for _ in range(count):
            row = (row + step) % count
            if self._model.flags(self._model.index(row)) != Qt.ItemFlag.NoItemFlags:
                self._list.setCurrentIndex(self._model.index(row))
                self._list.scrollTo(self._model.index(max(0, row - 1) if step < 0 else row))
                self._tell()
                return

    def _row(self, index: QModelIndex) -> PaletteRow | None:
        return self._model.entry(index).row if index.isValid() else None

    def _clicked(self, index: QModelIndex) -> None:
        """Wait until the list has dealt with the mouse: what the row does may empty the list."""
        row = self._row(index)
        if row is not None:
            QTimer.singleShot(0, self, lambda: self._do(row))

    def _do(self, row: PaletteRow, *, other: bool = False) -> None:
        self.close_palette()
        if other and row.alternative is not None:
            row.alternative()
        else:
            row.do()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._window.rect())
            self._arrange()
        elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and watched is self._field:
            return self._field_key(event)
        return False

    def _field_key(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key in {Qt.Key.Key_Down, Qt.Key.Key_Up}:
            self._move(1 if key == Qt.Key.Key_Down else -1)
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            row = self._row(self._list.currentIndex())
            if row is not None:
                self._do(row, other=control)
        elif key == Qt.Key.Key_Escape:
            self.close_palette()
        elif key not in {Qt.Key.Key_Tab, Qt.Key.Key_Backtab}:
            return False
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._card.geometry().contains(event.position().toPoint()):
            self.close_palette()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), theme().color("scrim"))
        shadow(painter, self._card.geometry(), theme().corner("popup"))
        painter.end()


class _Card(QWidget):
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box(painter, self.rect(), theme().corner("popup"), "raised", "btnline")
        painter.end()


class _Magnifier(QWidget):
    def sizeHint(self) -> QSize:
        edge = theme().icon_size(18)
        return QSize(edge, edge)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        icons.draw(painter, "search", self.rect(), "text2")
        painter.end()
