"""Chunks of Chat Completions as our events, with what other servers do differently.

Missing ids, tool calls without an index or with one index for all, arguments as an object, whole
calls repeated, thinking under three names, content as a list, usage on every chunk or apart,
"stop" after tool calls, no `[DONE]`: all of it is met in the wild and read as it was meant.
"""

from __future__ import annotations

from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import Citation, TextPart
from chatbench.core.streams import PartEnd, PartStart, Stop, StreamEvent, Unknown, UsageUpdate
from chatbench.core.usage import Usage
from chatbench.providers.decoding import any_json, as_text, invalid, peek_json, read_json
from chatbench.providers.openai_chat.alternative import STOPS, Alternative
from chatbench.providers.openai_chat.chunks import Choice, Chunk, Delta, read_chunk, usage_of
from chatbench.providers.openai_chat.naming import named
from chatbench.providers.sse import ServerEvent
from chatbench.providers.wire import interrupted

WAV = "audio/wav"
_DEFAULT_NAMES = frozenset({"", "message", "error", "data"})


class ChunkDecoder:
    """Assembles the parts of each choice; a new part begins where the kind of words changes."""

    def __init__(self, endpoint: Endpoint, sound: str = WAV) -> None:
        """`sound` is the media type of spoken answers, which the answer itself does not tell."""
        self._endpoint = endpoint
        self._sound = sound
        self._choices: dict[int, Alternative] = {}
        self._usage: Usage | None = None
        self._id = ""
        self._model = ""
        self._created: int | None = None
        self._fingerprint = ""
        self._tier = ""
        self._sources: tuple[Citation, ...] = ()
        self._done = False
        self._stopped = False

    def feed(self, event: ServerEvent) -> list[StreamEvent]:
        data = event.data
        if data == b"[DONE]":
            self._done = True
            return self.end()
        if not data or self._stopped:
            return []
        if event.event not in _DEFAULT_NAMES:
            return [Unknown(event.event, read_json(any_json, data, self._endpoint))]
        return self.take(read_chunk(data, self._endpoint), data)

    def finish(self) -> list[StreamEvent]:
        """A finish reason is an end too: not every server says `[DONE]`."""
        ends = [choice.finish for choice in self._choices.values()]
        if not self._done and not (ends and all(ends)):
            raise interrupted(self._endpoint)
        return self.end()

    def take(self, chunk: Chunk, data: bytes) -> list[StreamEvent]:
        """The events of one chunk; raises the error it may hold."""
        failed = chunk.error or (chunk.x_groq.error if chunk.x_groq else None)
        if failed or chunk.object == "error":
            raise named({"error": failed} if failed else peek_json(data), self._endpoint)
        events: list[StreamEvent] = []
        if not (self._id and self._model) or chunk.service_tier or chunk.system_fingerprint:
            self._take_head(chunk)
        if chunk.choices:
            for choice in chunk.choices:
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

    def _take_head(self, chunk: Chunk) -> None:
        self._id = self._id or chunk.id or ""
        self._model = self._model or chunk.model or ""
        if self._created is None and chunk.created:
            self._created = int(chunk.created)
        # The tier that was used is told late, after "auto".
        self._tier = chunk.service_tier or self._tier
        self._fingerprint = chunk.system_fingerprint or self._fingerprint

    def _take_choice(self, choice: Choice, events: list[StreamEvent]) -> None:
        number = choice.index or 0
        alternative = self._choices.get(number)
        if alternative is None:
            alternative = self._choices[number] = Alternative(number, self._endpoint.id, self._sound)
        delta = choice.delta or choice.message
        if delta is not None:
            alternative.take(delta, events)
        if choice.logprobs is not None:
            alternative.take_logprobs(choice.logprobs, events)
        if choice.finish_reason:
            if choice.finish_reason == "error":
                raise named({}, self._endpoint)
            alternative.finish = choice.finish_reason

    def end(self) -> list[StreamEvent]:
        """The events that close every part and every choice; none the second time."""
        if self._stopped:
            return []
        self._stopped = True
        events: list[StreamEvent] = []
        choices = sorted(self._choices.items()) or [(0, Alternative(0, self._endpoint.id, self._sound))]
        for number, choice in choices:
            choice.end(self._sources, events)
            events.append(self._stop(choice, number))
        return events

    def _stop(self, choice: Alternative, number: int) -> Stop:
        return Stop(
            choice.reason,
            choice.finish,
            self._id,
            self._model,
            number,
            self._created,
            self._fingerprint,
            self._tier,
        )


def whole(body: bytes, endpoint: Endpoint, sound: str = WAV) -> list[StreamEvent]:
    """The events of an answer that was not streamed. Raises InvalidResponse."""
    chunk = read_chunk(body, endpoint)
    if (events := _plain(chunk)) is not None:
        return events
    choices = chunk.choices or ()
    if len({choice.index for choice in choices}) < len(choices):
        for number, choice in enumerate(choices):
            choice.index = number
    decoder = ChunkDecoder(endpoint, sound)
    events = decoder.take(chunk, body)
    if not choices:
        raise invalid(endpoint, body)
    return events + decoder.end()


def _plain(chunk: Chunk) -> list[StreamEvent] | None:
    """The usual answer, fast: one choice that is nothing but words. None for any other."""
    if chunk.choices is None or len(chunk.choices) != 1:
        return None
    if chunk.error or chunk.search_results or chunk.citations or chunk.object == "error":
        return None
    choice, told, extra = chunk.choices[0], chunk.usage, chunk.x_groq
    message, reason = choice.message, STOPS.get(choice.finish_reason or "stop")
    if message is None or reason is None or choice.index or choice.logprobs or choice.delta:
        return None
    text = message.content
    if type(text) is not str or not text or extra is not None and (extra.error or extra.usage):
        return None
    if _holds_more(message):
        return None
    events: list[StreamEvent] = [PartStart(0, TextPart(text=text)), PartEnd(0)]
    if told is not None:
        events.append(UsageUpdate(usage_of(told)))
    created = int(chunk.created) if chunk.created else None
    events.append(
        Stop(
            reason,
            choice.finish_reason or "",
            chunk.id or "",
            chunk.model or "",
            0,
            created,
            chunk.system_fingerprint or "",
            chunk.service_tier or "",
        )
    )
    return events


def _holds_more(message: Delta) -> bool:
    """Whether there is anything beside words in the message."""
    return bool(
        message.reasoning
        or message.reasoning_content
        or message.reasoning_details
        or message.refusal
        or message.tool_calls
        or message.function_call
        or message.annotations
        or message.images
        or message.audio
    )


def _sources(chunk: Chunk) -> tuple[Citation, ...]:
    """Perplexity's sources, which the words cite by number."""
    if chunk.search_results:
        return tuple(
            Citation(url=as_text(found.get("url")), title=as_text(found.get("title")))
            for found in chunk.search_results
        )
    return tuple(Citation(url=url) for url in chunk.citations or () if isinstance(url, str))
