"""From a message that stands in the tree to the call that fills it."""

from __future__ import annotations

from collections.abc import Sequence

from chatbench.client.call import AnswerStream
from chatbench.client.llm import LLMClient
from chatbench.client.retries import RetryPolicy
from chatbench.core.conversations import TreeMessage
from chatbench.core.models import GUIDE
from chatbench.core.requests import Request
from chatbench.providers.http import Timeouts
from chatbench.services.answers import Answer
from chatbench.services.attachments import AttachmentService
from chatbench.services.models import ModelService
from chatbench.services.preferences import PreferencesStore
from chatbench.services.turns import STREAMED, How, context
from chatbench.storage.conversations import ConversationStore


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

    def answer(self, message: TreeMessage, how: How = STREAMED) -> Answer:
        """The live answer to an empty message of the history, asked with the branch above it."""

        async def open_stream() -> AnswerStream:
            path = await self._store.path(message.conversation_id, message.parent_id)
            return await self._open(message, path, how)

        return Answer(message, open_stream)

    def answer_to(self, message: TreeMessage, path: Sequence[TreeMessage], how: How) -> Answer:
        """The same to messages that need not stand in the history."""
        return Answer(message, lambda: self._open(message, path, how))

    async def _open(self, message: TreeMessage, path: Sequence[TreeMessage], how: How) -> AnswerStream:
        model = message.model or GUIDE
        info = self._models.info(model)
        messages = await self._attachments.inlined(context(path), info)
        preferences = self._preferences.current
        return self._client.stream(
            Request(
                model=model,
                messages=messages,
                system=message.system,
                parameters=message.parameters,
                response_schema=how.schema,
                stream=how.stream,
            ),
            retries=RetryPolicy(max_attempts=preferences.max_attempts),
            timeouts=Timeouts(read=preferences.read_timeout_s),
            key=how.key,
        )
