"""From a message that stands in the tree to the call that fills it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from chatbench.client.environment import Environment
from chatbench.client.llm import LLMClient
from chatbench.client.retries import RetryPolicy
from chatbench.core.conversations import TreeMessage
from chatbench.core.marks import Marks
from chatbench.core.messages import Message, Part, TextPart
from chatbench.core.models import GUIDE, ModelInfo
from chatbench.core.requests import Request
from chatbench.providers.http import Timeouts
from chatbench.providers.wire import HttpWire
from chatbench.services.answers import Answer, Opened
from chatbench.services.attachments import AttachmentService
from chatbench.services.chat.continuing import asked_on, joined
from chatbench.services.context import context
from chatbench.services.models import ModelService
from chatbench.services.preferences import PreferencesStore
from chatbench.services.turns import STREAMED, How
from chatbench.storage.conversations import ConversationStore


class Asked(NamedTuple):
    """What is sent for an answer; `exact`: it ends with the beginning of that answer."""

    messages: list[Message]
    exact: bool


def asked_for(
    message: TreeMessage,
    path: Sequence[TreeMessage],
    marks: Marks,
    before: TreeMessage | None,
    *,
    exact: bool,
) -> Asked:
    """What is sent for the answer `message` at the end of `path`. `before` is the answer that it goes
    on from, `exact` whether the model takes the beginning of one."""
    if message.prompt and path:
        media = tuple(part for part in path[-1].parts if not isinstance(part, TextPart))
        asked = msgspec.structs.replace(path[-1], parts=(*media, TextPart(text=message.prompt)))
        path = (*path[:-1], asked)
    messages = context(path, marks)
    if before is None:
        return Asked(messages, False)
    return Asked(asked_on(messages, before.parts, exact=exact), exact)


def takes_beginning(environment: Environment, message: TreeMessage, info: ModelInfo) -> bool:
    """Whether the answer's model goes on from the beginning of one that a request ends with. Raises
    UnknownModel for a provider that is gone."""
    if message.model is None or message.model == GUIDE:
        return False
    wire = environment.registry.wire(environment.endpoint(message.model.provider).wire)
    return isinstance(wire, HttpWire) and wire.takes_beginning(info, message.parameters)


class Asking:
    """Builds requests from branches and makes the calls."""

    def __init__(
        self,
        store: ConversationStore,
        client: LLMClient,
        attachments: AttachmentService,
        models: ModelService,
        preferences: PreferencesStore,
    ) -> None:
        self._store = store
        self._client = client
        self._attachments = attachments
        self._models = models
        self._preferences = preferences

    def answer(self, message: TreeMessage, how: How = STREAMED, before: TreeMessage | None = None) -> Answer:
        """The live answer to a message of the history that has just begun, asked with the branch
        above it. `before` is the answer it goes on from."""
        exact = False

        async def open_stream() -> Opened:
            nonlocal exact
            path = await self._store.path(message.conversation_id, message.parent_id)
            marks = await self._store.marks(message.conversation_id)
            info = self._models.info(message.model or GUIDE)
            takes = before is not None and takes_beginning(self._client.environment, message, info)
            asked = asked_for(message, path, marks, before, exact=takes)
            exact = asked.exact
            return await self._open(message, asked.messages, how)

        def join(parts: tuple[Part, ...]) -> tuple[Part, ...]:
            return joined(message.parts, parts, exact=exact)

        return Answer(message, open_stream, None if before is None else join)

    def answer_to(self, message: TreeMessage, path: Sequence[TreeMessage], how: How) -> Answer:
        """The same to messages of which the last ones need not stand in the history."""

        async def open_stream() -> Opened:
            marks = await self._store.marks(path[0].conversation_id)
            return await self._open(message, context(path, marks), how)

        return Answer(message, open_stream)

    async def _open(self, message: TreeMessage, messages: Sequence[Message], how: How) -> Opened:
        """Where the provider refuses a request that names a file it no longer has, that file is sent
        anew, once."""
        model = message.model or GUIDE
        preferences = self._preferences.current
        ready = await self._attachments.ready(messages, self._models.info(model))
        stream = self._client.stream(
            Request(
                model=model,
                messages=ready.messages,
                system=message.system,
                parameters=message.parameters,
                response_schema=how.schema,
                stream=how.stream,
            ),
            retries=RetryPolicy(max_attempts=preferences.max_attempts),
            timeouts=Timeouts(read=preferences.read_timeout_s),
            key=how.key,
        )

        async def again() -> Opened | None:
            lost = await self._attachments.forget_lost(ready.files, model.provider)
            return await self._open(message, messages, how) if lost else None

        return Opened(stream, ready.files, again)
