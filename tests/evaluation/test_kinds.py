"""What is wrong with a check is said before a run."""

from __future__ import annotations

from typing import get_args

import pytest

from chatbench.core.checks import Check, DeterministicKind, ModelGradedKind
from chatbench.evaluation.kinds import GRADED, KINDS, problems


def test_every_kind_of_check_is_described() -> None:
    every = {*get_args(DeterministicKind), *get_args(ModelGradedKind), "embedding", "python"}
    assert set(KINDS) == every
    assert {kind.name for kind in KINDS.values() if kind.is_graded} == GRADED
    for kind in KINDS.values():
        names = [field.name for field in kind.options]
        assert len(set(names)) == len(names)
        assert all(field.label for field in kind.options)
        for field in kind.options:
            assert field.default is None or not field.choices or field.default in field.choices


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (Check(kind="regex", value="("), "missing )"),
        (Check(kind="regex", value="a" * 10_001), "longer than 10,000"),
        (Check(kind="regex", value=5), "is not a text"),
        (
            Check(kind="regex", value="a", options={"ignorecase": True}),
            "no option 'ignorecase'; there are ignore_case",
        ),
        (Check(kind="equals", options={"ignore_case": "yes"}), "ignore_case is not true or false"),
        (Check(kind="contains_any", value=[1]), "a text or a list of texts"),
        (Check(kind="length"), "needs the option min or max"),
        (Check(kind="length", value=3, options={"max": 3}), "takes no value"),
        (Check(kind="length", options={"min": 4, "max": 3}), "min is above its max"),
        (Check(kind="length", options={"max": True}), "not a whole number"),
        (Check(kind="length", options={"max": -1}), "below 0"),
        (Check(kind="length", options={"max": 1, "unit": "pages"}), "none of characters, words"),
        (Check(kind="json_schema"), "needs a value"),
        (Check(kind="json_schema", value={"type": "nonsense"}), "not JSON Schema"),
        (Check(kind="json_schema", value={"$ref": "https://example.com/s.json"}), "which is not in it"),
        (Check(kind="json_schema", value={"$ref": "#/$defs/gone"}), "which is not in it"),
        (Check(kind="json_schema", value={"pattern": "("}), "'(' is not a 'regex'"),
        (Check(kind="json_schema", value={"pattern": "a" * 10_001}), "longer than 10,000"),
        (Check(kind="json_path"), "needs the option path"),
        (Check(kind="json_path", options={"path": "a.b"}), "is not a JSON path"),
        (Check(kind="json_path", options={"path": "$[?count($..*) > 1]"}), "too involved"),
        (Check(kind="number", value="many"), "is not a number"),
        (Check(kind="number", value=[1]), "not a number"),
        (Check(kind="cost", value="cheap"), "not a number"),
        (Check(kind="cost", value=-1), "below 0"),
        (Check(kind="cost"), "needs a value"),
        (Check(kind="language", value="klingon"), "not a language"),
        (Check(kind="tool_called", value="t", options={"arguments": [1]}), "arguments is not an object"),
        (Check(kind="rubric", value="good"), "No model is named"),
        (Check(kind="equals", threshold=1.5), "between 0 and 1"),
        (Check(kind="equals", weight=-1.0), "weight"),
        (Check(kind="equals", weight=float("nan")), "weight"),
        (Check(kind="equals", repeats=0), "repeated"),
        (Check(kind="nonsense"), "no check"),  # type: ignore[arg-type]
    ],
)
def test_what_is_wrong_with_a_check(check: Check, said: str) -> None:
    (problem,) = problems(check)
    assert said in problem


def test_a_problem_names_its_check() -> None:
    (problem,) = problems(Check(kind="regex", value="(", name="has a date"))
    assert problem.startswith("has a date: ")


def test_a_value_that_is_a_template_is_not_looked_at() -> None:
    assert problems(Check(kind="number", value="{{ total }}")) == []
    assert problems(Check(kind="language", value="{{ language }}")) == []
