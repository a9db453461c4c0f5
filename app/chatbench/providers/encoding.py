"""What every HTTP wire needs to write a request: address, key, media, and what vendors get back."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import BadRequest, InvalidHeader
from chatbench.core.messages import (
    ImagePart,
    InlineData,
    MediaPart,
    Part,
    ProviderFile,
    RemoteUrl,
    ToolCallPart,
)
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.core.secrets import Secret
from chatbench.core.tools import NamedTool, ToolDefinition

JsonObject = dict[str, Any]
T = TypeVar("T")


def address(base_url: str, path: str, query: Mapping[str, str] | None = None) -> str:
    """`base_url` with `path` appended; a query the base already has is kept and comes first."""
    parts = urlsplit(base_url)
    pairs = [text for text in (parts.query, urlencode(query or {})) if text]
    joined = parts.path.rstrip("/") + "/" + path.lstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, joined, "&".join(pairs), ""))


def headers_for(
    endpoint: Endpoint,
    key: Secret | None,
    own: Mapping[str, str] | None = None,
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """JSON headers, the wire's `own`, the endpoint's, the key as `endpoint.auth` says, and over
    all of them the `extra` ones of this one request.

    Raises InvalidHeader where HTTP does not allow the key's characters; the message names none.
    """
    headers = {"content-type": "application/json", "accept": "application/json", **(own or {})}
    if endpoint.headers:
        headers.update((name.lower(), value) for name, value in endpoint.headers.items())
    if key and endpoint.auth != "none":
        text = key.reveal()
        if not text.isascii() or not text.isprintable() or text != text.strip():
            raise InvalidHeader(
                f"The key for {endpoint.name} holds a character that cannot be sent.",
                "Copy the key again, without line breaks or spaces around it.",
            )
        if endpoint.auth.startswith("header:"):
            headers[endpoint.auth.removeprefix("header:").lower()] = text
        else:
            headers["authorization"] = f"Bearer {text}"
    if extra:
        headers.update((name.lower(), value) for name, value in extra.items())
    return headers


def body_of(fields: dict[str, Any], extra: Mapping[str, Any] | None) -> bytes:
    """The request as JSON, with the user's own fields merged in (objects field by field)."""
    return msgspec.json.encode(merged(fields, extra) if extra else fields)


def merged(fields: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`fields` with `over` in their place, recursing where both hold an object."""
    result = dict(fields)
    for name, value in over.items():
        mine = result.get(name)
        both = isinstance(mine, Mapping) and isinstance(value, Mapping)
        result[name] = merged(mine, value) if both else value  # type: ignore[arg-type]
    return result


def base64_of(source: InlineData) -> str:
    return base64.b64encode(source.data).decode("ascii")


def data_url(source: InlineData, media_type: str) -> str:
    return f"data:{media_type};base64,{base64_of(source)}"


def media_source(part: MediaPart, endpoint: Endpoint) -> InlineData | RemoteUrl | ProviderFile:
    """The part's source, if this endpoint can be sent it. Raises BadRequest otherwise."""
    source = part.source
    if isinstance(source, InlineData | RemoteUrl):
        return source
    if isinstance(source, ProviderFile) and source.provider == endpoint.id:
        return source
    raise BadRequest(
        f"{part.name or 'The attachment'} is not at hand for {endpoint.name}.",
        "Attach it again.",
        provider=endpoint.id,
    )


def is_text(media_type: str) -> bool:
    """Whether a file of this type can be sent as words."""
    return media_type.startswith("text/") or media_type == "application/json"


def words_of_file(name: str, source: InlineData) -> str:
    """A text file written out, under its name."""
    return f"{name}\n\n{source.data.decode('utf-8', 'replace')}".lstrip()


def refused_media(part: MediaPart, endpoint: Endpoint, takes: str) -> BadRequest:
    """The error for a kind of file that the provider's interface has no place for."""
    return BadRequest(
        f"{endpoint.name} cannot be sent {part.name or 'this file'} ({part.media_type}).",
        f"It takes {takes}. Remove the file, or choose a model that takes it.",
        provider=endpoint.id,
    )


def content_of(pieces: list[JsonObject]) -> str | list[JsonObject]:
    """The pieces of a message, or a string where it is all words: some servers take nothing else."""
    if all(piece["type"] == "text" for piece in pieces):
        return "\n\n".join(piece["text"] for piece in pieces)
    return pieces


def image_url(part: ImagePart, source: InlineData | RemoteUrl, detail: str) -> JsonObject:
    """A picture as the piece of a message that Chat Completions began; no `detail` is the default."""
    url = source.url if isinstance(source, RemoteUrl) else data_url(source, part.media_type)
    return {"type": "image_url", "image_url": {"url": url, **({"detail": detail} if detail else {})}}


def function_tool(tool: ToolDefinition, parameters: JsonObject) -> JsonObject:
    """A tool in the form that Chat Completions began."""
    function = {"name": tool.name, "description": tool.description, "parameters": parameters}
    return {"type": "function", "function": function}


def function_tools(request: Request, *, says_lax: bool) -> JsonObject:
    """The tools and how they are called, as Chat Completions has it. `says_lax`: where all tools are
    made lax, each one says so."""
    if not request.tools:
        return {}
    overridden = request.parameters.strict_tools
    tools: list[JsonObject] = []
    for tool in request.tools:
        told = function_tool(tool, tool.parameters or {"type": "object", "properties": {}})
        strict = tool.strict if overridden is None else overridden
        if strict or (says_lax and overridden is not None):
            told["function"]["strict"] = strict
        tools.append(told)
    calling = calling_of(request, lambda name: {"type": "function", "function": {"name": name}})
    return {"tools": tools, **calling}


def calling_of(request: Request, by_name: Callable[[str], JsonObject]) -> JsonObject:
    """Which tool is to be called and whether several at once, as OpenAI's interfaces put it;
    `by_name` writes the choice of a single one."""
    fields: JsonObject = {}
    choice = request.tool_choice
    if isinstance(choice, NamedTool):
        fields["tool_choice"] = by_name(choice.name)
    elif choice != "auto":
        fields["tool_choice"] = choice
    if request.parallel_tool_calls is not None:
        fields["parallel_tool_calls"] = request.parallel_tool_calls
    return fields


def function_call(call: ToolCallPart, call_id: str) -> JsonObject:
    """A call in the form that Chat Completions began: its arguments as they came where they are an
    object, for some servers parse them and fail."""
    arguments = call.arguments
    try:
        readable = isinstance(msgspec.json.decode(arguments), dict)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        readable = False
    if not readable:
        arguments = msgspec.json.encode(arguments_of(call)).decode()
    return {"id": call_id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def renamed(given: Parameters, names: Mapping[str, str]) -> JsonObject:
    """Those of the parameters that were set and stand in `names` (ours → theirs), under their names."""
    return {theirs: value for ours, theirs in names.items() if (value := getattr(given, ours)) is not None}


def logprobs_of(given: Parameters) -> JsonObject:
    """Whether probabilities are wanted, and of how many tokens at each place, which implies it."""
    if given.top_logprobs is None:
        return {} if given.logprobs is None else {"logprobs": given.logprobs}
    return {"logprobs": given.logprobs is not False, "top_logprobs": given.top_logprobs}


def tier_of(asked: str, tiers: Mapping[str, T], endpoint: Endpoint) -> T:
    """A service tier in the vendor's words. Raises BadRequest for one that it does not offer."""
    if asked not in tiers:
        raise BadRequest(
            f"{endpoint.name} has no service tier “{asked}”.",
            f"It takes {', '.join(tiers)}.",
            provider=endpoint.id,
            param="service_tier",
        )
    return tiers[asked]


def json_schema_of(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema as OpenAI's interfaces want it: named, and strict where its form allows that."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", str(schema.get("title", "")))[:64].strip("_")
    return {"name": name or "answer", "schema": schema, "strict": _closed(schema)}


def _closed(schema: Any) -> bool:
    """Whether strict mode takes the schema: every object closed, every property required."""
    if isinstance(schema, list):
        return all(_closed(item) for item in schema)
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        named = schema.get("properties", {})
        required = set(schema.get("required", ()))
        if schema.get("additionalProperties") is not False or set(named) != required:
            return False
        return all(_closed(item) for item in named.values())
    return all(_closed(item) for item in schema.values())


def state_for(part: Part, endpoint: Endpoint) -> dict[str, Any]:
    """What the vendor asked to get back with this part; empty if it came from another."""
    state = part.provider_state
    return state if state.get("provider") == endpoint.id else {}


def arguments_of(call: ToolCallPart) -> dict[str, Any]:
    """A call's arguments as an object, for vendors that take no text. Never raises.

    Text that is no JSON object (an answer that was cut off) is handed back under "text".
    """
    if not call.arguments.strip():
        return {}
    try:
        value = msgspec.json.decode(call.arguments)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {"text": call.arguments}
    return value if isinstance(value, dict) else {"text": call.arguments}
