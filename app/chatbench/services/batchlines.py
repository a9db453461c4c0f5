"""The prompts of a batch, one at a time from a file: JSON lines, or a table with a column `prompt`."""

from __future__ import annotations

import csv
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from chatbench.client.asking import parameters_of
from chatbench.client.conversation import Conversation
from chatbench.client.many import PromptItem
from chatbench.core.errors import ChatbenchError, FormatError
from chatbench.core.messages import ImagePart, InlineData
from chatbench.documents import images
from chatbench.documents.parts import bytes_of, data_of
from chatbench.documents.tables.json import JSON_LINES
from chatbench.documents.tables.separated import allow_long_cells

_TOLD = frozenset({"prompt", "id", "system"})
_JSON_ONLY = frozenset({"messages", "params"})
_PICTURES = frozenset({*images.MEDIA_TYPES.values(), "image/jpg"})
_SEPARATORS = ",;\t"


class Line(NamedTuple):
    """What stands in line `number` (from 1; of a prompt over several lines, the last): a prompt, or
    the `problem` with it."""

    number: int
    item: PromptItem | None
    problem: ChatbenchError | None = None
    note: str = ""
    """What of it will not be sent."""


class _Given(msgspec.Struct, forbid_unknown_fields=True):
    """An object of the input, as it is written."""

    prompt: str | None = None
    messages: list[dict[str, Any]] | None = None
    id: str | int | None = None
    system: str | None = None
    params: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(_Given).decode


def lines_of(path: Path) -> Iterator[Line]:
    """Every prompt of the file, read as it is asked for; blank lines are none.

    Raises FormatError for a file of another kind, or a table without `prompt`.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise FormatError(f"{path} is no file.", "A batch reads its input twice: save it first.")
        if path.suffix.lower() == ".csv":
            yield from _of_table(path)
        elif path.suffix.lower() in JSON_LINES:
            yield from _of_json(path)
        else:
            raise FormatError(
                f"{path.name} is of no kind that is known by its name.", "Name it .jsonl or .csv."
            )
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror or error}.", "Check the file.") from error


def unused_columns(path: Path) -> list[str]:
    """The columns of a table that are not used; none for JSON lines. Raises as `lines_of` does."""
    if path.suffix.lower() != ".csv":
        return []
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
        columns = _columns(file.readline())
    return [name for name in columns if name and name not in _TOLD]


def _of_json(path: Path) -> Iterator[Line]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            line = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
            if line:
                yield _line(number, line)


def _line(number: int, line: bytes) -> Line:
    try:
        item, note = _item(_decode(line))
    except msgspec.ValidationError as error:
        hint = "A line has prompt or messages, and may have id, system and params."
        return Line(number, None, FormatError(f"{error}.", hint))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Line(number, None, FormatError(f"no JSON: {error}.", "Each line is one JSON object."))
    except ChatbenchError as error:
        return Line(number, None, error)
    return Line(number, item, None, note)


def _item(given: _Given) -> tuple[PromptItem, str]:
    if (given.prompt is None) == (given.messages is None):
        raise FormatError("neither prompt nor messages." if given.prompt is None else "prompt and messages.",
                          "Give one of them.")  # fmt: skip
    prompt: str | Conversation = given.prompt or ""
    system, note = given.system, ""
    if given.messages is not None:
        prompt, note = _conversation(given.messages)
        if any(message.role in ("system", "developer") for message in prompt.messages):
            if system is not None:
                raise FormatError("system, and a system message.", "Give one of them.")
            system = ""
    elif not given.prompt or not given.prompt.strip():
        raise FormatError("an empty prompt.", "Give the words to ask, or leave out the line.")
    return PromptItem(
        prompt=prompt,
        id="" if given.id is None else str(given.id),
        system=system,
        parameters=parameters_of(given.params, {}) if given.params else None,
    ), note


def _conversation(messages: list[dict[str, Any]]) -> tuple[Conversation, str]:
    """In the shape of OpenAI's chat, and what of it is lost."""
    if not messages:
        raise FormatError("no messages.", "Give at least one.")
    _refuse_damaged(messages)
    found = Conversation.from_openai_chat(messages)
    if not found.losses:
        return found, ""
    lost = found.losses[0]
    return found, f"{lost.what} ({lost.where}) will not be sent: {lost.why}"


def _refuse_damaged(messages: list[dict[str, Any]]) -> None:
    """What is said to be a file in base64, and is none, would go to the provider as it is."""
    for number, message in enumerate(messages):
        content = message.get("content")
        for place, piece in enumerate(content if isinstance(content, list) else ()):
            if isinstance(piece, dict) and _is_damaged(piece):
                raise FormatError(
                    f"messages[{number}].content[{place}] holds a damaged {piece['type']}.",
                    "Write the file's bytes in base64, as data:TYPE;base64,… or in input_audio as data.",
                )


def _is_damaged(piece: dict[str, Any]) -> bool:
    kind = piece.get("type")
    told = piece.get(kind) if isinstance(kind, str) else None
    if not isinstance(told, dict):
        return False
    if kind == "input_audio":
        return bytes_of(str(told.get("data", ""))) is None
    url = str(told.get({"image_url": "url", "file": "file_data"}.get(str(kind), ""), ""))
    return url[:5].lower() == "data:" and data_of(url) is None


def refuse_damaged_pictures(item: PromptItem) -> None:
    """Decodes every picture that a line's messages hold, which takes a while. Raises AttachmentRefused
    for one that is broken; one of a kind that is not known here is left to the provider."""
    messages = item.prompt.messages if isinstance(item.prompt, Conversation) else ()
    for part in (part for message in messages for part in message.parts):
        if isinstance(part, ImagePart) and isinstance(part.source, InlineData):
            data = part.source.data
            if part.media_type in _PICTURES or images.recognise(data[:16]):
                images.inspect(data, part.name)


def holds_pictures(item: PromptItem) -> bool:
    """Whether there is anything in it for `refuse_damaged_pictures`."""
    messages = item.prompt.messages if isinstance(item.prompt, Conversation) else ()
    return any(isinstance(part, ImagePart) for message in messages for part in message.parts)


def _of_table(path: Path) -> Iterator[Line]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            columns = _columns(first := file.readline())
            file.seek(0)
            separator = _separator(first)
            if "prompt" not in columns:
                found = ", ".join(filter(None, columns)) or "none"
                raise FormatError(
                    f"{path.name} has no column called prompt; its columns are: {found}.",
                    "The first line names the columns.",
                )
            if wrong := [name for name in columns if name in _JSON_ONLY]:
                raise FormatError(f"A table cannot hold {wrong[0]}.", "Write JSON lines (.jsonl) for that.")
            if len(told := [name for name in columns if name in _TOLD]) != len(set(told)):
                raise FormatError(f"{path.name} has a column twice: {', '.join(told)}.", "Name each once.")
            yield from _of_rows(file, columns, separator)
        except UnicodeDecodeError as error:
            raise FormatError(
                f"{path.name} is not UTF-8 text: byte {error.start:,} of a block.", "Save it as UTF-8."
            ) from error


def _of_rows(file: Any, columns: list[str], separator: str) -> Iterator[Line]:
    allow_long_cells()
    rows = csv.reader(file, delimiter=separator, strict=True)
    next(rows)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            hint = "A cell with quotes or line breaks is put in quotes, quotes within it are doubled."
            yield Line(rows.line_num, None, FormatError(f"not a row of a table: {error}.", hint))
            return
        if row:
            yield _row(rows.line_num, row, columns)


def _row(number: int, row: list[str], columns: list[str]) -> Line:
    if len(row) > len(columns):
        problem = FormatError(
            f"{len(row)} cells for {len(columns)} columns.", "Put a cell with a separator in it in quotes."
        )
        return Line(number, None, problem)
    told = {name: cell for name, cell in zip(columns, row, strict=False) if name in _TOLD}
    given = _Given(
        prompt=told.get("prompt", ""), id=told.get("id") or None, system=told.get("system") or None
    )
    try:
        return Line(number, _item(given)[0])
    except ChatbenchError as error:
        return Line(number, None, error)


def _separator(first: str) -> str:
    """The one that finds a column called prompt; spreadsheets use others than commas in places."""
    for separator in _SEPARATORS:
        if "prompt" in _split(first, separator):
            return separator
    return ","


def _columns(first: str) -> list[str]:
    return _split(first, _separator(first))


def _split(first: str, separator: str) -> list[str]:
    try:
        return [name.strip().lower() for name in next(csv.reader([first], delimiter=separator), [])]
    except csv.Error:
        return []
