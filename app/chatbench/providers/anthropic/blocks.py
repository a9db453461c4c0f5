"""Messages as Anthropic's turns of blocks (anthropic 2.11.0: types/message_param.py and its parts)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import (
    FilePart,
    ImagePart,
    InlineData,
    MediaPart,
    Message,
    Part,
    RefusalPart,
    RemoteUrl,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    UnknownPart,
)
from chatbench.core.requests import Request
from chatbench.providers.encoding import (
    arguments_of,
    base64_of,
    is_text,
    media_source,
    refused_media,
    state_for,
)
from chatbench.providers.turns import paired

JsonObject = dict[str, Any]

IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
INSTRUCTING = ("system", "developer")
_VERSIONED = re.compile(r"claude-[a-z]+-(\d{1,2})(?:-(\d{1,2}))?(?![\d])")
_ON_DOCUMENTS = ("context", "citations")


def system_and_turns(request: Request, endpoint: Endpoint) -> tuple[str, list[JsonObject]]:
    """The system prompt and the turns. Raises BadRequest for media Anthropic has no block for.

    Instructions before the first word are the system prompt. Later ones stay in their place where
    the model takes them there; elsewhere they are added to the system prompt.
    """
    first = next((n for n, m in enumerate(request.messages) if m.role not in INSTRUCTING), None)
    rest = request.messages[first:] if first is not None else ()
    leading = request.messages[: len(request.messages) - len(rest)]
    system = [request.system, *(message.text for message in leading)]
    if not takes_instructions_later(request.model.id):
        system += [message.text for message in rest if message.role in INSTRUCTING]
        rest = tuple(message for message in rest if message.role not in INSTRUCTING)
    turns, homeless = _Turns(endpoint).of(rest)
    return "\n\n".join(text for text in (*system, *homeless) if text.strip()), turns


def takes_instructions_later(model_id: str) -> bool:
    """Whether a system message may stand within the conversation: from Claude 4.8 on."""
    found = _VERSIONED.search(model_id)
    return found is not None and (int(found[1]), int(found[2] or 0)) >= (4, 8)


class _Turns:
    """Turns by role, alternating; within a user's turn tool results stand first, as demanded.

    A picture in an answer cannot be sent back as one, so the next user turn shows it. Instructions
    may only follow a user's turn and only once, so they wait for the end of the next one.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._turns: list[JsonObject] = []
        self._shown: list[JsonObject] = []
        self._instructions: list[str] = []

    def of(self, messages: Sequence[Message]) -> tuple[list[JsonObject], list[str]]:
        """The turns, and the instructions that no user's turn follows."""
        for message in paired(messages):
            if message.role in INSTRUCTING:
                if message.text.strip():
                    self._instructions.append(message.text)
            elif message.role == "assistant":
                blocks = list(_answer_blocks(message.parts, self._shown, self._endpoint))
                self._append("assistant", blocks)
            else:
                shown, self._shown = self._shown, []
                self._append("user", [*shown, *_blocks(message.parts, self._endpoint)])
        self._append("user", self._shown)
        self._trim()
        self._instruct()
        return self._turns, self._instructions

    def _append(self, role: str, blocks: list[JsonObject]) -> None:
        if not blocks:
            return
        if role == "assistant":
            self._instruct()
        else:
            self._trim()
        if self._turns and self._turns[-1]["role"] == role:
            blocks = [*self._turns.pop()["content"], *blocks]
        if role == "user":
            blocks.sort(key=lambda block: block["type"] != "tool_result")
        self._turns.append({"role": role, "content": blocks})

    def _trim(self) -> None:
        """An answer that was stopped while thinking ends in a block that no turn may end with."""
        if not self._turns or self._turns[-1]["role"] != "assistant":
            return
        blocks = self._turns[-1]["content"]
        while blocks and blocks[-1]["type"] in {"thinking", "redacted_thinking"}:
            blocks.pop()
        if not blocks:
            self._turns.pop()
            if self._turns and self._turns[-1]["role"] == "system":
                waiting = self._turns.pop()["content"]
                self._instructions[:0] = [block["text"] for block in waiting]

    def _instruct(self) -> None:
        if self._instructions and self._turns and self._turns[-1]["role"] == "user":
            content = [{"type": "text", "text": text} for text in self._instructions]
            self._turns.append({"role": "system", "content": content})
            self._instructions = []


def _answer_blocks(
    parts: Sequence[Part], shown: list[JsonObject], endpoint: Endpoint
) -> Iterator[JsonObject]:
    for part in parts:
        match part:
            case ThinkingPart():
                yield from _thought(part, state_for(part, endpoint))
            case UnknownPart():
                yield from _as_it_came(part, endpoint)
            case ToolCallPart():
                state = state_for(part, endpoint)
                kept = {name: value for name, value in state.items() if name != "provider"}
                yield {**kept, **_tool_use(part)}
            case TextPart(text=text):
                if text.strip():
                    cited = state_for(part, endpoint).get("citations")
                    yield {"type": "text", "text": text, **({"citations": cited} if cited else {})}
            case RefusalPart(text=text):
                if text.strip():
                    yield {"type": "text", "text": text}
            case ToolResultPart():
                pass
            case _:
                shown.append(_media(part, endpoint))


def _thought(part: ThinkingPart, state: JsonObject) -> Iterator[JsonObject]:
    """A thinking block goes back as it came or, unsigned or from elsewhere, not at all."""
    if data := state.get("data"):
        yield {"type": "redacted_thinking", "data": data}
    elif signature := state.get("signature"):
        yield {"type": "thinking", "thinking": part.text, "signature": signature}


def _as_it_came(part: UnknownPart, endpoint: Endpoint) -> Iterator[JsonObject]:
    data = part.data
    if state_for(part, endpoint) and isinstance(data, dict) and isinstance(data.get("type"), str):
        yield data


def _blocks(parts: Sequence[Part], endpoint: Endpoint) -> Iterator[JsonObject]:
    for part in parts:
        match part:
            case TextPart(text=text) | RefusalPart(text=text):
                if text.strip():
                    yield {"type": "text", "text": text}
            case ToolResultPart():
                yield _tool_result(part, endpoint)
            case UnknownPart():
                yield from _as_it_came(part, endpoint)
            case ThinkingPart() | ToolCallPart():
                pass
            case _:
                yield _media(part, endpoint)


def _tool_use(part: ToolCallPart) -> JsonObject:
    return {"type": "tool_use", "id": part.call_id, "name": part.name, "input": arguments_of(part)}


def _tool_result(part: ToolResultPart, endpoint: Endpoint) -> JsonObject:
    result: JsonObject = {"type": "tool_result", "tool_use_id": part.call_id}
    if content := list(_blocks(part.parts, endpoint)):
        result["content"] = content
    if part.is_error:
        result["is_error"] = True
    return result


def _media(part: MediaPart, endpoint: Endpoint) -> JsonObject:
    """A picture or a document; a document's `context` and whether to cite it are in its state."""
    if isinstance(part, ImagePart):
        return {"type": "image", "source": _source(part, endpoint, part.media_type in IMAGES)}
    if not isinstance(part, FilePart):
        raise refused_media(part, endpoint, "pictures, PDF files and text")
    if is_text(part.media_type) and isinstance(part.source, InlineData):
        words = part.source.data.decode("utf-8", "replace")
        source: JsonObject = {"type": "text", "media_type": "text/plain", "data": words}
    else:
        source = _source(part, endpoint, part.media_type == "application/pdf")
    document: JsonObject = {"type": "document", "source": source}
    if part.name:
        document["title"] = part.name
    state = state_for(part, endpoint)
    document.update({name: state[name] for name in _ON_DOCUMENTS if name in state})
    return document


def _source(part: ImagePart | FilePart, endpoint: Endpoint, known: bool) -> JsonObject:
    source = media_source(part, endpoint)
    if isinstance(source, RemoteUrl):
        return {"type": "url", "url": source.url}
    if not isinstance(source, InlineData):
        return {"type": "file", "file_id": source.file_id}
    if not known:
        raise refused_media(part, endpoint, "PNG, JPEG, GIF and WebP pictures, PDF files and text")
    return {"type": "base64", "media_type": part.media_type, "data": base64_of(source)}
