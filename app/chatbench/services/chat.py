"""Sending: one mechanism for a first question, an edit and a regenerated answer.

A turn is owned here and outlives the pane that started it. Panes pull `live(message_id)` on
their paint clock and hear `Changes` after each commit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import msgspec

from chatbench.client.call import AnswerStream
from chatbench.client.estimate import estimate_text, estimate_tokens
from chatbench.client.llm import LLMClient
from chatbench.client.retries import RetryPolicy
from chatbench.core.changes import Changes
from chatbench.core.conversations import (
    Conversation,
    Draft,
    Lane,
    TreeMessage,
)
from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.core.ids import new_id
from chatbench.core.messages import Part
from chatbench.core.models import GUIDE, ModelRef
from chatbench.core.observe import Signal
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.core.secrets import Secret
from chatbench.providers.http import Timeouts
from chatbench.services.answers import Answer
from chatbench.services.attachments import AttachmentService
from chatbench.services.models import ModelService
from chatbench.services.notices import Notice, Notifier
from chatbench.services.preferences import PreferencesStore
from chatbench.services.turns import (
    changed_lane,
    context,
    empty_answer,
    message_in,
    question_after,
    sent,
    title_from,
)
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.rows import plain

log = logging.getLogger(__name__)

_LOOK_BACK = 40


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One send: the user message it stands under and a live answer per lane."""

    id: str
    conversation_id: str
    user_message_id: str
    answers: tuple[Answer, ...]


class How(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer is asked for, of which nothing is written down: streamed or whole, after which
    JSON Schema, with which key in place of the provider's own."""

    stream: bool = True
    schema: dict[str, Any] | None = None
    key: Secret | None = None


STREAMED = How()


class ChatService:
    """Starts turns, keeps them alive, and writes how they end."""

    def __init__(
        self,
        store: ConversationStore,
        client: LLMClient,
        attachments: AttachmentService,
        models: ModelService,
        preferences: PreferencesStore,
        changes: Signal[Changes],
        notifier: Notifier,
    ) -> None:
        self._store = store
        self._client = client
        self._attachments = attachments
        self._models = models
        self._preferences = preferences
        self._changes = changes
        self._notifier = notifier
        self._live: dict[str, Answer] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._beginning: set[asyncio.Task[Turn]] = set()
        self._closing = False

    async def new_conversation(
        self, model: ModelRef | None = None, *, system: str = "", title: str = ""
    ) -> Conversation:
        """An empty conversation with one lane at `model`, else the default, else the guide."""
        lane = Lane(id=new_id(), model=model or self._models.default() or GUIDE, system=plain(system))
        conversation = await self._store.create(title, lane)
        self._changes.emit(Changes(conversations=frozenset({conversation.id})))
        return conversation

    async def send(
        self,
        conversation_id: str,
        draft: Draft,
        *,
        model: ModelRef | None = None,
        system: str | None = None,
        parameters: Parameters | None = None,
        how: How = STREAMED,
        initiator: object | None = None,
    ) -> Turn:
        """Writes the question and an empty answer per lane, then starts receiving.

        With `draft.edits` the question becomes a sibling of that message: a branch. `model`,
        `system` and `parameters` change the first lane from here on. Raises StorageError; a
        failing call does not raise, its message carries the error.
        """
        self._refuse_while_closing()
        conversation = await self._store.outline(conversation_id)
        first = changed_lane(conversation.lanes[0], model, system, parameters)
        conversation = msgspec.structs.replace(conversation, lanes=(first, *conversation.lanes[1:]))
        turn = sent(conversation, draft, new_id())
        title = conversation.summary.title or title_from(draft)

        async def begin() -> Turn:
            self._refuse_while_closing()
            edit = draft.edits is not None
            await self._store.begin_turn(
                conversation_id, turn.questions, turn.answers, turn.lanes, title=title, edit=edit
            )
            return self._start(turn.questions[0], turn.answers, initiator, how)

        return await self._unbroken(begin())

    async def ask(
        self,
        draft: Draft,
        *,
        model: ModelRef,
        system: str = "",
        parameters: Parameters = Parameters(),
        how: How = STREAMED,
        after: Conversation | None = None,
    ) -> Turn:
        """One answer that leaves no text behind: only what it cost is written down.

        `after` gives a conversation whose shown branch comes before the question.
        """
        self._refuse_while_closing()
        leaf = after.lanes[0].leaf if after else None
        path = await self._store.path(after.id, leaf) if after and leaf else ()
        lane = Lane(id="", model=model, system=plain(system), parameters=parameters)
        question = question_after("", leaf, new_id(), draft)
        message = empty_answer(lane, question)
        answer = Answer(message, lambda: self._open(message, (*path, question), how))
        self._begin(answer, self._run_unwritten(answer))
        return Turn(id=question.turn_id, conversation_id="", user_message_id=question.id, answers=(answer,))

    async def regenerate(
        self,
        conversation_id: str,
        message_id: str,
        *,
        model: ModelRef | None = None,
        parameters: Parameters | None = None,
        how: How = STREAMED,
        initiator: object | None = None,
    ) -> Turn:
        """Another answer beside `message_id` (an answer), or the first one to it (a question)."""
        self._refuse_while_closing()
        conversation = await self._store.outline(conversation_id)
        old = message_in(conversation, message_id)
        question = old if old.role == "user" else message_in(conversation, old.parent_id or "")
        lane = next((lane for lane in conversation.lanes if lane.id == old.lane_id), conversation.lanes[0])
        asked = changed_lane(lane, model, None, parameters)
        answer = empty_answer(asked, question)
        moved = msgspec.structs.replace(lane, leaf=answer.id)

        async def begin() -> Turn:
            self._refuse_while_closing()
            await self._store.begin_turn(conversation_id, [], [answer], [moved])
            return self._start(question, [answer], initiator, how)

        return await self._unbroken(begin())

    async def context_tokens(self, conversation_id: str, lane: Lane) -> int:
        """About how many tokens the shown branch sends before the next question.

        The last answer's own usage is exact up to it; what came after is estimated.
        """
        info = self._models.info(lane.model or GUIDE)
        tokens = 0
        for message in reversed(await self._store.path(conversation_id, lane.leaf, _LOOK_BACK)):
            if message.usage is not None:
                return tokens + message.usage.total_tokens
            tokens += estimate_tokens(context([message]), "", info)
        return tokens + estimate_text(lane.system)

    def live(self, message_id: str) -> Answer | None:
        """The answer if it is still coming in (or could not be written at its end)."""
        return self._live.get(message_id)

    def live_in(self, conversation_id: str) -> tuple[Answer, ...]:
        """The answers of one conversation that are still coming in."""
        return tuple(
            answer
            for answer in self._live.values()
            if answer.message.conversation_id == conversation_id and answer.state == "streaming"
        )

    @property
    def streaming_count(self) -> int:
        return sum(1 for answer in self._live.values() if answer.state == "streaming")

    def stop(self, conversation_id: str) -> None:
        """Stops every answer of the conversation; what has come is kept."""
        for answer in self.live_in(conversation_id):
            answer.stop()

    async def wait(self, turn: Turn) -> None:
        """Returns when every answer of the turn is over and written."""
        waiting = [t for t in self._tasks if t.get_name() in {a.id for a in turn.answers}]
        if waiting:
            await asyncio.wait(waiting)

    async def aclose(self) -> None:
        """No new work; running answers end as interrupted, their text kept. Answers that could
        not be saved are tried once more."""
        self._closing = True
        if self._beginning:
            await asyncio.wait(self._beginning)
        for answer in tuple(self._live.values()):
            if answer.state == "streaming":
                answer.stop("interrupted")
            else:
                self._finish_again(answer)
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _refuse_while_closing(self) -> None:
        if self._closing:
            raise ConfigurationError("Chatbench is closing.", "Start it again to go on.")

    async def _unbroken(self, begin: Coroutine[Any, Any, Turn]) -> Turn:
        """What is written is started too, even where whoever asked for it is gone meanwhile."""
        beginning = asyncio.get_running_loop().create_task(begin)
        self._beginning.add(beginning)
        beginning.add_done_callback(self._beginning.discard)
        return await asyncio.shield(beginning)

    def _start(
        self,
        question: TreeMessage,
        messages: list[TreeMessage],
        initiator: object | None,
        how: How = STREAMED,
    ) -> Turn:
        answers = tuple(Answer(message, self._opener(message, how)) for message in messages)
        for answer in answers:
            self._begin(answer, self._run(answer))
        conversation_id = question.conversation_id
        self._changes.emit(Changes(conversations=frozenset({conversation_id}), initiator=initiator))
        return Turn(
            id=question.turn_id,
            conversation_id=conversation_id,
            user_message_id=question.id,
            answers=answers,
        )

    def _opener(self, message: TreeMessage, how: How) -> Callable[[], Awaitable[AnswerStream]]:
        async def open_stream() -> AnswerStream:
            path = await self._store.path(message.conversation_id, message.parent_id)
            return await self._open(message, path, how)

        return open_stream

    def _begin(self, answer: Answer, work: Coroutine[Any, Any, None]) -> None:
        self._live[answer.id] = answer
        task = asyncio.get_running_loop().create_task(work, name=answer.id)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, answer: Answer) -> None:
        try:
            await answer.run(self._store.checkpoint)
        except Exception:
            log.exception("receiving an answer failed")
        await self._finish(answer)

    async def _run_unwritten(self, answer: Answer) -> None:
        async def keep_nothing(message_id: str, parts: tuple[Part, ...]) -> None:
            return None

        try:
            await answer.run(keep_nothing)
        except Exception:
            log.exception("receiving an answer failed")
        self._live.pop(answer.id, None)
        try:
            await self._store.record_spend(answer.message)
        except StorageError as error:
            self._notifier.error(error)
        else:
            self._changes.emit(Changes(usage=True))

    async def _finish(self, answer: Answer) -> None:
        try:
            await self._store.finish(answer.message)
        except StorageError as error:
            self._notifier.say(
                Notice(
                    text=f"The answer could not be saved. {error.message}",
                    hint=error.hint,
                    kind="error",
                    action="Save again",
                    run=lambda: self._finish_again(answer),
                )
            )
        else:
            self._live.pop(answer.id, None)
        conversation = frozenset({answer.message.conversation_id})
        self._changes.emit(Changes(conversations=conversation, answered=conversation, usage=True))

    def _finish_again(self, answer: Answer) -> None:
        self._begin(answer, self._finish(answer))

    async def _open(self, message: TreeMessage, path: Sequence[TreeMessage], how: How) -> AnswerStream:
        """Builds the request from the branch the answer stands on."""
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
