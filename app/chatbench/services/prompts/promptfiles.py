"""A prompt as a file of its own: TOML that a person can read, write and keep in git."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import msgspec

from chatbench.core.errors import ChatbenchError, ConfigurationError, FormatError
from chatbench.core.prompts import NamedPrompt, Prompt, PromptEntry
from chatbench.formats import prompt_values
from chatbench.services.templates import stamp_of
from chatbench.services.tomlfiles import encoded
from chatbench.storage import failures
from chatbench.storage.textfiles import broken_toml

SUFFIX = ".toml"
MAX_BYTES = 4_000_000
"""Of one file. Far more than any prompt has."""
MAX_FILES = 5_000
"""Of one folder with all that is in it."""
_NO_FILE_NAME = re.compile(r"[^\w.-]+")
_LONGEST_NAME = 80


class InFolder(NamedTuple):
    """A file that was found: `folder` is where its prompt stands in the library, `problem` why it cannot be
    read."""

    path: Path
    folder: str
    data: bytes = b""
    problem: ChatbenchError | None = None

    @property
    def stamp(self) -> str:
        return stamp_of(self.data)


def decoded(path: Path, data: bytes) -> NamedPrompt:
    """What a file holds; without a name of its own its prompt is called as it. Raises ConfigurationError,
    with the line where it is known."""
    try:
        named = prompt_values.read(msgspec.toml.decode(data))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise broken_toml(path, data, error) from error
    except (FormatError, ConfigurationError) as error:
        raise ConfigurationError(f"{path.name}: {error.message}", error.hint) from error
    return named if named.name else msgspec.structs.replace(named, name=path.stem)


def encode(path: Path, entry: PromptEntry, prompt: Prompt, before: bytes = b"") -> bytes:
    """The file of a prompt; changes in one that was there leave what a person wrote beside it. Raises
    ConfigurationError for what TOML cannot hold."""
    name = "" if entry.name == path.stem else entry.name
    values = prompt_values.written(NamedPrompt(name=name, tags=entry.tags, prompt=prompt))
    wanted = prompt_values.read(values)

    def same(data: bytes) -> bool:
        return prompt_values.read(msgspec.toml.decode(data)) == wanted

    return encoded(values, before, same=same, beside=prompt_values.BESIDE)


def file_name(name: str) -> str:
    """What a prompt's file is called: what every system takes of its name."""
    told = _NO_FILE_NAME.sub("-", name).strip("-.")[:_LONGEST_NAME]
    return (told or "prompt") + SUFFIX


def find(root: Path, folder: str) -> list[InFolder]:
    """The files of a linked folder and of the folders in it, in order; hidden ones left out. Raises
    StorageError where the folder cannot be read."""
    found: list[InFolder] = []
    try:
        for path in sorted(root.rglob(f"*{SUFFIX}")):
            inside = path.relative_to(root)
            if any(part.startswith(".") for part in inside.parts) or not path.is_file():
                continue
            if len(found) == MAX_FILES:
                raise ConfigurationError(
                    f"{root} holds more than {MAX_FILES:,} files.", "Link a folder that has prompts only."
                )
            found.append(_read(path, "/".join(filter(None, (folder, *inside.parts[:-1])))))
    except OSError as error:
        raise failures.system_error(error, root) from error
    return found


def _read(path: Path, folder: str) -> InFolder:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        return InFolder(path, folder, problem=failures.system_error(error, path))
    if len(data) > MAX_BYTES:
        problem = ConfigurationError(f"{path.name} is larger than any prompt.", f"Move {path} away.")
        return InFolder(path, folder, problem=problem)
    return InFolder(path, folder, data)
