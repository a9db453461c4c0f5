"""The card "With a key": a provider, the place for its key, and the truth about where it is kept."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget
from shiboken6 import isValid

from chatbench.core.errors import ChatbenchError, KeyringLocked, NoKeyring
from chatbench.core.models import ModelRef
from chatbench.core.secrets import Secret
from chatbench.services import Services
from chatbench.services.endpoints import EndpointRow
from chatbench.ui.aio import spawn
from chatbench.ui.widgets import Button, Card, Flow, Label, Mark, SecretField, Switch, announce

FIRST: Final = ("openai", "anthropic", "gemini", "mistral", "groq", "openrouter")


class KeyCard(Card):
    """`model_chosen(ModelRef)` once a key was saved and the provider listed its models;
    `link_activated(url)`; `provider_wanted(id)` where the settings can help further."""

    model_chosen = Signal(object)
    link_activated = Signal(str)
    provider_wanted = Signal(str)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._services = services
        self._rows = {row.endpoint.id: row for row in services.endpoints.rows()}
        self._providers = [row for row in self._rows.values() if row.endpoint.needs_key]
        self._current = ""
        self._buttons: dict[str, Button] = {}
        self._choices = QWidget(self)
        self._flow = Flow(self._choices)
        self._field_holder = QVBoxLayout()
        self._field: SecretField | None = None
        self.session_only = Switch(self.tr("Keep for this session only"))
        self._told = Label(font="small", color="text2", wrap=True)
        self._problem = Label(font="small", color="danger", wrap=True)
        self._problem.hide()
        self._get_key = Button(self.tr("Where do I get a key?"), kind="link", size="small")
        self._get_key.clicked.connect(
            lambda: self.link_activated.emit(self._rows[self._current].endpoint.docs)
        )
        self._lay_out()
        self._offer_providers()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(Label(self.tr("With a key"), weight=600), 1)
        total = self.tr("{0} providers").format(len(self._providers))
        head.addWidget(Label(total, font="small", color="text3"))
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(Mark("lock", size=13))
        foot.addWidget(self._told, 1)
        foot.addWidget(self._get_key)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(self._choices)
        column.addLayout(self._field_holder)
        column.addWidget(self._problem)
        column.addWidget(self.session_only)
        column.addLayout(foot)
        self.session_only.hide()

    def _offer_providers(self) -> None:
        for provider in FIRST:
            row = self._rows.get(provider)
            if row is not None:
                button = Button(row.endpoint.name)
                button.setCheckable(True)
                button.clicked.connect(partial(self.choose, provider))
                self._buttons[provider] = button
                self._flow.addWidget(button)
        self.more = Button(self.tr("More…"), kind="quiet")
        self.more.clicked.connect(self._open_menu)
        self._flow.addWidget(self.more)
        if self._providers:
            self.choose(next(iter(self._buttons), self._providers[0].endpoint.id))

    def _open_menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for row in self._providers:
            if row.endpoint.id not in FIRST:
                name = row.endpoint.name.replace("&", "&&")
                menu.addAction(name, partial(self._choose_other, row))
        menu.addSeparator()
        menu.addAction(self.tr("Another address…"), lambda: self.provider_wanted.emit(""))
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _choose_other(self, row: EndpointRow) -> None:
        """One that needs more than a key (an address of one's own) is set up in the settings."""
        if "YOUR-" in row.endpoint.base_url or not row.endpoint.models and not row.models:
            self.provider_wanted.emit(row.endpoint.id)
        else:
            self.choose(row.endpoint.id)

    def choose(self, provider: str) -> None:
        """Which provider the key is for."""
        row = self._rows[provider]
        self._current = provider
        for key, button in self._buttons.items():
            button.setChecked(key == provider)
        name = row.endpoint.name
        self.more.set_label(self.tr("More…") if provider in self._buttons else name)
        if self._field is not None:
            self._field.hide()
            self._field_holder.removeWidget(self._field)
            self._field.deleteLater()
        placeholder = self.tr("Paste a key of {0}").format(name)
        self._field = SecretField(name=self.tr("Key of {0}").format(name), placeholder=placeholder)
        self._field.submitted.connect(self._submit)
        self._field_holder.addWidget(self._field)
        self._get_key.setVisible(bool(row.endpoint.docs))
        self._problem.hide()

    @property
    def provider(self) -> str:
        """The id of the provider chosen."""
        return self._current

    def field(self) -> SecretField:
        """The field for the key."""
        assert self._field is not None
        return self._field

    def _submit(self, text: str) -> None:
        secret = Secret(text)
        spawn(self._save(self._current, secret), name="save-key")

    async def _save(self, provider: str, secret: Secret) -> None:
        self._say(self.tr("Checking…"))
        endpoints = self._services.endpoints
        try:
            await endpoints.set_key(provider, secret, session=self.session_only.isChecked())
            found = await self._services.models.refresh(provider)
        except ChatbenchError as error:
            # The page may be gone by now; the key is kept, or was refused, all the same.
            if isValid(self):
                if isinstance(error, KeyringLocked | NoKeyring):
                    self._offer_session()
                self._complain(error)
            return
        if not isValid(self):
            return
        name = self._rows[provider].endpoint.name
        self._say(self.tr("The key works. {0} lists {1} models.").format(name, found))
        model = self._first_model(provider)
        if model is not None:
            self.model_chosen.emit(model)

    def _first_model(self, provider: str) -> ModelRef | None:
        groups = self._services.models.groups()
        group = next((group for group in groups if group.endpoint.id == provider), None)
        return group.rows[0].info.ref if group is not None and group.rows else None

    def _say(self, words: str) -> None:
        self._problem.hide()
        self._told.setText(words)
        announce(self, words)

    def _complain(self, error: ChatbenchError) -> None:
        words = " ".join(filter(None, (error.message, error.hint)))
        self._problem.setText(words)
        self._problem.show()
        spawn(self._tell_of_keyring(), owner=self, name="keyring-state")
        announce(self, words, at_once=True)

    def _offer_session(self) -> None:
        self.session_only.setChecked(True)
        self.session_only.show()

    async def _tell_of_keyring(self) -> None:
        """The line about the keyring says what is true here."""
        state = await self._services.endpoints.keyring_state()
        if state.usable:
            self._told.setText(self.tr("Kept in the keyring of your system, never in a file."))
            return
        self._told.setText(self.tr("{0} The key can be kept for this session only.").format(state.message))
        self._offer_session()
        # A locked keyring asks when something is stored: only then is the choice a free one.
        self.session_only.setEnabled(state.kind == "locked")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._told.text():
            spawn(self._tell_of_keyring(), owner=self, name="keyring-state")
