"""Schemas from types, dictionaries and the short language; answers held against them."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import typing
from typing import Any, NotRequired, TypedDict

import msgspec
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.client.asking import Asked, request_of
from chatbench.client.routing import Route
from chatbench.client.schemas import (
    check_schema,
    list_of,
    parse_answer,
    repair_messages,
    schema_dsl,
    schema_of,
    tool_definition,
)
from chatbench.client.strictness import strict_schema
from chatbench.core.errors import ConfigurationError, InvalidSchema, SchemaMismatch
from chatbench.core.models import ModelRef
from chatbench.core.tools import ToolDefinition
from chatbench.providers.encoding import json_schema_of


class Dog(pydantic.BaseModel):
    name: str
    age: int
    nick: str | None = None


class Cat(TypedDict):
    name: str
    lives: NotRequired[int]


@dataclasses.dataclass
class Horse:
    name: str
    foals: list[Horse] = dataclasses.field(default_factory=list)


class Fish(msgspec.Struct):
    name: str
    fins: int = 2


# ---- the short language

DOG = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}, "bio": {"type": "string"}},
    "required": ["name", "age", "bio"],
}


def test_fields_stand_by_commas_or_one_a_line() -> None:
    assert schema_dsl("name, age int, bio") == DOG
    assert schema_dsl("name\nage int\n\nbio\n") == DOG
    assert schema_dsl("name str") == {
        "type": "object",
        "properties": {"name": {"type": "string"}},
        "required": ["name"],
    }


def test_every_type_and_what_stands_behind_the_colon() -> None:
    schema = schema_dsl("a int: how many, in all\nb float\nc bool : yes: or no\nd str:")
    assert schema["properties"] == {
        "a": {"type": "integer", "description": "how many, in all"},
        "b": {"type": "number"},
        "c": {"type": "boolean", "description": "yes: or no"},
        "d": {"type": "string"},
    }
    assert schema["required"] == ["a", "b", "c", "d"]


def test_multi_is_a_list_under_items() -> None:
    assert schema_dsl("name, age int, bio", multi=True) == {
        "type": "object",
        "properties": {"items": {"type": "array", "items": DOG}},
        "required": ["items"],
    }


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "no field"),
        ("name,,age", "''"),
        ("name, age integer", "'integer'"),
        ("a full sentence is no field", "sentence"),
        ("name, name", "'name'"),
        (": only words", "only words"),
    ],
)
def test_what_is_no_short_language_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(InvalidSchema, match=named) as refused:
        schema_dsl(text)
    assert refused.value.hint


@given(st.text(max_size=60))
def test_any_text_is_a_schema_or_refused(text: str) -> None:
    try:
        schema = schema_of(text)
    except InvalidSchema:
        return
    check_schema(schema)


# ---- from types


def test_a_pydantic_model_says_its_own_schema() -> None:
    assert schema_of(Dog) == Dog.model_json_schema()


def test_typed_dict_dataclass_and_struct_stand_unfolded() -> None:
    assert schema_of(Cat) == {
        "title": "Cat",
        "type": "object",
        "properties": {"name": {"type": "string"}, "lives": {"type": "integer"}},
        "required": ["name"],
    }
    fish = schema_of(Fish)
    assert "$defs" not in fish
    assert fish["properties"]["fins"] == {"type": "integer", "default": 2}
    horse = schema_of(Horse)
    assert horse["type"] == "object"
    assert horse["properties"]["foals"]["items"] == {"$ref": "#/$defs/Horse"}
    check_schema(horse)


@pytest.mark.parametrize("kind", [Dog, Cat, Horse, Fish, int])
def test_a_list_of_a_type_is_an_object_with_items(kind: Any) -> None:
    schema = schema_of(list[kind])
    assert schema["type"] == "object"
    assert schema["properties"]["items"]["type"] == "array"
    check_schema(schema)


def test_a_dictionary_and_its_json_are_what_they_say() -> None:
    assert schema_of(DOG) == DOG
    assert schema_of(msgspec.json.encode(DOG).decode()) == DOG
    with pytest.raises(InvalidSchema, match="not JSON"):
        schema_of('{"type": ')
    with pytest.raises(InvalidSchema, match="object"):
        schema_of(object())


def test_pydantic_is_imported_by_its_users_alone() -> None:
    code = (
        "import sys; from chatbench.client.schemas import schema_of, parse_answer\n"
        "from typing import TypedDict\n"
        "class Cat(TypedDict):\n    name: str\n"
        "parse_answer('{\"name\": \"x\"}', schema_of(Cat), Cat); parse_answer('{}', {}, {})\n"
        "assert 'pydantic' not in sys.modules, 'pydantic'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ---- checking


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "objekt"}, "$.type"),
        ({"properties": {"a": {"type": "integer", "minimum": "0"}}}, "$.properties.a.minimum"),
        ({"required": "name"}, "$.required"),
        ({"items": {"$ref": "#/$defs/gone"}}, "$.items"),
        ({"$ref": "https://example.org/schema.json"}, "$"),
    ],
)
def test_what_is_no_schema_is_refused_with_its_place(schema: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidSchema) as refused:
        check_schema(schema)
    assert refused.value.path == place
    assert place in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize("value", ["text", None, [], {"a": object()}, {"enum": {1, 2}, "x": 1j}])
def test_what_is_no_object_of_json_is_refused(value: Any) -> None:
    with pytest.raises(InvalidSchema):
        check_schema(value)


def test_references_within_a_schema_resolve() -> None:
    check_schema({"$defs": {"a/b": {"type": "string"}}, "items": {"$ref": "#/$defs/a~1b"}})
    check_schema({"properties": {"child": {"$ref": "#"}}})
    check_schema({"properties": {"$ref": {"type": "string"}}})
    check_schema({"enum": [{"$ref": "#/gone"}], "default": {"$ref": "#/gone"}})


# ---- strict


def test_strict_closes_what_it_can() -> None:
    strict = strict_schema(schema_of(Dog))
    assert strict["additionalProperties"] is False
    assert strict["required"] == ["name", "age", "nick"]
    assert json_schema_of(strict)["strict"]
    assert json_schema_of(strict_schema(schema_dsl("a, b int", multi=True)))["strict"]
    assert json_schema_of(strict_schema(schema_of(list[Dog])))["strict"]


@pytest.mark.parametrize(
    "schema",
    [
        schema_of(Cat),
        schema_of(Fish),
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": True},
        {"type": "object"},
        {"type": "array", "items": {"type": "string"}},
        {"type": "object", "properties": {"a": {"not": {}}}, "required": ["a"]},
    ],
)
def test_strict_leaves_alone_what_it_would_change(schema: dict[str, Any]) -> None:
    assert strict_schema(schema) is schema


@pytest.mark.parametrize(("target", "strict"), [(Dog, True), ("a, b int", True), (Cat, False), (DOG, True)])
def test_a_request_asks_strictly_where_that_changes_nothing(target: Any, strict: bool) -> None:
    request = request_of("?", Asked(schema=target), Route(ModelRef("loop", "m")))
    assert request.response_schema is not None
    assert json_schema_of(request.response_schema)["strict"] is strict


# ---- answers


def test_an_answer_is_an_instance_of_what_was_asked_for() -> None:
    text = '{"name": "Rex", "age": 3}'
    assert parse_answer(text, schema_of(Dog), Dog) == Dog(name="Rex", age=3)
    assert parse_answer('{"name": "Tom"}', schema_of(Cat), Cat) == {"name": "Tom"}
    assert parse_answer('{"name": "F", "fins": 4}', schema_of(Fish), Fish) == Fish("F", 4)
    horse = parse_answer('{"name": "H", "foals": [{"name": "f"}]}', schema_of(Horse), Horse)
    assert horse == Horse("H", [Horse("f")])
    assert parse_answer(text, DOG | {"required": []}, DOG) == {"name": "Rex", "age": 3}
    assert parse_answer('{"a": 1}', schema_dsl("a int"), "a int") == {"a": 1}


def test_a_list_of_a_type_comes_back_as_a_list() -> None:
    text = '{"items": [{"name": "Rex", "age": 3}, {"name": "Bo", "age": 1}]}'
    assert parse_answer(text, schema_of(list[Dog]), list[Dog]) == [
        Dog(name="Rex", age=3),
        Dog(name="Bo", age=1),
    ]
    assert parse_answer('{"items": [{"name": "F"}]}', schema_of(list[Fish]), list[Fish]) == [Fish("F")]


@pytest.mark.parametrize(
    "around", ["{}", " \n{}\n ", "```json\n{}\n```", "```\n{}\n```\n", "```JSON\r\n{}\r\n```"]
)
def test_a_fence_and_white_space_are_allowed(around: str) -> None:
    assert parse_answer(around.replace("{}", '{"a": 1}'), schema_dsl("a int")) == {"a": 1}


@pytest.mark.parametrize(
    "text",
    ['Here it is: {"a": 1}', '{"a": 1} I hope this helps', '```json\n{"a": 1}\n``` there', "", "``````"],
)
def test_other_words_are_not(text: str) -> None:
    with pytest.raises(SchemaMismatch) as mismatch:
        parse_answer(text, schema_dsl("a int"))
    assert mismatch.value.path == "$"


@pytest.mark.parametrize(
    ("text", "target", "path"),
    [
        ('{"name": "R", "age": "x"}', Dog, "$.age"),
        ('{"name": 1}', Cat, "$.name"),
        ('{"name": "H", "foals": [{"name": 2}]}', Horse, "$.foals[0].name"),
        ('{"items": [{"name": "R", "age": 1}, {"name": "R", "age": []}]}', list[Dog], "$.items[1].age"),
        ('{"items": [{"name": "F"}, {"name": null}]}', list[Fish], "$.items[1].name"),
        ("{}", list[Dog], "$"),
        ('{"items": 3}', list[Dog], "$"),
        ('{"items": [{"name": "R", "age": 1.5, "bio": ""}]}', None, "$.items[0].age"),
        ('{"items": [{"name": "R"}]}', {}, "$.items[0]"),
    ],
)
def test_a_mismatch_names_the_place(text: str, target: Any, path: str) -> None:
    schema = schema_of(target) if target else schema_dsl("name, age int, bio", multi=True)
    with pytest.raises(SchemaMismatch) as mismatch:
        parse_answer(text, schema, target)
    assert mismatch.value.path == path
    assert path in mismatch.value.message


@given(st.text(max_size=80), st.sampled_from([Dog, Cat, Horse, Fish, list[Dog], list[Fish], None]))
def test_any_text_fits_or_is_a_mismatch(text: str, target: Any) -> None:
    schema = schema_of(target) if target else {}
    reason = "none"
    try:
        parse_answer(text, schema, target)
    except SchemaMismatch as mismatch:
        reason = mismatch.reason
    assert reason


def test_a_repair_says_what_is_wrong() -> None:
    with pytest.raises(SchemaMismatch) as mismatch:
        parse_answer('{"name": "R", "age": "x"}', schema_of(Dog), Dog)
    said, wrong = repair_messages('{"name": "R", "age": "x"}', mismatch.value)
    assert (said.role, said.text) == ("assistant", '{"name": "R", "age": "x"}')
    assert wrong.role == "user"
    assert "$.age" in wrong.text
    assert len(repair_messages("  ", mismatch.value)) == 1


# ---- tools

PARAMETERS = {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]}
CLOCK = ToolDefinition(name="clock", description="The time", parameters=PARAMETERS)
PLAIN = {"name": "clock", "description": "The time"}


@pytest.mark.parametrize(
    "value",
    [
        CLOCK,
        {**PLAIN, "parameters": PARAMETERS},
        {**PLAIN, "input_schema": PARAMETERS, "type": "custom"},
        {**PLAIN, "parametersJsonSchema": PARAMETERS},
        {**PLAIN, "type": "function", "parameters": PARAMETERS},
        {"type": "function", "function": {**PLAIN, "parameters": PARAMETERS}},
    ],
)
def test_a_tool_is_told_in_every_vendors_shape(value: Any) -> None:
    assert tool_definition(value) == CLOCK


def test_a_strict_tool_stays_strict() -> None:
    assert tool_definition({"name": "a", "strict": True}) == ToolDefinition(name="a", strict=True)


@pytest.mark.parametrize(
    "value",
    [
        {},
        "clock",
        len,
        {"name": 3},
        {"name": "has spaces"},
        {"name": "a", "parameters": []} | {"parameters": "text"},
        {"type": "web_search"},
        {"type": "web_search_20260318", "name": "web_search"},
    ],
)
def test_what_is_no_tool_is_refused(value: Any) -> None:
    with pytest.raises(ConfigurationError) as refused:
        tool_definition(value)
    assert refused.value.hint


def test_parameters_that_are_no_schema_are_refused() -> None:
    with pytest.raises(InvalidSchema):
        tool_definition({"name": "a", "parameters": {"type": "objekt"}})


def nested(depth: int) -> str:
    return '{"items":' * depth + "{}" + "}" * depth


@pytest.mark.parametrize("depth", [300, 3_000, 100_000])
def test_a_schema_too_deep_is_refused(depth: int) -> None:
    with pytest.raises(InvalidSchema):
        schema_of(nested(depth))


def test_a_list_of_nothing_in_particular_is_told() -> None:
    for kind in (list, typing.List):  # noqa: UP006 - both are written
        assert schema_of(kind)["type"] == "array"


def test_names_that_no_request_can_hold_are_refused() -> None:
    for words in ("caf\udce9", "a: caf\udce9", '{"title": "caf\udce9"}'):
        with pytest.raises(InvalidSchema, match="cannot be written as JSON"):
            schema_of(words)


TREE = {
    "type": "object",
    "properties": {
        "kids": {"type": "array", "items": {"$ref": "#"}},
        "size": {"$ref": "#/definitions/size"},
        "again": {"$ref": "#/properties/size"},
        "known": {"$ref": "#/$defs/known"},
        "default": {"$ref": "#/definitions/size"},
        "told": {"const": {"$ref": "#/nowhere"}},
    },
    "definitions": {"size": {"type": "integer"}},
    "$defs": {"known": {"$ref": "#/definitions/size"}},
}


def test_a_list_of_a_schema_refers_to_its_own_parts() -> None:
    many = list_of(TREE)
    check_schema(many)
    good = {"kids": [{"size": 2, "kids": []}], "size": 1, "again": 1, "known": 1, "default": 1}
    assert parse_answer(msgspec.json.encode({"items": [good]}).decode(), many) == {"items": [good]}
    for wrong in (
        {"size": "x"}, {"again": "x"}, {"known": "x"}, {"default": "x"}, {"kids": [{"size": "x"}]},
        {"kids": [1]},
    ):  # fmt: skip
        with pytest.raises(SchemaMismatch):
            parse_answer(msgspec.json.encode({"items": [wrong]}).decode(), many)
    assert many["properties"]["items"]["items"]["properties"]["told"] == TREE["properties"]["told"]  # type: ignore[index]


def test_references_are_found_however_they_are_written() -> None:
    named: dict[str, Any] = {"$defs": {"a b": {"$anchor": "there", "type": "integer"}}}
    for reference in ("#there", "#/$defs/a%20b", "#/$defs/a b"):
        schema = {**named, "properties": {"x": {"$ref": reference}}}
        check_schema(schema)
        assert parse_answer('{"x": 1}', schema) == {"x": 1}
    for name in ("default", "enum", "x"):
        with pytest.raises(InvalidSchema, match="not in it"):
            check_schema({**named, "properties": {name: {"$ref": "#nowhere"}}})
