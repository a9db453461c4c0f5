"""Saved prompts: TOML files a person may write by hand, with places to be filled in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from chatbench.client.schemas import check_schema
from chatbench.core.errors import ConfigurationError, FormatError
from chatbench.core.params import Parameters
from chatbench.core.prompts import Prompt
from chatbench.formats import prompt_values
from chatbench.services.tomlfiles import encoded
from chatbench.storage import failures
from chatbench.storage.textfiles import broken_toml, replace_file
from chatbench.templates.evaluating import words
from chatbench.templates.language import Parsed, TemplateError, parse, render

INPUT = "input"
"""The variable that stands for what is asked."""
_NAME = re.compile(r"[\w-][\w.-]{0,99}\Z")
_PLACE = re.compile(r"\{\{\s*(\w[\w-]*)\s*\}\}")


class Template(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a prompt is made of. `{{name}}` in `prompt` and `system` is filled in, `{{input}}` with
    what is asked. `variables` are what holds where nothing is given; `fragments` files and
    addresses; `left_out` names what a prompt of the library holds that one question cannot."""

    model: str = ""
    system: str = ""
    prompt: str = ""
    variables: dict[str, str] = {}
    fragments: tuple[str, ...] = ()
    system_fragments: tuple[str, ...] = ()
    parameters: dict[str, Any] = {}
    schema: dict[str, Any] | None = None
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if "schema" in self.parameters:
            raise ValueError("`schema` stands beside `parameters`, not in it")

    @property
    def names(self) -> tuple[str, ...]:
        """The variables in it, in order, `input` among them."""
        return tuple(dict.fromkeys((*_asks_for(self.system).names, *_asks_for(self.prompt).names)))

    @property
    def shared(self) -> tuple[str, ...]:
        """The fragments of the library that it names, with their pins."""
        found = (*_asks_for(self.system).fragments, *_asks_for(self.prompt).fragments)
        return tuple(dict.fromkeys(found))

    def filled(
        self, words: str, given: Mapping[str, str] | None = None, shared: Mapping[str, str] | None = None
    ) -> tuple[str, str]:
        """The system prompt and the question. Words that no `{{input}}` takes come after the prompt;
        `shared` are the texts of the library's fragments.

        What is filled in is never filled again. Raises FormatError for a variable without a value,
        or a value without a variable.
        """
        values: dict[str, str] = {**self.variables, **(given or {})}
        if strange := [name for name in given or () if name not in self.names or name == INPUT]:
            known = ", ".join(name for name in self.names if name != INPUT) or "none"
            raise FormatError(
                f"The template has no variable {', '.join(strange)}.", f"Its variables: {known}."
            )
        wanted = [
            name
            for text in (self.system, self.prompt)
            for name in _asks_for(text).names
            if name not in _asks_for(text).optional
        ]
        missing = [name for name in dict.fromkeys(wanted) if name != INPUT and name not in values]
        if INPUT in wanted and not words:
            missing.append(INPUT)
        if missing:
            told = " ".join(f"-p {name} VALUE" for name in missing if name != INPUT) or "Give a text"
            raise FormatError(f"The template wants {', '.join(missing)}.", f"{told}.")
        values[INPUT] = words
        system, prompt = (_filled(text, values, shared or {}) for text in (self.system, self.prompt))
        if INPUT not in self.names:
            prompt = "\n\n".join(filter(None, (prompt, words)))
        return system, prompt


def _asks_for(text: str) -> Parsed:
    try:
        return parse(text)
    except TemplateError:
        # Braces that mean nothing to the language were there before it, in prompts about braces.
        return Parsed(tuple(dict.fromkeys(_PLACE.findall(text))), ())


def _filled(text: str, values: Mapping[str, str], shared: Mapping[str, str]) -> str:
    try:
        parse(text)
    except TemplateError:
        return _PLACE.sub(lambda m: values[m[1]], text)
    return render(text, values, shared)


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
    """The templates of a profile: `NAME.toml` in one folder, `FOLDER/NAME` in those inside of it. The same
    files are prompts of the workbench's library."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Where a template of that name stands. Raises ConfigurationError for what is no name."""
        if not all(_NAME.match(part) for part in name.split("/")):
            raise ConfigurationError(
                f"{name!r} cannot be the name of a template.", "Use letters, digits, - and _."
            )
        return self._folder / f"{name}.toml"

    def names(self) -> tuple[str, ...]:
        """In alphabetical order."""
        found = (
            path.relative_to(self._folder).with_suffix("").as_posix() for path in self._folder.rglob("*.toml")
        )
        return tuple(sorted(name for name in found if all(_NAME.match(part) for part in name.split("/"))))

    def get(self, name: str) -> Template:
        """Raises ConfigurationError where there is none of that name, with near ones, or where its
        file is broken, with the line."""
        return self.read(name).template

    def read(self, name: str) -> Kept:
        """The template, and what `replace` wants to know of its file. Raises as `get`."""
        path = self.path(name)
        data = self._data(name)
        try:
            template = _decoded(data)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise broken_toml(path, data, error) from error
        except FormatError as error:
            raise ConfigurationError(f"{path.name}: {error.message}", error.hint) from error
        except ConfigurationError as error:
            raise type(error)(f"{path.name}: {error.message}", error.hint) from error
        return Kept(template, stamp_of(data))

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
        _make_folder(path.parent)
        replace_file(path, data)
        return path

    def _refuse_taken(self, path: Path) -> None:
        if path.exists():
            raise ConfigurationError(
                f"There is a template {path.stem!r} already.",
                "Choose another name, or remove it: `chatbench templates remove "
                f"{path.relative_to(self._folder).with_suffix('').as_posix()}`.",
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
        if stamp_of(before) != stamp:
            raise TemplateChanged(name, gone=False)
        if not _is_whole_template(before):
            raise ConfigurationError(
                f"The prompt {name!r} holds more than a template can.", "Change it in the workbench."
            )
        if target != path and not (target.exists() and target.samefile(path)):
            self._refuse_taken(target)
        replace_file(path, _encoded(template, before))
        if target != path:
            _make_folder(target.parent)
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


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise failures.system_error(error, folder) from error


def stamp_of(data: bytes) -> str:
    """What tells this content of a file from every other."""
    return hashlib.sha256(data).hexdigest()


def _encoded(template: Template, before: bytes = b"") -> bytes:
    """The file of a template; changes in one that was there leave the rest of it as it is."""

    def same(data: bytes) -> bool:
        return bool(msgspec.toml.decode(data, type=Template) == template)

    values: dict[str, Any] = msgspec.to_builtins(template)
    values.pop("left_out", None)
    return encoded(values, before, same=same)


def _decoded(data: bytes) -> Template:
    values = msgspec.toml.decode(data)
    simple = prompt_values.is_simple(values)
    template = msgspec.convert(values, Template) if simple else _template(values)
    Parameters.from_dict(template.parameters)
    if template.schema is not None:
        check_schema(template.schema)
    return template


def _is_whole_template(data: bytes) -> bool:
    try:
        return prompt_values.is_simple(msgspec.toml.decode(data))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return True


def _template(values: dict[str, Any]) -> Template:
    """The file of a prompt of the library. Raises FormatError."""
    return msgspec.structs.replace(
        template_of(prompt_values.read(values).prompt),
        fragments=tuple(values.get("fragments", ())),
        system_fragments=tuple(values.get("system_fragments", ())),
    )


def template_of(prompt: Prompt) -> Template:
    """A prompt of the library, as far as one question can hold it."""
    left = list[str]()
    questions = [one for one in prompt.messages if one.role == "user"]
    examples = len([one for one in prompt.messages if one.role != "system"]) - len(questions[-1:])
    if examples:
        left.append(f"{examples} messages before the question")
    if any(one.attachments for one in prompt.messages):
        left.append("attachments")
    if prompt.tools:
        left.append("tools")
    if len(prompt.models) > 1:
        left.append("all models but the first")
    defaults = {one.name: one.default for one in prompt.variables if one.default is not None}
    texts = {name: one if isinstance(one, str) else words(one, 0) for name, one in defaults.items()}
    return Template(
        model=next(iter(prompt.models), ""),
        system="\n\n".join(one.text for one in prompt.messages if one.role == "system"),
        prompt=questions[-1].text if questions else "",
        variables=texts,
        parameters=prompt.parameters.to_dict(),
        schema=prompt.response_schema,
        left_out=tuple(left),
    )
