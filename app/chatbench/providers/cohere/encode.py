"""Our values as a Cohere request (cohere 7.3.1: v2/raw_client.py, types/chat_message_v2.py and its parts)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import (
    FilePart,
    ImagePart,
    InlineData,
    Message,
    Part,
    ProviderFile,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    UnknownPart,
)
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.core.tools import NamedTool
from chatbench.providers.encoding import (
    content_of,
    function_call,
    function_tool,
    image_url,
    is_text,
    media_source,
    refused_media,
    renamed,
    state_for,
    words_of_file,
)
from chatbench.providers.turns import paired
from chatbench.providers.wire import Call

JsonObject = dict[str, Any]

_FIELDS = {
    "temperature": "temperature",
    "top_p": "p",
    "top_k": "k",
    "max_output_tokens": "max_tokens",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "seed": "seed",
    "logprobs": "logprobs",
}
"""Our names of parameters → Cohere's."""


def request_fields(call: Call) -> JsonObject:
    """The body of `POST /v2/chat`. Raises BadRequest for media it has no block for."""
    request, given = call.request, call.request.parameters
    formatted = request.response_schema is not None or bool(given.json_mode)
    documents: list[JsonObject] = []
    sender = _Sender(call.endpoint, None if formatted or request.tools else documents)
    fields: JsonObject = {
        "model": request.model.id,
        "messages": list(sender.messages(request)),
        "stream": request.stream,
    }
    if documents:
        fields["documents"] = documents
    fields.update(renamed(given, _FIELDS))
    if given.stop:
        fields["stop_sequences"] = list(given.stop)
    if thinking := _thinking(given):
        fields["thinking"] = thinking
    if formatted:
        schema = {} if request.response_schema is None else {"json_schema": request.response_schema}
        fields["response_format"] = {"type": "json_object", **schema}
    fields.update(_tools(request))
    return fields


def _thinking(given: Parameters) -> JsonObject | None:
    """On or off, and with a budget; there are no levels."""
    if given.reasoning_effort == "none" or given.thinking_budget == 0:
        return {"type": "disabled"}
    if given.thinking_budget is not None:
        return {"type": "enabled", "token_budget": given.thinking_budget}
    return {"type": "enabled"} if given.reasoning_effort is not None else None


def _tools(request: Request) -> JsonObject:
    """A tool that is chosen by name is required, and the only one shown."""
    choice, tools = request.tool_choice, request.tools
    if isinstance(choice, NamedTool):
        tools = tuple(tool for tool in tools if tool.name == choice.name)
    if not tools:
        return {}
    told = [function_tool(tool, {"type": "object", "properties": {}, **tool.parameters}) for tool in tools]
    fields: JsonObject = {"tools": told}
    strict = request.parameters.strict_tools
    if strict is not None or all(tool.strict for tool in tools):
        fields["strict_tools"] = strict is not False
    if choice != "auto":
        fields["tool_choice"] = "NONE" if choice == "none" else "REQUIRED"
    return fields


class _Sender:
    """Writes the messages. The user's text files become `documents`, which answers cite, unless that
    is None: beside tools and a form of the answer they are words."""

    def __init__(self, endpoint: Endpoint, documents: list[JsonObject] | None) -> None:
        self._endpoint = endpoint
        self._documents = documents

    def messages(self, request: Request) -> Iterator[JsonObject]:
        if request.system:
            yield {"role": "system", "content": request.system}
        for message in paired(request.messages):
            if message.role == "assistant":
                yield from self._assistant(message.parts)
            elif message.role == "tool":
                yield from self._tool_results(message)
            elif message.role in ("system", "developer"):
                if message.text:
                    yield {"role": "system", "content": message.text}
            elif content := self._content(message.parts, self._documents):
                yield {"role": "user", "content": content}

    def _content(
        self, parts: Sequence[Part], documents: list[JsonObject] | None = None
    ) -> str | list[JsonObject]:
        content: list[JsonObject] = []
        for part in parts:
            if isinstance(part, TextPart | RefusalPart):
                if part.text:
                    content.append({"type": "text", "text": part.text})
            elif isinstance(part, ImagePart):
                content.append(self._image(part))
            elif isinstance(part, FilePart) and is_text(part.media_type):
                content.extend(self._document(part, documents))
            elif not isinstance(part, ThinkingPart | UnknownPart | ToolCallPart | ToolResultPart):
                raise refused_media(part, self._endpoint, "text, text files and pictures")
        return content_of(content)

    def _image(self, part: ImagePart) -> JsonObject:
        source = media_source(part, self._endpoint)
        if isinstance(source, ProviderFile):
            raise refused_media(part, self._endpoint, "pictures at hand or by address")
        return image_url(part, source, "high" if part.detail == "original" else part.detail)

    def _document(self, part: FilePart, documents: list[JsonObject] | None) -> Iterator[JsonObject]:
        source = media_source(part, self._endpoint)
        if not isinstance(source, InlineData):
            raise refused_media(part, self._endpoint, "files only at hand")
        if documents is None:
            yield {"type": "text", "text": words_of_file(part.name, source)}
            return
        words = source.data.decode("utf-8", "replace")
        title = {"title": part.name} if part.name else {}
        documents.append({"id": f"document-{len(documents) + 1}", "data": {**title, "text": words}})

    def _assistant(self, parts: Sequence[Part]) -> Iterator[JsonObject]:
        calls = [part for part in parts if isinstance(part, ToolCallPart)]
        content: list[JsonObject] = []
        plan, citations = "", []
        for part in parts:
            state = state_for(part, self._endpoint)
            if isinstance(part, TextPart | RefusalPart) and part.text:
                content.append({"type": "text", "text": part.text})
                citations += state.get("citations", ())
            elif isinstance(part, ThinkingPart) and state.get("field") == "tool_plan":
                plan += part.text
            elif isinstance(part, ThinkingPart) and state and part.text:
                content.append({"type": "thinking", "thinking": part.text})
        if not calls and not any(item["type"] == "text" for item in content):
            return
        message: JsonObject = {"role": "assistant"}
        if content:
            plain = all(item["type"] == "text" for item in content)
            message["content"] = "".join(item["text"] for item in content) if plain else content
        if citations:
            message["citations"] = citations
        if calls:
            message["tool_calls"] = [function_call(call, call.call_id) for call in calls]
            if plan:
                message["tool_plan"] = plan
        yield message

    def _tool_results(self, message: Message) -> Iterator[JsonObject]:
        """One message a result. Pictures have no place in one and follow as the user's."""
        shown: list[JsonObject] = []
        for part in message.parts:
            if not isinstance(part, ToolResultPart):
                continue
            media = [piece for piece in part.parts if isinstance(piece, ImagePart)]
            words = self._content([piece for piece in part.parts if not isinstance(piece, ImagePart)])
            if media:
                shown.append({"type": "text", "text": f"From the tool {part.name}:"})
                shown.extend(map(self._image, media))
                words = words or "The result follows as a picture."
            yield {"role": "tool", "tool_call_id": part.call_id, "content": words}
        if shown:
            yield {"role": "user", "content": shown}
