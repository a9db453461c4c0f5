"""Conversations as values: a tree of messages and the lanes that walk it."""

from __future__ import annotations

from typing import Literal

import msgspec

from chatbench.core.errors import ConfigurationError, ErrorReport
from chatbench.core.messages import Part, text_of, thinking_of
from chatbench.core.models import ModelRef
from chatbench.core.params import LeftOut, Parameters
from chatbench.core.requests import StopReason
from chatbench.core.usage import Cost, Timings, Usage

MessageState = Literal["streaming", "done", "stopped", "interrupted", "failed"]


MOST_LANES = 8
"""As many models stand side by side in one conversation."""


class Lane(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One model's walk through the tree; `leaf` is the message it stands on (None: nothing yet).
    A `closed` one is shown and asked no more; its branch stays in the tree."""

    id: str
    position: int = 0
    model: ModelRef | None = None
    system: str = ""
    parameters: Parameters = Parameters()
    leaf: str | None = None
    closed: bool = False


class SentFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one attached file on its way to a model. Files are named by SHA-256 (hex): the
    `original`, and what was `sent` of it in its order (one file, or a picture a page; nothing where it
    went under a provider's own name for it)."""

    original: str
    form: Literal["picture", "native", "text", "pages", "sound", "film"]
    sent: tuple[str, ...] = ()
    file_id: str = ""


class TreeMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message with its place in the tree and what is known of how it came about.

    `created_at` and `finished_at` are UTC milliseconds since the epoch. Siblings share a
    parent; `position` orders them. `edited`: a person wrote or changed an answer's words.
    `continues` is the answer that this one begins with and goes on from, `copy_of` the message of
    another conversation whose copy it is (what that cost is counted there alone). `prompt` was
    asked in place of the words of the question above, where it is not empty. `sent_from` is the answer
    whose words were sent on as this question. `sent_files` are the forms in which the attachments of the
    branch went to the model.
    """

    id: str
    conversation_id: str
    parent_id: str | None
    turn_id: str
    role: Literal["user", "assistant"]
    parts: tuple[Part, ...] = ()
    state: MessageState = "done"
    lane_id: str = ""
    position: int = 0
    model: ModelRef | None = None
    model_answered: str = ""
    system: str = ""
    parameters: Parameters = Parameters()
    left_out: tuple[LeftOut, ...] = ()
    sent_files: tuple[SentFile, ...] = ()
    stop_reason: StopReason | None = None
    stop_detail: str = ""
    response_id: str = ""
    usage: Usage | None = None
    cost: Cost | None = None
    timings: Timings = Timings()
    attempts: int = 0
    error: ErrorReport | None = None
    edited: bool = False
    continues: str = ""
    copy_of: str = ""
    prompt: str = ""
    sent_from: str = ""
    created_at: int = 0
    finished_at: int | None = None

    @property
    def text(self) -> str:
        return text_of(self.parts)

    @property
    def thinking(self) -> str:
        return thinking_of(self.parts)


class ConversationSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row of the list. `cost` is None where any answer's price is unknown and none is known;
    `cost_complete` is False where only some are known (shown as "≥"). A `temporary` one
    leaves nothing on the disk and goes with the program."""

    id: str
    title: str
    created_at: int
    updated_at: int
    pinned: bool = False
    unread: bool = False
    streaming: bool = False
    failed: bool = False
    models: tuple[ModelRef, ...] = ()
    message_count: int = 0
    cost: Cost | None = None
    cost_complete: bool = True
    temporary: bool = False


class Draft(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stands in a composer: words and attachments (by hash, in the store)."""

    text: str = ""
    attachments: tuple[Part, ...] = ()
    edits: str | None = None
    """The id of the user message this draft would branch from, while editing one."""
    system: str = ""
    """A system prompt that came with the words, and is set when they go and its places are filled in."""
    unread: tuple[str, ...] = ()
    """Names of files that were to be attached, and of which nothing is in the store: encrypted ones without
    their password, ones that could not be read."""


class Conversation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A conversation whole: every message of the tree, its open lanes and its closed ones (each in
    their order), its draft, the edit of a sent message that is under way (`edit.edits` names the
    message), and what is to be sent when the answers before it are done. Where `blind_since` (UTC
    milliseconds) is set, its models are not named while answers are not rated, and what was answered
    before that was seen with names."""

    summary: ConversationSummary
    messages: tuple[TreeMessage, ...] = ()
    lanes: tuple[Lane, ...] = ()
    closed_lanes: tuple[Lane, ...] = ()
    draft: Draft = Draft()
    edit: Draft = Draft()
    queued: tuple[Draft, ...] = ()
    blind_since: int | None = None

    @property
    def id(self) -> str:
        return self.summary.id

    def path(self, leaf: str | None) -> tuple[TreeMessage, ...]:
        """From the root to `leaf`; empty for None or an unknown id."""
        by_id = {message.id: message for message in self.messages}
        walk: list[TreeMessage] = []
        while leaf is not None and (message := by_id.get(leaf)) is not None:
            walk.append(message)
            leaf = message.parent_id
        return tuple(reversed(walk))

    def siblings(self, message_id: str, lane_id: str | None = None) -> tuple[TreeMessage, ...]:
        """All messages with the same parent and role, in order, the one asked for among them.

        With `lane_id` those that this lane may turn to: what another open lane answered beside it
        is left out.
        """
        me = next((m for m in self.messages if m.id == message_id), None)
        if me is None:
            return ()
        others = {lane.id for lane in self.lanes if lane_id is not None and lane.id != lane_id}
        same = [
            m
            for m in self.messages
            if m.parent_id == me.parent_id
            and m.role == me.role
            and (m.lane_id not in others or m.id == message_id)
        ]
        return tuple(sorted(same, key=lambda m: (m.position, m.id)))

    def newest_leaf(self, message_id: str, lane_id: str | None = None) -> str:
        """Down from a message along the newest children: where a switch of branches leads. With
        `lane_id`, along those of that lane where it has any."""

        def rank(message: TreeMessage) -> tuple[bool, int, int]:
            own = lane_id is not None and message.lane_id == lane_id
            return own, message.created_at, message.position

        children: dict[str | None, TreeMessage] = {}
        for message in self.messages:
            known = children.get(message.parent_id)
            if known is None or rank(message) >= rank(known):
                children[message.parent_id] = message
        leaf = message_id
        while (child := children.get(leaf)) is not None:
            leaf = child.id
        return leaf

    def lane(self, lane_id: str) -> Lane:
        """The open lane of that id. Raises ConfigurationError where there is none."""
        for lane in self.lanes:
            if lane.id == lane_id:
                return lane
        raise ConfigurationError(
            "There is no such model in this conversation.", "It may have been closed; add it again."
        )
