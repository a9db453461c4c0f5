"""A prompt as a configuration of promptfoo's: the prompt, its models as providers, its defaults as a test."""

from __future__ import annotations

import json
import re
from typing import Any

from chatbench.core.errors import FormatError
from chatbench.core.prompts import NamedPrompt, Prompt
from chatbench.formats import openai_prompt
from chatbench.formats.promptfoo import PROVIDERS

_MIDDLE = {"openai": "chat", "anthropic": "messages", "ollama": "chat", "azure": "chat"}
_FRAGMENT = re.compile(r"\{\{[^{}]*\bfragment\s*\(")
_OPENAI_LIKE = frozenset({"openai", "azure", "openrouter", "groq", "deepseek", "xai", "mistral", "together"})


def write(named: NamedPrompt) -> dict[str, Any]:
    """The values of the configuration. Raises FormatError for what it cannot hold."""
    prompt = named.prompt
    if not prompt.models:
        raise FormatError("promptfoo wants to know which models to ask.", "Keep some with the prompt first.")
    if any(one.attachments for one in prompt.messages):
        raise FormatError("A configuration of promptfoo's holds no attachments.", "Make them variables.")
    if any(_FRAGMENT.search(one.text) for one in prompt.messages):
        raise FormatError("promptfoo has no fragments.", "Put their texts into the prompt.")
    values: dict[str, Any] = {
        "description": named.name,
        "prompts": [{"raw": _raw(prompt), "label": named.name or "Prompt"}],
        "providers": [_provider(model, prompt) for model in prompt.models],
        "tests": [{"vars": {one.name: _default(one.default) for one in prompt.variables}}],
    }
    return {key: value for key, value in values.items() if value}


def _raw(prompt: Prompt) -> str:
    """One message of the user stands as it is, others as a list in JSON."""
    if [one.role for one in prompt.messages] == ["user"]:
        return prompt.messages[0].text
    told = [{"role": one.role, "content": one.text} for one in prompt.messages]
    return json.dumps(told, ensure_ascii=False, indent=2)


def _provider(model: str, prompt: Prompt) -> dict[str, Any]:
    ours, _, name = model.partition("/")
    kind = next((theirs for theirs, one in PROVIDERS.items() if one == ours), "")
    if not kind:
        raise FormatError(f"promptfoo has no name for {model} that is known here.", "Leave it out.")
    config = openai_prompt.write(NamedPrompt(prompt=prompt))
    for beside in ("model", "messages"):
        config.pop(beside, None)
    if kind not in _OPENAI_LIKE:
        if lost := config.keys() & {"tools", "response_format"}:
            what = "tools" if "tools" in lost else "a schema of the answer"
            raise FormatError(
                f"{model} takes {what} in promptfoo in a form of its own.", "Export it as TOML."
            )
        if "max_completion_tokens" in config:
            config["max_tokens"] = config.pop("max_completion_tokens")
    middle = _MIDDLE.get(kind)
    told: dict[str, Any] = {"id": ":".join(filter(None, (kind, middle, name)))}
    return told | ({"config": config} if config else {})


def _default(value: Any) -> Any:
    return "" if value is None else value
