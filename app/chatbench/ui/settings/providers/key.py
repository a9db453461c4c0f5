"""The key of a provider: where it is, its last four characters, and the truth about the keyring."""

from __future__ import annotations

import asyncio
from typing import Final

from PySide6.QtCore import QDateTime, QLocale, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.endpoints import origin_of
from chatbench.core.errors import ChatbenchError, KeyringLocked, MissingKey, NoKeyring
from chatbench.core.secrets import Secret
from chatbench.services import Services
from chatbench.services.endpoints import EndpointRow, KeyringState
from chatbench.ui.aio import spawn
from chatbench.ui.widgets import Button, Card, Label, Mark, SecretField, Switch, announce
from chatbench.ui.widgets.forms import words_of

_UNUSABLE: Final = ("missing", "null", "plaintext")


class KeyEditor(QWidget):
    """`saved()` after a key was kept, so that the connection can be checked; `problem(str)` is
    what stands under the field."""

    saved = Signal()
    problem = Signal(str)

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._row: EndpointRow | None = None
        self._keyring: KeyringState | None = None
        self._reading: asyncio.Task[None] | None = None
        self._refused = ""
        self.field = SecretField(name=self.tr("Key"), placeholder=self.tr("Paste the key"))
        self.field.submitted.connect(self._submit)
        self.field.forget_requested.connect(lambda: spawn(self._forget(), name="forget-key"))
        self.session_only = Switch(self.tr("Keep for this session only"), form=True)
        self._told = Label(font="small", color="text3", wrap=True)
        self.unlock = Button(self.tr("Unlock…"), size="small")
        self.unlock.clicked.connect(self._read)
        self._moved = self._make_moved()
        told = QHBoxLayout()
        told.setSpacing(8)
        told.addWidget(self._told, 1)
        told.addWidget(self.unlock)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.field)
        column.addWidget(self._moved)
        column.addWidget(self.session_only)
        column.addLayout(told)
        self.setFocusProxy(self.field)

    def _make_moved(self) -> Card:
        """The card of a key that was given for another address."""
        card = Card(fill="warningsoft", border="warning")
        self._moved_words = Label(font="small", wrap=True)
        self.confirm = Button(self.tr("Send it there too"), size="small")
        self.confirm.clicked.connect(lambda: spawn(self._confirm(), name="confirm-key"))
        row = QHBoxLayout(card)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(8)
        row.addWidget(Mark("triangle-alert", "warning"))
        row.addWidget(self._moved_words, 1)
        row.addWidget(self.confirm)
        return card

    def show_row(self, row: EndpointRow, refused: str = "") -> None:
        """What is known of the provider's key; `refused` is what the server said of it."""
        changed = self._row is None or row.endpoint.id != self._row.endpoint.id or row.key != self._row.key
        self._row, self._refused = row, refused
        if not changed:
            self.field.set_problem(refused)
            return
        self.problem.emit("")
        state = row.key.state
        self._moved.setVisible(state == "other_origin")
        self._show_moved(row)
        if state == "ready":
            self._show_ready(row)
        else:
            self.field.set_empty()
        self._offer_session()
        spawn(self._tell_of_keyring(), name="keyring-state")

    def show_draft(self) -> None:
        """A provider that is not kept yet has no key."""
        self._row = None
        self._moved.hide()
        self.field.set_empty()
        self._offer_session()
        spawn(self._tell_of_keyring(), name="keyring-state")

    @property
    def wanted(self) -> bool:
        """Whether a key is missing, or its address has changed."""
        return self._row is not None and self._row.key.state in {"missing", "other_origin"}

    def focus_field(self) -> None:
        """Opens the field for a new key."""
        self.field.focus_input()

    def _show_moved(self, row: EndpointRow) -> None:
        key, place = row.key, origin_of(row.endpoint.base_url)
        if key.place == "environment":
            words = self.tr("{0} holds a key for {1}. It is not sent to {2}: set one for this address.")
            self._moved_words.setText(words.format(key.variable, key.origin, place))
        else:
            words = self.tr("The key that is kept was given for {0}. It is not sent to {1} until you say so.")
            self._moved_words.setText(words.format(key.origin, place))
        self.confirm.setVisible(key.place != "environment")

    def _show_ready(self, row: EndpointRow) -> None:
        key = row.key
        if key.place == "environment":
            place = self.tr("From {0} in the environment").format(key.variable)
        elif key.place == "session":
            place = self.tr("Kept for this session only")
        else:
            place = self.tr("In the keyring of your system")
        if key.saved_at:
            day = QLocale().toString(QDateTime.fromMSecsSinceEpoch(key.saved_at).date(), "d MMM yyyy")
            place = self.tr("{0}, saved {1}").format(place, day)
        own = key.place != "environment"
        self.field.set_stored(place, "", problem=self._refused, can_forget=own)
        if key.place != "keyring":
            self._read()

    def _offer_session(self) -> None:
        """Only where a key is typed, and the keyring may not keep it."""
        keyring = self._keyring
        locked = keyring is not None and keyring.kind == "locked"
        unusable = keyring is not None and keyring.kind in _UNUSABLE
        typed = self._row is None or self._row.key.state != "ready"
        self.session_only.setVisible(typed and (locked or unusable))
        self.session_only.setEnabled(not unusable)
        if unusable:
            self.session_only.setChecked(True)
        stored = self._row is not None and self._row.key.place == "keyring"
        self.unlock.setVisible(locked and stored)
        self._told.setText(self._keyring_words(keyring) if typed or locked else "")
        self._told.setVisible(bool(self._told.text()))

    def _keyring_words(self, keyring: KeyringState | None) -> str:
        if keyring is None:
            return ""
        if keyring.kind in _UNUSABLE:
            return self.tr("{0} The key is kept until Chatbench ends.").format(keyring.message)
        if keyring.kind == "locked":
            return self.tr("{0} Your system asks for its password when a key is kept.").format(
                keyring.message
            )
        return keyring.message

    async def _tell_of_keyring(self) -> None:
        self._keyring = await self._services.endpoints.keyring_state()
        self._offer_session()
        row = self._row
        readable = self._keyring.usable and row is not None and row.key.state == "ready"
        if row is not None and readable and row.key.place == "keyring":
            self._read()

    def _read(self) -> None:
        """Asks for the last four characters; a locked keyring asks the reader first."""
        if self._row is not None and (self._reading is None or self._reading.done()):
            self._reading = spawn(self._show_digits(self._row), name="read-key")

    async def _show_digits(self, row: EndpointRow) -> None:
        try:
            digits = await self._services.endpoints.masked_key(row.endpoint.id)
        except ChatbenchError as error:
            self._tell(words_of(error))
            return
        if self._row is not None and self._row.endpoint.id == row.endpoint.id:
            self.field.show_last_four(digits.lstrip("…"))

    def _submit(self, text: str) -> None:
        if self._row is None:
            self._tell(self.tr("Give the provider a name and an address first."))
        else:
            spawn(self._save(self._row.endpoint.id, Secret(text)), name="save-key")

    async def _save(self, provider: str, secret: Secret) -> None:
        session = self.session_only.isChecked() and not self.session_only.isHidden()
        try:
            await self._services.endpoints.set_key(provider, secret, session=session)
        except (KeyringLocked, NoKeyring) as error:
            await self._tell_of_keyring()
            self.session_only.show()
            self._tell(words_of(error))
        except ChatbenchError as error:
            self._tell(words_of(error))
        else:
            self.problem.emit("")
            self.saved.emit()

    async def _forget(self) -> None:
        if self._row is None:
            return
        try:
            await self._services.endpoints.forget_key(self._row.endpoint.id)
        except ChatbenchError as error:
            self._tell(words_of(error))
        else:
            announce(self, self.tr("The key is forgotten."))

    async def _confirm(self) -> None:
        if self._row is None:
            return
        try:
            await self._services.endpoints.confirm_key(self._row.endpoint.id)
        except (MissingKey, ChatbenchError) as error:
            self._tell(words_of(error))
        else:
            self.saved.emit()

    def _tell(self, words: str) -> None:
        self.problem.emit(words)
        announce(self, words, at_once=True)
