"""A prompt as a file of its own: TOML or YAML that a person can read, write and keep in git."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import msgspec

from chatbench.core.errors import ChatbenchError, ConfigurationError, FormatError
from chatbench.core.prompts import NamedPrompt, Prompt, PromptEntry
from chatbench.formats import prompt_values, yamltexts
from chatbench.services.templates import stamp_of
from chatbench.services.tomlfiles import encoded
from chatbench.storage import failures
from chatbench.storage.textfiles import broken_toml

SUFFIX = ".toml"
"""Of a file that is made here."""
_YAML = (".yaml", ".yml")
_NEVER = frozenset({"node_modules", "__pycache__"})
MAX_BYTES = 4_000_000
"""Of one file. Far more than any prompt has."""
MAX_FILES = 5_000
"""Of one folder with all that is in it."""
_NO_FILE_NAME = re.compile(r"[^\w.-]+")
_LONGEST_NAME = 80


class NoPrompt(ConfigurationError):
    """A file of something else: it says nothing that a prompt says."""


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
    """What a file holds; without a name of its own its prompt is called as it. Raises NoPrompt for a file of
    something else, ConfigurationError for a broken one, with the line where it is known."""
    try:
        values = _values(path, data)
        if not isinstance(values, dict) or _is_foreign(values):
            raise NoPrompt(f"{path.name} is no prompt.", "It wants prompt or messages.")
        named = prompt_values.read(values)
    except NoPrompt:
        raise
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
        return prompt_values.read(_values(path, data)) == wanted

    if path.suffix in _YAML:
        told = yamltexts.changed(before.decode(), values, prompt_values.BESIDE).encode() if before else b""
        return told if told and same(told) else yamltexts.write(values).encode()
    return encoded(values, before, same=same, beside=prompt_values.BESIDE)


def _values(path: Path, data: bytes) -> Any:
    return yamltexts.read(data.decode("utf-8-sig")) if path.suffix in _YAML else msgspec.toml.decode(data)


def _is_foreign(values: dict[str, Any]) -> bool:
    known = {*prompt_values.KEYS, *prompt_values.BESIDE}
    return not ({"prompt", "system", "messages"} & values.keys()) and not values.keys() <= known


def file_name(name: str) -> str:
    """What a prompt's file is called: what every system takes of its name."""
    told = _NO_FILE_NAME.sub("-", name).strip("-.")[:_LONGEST_NAME]
    return (told or "prompt") + SUFFIX


def find(root: Path, folder: str) -> list[InFolder]:
    """The files of a linked folder and of the folders in it; hidden ones left out. Raises StorageError where
    a folder cannot be read, ConfigurationError where these are too many."""
    found: list[InFolder] = []
    for parent, names in _walk(root):
        inside = parent.relative_to(root).parts
        for name in names:
            path = parent / name
            if not _may_hold_prompt(path):
                continue
            if len(found) == MAX_FILES:
                raise ConfigurationError(
                    f"{root} holds more than {MAX_FILES:,} files.", "Link a folder that has prompts only."
                )
            found.append(_read(path, "/".join(filter(None, (folder, *inside)))))
    return found


def folders_in(root: Path) -> list[Path]:
    """A folder and those inside of it that `find` looks into. Raises StorageError."""
    return [parent for parent, _ in _walk(root)]


def files_in(folders: Iterable[Path], most: int) -> list[Path]:
    """The files in these that may hold a prompt, so many of them. What cannot be read has none."""
    found: list[Path] = []
    for folder in folders:
        with suppress(OSError):
            found += [path for path in folder.iterdir() if _may_hold_prompt(path)]
        if len(found) >= most:
            return found[:most]
    return found


def _may_hold_prompt(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix in (SUFFIX, *_YAML) and path.is_file()


def _walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    def unreadable(error: OSError) -> NoReturn:
        raise failures.system_error(error, root) from error

    for parent, folders, names in os.walk(root, onerror=unreadable):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one not in _NEVER)
        yield Path(parent), sorted(names)


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
