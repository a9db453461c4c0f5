"""Conversations built step by step, and turned into the vendors' shapes and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

import chatbench.client.media  # noqa: F401  (lets messages take paths, addresses and bytes)
from chatbench.client.transcripts import Shape, read, shape_of, write
from chatbench.core.messages import Message, ToolCallPart, ToolResultPart, Value
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.params import CachePattern
from chatbench.core.requests import Request
from chatbench.core.transcripts import Loss, Turns


class Conversation(Value, frozen=True):
    """Messages in order. Every method gives a new conversation and leaves this one as it is.

    `Conversation.user("What is this?", image="cat.png").add(Message.assistant("A cat."))`
    """

    messages: tuple[Message, ...] = ()
    losses: tuple[Loss, ...] = ()
    """What reading it from a vendor's shape could not keep."""

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
        losses = more.losses if isinstance(more, Conversation) else ()
        return msgspec.structs.replace(self, messages=(*self.messages, *new), losses=(*self.losses, *losses))

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

    def count_tokens(self, max_new_tokens: int = 0, model: str = "") -> int:
        """About how many tokens it takes, with room for `max_new_tokens` of an answer. `model`
        (provider/model-id) decides how pictures count. For the provider's own count see
        `chatbench.client.tokens.count_tokens`."""
        from chatbench.client.tokens import estimated

        provider, _, name = model.partition("/")
        ref = ModelRef(provider, name) if provider and name else ModelRef("any", model.strip("/") or "any")
        request = Request(model=ref, messages=self.messages)
        return estimated(request, ModelInfo(ref=ref)).tokens + max_new_tokens

    @property
    def open_calls(self) -> tuple[ToolCallPart, ...]:
        """Calls that no result answers yet."""
        parts = [part for message in self.messages for part in message.parts]
        answered = {part.call_id for part in parts if isinstance(part, ToolResultPart)}
        return tuple(
            part for part in parts if isinstance(part, ToolCallPart) and part.call_id not in answered
        )

    def _calls(self) -> Iterator[ToolCallPart]:
        for message in reversed(self.messages):
            yield from (part for part in message.parts if isinstance(part, ToolCallPart))

    def _instead(self, message: Message) -> Conversation:
        return msgspec.structs.replace(self, messages=(*self.messages[:-1], message))

    # ---- vendors' shapes. `provider` is whose ids and signatures are sent along; `losses` of what
    # is returned names everything that the shape has no place for.

    def to_openai(self, provider: str = "openai") -> Turns:
        """Messages of Chat Completions, system messages among them."""
        return write("openai_chat", self.messages, provider)[1]

    def to_openai_responses(self, provider: str = "openai") -> Turns:
        """Items of Responses, system messages among them."""
        return write("openai_responses", self.messages, provider)[1]

    def to_anthropic(
        self, cache_pattern: CachePattern | None = None, provider: str = "anthropic"
    ) -> tuple[Any, Turns]:
        """System prompt (None, text, or blocks where the cache is marked) and messages."""
        return write("anthropic", self.messages, provider, cache_pattern)

    def to_gemini(self, provider: str = "gemini") -> tuple[str | None, Turns]:
        """System prompt and contents."""
        return write("gemini", self.messages, provider)

    @classmethod
    def from_openai_chat(
        cls, messages: Iterable[Mapping[str, Any]], provider: str = "openai"
    ) -> Conversation:
        """Raises FormatError, naming the message; so do the others."""
        return cls._read("openai_chat", messages, None, provider)

    @classmethod
    def from_openai_responses(
        cls, items: Iterable[Mapping[str, Any]], provider: str = "openai"
    ) -> Conversation:
        return cls._read("openai_responses", items, None, provider)

    @classmethod
    def from_anthropic(
        cls, messages: Iterable[Mapping[str, Any]], system: Any = None, provider: str = "anthropic"
    ) -> Conversation:
        """`system` in words or blocks."""
        return cls._read("anthropic", messages, system, provider)

    @classmethod
    def from_gemini(
        cls, contents: Iterable[Mapping[str, Any]], system: Any = None, provider: str = "gemini"
    ) -> Conversation:
        """`system` in words or as a content; names in camelCase or snake_case."""
        return cls._read("gemini", contents, system, provider)

    @classmethod
    def from_unknown(cls, turns: Iterable[Mapping[str, Any]], system: Any = None) -> Conversation:
        """Of whatever shape it is. What looks the same in several is read as Chat Completions."""
        given: Any = turns
        given = list(given) if isinstance(given, Iterable) else given
        shape = shape_of(given)
        conversation = cls._read(shape, given, system, None)
        if system is not None and shape.startswith("openai"):
            return cls.system(str(system)).add(conversation)
        return conversation

    @classmethod
    def _read(
        cls, shape: Shape, turns: Iterable[Mapping[str, Any]], system: Any, provider: str | None
    ) -> Conversation:
        reading = read(shape, turns, system, provider)
        return cls(messages=reading.messages, losses=reading.losses)

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)

    def __len__(self) -> int:
        return len(self.messages)
