"""YAML 1.2 as plain values, and back: what files from elsewhere hold, without what could do harm."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

from chatbench.core.errors import FormatError

MAX_CHARACTERS = 4_000_000
_MAX_VALUES = 200_000
"""Counted as often as they stand somewhere: aliases of aliases grow without end."""


def read(text: str) -> Any:
    """The values of one document; dates are texts. Raises FormatError, with the line."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if len(text) > MAX_CHARACTERS:
        raise FormatError(f"This YAML is longer than {MAX_CHARACTERS:,} characters.", "Split it.")
    try:
        loaded = YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise FormatError(f"This is no YAML{where}: {error.problem or error.context}.") from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise FormatError(
            f"This is no YAML: {str(error).splitlines()[0] if str(error) else 'too deep'}."
        ) from error
    return _Plain().of(loaded, 0)


def write(value: Any) -> str:
    """Texts of several lines as blocks, everything in its order."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    yaml.dump(_blocks(value), out)
    return out.getvalue()


def changed(before: str, wanted: dict[str, Any], beside: tuple[str, ...] = ()) -> str:
    """The text with these values in it, as it was otherwise: comments, order, and what is called `beside`.
    Raises FormatError for a text that is no YAML."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.width = 10_000
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    told = read(before)
    if not isinstance(told, dict):
        return write(wanted)
    try:
        document = yaml.load(before)
    except (YAMLError, ValueError, RecursionError) as error:
        raise FormatError(f"This YAML cannot be changed: {error}") from error
    for name in [name for name in document if name not in wanted and name not in beside]:
        del document[name]
    for name, value in wanted.items():
        if name not in told or told[name] != value:
            document[name] = _blocks(value)
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()


class _Plain:
    """Makes values plain, and counts them. Raises FormatError."""

    def __init__(self) -> None:
        self._count = 0

    def of(self, value: Any, depth: int) -> Any:
        self._count += 1
        if self._count > _MAX_VALUES or depth > 100:
            raise FormatError(
                "This YAML holds too many values within one another.", "Write it without aliases."
            )
        if isinstance(value, dict):
            return {str(key): self.of(one, depth + 1) for key, one in value.items()}
        if isinstance(value, list | tuple | set):
            return [self.of(one, depth + 1) for one in value]
        if isinstance(value, date):
            return value.isoformat()
        if value is None or isinstance(value, str | bool | int | float):
            return value
        return str(value)


def _blocks(value: Any) -> Any:
    from ruamel.yaml.scalarstring import LiteralScalarString

    if isinstance(value, dict):
        return {key: _blocks(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_blocks(one) for one in value]
    if isinstance(value, str) and "\n" in value and not value.startswith((" ", "\n")):
        lines = value.split("\n")
        if all(line.isprintable() and line == line.rstrip() for line in lines):
            return LiteralScalarString(value)
    return value
