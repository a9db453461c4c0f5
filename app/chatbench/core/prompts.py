"""Prompts of the workbench: messages with places to be filled in, and what they are sent with."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from chatbench.core.messages import MediaPart
from chatbench.core.params import Parameters
from chatbench.core.tools import ToolDefinition
from chatbench.core.values import Plain

PromptRole = Literal["system", "user", "assistant"]
VariableType = Literal["text", "long_text", "number", "choice", "file", "image", "json"]


class Variable(
    Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A place `{{name}}` in a prompt. `default` holds where nothing is given; None: a value is needed,
    unless it is `optional`, which leaves the variable unset. `choices` are those of a choice."""

    name: str
    type: VariableType = "text"
    default: Any = None
    description: str = ""
    choices: tuple[str, ...] = ()
    optional: bool = False


class PromptMessage(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody says, as a template; an assistant's message is an example of an answer."""

    role: PromptRole = "user"
    text: str = ""
    attachments: tuple[MediaPart, ...] = ()


class Prompt(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that a version of a prompt holds. `models` are `provider/model-id`s it is run with where none
    is chosen; `variables` tell more of the places that the messages name, in their order. `dataset` is the
    name of the data set that is offered for trying and running it; `columns` variable → column of a data set
    where the names differ, "" for a variable that no column fills."""

    messages: tuple[PromptMessage, ...] = ()
    variables: tuple[Variable, ...] = ()
    parameters: Parameters = Parameters()
    response_schema: dict[str, Any] | None = None
    tools: tuple[ToolDefinition, ...] = ()
    models: tuple[str, ...] = ()
    dataset: str = ""
    columns: dict[str, str] = {}


class PromptVersion(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One saving of a prompt: never changed. `number` counts from 1 within the prompt; `sha256` (hex) tells
    the content, `created_at` is UTC milliseconds."""

    prompt_id: str
    number: int
    sha256: str
    note: str = ""
    created_at: int = 0
    prompt: Prompt = Prompt()


class PromptEntry(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A prompt as the library lists it. `folder` is a path of names, "/" between them, "" at the top;
    `production` the number of the version marked so; `latest` of the newest; `updated_at` UTC
    milliseconds; `file` where it also stands as a file, and `unwritten`: that file does not hold the newest
    version."""

    id: str
    name: str
    folder: str = ""
    tags: tuple[str, ...] = ()
    production: int | None = None
    latest: int = 0
    updated_at: int = 0
    file: str = ""
    unwritten: bool = False

    @property
    def path(self) -> str:
        """Folder and name in one, as plans and the terminal name it."""
        return f"{self.folder}/{self.name}" if self.folder else self.name


class Fragment(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A named piece of text that prompts share. `source` is the file, address or answer it came from;
    `sha256` (hex) tells its text, by which a prompt can pin it; `updated_at` UTC milliseconds."""

    name: str
    text: str = ""
    source: str = ""
    sha256: str = ""
    updated_at: int = 0


class NamedPrompt(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A prompt with what it is called, as files hold it. `name` is "" where the file's own name is it."""

    name: str = ""
    folder: str = ""
    tags: tuple[str, ...] = ()
    prompt: Prompt = Prompt()
