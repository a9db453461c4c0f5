"""One alternative of a streamed chat completion: which part is open, which were begun."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from chatbench.core.ids import new_id
from chatbench.core.messages import (
    AudioPart,
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
from chatbench.core.streams import Logprobs, PartDelta, PartEnd, StreamEvent, Unknown
from chatbench.providers.decoding import UNREADABLE, OnePartAtATime, as_text, offset
from chatbench.providers.openai_chat.chunks import Audio, Delta, TokensTold, ToolCall, tokens_of

JsonObject = dict[str, Any]

STOPS: dict[str, StopReason] = {
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


class _Sound:
    """Speech that is being told: its words and its sound come in pieces."""

    def __init__(self, index: int, part: AudioPart) -> None:
        self.index = index
        self.part = part
        self.id = ""
        self.expires_at: int | None = None
        self.data: list[str] = []
        self.transcript: list[str] = []

    def whole(self) -> AudioPart:
        """The provider takes it back by its id, as long as it keeps it."""
        state = self.part.provider_state
        if self.id:
            state = {**state, "id": self.id, "expires_at": self.expires_at}
        data = _joined(self.data)
        return msgspec.structs.replace(
            self.part,
            source=InlineData(data=data),
            size=len(data),
            transcript="".join(self.transcript),
            provider_state=state,
        )


class Alternative(OnePartAtATime):
    """Puts the parts of one choice together."""

    def __init__(self, number: int, provider: str, sound: str) -> None:
        self._number = number
        self._provider = provider
        self._sound_type = sound
        self._sound: _Sound | None = None
        self._thinking = -1
        self._texts: list[int] = []
        self._calls: list[_Call] = []
        self._by_place: dict[int, _Call] = {}
        self._details: list[JsonObject] = []
        self._refused = False
        self.finish = ""

    @property
    def reason(self) -> StopReason:
        reason = STOPS.get(self.finish, "other" if self.finish else "end")
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
        if delta.tool_calls is not None:
            for call in delta.tool_calls:
                self._take_call(call, events)
        if delta.images or delta.audio or delta.annotations or delta.function_call:
            self._take_rest(delta, events)

    def _take_rest(self, delta: Delta, events: list[StreamEvent]) -> None:
        if delta.function_call is not None:
            self._take_call(ToolCall(index=0, function=delta.function_call), events)
        for image in delta.images or ():
            self._take_image(image, events)
        if delta.audio is not None:
            self._take_audio(delta.audio, events)
        for note in delta.annotations or ():
            self._take_annotation(note, events)

    def take_logprobs(self, told: TokensTold, events: list[StreamEvent]) -> None:
        if tokens := tokens_of(told):
            events.append(Logprobs(tokens, self._number))

    def _words(
        self, kind: str, text: str, events: list[StreamEvent], state: ProviderState | None = None
    ) -> None:
        if self._kind != kind:
            part: Part = TextPart()
            if kind == "thinking":
                part = ThinkingPart(provider_state={"provider": self._provider, **(state or {})})
            elif kind == "refusal":
                part = RefusalPart(provider_state={"provider": self._provider})
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
                if text := as_text(item.get("text")):
                    self._words("text", text, events)
            elif kind == "thinking":
                kept = {name: value for name, value in item.items() if name not in ("type", "thinking")}
                inner = item.get("thinking")
                pieces = inner if isinstance(inner, list) else [{"text": inner}]
                text = "".join(as_text(piece.get("text")) for piece in pieces if isinstance(piece, dict))
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
            if not silent and (text := as_text(detail.get("text")) or as_text(detail.get("summary"))):
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
        name, text = _name_and_text(told)
        if call is None:
            state: ProviderState = {"provider": self._provider}
            if told.extra_content:
                state["extra_content"] = told.extra_content
            if told.custom is not None:
                state["type"] = "custom"
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
        if _name_and_text(told)[0]:
            return None
        return self._calls[-1] if self._calls else None

    def _take_image(self, told: JsonObject, events: list[StreamEvent]) -> None:
        url = told.get("image_url")
        source = _picture(url.get("url") if isinstance(url, dict) else url)
        if source is None:
            events.append(Unknown("image", told, choice=self._number))
            return
        self._open("", ImagePart(source=source[0], media_type=source[1]), events)

    def _take_audio(self, told: Audio, events: list[StreamEvent]) -> None:
        sound = self._sound
        if sound is None:
            state = {"provider": self._provider}
            part = AudioPart(source=InlineData(data=b""), media_type=self._sound_type, provider_state=state)
            sound = self._sound = _Sound(self._open("", part, events), part)
        sound.id = told.id or sound.id
        sound.expires_at = told.expires_at or sound.expires_at
        if told.data:
            sound.data.append(told.data)
        if told.transcript:
            sound.transcript.append(told.transcript)
            events.append(PartDelta(sound.index, told.transcript, choice=self._number))

    def _take_annotation(self, told: JsonObject, events: list[StreamEvent]) -> None:
        cited = told.get("url_citation")
        if not isinstance(cited, dict) or not self._texts:
            events.append(Unknown(str(told.get("type", "annotation")), told, choice=self._number))
            return
        citation = Citation(
            url=as_text(cited.get("url")),
            title=as_text(cited.get("title")),
            cited_text=as_text(cited.get("content")),
            start=offset(cited.get("start_index")),
            end=offset(cited.get("end_index")),
        )
        events.append(PartDelta(self._texts[-1], citation=citation, choice=self._number))

    def end(self, sources: tuple[Citation, ...], events: list[StreamEvent]) -> None:
        """What can be said only at the end: finished calls, what goes back, the sources."""
        self._close(events)
        events.extend(PartEnd(call.index, call.part(), choice=self._number) for call in self._calls)
        if self._sound is not None:
            events.append(PartEnd(self._sound.index, self._sound.whole(), choice=self._number))
        if self._details:
            state = {"provider": self._provider, "reasoning_details": self._details}
            if self._thinking < 0:
                self._open("", ThinkingPart(redacted=True, provider_state=state), events)
            else:
                events.append(PartDelta(self._thinking, provider_state=state, choice=self._number))
        if self._texts:
            last, number = self._texts[-1], self._number
            events.extend(PartDelta(last, citation=source, choice=number) for source in sources)


def _name_and_text(told: ToolCall) -> tuple[str, str]:
    if told.custom is not None:
        return told.custom.name or "", told.custom.input or ""
    if told.function is None:
        return "", ""
    arguments = told.function.arguments
    text = msgspec.json.encode(arguments).decode() if isinstance(arguments, dict) else arguments
    return told.function.name or "", text or ""


def _joined(pieces: list[str]) -> bytes:
    """Base64 in pieces: each for itself, or one text cut anywhere."""
    try:
        return b"".join(base64.b64decode(piece, validate=True) for piece in pieces)
    except (binascii.Error, ValueError):
        pass
    try:
        return base64.b64decode("".join(pieces))
    except (binascii.Error, ValueError):
        return b""


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


def _is_object(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except UNREADABLE:
        return False
