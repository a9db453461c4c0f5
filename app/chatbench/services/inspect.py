"""The request behind an answer, as it goes over the wire, without the key and other secrets."""

from __future__ import annotations

import json
import pprint
import re
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import msgspec

from chatbench.client.environment import Environment
from chatbench.core.conversations import TreeMessage
from chatbench.core.endpoints import Endpoint
from chatbench.core.models import GUIDE
from chatbench.core.requests import Request
from chatbench.core.secrets import Secret
from chatbench.providers.wire import Call, HttpWire, fitted
from chatbench.services.attachments import AttachmentService
from chatbench.services.chat.asking import asked_for, takes_beginning
from chatbench.storage.conversations import ConversationStore

_LONGEST_TEXT: Final = 4_000
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=_-]+\Z")
HIDDEN: Final = "…"


class RawRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request. `variable` names the environment variable that stands for the key.

    Values of the provider's own extra headers are hidden, and encoded files are cut short, so
    that the text can be shown and handed on.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: Any
    variable: str

    def text(self) -> str:
        """As it is written on the wire, the body indented."""
        parts = urlsplit(self.url)
        target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        lines = [f"{self.method} {target} HTTP/1.1", f"host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\n".join([*lines, "", json.dumps(self.body, ensure_ascii=False, indent=2)])

    def curl(self) -> str:
        """A command for a POSIX shell that sends it with the key from the environment."""
        lines = [f"curl {_quoted(self.url)}"]
        for name, value in self.headers.items():
            told = f"{name}: {value}"
            lines.append(f"  -H {_expanding(told) if self._placeholder in value else _quoted(told)}")
        lines.append(f"  -d {_quoted(json.dumps(self.body, ensure_ascii=False, indent=2))}")
        return " \\\n".join(lines)

    def python(self) -> str:
        """A program that sends it, with httpx and the key from the environment."""
        told = (f"        {name!r}: {self._value(value)}" for name, value in self.headers.items())
        headers = ",\n".join(told)
        body = pprint.pformat(self.body, sort_dicts=False, width=92).replace("\n", "\n    ")
        return (
            "import os\n\nimport httpx\n\n"
            "with httpx.stream(\n"
            f"    {self.method!r},\n    {self.url!r},\n"
            f"    headers={{\n{headers},\n    }},\n"
            f"    json={body},\n    timeout=120,\n"
            ") as response:\n"
            "    for line in response.iter_lines():\n        print(line)\n"
        )

    @property
    def _placeholder(self) -> str:
        return f"${self.variable}"

    def _value(self, value: str) -> str:
        before, found, after = value.partition(self._placeholder)
        if not found:
            return repr(value)
        told = f"os.environ[{self.variable!r}]"
        return " + ".join(filter(None, (before and repr(before), told, after and repr(after))))


class InspectService:
    """Builds again what an answer was asked with. The key is never read for it."""

    def __init__(
        self, store: ConversationStore, environment: Environment, attachments: AttachmentService
    ) -> None:
        self._store = store
        self._environment = environment
        self._attachments = attachments

    async def request(self, message: TreeMessage) -> RawRequest | None:
        """The request of an answer, as it would be sent today; None where no HTTP is spoken.

        Raises UnknownModel for a provider that is gone, AttachmentRefused and StorageError for a
        file that cannot be read.
        """
        if message.model is None or message.model == GUIDE:
            return None
        environment = self._environment
        endpoint = environment.keys.effective(environment.endpoint(message.model.provider))
        wire = environment.registry.wire(endpoint.wire)
        if not isinstance(wire, HttpWire):
            return None
        endpoint = environment.learned.endpoint(endpoint)
        info = environment.learned.info(environment.catalogue.info(message.model))
        path = await self._store.path(message.conversation_id, message.parent_id)
        marks = await self._store.marks(message.conversation_id)
        before = next(iter(await self._store.messages([message.continues])), None)
        exact = takes_beginning(environment, message, info)
        sent = asked_for(message, path, marks, before, exact=exact).messages
        variable = endpoint.key_env[0] if endpoint.key_env else "API_KEY"
        asked = Request(
            model=message.model,
            messages=(await self._attachments.ready(sent, info)).messages,
            system=message.system,
            parameters=message.parameters,
        )
        call = Call(
            endpoint=endpoint,
            info=info,
            request=fitted(asked, info, wire, endpoint)[0],
            key=Secret(f"${variable}") if endpoint.needs_key else None,
        )
        made = wire.encode(call)
        return RawRequest(
            method=made.method,
            url=_without_user(made.url),
            headers=_shown(made.headers, endpoint),
            body=_shortened(msgspec.json.decode(made.body)),
            variable=variable,
        )


def _shown(headers: Any, endpoint: Endpoint) -> dict[str, str]:
    own = {name.lower() for name in endpoint.headers}
    return {name: HIDDEN if name.lower() in own else value for name, value in headers.items()}


def _without_user(url: str) -> str:
    """A file written by hand may name a user and a password in its address."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _shortened(value: Any) -> Any:
    """Encoded files become a word about their size."""
    if isinstance(value, dict):
        return {name: _shortened(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shortened(inner) for inner in value]
    if not isinstance(value, str) or len(value) <= _LONGEST_TEXT:
        return value
    head, comma, data = value.partition(",") if value.startswith("data:") else ("", "", value)
    if not _BASE64.match(data):
        return value
    return f"{head}{comma}<{len(data) * 3 // 4:,} bytes in base64>"


def _quoted(text: str) -> str:
    """For a POSIX shell, taken as it is."""
    return "'" + text.replace("'", "'\\''") + "'"


def _expanding(text: str) -> str:
    """For a POSIX shell that puts the variable in."""
    return '"' + re.sub(r'([\\"`])', r"\\\1", text) + '"'
