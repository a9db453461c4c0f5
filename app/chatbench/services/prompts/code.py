"""A prompt as a program: the request that is sent, for the shell, Python and JavaScript, the key as a
variable of the environment."""

from __future__ import annotations

import json
import pprint
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from chatbench.client.environment import Environment
from chatbench.core.errors import ConfigurationError
from chatbench.core.messages import AudioPart, FilePart, ImagePart, Message, TextPart, VideoPart, text_of
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.core.prompts import Prompt
from chatbench.core.requests import Request
from chatbench.services.attachments import AttachmentService
from chatbench.services.inspect import RawRequest, raw_request
from chatbench.templates.prompts import Filled

CodeForm = Literal[
    "curl", "python-httpx", "python-sdk", "python-chatbench", "javascript-fetch", "javascript-sdk"
]
FORMS: tuple[CodeForm, ...] = (
    "curl", "python-httpx", "python-sdk", "python-chatbench", "javascript-fetch", "javascript-sdk",
)  # fmt: skip
_MEDIA = (ImagePart, FilePart, AudioPart, VideoPart)
_CHAT = frozenset(
    {
        "model", "messages", "temperature", "top_p", "n", "stop", "max_tokens", "max_completion_tokens",
        "presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs", "user",
        "seed", "tools", "tool_choice", "parallel_tool_calls", "response_format", "reasoning_effort",
        "verbosity", "service_tier", "metadata", "store", "prompt_cache_key",
    }
)  # fmt: skip
_RESPONSES = frozenset(
    {
        "model", "input", "instructions", "temperature", "top_p", "max_output_tokens", "tools",
        "tool_choice", "parallel_tool_calls", "text", "reasoning", "include", "store", "metadata",
        "user", "service_tier", "background", "top_logprobs", "truncation", "prompt_cache_key",
    }
)  # fmt: skip
_MESSAGES = frozenset(
    {
        "model", "messages", "system", "max_tokens", "stop_sequences", "tools", "tool_choice",
        "thinking", "metadata", "service_tier",
    }
)  # fmt: skip
_VENDORS = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "google": "https://generativelanguage.googleapis.com",
}
_UPPER = re.compile(r"(?<=[a-z0-9])([A-Z])")


class PromptCode:
    """Makes programs of prompts. No key is read for it."""

    def __init__(self, environment: Environment, attachments: AttachmentService) -> None:
        self._environment = environment
        self._attachments = attachments

    def forms(self, model: ModelRef) -> tuple[CodeForm, ...]:
        """Those there are for a model: its vendor's own client where there is one that asks so."""
        raw = raw_request(
            self._environment, Request(model=model, messages=(Message.user("x"),), stream=False)
        )
        if raw is None:
            return ("python-chatbench",)
        client = _client(raw)
        missing: set[CodeForm] = set()
        if client is None:
            missing = {"python-sdk", "javascript-sdk"}
        elif client.vendor != "openai":
            missing = {"javascript-sdk"}
        return tuple(form for form in FORMS if form not in missing)

    async def code(
        self,
        prompt: Prompt,
        filled: Filled,
        model: ModelRef,
        form: CodeForm,
        parameters: Parameters | None = None,
    ) -> str:
        """The whole program. Encoded files in it are cut short to a word about their size.

        Raises UnknownModel, ConfigurationError for a form there is not for this model, AttachmentRefused and
        StorageError for a file that cannot be read.
        """
        info = self._environment.catalogue.info(model)
        given = prompt.parameters.merged(parameters or Parameters())
        asked = Request(
            model=model,
            messages=(await self._attachments.ready(filled.messages, info)).messages,
            system=filled.system,
            parameters=given,
            tools=prompt.tools,
            response_schema=prompt.response_schema,
            stream=False,
        )
        if form == "python-chatbench":
            return _chatbench(asked, filled)
        raw = raw_request(self._environment, asked)
        if raw is None or form not in self.forms(model):
            raise ConfigurationError(
                f"There is no {form} for {model}.", f"There are {', '.join(self.forms(model))}."
            )
        return _WRITERS[form](raw)


class _Client:
    """A vendor's own client: `vendor` names its package, `call` what is called with the fields it `knows`,
    `reads` where the answer stands."""

    def __init__(self, vendor: str, base: str, call: str, reads: str, knows: frozenset[str]) -> None:
        self.vendor, self.base, self.call, self.reads, self.knows = vendor, base, call, reads, knows


def _client(raw: RawRequest) -> _Client | None:
    """The client that would send just this; None where there is none."""
    url = raw.url.partition("?")[0]
    headers = {name.lower() for name in raw.headers}
    if "x-goog-api-key" in headers and url.endswith(":generateContent"):
        base, _, version = url.partition("/models/")[0].rpartition("/")
        return _Client("google", base, version, "text", frozenset())
    if "x-api-key" in headers and url.endswith("/v1/messages"):
        return _Client(
            "anthropic", url.removesuffix("/v1/messages"), "messages", "content[0].text", _MESSAGES
        )
    if raw.url != url or {"api-key", "x-api-key"} & headers:
        return None
    if url.endswith("/chat/completions") and isinstance(raw.body.get("messages"), list):
        reads = "choices[0].message.content"
        return _Client("openai", url.removesuffix("/chat/completions"), "chat.completions", reads, _CHAT)
    if url.endswith("/responses"):
        return _Client("openai", url.removesuffix("/responses"), "responses", "output_text", _RESPONSES)
    return None


def _sdk(raw: RawRequest) -> str:
    client = _client(raw)
    if client is None:
        return ""
    return _google(raw, client) if client.vendor == "google" else _create(raw, client)


def _create(raw: RawRequest, client: _Client) -> str:
    """With OpenAI's or Anthropic's client."""
    name = "OpenAI" if client.vendor == "openai" else "Anthropic"
    fields, others = _told(raw.body, client)
    if others:
        fields["extra_body"] = others
    given = {"api_key": _Code(_environ(raw))}
    if client.base != _VENDORS[client.vendor]:
        given["base_url"] = _Code(repr(client.base))
    return (
        f"import os\n\nfrom {client.vendor} import {name}\n\n"
        f"client = {name}({', '.join(f'{key}={value}' for key, value in given.items())})\n"
        f"response = client.{client.call}.create(\n{_arguments(fields)})\n"
        f"print(response.{client.reads})\n"
    )


def _google(raw: RawRequest, client: _Client) -> str:
    """With google-genai, whose fields are written in snake case."""
    body = dict(raw.body)
    contents = body.pop("contents", [])
    config = {_snake(name): value for name, value in (body.pop("generationConfig", None) or {}).items()}
    config |= {_snake(name): value for name, value in body.items()}
    model = urlsplit(raw.url).path.rpartition("/models/")[2].removesuffix(":generateContent")
    options: dict[str, Any] = {"api_version": client.call}
    if client.base != _VENDORS["google"]:
        options["base_url"] = client.base
    fields: dict[str, Any] = {"model": model, "contents": contents}
    if config:
        fields["config"] = config
    return (
        "import os\n\nfrom google import genai\n\n"
        f"client = genai.Client(api_key={_environ(raw)}, http_options={options!r})\n"
        f"response = client.models.generate_content(\n{_arguments(fields)})\n"
        "print(response.text)\n"
    )


def _chatbench(asked: Request, filled: Filled) -> str:
    """With this program's own client, which knows the provider and its key."""
    messages = ", ".join(_message(one) for one in filled.messages)
    fields: dict[str, Any] = {"system": asked.system} if asked.system else {}
    fields |= asked.parameters.to_dict()
    if asked.response_schema is not None:
        fields["schema"] = asked.response_schema
    tools = [_Code(f"chatbench.ToolDefinition(**{one.to_dict()!r})") for one in asked.tools]
    told = f"    [{messages}],\n{_arguments(fields)}"
    if tools:
        told += f"    tools=[{', '.join(tools)}],\n"
    return (
        "import chatbench\nfrom chatbench import Message\n\n"
        f"client = chatbench.LLMClient({str(asked.model)!r})\n"
        f"response = client.complete_sync(\n{told})\n"
        "print(response.text, response.cost)\nchatbench.close()\n"
    )


def _message(message: Message) -> str:
    told = f"Message.{'assistant' if message.role == 'assistant' else 'user'}({text_of(message.parts)!r})"
    for part in message.parts:
        if isinstance(part, _MEDIA):
            told += f".with_file({part.name or 'file'!r})"
        elif not isinstance(part, TextPart):
            raise ConfigurationError(
                "This message holds more than a program can say.", "Choose another form."
            )
    return told


def _fetch(raw: RawRequest) -> str:
    headers = ",\n".join(
        f"    {json.dumps(name)}: {_template(raw, value)}" for name, value in raw.headers.items()
    )
    body = json.dumps(raw.body, ensure_ascii=False, indent=2).replace("\n", "\n  ")
    return (
        f"const response = await fetch({json.dumps(raw.url)}, {{\n"
        f'  method: "{raw.method}",\n  headers: {{\n{headers},\n  }},\n'
        f"  body: JSON.stringify({body}),\n}});\n"
        "if (!response.ok) throw new Error(await response.text());\n"
        "console.log(JSON.stringify(await response.json(), null, 2));\n"
    )


def _javascript_sdk(raw: RawRequest) -> str:
    client = _client(raw)
    if client is None:
        return ""
    given = f"apiKey: process.env.{raw.variable}" if _keyed(raw) else 'apiKey: "none"'
    if client.base != _VENDORS["openai"]:
        given += f", baseURL: {json.dumps(client.base)}"
    body = json.dumps(_without_stream(raw.body), ensure_ascii=False, indent=2)
    return (
        'import OpenAI from "openai";\n\n'
        f"const client = new OpenAI({{ {given} }});\n"
        f"const response = await client.{client.call}.create({body});\n"
        f"console.log(response.{client.reads});\n"
    )


_WRITERS: dict[CodeForm, Callable[[RawRequest], str]] = {
    "curl": lambda raw: raw.curl() + "\n",
    "python-httpx": RawRequest.python,
    "python-sdk": _sdk,
    "javascript-fetch": _fetch,
    "javascript-sdk": _javascript_sdk,
}


class _Code(str):
    """Stands in a program as it is."""

    __slots__ = ()


def _told(body: Mapping[str, Any], client: _Client) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the client has a name for, and what it sends all the same."""
    whole = _without_stream(body)
    fields = {name: value for name, value in whole.items() if name in client.knows}
    return fields, {name: value for name, value in whole.items() if name not in client.knows}


def _without_stream(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "stream"}


def _arguments(fields: Mapping[str, Any]) -> str:
    lines = []
    for name, value in fields.items():
        told = pprint.pformat(value, sort_dicts=False, width=92).replace("\n", "\n    ")
        lines.append(f"    {name}={told},\n")
    return "".join(lines)


def _keyed(raw: RawRequest) -> bool:
    return any(f"${raw.variable}" in value for value in raw.headers.values())


def _environ(raw: RawRequest) -> str:
    return f"os.environ[{raw.variable!r}]" if _keyed(raw) else "'none'"


def _template(raw: RawRequest, value: str) -> str:
    """A header's value in JavaScript, the key from the environment."""
    if f"${raw.variable}" not in value:
        return json.dumps(value)
    told = re.sub(r"([\\`])", r"\\\1", value).replace(f"${raw.variable}", f"${{process.env.{raw.variable}}}")
    return f"`{told}`"


def _snake(name: str) -> str:
    return _UPPER.sub(lambda found: f"_{found[1].lower()}", name)
