"""Prompts as OpenAI writes them: the body of a chat or responses request, or a list of messages, as JSON."""

from __future__ import annotations

from typing import Any

from chatbench.core.errors import ConfigurationError, FormatError
from chatbench.core.messages import ImagePart, InlineData, RemoteUrl
from chatbench.core.params import Parameters
from chatbench.core.prompts import NamedPrompt, Prompt, PromptMessage, PromptRole
from chatbench.core.tools import ToolDefinition
from chatbench.formats.imported import Imported

_ROLES: dict[str, PromptRole] = {
    "system": "system", "developer": "system", "user": "user", "assistant": "assistant", "model": "assistant",
}  # fmt: skip
_NAMES = {"max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens"}
_ENVELOPE = {"model", "messages", "input", "instructions", "tools", "response_format", "text", "name",
             "stream", "reasoning", "prompt", "id", "object", "variables", "version"}  # fmt: skip


def read(value: Any, name: str = "") -> Imported:
    """From the decoded JSON. Raises FormatError for what is none of these."""
    left: list[str] = []
    body = {"messages": value} if isinstance(value, list) else value
    if isinstance(body, dict) and isinstance(body.get("prompt"), dict):
        body = {**body, **body["prompt"]}
    if not isinstance(body, dict) or not ({"messages", "input", "instructions"} & body.keys()):
        raise FormatError("This is no prompt of OpenAI's.", "It wants messages, or input and instructions.")
    messages = [*_instructions(body), *_messages(body.get("messages", body.get("input", ())), left)]
    model = body.get("model")
    prompt = Prompt(
        messages=tuple(messages),
        parameters=_parameters(body, left),
        response_schema=_schema(body),
        tools=tuple(_tools(body.get("tools", ()), left)),
        models=(f"openai/{model}",) if isinstance(model, str) and model else (),
    )
    return Imported((NamedPrompt(name=str(body.get("name") or name), prompt=prompt),), (), tuple(left))


def _instructions(body: dict[str, Any]) -> list[PromptMessage]:
    told = body.get("instructions")
    return [PromptMessage(role="system", text=told)] if isinstance(told, str) and told else []


def _messages(value: Any, left: list[str]) -> list[PromptMessage]:
    if isinstance(value, str):
        return [PromptMessage(text=value)]
    if not isinstance(value, list):
        raise FormatError("`messages` is no list.", "Each wants a role and content.")
    return [one for each in value if (one := message(each, left)) is not None]


def message(value: Any, left: list[str]) -> PromptMessage | None:
    """One message of a list; what has no place here is said in `left`. Raises FormatError."""
    if not isinstance(value, dict):
        raise FormatError("A message is no object.", "Each wants a role and content.")
    role = _ROLES.get(str(value.get("role", "user")))
    if role is None or value.get("type", "message") != "message":
        left.append(f"A message of the role {value.get('role') or value.get('type')} was left out.")
        return None
    if value.get("tool_calls"):
        left.append("Calls of tools in an example were left out.")
    content = value.get("content")
    parts = content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
    texts: list[str] = []
    pictures: list[ImagePart] = []
    for part in parts:
        told = part if isinstance(part, dict) else {"text": str(part)}
        if isinstance(text := told.get("text"), str):
            texts.append(text)
        elif (picture := _picture(told)) is not None:
            pictures.append(picture)
        else:
            left.append(f"A part of the type {told.get('type')} was left out.")
    return PromptMessage(role=role, text="\n\n".join(texts), attachments=tuple(pictures))


def _picture(part: dict[str, Any]) -> ImagePart | None:
    told = part.get("image_url")
    url = told.get("url") if isinstance(told, dict) else told
    if not isinstance(url, str):
        return None
    if not url.startswith("data:"):
        return ImagePart(source=RemoteUrl(url=url), media_type="image/*")
    import binascii
    from base64 import b64decode

    head, _, data = url.partition(",")
    try:
        whole = b64decode(data, validate=True)
    except binascii.Error:
        return None
    kind = head.removeprefix("data:").partition(";")[0]
    return ImagePart(source=InlineData(data=whole), media_type=kind, size=len(whole))


def _parameters(body: dict[str, Any], left: list[str]) -> Parameters:
    found: dict[str, Any] = {}
    told = dict(body)
    if isinstance(reasoning := body.get("reasoning"), dict):
        told["reasoning_effort"] = reasoning.get("effort")
    for name, value in told.items():
        ours = _NAMES.get(name, name)
        if name in _ENVELOPE or value is None:
            continue
        try:
            Parameters.from_dict({ours: value})
        except ConfigurationError:
            left.append(f"The parameter {name} was left out.")
        else:
            found[ours] = value
    return Parameters.from_dict(found)


def _schema(body: dict[str, Any]) -> dict[str, Any] | None:
    text = body.get("text")
    told = body.get("response_format") or (text.get("format") if isinstance(text, dict) else None)
    if not isinstance(told, dict):
        return None
    inner = told.get("json_schema", told)
    schema = inner.get("schema") if isinstance(inner, dict) else None
    return schema if isinstance(schema, dict) else None


def _tools(value: Any, left: list[str]) -> list[ToolDefinition]:
    found = []
    for one in value if isinstance(value, list) else ():
        told = one.get("function", one) if isinstance(one, dict) else {}
        if not isinstance(told, dict) or not isinstance(told.get("name"), str):
            left.append("A tool that is no function was left out.")
            continue
        found.append(
            ToolDefinition(
                name=told["name"],
                description=str(told.get("description") or ""),
                parameters=told.get("parameters") or {},
                strict=bool(told.get("strict")),
            )
        )
    return found


def write(named: NamedPrompt) -> dict[str, Any]:
    """The body of a chat request with its places left open."""
    prompt = named.prompt
    body: dict[str, Any] = {"name": named.name} if named.name else {}
    if prompt.models:
        body["model"] = prompt.models[0].partition("/")[2] or prompt.models[0]
    body["messages"] = [{"role": one.role, "content": _content(one)} for one in prompt.messages]
    given = prompt.parameters.to_dict()
    if "max_output_tokens" in given:
        given["max_completion_tokens"] = given.pop("max_output_tokens")
    body |= {name: value for name, value in given.items() if name != "extra_body"}
    body |= given.get("extra_body", {})
    if prompt.tools:
        body["tools"] = [
            {"type": "function", "function": {"name": one.name, "description": one.description,
                                              "parameters": one.parameters, "strict": one.strict}}
            for one in prompt.tools
        ]  # fmt: skip
    if prompt.response_schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": prompt.response_schema},
        }
    return body


def _content(one: PromptMessage) -> Any:
    urls = [part.source.url for part in one.attachments if isinstance(part.source, RemoteUrl)]
    if not urls:
        return one.text
    pictures = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [{"type": "text", "text": one.text}, *pictures]
