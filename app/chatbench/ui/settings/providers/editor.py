"""The form of one provider, made of the endpoint's fields in their order."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

import msgspec
from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QLineEdit

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ChatbenchError
from chatbench.services import Services
from chatbench.services.endpoints import EndpointRow
from chatbench.ui.settings.providers.fields import (
    AuthEditor,
    HeadersEditor,
    ModelsEditor,
    QuirksEditor,
    wire_name,
)
from chatbench.ui.settings.providers.key import KeyEditor
from chatbench.ui.widgets import LineField, Select, Switch
from chatbench.ui.widgets.forms import Form, FormRow, words_of

EDITED: Final = ("name", "wire", "base_url", "auth", "models", "headers", "quirks", "data_policy", "local")
"""The fields of an endpoint that have a row, in the order of the rows."""
NOT_EDITED: Final = frozenset(
    {"id", "key_env", "base_url_env", "model_prefixes", "docs", "limits", "rows", "shipped"}
)
"""Those that a file may set and the form leaves as they are."""


class EndpointForm(Form):
    """`edited(field)` on each change by the reader; `finished()` when a line of text is left."""

    edited = Signal(str)
    finished = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._base: Endpoint | None = None
        self.rows: dict[str, FormRow] = {}
        self.name = LineField(name=self.tr("Name"))
        self.wire = Select(name=self.tr("Wire"))
        for wire in services.endpoints.wires:
            self.wire.addItem(wire_name(wire), wire)
        self.base_url = LineField(name=self.tr("Base URL"), mono=True)
        self.base_url.setPlaceholderText("https://llm.example.net/v1")
        self.key = KeyEditor(services)
        self.auth = AuthEditor()
        self.models = ModelsEditor()
        self.headers = HeadersEditor()
        self.quirks = QuirksEditor()
        self.data_policy = LineField(name=self.tr("Data policy"))
        self.data_policy.setPlaceholderText(self.tr("not stated by the provider"))
        self.local = Switch(self.tr("Runs on this computer: no charge"), form=True)
        self._add_rows()
        self._connect()

    def _add_rows(self) -> None:
        add = self._row
        add("name", self.tr("Name"), self.name)
        speaks = self.tr("How requests are written. Most gateways speak OpenAI's.")
        add("wire", self.tr("Wire"), self.wire, speaks)
        add("base_url", self.tr("Base URL"), self.base_url)
        add("key", self.tr("Key"), self.key)
        add("auth", self.tr("Send the key as"), self.auth)
        add("models", self.tr("Models"), self.models)
        add("headers", self.tr("Extra headers"), self.headers)
        add("quirks", self.tr("Differences"), self.quirks)
        add(
            "data_policy", self.tr("Data policy"), self.data_policy,
            self.tr("Shown beside the model wherever you choose it."),
        )  # fmt: skip
        add("local", self.tr("Place"), self.local)

    def _row(self, key: str, label: str, field: object, hint: str = "") -> None:
        self.rows[key] = self.add(label, field, hint=hint)  # type: ignore[arg-type]

    def _connect(self) -> None:
        lines = {"name": self.name, "base_url": self.base_url, "data_policy": self.data_policy}
        for key, line in lines.items():
            line.textEdited.connect(lambda _text, key=key: self._touched(key))
            line.editingFinished.connect(self.finished)
        self.wire.activated.connect(lambda _place: self._touched("wire"))
        for key, editor in (
            ("auth", self.auth), ("models", self.models), ("headers", self.headers), ("quirks", self.quirks),
        ):  # fmt: skip
            editor.changed.connect(lambda key=key: self._touched(key))
        self.local.toggled.connect(lambda _on: self._touched("local"))
        self.key.problem.connect(self.rows["key"].set_error)

    def _touched(self, key: str) -> None:
        if self._base is not None:
            self._show_dependent(self.endpoint())
        self.edited.emit(key)

    def show_row(self, row: EndpointRow, refused: str = "") -> None:
        """A provider that is kept."""
        self._show(row.endpoint)
        self.key.show_row(row, refused)
        self.rows["key"].setVisible(row.endpoint.needs_key)
        hint = self.tr("Without {0}.").format("/chat/completions") if "openai" in row.endpoint.wire else ""
        if row.endpoint.shipped and any(row.endpoint.base_url_env):
            hint = self.tr("Follows {0} while you leave it.").format(row.endpoint.base_url_env[0])
        self.rows["base_url"].set_hint(hint)

    def show_draft(self, endpoint: Endpoint) -> None:
        """One that is not kept yet."""
        self._show(endpoint)
        self.key.show_draft()
        self.rows["base_url"].set_hint(self.tr("As the vendor's own SDK takes it."))

    def _show(self, endpoint: Endpoint) -> None:
        another = self._base is None or self._base.id != endpoint.id
        self._base = endpoint
        if another:
            self.models.reset()
            self.show_errors({})
        _put(self.name, endpoint.name)
        _put(self.base_url, endpoint.base_url)
        _put(self.data_policy, endpoint.data_policy)
        self.wire.setCurrentIndex(self.wire.findData(endpoint.wire))
        self.auth.show_value(endpoint.auth)
        self.models.show_value(endpoint.models)
        self.headers.show_value(endpoint.headers)
        self.quirks.show_value(endpoint.quirks, endpoint.wire)
        blocked = QSignalBlocker(self.local)
        self.local.setChecked(endpoint.local)
        del blocked
        self.local.update()
        self._show_dependent(endpoint)

    def _show_dependent(self, endpoint: Endpoint) -> None:
        """Rows that only make sense with what stands in another."""
        self.quirks.show_value(endpoint.quirks, endpoint.wire)
        self.rows["quirks"].setVisible(self.quirks.offered(endpoint.wire))
        self.rows["local"].setVisible(endpoint.local or is_loopback(endpoint.base_url))
        self.rows["key"].setVisible(endpoint.needs_key)

    def endpoint(self) -> Endpoint:
        """What stands in the form, on top of what it does not show."""
        assert self._base is not None
        local = self.local.isChecked() and is_loopback(self.base_url.text())
        return msgspec.structs.replace(
            self._base,
            name=" ".join(self.name.text().split()),
            wire=str(self.wire.currentData()),
            base_url=self.base_url.text().strip(),
            auth=self.auth.value(),
            models=self.models.value(),
            headers=self.headers.value(),
            quirks=self.quirks.value(),
            data_policy=self.data_policy.text().strip(),
            local=local,
        )

    def problems(self) -> dict[str, str]:
        """What is wrong, by field: each is judged alone, in an endpoint that is otherwise right."""
        wanted = self.endpoint()
        sound = Endpoint(
            id="a", name="a", wire=self._services.endpoints.wires[0], base_url="http://localhost"
        )
        found: dict[str, str] = {}
        if not wanted.name:
            found["name"] = self.tr("A provider needs a name.")
        header = wanted.auth.removeprefix("header:")
        trials = {
            "wire": msgspec.structs.replace(sound, wire=wanted.wire),
            "base_url": msgspec.structs.replace(sound, base_url=wanted.base_url),
            "headers": msgspec.structs.replace(sound, headers=wanted.headers),
            "auth": msgspec.structs.replace(sound, headers={header: ""}),
        }
        for field, trial in trials.items():
            try:
                self._services.endpoints.validate(trial)
            except ChatbenchError as error:
                found[field] = words_of(error)
            except ValueError:
                found[field] = self.tr("This is not a web address. Write it as https://host/path.")
        return found

    def show_errors(self, problems: dict[str, str]) -> None:
        """Errors under their fields."""
        for key, row in self.rows.items():
            if key != "key":
                row.set_error(problems.get(key, ""))


def _put(field: QLineEdit, text: str) -> None:
    """Shows a text without moving the cursor of who types the same."""
    if " ".join(field.text().split()) != text:
        field.setText(text)
        field.setCursorPosition(0)


def is_loopback(url: str) -> bool:
    """Whether an address is on this computer."""
    try:
        host = urlsplit(url.strip()).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
