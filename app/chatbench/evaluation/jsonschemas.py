"""Whether a value fits a JSON Schema, both from strangers: in bounded time, and nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final, cast

import msgspec

from chatbench.core.errors import ConfigurationError, InvalidSchema
from chatbench.evaluation.deadlines import Deadline, TookTooLong
from chatbench.evaluation.findings import Unjudged
from chatbench.evaluation.patterns import expression, searched

SECONDS: Final = 2.0
_MOST_SHOWN: Final = 200
_Rule = Callable[[Any, Any, Any, Any], Any]
_watch = Deadline()


def mismatch(schema: Any, value: Any) -> str:
    """Where and why it does not fit, as in "at $.age: it is …."; "" where it does. Raises Unjudged for
    what is no schema, and where it takes too long."""
    try:
        validator = _validator(_encoded(schema))
    except InvalidSchema as wrong:
        raise Unjudged(wrong.message) from wrong
    _watch.begin(SECONDS)
    try:
        for error in validator.iter_errors(value):
            path = "$" + "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in error.absolute_path)
            message = error.message
            return f"at {path}: {message if len(message) <= _MOST_SHOWN else message[:_MOST_SHOWN] + '…'}."
    except TimeoutError:
        raise TookTooLong(f"The schema takes longer than {SECONDS:g} s on this answer.") from None
    except RecursionError:
        raise Unjudged("The answer is nested too deeply for the schema.") from None
    return ""


def schema_problem(schema: Any) -> str:
    """What is wrong with a schema; "" for a good one."""
    try:
        _validator(_encoded(schema))
    except InvalidSchema as error:
        return error.message
    return ""


def _encoded(schema: Any) -> bytes:
    if isinstance(schema, str):
        return schema.encode()
    try:
        return msgspec.json.encode(schema)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidSchema(f"The schema cannot be written as JSON: {error}") from error


@lru_cache(maxsize=64)
def _validator(encoded: bytes) -> Any:
    from jsonschema import Draft202012Validator, SchemaError
    from jsonschema.validators import extend
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    registry: Registry[Any] = Registry()
    try:
        schema = msgspec.json.decode(encoded)
        if not isinstance(schema, dict | bool):
            raise InvalidSchema("A schema is an object.")
        Draft202012Validator.check_schema(schema)
        resolver = registry.resolver_with_root(DRAFT202012.create_resource(schema))
        for reference in _references(schema):
            resolver.lookup(reference)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidSchema(f"The schema is not JSON: {error}.") from error
    except Unresolvable as error:
        raise InvalidSchema(f"The schema refers to {error.ref}, which is not in it.") from None
    except SchemaError as error:
        raise InvalidSchema(f"This is not JSON Schema: {error.message[:_MOST_SHOWN]}.") from None
    own = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
    }
    rules = {name: _timed(rule) for name, rule in {**Draft202012Validator.VALIDATORS, **own}.items()}
    bounded = cast("Any", extend)(Draft202012Validator, rules)
    return bounded(schema, registry=registry)


def _references(schema: Any) -> Iterator[str]:
    """Where it refers to. Raises InvalidSchema for what is no regular expression, or cannot be stopped."""
    waiting, names = [schema], set[str]()
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            names |= one.keys()
            for name in ("$ref", "$dynamicRef"):
                reference = one.get(name)
                if isinstance(reference, str):
                    yield reference
            patterns = one.get("patternProperties")
            for pattern in (one.get("pattern"), *(patterns if isinstance(patterns, dict) else ())):
                if isinstance(pattern, str):
                    _compile(pattern)
            waiting += one.values()
    if {"patternProperties", "unevaluatedProperties"} <= names:
        raise InvalidSchema("A schema may not have both patternProperties and unevaluatedProperties.")


def _compile(pattern: str) -> None:
    try:
        expression(pattern)
    except ConfigurationError as error:
        raise InvalidSchema(error.message) from error


def _timed(rule: _Rule) -> _Rule:
    def timed(validator: Any, said: Any, value: Any, schema: Any) -> Iterator[Any]:
        _watch.look()
        yield from rule(validator, said, value, schema) or ()

    return timed


def _unique_items(validator: Any, wanted: bool, value: Any, schema: Any) -> Iterator[Any]:
    """By what is written, which takes no longer for many than for few."""
    from jsonschema import ValidationError

    if wanted and isinstance(value, list):
        written = {msgspec.json.encode(_same_number(one), order="deterministic") for one in value}
        if len(written) < len(value):
            yield ValidationError("it has the same item twice")


def _same_number(value: Any) -> Any:
    """With 1.0 as 1, as JSON Schema has it."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_same_number(one) for one in value]
    if isinstance(value, dict):
        return {name: _same_number(one) for name, one in value.items()}
    return value


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if isinstance(value, str) and not searched(pattern, value):
        yield ValidationError(f"{value[:_MOST_SHOWN]!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, value: Any, schema: Any) -> Iterator[Any]:
    if not isinstance(value, dict):
        return
    for pattern, inner in patterns.items():
        for name, one in value.items():
            if searched(pattern, name):
                yield from validator.descend(one, inner, path=name, schema_path=pattern)


def _additional_properties(validator: Any, allowed: Any, value: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if not isinstance(value, dict):
        return
    properties, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    extra = [
        name
        for name in value
        if name not in properties and not any(searched(pattern, name) for pattern in patterns)
    ]
    if isinstance(allowed, dict):
        for name in extra:
            yield from validator.descend(value[name], allowed, path=name)
    elif allowed is False and extra:
        yield ValidationError(f"{extra[0]!r} is not allowed here")
