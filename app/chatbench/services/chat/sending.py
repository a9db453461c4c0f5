"""Sending: one mechanism for a first question, an edit and a regenerated answer.

A turn is owned here and outlives the pane that started it. Panes pull `live(message_id)` on
their paint clock and hear `Changes` after each commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from chatbench.client.estimate import estimate_text, estimate_tokens
from chatbench.client.llm import LLMClient
from chatbench.core.changes import Changes
from chatbench.core.conversations import Conversation, Draft, Lane, TreeMessage
from chatbench.core.ids import new_id
from chatbench.core.models import GUIDE, ModelRef
from chatbench.core.observe import Signal
from chatbench.core.params import Parameters
from chatbench.services.answers import Answer
from chatbench.services.attachments import AttachmentService
from chatbench.services.chat.asking import Asking
from chatbench.services.chat.underway import Underway
from chatbench.services.context import context
from chatbench.services.models import ModelService
from chatbench.services.notices import Notifier
from chatbench.services.preferences import PreferencesStore
from chatbench.services.turns import (
    STREAMED,
    How,
    Sent,
    Turn,
    answered_again,
    changed_lane,
    chosen,
    empty_answer,
    message_in,
    question_after,
    question_of,
    refuse_unsettled,
    sent,
    showing,
    still_coming,
    title_from,
)
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.rows import plain

_LOOK_BACK = 40


class Sending:
    """Starts turns, keeps them alive, and writes how they end: what every part of the chat
    service stands on."""

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
        self._changes = changes
        self._notifier = notifier
        self._asking = Asking(store, client, attachments, models, preferences)
        self._underway = Underway(store, changes, notifier, self._ended)

    async def new_conversation(
        self,
        model: ModelRef | None = None,
        *,
        system: str = "",
        title: str = "",
        temporary: bool = False,
    ) -> Conversation:
        """An empty conversation with one lane at `model`, else the default, else the model that the
        newest conversation asked last, else the guide.

        Of a `temporary` one nothing touches the disk but what it cost: words and files are held in
        memory, no list and no search shows it, and it goes with the program or by `forget`.
        Everything else that takes its id works.
        """
        chosen = model or self._models.default() or await self._model_in_use() or GUIDE
        lane = Lane(id=new_id(), model=chosen, system=plain(system))
        conversation = await self._store.create(title, lane, temporary=temporary)
        self._changes.emit(Changes(conversations=frozenset({conversation.id})))
        return conversation

    async def _model_in_use(self) -> ModelRef | None:
        """What the newest conversation asked last, unless its provider is gone."""
        for newest in await self._store.summaries(1):
            for model in reversed(newest.models):
                if model == GUIDE or self._models.key(model.provider) is not None:
                    return model
        return None

    async def keep(self, conversation_id: str) -> None:
        """Makes a temporary conversation one like the others, with its files. Raises StorageError (it
        is temporary then as before), ConfigurationError for one that is kept already and while an
        answer is coming in."""
        self._underway.refuse_while_closing()
        if self.live_in(conversation_id):
            raise still_coming()
        fresh = await self._attachments.keep(conversation_id)
        try:
            await self._store.keep(conversation_id)
        except BaseException:
            await self._attachments.take_back(fresh)
            raise
        await self._attachments.forget(conversation_id)
        self._changes.emit(Changes(conversations=frozenset({conversation_id})))

    async def forget(self, conversation_id: str) -> None:
        """Stops a temporary conversation and lets go of it and its files: nothing brings it back.
        Raises ConfigurationError for one that is kept."""
        coming = self.live_in(conversation_id)
        await self._store.forget(conversation_id)
        for answer in coming:
            answer.stop()
        await self._attachments.forget(conversation_id)
        self._changes.emit(Changes(conversations=frozenset({conversation_id})))

    async def send(
        self,
        conversation_id: str,
        draft: Draft,
        *,
        lanes: Sequence[str] | None = None,
        model: ModelRef | None = None,
        system: str | None = None,
        parameters: Parameters | None = None,
        how: How = STREAMED,
        initiator: object | None = None,
    ) -> Turn:
        """Writes the question and an empty answer per lane, then starts receiving.

        To all open lanes, or only to those of the ids in `lanes`; the others stay where they are.
        With `draft.edits` the question becomes a sibling of that message: a branch. `model`,
        `system` and `parameters` change the first lane asked from here on. Raises StorageError, and
        ConfigurationError for a lane that is not there or whose last answer is still coming in
        (`queue` waits for it); a failing call does not raise, its message carries the error.
        """
        self._underway.refuse_while_closing()
        conversation = await self._outline(conversation_id)
        first, *others = chosen(conversation, lanes)
        asked = [changed_lane(first, model, system, parameters), *others]
        if draft.edits is None:
            refuse_unsettled(conversation, asked)
        turn = sent(conversation, asked, draft, new_id())
        title = conversation.summary.title or title_from(draft)
        edit = draft.edits is not None
        return await self._begun(conversation_id, turn, how=how, initiator=initiator, title=title, edit=edit)

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
        self._underway.refuse_while_closing()
        leaf = after.lanes[0].leaf if after else None
        path = await self._store.path(after.id, leaf) if after and leaf else ()
        lane = Lane(id="", model=model, system=plain(system), parameters=parameters)
        question = question_after("", leaf, new_id(), draft)
        message = empty_answer(lane, question)
        answer = self._asking.answer_to(message, (*path, question), how)
        self._underway.start_unwritten(answer)
        return Turn(id=question.turn_id, conversation_id="", user_message_id=question.id, answers=(answer,))

    async def regenerate(
        self,
        conversation_id: str,
        message_id: str,
        *,
        lanes: Sequence[str] | None = None,
        model: ModelRef | None = None,
        parameters: Parameters | None = None,
        how: How = STREAMED,
        initiator: object | None = None,
    ) -> Turn:
        """Another answer beside `message_id` (an answer), or one more to it (a question).

        It comes from the lane that gave the answer, or where that is closed from one that shows it;
        with `lanes`, one from each of these: so lanes that were just added answer what was asked
        before. `model` and `parameters` hold for this once. A merged answer is merged again, but
        `lanes` are asked its turn's own question.
        """
        self._underway.refuse_while_closing()
        conversation = await self._store.outline(conversation_id)
        old = message_in(conversation, message_id)
        question = question_of(conversation, old)
        asked = chosen(conversation, lanes) if lanes else [showing(conversation, old)]
        repeated = [] if lanes else [message_id]
        merged = next((m for m in await self._store.messages(repeated) if m.prompt), None)
        if merged is not None:
            model, parameters = model or merged.model, parameters or merged.parameters
        again = answered_again(
            conversation, asked, question, model, parameters, merged.prompt if merged else ""
        )
        return await self._begun(conversation_id, again, how=how, initiator=initiator)

    async def context_tokens(self, conversation_id: str, lane: Lane, *, before: str = "") -> int:
        """About how many tokens the shown branch sends before the next question, or before the message
        that is given instead of it.

        The last answer's own usage is exact up to it; what came after is estimated. All is where
        something is left out or summarised.
        """
        info = self._models.info(lane.model or GUIDE)
        leaf = lane.leaf
        if before:
            leaf = next((one.parent_id for one in await self._store.messages([before])), None)
        marks = await self._store.marks(conversation_id)
        if marks:
            path = await self._store.path(conversation_id, leaf)
            # A long branch is counted beside the thread that paints.
            return await asyncio.to_thread(estimate_tokens, context(path, marks), lane.system, info)
        tokens = 0
        for message in reversed(await self._store.path(conversation_id, leaf, _LOOK_BACK)):
            if message.usage is not None:
                return tokens + message.usage.total_tokens
            tokens += estimate_tokens(context([message]), "", info)
        return tokens + estimate_text(lane.system)

    def live(self, message_id: str) -> Answer | None:
        """The answer if it is still coming in (or could not be written at its end)."""
        return self._underway.live(message_id)

    def live_in(self, conversation_id: str, lane_id: str | None = None) -> tuple[Answer, ...]:
        """The answers of one conversation, or of one lane of it, that are still coming in."""
        return tuple(
            answer
            for answer in self._underway.coming()
            if answer.message.conversation_id == conversation_id and lane_id in (None, answer.message.lane_id)
        )

    @property
    def streaming_count(self) -> int:
        return len(self._underway.coming())

    def stop(self, conversation_id: str, lane_id: str | None = None) -> None:
        """Stops every answer of the conversation, or of one lane; what has come is kept."""
        for answer in self.live_in(conversation_id, lane_id):
            answer.stop()

    async def wait(self, turn: Turn) -> None:
        """Returns when every answer of the turn is over and written."""
        await self._underway.wait(turn)

    async def aclose(self) -> None:
        """No new work; running answers end as interrupted, their text kept. Answers that could
        not be saved are tried once more."""
        await self._underway.aclose()

    async def _outline(self, conversation_id: str) -> Conversation:
        """The outline, in which "streaming" is only what somebody still writes."""
        conversation = await self._store.outline(conversation_id)
        coming = [message.id for message in conversation.messages if message.state == "streaming"]
        if all(self._underway.live(one) is not None for one in coming):
            return conversation
        left = await self._store.interrupt_orphans()
        if left:
            ids = frozenset(message.conversation_id for message in left)
            self._changes.emit(Changes(conversations=ids, usage=True))
            return await self._store.outline(conversation_id)
        return conversation

    async def _ended(self, conversation_id: str) -> None:
        """An answer of the conversation is over and written."""

    async def _begun(
        self,
        conversation_id: str,
        turn: Sent,
        *,
        how: How = STREAMED,
        initiator: object | None = None,
        before: TreeMessage | None = None,
        title: str = "",
        edit: bool = False,
        keep_draft: bool = False,
        waiting: int | None = None,
    ) -> Turn:
        """Writes the messages, then starts to receive each answer by itself. `before` is an answer
        that it goes on from, `waiting` the number of a queued message that this is."""

        async def begin() -> Turn:
            self._underway.refuse_while_closing()
            await self._store.begin_turn(
                conversation_id,
                turn.questions,
                turn.answers,
                turn.lanes,
                title=title,
                edit=edit,
                keep_draft=keep_draft,
                waiting=waiting,
            )
            answers = tuple(self._asking.answer(message, how, before) for message in turn.answers)
            for answer in answers:
                self._underway.start(answer)
            self._changes.emit(Changes(conversations=frozenset({conversation_id}), initiator=initiator))
            first = turn.answers[0]
            return Turn(
                id=first.turn_id,
                conversation_id=conversation_id,
                user_message_id=first.parent_id or "",
                answers=answers,
            )

        return await self._underway.unbroken(begin())
