"""The form of a schema that the providers' strict modes take, where it has one."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def strict_schema(schema: Schema) -> Schema:
    """The schema in the form that the providers' strict modes take: every object closed, every
    property required. Unchanged where that would forbid an answer the schema is there to allow: a
    property that may be absent and cannot be null, or an object with names of its own choosing."""
    try:
        closed = _closed(schema)
    except _Open:
        return schema
    return closed if isinstance(closed, dict) and closed.get("type") == "object" else schema


class _Open(Exception):
    """The schema has no strict form."""


_LOOSE = frozenset(
    {
        "patternProperties", "propertyNames", "unevaluatedProperties", "dependentRequired",
        "dependentSchemas", "if", "then", "else", "not", "allOf", "oneOf", "$dynamicRef",
    }
)  # fmt: skip


def _closed(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    if not _LOOSE.isdisjoint(schema):
        raise _Open
    closed = dict(schema)
    for name in ("anyOf", "prefixItems"):
        if name in closed:
            closed[name] = [_closed(item) for item in closed[name]]
    if "items" in closed:
        closed["items"] = _closed(closed["items"])
    if "$defs" in closed:
        closed["$defs"] = {name: _closed(item) for name, item in closed["$defs"].items()}
    return _closed_object(closed) if "properties" in closed or closed.get("type") == "object" else closed


def _closed_object(schema: Schema) -> Schema:
    if schema.get("additionalProperties", False) not in (False, True) or not schema.get("properties"):
        raise _Open
    if schema.get("additionalProperties") is True:
        raise _Open
    required = set(schema.get("required", ()))
    properties: Schema = {}
    for name, described in schema["properties"].items():
        described = _closed(described)
        if name not in required:
            if not _may_be_null(described):
                raise _Open
            described = {key: value for key, value in described.items() if key != "default"}
        properties[name] = described
    return {
        **schema,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _may_be_null(schema: Any) -> bool:
    if not isinstance(schema, dict) or schema.get("default") is not None:
        return False
    kind = schema.get("type")
    if kind == "null" or (isinstance(kind, list) and "null" in kind):
        return True
    return any(_may_be_null(item) for item in schema.get("anyOf", ()))
