"""Prompts from files of other programs, and as files for them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import msgspec

from chatbench.core.errors import ChatbenchError, FormatError
from chatbench.core.messages import StoredFile
from chatbench.core.prompts import NamedPrompt
from chatbench.formats import (
    llm_template,
    openai_prompt,
    prompt_values,
    promptfoo,
    promptfoo_writing,
    yamltexts,
)
from chatbench.formats.imported import Imported
from chatbench.services.prompts import promptfiles
from chatbench.services.tomlfiles import encoded
from chatbench.templates.language import TemplateError
from chatbench.templates.prompts import variables_of

ExportFormat = Literal["toml", "yaml", "openai", "llm", "promptfoo"]
EXPORTS: tuple[ExportFormat, ...] = ("toml", "yaml", "openai", "llm", "promptfoo")
SUFFIXES: dict[ExportFormat, str] = {
    "toml": ".toml", "yaml": ".yaml", "openai": ".json", "llm": ".yaml", "promptfoo": ".yaml",
}  # fmt: skip
MAX_BYTES = 16_000_000
FileKind = Literal["prompts", "plan", "table", "folder"]
_PROMPTS = frozenset({".toml", ".yaml", ".yml"})


def read_text(text: str, name: str = "", read_file: Callable[[str], str] | None = None) -> Imported:
    """Prompts from a text in any format that is known: ours (TOML, YAML), a configuration of promptfoo's,
    OpenAI's JSON, a template of llm's; any other text is a prompt as it stands. `read_file` reads the files
    that it names; None: it may name none.

    Raises FormatError for what is one of these and broken.
    """
    values = _decoded(text)
    imported = _read(values, text, name, read_file or _refused)
    return imported._replace(left_out=(*imported.left_out, *_unread(imported.prompts)))


def read_file(path: Path) -> Imported:
    """As `read_text`; files that it names are read from the folder it stands in, and no other. Raises
    FormatError for what cannot be read."""
    folder = path.resolve().parent

    def beside(name: str) -> str:
        wanted = (folder / name).resolve()
        if not wanted.is_relative_to(folder):
            raise FormatError(
                f"{name} is outside of the folder of {path.name}.", "Put it there, or leave it out."
            )
        return _text(wanted)

    return read_text(_text(path), path.stem, beside)


def kind_of(path: Path) -> FileKind:
    """What a file that somebody wants to take in holds, as far as its beginning tells: prompts (with what
    runs them, perhaps), a plan of a run, or a table; a "folder" is one of prompts. Reads it; never raises."""
    if path.is_dir():
        return "folder" if _holds_prompts(path) else "table"
    suffix = path.suffix.lower()
    if suffix == ".toml":
        return "plan" if _holds_plan(path) else "prompts"
    if suffix in _PROMPTS or (suffix == ".json" and _holds_prompt(path)):
        return "prompts"
    return "table"


def _holds_prompts(folder: Path) -> bool:
    """Whether a folder has a file that is a prompt."""
    try:
        files = promptfiles.find(folder, "")
    except ChatbenchError:
        return False
    for file in files:
        with suppress(ChatbenchError):
            if file.problem is None:
                promptfiles.decoded(file.path, file.data)
                return True
    return False


def _holds_plan(path: Path) -> bool:
    """Whether a file of TOML names prompts and what they are run with, as no prompt does."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return True
        told = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return False
    prompts = told.get("prompts")
    return isinstance(prompts, list) and not ({"providers", "targets", "tests"} & told.keys())


def _holds_prompt(path: Path) -> bool:
    """Whether a file of JSON is a prompt, or a configuration with prompts, and no table."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return False
        told = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(told, dict) and bool(told.keys() & {"messages", "prompt", "input", "prompts"})


def write(named: NamedPrompt, form: ExportFormat) -> str:
    """The text of a file. Raises FormatError for what the format cannot hold."""
    if any(isinstance(part.source, StoredFile) for one in named.prompt.messages for part in one.attachments):
        raise FormatError(
            "The prompt shows files of this profile, which a text cannot hold.", "Make them variables."
        )
    if form == "openai":
        return json.dumps(openai_prompt.write(named), ensure_ascii=False, indent=2) + "\n"
    if form == "llm":
        return yamltexts.write(llm_template.write(named))
    if form == "promptfoo":
        return yamltexts.write(promptfoo_writing.write(named))
    values = prompt_values.written(named)
    if form == "yaml":
        return yamltexts.write(values)
    return encoded(values, same=lambda _: True).decode()


def _read(values: Any, text: str, name: str, read: Callable[[str], str]) -> Imported:
    if isinstance(values, list) and values and all(isinstance(one, dict) for one in values):
        return openai_prompt.read(values, name)
    if not isinstance(values, Mapping):
        return Imported((NamedPrompt(name=name, prompt=prompt_values.read({"prompt": text}).prompt),))
    told: dict[str, Any] = dict(values)
    if "prompts" in told or ("tests" in told and "providers" in told):
        return promptfoo.read(told, read)
    if _is_ours(told):
        named = prompt_values.read(told)
        left = [f"{one} have no place in the library." for one in prompt_values.BESIDE if one in told]
        return Imported((msgspec.structs.replace(named, name=named.name or name),), (), tuple(left))
    if "messages" in told or "input" in told or isinstance(told.get("prompt"), dict):
        return openai_prompt.read(told, name)
    return llm_template.read(told, name)


def _is_ours(told: dict[str, Any]) -> bool:
    """llm's templates and ours can look the same; then the places in them tell."""
    if not told.keys() <= {*prompt_values.KEYS, *prompt_values.BESIDE}:
        return False
    texts = told.get("messages")
    if isinstance(texts, list):
        return all(isinstance(one, dict) and "content" not in one for one in texts)
    words = f"{told.get('system', '')}{told.get('prompt', '')}"
    return isinstance(told.get("prompt", ""), str) and ("{{" in words or "$" not in words)


def _decoded(text: str) -> Any:
    """The values of JSON, TOML or YAML; None for a text that is none of them."""
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped.startswith(("{", "[")) and not stripped.startswith(("{{", "{%", "{#")):
        try:
            return json.loads(stripped)
        except (ValueError, RecursionError) as json_error:
            if stripped.startswith("{"):
                raise FormatError(f"This is no JSON: {json_error}.") from json_error
    try:
        return tomllib.loads(text.lstrip("\ufeff").replace("\r\n", "\n"))
    except (ValueError, RecursionError):
        pass
    try:
        return yamltexts.read(text)
    except FormatError:
        if _looks_like_settings(stripped):
            raise
        return None


def _looks_like_settings(text: str) -> bool:
    first = text.partition("\n")[0]
    name, colon, _ = first.partition(":")
    return bool(colon) and name.strip() in {*prompt_values.KEYS, "prompts", "description", "providers"}


def _unread(prompts: tuple[NamedPrompt, ...]) -> list[str]:
    """What is in the language of other programs and not in ours."""
    found = []
    for named in prompts:
        try:
            variables_of(named.prompt)
        except TemplateError as error:
            found.append(f"{named.name or 'The prompt'} is kept as it was written: {error.message}")
    return found


def _refused(name: str) -> str:
    raise FormatError(
        f"It names the file {name}.", "Import it from a file, so that others are found beside it."
    )


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise FormatError(f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB.", "Split it.")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}.", "Check its name.") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path.name} is not UTF-8 text.", "Save it as UTF-8.") from error
