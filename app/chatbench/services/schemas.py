"""Schemas of answers, as a person writes them down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chatbench.client import schemas
from chatbench.core.errors import InvalidSchema

_MAX_FILE_BYTES = 4 * 1024 * 1024


def read_schema(text: str, *, multi: bool = False) -> dict[str, Any]:
    """The JSON Schema that `text` is: JSON, the name of a file that holds it, or fields in the short
    language (see `client.schemas`). `multi` asks for a list of such objects, under `items`.

    Raises InvalidSchema.
    """
    text = text.strip()
    path = Path(text)
    if not text.startswith("{") and _is_file(path):
        text = _file_text(path)
    elif text.endswith(".json"):
        raise InvalidSchema(f"There is no file {text}.", "Check its name and place.")
    schema = schemas.schema_of(text)
    return schemas.list_of(schema) if multi else schema


def parsed_answer(text: str, schema: dict[str, Any]) -> Any:
    """The answer as a value that fits. Raises SchemaMismatch."""
    return schemas.parse_answer(text, schema)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long for a name, or with a zero byte in it
        return False


def _file_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_BYTES + 1)
        if len(data) > _MAX_FILE_BYTES:
            raise InvalidSchema(f"{path} is larger than 4 MiB.", "Give a smaller schema.")
        return data.decode("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSchema(f"{path} cannot be read: {error}", "Check the file.") from error
