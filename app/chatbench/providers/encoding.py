"""What every HTTP wire needs to write a request: address, key, media, and what vendors get back."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import BadRequest, InvalidHeader
from chatbench.core.messages import InlineData, MediaPart, Part, ProviderFile, RemoteUrl, ToolCallPart
from chatbench.core.secrets import Secret


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


def refused_media(part: MediaPart, endpoint: Endpoint, takes: str) -> BadRequest:
    """The error for a kind of file that the provider's interface has no place for."""
    return BadRequest(
        f"{endpoint.name} cannot be sent {part.name or 'this file'} ({part.media_type}).",
        f"It takes {takes}. Remove the file, or choose a model that takes it.",
        provider=endpoint.id,
    )


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
