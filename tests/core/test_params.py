"""Which parameters one model is sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.core.models import EFFORTS, ModelInfo, ModelRef
from chatbench.core.params import CAREFUL, SAMPLING, LeftOut, Parameters, fit

NAMES = Parameters.__struct_fields__
ALL = Parameters(
    temperature=0.0, top_p=0.5, top_k=1, max_output_tokens=9, stop=("x",), presence_penalty=0.1,
    frequency_penalty=0.1, seed=0, reasoning_effort="high", thinking_budget=5, verbosity="low",
    extra_body={"a": 1},
)  # fmt: skip


def row(**more: Any) -> ModelInfo:
    return ModelInfo(ref=ModelRef("p", "m"), **more)


given_parameters = st.sets(st.sampled_from(NAMES)).map(
    lambda names: Parameters(**{name: getattr(ALL, name) for name in names})
)
rows = st.builds(
    row, parameters=st.none() | st.frozensets(st.sampled_from(NAMES)),
    efforts=st.lists(st.sampled_from(EFFORTS), unique=True).map(tuple), thinking_budget=st.booleans(),
    sampling_only_without_thinking=st.booleans(),
)  # fmt: skip


@given(given_parameters, rows)
def test_what_is_set_is_sent_or_named(parameters: Parameters, info: ModelInfo) -> None:
    """Never both, never neither, never changed; and what is sent is sent again."""
    sent, left = fit(parameters, info)
    names = {item.name for item in left}
    assert sent.given().keys() | names == parameters.given().keys()
    assert not sent.given().keys() & names
    assert all(parameters.given()[name] == value for name, value in sent.given().items())
    assert all(item.reason for item in left)
    if "reasoning_effort" not in names:
        assert fit(sent, info) == (sent, ())


def test_of_a_model_nobody_knows_little_is_sent() -> None:
    sent, left = fit(ALL, row())
    assert set(sent.given()) == set(CAREFUL)
    assert LeftOut("seed", "not known to be taken") in left


def test_zero_is_a_value() -> None:
    sent, left = fit(Parameters(temperature=0.0, seed=0), row(parameters=frozenset({"temperature", "seed"})))
    assert sent.given() == {"temperature": 0.0, "seed": 0}
    assert left == ()


@pytest.mark.parametrize(
    ("efforts", "reason"), [(("low", "medium"), "offers low, medium"), ((), "offers no reasoning effort")]
)
def test_an_effort_is_not_guessed(efforts: Any, reason: str) -> None:
    """The nearest would spend the user's money otherwise than asked."""
    sent, left = fit(Parameters(reasoning_effort="high"), row(efforts=efforts))
    assert sent.reasoning_effort is None
    assert left == (LeftOut("reasoning_effort", reason),)


def test_sampling_only_without_thinking() -> None:
    info = row(
        parameters=SAMPLING | {"max_output_tokens"}, efforts=("none", "high"),
        sampling_only_without_thinking=True,
    )  # fmt: skip
    sampled = Parameters(temperature=0.5, max_output_tokens=5)
    assert [item.name for item in fit(sampled, info)[1]] == ["temperature"]
    assert fit(sampled.merged(Parameters(reasoning_effort="none")), info)[1] == ()
    assert len(fit(sampled.merged(Parameters(reasoning_effort="high")), info)[1]) == 1


def test_what_the_user_adds_by_hand_is_always_sent() -> None:
    assert fit(Parameters(extra_body={"a": 1}), row(parameters=frozenset()))[0].extra_body == {"a": 1}


@given(given_parameters, given_parameters)
def test_merging(under: Parameters, over: Parameters) -> None:
    assert under.merged(over).given() == {**under.given(), **over.given()}
