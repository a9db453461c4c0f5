"""Chunks of Chat Completions as our events, with what other servers do differently.

Missing ids, tool calls without an index or with one index for all, arguments as an object, whole
calls repeated, thinking under three names, content as a list, usage on every chunk or apart,
"stop" after tool calls, no `[DONE]`: all of it is met in the wild and read as it was meant.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.ids import new_id
from chatbench.core.messages import (
    Citation,
    ImagePart,
    InlineData,
    MediaSource,
    Part,
    ProviderState,
    RefusalPart,
    RemoteUrl,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from chatbench.core.requests import StopReason
from chatbench.core.streams import PartDelta, PartEnd, PartStart, Stop, StreamEvent, Unknown, UsageUpdate
from chatbench.core.usage import Usage
from chatbench.providers.decoding import any_json, invalid, peek_json, read_json
from chatbench.providers.openai_chat.chunks import Choice, Chunk, Delta, ToolCall, read_chunk, usage_of
from chatbench.providers.openai_chat.naming import named
from chatbench.providers.sse import ServerEvent
from chatbench.providers.wire import interrupted

JsonObject = dict[str, Any]

_STOPS: dict[str, StopReason] = {
    "stop": "end",
    "eos": "end",
    "length": "max_tokens",
    "max_tokens": "max_tokens",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "model_length": "context_window",
    "refusal": "refusal",
}
_DEFAULT_NAMES = frozenset({"", "message", "error", "data"})


class ChunkDecoder:
    """Assembles the parts of each choice; a new part begins where the kind of words changes."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._choices: dict[int, _Alternative] = {}
        self._usage: Usage | None = None
        self._id = ""
        self._model = ""
        self._sources: tuple[Citation, ...] = ()
        self._done = False
        self._stopped = False

    def feed(self, event: ServerEvent) -> list[StreamEvent]:
        data = event.data
        if data == b"[DONE]":
            self._done = True
            return self._end()
        if not data or self._stopped:
            return []
        if event.event not in _DEFAULT_NAMES:
            return [Unknown(event.event, read_json(any_json, data, self._endpoint))]
        return self.take(read_chunk(data, self._endpoint), data)

    def finish(self) -> list[StreamEvent]:
        """A finish reason is an end too: not every server says `[DONE]`."""
        if not self._done and not any(choice.finish for choice in self._choices.values()):
            raise interrupted(self._endpoint)
        return self._end()

    def take(self, chunk: Chunk, data: bytes) -> list[StreamEvent]:
        """The events of one chunk; raises the error it may hold."""
        failed = chunk.error or (chunk.x_groq.error if chunk.x_groq else None)
        if failed or chunk.object == "error":
            raise named({"error": failed} if failed else peek_json(data), self._endpoint)
        events: list[StreamEvent] = []
        if chunk.id and not self._id:
            self._id = chunk.id
        if chunk.model and not self._model:
            self._model = chunk.model
        for choice in chunk.choices or ():
            self._take_choice(choice, events)
        told = chunk.usage or (chunk.x_groq.usage if chunk.x_groq else None)
        if told is not None:
            usage = usage_of(told)
            if usage != self._usage:
                self._usage = usage
                events.append(UsageUpdate(usage))
        if chunk.search_results or chunk.citations:
            self._sources = _sources(chunk)
        if chunk.choices is None and told is None:
            events.append(Unknown(chunk.object or "chunk", peek_json(data)))
        return events

    def _take_choice(self, choice: Choice, events: list[StreamEvent]) -> None:
        number = choice.index or 0
        alternative = self._choices.get(number)
        if alternative is None:
            alternative = self._choices[number] = _Alternative(number, self._endpoint.id)
        delta = choice.delta or choice.message
        if delta is not None:
            alternative.take(delta, events)
        if choice.finish_reason:
            if choice.finish_reason == "error":
                raise named({}, self._endpoint)
            alternative.finish = choice.finish_reason

    def _end(self) -> list[StreamEvent]:
        if self._stopped:
            return []
        self._stopped = True
        events: list[StreamEvent] = []
        for number, choice in sorted(self._choices.items() or [(0, _Alternative(0, self._endpoint.id))]):
            choice.end(self._sources, events)
            events.append(
                Stop(
                    choice.reason,
                    choice.finish,
                    response_id=self._id,
                    model_answered=self._model,
                    choice=number,
                )
            )
        return events


def whole(body: bytes, endpoint: Endpoint) -> list[StreamEvent]:
    """The events of an answer that was not streamed. Raises InvalidResponse."""
    chunk = read_chunk(body, endpoint)
    decoder = ChunkDecoder(endpoint)
    events = decoder.take(chunk, body)
    if not chunk.choices:
        raise invalid(endpoint, body)
    return [*events, *decoder.feed(ServerEvent("", b"[DONE]"))]


class _Call:
    """A tool call that is being told. `index` is its part's."""

    def __init__(self, index: int, call_id: str, name: str, state: ProviderState) -> None:
        self.index = index
        self.id = call_id
        self.name = name
        self.state = state
        self.arguments: list[str] = []

    def part(self) -> ToolCallPart:
        text = "".join(self.arguments)
        return ToolCallPart(
            call_id=self.id or new_id(), name=self.name, arguments=text, provider_state=self.state
        )


class _Alternative:
    """One choice: which part is open, which were begun."""

    def __init__(self, number: int, provider: str) -> None:
        self._number = number
        self._provider = provider
        self._next = 0
        self._kind = ""
        self._index = -1
        self._thinking = -1
        self._texts: list[int] = []
        self._calls: list[_Call] = []
        self._by_place: dict[int, _Call] = {}
        self._details: list[JsonObject] = []
        self._refused = False
        self.finish = ""

    @property
    def reason(self) -> StopReason:
        reason = _STOPS.get(self.finish, "other" if self.finish else "end")
        if reason == "end" and self._calls:
            return "tool_calls"
        return "refusal" if reason == "end" and self._refused else reason

    def take(self, delta: Delta, events: list[StreamEvent]) -> None:
        thought = delta.reasoning_content or delta.reasoning
        if thought:
            state = {"field": "reasoning_content" if delta.reasoning_content else "reasoning"}
            self._words("thinking", thought, events, state)
        if delta.reasoning_details:
            self._take_details(delta.reasoning_details, events, silent=bool(thought))
        content = delta.content
        if content:
            if isinstance(content, str):
                if self._kind == "text":
                    events.append(PartDelta(self._index, content, choice=self._number))
                else:
                    self._words("text", content, events)
            else:
                self._take_list(content, events)
        if delta.refusal:
            self._refused = True
            self._words("refusal", delta.refusal, events)
        for call in delta.tool_calls or ():
            self._take_call(call, events)
        for image in delta.images or ():
            self._take_image(image, events)
        for note in delta.annotations or ():
            self._take_annotation(note, events)

    def _open(self, kind: str, part: Part, events: list[StreamEvent]) -> int:
        self._close(events)
        self._kind, self._index = kind, self._next
        self._next += 1
        events.append(PartStart(self._index, part, choice=self._number))
        return self._index

    def _close(self, events: list[StreamEvent]) -> None:
        if self._kind:
            events.append(PartEnd(self._index, choice=self._number))
        self._kind = ""

    def _words(
        self, kind: str, text: str, events: list[StreamEvent], state: ProviderState | None = None
    ) -> None:
        if self._kind != kind:
            part: Part
            if kind == "thinking":
                part = ThinkingPart(provider_state={"provider": self._provider, **(state or {})})
            else:
                part = RefusalPart() if kind == "refusal" else TextPart()
            index = self._open(kind, part, events)
            if kind == "thinking" and self._thinking < 0:
                self._thinking = index
            elif kind == "text":
                self._texts.append(index)
        events.append(PartDelta(self._index, text, choice=self._number))

    def _take_list(self, content: list[Any], events: list[StreamEvent]) -> None:
        """Mistral's chunks: words and thinking in one list."""
        for item in content:
            kind = item.get("type") if isinstance(item, dict) else None
            if kind == "text":
                if text := _text(item.get("text")):
                    self._words("text", text, events)
            elif kind == "thinking":
                kept = {name: value for name, value in item.items() if name not in ("type", "thinking")}
                inner = item.get("thinking")
                pieces = inner if isinstance(inner, list) else [{"text": inner}]
                text = "".join(_text(piece.get("text")) for piece in pieces if isinstance(piece, dict))
                if text:
                    self._words("thinking", text, events, {"chunk": kept})
                if kept and self._kind == "thinking":
                    state = {"chunk": kept}
                    events.append(PartDelta(self._index, provider_state=state, choice=self._number))
            else:
                events.append(Unknown(str(kind or "content"), item, choice=self._number))

    def _take_details(self, details: list[JsonObject], events: list[StreamEvent], *, silent: bool) -> None:
        """OpenRouter's details, put together by index as they must go back. Their words are shown
        only where the same were not in `reasoning`."""
        for detail in details:
            if not silent and (text := _text(detail.get("text")) or _text(detail.get("summary"))):
                self._words("thinking", text, events)
            place = detail.get("type"), detail.get("index")
            last = next((d for d in self._details if (d.get("type"), d.get("index")) == place), None)
            if last is None:
                self._details.append(dict(detail))
                continue
            for name, value in detail.items():
                if name in ("text", "summary", "data") and isinstance(value, str):
                    last[name] = f"{last.get(name) or ''}{value}"
                elif value is not None:
                    last[name] = value

    def _take_call(self, told: ToolCall, events: list[StreamEvent]) -> None:
        call = self._known(told)
        function = told.function
        name = (function.name or "") if function else ""
        arguments = function.arguments if function else None
        text = arguments if isinstance(arguments, str) else ""
        if isinstance(arguments, dict):
            text = msgspec.json.encode(arguments).decode()
        if call is None:
            state: ProviderState = {"provider": self._provider}
            if told.extra_content:
                state["extra_content"] = told.extra_content
            part = ToolCallPart(call_id=told.id or new_id(), name=name, provider_state=state)
            call = _Call(self._open("", part, events), part.call_id, name, state)
            self._calls.append(call)
            if told.index is not None:
                self._by_place[told.index] = call
        elif told.id and text and "".join(call.arguments) == text and _is_object(text):
            # The whole call is told again at its end.
            return
        call.name = call.name or name
        if text:
            call.arguments.append(text)
            events.append(PartDelta(call.index, text, choice=self._number))

    def _known(self, told: ToolCall) -> _Call | None:
        """The call that a fragment belongs to; None for a new one."""
        if told.id:
            return next((call for call in self._calls if call.id == told.id), None)
        if told.index is not None:
            return self._by_place.get(told.index)
        if told.function and told.function.name:
            return None
        return self._calls[-1] if self._calls else None

    def _take_image(self, told: JsonObject, events: list[StreamEvent]) -> None:
        url = told.get("image_url")
        source = _picture(url.get("url") if isinstance(url, dict) else url)
        if source is None:
            events.append(Unknown("image", told, choice=self._number))
            return
        self._open("", ImagePart(source=source[0], media_type=source[1]), events)

    def _take_annotation(self, told: JsonObject, events: list[StreamEvent]) -> None:
        cited = told.get("url_citation")
        if not isinstance(cited, dict) or not self._texts:
            events.append(Unknown(str(told.get("type", "annotation")), told, choice=self._number))
            return
        citation = Citation(
            url=_text(cited.get("url")),
            title=_text(cited.get("title")),
            cited_text=_text(cited.get("content")),
            start=_offset(cited.get("start_index")),
            end=_offset(cited.get("end_index")),
        )
        events.append(PartDelta(self._texts[-1], citation=citation, choice=self._number))

    def end(self, sources: tuple[Citation, ...], events: list[StreamEvent]) -> None:
        """What can be said only at the end: finished calls, what goes back, the sources."""
        self._close(events)
        events.extend(PartEnd(call.index, call.part(), choice=self._number) for call in self._calls)
        if self._details:
            state = {"provider": self._provider, "reasoning_details": self._details}
            if self._thinking < 0:
                self._open("", ThinkingPart(redacted=True, provider_state=state), events)
            else:
                events.append(PartDelta(self._thinking, provider_state=state, choice=self._number))
        if self._texts:
            last, number = self._texts[-1], self._number
            events.extend(PartDelta(last, citation=source, choice=number) for source in sources)


def _sources(chunk: Chunk) -> tuple[Citation, ...]:
    """Perplexity's sources, which the words cite by number."""
    if chunk.search_results:
        return tuple(
            Citation(url=_text(found.get("url")), title=_text(found.get("title")))
            for found in chunk.search_results
        )
    return tuple(Citation(url=url) for url in chunk.citations or () if isinstance(url, str))


def _picture(url: Any) -> tuple[MediaSource, str] | None:
    if not isinstance(url, str) or not url:
        return None
    if not url.startswith("data:"):
        return RemoteUrl(url=url), "image/png"
    head, _, data = url.removeprefix("data:").partition(",")
    try:
        return InlineData(data=base64.b64decode(data, validate=True)), head.split(";")[0] or "image/png"
    except (binascii.Error, ValueError):
        return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _offset(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _is_object(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (msgspec.MsgspecError, RecursionError):
        return False
