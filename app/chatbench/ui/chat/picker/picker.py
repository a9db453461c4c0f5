"""The popup: a search field, filters, the rows, and what the keys do."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QDate, QEvent, QLocale, QModelIndex, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QListView, QVBoxLayout, QWidget
from shiboken6 import isValid

from chatbench.core.changes import Changes
from chatbench.core.models import ModelRef
from chatbench.services import Services
from chatbench.ui.aio import spawn
from chatbench.ui.chat.picker import query
from chatbench.ui.chat.picker.delegate import ColumnHeads, ModelDelegate
from chatbench.ui.chat.picker.rows import Entry, Filter, ModelRowsItemModel
from chatbench.ui.theme import theme
from chatbench.ui.theme.tokens import SHADOW_MARGIN
from chatbench.ui.widgets import Chip, Divider, KeyHint, Label, Popup, SearchField, announce, describe

_WIDTH: Final = 740
_LEAST_HEIGHT: Final = 240
_GREATEST_HEIGHT: Final = 570
_WINDOW_EDGE: Final = 12


class ModelPicker(Popup):
    """``chosen(ModelRef)`` when one is to be used, ``key_wanted(provider)`` when it lacks a key,
    ``added(ModelRef)`` when it is to answer beside the others."""

    chosen = Signal(object)
    added = Signal(object)
    key_wanted = Signal(str)

    def __init__(self, services: Services, parent: QWidget) -> None:
        super().__init__(parent, name="")
        self.setAccessibleName(self.tr("Models"))
        self._services = services
        self._stale = False
        self._lanes = False
        self.rows = ModelRowsItemModel(self)
        self._build()
        disconnect = services.changes.connect(self._told)
        self.destroyed.connect(lambda *_: disconnect())

    def _build(self) -> None:
        self.search = SearchField("")
        self.search.installEventFilter(self)
        self.search.textChanged.connect(self._narrow)
        self._filters: list[tuple[Chip, str, Filter]] = []
        chips = QHBoxLayout()
        chips.setContentsMargins(10, 8, 10, 4)
        chips.setSpacing(6)
        for words, icon, keep in (
            (self.tr("Sees images"), "image", query.sees),
            (self.tr("Tools"), "wrench", query.uses_tools),
            (self.tr("Thinks"), "brain", query.thinks),
            (self.tr("This computer"), "hard-drive", query.is_local),
            (self.tr("Favourites"), "star", query.is_favourite),
        ):
            chip = Chip(words, icon=icon, checkable=True)
            chip.toggled.connect(self._narrow)
            self._filters.append((chip, words, keep))
            chips.addWidget(chip)
        chips.addStretch(1)
        self.list = _Rows(self, self.rows)
        self.list.used.connect(self._use)
        self.list.delegate.fix_wanted.connect(self._fix)
        self.list.delegate.star_wanted.connect(self._star)
        self.nothing = Label(self.tr("No model is like that."), font="small", color="text3")
        self.nothing.setContentsMargins(14, 10, 14, 10)
        field = QVBoxLayout()
        field.setContentsMargins(10, 10, 10, 0)
        field.addWidget(self.search)
        inside = QVBoxLayout()
        inside.setContentsMargins(1, 1, 1, 1)
        inside.setSpacing(0)
        inside.addLayout(field)
        inside.addLayout(chips)
        inside.addWidget(ColumnHeads(self.list))
        inside.addWidget(self.nothing)
        inside.addWidget(self.list, 1)
        inside.addWidget(Divider())
        inside.addLayout(self._foot())
        self.body.addLayout(inside)

    def _foot(self) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setContentsMargins(14, 8, 14, 8)
        foot.setSpacing(12)
        self._lane_hint = KeyHint("Ctrl+Enter", self.tr("add a lane"))
        self._hints = [
            KeyHint(["↑", "↓"], self.tr("move")),
            KeyHint("Enter", self.tr("use")),
            self._lane_hint,
            KeyHint("Ctrl+D", self.tr("favourite")),
        ]
        for hint in self._hints:
            foot.addWidget(hint)
        foot.addStretch(1)
        self.dated = Label(font="small", color="text2")
        foot.addWidget(self.dated)
        return foot

    def open_for(self, current: ModelRef, anchor: QWidget, *, lanes: bool = False) -> None:
        """Shows every model above ``anchor``, the present one marked, and asks providers for news.
        With ``lanes`` one may also be ``added``."""
        self._lanes = lanes
        self._lane_hint.setVisible(lanes)
        self.list.delegate.current = current
        self.search.clear()
        for chip, _, _ in self._filters:
            chip.setChecked(False)
        self._load()
        of = self._services.models.prices_of
        day = QLocale().toString(QDate(of.year, of.month, of.day), "d MMM")
        self.dated.setText(self.tr("Prices of {0}").format(day))
        self._fit(anchor)
        self.open_beside(anchor, "above")
        place = self.rows.place(current)
        if place >= 0:
            self.list.mark(place, centred=True)
        self.search.setFocus(Qt.FocusReason.PopupFocusReason)
        spawn(self._refresh(), name="model lists")

    def marked(self) -> Entry | None:
        """The row the keyboard stands on."""
        index = self.list.currentIndex()
        return self.rows.entry(index.row()) if index.isValid() else None

    async def _refresh(self) -> None:
        errors = await self._services.models.refresh_usable()
        if isValid(self):
            self.list.delegate.errors = errors
            self.list.viewport().update()

    def _told(self, changes: Changes) -> None:
        if not (changes.models or changes.providers or changes.keys) or not self.isVisible():
            return
        if not self._stale:
            # Several providers answer in a row: read once.
            self._stale = True
            QTimer.singleShot(0, self, self._reload)

    def _reload(self) -> None:
        self._stale = False
        entry = self.marked()
        at = self.list.verticalScrollBar().value()
        self._load()
        if entry is not None and entry.row is not None:
            self.list.mark(self.rows.place(entry.row.info.ref), scroll=False)
        self.list.verticalScrollBar().setValue(at)

    def _load(self) -> None:
        self.rows.load(self._services.models.groups())
        words = self.tr("Search {0} models by name, provider or “vision, local, under $1”")
        self.search.setPlaceholderText(words.format(self.rows.total))
        self.search.setAccessibleName(self.tr("Search models"))
        self._narrow()

    def _narrow(self) -> None:
        kept = [keep for chip, _, keep in self._filters if chip.isChecked()]
        self.rows.narrow(query.Query(self.search.text()), kept)
        self.nothing.setVisible(not self.rows.rowCount())
        self.list.mark(0)

    def _fit(self, anchor: QWidget) -> None:
        """As wide as 740 and as high as the rows, up to 570, within the window above its chip."""
        window = anchor.window()
        width = min(theme().scaled(_WIDTH), window.width() - 2 * _WINDOW_EDGE)
        above = anchor.mapTo(window, QPoint(0, 0)).y() - 6 - _WINDOW_EDGE
        for hint in self._hints:
            hint.setVisible(width >= theme().scaled(460))
        self._name_filters(width)
        frame = self.body.sizeHint().height() - self.list.sizeHint().height()
        room = min(max(above, theme().scaled(_LEAST_HEIGHT)), theme().scaled(_GREATEST_HEIGHT))
        height = min(frame + self.rows.height(), room)
        self.setFixedSize(width + 2 * SHADOW_MARGIN, height + 2 * SHADOW_MARGIN)

    def _name_filters(self, width: int) -> None:
        """Filters in words, or as icons where the words find no room."""
        for chip, words, _ in self._filters:
            chip.set_label(words)
            chip.setToolTip("")
        needed = sum(chip.sizeHint().width() + 6 for chip, _, _ in self._filters) + 20
        if needed > width:
            for chip, words, _ in self._filters:
                chip.set_label("")
                describe(chip, words)

    def _use(self, entry: Entry, *, beside: bool = False) -> None:
        if entry.row is None:
            return
        self.close()
        if entry.row.usable:
            (self.added if beside else self.chosen).emit(entry.row.info.ref)
        else:
            self.key_wanted.emit(entry.group.endpoint.id)

    def _fix(self, provider: str) -> None:
        self.close()
        self.key_wanted.emit(provider)

    def _star(self, ref: ModelRef) -> None:
        self._services.models.toggle_favourite(ref)
        self._reload()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.KeyPress:
                return self._key(event)
            if event.type() == QEvent.Type.ShortcutOverride and _is_star(event):
                event.accept()
                return True
        return False

    def _key(self, event: QKeyEvent) -> bool:
        key, entry = event.key(), self.marked()
        page = max(1, self.list.viewport().height() // theme().control("picker-row") - 1)
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: page, Qt.Key.Key_PageUp: -page}
        if key in steps:
            self.list.step(steps[Qt.Key(key)])
            announce(self.search, str(self.list.currentIndex().data()))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if entry is not None:
                control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
                self._use(entry, beside=control and self._lanes)
        elif key == Qt.Key.Key_Escape:
            self.close()
        elif _is_star(event):
            if entry is not None and entry.row is not None:
                self._star(entry.row.info.ref)
        else:
            return False
        return True


def _is_star(event: QKeyEvent) -> bool:
    return event.key() == Qt.Key.Key_D and event.modifiers() == Qt.KeyboardModifier.ControlModifier


class _Rows(QListView):
    """``used(Entry)`` when a model is pressed. The focus stays in the search field."""

    used = Signal(object)

    def __init__(self, parent: QWidget, rows: ModelRowsItemModel) -> None:
        super().__init__(parent)
        self._rows = rows
        self.delegate = ModelDelegate(self, rows)
        self.setModel(rows)
        self.setItemDelegate(self.delegate)
        self.setAccessibleName(self.tr("Models"))
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMouseTracking(True)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)

    def mark(self, row: int, *, scroll: bool = True, centred: bool = False) -> None:
        """Puts the keyboard on a row, or on the first model after it."""
        for place in range(max(row, 0), self._rows.rowCount()):
            if self._rows.entry(place).row is not None:
                self._stand_on(place, scroll=scroll)
                if centred:
                    self.scrollTo(self._rows.index(place), QListView.ScrollHint.PositionAtCenter)
                return

    def step(self, by: int) -> None:
        """Moves the keyboard over ``by`` models, past heads, staying inside."""
        direction = 1 if by > 0 else -1
        place, left = self.currentIndex().row(), abs(by)
        target = place
        while left and 0 <= place + direction < self._rows.rowCount():
            place += direction
            if self._rows.entry(place).row is not None:
                target, left = place, left - 1
        if target >= 0:
            self._stand_on(target)

    def _stand_on(self, place: int, *, scroll: bool = True) -> None:
        index = self._rows.index(place)
        self.setCurrentIndex(index)
        if scroll:
            head = place and self._rows.entry(place - 1).row is None
            if head:
                self.scrollTo(self._rows.index(place - 1))
            self.scrollTo(index)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        index: QModelIndex = self.indexAt(at)
        if event.button() != Qt.MouseButton.LeftButton or not index.isValid():
            super().mouseReleaseEvent(event)
            return
        entry, rect = self._rows.entry(index.row()), self.visualRect(index)
        if entry.row is None:
            if self.delegate.fix_at(rect, entry, self.layoutDirection()).contains(at):
                self.delegate.fix_wanted.emit(entry.group.endpoint.id)
        elif self.delegate.star_at(rect, self.layoutDirection()).contains(at):
            self.delegate.star_wanted.emit(entry.row.info.ref)
        else:
            self.used.emit(entry)
