"""Saved prompts: TOML files a person may write by hand, with places to be filled in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from chatbench.client.schemas import check_schema
from chatbench.core.errors import ConfigurationError, FormatError
from chatbench.core.params import Parameters
from chatbench.storage import failures
from chatbench.storage.textfiles import broken_toml, replace_file

if TYPE_CHECKING:
    from tomlkit.items import Item

INPUT = "input"
"""The variable that stands for what is asked."""
_NAME = re.compile(r"[\w-][\w.-]{0,99}\Z")
_AS_IT_IS = re.compile(r'(?:[^\x00-\x08\x0b-\x1f\x7f\\"]|"(?!""|\Z))*\Z')
"""Text that TOML can hold between its long quotes without a change."""
_PLACE = re.compile(r"\{\{\s*(\w[\w-]*)\s*\}\}")


class Template(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a prompt is made of. `{{name}}` in `prompt` and `system` is filled in, `{{input}}` with
    what is asked. `variables` are what holds where nothing is given; `fragments` files and
    addresses."""

    model: str = ""
    system: str = ""
    prompt: str = ""
    variables: dict[str, str] = {}
    fragments: tuple[str, ...] = ()
    system_fragments: tuple[str, ...] = ()
    parameters: dict[str, Any] = {}
    schema: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if "schema" in self.parameters:
            raise ValueError("`schema` stands beside `parameters`, not in it")

    @property
    def names(self) -> tuple[str, ...]:
        """The variables in it, in order, `input` among them."""
        return tuple(dict.fromkeys(_PLACE.findall(f"{self.system}\n{self.prompt}")))

    def filled(self, words: str, given: Mapping[str, str] | None = None) -> tuple[str, str]:
        """The system prompt and the question. Words that no `{{input}}` takes come after the prompt.

        What is filled in is never filled again. Raises FormatError for a variable without a value,
        or a value without a variable.
        """
        values = {**self.variables, **(given or {})}
        if strange := [name for name in given or () if name not in self.names or name == INPUT]:
            known = ", ".join(name for name in self.names if name != INPUT) or "none"
            raise FormatError(
                f"The template has no variable {', '.join(strange)}.", f"Its variables: {known}."
            )
        missing = [name for name in self.names if name != INPUT and name not in values]
        if INPUT in self.names and not words:
            missing.append(INPUT)
        if missing:
            told = " ".join(f"-p {name} VALUE" for name in missing if name != INPUT) or "Give a text"
            raise FormatError(f"The template wants {', '.join(missing)}.", f"{told}.")
        values[INPUT] = words
        system, prompt = (_PLACE.sub(lambda m: values[m[1]], text) for text in (self.system, self.prompt))
        if INPUT not in self.names:
            prompt = "\n\n".join(filter(None, (prompt, words)))
        return system, prompt


class Kept(NamedTuple):
    """A template as it is kept: `stamp` tells this state of its file from every other."""

    template: Template
    stamp: str


class TemplateChanged(ConfigurationError):
    """Somebody else has changed a template's file since it was read. `gone`: has removed it."""

    def __init__(self, name: str, *, gone: bool) -> None:
        what = "removed" if gone else "changed"
        super().__init__(
            f"The template {name!r} was {what} elsewhere meanwhile.",
            "Nothing was written: look at what is there now.",
        )
        self.gone = gone


class TemplateService:
    """The templates of a profile: `NAME.toml` in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Where a template of that name stands. Raises ConfigurationError for what is no name."""
        if not _NAME.match(name):
            raise ConfigurationError(
                f"{name!r} cannot be the name of a template.", "Use letters, digits, - and _."
            )
        return self._folder / f"{name}.toml"

    def names(self) -> tuple[str, ...]:
        """In alphabetical order."""
        return tuple(sorted(path.stem for path in self._folder.glob("*.toml") if _NAME.match(path.stem)))

    def get(self, name: str) -> Template:
        """Raises ConfigurationError where there is none of that name, with near ones, or where its
        file is broken, with the line."""
        return self.read(name).template

    def read(self, name: str) -> Kept:
        """The template, and what `replace` wants to know of its file. Raises as `get`."""
        path = self.path(name)
        data = self._data(name)
        try:
            template = msgspec.toml.decode(data, type=Template)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise broken_toml(path, data, error) from error
        try:
            Parameters.from_dict(template.parameters)
            if template.schema is not None:
                check_schema(template.schema)
        except ConfigurationError as error:
            raise type(error)(f"{path.name}: {error.message}", error.hint) from error
        return Kept(template, _stamp(data))

    def _data(self, name: str) -> bytes:
        path = self.path(name)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise self._unknown(name) from None
        except OSError as error:
            raise failures.system_error(error, path) from error

    def text(self, name: str) -> str:
        """The file as it is. Raises as `get`."""
        self.get(name)
        return self.path(name).read_text(encoding="utf-8")

    def save(self, name: str, template: Template) -> Path:
        """Writes a new one. Raises ConfigurationError where one of that name is there; StorageError
        where it cannot be written."""
        return self._add(name, _encoded(template))

    def put_back(self, name: str, data: bytes) -> Path:
        """Undoes `remove`. Raises as `save`."""
        return self._add(name, data)

    def _add(self, name: str, data: bytes) -> Path:
        path = self.path(name)
        self._refuse_taken(path)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise failures.system_error(error, self._folder) from error
        replace_file(path, data)
        return path

    def _refuse_taken(self, path: Path) -> None:
        if path.exists():
            raise ConfigurationError(
                f"There is a template {path.stem!r} already.",
                f"Choose another name, or remove it: `chatbench templates remove {path.stem}`.",
            )

    def replace(self, name: str, template: Template, *, stamp: str, rename: str = "") -> Path:
        """Writes one that is there, under another name if `rename` is given. What a person wrote
        beside the values stays. Returns where it stands now.

        Raises TemplateChanged where its file is no more what was read as `stamp`; ConfigurationError
        where the other name is taken; StorageError where it cannot be written.
        """
        path, target = self.path(name), self.path(rename or name)
        try:
            before = path.read_bytes()
        except FileNotFoundError:
            raise TemplateChanged(name, gone=True) from None
        except OSError as error:
            raise failures.system_error(error, path) from error
        if _stamp(before) != stamp:
            raise TemplateChanged(name, gone=False)
        if target != path and not (target.exists() and target.samefile(path)):
            self._refuse_taken(target)
        replace_file(path, _encoded(template, before))
        if target != path:
            try:
                path.rename(target)
            except OSError as error:
                raise failures.system_error(error, target) from error
        return target

    def remove(self, name: str) -> bytes:
        """Returns the file as it was, for `put_back`. Raises ConfigurationError where there is none of
        that name; StorageError where it cannot be removed."""
        data = self._data(name)
        try:
            self.path(name).unlink()
        except OSError as error:
            raise failures.system_error(error, self.path(name)) from error
        return data

    def _unknown(self, name: str) -> ConfigurationError:
        import difflib

        near = difflib.get_close_matches(name, self.names(), 3)
        hint = f"Did you mean {', '.join(near)}?" if near else "See `chatbench templates list`."
        return ConfigurationError(f"There is no template called {name!r}.", hint)


def _stamp(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _encoded(template: Template, before: bytes = b"") -> bytes:
    """The file of a template; changes in one that was there leave the rest of it as it is."""
    try:
        data = _written(template, before)
        # A file by hand can be laid out so that a new line would land in the wrong table.
        if before and msgspec.toml.decode(data, type=Template) != template:
            data = _written(template)
    except UnicodeEncodeError as error:
        raise ConfigurationError(
            "What is to be saved is not UTF-8 text.", "Correct the text, or type it anew."
        ) from error
    except ValueError as error:
        raise ConfigurationError(
            "A template cannot hold null, as this schema or extra_body has it.",
            "Leave null out, or give that part on the command line.",
        ) from error
    return data


def _written(template: Template, before: bytes = b"") -> bytes:
    """TOML as a person would write it: long texts over several lines, tables last."""
    import tomlkit

    document = tomlkit.parse(before)
    wanted = msgspec.to_builtins(template)
    there = document.unwrap()
    for name in there:
        if name not in wanted:
            document.remove(name)
    for name, value in wanted.items():
        if name not in there:
            document.add(name, _item(value))
        elif there[name] != value:
            document[name] = _item(value)
    return tomlkit.dumps(document).encode()


def _item(value: object) -> Item:
    import tomlkit
    from tomlkit.items import String, StringType

    if isinstance(value, str) and "\n" in value and _AS_IT_IS.match(value):
        # The line end after the opening quotes is not part of the text.
        return String(StringType.MLB, value, f"\n{value}", tomlkit.items.Trivia())
    return tomlkit.item(value)
