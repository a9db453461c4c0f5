"""Checks that need no model: what passes, what fails, and what cannot be judged."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from chatbench.core.checks import Check, Subject, Verdict
from chatbench.evaluation import jsonschemas, jsontexts, patterns
from chatbench.evaluation.checks import judge
from chatbench.evaluation.kinds import KINDS, problems

LENIENT = {"ignore_case": True, "ignore_whitespace": True, "ignore_punctuation": True}
AGE = {"required": ["age"]}
CLOSED = {"patternProperties": {"^x": {}}, "additionalProperties": False}
NESTED = {
    "$ref": "#/$defs/n",
    "$defs": {"n": {"properties": {"n": {"$ref": "#/$defs/n"}}, "maxProperties": 1}},
}


def found(kind: Any, text: str, value: Any = None, **options: Any) -> Verdict:
    check = Check(kind=kind, value=value, options=options)
    assert problems(check) == []
    return judge(check, Subject(text=text))


@pytest.mark.parametrize(
    ("kind", "text", "value", "options", "passed"),
    [
        ("equals", "Paris", "Paris", {}, True),
        ("equals", "Paris ", "Paris", {}, False),
        ("equals", " PARIS. ", "paris", LENIENT, True),
        ("equals", "4.0", 4, {}, True),
        ("equals", '{"b": [2], "a": 1}', {"a": 1, "b": [2]}, {}, True),
        ("equals", "five", 5, {}, False),
        ("equals", "true", 1, {}, False),
        ("equals", "true", True, {}, True),
        ("contains", "It is Paris.", "Paris", {}, True),
        ("contains", "It is PARIS.", "paris", {}, False),
        ("contains", "It is PARIS.", "paris", {"ignore_case": True}, True),
        ("contains", "a 42 b", 42, {}, True),
        ("contains_any", "red or blue", ["green", "blue"], {}, True),
        ("contains_any", "red or blue", ["green", "black"], {}, False),
        ("contains_all", "red or blue", ["red", "blue"], {}, True),
        ("contains_all", "red or blue", ["red", "green"], {}, False),
        ("regex", "order 1234", r"\b\d{4}\b", {}, True),
        ("regex", "Order", "^order$", {"ignore_case": True}, True),
        ("regex", "a\nb", "a.b", {}, False),
        ("regex", "a\nb", "a.b", {"dot_all": True}, True),
        ("regex", "a\nb", "^b$", {"multiline": True}, True),
        ("regex", "ab", "a", {"whole": True}, False),
        ("starts_with", "Dear Sir", "Dear", {}, True),
        ("starts_with", "\nDear Sir", "Dear", {}, False),
        ("ends_with", "done.\n", "done.", {"ignore_whitespace": True}, True),
        ("ends_with", "done", "don", {}, False),
        ("length", "one two", None, {"unit": "words", "min": 2, "max": 2}, True),
        ("length", "one two", None, {"max": 6}, False),
        ("length", "a\nb\n", None, {"unit": "lines", "min": 3}, False),
        ("is_json", " [1] ", None, {}, True),
        ("is_json", "[1", None, {}, False),
        ("is_json", "[1]", None, {"type": "object"}, False),
        ("is_json", "Here:\n```json\n{}\n```\nGood?", None, {}, False),
        ("is_json", "Here:\n```json\n{}\n```\nGood?", None, {"fence": True, "type": "object"}, True),
        ("is_json", 'So {it} is {"a": {"b": 1}}, or {}.', None, {"within": True}, True),
        ("is_json", 'So {it} is {"a": {"b": 1}}, or {}.', None, {}, False),
        ("is_json", 'So {it} is {"a": 1}.', None, {"within": True, "type": "array"}, False),
        ("is_json", 'As in [1], {"a": NaN}, {"a": 1', None, {"within": True}, False),
        ("is_json", "[1]", None, {"within": True}, True),
        ("json_schema", 'Not {"b": 1} but {"c": {"age": 1}, "age": 3}!', AGE, {"within": True}, True),
        ("json_schema", 'Not {"b": 1} but {"c": {"age": 1}}!', AGE, {"within": True}, False),
        ("json_schema", '{"age": 3}', AGE, {}, True),
        ("json_schema", '{"age": "3"}', {"properties": {"age": {"type": "integer"}}}, {}, False),
        ("json_schema", '{"x1": 1}', {"patternProperties": {"^x": {"type": "string"}}}, {}, False),
        ("json_schema", '{"y": 1}', CLOSED, {}, False),
        ("json_schema", '{"x": 1, "y": "z"}', {"additionalProperties": {"type": "integer"}}, {}, False),
        ("json_schema", '[{"a": 1}, {"a": 1.0}]', {"uniqueItems": True}, {}, False),
        ("json_schema", '[1, true, "1", [1], {"a": 1}]', {"uniqueItems": True}, {}, True),
        ("json_schema", '{"n": {"n": {}}}', NESTED, {}, True),
        ("json_path", '{"a": [{"b": 1}, {"b": 2}]}', 2, {"path": "$.a[*].b"}, True),
        ("json_path", '{"a": [{"b": 1}, {"b": 2}]}', 2, {"path": "$.a[*].b", "every": True}, False),
        ("json_path", '{"a": 1.04}', 1, {"path": "$.a", "tolerance": 0.05}, True),
        ("json_path", '{"a": true}', 1, {"path": "$.a"}, False),
        ("json_path", '{"a": true}', True, {"path": "$.a"}, True),
        ("json_path", '{"a": "7"}', 5, {"path": "$.a", "op": ">"}, True),
        ("json_path", '{"a": 5}', 5, {"path": "$.a", "op": "<"}, False),
        ("json_path", '{"a": "b-c"}', "c", {"path": "$.a", "op": "contains"}, True),
        ("json_path", '{"a": "b-c"}', "^b", {"path": "$.a", "op": "regex"}, True),
        ("json_path", '{"a": null}', None, {"path": "$.a", "op": "exists"}, True),
        ("json_path", '{"a": null}', None, {"path": "$.b", "op": "exists"}, False),
        ("json_path", '{"a": [{"b": "xy"}]}', "xy", {"path": "$.a[?match(@.b, 'x.')].b"}, True),
        ("number", "That makes 12, or 1.234,56 €", 1234.56, {}, True),
        ("number", "1,234", 1234, {}, True),
        ("number", "1,234", 1.234, {}, True),
        ("number", "1,234", 1234, {"decimal": ","}, False),
        ("number", "12\u202f345,6", "12345.6", {}, True),
        ("number", "1.5", "1.500", {}, True),
        ("number", "1500", "1.500", {}, False),
        ("number", "٣٫٥", 3.5, {}, True),
        ("number", "−3", -3, {}, True),
        ("number", "6.02e23", 6.02e23, {}, True),
        ("number", "about 9.9", 10, {"tolerance": 0.2}, True),
        ("number", "about 9.7", 10, {"tolerance": 0.2}, False),
        ("number", "about 99", 100, {"relative_tolerance": 0.01}, True),
        ("number", "first 1 then 2", 1, {}, False),
        ("number", "first 1 then 2", 1, {"which": "first"}, True),
        ("number", "first 1 then 2 then 3", 2, {"which": "any"}, True),
        ("number", "none", 1, {}, False),
        ("levenshtein", "kitten", "kitten", {}, True),
        ("levenshtein", "kitten", "sitting", {}, False),
        ("levenshtein", "kitten", "sitting", {"most_edits": 3}, True),
        ("levenshtein", "KITTEN", "kitten", {"ignore_case": True, "most_edits": 0}, True),
        ("language", "Der Zug fährt heute leider nicht mehr nach Hamburg.", "de", {}, True),
        ("language", "Der Zug fährt heute leider nicht mehr nach Hamburg.", "English", {}, False),
        ("language", "今日はとても良い天気ですね。", "ja-JP", {}, True),
        ("refusal", "I’m sorry, but I can’t help with that.", None, {}, True),
        ("refusal", "As an AI, I am unable to provide medical advice.", None, {}, True),
        ("refusal", "Es tut mir leid, aber dabei kann ich nicht helfen.", None, {}, True),
        ("refusal", "Lo siento, pero no puedo ayudar con eso.", None, {}, True),
        ("refusal", "Sorry, we can't help with this request.", None, {}, True),
        ("refusal", "We cannot provide refunds after 30 days.", None, {}, False),
        ("refusal", "She writes: I can't share it.", None, {}, False),
        ("refusal", "I can't wait to help you with that!", None, {}, False),
        ("refusal", "Sorry for the delay. The capital is Paris.", None, {}, False),
        ("refusal", "The function cannot return a list.", None, {}, False),
    ],
)  # fmt: skip
def test_what_passes(kind: Any, text: str, value: Any, options: dict[str, Any], passed: bool) -> None:
    verdict = found(kind, text, value, **options)
    assert verdict.passed is passed, verdict.reason
    assert verdict.reason


@pytest.mark.parametrize(
    ("kind", "value", "options", "passed"),
    [
        ("cost", 0.01, {}, True),
        ("cost", 0.001, {}, False),
        ("latency", 1200, {}, True),
        ("latency", 1199, {}, False),
        ("tokens", 50, {}, True),
        ("tokens", 50, {"of": "total"}, False),
        ("tokens", 10, {"of": "input"}, True),
        ("length", None, {"unit": "tokens", "max": 49}, False),
        ("tool_called", "weather", {}, True),
        ("tool_called", "search", {}, False),
        ("tool_called", "weather", {"arguments": {"place": {"city": "Oslo"}}}, True),
        ("tool_called", "weather", {"arguments": {"place": {"city": "Rome"}}}, False),
        ("tool_called", "weather", {"arguments": {"place": {"city": "Oslo", "land": "SE"}}}, False),
        ("tool_called", "weather", {"arguments": {"days": 1}}, True),
        ("tool_called", "weather", {"times": 1}, False),
        ("tool_called", "weather", {"times": 2}, True),
    ],
)
def test_what_an_answer_took_and_called(kind: Any, value: Any, options: dict[str, Any], passed: bool) -> None:
    check = Check(kind=kind, value=value, options=options)
    assert problems(check) == []
    subject = Subject(
        text="x", cost=Decimal("0.0042"), latency_ms=1200, input_tokens=10, output_tokens=50,
        tool_calls=(("weather", '{"place": {"city": "Oslo", "land": "NO"}}'), ("weather", {"days": 1})),
    )  # fmt: skip
    assert judge(check, subject).passed is passed


def test_true_is_not_one_among_arguments() -> None:
    check = Check(kind="tool_called", value="t", options={"arguments": {"deep": True}})
    assert judge(check, Subject(text="", tool_calls=(("t", {"deep": 1}),))).passed is False


def test_what_the_provider_says_of_a_refusal_counts_first() -> None:
    assert judge(Check(kind="refusal"), Subject(text="Sure!", refused=True)).passed is True


@pytest.mark.parametrize("kind", ["cost", "latency", "tokens"])
def test_what_is_unknown_is_not_judged(kind: Any) -> None:
    verdict = judge(Check(kind=kind, value=1), Subject(text="x"))
    assert verdict.passed is None
    assert "unknown" in verdict.reason


def test_the_expected_answer_stands_in_for_a_value() -> None:
    check = Check(kind="contains")
    assert judge(check, Subject(text="It is Paris.", expected="Paris")).passed is True
    assert judge(check, Subject(text="It is Paris.", expected="Rome")).passed is False
    assert judge(check, Subject(text="It is Paris.")).passed is None
    assert judge(Check(kind="contains", value=""), Subject(text="Oslo", expected="Paris")).passed is False
    both = judge(Check(kind="contains_all"), Subject(text="red, blue", expected=["red", "blue"]))
    assert both.passed is True


def test_a_negated_check_turns_the_verdict_and_its_score() -> None:
    check = Check(kind="contains_any", value=["foo", "bar"], negate=True)
    assert judge(check, Subject(text="a bar")) == Verdict(passed=False, score=0, reason="“bar” is in it.")
    assert judge(check, Subject(text="a baz")).passed is True
    assert judge(Check(kind="cost", value=1, negate=True), Subject(text="x")).passed is None


def test_a_threshold_decides_over_a_score() -> None:
    check = Check(kind="contains_all", value=["a", "b", "c"], threshold=2 / 3)
    assert judge(check, Subject(text="a b")).passed is True
    assert judge(check, Subject(text="a")).passed is False


def test_a_language_of_which_too_little_is_said_is_not_judged() -> None:
    assert judge(Check(kind="language", value="de"), Subject(text="ok")).passed is None
    assert judge(Check(kind="language", value="de"), Subject(text="12345")).passed is None


HUGE = {
    "letters": "a" * 1_000_000 + "!b",
    "numbers": "1,234 5." * 125_000,
    "words": "word, " * 166_000,
    "brackets": "[" * 1_000_000,
    "string": '["' + "a" * 999_990 + '!"]',
    "nested": "[" + ",".join(["[" * 60 + '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"' + "]" * 60] * 6_000) + "]",
    "fences": "```json\n" * 125_000,
    "refusing": "I'm " * 250_000,
    "objects begun": '{"a":' * 200_000,
    "objects": "so {} " * 166_000,
}
DEAR = {
    "regex": Check(kind="regex", value=r"^(a+)+$"),
    "regex of commas": Check(kind="regex", value=r"(.*?,){40}x"),
    "regex of words": Check(kind="regex", value=r"(\w+\s?)+!"),
    "schema of items": Check(kind="json_schema", value={"items": {"pattern": r"^(a+)+$"}}),
    "schema": Check(kind="json_schema", value={"pattern": r"^(a+)+$"}),
    "path": Check(kind="json_path", options={"path": "$..*..*..*..[?@.x == 1]"}),
    "path that searches": Check(kind="json_path", options={"path": "$[?search(@, '(a|a)*b')]"}),
    "equals": Check(
        kind="equals", value="x", options={"ignore_punctuation": True, "ignore_whitespace": True}
    ),
    "contains": Check(kind="contains_all", value=["x", "y", "z"], options={"ignore_case": True}),
    "long distance": Check(kind="levenshtein", value="b" * 100_000),
    "distance": Check(kind="levenshtein", value="b" * 4_000),
    "rouge": Check(kind="rouge", value="word " * 50_000),
    "bleu": Check(kind="bleu", value="word " * 1_000),
    "number": Check(kind="number", value=5, options={"which": "any"}),
    "language": Check(kind="language", value="en"),
    "refusal": Check(kind="refusal"),
    "json": Check(kind="is_json", options={"fence": True}),
    "json within": Check(kind="is_json", options={"within": True}),
    "schema within": Check(
        kind="json_schema", value={"minProperties": 1, "pattern": "x"}, options={"within": True}
    ),
    "length": Check(kind="length", options={"unit": "words", "max": 3}),
}


@pytest.mark.parametrize(
    ("check", "text"),
    [
        ("regex of words", "letters"),
        ("path", "nested"),
        ("equals", "numbers"),
        ("long distance", "letters"),
        ("rouge", "words"),
        ("number", "numbers"),
        ("language", "words"),
        ("refusal", "refusing"),
        ("json", "fences"),
        ("json", "brackets"),
        ("json within", "objects begun"),
        ("schema within", "objects"),
    ],
)
def test_a_huge_answer_takes_bounded_time(check: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsontexts, "SECONDS", 0.2)
    judged_in_time(check, text)


def judged_in_time(check: str, text: str) -> None:
    began = time.thread_time()
    judge(DEAR[check], Subject(text=HUGE[text]))
    assert time.thread_time() - began < 4


def test_a_schema_that_would_take_ages_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonschemas, "SECONDS", 0.05)
    deep = {
        "$ref": "#/$defs/n",
        "$defs": {"n": {"anyOf": [{"items": {"$ref": "#/$defs/n"}, "type": "array"}] * 2}},
    }
    deep["$defs"]["n"]["allOf"] = [{"items": {"$ref": "#/$defs/n"}}] * 3  # type: ignore[index]
    verdict = judge(Check(kind="json_schema", value=deep), Subject(text="[" * 40 + "]" * 40))
    assert verdict.passed is None
    assert "takes longer" in verdict.reason


def test_many_items_are_found_to_be_unlike_at_once() -> None:
    began = time.thread_time()
    text = "[" + ",".join(f'{{"a": {at}}}' for at in range(60_000)) + "]"
    assert judge(Check(kind="json_schema", value={"uniqueItems": True}), Subject(text=text)).passed is True
    assert time.thread_time() - began < 2


@pytest.mark.timeout(600)
def test_every_huge_answer_takes_bounded_time(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--long"):
        pytest.skip("for --long")
    for check in DEAR:
        for text in HUGE:
            judged_in_time(check, text)


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (Check(kind="regex", value=r"(a|aa)+$"), "a" * 100_000 + "!"),
        (Check(kind="json_schema", value={"pattern": "(a|aa)+$"}), '"' + "a" * 100_000 + '!"'),
        (
            Check(kind="json_path", options={"path": "$[?search(@, '(a|aa)+$')]"}),
            '["' + "a" * 100_000 + '!"]',
        ),
    ],
)
def test_an_expression_that_would_take_ages_is_given_up(
    monkeypatch: pytest.MonkeyPatch, check: Check, text: str
) -> None:
    monkeypatch.setattr(patterns, "SECONDS", 0.05)
    verdict = judge(check, Subject(text=text, expected="x"))
    assert verdict.passed is None
    assert "takes longer" in verdict.reason


def test_every_deterministic_kind_survives_odd_answers_and_values() -> None:
    odd = ["", "\0", "\ud800", "🏳️‍🌈", "\u202e", "{", "null", "NaN", "1e999999", "-", "9" * 400]
    values: list[Any] = [
        None,
        "",
        "x",
        5,
        float("nan"),
        [],
        {},
        ["a", 1],
        {"type": "nonsense"},
        True,
        "1e400",
    ]
    for kind in KINDS.values():
        if kind.is_graded or kind.name in ("embedding", "python"):
            continue
        for text in odd:
            for value in values:
                verdict = judge(Check(kind=kind.name, value=value), Subject(text=text, expected=value))
                assert verdict.passed is not None or verdict.reason
                assert 0 <= verdict.score <= 1
