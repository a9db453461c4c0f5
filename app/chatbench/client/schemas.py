"""Schemas of answers and tools: made from whatever describes a type, checked, and held against an answer.

A schema is told by a dictionary (or its JSON), a pydantic model, a TypedDict, dataclass or msgspec
Struct, a list of one of these, or in a short language: fields by commas or one a line, each with a
name, a type (`int`, `float`, `bool`, `str`; text where none is given) and, behind a colon, what it
is: `"name, age int, bio: one sentence"`.

pydantic is used where the caller's class is one of its own, and never imported otherwise;
jsonschema is imported at the first schema that is checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, get_args, get_origin
from urllib.parse import unquote

import msgspec

from chatbench.core.errors import ConfigurationError, InvalidSchema, SchemaMismatch
from chatbench.core.messages import Message, assistant, user
from chatbench.core.tools import ToolDefinition

Schema = dict[str, Any]

_TYPES = {"int": "integer", "float": "number", "bool": "boolean", "str": "string"}
_FENCED = re.compile(r"```[ \t]*(?:json)?[ \t]*\r?\n(.*?)\r?\n?[ \t]*```\Z", re.DOTALL | re.IGNORECASE)
_TOOL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,127}\Z")
_PLACED = re.compile(r"(?P<reason>.*?)(?: - at `(?P<path>.*)`)?\Z", re.DOTALL)
_SHOWN = 2_000
_VALUES = frozenset({"enum", "const", "default", "examples"})
"""What holds values, and no schemas."""
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""What holds schemas by names of their own, which are no words of JSON Schema."""


def schema_of(value: Any) -> Schema:
    """The JSON Schema that `value` describes; see the module for what that may be. A list of a type
    becomes an object with `items`, for the providers want an object.

    Raises InvalidSchema."""
    if isinstance(value, str):
        return _written(value)
    if isinstance(value, Mapping):
        schema = dict(value)
        check_schema(schema)
        return schema
    if get_origin(value) is list and get_args(value):
        return list_of(_of_type(get_args(value)[0]))
    return _of_type(value)


def schema_dsl(text: str, multi: bool = False) -> Schema:
    """The schema of the short language; `multi` asks for a list of such objects under `items`.

    Raises InvalidSchema."""
    if "," in text and "\n" not in text:
        fields = [field.strip() for field in text.split(",")]
    else:
        fields = [line for field in text.split("\n") if (line := field.strip())]
    properties: Schema = {}
    for field in fields:
        name, described = _field(field)
        if name in properties:
            raise InvalidSchema(f"The field {name!r} stands twice in the schema.", "Name each field once.")
        properties[name] = described
    if not properties:
        raise InvalidSchema("The schema names no field.", _SHORT)
    schema: Schema = {"type": "object", "properties": properties, "required": list(properties)}
    _encoded(schema)
    return _many(schema) if multi else schema


_SHORT = "Write fields by commas or one a line, as in: name, age int, bio: one sentence"


def _field(text: str) -> tuple[str, Schema]:
    named, _, description = text.partition(":")
    words = named.split()
    if not words or len(words) > 2:
        raise InvalidSchema(f"{text.strip()!r} is not a field of a schema.", _SHORT)
    kind = words[1] if len(words) == 2 else "str"
    if kind not in _TYPES:
        raise InvalidSchema(
            f"{kind!r} is not a type of a field ({words[0]}).",
            f"The types are {', '.join(_TYPES)}; what else is to be said goes behind a colon.",
        )
    described: Schema = {"type": _TYPES[kind]}
    if description.strip():
        described["description"] = description.strip()
    return words[0], described


def _many(schema: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {"items": {"type": "array", "items": schema}},
        "required": ["items"],
    }


def list_of(schema: Schema) -> Schema:
    """A list of what `schema` says, its definitions where references look for them."""
    item = dict(schema)
    item = _moved(item)
    definitions = item.pop("$defs", None)
    many = _many(item)
    return {**many, "$defs": definitions} if definitions else many


def _moved(value: Any) -> Any:
    """The same, where it refers to anything but a definition by its new place within the list."""
    if isinstance(value, list):
        return [_moved(item) for item in value]
    if not isinstance(value, dict):
        return value
    moved: Schema = {}
    for name, item in value.items():
        if name in _NAMED and isinstance(item, dict):
            moved[name] = {key: _moved(inner) for key, inner in item.items()}
        else:
            moved[name] = item if name in _VALUES else _moved(item)
    reference = moved.get("$ref")
    if isinstance(reference, str) and reference[:2] in ("#", "#/") and not reference.startswith("#/$defs/"):
        moved["$ref"] = f"#/properties/items/items{reference[1:]}"
    return moved


def _written(text: str) -> Schema:
    if not text.lstrip().startswith("{"):
        return schema_dsl(text)
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidSchema(f"The schema is not JSON: {error}.", "Check its quotes and commas.") from error
    check_schema(schema)
    return dict(schema)


def _of_type(kind: Any) -> Schema:
    if _is_pydantic(kind):
        schema: Schema = kind.model_json_schema()
        return _unfolded(schema)
    try:
        return _unfolded(msgspec.json.schema(kind))
    except TypeError as error:
        raise InvalidSchema(
            f"No schema can be made of {getattr(kind, '__name__', None) or repr(kind)}: {error}",
            "Give a dictionary, a pydantic model, a TypedDict, a dataclass, a msgspec Struct, "
            "or fields as text.",
        ) from error


def _is_pydantic(kind: Any) -> bool:
    return isinstance(kind, type) and hasattr(kind, "model_json_schema") and hasattr(kind, "model_validate")


def _unfolded(schema: Schema) -> Schema:
    """The definition in place of a reference to it at the top, where the providers want an object."""
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    definitions = schema.get("$defs", {})
    if name not in definitions:
        return schema
    top = dict(definitions[name])
    again = f'"#/$defs/{name}"' in msgspec.json.encode(definitions).decode()
    rest = {key: value for key, value in definitions.items() if again or key != name}
    return {**top, "$defs": rest} if rest else top


def check_schema(schema: Any) -> None:
    """Raises InvalidSchema where `schema` is not JSON Schema (2020-12), or refers to what is not in
    it. The message names the place."""
    if not isinstance(schema, dict):
        raise InvalidSchema(
            f"A schema is an object, not {type(schema).__name__}.", 'Give {"type": "object", …}.'
        )
    _check(_encoded(schema))


def _encoded(schema: Schema) -> bytes:
    try:
        return msgspec.json.encode(schema)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidSchema(
            f"The schema cannot be written as JSON: {error}", "Use text, numbers, lists, dictionaries."
        ) from error


@lru_cache(maxsize=256)
def _check(encoded: bytes) -> None:
    from jsonschema import Draft202012Validator, SchemaError

    schema = msgspec.json.decode(encoded)
    try:
        Draft202012Validator.check_schema(schema)
        references = _references(schema, "$")
    except RecursionError as error:
        raise InvalidSchema("The schema is nested too deeply.", "Put what repeats under $defs.") from error
    except SchemaError as error:
        path = _path(error.absolute_path)
        raise InvalidSchema(
            f"This is not JSON Schema, at {path}: {error.message}",
            "See json-schema.org for what may stand there.",
            path=path,
        ) from None
    for reference, path in references:
        anchor = b'"$anchor":' + msgspec.json.encode(reference[1:])
        if not _resolves(schema, reference) and anchor not in encoded:
            raise InvalidSchema(
                f"The schema refers at {path} to {reference}, which is not in it.",
                "Put the definition under $defs; addresses are not fetched.",
                path=path,
            )


def _references(schema: Any, path: str) -> list[tuple[str, str]]:
    if isinstance(schema, list):
        return [found for at, item in enumerate(schema) for found in _references(item, f"{path}[{at}]")]
    if not isinstance(schema, dict):
        return []
    found: list[tuple[str, str]] = []
    for name, value in schema.items():
        if name == "$ref" and isinstance(value, str):
            found.append((value, path))
        elif name in _NAMED and isinstance(value, dict):
            for key, inner in value.items():
                found += _references(inner, f"{path}.{name}.{key}")
        elif name not in _VALUES:
            found += _references(value, f"{path}.{name}")
    return found


def _resolves(schema: Schema, reference: str) -> bool:
    if not reference.startswith("#"):
        return False
    at: Any = schema
    for step in filter(None, reference[1:].split("/")):
        name = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(at, list) and name.isdigit() and int(name) < len(at):
            at = at[int(name)]
        elif isinstance(at, dict) and name in at:
            at = at[name]
        else:
            return False
    return True


def parse_answer(text: str, schema: Schema, target: Any = None) -> Any:
    """The value that an answer is in JSON: an instance where `target` is a class, else plain values.

    White space and a ```json fence around it are allowed, other words are not. Raises SchemaMismatch
    with `path` (as `$.items[0].age`), `reason` and `text`."""
    bare = text.strip()
    fenced = _FENCED.match(bare)
    bare = fenced.group(1).strip() if fenced else bare
    if target is None or isinstance(target, str | Mapping):
        return _validated(bare, schema)
    if get_origin(target) is list:
        return _typed_items(bare, target)
    return _typed(bare, target)


def _decoded(text: str, kind: Any = Any) -> Any:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        placed = _PLACED.match(str(error))
        assert placed is not None
        raise _mismatch(text, placed["path"] or "$", placed["reason"]) from None
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        reason = "it is empty" if not text else f"it is not JSON ({error})"
        raise _mismatch(text, "$", reason) from None


def _validated(text: str, schema: Schema) -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    value = _decoded(text)
    check_schema(schema)
    error = best_match(Draft202012Validator(schema).iter_errors(value))
    if error is not None:
        raise _mismatch(text, _path(error.absolute_path), error.message)
    return value


def _typed(text: str, target: Any) -> Any:
    if not _is_pydantic(target):
        return _decoded(text, target)
    _decoded(text)
    try:
        return target.model_validate_json(text)
    except ValueError as error:
        details: list[Any] = getattr(error, "errors", list)()
        if not details:
            raise _mismatch(text, "$", str(error)) from None
        raise _mismatch(text, _path(details[0]["loc"]), details[0]["msg"]) from None


def _typed_items(text: str, target: Any) -> list[Any]:
    """The list under `items`, each of the class that was asked for."""
    (kind,) = get_args(target)
    value = _decoded(text, dict[str, msgspec.Raw])
    if "items" not in value:
        raise _mismatch(text, "$", "'items' is a required property")
    if not _is_pydantic(kind):
        try:
            return list(msgspec.json.decode(value["items"], type=target))
        except msgspec.ValidationError as error:
            placed = _PLACED.match(str(error))
            assert placed is not None
            path = f"$.items{(placed['path'] or '$')[1:]}"
            raise _mismatch(text, path, placed["reason"]) from None
    found: list[Any] = []
    for at, item in enumerate(_decoded(bytes(value["items"]).decode(), list[msgspec.Raw])):
        try:
            found.append(_typed(bytes(item).decode(), kind))
        except SchemaMismatch as error:
            place = f"$.items[{at}]{error.path[1:]}"
            raise _mismatch(text, place, error.reason) from None
    return found


def _mismatch(text: str, path: str, reason: str) -> SchemaMismatch:
    reason = reason if len(reason) <= 300 else f"{reason[:300]}…"
    return SchemaMismatch(
        f"The answer does not fit its schema, at {path}: {reason}",
        "Ask again, ask for a repair, or loosen the schema.",
        path=path,
        reason=reason,
        text=text[:_SHOWN],
    )


def _path(steps: Any) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def repair_messages(text: str, mismatch: SchemaMismatch) -> tuple[Message, ...]:
    """The turn that asks for the answer once more: what was said, and what is wrong with it."""
    wrong = user(
        f"That does not fit the schema: at {mismatch.path}, {mismatch.reason or mismatch.message}.\n"
        "Answer again with JSON that fits the schema, and nothing else."
    )
    return (assistant(text), wrong) if text.strip() else (wrong,)


def tool_definition(value: Any) -> ToolDefinition:
    """A tool as a model is told of it, from a `ToolDefinition` or a dictionary as OpenAI (Chat or
    Responses), Anthropic or Gemini take it, or plain: name, description, parameters, strict.

    Raises ConfigurationError for anything else, InvalidSchema for parameters that are no schema."""
    if isinstance(value, ToolDefinition):
        tool = value
    elif isinstance(value, Mapping):
        tool = _told(value)
    else:
        raise ConfigurationError(f"{type(value).__name__} does not define a tool.", _TOOL_HINT)
    if not _TOOL_NAME.match(tool.name):
        raise ConfigurationError(
            f"{tool.name!r} cannot be the name of a tool.", "Use up to 128 letters, digits, _ and -."
        )
    if tool.parameters:
        check_schema(tool.parameters)
    return tool


_TOOL_HINT = 'Give a ToolDefinition, or {"name": …, "description": …, "parameters": {…}}.'


def _told(value: Mapping[str, Any]) -> ToolDefinition:
    if isinstance(value.get("function"), Mapping):
        value = value["function"]
    kind = value.get("type", "function")
    if kind not in {"function", "custom"} or ("type" in value and "format" in value):
        raise ConfigurationError(
            f"A tool of type {kind!r} runs at the provider and is no function.",
            "Pass the provider's own tools in extra_body.",
        )
    name, parameters = value.get("name"), {}
    for key in ("parameters", "input_schema", "parametersJsonSchema", "parameters_json_schema"):
        if value.get(key):
            parameters = value[key]
    if not isinstance(name, str) or not isinstance(parameters, Mapping):
        raise ConfigurationError("A tool has a name and, if any, parameters as an object.", _TOOL_HINT)
    return ToolDefinition(
        name=name,
        description=str(value.get("description") or ""),
        parameters=dict(parameters),
        strict=bool(value.get("strict", False)),
    )
