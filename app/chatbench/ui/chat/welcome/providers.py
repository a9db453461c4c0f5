"""The card "Your providers": those that were set up, how each is, and what puts it right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.changes import Changes
from chatbench.core.endpoints import Endpoint
from chatbench.core.models import ModelInfo
from chatbench.services import Services
from chatbench.services.endpoints import EndpointRow
from chatbench.ui.chat.welcome.row import ProviderRow, models_words
from chatbench.ui.theme import ColorRole
from chatbench.ui.widgets import Button, Card, Divider, Label

MOST: Final = 6


class _Told(NamedTuple):
    words: str
    mark: tuple[str, ColorRole]
    fix: str = ""
    usable: bool = False


class ProvidersCard(Card):
    """`model_chosen(ModelRef)`; `provider_wanted(id)` where the settings put it right;
    `look_wanted()` to look for servers on this computer again. It hides while nothing is set up."""

    model_chosen = Signal(object)
    provider_wanted = Signal(str)
    look_wanted = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._services = services
        self._answering: frozenset[str] | None = None
        self._rows: dict[str, ProviderRow] = {}
        self._said: list[tuple[Endpoint, _Told, tuple[ModelInfo, ...]]] | None = None
        head = QHBoxLayout()
        head.setContentsMargins(14, 8, 14, 8)
        head.addWidget(Label(self.tr("Your providers"), weight=600), 1)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(self._list)
        self.refresh()
        disconnect: Callable[[], object] = services.changes.connect(self._changed)
        self.destroyed.connect(lambda *_: disconnect())

    def row(self, provider: str) -> ProviderRow:
        """The row of a provider."""
        return self._rows[provider]

    def providers(self) -> list[str]:
        """The ids of those in the list."""
        return list(self._rows)

    def show_answering(self, providers: frozenset[str]) -> None:
        """Which of the servers on this computer answered just now."""
        self._answering = providers
        self.refresh()

    def refresh(self) -> None:
        """Shows what is set up now; rows that would say the same stay, with the focus in them."""
        shown = [row for row in self._services.endpoints.rows() if self._is_set_up(row)]
        said = [(row.endpoint, self._told(row), self._models(row)) for row in shown]
        if said == self._said:
            return
        self._said = said
        while (item := self._list.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self._rows = {}
        for endpoint, told, models in said[:MOST]:
            self._add(endpoint, told, models)
        if len(shown) > MOST:
            more = Button(self.tr("{0} more…").format(len(shown) - MOST), kind="link", size="small")
            more.clicked.connect(lambda: self.provider_wanted.emit(shown[MOST].endpoint.id))
            self._list.addWidget(more)
        # Without a parent yet it would be a window of its own for a moment, and take the keyboard.
        if not shown or self.parentWidget() is not None:
            self.setVisible(bool(shown))

    def _is_set_up(self, row: EndpointRow) -> bool:
        """Somebody gave a key or an address; what answers on this computer has a card of its own, which
        also names those of the usual ones that do not."""
        if row.endpoint.local:
            silent = self._answering is not None and row.endpoint.id not in self._answering
            return silent and not self._services.endpoints.shipped(row.endpoint.id)
        return row.key.state in ("ready", "other_origin") or not row.endpoint.shipped

    def _models(self, row: EndpointRow) -> tuple[ModelInfo, ...]:
        groups = self._services.models.groups() if self._told(row).usable else ()
        group = next((group for group in groups if group.endpoint.id == row.endpoint.id), None)
        return tuple(one.info for one in group.rows) if group is not None else ()

    def _add(self, endpoint: Endpoint, told: _Told, models: tuple[ModelInfo, ...]) -> None:
        line = ProviderRow(
            endpoint.name, endpoint.base_url, told.words, told.mark, models=models, fix=told.fix
        )
        line.model_chosen.connect(self.model_chosen)
        if endpoint.local:
            line.fix_wanted.connect(self.look_wanted)
        else:
            line.fix_wanted.connect(lambda: self.provider_wanted.emit(endpoint.id))
        self._rows[endpoint.id] = line
        self._list.addWidget(Divider())
        self._list.addWidget(line)

    def _told(self, row: EndpointRow) -> _Told:
        if row.endpoint.local:
            return _Told(self.tr("server not running"), ("circle-minus", "text3"), self.tr("Look again"))
        warning: tuple[str, ColorRole] = ("circle-alert", "warning")
        if row.key.state == "missing":
            return _Told(self.tr("key missing"), warning, self.tr("Add a key…"))
        if row.key.state == "other_origin":
            return _Told(self.tr("its key is for another address"), warning, self.tr("Put right…"))
        if not row.models:
            return _Told(self.tr("no models listed yet"), warning, self.tr("Check…"))
        ready = self.tr("ready, {0}").format(models_words(row.models))
        return _Told(ready, ("circle-check", "success"), usable=True)

    def _changed(self, changes: Changes) -> None:
        if changes.providers or changes.keys or changes.models:
            self.refresh()
