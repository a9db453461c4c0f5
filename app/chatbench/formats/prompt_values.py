"""Prompts as the plain values of a file that people write: TOML and YAML hold the same.

The simple form is `prompt`, `system`, `model` and `variables` (name = default); the full one has `messages`,
`models`, and tables that tell more of a variable. Either may name a `dataset` that the prompt is tried on,
and `columns` (variable = column) where the names differ. Reading takes both; writing takes the simple one
where it says everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from chatbench.core.errors import FormatError
from chatbench.core.params import Parameters
from chatbench.core.prompts import NamedPrompt, Prompt, PromptMessage, Variable
from chatbench.core.tools import ToolDefinition

KEYS = (
    "name", "folder", "tags", "model", "models", "dataset", "system", "prompt", "messages", "variables",
    "columns", "parameters", "schema", "tools",
)  # fmt: skip
"""What such a file can hold, in the order in which it is written."""
BESIDE = ("fragments", "system_fragments")
"""What a file may hold besides, for the terminal's and the chat's templates; it is left alone."""
_SCALARS = (str, int, float, bool)


def read(values: Mapping[str, Any]) -> NamedPrompt:
    """Raises FormatError for what is no prompt, with the name of the value; ConfigurationError for
    parameters there are not."""
    if strange := [name for name in values if name not in KEYS and name not in BESIDE]:
        raise FormatError(
            f"A prompt has nothing called `{strange[0]}`.", f"There are {', '.join((*KEYS, *BESIDE))}."
        )
    if "messages" in values and ("prompt" in values or "system" in values):
        raise FormatError("`messages` stands instead of `prompt` and `system`.", "Leave one of them out.")
    return NamedPrompt(
        name=_convert(values, "name", str, ""),
        folder=_convert(values, "folder", str, ""),
        tags=_convert(values, "tags", tuple[str, ...], ()),
        prompt=Prompt(
            messages=_messages(values),
            variables=_variables(values.get("variables", {})),
            parameters=Parameters.from_dict(_convert(values, "parameters", dict[str, Any], {})),
            response_schema=_convert(values, "schema", dict[str, Any] | None, None),
            tools=_convert(values, "tools", tuple[ToolDefinition, ...], ()),
            models=_models(values),
            dataset=_convert(values, "dataset", str, ""),
            columns=_convert(values, "columns", dict[str, str], {}),
        ),
    )


def written(named: NamedPrompt) -> dict[str, Any]:
    """As plain values, in the order of `KEYS`, what is empty left out."""
    prompt = named.prompt
    values: dict[str, Any] = {"name": named.name, "folder": named.folder, "tags": list(named.tags)}
    if len(prompt.models) == 1:
        values["model"] = prompt.models[0]
    else:
        values["models"] = list(prompt.models)
    values["dataset"] = prompt.dataset
    simple = _simple(prompt.messages)
    if simple is not None:
        values["system"], values["prompt"] = simple
    else:
        values["messages"] = [_message(one) for one in prompt.messages]
    values["variables"] = {one.name: _variable(one) for one in prompt.variables}
    values["columns"] = dict(prompt.columns)
    values["parameters"] = prompt.parameters.to_dict()
    values["schema"] = prompt.response_schema
    values["tools"] = [msgspec.to_builtins(one) for one in prompt.tools]
    return {name: value for name, value in values.items() if value not in ("", None, [], {})}


def is_simple(values: Mapping[str, Any]) -> bool:
    """Whether these hold nothing that only the full form has."""
    beyond = {"name", "folder", "tags", "models", "dataset", "messages", "columns", "tools"} & values.keys()
    variables = values.get("variables")
    tables = isinstance(variables, Mapping) and any(isinstance(one, Mapping) for one in variables.values())
    return not beyond and not tables


def _convert(values: Mapping[str, Any], name: str, kind: Any, default: Any) -> Any:
    if name not in values:
        return default
    try:
        return msgspec.convert(values[name], kind)
    except (msgspec.ValidationError, ValueError) as error:
        what, _, where = str(error).partition(" - at `$")
        raise FormatError(f"`{name}{where.rstrip('`')}`: {what}.", "Correct it.") from error


def _messages(values: Mapping[str, Any]) -> tuple[PromptMessage, ...]:
    if "messages" in values:
        found: tuple[PromptMessage, ...] = _convert(values, "messages", tuple[PromptMessage, ...], ())
        return found
    system, prompt = _convert(values, "system", str, ""), _convert(values, "prompt", str, "")
    above = (PromptMessage(role="system", text=system),) if system else ()
    return (*above, *((PromptMessage(text=prompt),) if prompt else ()))


def _simple(messages: tuple[PromptMessage, ...]) -> tuple[str, str] | None:
    """System and prompt, where the messages are no more than these."""
    if any(one.attachments or not one.text for one in messages):
        return None
    roles = [one.role for one in messages]
    if roles not in ([], ["user"], ["system"], ["system", "user"]):
        return None
    texts = {one.role: one.text for one in messages}
    return texts.get("system", ""), texts.get("user", "")


def _message(message: PromptMessage) -> dict[str, Any]:
    values: dict[str, Any] = {"role": message.role, "text": message.text}
    if message.attachments:
        values["attachments"] = msgspec.to_builtins(message.attachments)
    return values


def _models(values: Mapping[str, Any]) -> tuple[str, ...]:
    if "model" in values and "models" in values:
        raise FormatError("`models` stands instead of `model`.", "Leave one of them out.")
    one = _convert(values, "model", str, "")
    found: tuple[str, ...] = (one,) if one else _convert(values, "models", tuple[str, ...], ())
    return found


def _variables(values: Any) -> tuple[Variable, ...]:
    if not isinstance(values, Mapping):
        raise FormatError("`variables` is no table.", "Write name = default, or a table for each name.")
    found = []
    for name, value in values.items():
        told = value if isinstance(value, Mapping) else {"default": value}
        found.append(_convert({"variables": {**told, "name": str(name)}}, "variables", Variable, None))
    return tuple(found)


def _variable(variable: Variable) -> Any:
    told = msgspec.to_builtins(variable)
    del told["name"]
    if told.keys() == {"default"} and isinstance(told["default"], _SCALARS):
        return told["default"]
    return told
