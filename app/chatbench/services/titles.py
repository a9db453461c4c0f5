"""Titles by a model: asked for after the first answer, and never waited for."""

from __future__ import annotations

import asyncio
import logging
import re

from chatbench.core.changes import Changes
from chatbench.core.conversations import Conversation, Draft
from chatbench.core.errors import ChatbenchError, ConfigurationError
from chatbench.core.models import GUIDE, ModelRef
from chatbench.core.observe import Signal
from chatbench.core.params import Parameters
from chatbench.services.asides import Asides
from chatbench.services.models import ModelService
from chatbench.services.preferences import PreferencesStore
from chatbench.services.turns import title_from
from chatbench.storage.conversations import ConversationStore

log = logging.getLogger(__name__)

_ASKED = (
    "Write a title for the conversation you are given: two to six words that tell it apart from others, "
    "in its language, without quotation marks and without a full stop. Answer with the title alone."
)
_MOST_TOKENS = 1_000  # some models think before they write six words
_LEAST_EFFORTS = ("none", "minimal", "low")
_TOLD = 2_000
_PREFIX = re.compile(r"\A(?:title|titel|titre|título|titolo)\s*[:：]\s*", re.IGNORECASE)
_AROUND = " \t*_`\"'“”„«»‘’「」『』"


class TitleService:
    """Names conversations by a model where the preferences say so (`title_source`).

    A conversation is named once, after its first answer, unless a person has named it, then or
    while the model thinks. Where that fails the first words remain its title.
    """

    def __init__(
        self,
        store: ConversationStore,
        asides: Asides,
        models: ModelService,
        preferences: PreferencesStore,
        changes: Signal[Changes],
    ) -> None:
        self._store = store
        self._asides = asides
        self._models = models
        self._preferences = preferences
        self._changes = changes
        self._naming: dict[str, asyncio.Task[None]] = {}
        self._stop_listening = changes.connect(self._changed)

    async def suggest(self, conversation_id: str) -> str:
        """A title by the model of the preferences, else the conversation's own. It is not set. What
        it costs is counted as "title".

        Raises ConfigurationError where nothing was asked yet and for the guide; whatever the call
        raises.
        """
        return await self._suggested(await self._store.load(conversation_id))

    async def wait(self) -> None:
        """Returns when nothing is being named."""
        if self._naming:
            await asyncio.wait(self._naming.values())

    async def aclose(self) -> None:
        """Names nothing more; what is under way is stopped, and counted."""
        self._stop_listening()
        for task in self._naming.values():
            task.cancel()
        await self.wait()

    def _changed(self, changes: Changes) -> None:
        if self._preferences.current.title_source != "model":
            return
        for conversation_id in changes.answered - self._naming.keys():
            task = asyncio.get_running_loop().create_task(self._name(conversation_id), name=conversation_id)
            self._naming[conversation_id] = task
            task.add_done_callback(lambda done: self._naming.pop(done.get_name()))

    async def _name(self, conversation_id: str) -> None:
        try:
            if await self._store.titled_by(conversation_id) != "words":
                return
            outline = await self._store.outline(conversation_id)
            if outline.summary.temporary or not _is_first_answer(outline):
                return
            title = await self.suggest(conversation_id)
            if await self._store.title_by_model(conversation_id, title):
                self._changes.emit(Changes(conversations=frozenset({conversation_id})))
        except ChatbenchError as error:
            log.info("no model named the conversation, so its first words do: %s", error.message)
        except Exception:
            # Nobody waits for a title: a bug here must not end in a task's error that nobody hears.
            log.exception("naming a conversation failed")

    async def _suggested(self, conversation: Conversation) -> str:
        lane = conversation.lanes[0]
        chosen = self._preferences.current.title_model_ref or lane.model or GUIDE
        told = _told(conversation)
        if not told:
            raise ConfigurationError("There is nothing to name yet.", "Ask something first.")
        answer = await self._asides.ask(
            chosen,
            _ASKED,
            told,
            source="title",
            conversation_id=conversation.id,
            parameters=self._sparing(chosen),
        )
        title = cleaned(answer)
        if not title:
            raise ConfigurationError("The model gave no title.", "Choose another model for titles.")
        return title

    def _sparing(self, model: ModelRef) -> Parameters:
        efforts = self._models.info(model).efforts
        least = next((effort for effort in _LEAST_EFFORTS if effort in efforts), None)
        return Parameters(max_output_tokens=_MOST_TOKENS, reasoning_effort=least)


def cleaned(answer: str) -> str:
    """The title in a model's answer: its first line with words, as short as a title is."""
    for line in answer.splitlines():
        words = _PREFIX.sub("", line.lstrip("# \t").strip(_AROUND)).strip(_AROUND)
        if words:
            return title_from(Draft(text=words.removesuffix(".")))
    return ""


def _is_first_answer(conversation: Conversation) -> bool:
    turns = {m.turn_id for m in conversation.messages if m.role == "assistant" and m.state == "done"}
    return len(turns) == 1


def _told(conversation: Conversation) -> str:
    """The beginning of the first question and of an answer to it."""
    question = next((m for m in conversation.messages if m.role == "user"), None)
    if question is None:
        return ""
    answers = (m for m in conversation.messages if m.parent_id == question.id and m.state == "done")
    answer = next(answers, None)
    told = [f"<user>\n{question.text[:_TOLD]}\n</user>"]
    if answer is not None:
        told.append(f"<assistant>\n{answer.text[:_TOLD]}\n</assistant>")
    return "\n\n".join(told)
