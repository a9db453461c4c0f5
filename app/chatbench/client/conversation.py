"""Conversations built step by step, and turned into the vendors' shapes and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

import chatbench.client.media  # noqa: F401  (lets messages take paths, addresses and bytes)
from chatbench.core.messages import Message, ToolCallPart, ToolResultPart, Value


class Conversation(Value, frozen=True):
    """Messages in order. Every method gives a new conversation and leaves this one as it is.

    `Conversation.user("What is this?", image="cat.png").add(Message.assistant("A cat."))`
    """

    messages: tuple[Message, ...] = ()

    @classmethod
    def of(cls, *prompts: str | Message | Conversation | Iterable[Message]) -> Conversation:
        """One conversation of all that is given; a string is what the user says."""
        conversation = cls()
        for prompt in prompts:
            conversation = conversation.add(Message.user(prompt) if isinstance(prompt, str) else prompt)
        return conversation

    @classmethod
    def system(cls, text: str) -> Conversation:
        return cls((Message.system(text),))

    @classmethod
    def user(
        cls, text: str = "", image: object = None, file: object = None, audio: object = None
    ) -> Conversation:
        """Begins with what the user says. See `Message.user` for attachments."""
        return cls((Message.user(text, image=image, file=file, audio=audio),))

    @classmethod
    def assistant(cls, text: str) -> Conversation:
        return cls((Message.assistant(text),))

    def add(self, more: Message | Conversation | Iterable[Message]) -> Conversation:
        """With a message, or all messages of another conversation, behind these."""
        new = (more,) if isinstance(more, Message) else tuple(more)
        return msgspec.structs.replace(self, messages=(*self.messages, *new))

    def with_message(self, message: Message) -> Conversation:
        return self.add(message)

    def with_system(self, text: str) -> Conversation:
        return self.add(Message.system(text))

    def with_user(
        self, text: str = "", image: object = None, file: object = None, audio: object = None
    ) -> Conversation:
        return self.add(Message.user(text, image=image, file=file, audio=audio))

    def with_assistant(self, text: str) -> Conversation:
        return self.add(Message.assistant(text))

    def with_tool_call(self, call_id: str, name: str, arguments: str | dict[str, Any]) -> Conversation:
        """Calls made in one turn gather in one assistant message."""
        last = self.messages[-1] if self.messages else None
        if last is None or last.role != "assistant":
            return self.add(Message(role="assistant").with_tool_call(call_id, name, arguments))
        return self._instead(last.with_tool_call(call_id, name, arguments))

    def with_tool_result(self, call_id: str, result: object, *, is_error: bool = False) -> Conversation:
        """The answer to a call, named after it. Results of the calls of one turn gather in one
        message behind them. `result` is words, parts, or anything that JSON takes."""
        name = next((call.name for call in self._calls() if call.call_id == call_id), "")
        last = self.messages[-1] if self.messages else None
        if last is None or last.role != "tool":
            tool = Message(role="tool")
            return self.add(tool.with_tool_result(call_id, result, name=name, is_error=is_error))
        return self._instead(last.with_tool_result(call_id, result, name=name, is_error=is_error))

    @property
    def open_calls(self) -> tuple[ToolCallPart, ...]:
        """Calls that no result answers yet."""
        parts = [part for message in self.messages for part in message.parts]
        answered = {part.call_id for part in parts if isinstance(part, ToolResultPart)}
        return tuple(call for call in self._calls() if call.call_id not in answered)

    def _calls(self) -> Iterator[ToolCallPart]:
        for message in reversed(self.messages):
            yield from (part for part in message.parts if isinstance(part, ToolCallPart))

    def _instead(self, message: Message) -> Conversation:
        return msgspec.structs.replace(self, messages=(*self.messages[:-1], message))

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)

    def __len__(self) -> int:
        return len(self.messages)
