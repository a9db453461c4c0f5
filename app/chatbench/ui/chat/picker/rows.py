"""The picker's rows as an item model: heads of providers and their models, filtered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QGuiApplication

from chatbench.core.models import ModelRef
from chatbench.core.usage import Rates
from chatbench.services.models import ModelGroup, ModelRow
from chatbench.ui.chat.picker.query import Query, haystack
from chatbench.ui.quantities import decimals, number
from chatbench.ui.theme import theme

_Index = QModelIndex | QPersistentModelIndex
Filter = Callable[[ModelRow], bool]


@dataclass(frozen=True, slots=True)
class Entry:
    """A model, or (without one) the head of its provider."""

    group: ModelGroup
    row: ModelRow | None = None
    words: str = ""


class Roles(IntEnum):
    """What a delegate asks for."""

    ENTRY = Qt.ItemDataRole.UserRole + 1


class ModelRowsItemModel(QAbstractListModel):
    """All rows are kept; those that match are shown, each group under its head."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._all: list[Entry] = []
        self._shown: list[Entry] = []
        self._head_size = self._row_size = QSize()

    @property
    def total(self) -> int:
        """How many models there are, shown or not."""
        return sum(entry.row is not None for entry in self._all)

    def load(self, groups: Sequence[ModelGroup]) -> None:
        """Takes over the groups; call ``narrow`` afterwards."""
        self._all = [
            entry
            for group in groups
            for entry in (Entry(group), *(Entry(group, row, haystack(group, row)) for row in group.rows))
        ]

    def narrow(self, query: Query, filters: Sequence[Filter]) -> None:
        """Shows what matches the words and every filter."""
        shown: list[Entry] = []
        head: Entry | None = None
        for entry in self._all:
            if entry.row is None:
                head = entry
            elif query.matches(entry.row, entry.words) and all(keep(entry.row) for keep in filters):
                if head is not None:
                    shown.append(head)
                    head = None
                shown.append(entry)
        self.beginResetModel()
        self._shown = shown
        self._row_size = QSize(0, theme().control("picker-row"))
        self._head_size = QSize(0, theme().control("group-row"))
        self.endResetModel()

    def entry(self, row: int) -> Entry:
        """What stands in a row."""
        return self._shown[row]

    def place(self, ref: ModelRef) -> int:
        """The row of a model, or -1."""
        return next((n for n, e in enumerate(self._shown) if e.row is not None and e.row.info.ref == ref), -1)

    def refs(self) -> list[ModelRef]:
        """The models shown, in order."""
        return [entry.row.info.ref for entry in self._shown if entry.row is not None]

    def height(self) -> int:
        """Of all rows together."""
        models = sum(entry.row is not None for entry in self._shown)
        heads = len(self._shown) - models
        return models * self._row_size.height() + heads * self._head_size.height()

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        entry = self._shown[index.row()]
        if role == Qt.ItemDataRole.SizeHintRole:
            return self._head_size if entry.row is None else self._row_size
        if role == Roles.ENTRY:
            return entry
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._said(entry)
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if not index.isValid() or self._shown[index.row()].row is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def _said(self, entry: Entry) -> str:
        row = entry.row
        if row is None:
            return f"{entry.group.endpoint.name}, {self.key_words(entry.group)}"
        return ", ".join(part for part in self._facts(entry.group, row) if part)

    def _facts(self, group: ModelGroup, row: ModelRow) -> list[str]:
        info = row.info
        return [
            info.title,
            group.endpoint.name,
            "" if row.usable else self.tr("cannot be used yet"),
            self.tr("favourite") if row.favourite else "",
            self.tr("{0} tokens of context").format(info.context_window) if info.context_window else "",
            self.price_words(row),
            self.tr("sees images") if "image" in row.takes else "",
            self.tr("reads files") if "file" in row.takes else "",
            self.tr("hears") if "audio" in row.takes else "",
            self.tr("sees video") if "video" in row.takes else "",
            self.tr("uses tools") if info.tools else "",
            self.tr("thinks") if info.thinking in ("optional", "always") else "",
        ]

    def price_words(self, row: ModelRow) -> str:
        """The price in one sentence."""
        if row.free:
            return self.tr("no charge")
        spoken = prices(row.rates)
        if spoken is None:
            return self.tr("price unknown")
        return self.tr("${0} in and ${1} out per million tokens").format(*spoken)

    def key_words(self, group: ModelGroup) -> str:
        """The state of a provider's key."""
        key = group.key
        if key.state == "missing":
            return self.tr("no key yet")
        if key.state == "other_origin":
            return self.tr("key given for another address")
        if key.state == "ready":
            if key.place == "environment":
                return self.tr("key from {0}").format(key.variable)
            if key.place == "session":
                return self.tr("key for this session")
            return self.tr("key from keyring")
        if group.endpoint.local and group.endpoint.origin:
            return self.tr("on this computer")
        return self.tr("no key needed")


def prices(rates: Rates | None) -> tuple[str, str] | None:
    """Dollars per million in and out; None where neither is known."""
    if rates is None or (rates.input is None and rates.output is None):
        return None
    return tuple("?" if rate is None else decimals(float(rate), 2) for rate in (rates.input, rates.output))  # type: ignore[return-value]


def context_words(window: int | None) -> str:
    """A context window in thousands: `200 k`, `1,049 k`; "" where it is unknown."""
    return left_to_right(f"{number(round(window / 1000))} k") if window else ""


def left_to_right(text: str) -> str:
    """Numbers with their unit, kept in order where the interface runs from right to left."""
    rtl = QGuiApplication.layoutDirection() == Qt.LayoutDirection.RightToLeft
    return f"\u2066{text}\u2069" if rtl else text
