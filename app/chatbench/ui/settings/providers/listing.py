"""The list of providers: in use, without a key, and what is wrong with the user's own files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ChatbenchError
from chatbench.services import Services
from chatbench.services.endpoints import CheckStep, EndpointRow
from chatbench.ui.settings.navigation import Entry, NavList
from chatbench.ui.widgets import Button, Card, Flow, Label, Surface
from chatbench.ui.widgets.forms import scrolling

MOST_WITHOUT_KEY: Final = 6
DRAFT: Final = ""
"""The id of a provider that is not kept yet."""

_RANK: Final = {
    name: place
    for place, name in enumerate(
        ("openai", "anthropic", "gemini", "mistral", "openrouter", "groq", "deepseek", "xai")
    )
}
"""The providers most people look for stand first among those without a key."""


class ProviderList(Surface):
    """`chosen(id)` when a row is pressed, `add_requested()` for a new one.

    `last_failure` gives the step at which a provider's last check failed.
    """

    chosen = Signal(str)
    add_requested = Signal()

    def __init__(self, services: Services, last_failure: Callable[[str], CheckStep | None]) -> None:
        super().__init__("page", lines=Qt.Edge.RightEdge)
        self._services = services
        self._last_failure = last_failure
        self._current: str | None = None
        self._draft: Endpoint | None = None
        self._shows_all = False
        self.add_button = Button(self.tr("Add a provider"), icon="plus", stretch=True)
        self.add_button.clicked.connect(self.add_requested)
        self.list = NavList(self.tr("Providers"))
        self.list.chosen.connect(self.chosen)
        self.show_all = Button("", kind="link", size="small")
        self.show_all.clicked.connect(self._toggle_all)
        self.problems = QWidget()
        self._problem_column = QVBoxLayout(self.problems)
        self._problem_column.setContentsMargins(0, 4, 0, 4)
        self._problem_column.setSpacing(6)
        self._lay_out()

    def _lay_out(self) -> None:
        inner = QWidget()
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(self.problems)
        column.addWidget(self.list)
        column.addWidget(self.show_all, 0, Qt.AlignmentFlag.AlignLeading)
        column.addStretch(1)
        # At the other side the room of the scroll bar is the margin.
        beside = QHBoxLayout(inner)
        beside.setContentsMargins(0, 0, 0, 8)
        beside.setSpacing(0)
        beside.addSpacing(8)
        beside.addLayout(column, 1)
        outer = QVBoxLayout()
        outer.setSpacing(0)
        self.set_layout(outer, (0, 0, 1, 0))
        head = QHBoxLayout()
        head.setContentsMargins(8, 8, 8, 4)
        head.addWidget(self.add_button)
        head.addSpacing(2)
        outer.addLayout(head)
        outer.addWidget(scrolling(inner), 1)

    def refresh(self, current: str | None, draft: Endpoint | None) -> None:
        """Shows what there is now; `draft` is a provider that is not kept yet."""
        self._current, self._draft = current, draft
        self.list.show_entries(self._entries(self._services.endpoints.rows()))
        self.list.set_current(current if current is not None else DRAFT)
        self._show_problems()

    def first(self) -> str | None:
        """The id of the first provider in the list."""
        return next((row.entry.id for row in self.list.rows() if row.entry.id != DRAFT), None)

    def _toggle_all(self) -> None:
        self._shows_all = not self._shows_all
        self.refresh(self._current, self._draft)

    def _entries(self, rows: tuple[EndpointRow, ...]) -> list[Entry]:
        used: list[Entry] = []
        without: list[Entry] = []
        others: list[Entry] = []
        for row in sorted(rows, key=lambda row: _RANK.get(row.endpoint.id, len(_RANK))):
            if row.in_use or row.key.state == "other_origin":
                used.append(self._entry(row, self.tr("In use")))
            elif row.key.state == "missing":
                without.append(self._entry(row, self.tr("Without a key")))
            else:
                others.append(self._entry(row, self.tr("Not found on this computer")))
        used.sort(key=lambda entry: entry.title.casefold())
        hidden = len(without[MOST_WITHOUT_KEY:]) + len(others)
        self.show_all.setVisible(hidden > 0)
        more = self.tr("Show all {0}").format(len(rows))
        self.show_all.set_label(self.tr("Show fewer") if self._shows_all else more)
        if not self._shows_all:
            mine = {row.endpoint.id for row in rows if not row.endpoint.shipped} | {self._current}
            without = [e for n, e in enumerate(without) if n < MOST_WITHOUT_KEY or e.id in mine]
            others = [e for e in others if e.id in mine]
        entries = [*used, *without, *others]
        if self._draft is not None:
            entries.insert(0, Entry(DRAFT, self._draft.name or self.tr("New provider"), "circle-dashed"))
        return entries

    def _entry(self, row: EndpointRow, head: str) -> Entry:
        endpoint = row.endpoint
        plain = Entry(endpoint.id, endpoint.name, head=head)
        if row.key.state == "other_origin":
            below = self.tr("Key is for another address")
            return plain._replace(icon="circle-alert", color="warning", below=below)
        failed = self._last_failure(endpoint.id)
        if failed is not None:
            broken = self.tr("{0} failed").format(failed.name)
            below = self.tr("Key was refused") if failed.fix == "key" else broken
            return plain._replace(icon="circle-alert", color="danger", below=below)
        if not row.in_use:
            return plain._replace(icon="circle", color="text3")
        models = self.tr("1 model") if row.models == 1 else self.tr("{0} models").format(row.models)
        models = models if row.models else self.tr("no models listed")
        below = self.tr("{0}, this computer").format(models) if endpoint.local else models
        return plain._replace(icon="circle-check", color="success", below=below, state=self.tr("ready"))

    def _show_problems(self) -> None:
        problems = self._services.endpoints.problems
        while (item := self._problem_column.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for problem in problems:
            self._problem_column.addWidget(self._problem_card(problem))
        self.problems.setVisible(bool(problems))

    def _problem_card(self, problem: ChatbenchError) -> Card:
        card = Card(fill="dangersoft", border="danger")
        column = QVBoxLayout(card)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(4)
        column.addWidget(Label(problem.message, font="small", color="danger", weight=600, wrap=True))
        column.addWidget(Label(problem.hint, font="small", color="text2", wrap=True))
        again = Button(self.tr("Read again"), size="small")
        again.clicked.connect(self._services.endpoints.reload)
        folder = Button(self.tr("Open the folder"), size="small")
        folder.clicked.connect(
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._services.endpoints.folder)))
        )
        buttons = QWidget()
        flow = Flow(buttons)
        flow.addWidget(again)
        flow.addWidget(folder)
        column.addWidget(buttons)
        return card
