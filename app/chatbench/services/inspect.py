"""The request behind an answer, as it goes over the wire, without the key and other secrets."""

from __future__ import annotations

import json
import pprint
import re
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import msgspec

from chatbench.client.environment import Environment
from chatbench.core.conversations import SentFile, TreeMessage
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import AttachmentRefused
from chatbench.core.messages import FilePart, ImagePart, MediaPart, Message, StoredFile, text_of
from chatbench.core.models import GUIDE, ModelInfo
from chatbench.core.requests import Request
from chatbench.core.secrets import Secret
from chatbench.providers.wire import Call, HttpWire, fitted
from chatbench.services.attachments import AttachmentService
from chatbench.services.attachments.takes import PDF
from chatbench.services.chat.asking import asked_for, takes_beginning
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.uploads import Upload, UploadStore

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


class InspectedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a question, and what became of it for one answer (None: the question itself is looked
    at). `tokens` are estimated, None where nobody knows; `upload` is how the provider keeps it; `shown` is
    what was sent as files of the store, a picture a page; () where it went as words or by its id."""

    part: MediaPart
    sent: SentFile | None = None
    tokens: int | None = None
    upload: Upload | None = None
    shown: tuple[MediaPart, ...] = ()


class InspectService:
    """Builds again what an answer was asked with. The key is never read for it."""

    def __init__(
        self,
        store: ConversationStore,
        environment: Environment,
        attachments: AttachmentService,
        uploads: UploadStore,
    ) -> None:
        self._store = store
        self._environment = environment
        self._attachments = attachments
        self._uploads = uploads

    async def files(self, message: TreeMessage) -> tuple[InspectedFile, ...]:
        """The files of a question, or what became for an answer of those above it, in their order. Raises
        StorageError."""
        if message.role == "user":
            return tuple(InspectedFile(part=part) for part in _stored(message))
        if not message.sent_files or message.model is None:
            return ()
        path = await self._store.path(message.conversation_id, message.parent_id)
        parts = {sha256_of(part): part for one in path for part in _stored(one)}
        known = {one.file_id: one for one in await self._uploads.of(message.model.provider)}
        info = self._environment.catalogue.info(message.model)
        found = []
        for sent in message.sent_files:
            part = parts.get(sent.original)
            if part is not None:
                found.append(await self._file(part, sent, known.get(sent.file_id), info))
        return tuple(found)

    async def _file(
        self, part: MediaPart, sent: SentFile, upload: Upload | None, info: ModelInfo
    ) -> InspectedFile:
        try:
            forms = (await self._attachments.outlook(part, info, read=False)).forms
        except AttachmentRefused:
            forms = ()
        tokens = next((form.tokens for form in forms if form.sent_as == sent.form), None)
        return InspectedFile(
            part=part, sent=sent, tokens=tokens, upload=upload, shown=_shown_files(part, sent)
        )

    async def words_sent(self, message: TreeMessage, file: InspectedFile) -> str:
        """A file as the words that were sent of it. Raises AttachmentRefused, StorageError."""
        if message.model is None or file.sent is None:
            return ""
        part = file.part
        if isinstance(part, FilePart) and part.media_type == PDF:
            part = msgspec.structs.replace(part, form="text")
        info = self._environment.catalogue.info(message.model)
        ready = await self._attachments.ready([Message(role="user", parts=(part,))], info)
        return text_of(ready.messages[0].parts)

    async def request(self, message: TreeMessage) -> RawRequest | None:
        """The request of an answer, as it would be sent today; None where no HTTP is spoken.

        Raises UnknownModel for a provider that is gone, AttachmentRefused and StorageError for a
        file that cannot be read.
        """
        if message.model is None or message.model == GUIDE:
            return None
        environment = self._environment
        info = environment.learned.info(environment.catalogue.info(message.model))
        path = await self._store.path(message.conversation_id, message.parent_id)
        marks = await self._store.marks(message.conversation_id)
        before = next(iter(await self._store.messages([message.continues])), None)
        exact = takes_beginning(environment, message, info)
        sent = asked_for(message, path, marks, before, exact=exact).messages
        return raw_request(
            environment,
            Request(
                model=message.model,
                messages=(await self._attachments.ready(sent, info)).messages,
                system=message.system,
                parameters=message.parameters,
            ),
        )


def raw_request(environment: Environment, asked: Request) -> RawRequest | None:
    """As it would go over the wire, with a variable in place of the key; None where no HTTP is spoken.
    Files are ready to be sent. Raises UnknownModel for a provider there is not."""
    endpoint = environment.keys.effective(environment.endpoint(asked.model.provider))
    wire = environment.registry.wire(endpoint.wire)
    if not isinstance(wire, HttpWire):
        return None
    endpoint = environment.learned.endpoint(endpoint)
    info = environment.learned.info(environment.catalogue.info(asked.model))
    variable = endpoint.key_env[0] if endpoint.key_env else "API_KEY"
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


def _stored(message: TreeMessage) -> list[MediaPart]:
    return [one for one in message.parts if isinstance(one, MediaPart) and sha256_of(one)]


def sha256_of(part: MediaPart) -> str:
    """Of a file of the store; "" of any other."""
    return part.source.sha256 if isinstance(part.source, StoredFile) else ""


def _shown_files(part: MediaPart, sent: SentFile) -> tuple[MediaPart, ...]:
    if sent.form == "pages":
        return tuple(
            ImagePart(
                source=StoredFile(sha256=one), media_type="image/jpeg", name=f"{part.name} {number}.jpg"
            )
            for number, one in enumerate(sent.sent, 1)
        )
    if sent.form == "text" or not sent.sent:
        return ()
    (one,) = sent.sent
    plain = {"pages": "", "page_count": 0} if isinstance(part, FilePart) else {}
    return (msgspec.structs.replace(part, source=StoredFile(sha256=one), size=0, **plain),)


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
