"""The card "On this computer": which local servers answered, and the button that uses one."""

from __future__ import annotations

import asyncio
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from chatbench.core.endpoints import Endpoint
from chatbench.services import Services
from chatbench.services.endpoints import LocalServer
from chatbench.ui.aio import spawn
from chatbench.ui.chat.welcome.row import ProviderRow, models_words
from chatbench.ui.widgets import Button, Card, Divider, ElidedLabel, Label, Mark, announce

_INDENT: Final = 6
"""Words begin so much further in than the borderless buttons at the other end."""


class LocalServersCard(Card):
    """`model_chosen(ModelRef)`; `help_wanted(url)`; `other_address_wanted()`; `looked(ids that answered)`.

    It looks once when it is first shown, and again when asked; only at loopback addresses.
    """

    model_chosen = Signal(object)
    help_wanted = Signal(str)
    other_address_wanted = Signal()
    looked = Signal(object)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._services = services
        self._looking: asyncio.Task[None] | None = None
        self._rows: list[_ServerRow] = []
        self.look_again = Button(self.tr("Look again"), kind="quiet", size="small", icon="refresh-cw")
        self.look_again.clicked.connect(self.look)
        self._when = ElidedLabel(font="small", color="text3")
        self._when.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        head = QHBoxLayout()
        head.setContentsMargins(8, 8, 8, 8)
        head.setSpacing(8)
        head.addSpacing(_INDENT)
        head.addWidget(Label(self.tr("On this computer"), weight=600))
        head.addWidget(self._when, 1)
        head.addWidget(self.look_again)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self.other_address = Button(self.tr("Other address…"), kind="quiet", size="small")
        self.other_address.clicked.connect(self.other_address_wanted)
        self._silent = Label(font="ui", color="text2", wrap=True)
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 5, 8, 5)
        foot.setSpacing(10)
        foot.addSpacing(_INDENT)
        foot.addWidget(Mark("circle-minus", "text3"))
        foot.addWidget(self._silent, 1)
        foot.addWidget(self.other_address)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(self._list)
        column.addWidget(Divider())
        column.addLayout(foot)
        self._silent.setText(self.tr("Not looked yet."))

    def rows(self) -> list[_ServerRow]:
        """The servers that answered."""
        return list(self._rows)

    def look(self) -> None:
        """Asks the usual addresses of this computer."""
        if self._looking is None or self._looking.done():
            self._looking = spawn(self._look(), owner=self, name="look-for-local-servers")

    async def _look(self) -> None:
        self.look_again.set_busy(True)
        self._when.set_text(self.tr("looking…"))
        servers = await self._services.endpoints.look_for_local_servers()
        self.look_again.set_busy(False)
        self.show_servers(servers)

    def show_servers(self, servers: tuple[LocalServer, ...]) -> None:
        """Shows what was found: who answered in rows, the rest in one sentence."""
        while (item := self._list.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self._rows = []
        self._when.set_text(self.tr("looked just now, at {0} usual addresses").format(len(servers)))
        answering = [server for server in servers if server.answers]
        for server in answering:
            row = _ServerRow(server, primary=not self._rows and bool(server.models))
            row.model_chosen.connect(self.model_chosen)
            row.help_wanted.connect(self.help_wanted)
            self._rows.append(row)
            self._list.addWidget(Divider())
            self._list.addWidget(row)
        silent = [server.endpoint for server in servers if not server.answers]
        self._silent.setText(self._silent_words(silent))
        self.looked.emit(frozenset(server.endpoint.id for server in answering))
        announce(self, self.tr("Local servers found: {0}").format(len(answering)))

    def _silent_words(self, silent: list[Endpoint]) -> str:
        """Those of the reader's own have a row among the providers, which says it of them."""
        names = [endpoint.name for endpoint in silent if self._services.endpoints.shipped(endpoint.id)]
        if not names:
            return self.tr("All others answered.") if silent else self.tr("All of them answered.")
        if len(names) == 1:
            return self.tr("{0} did not answer.").format(names[0])
        return self.tr("{0} and {1} did not answer.").format(", ".join(names[:-1]), names[-1])

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._looking is None:
            self.look()


class _ServerRow(ProviderRow):
    """One server that answers."""

    help_wanted = Signal(str)

    def __init__(self, server: LocalServer, *, primary: bool) -> None:
        self.server = server
        endpoint, models = server.endpoint, server.models
        super().__init__(
            endpoint.name,
            endpoint.base_url,
            models_words(len(models)) if models else self.tr("running, no model loaded"),
            ("circle-check", "success") if models else ("circle-alert", "warning"),
            models=models,
            fix=self.tr("How to load one"),
            primary=primary,
        )
        self.fix_wanted.connect(lambda: self.help_wanted.emit(endpoint.docs))
        self.use.setEnabled(bool(models or endpoint.docs))
