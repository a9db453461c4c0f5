"""Prompts filled in: their variables, and the messages that are sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from chatbench.core.errors import FormatError
from chatbench.core.messages import MediaPart, Message, TextPart
from chatbench.core.prompts import Prompt, PromptMessage, Variable
from chatbench.templates.errors import TemplateError
from chatbench.templates.language import parse, render

_FILES = ("file", "image")
_PARTS = frozenset({"image", "file", "audio", "video"})


class Filled(NamedTuple):
    """What a prompt becomes: its system messages as one text, and the others in their order."""

    system: str
    messages: tuple[Message, ...]


class PromptFault(TemplateError):
    """What is wrong in one message of a prompt: `index` counts them from 0."""

    def __init__(self, error: TemplateError, index: int, role: str) -> None:
        FormatError.__init__(self, f"Message {index + 1} ({role}): {error.message}", error.hint)
        self.what, self.line, self.column, self.index = error.what, error.line, error.column, index
        self.is_endless = error.is_endless


class EndlessPrompt(PromptFault):
    """A prompt that was given up because filling it in took too long."""


def variables_of(prompt: Prompt) -> tuple[Variable, ...]:
    """The variables that are declared, in their order, and behind them those that the messages name; of
    these what only a section or a default asks for is optional. Raises TemplateError."""
    declared = {one.name: one for one in prompt.variables}
    for index, message in enumerate(prompt.messages):
        parsed = _of_message(parse, index, message)
        for name in parsed.names:
            declared.setdefault(name, Variable(name=name, optional=name in parsed.optional))
    return tuple(declared.values())


def fragments_of(prompt: Prompt) -> tuple[str, ...]:
    """The fragments the messages name, with their pins. Raises TemplateError."""
    found: dict[str, None] = {}
    for index, message in enumerate(prompt.messages):
        found.update(dict.fromkeys(_of_message(parse, index, message).fragments))
    return tuple(found)


def fill(
    prompt: Prompt,
    values: Mapping[str, object],
    fragments: Mapping[str, str] | None = None,
    variables: tuple[Variable, ...] | None = None,
) -> Filled:
    """The prompt with its variables filled in, from `values` or their defaults; other values are left
    alone. A file or an image (a `MediaPart`, or one as plain values, or a list) is attached to the first
    message that names it, and is no text. A message that becomes empty is left out.

    Raises TemplateError, and FormatError for a value that is not of its variable's type.
    """
    given: dict[str, object] = {}
    media: dict[str, tuple[MediaPart, ...]] = {}
    for variable in variables_of(prompt) if variables is None else variables:
        value = _value(variable, values)
        if value is not None and (variable.type in _FILES or _is_file(value)):
            media[variable.name] = _media(variable, value)
            given[variable.name] = _Attached(media[variable.name])
        elif value is not None or variable.optional:
            given[variable.name] = value
    system: list[str] = []
    messages: list[Message] = []
    for index, message in enumerate(prompt.messages):
        text = _of_message(lambda source: render(source, given, fragments or {}), index, message)
        if message.role == "system":
            system.append(text)
            continue
        attached = [*message.attachments]
        for name in parse(message.text).names if media else ():
            attached += media.pop(name, ())
        if text.strip() or attached:
            words = (TextPart(text=text),) if text.strip() else ()
            messages.append(Message(role=message.role, parts=(*attached, *words)))
    return Filled("\n\n".join(filter(None, system)), tuple(messages))


class _Attached(str):
    """Stands for files in a text: true for a section, and nothing where it is put in."""

    __slots__ = ()

    def __new__(cls, _: tuple[MediaPart, ...]) -> _Attached:
        return super().__new__(cls, "")

    def __bool__(self) -> bool:
        return True


def _of_message(work: Any, index: int, message: PromptMessage) -> Any:
    try:
        return work(message.text)
    except TemplateError as error:
        kind = EndlessPrompt if error.is_endless else PromptFault
        raise kind(error, index, message.role) from None


def _value(variable: Variable, values: Mapping[str, object]) -> object:
    """What a variable holds; None where nothing is given. Raises FormatError."""
    value = values.get(variable.name)
    if value is None or (value == "" and variable.optional):
        value = variable.default
    if value is None or variable.type in _FILES:
        return value
    if variable.type == "number":
        return _number(variable, value)
    if variable.type == "json":
        return _json(variable, value)
    if variable.type == "choice" and variable.choices and value not in variable.choices:
        raise FormatError(
            f"{variable.name} cannot be {str(value)[:100]!r}.", f"Choose {' or '.join(variable.choices)}."
        )
    return value


def _is_file(value: object) -> bool:
    """Whether it can be nothing else: such a value is attached though nobody said what its variable is."""
    if isinstance(value, dict):
        return value.get("type") in _PARTS and isinstance(value.get("source"), dict)
    return isinstance(value, MediaPart)


def _number(variable: Variable, value: object) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = str(value).strip()[:100]
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise FormatError(f"{variable.name} is a number, and {text!r} is none.") from None


def _json(variable: Variable, value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{variable.name} is not JSON: {error}.", "Correct its value.") from error


def _media(variable: Variable, value: object) -> tuple[MediaPart, ...]:
    """One file, or a list of them."""
    each = value if isinstance(value, list | tuple) else (value,)
    try:
        return tuple(one if isinstance(one, MediaPart) else msgspec.convert(one, MediaPart) for one in each)
    except (msgspec.ValidationError, ValueError) as error:
        raise FormatError(
            f"{variable.name} is a file, and what is given is none.", "Attach a file in its place."
        ) from error
