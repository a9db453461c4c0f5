"""What a branch sends, and what of it does not go along: one function for the request and for the view."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Literal, NamedTuple

import msgspec

from chatbench.client.estimate import PER_REQUEST, estimate_tokens
from chatbench.core.changes import Changes
from chatbench.core.conversations import Draft, Lane, TreeMessage
from chatbench.core.errors import AttachmentRefused, ConfigurationError, StorageError
from chatbench.core.ids import new_id
from chatbench.core.marks import NO_MARKS, Marks, Summary
from chatbench.core.messages import (
    ImagePart,
    MediaPart,
    Message,
    Part,
    StoredFile,
    TextPart,
    ThinkingPart,
    text_of,
)
from chatbench.core.models import GUIDE, ModelInfo, ModelRef
from chatbench.core.observe import Signal
from chatbench.services.asides import Asides
from chatbench.services.attachments import AttachmentService, Form, Outlook
from chatbench.services.models import ModelService
from chatbench.services.turns import counterpart, message_in, question_after
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.turns import now_ms

__all__ = ["ContextItem", "ContextService", "ContextView", "Marks", "Summary", "Why", "arranged", "context"]

Why = Literal["", "person", "summarised", "empty", "no_question", "not_for_model"]
"""Why something is not sent: a person left it out; a summary stands for it; there is nothing in it; it
answers a question that is not sent; it is for another model (what a model thought), or this one does
not take it (a picture: then sending is refused until it is left out)."""

_STANDS_FOR = "[Summary of the conversation so far]\n{text}\n[End of the summary]"
_NOTHING_LEFT = "[A file that was left out]"
_SUMMARISE = (
    "You are given a conversation between a user and an assistant. Write a summary that will take its "
    "place, so that the conversation can go on from there as if all of it were known. Keep what was "
    "asked and answered, facts, names, numbers, decisions, what the user prefers, and word for word "
    "whatever may be needed exactly, such as code, commands and addresses. Say what is still open. "
    "Write in the language of the conversation. Answer with the summary alone."
)


class Placed(NamedTuple):
    """A message of a branch, or a summary, and why it is not sent ("" where it is)."""

    message: TreeMessage | None
    why: Why = ""
    summary: Summary | None = None


def arranged(path: Sequence[TreeMessage], marks: Marks, asked: str | None) -> Iterator[Placed]:
    """Each message of a branch in its order, with the summary in use after what it stands for.

    The question `asked` (the id of the last message) is always sent.
    """
    covered = -1
    for at, message in enumerate(path):
        if message.id in marks.summaries and message.id != asked:
            covered = at
    begun = False
    for at, message in enumerate(path):
        if at <= covered:
            yield Placed(message, "summarised")
            if at == covered:
                begun = True
                yield Placed(None, summary=marks.summaries[message.id])
            continue
        why = _why(message, marks, begun) if message.id != asked else ""
        begun = begun or not why
        yield Placed(message, why)


def _why(message: TreeMessage, marks: Marks, begun: bool) -> Why:
    if message.id in marks.unsent:
        return "person"
    if not message.parts:
        return "empty"
    return "no_question" if message.role == "assistant" and not begun else ""


def context(path: Sequence[TreeMessage], marks: Marks = NO_MARKS) -> list[Message]:
    """What a branch that ends with a question sends: nothing before the first question, no empty
    answers, nothing that was left out or summarised. A summary stands before the next question."""
    return _messages(arranged(path, marks, _asked(path)), marks)


def _asked(path: Sequence[TreeMessage]) -> str | None:
    return path[-1].id if path and path[-1].role == "user" else None


def _left_out(message: TreeMessage, part: Part, marks: Marks) -> bool:
    """Whether a person left this one file of a message out."""
    if not isinstance(part, MediaPart) or not isinstance(part.source, StoredFile):
        return False
    return (message.id, part.source.sha256) in marks.unsent_files


def _messages(placed: Iterator[Placed], marks: Marks) -> list[Message]:
    sent: list[Message] = []
    before: tuple[Part, ...] = ()
    for message, why, summary in placed:
        if summary is not None:
            before = (TextPart(text=_STANDS_FOR.format(text=summary.text)),)
        elif message is not None and not why and message.parts:
            if before and message.role != "user":
                sent.append(Message(role="user", parts=before))
                before = ()
            parts = tuple(part for part in message.parts if not _left_out(message, part, marks))
            # A question that was a file alone stays a question.
            parts = parts or (TextPart(text=_NOTHING_LEFT),)
            sent.append(Message(role=message.role, parts=(*before, *parts)))
            before = ()
    if before:
        sent.append(Message(role="user", parts=before))
    return sent


class ContextItem(msgspec.Struct, frozen=True, kw_only=True):
    """One part of what is sent next, or of what is not (`why`). `tokens` are estimated, `share` is
    their part of the model's window (0 to 1, None where that is unknown). A message's thinking and
    each of its files are items of their own; `message_id` is "" for the system prompt and for what
    stands in the composer. `form` is how a file goes, where that is known; `tokens_known`: False where
    nobody can tell what it takes; `alone`: it can be left out without the rest of its message."""

    kind: Literal["system", "message", "summary", "thinking", "attachment"]
    role: Literal["system", "user", "assistant"]
    tokens: int
    share: float | None = None
    text: str = ""
    message_id: str = ""
    summary_id: str = ""
    part: MediaPart | None = None
    form: Form | None = None
    tokens_known: bool = True
    alone: bool = False
    why: Why = ""


class ContextView(msgspec.Struct, frozen=True, kw_only=True):
    """`tokens` and `share` are of what is sent; `window` is the model's, in tokens."""

    model: ModelRef
    window: int | None
    items: tuple[ContextItem, ...]
    tokens: int
    share: float | None


class ContextService:
    """Shows what will be sent, leaves things out of it, and has the beginning summarised.

    All methods raise StorageError where there is no such conversation or message.
    """

    def __init__(
        self,
        store: ConversationStore,
        models: ModelService,
        attachments: AttachmentService,
        asides: Asides,
        changes: Signal[Changes],
    ) -> None:
        self._store = store
        self._models = models
        self._attachments = attachments
        self._asides = asides
        self._changes = changes

    async def view(self, conversation_id: str, lane_id: str, draft: Draft | None = None) -> ContextView:
        """What the lane will send with this draft, item by item in its order, the left out among
        them. Raises ConfigurationError where there is no such lane."""
        draft = draft or Draft()
        conversation = await self._store.outline(conversation_id)
        lane = conversation.lane(lane_id)
        leaf = lane.leaf
        if draft.edits is not None:
            leaf = counterpart(conversation, message_in(conversation, draft.edits), lane).parent_id
        path = await self._store.path(conversation_id, leaf)
        marks = await self._store.marks(conversation_id)
        if draft.text or draft.attachments:
            asked = question_after(conversation_id, leaf, "", draft)
            path = (*path, msgspec.structs.replace(asked, id=""))
        info = self._models.info(lane.model or GUIDE)
        seen = await self._outlooks(path, info)
        # Thousands of messages are counted beside the thread that paints.
        return await asyncio.to_thread(_viewed, lane, path, marks, info, seen)

    async def _outlooks(self, path: Sequence[TreeMessage], info: ModelInfo) -> dict[int, Outlook]:
        """What becomes of each file of the branch, by the `id` of its part. Nothing is read for it that
        was not read before; what cannot be read is left out."""
        found: dict[int, Outlook] = {}
        for message in path:
            for part in message.parts:
                if isinstance(part, MediaPart) and isinstance(part.source, StoredFile):
                    with suppress(AttachmentRefused, StorageError):
                        found[id(part)] = await self._attachments.outlook(part, info, read=False)
        return found

    async def marks(self, conversation_id: str) -> Marks:
        """What is left out, and the summaries in use by the message each ends with."""
        return await self._store.marks(conversation_id)

    async def leave_out(self, conversation_id: str, message_id: str, left_out: bool) -> None:
        """Whether this message is not sent from now on, in any lane. A question is always sent
        while it is the one that is asked; the answer to a first question that is left out is not
        sent either."""
        await self._store.set_unsent(conversation_id, message_id, left_out)
        self._announce(conversation_id)

    async def leave_out_file(
        self, conversation_id: str, message_id: str, sha256: str, left_out: bool
    ) -> None:
        """Whether this file of a message is not sent from now on, in any lane; the rest of it is."""
        await self._store.set_file_unsent(conversation_id, message_id, sha256, left_out)
        self._announce(conversation_id)

    async def summaries(self, conversation_id: str) -> tuple[Summary, ...]:
        """Oldest first, the withdrawn ones too."""
        return tuple(await self._store.context_summaries(conversation_id))

    async def summarise(self, conversation_id: str, message_id: str, *, model: ModelRef) -> Summary:
        """Has a model write a summary of what the branch sends down to this message, and sends that in
        its place from now on. Nothing is deleted. What it costs is counted as "summary".

        Raises ConfigurationError where there is nothing to summarise, while the message is still
        coming in and where the summary was cut off; whatever the call raises.
        """
        path = await self._store.path(conversation_id, message_id)
        if not path or path[-1].state == "streaming":
            raise ConfigurationError(
                "This message cannot be summarised.", "Wait until it is finished, or choose another."
            )
        marks = await self._store.marks(conversation_id)
        # A second summary down to the same message is made of the words, not of the first.
        earlier = {ends: one for ends, one in marks.summaries.items() if ends != message_id}
        said = _messages(arranged(path, msgspec.structs.replace(marks, summaries=earlier), None), marks)
        if not said:
            raise ConfigurationError("There is nothing to summarise.", "Choose a later message.")
        text = await self._asides.ask(
            model, _SUMMARISE, _transcript(said), source="summary", conversation_id=conversation_id
        )
        summary = Summary(
            id=new_id(),
            conversation_id=conversation_id,
            message_id=message_id,
            text=text,
            model=model,
            created_at=now_ms(),
        )
        await self._store.add_summary(summary)
        self._announce(conversation_id)
        return summary

    async def unsummarise(self, conversation_id: str, summary_id: str) -> None:
        """Sends again what the summary stands for; `resummarise` takes that back."""
        await self._store.withdraw_summary(conversation_id, summary_id, True)
        self._announce(conversation_id)

    async def resummarise(self, conversation_id: str, summary_id: str) -> None:
        """Uses a summary again that was withdrawn: no call, no cost."""
        await self._store.withdraw_summary(conversation_id, summary_id, False)
        self._announce(conversation_id)

    def _announce(self, conversation_id: str) -> None:
        self._changes.emit(Changes(conversations=frozenset({conversation_id})))


def _viewed(
    lane: Lane, path: Sequence[TreeMessage], marks: Marks, info: ModelInfo, seen: Mapping[int, Outlook]
) -> ContextView:
    counter = _Counter(info, marks, seen)
    items: list[ContextItem] = []
    if lane.system:
        tokens = estimate_tokens([], lane.system, info) - PER_REQUEST
        items.append(ContextItem(kind="system", role="system", text=lane.system, tokens=tokens))
    for message, why, summary in arranged(path, marks, _asked(path)):
        if summary is not None:
            tokens = counter.of("user", (TextPart(text=_STANDS_FOR.format(text=summary.text)),))
            items.append(
                ContextItem(
                    kind="summary", role="user", text=summary.text, tokens=tokens, summary_id=summary.id,
                    message_id=summary.message_id,
                )
            )  # fmt: skip
        if message is not None:
            items += counter.items(message, why)
    total = sum(item.tokens for item in items if not item.why) + PER_REQUEST
    window = info.context_window
    if window:
        items = [msgspec.structs.replace(item, share=item.tokens / window) for item in items]
    return ContextView(
        model=info.ref,
        window=window,
        items=tuple(items),
        tokens=total,
        share=total / window if window else None,
    )


class _Counter:
    """Counts messages as one model would; `seen` is what becomes of their files, by the part's `id`."""

    def __init__(self, info: ModelInfo, marks: Marks, seen: Mapping[int, Outlook]) -> None:
        self._info = info
        self._marks = marks
        self._seen = seen
        self._frame = self.of("user", ())

    def of(self, role: Literal["user", "assistant"], parts: tuple[Part, ...]) -> int:
        """With the frame around a message."""
        return estimate_tokens([Message(role=role, parts=parts)], "", self._info) - PER_REQUEST

    def items(self, message: TreeMessage, why: Why) -> Iterator[ContextItem]:
        """What the message is made of: what was thought, files, then the rest as one."""
        words: list[Part] = []
        for part in message.parts:
            if isinstance(part, ThinkingPart):
                own = part.provider_state.get("provider") == self._info.ref.provider
                yield self._thought(message, part, why or ("" if own else "not_for_model"))
            elif isinstance(part, MediaPart):
                yield self._file(message, part, why)
            else:
                words.append(part)
        yield ContextItem(
            kind="message",
            role=message.role,
            text=text_of(words),
            tokens=self.of(message.role, tuple(words)),
            message_id=message.id,
            why=why,
        )

    def _thought(self, message: TreeMessage, part: ThinkingPart, why: Why) -> ContextItem:
        return ContextItem(
            kind="thinking",
            role=message.role,
            text=part.text,
            tokens=self.of(message.role, (part,)) - self._frame,
            message_id=message.id,
            why=why,
        )

    def _file(self, message: TreeMessage, part: MediaPart, why: Why) -> ContextItem:
        """With what the form takes in which this model gets it."""
        outlook = self._seen.get(id(part))
        form = outlook.chosen if outlook is not None else None
        refused = isinstance(part, ImagePart) and not self._info.may_take("image")
        if outlook is not None:
            refused = form is None
        left_out = _left_out(message, part, self._marks)
        tokens = form.tokens if form is not None else self.of(message.role, (part,)) - self._frame
        return ContextItem(
            kind="attachment",
            role=message.role,
            text=part.name,
            tokens=tokens or 0,
            tokens_known=tokens is not None,
            message_id=message.id,
            part=part,
            form=form,
            alone=not why,
            why=why or ("person" if left_out else "not_for_model" if refused else ""),
        )


def _transcript(messages: Sequence[Message]) -> str:
    """A conversation as one text; of files their names."""
    told: list[str] = []
    for message in messages:
        files = [f"[{part.name or part.media_type}]" for part in message.parts if isinstance(part, MediaPart)]
        told.append(f"<{message.role}>\n{chr(10).join([*files, text_of(message.parts)])}\n</{message.role}>")
    return "\n\n".join(told)
