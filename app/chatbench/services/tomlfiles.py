"""TOML as a person would write it, and changes in what a person wrote."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from chatbench.core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from tomlkit.items import Item

_AS_IT_IS = re.compile(r'(?:[^\x00-\x08\x0b-\x1f\x7f\\"]|"(?!""|\Z))*\Z')
"""Text that TOML can hold between its long quotes without a change."""


def encoded(
    wanted: Mapping[str, Any],
    before: bytes = b"",
    *,
    same: Callable[[bytes], bool],
    beside: tuple[str, ...] = (),
) -> bytes:
    """The file of these values; changes in one that was there leave the rest of it as it is, comments and
    what is called `beside`. `same` says whether a file holds what is wanted.

    Raises ConfigurationError for what TOML cannot hold.
    """
    try:
        data = _written(wanted, before, beside)
        # A file by hand can be laid out so that a new line would land in the wrong table.
        if before and not same(data):
            data = _written(wanted, b"", ())
    except UnicodeEncodeError as error:
        raise ConfigurationError(
            "What is to be saved is not UTF-8 text.", "Correct the text, or type it anew."
        ) from error
    except ValueError as error:
        raise ConfigurationError(
            "A file cannot hold null, as this schema or extra_body has it.",
            "Leave null out, or give that part on the command line.",
        ) from error
    return data


def _written(wanted: Mapping[str, Any], before: bytes, beside: tuple[str, ...]) -> bytes:
    """Long texts over several lines, tables last."""
    import tomlkit

    document = tomlkit.parse(before)
    _change(document, wanted, beside)
    return tomlkit.dumps(document).encode()


def _change(container: MutableMapping[str, Any], wanted: Mapping[str, Any], beside: tuple[str, ...]) -> None:
    there: dict[str, Any] = container.unwrap()  # type: ignore[attr-defined]
    for name in there:
        if name not in wanted and name not in beside:
            del container[name]
    for name, value in wanted.items():
        if name not in there:
            container[name] = _item(value)
        elif there[name] != value:
            _replace(container, name, there[name], value)


def _replace(container: MutableMapping[str, Any], name: str, before: Any, value: Any) -> None:
    if isinstance(before, dict) and isinstance(value, Mapping):
        _change(container[name], value, ())
    elif _tables(before) and _tables(value) and len(before) == len(value):
        for at, one in enumerate(value):
            _change(container[name][at], one, ())
    else:
        container[name] = _item(value)


def _tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _item(value: object) -> Item:
    import tomlkit
    from tomlkit.items import String, StringType

    if isinstance(value, str) and "\n" in value and _AS_IT_IS.match(value):
        # The line end after the opening quotes is not part of the text.
        return String(StringType.MLB, value, f"\n{value}", tomlkit.items.Trivia())
    told: Any = value
    if isinstance(value, Mapping):
        told = {name: _item(one) for name, one in value.items()}
    elif isinstance(value, list) and _tables(value):
        told = [{name: _item(one) for name, one in row.items()} for row in value]
    item: Item = tomlkit.item(told)
    return item
