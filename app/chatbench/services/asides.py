"""Calls beside a conversation, of which only the answer's words are used: summaries and titles."""

from __future__ import annotations

import asyncio

from chatbench.client.llm import LLMClient
from chatbench.client.retries import RetryPolicy
from chatbench.core.changes import Changes
from chatbench.core.conversations import TreeMessage
from chatbench.core.errors import ChatbenchError, ConfigurationError
from chatbench.core.ids import new_id
from chatbench.core.messages import Part, user
from chatbench.core.models import GUIDE, ModelRef
from chatbench.core.observe import Signal
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.providers.http import Timeouts
from chatbench.services.answers import Answer, Opened
from chatbench.services.preferences import PreferencesStore
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.turns import now_ms


class Asides:
    """Asks, and counts what it cost in the spend ledger and in the conversation it is for; the words go
    to the caller alone."""

    def __init__(
        self,
        store: ConversationStore,
        client: LLMClient,
        preferences: PreferencesStore,
        changes: Signal[Changes],
    ) -> None:
        self._store = store
        self._client = client
        self._preferences = preferences
        self._changes = changes
        self._running: dict[asyncio.Task[None], Answer] = {}

    async def ask(
        self,
        model: ModelRef,
        system: str,
        words: str,
        *,
        source: str,
        conversation_id: str,
        parameters: Parameters = Parameters(),
    ) -> str:
        """The answer's words, without white space around them. What the call cost is counted under
        `source`, and in the conversation, however it ends, also where whoever waits is cancelled,
        which stops it.

        Raises ChatbenchError with what the provider said; ConfigurationError for the guide, and
        for an answer that is empty or was cut off.
        """
        if model == GUIDE:
            raise ConfigurationError("The guide is not a language model.", "Choose another model.")
        message = TreeMessage(
            id=new_id(),
            conversation_id="",
            parent_id=None,
            turn_id=new_id(),
            role="assistant",
            state="streaming",
            model=model,
            created_at=now_ms(),
        )
        asked = Request(model=model, messages=(user(words),), system=system, parameters=parameters)
        answer = Answer(message, lambda: self._open(asked))
        running = asyncio.ensure_future(self._run(answer, source, conversation_id))
        self._running[running] = answer
        running.add_done_callback(self._running.pop)
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            answer.stop()
            await asyncio.wait({running})
            raise
        return _words(answer.message)

    async def aclose(self) -> None:
        """Stops what is under way; what it cost is counted."""
        for answer in self._running.values():
            answer.stop()
        if self._running:
            await asyncio.wait(self._running)

    async def _open(self, asked: Request) -> Opened:
        preferences = self._preferences.current
        stream = self._client.stream(
            asked,
            retries=RetryPolicy(max_attempts=preferences.max_attempts),
            timeouts=Timeouts(read=preferences.read_timeout_s),
        )
        return Opened(stream)

    async def _run(self, answer: Answer, source: str, conversation_id: str) -> None:
        await answer.run(_keep_nothing)
        await self._store.record_aside(conversation_id, answer.message, source=source)
        self._changes.emit(Changes(usage=True, conversations=frozenset({conversation_id})))


async def _keep_nothing(message_id: str, parts: tuple[Part, ...]) -> None:
    return None


def _words(message: TreeMessage) -> str:
    if message.state == "stopped":
        raise ConfigurationError("Chatbench is closing.", "Start it again to go on.")
    if message.error is not None:
        raise ChatbenchError(message.error.message, message.error.hint)
    if message.stop_reason in ("max_tokens", "context_window"):
        raise ConfigurationError("The answer was cut off.", "Choose a model that writes longer answers.")
    words = message.text.strip()
    if not words:
        raise ConfigurationError("The model gave no words.", "Try again, or choose another model.")
    return words
