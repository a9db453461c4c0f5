"""Gemini's chunks as our events (google-genai 3.4.0: types.py GenerateContentResponse, Candidate, Part)."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ContentPolicy
from chatbench.core.messages import (
    AudioPart,
    Citation,
    FilePart,
    ImagePart,
    InlineData,
    Part,
    ProviderState,
    RemoteUrl,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    UnknownPart,
    VideoPart,
)
from chatbench.core.requests import StopReason
from chatbench.core.streams import (
    Logprobs,
    PartDelta,
    PartEnd,
    PartStart,
    Stop,
    StreamEvent,
    Unknown,
    UsageUpdate,
)
from chatbench.providers.decoding import any_json, invalid, read_json
from chatbench.providers.gemini.chunks import (
    ABSENT,
    Blob,
    Candidate,
    Chunk,
    ChunkPart,
    CitationMetadata,
    Grounding,
    Recited,
    Segment,
    chunk_decoder,
)
from chatbench.providers.gemini.naming import named
from chatbench.providers.sse import ServerEvent
from chatbench.providers.wire import interrupted

_FILTERED = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "MODEL_ARMOR",
    }
)
_STOPS: dict[str, StopReason] = {"STOP": "end", "MAX_TOKENS": "max_tokens", "CONTINUATION": "pause"}


_KINDS: dict[str, type[ImagePart | AudioPart | VideoPart]] = {
    "image": ImagePart,
    "audio": AudioPart,
    "video": VideoPart,
}


class _Choice:
    """One candidate while it grows: at most one part is open, and pieces of its kind join it."""

    def __init__(self) -> None:
        self.next = 0
        self.open: int | None = None
        self.kind: type[TextPart] | type[ThinkingPart] | None = None
        self.length = 0
        self.signed: list[dict[str, Any]] = []
        self.texts: dict[int, list[str]] = {}
        self.recited: list[Recited] = []
        self.calls = 0
        self.stopped = False


class ChunkDecoder:
    """Joins the pieces of each candidate into parts.

    A signature belongs to the piece it came with: the part keeps which characters were signed,
    under "signed" in its state, so that exactly that piece can be sent back with it.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._choices: dict[int, _Choice] = {}
        self._searches = 0
        self._response_id = ""
        self._model = ""

    def feed(self, event: ServerEvent) -> list[StreamEvent]:
        return self.chunk(event.data)

    def chunk(self, data: bytes) -> list[StreamEvent]:
        """The events of one chunk, or of a whole answer. Raises the error it may carry."""
        chunk = read_json(chunk_decoder, data, self._endpoint)
        self._response_id = chunk.response_id or self._response_id
        self._model = chunk.model_version or self._model
        if chunk.error != ABSENT or (chunk.prompt_feedback and not chunk.candidates):
            self._refuse(chunk, data)
        events: list[StreamEvent] = []
        stops: list[StreamEvent] = []
        for position, candidate in enumerate(chunk.candidates or ()):
            number = position if candidate.index is None else candidate.index
            choice = self._choices.setdefault(number, _Choice())
            if candidate.content is not None:
                for place, part in enumerate(candidate.content.parts or ()):
                    self._piece(events, choice, number, part, (data, position, place))
            self._beside(events, choice, number, candidate)
            if candidate.finish_reason:
                self._close(events, choice, number)
                choice.stopped = True
                stops.append(self._stop(candidate, choice, number, chunk))
        if chunk.usage_metadata is not None:
            events.append(UsageUpdate(chunk.usage_metadata.normalised(self._searches)))
        return events + stops if stops else events

    def finish(self) -> list[StreamEvent]:
        if not self._choices or not all(choice.stopped for choice in self._choices.values()):
            raise interrupted(self._endpoint)
        return []

    def _refuse(self, chunk: Chunk, data: bytes) -> None:
        if chunk.error != ABSENT:
            raise named(read_json(any_json, data, self._endpoint), self._endpoint)
        feedback = chunk.prompt_feedback
        if feedback and feedback.block_reason:
            raise ContentPolicy(
                f"{self._endpoint.name} will not answer this ({feedback.block_reason}).",
                feedback.block_reason_message or "Put the question differently, or ask another model.",
                provider=self._endpoint.id,
                raw=data[:4000].decode("utf-8", "replace"),
                request_id=self._response_id,
            )

    def _piece(
        self,
        events: list[StreamEvent],
        choice: _Choice,
        number: int,
        part: ChunkPart,
        place: tuple[bytes, int, int],
    ) -> None:
        if part.text is None and part.thought_signature and not self._other_fields(place):
            part.text = ""
        if part.text is None:
            self._close(events, choice, number)
            self._append(events, choice, number, self._whole_part(choice, part, place))
            return
        kind = ThinkingPart if part.thought else TextPart
        if choice.kind is not kind or choice.open is None:
            if not part.text and not part.thought_signature:
                return
            self._close(events, choice, number)
            choice.open, choice.kind = choice.next, kind
            choice.next += 1
            choice.length, choice.signed = 0, []
            events.append(PartStart(choice.open, kind(), number))
        state: ProviderState | None = None
        end = choice.length + len(part.text)
        if part.thought_signature:
            piece = {"start": choice.length, "end": end, "signature": part.thought_signature}
            choice.signed = [*choice.signed, piece]
            state = {"provider": self._endpoint.id, "signed": choice.signed}
        choice.length = end
        if kind is TextPart:
            choice.texts.setdefault(choice.open, []).append(part.text)
        events.append(PartDelta(choice.open, part.text, None, state, number))

    def _append(self, events: list[StreamEvent], choice: _Choice, number: int, part: Part) -> None:
        events.append(PartStart(choice.next, part, number))
        events.append(PartEnd(choice.next, None, number))
        choice.next += 1

    def _close(self, events: list[StreamEvent], choice: _Choice, number: int) -> None:
        if choice.open is not None:
            events.append(PartEnd(choice.open, None, number))
            choice.open = None

    def _whole_part(self, choice: _Choice, part: ChunkPart, place: tuple[bytes, int, int]) -> Part:
        state: ProviderState = {"provider": self._endpoint.id}
        if part.thought_signature:
            state["signature"] = part.thought_signature
        call = part.function_call
        if call is not None and call.name:
            choice.calls += 1
            if call.id:
                state["id"] = call.id
            return ToolCallPart(
                call_id=call.id or f"{self._response_id or 'call'}-{choice.next}",
                name=call.name,
                arguments="{}" if call.args == ABSENT else bytes(call.args).decode(),
                provider_state=state,
            )
        if part.inline_data is not None:
            media = _inline(part.inline_data, state)
            if media is not None:
                return media
        if part.file_data is not None and part.file_data.file_uri:
            source = RemoteUrl(url=part.file_data.file_uri)
            return _media(source, part.file_data.mime_type, 0, state)
        kind = next(iter(self._other_fields(place)), "")
        return UnknownPart(kind=kind, data=self._raw(place), provider_state=state)

    def _raw(self, place: tuple[bytes, int, int]) -> dict[str, Any]:
        data, candidate, position = place
        chunk = read_json(any_json, data, self._endpoint)
        part: dict[str, Any] = chunk["candidates"][candidate]["content"]["parts"][position]
        return part

    def _other_fields(self, place: tuple[bytes, int, int]) -> list[str]:
        return [name for name in self._raw(place) if name not in {"thought", "thoughtSignature"}]

    def _beside(self, events: list[StreamEvent], choice: _Choice, number: int, candidate: Candidate) -> None:
        """What is told of the words, and not with them."""
        if candidate.logprobs_result is not None and (tokens := candidate.logprobs_result.typed()):
            events.append(Logprobs(tokens, number))
        if candidate.grounding_metadata is not None:
            self._grounded(events, choice, number, candidate.grounding_metadata)
        if candidate.citation_metadata is not None:
            self._recited(events, choice, number, candidate.citation_metadata)

    def _recited(
        self, events: list[StreamEvent], choice: _Choice, number: int, metadata: CitationMetadata
    ) -> None:
        """Citations for the last text part of what the answer took from elsewhere, each once."""
        if not choice.texts:
            return
        index = max(choice.texts)
        text = "".join(choice.texts[index]).encode("utf-8", "surrogatepass")
        for found in metadata.citations or ():
            if found not in choice.recited:
                choice.recited.append(found)
                end = None if found.end_index is None else _characters(text, found.end_index)
                start = _characters(text, found.start_index or 0)
                citation = Citation(url=found.uri or "", title=found.title or "", start=start, end=end)
                events.append(PartDelta(index, citation=citation, choice=number))

    def _grounded(
        self, events: list[StreamEvent], choice: _Choice, number: int, grounding: Grounding
    ) -> None:
        """Citations for the last text part; Gemini counts its offsets in UTF-8 bytes."""
        self._searches = max(self._searches, len(grounding.web_search_queries or ()))
        events.append(Unknown("groundingMetadata", msgspec.to_builtins(grounding), number))
        if not choice.texts:
            return
        index = max(choice.texts)
        text = "".join(choice.texts[index]).encode("utf-8", "surrogatepass")
        sources = grounding.grounding_chunks or []
        for support in grounding.grounding_supports or ():
            segment = support.segment or Segment()
            start, end = _characters(text, segment.start_index or 0), None
            if segment.end_index is not None:
                end = _characters(text, segment.end_index)
            for position in support.grounding_chunk_indices or ():
                source = sources[position].source if 0 <= position < len(sources) else None
                if source is not None:
                    citation = Citation(
                        url=source.uri or "",
                        title=source.title or "",
                        cited_text=source.text or "",
                        start=start,
                        end=end,
                    )
                    events.append(PartDelta(index, citation=citation, choice=number))

    def _stop(self, candidate: Candidate, choice: _Choice, number: int, chunk: Chunk) -> Stop:
        word = candidate.finish_reason or ""
        reason = "content_filter" if word in _FILTERED else _STOPS.get(word, "other")
        if reason == "end" and choice.calls:
            reason = "tool_calls"
        detail = candidate.finish_message or word
        tier = chunk.usage_metadata.tier if chunk.usage_metadata else ""
        return Stop(
            reason,
            detail,
            self._response_id,
            self._model,
            number,
            created=chunk.created,
            service_tier=tier,
        )


def whole(body: bytes, endpoint: Endpoint) -> list[StreamEvent]:
    """The events of an answer that was not streamed, or of a stream sent as a JSON list."""
    value = read_json(any_json, body, endpoint)
    if isinstance(value, list) and value:
        pieces = [msgspec.json.encode(item) for item in value]
    elif isinstance(value, dict) and {"candidates", "promptFeedback", "error"} & value.keys():
        pieces = [body]
    else:
        raise invalid(endpoint, body)
    decoder = ChunkDecoder(endpoint)
    events = [event for piece in pieces for event in decoder.chunk(piece)]
    events.extend(decoder.finish())
    return events


def _characters(text: bytes, offset: int) -> int:
    return len(text[: max(0, offset)].decode("utf-8", "ignore"))


def _inline(blob: Blob, state: ProviderState) -> Part | None:
    try:
        data = base64.b64decode(blob.data, validate=True)
    except (binascii.Error, ValueError):
        return None
    return _media(InlineData(data=data), blob.mime_type, len(data), state)


def _media(source: InlineData | RemoteUrl, media_type: str, size: int, state: ProviderState) -> Part:
    media_type = media_type or "application/octet-stream"
    kind = _KINDS.get(media_type.partition("/")[0], FilePart)
    return kind(source=source, media_type=media_type, size=size, provider_state=state)
