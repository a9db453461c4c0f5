"""Which parameters one model is sent."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.core.errors import ConfigurationError, UnknownParameter
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


def test_vllm_is_told_by_its_own_names() -> None:
    given = Parameters(
        temperature=0.5, top_p=0.9, top_k=40, max_output_tokens=100, stop=("END",), seed=7, n=2,
        presence_penalty=0.1, frequency_penalty=0.2, logit_bias={"15": -100}, top_logprobs=3,
        reasoning_effort="high", user="me",
    )  # fmt: skip
    assert given.vllm_fields() == {
        "temperature": 0.5, "top_p": 0.9, "top_k": 40, "max_tokens": 100, "stop": ["END"], "seed": 7, "n": 2,
        "presence_penalty": 0.1, "frequency_penalty": 0.2, "logit_bias": {15: -100}, "logprobs": 3,
    }  # fmt: skip
    assert Parameters(logprobs=True).vllm_fields() == {"logprobs": 0}
    assert Parameters().vllm_fields() == {}


def test_a_bias_on_what_is_no_token_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="logit_bias"):
        Parameters(logit_bias={"hello": 1}).vllm_fields()


def test_vllm_is_made_where_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Parameters(temperature=0.5).to_vllm()
    assert "pip install vllm" in refused.value.hint
    (tmp_path / "vllm.py").write_text("class SamplingParams(dict):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "vllm", raising=False)
    assert Parameters(temperature=0.5).to_vllm() == {"temperature": 0.5}
    monkeypatch.delitem(sys.modules, "vllm")


def test_parameters_are_plain_values_and_back() -> None:
    assert Parameters.from_dict(ALL.to_dict()) == ALL
    assert Parameters().to_dict() == {}
    assert Parameters.from_dict(json.loads(json.dumps(ALL.to_dict()))) == ALL
    assert Parameters.from_dict({"stop": "END"}) == Parameters(stop=("END",))


def test_an_unknown_name_is_refused_with_those_like_it() -> None:
    with pytest.raises(UnknownParameter, match="'temprature'") as refused:
        Parameters.from_dict({"temprature": 1})
    assert "temperature" in refused.value.hint
    with pytest.raises(UnknownParameter) as refused:
        Parameters.from_dict({"zzz": 1})
    assert "temperature, top_p" in refused.value.hint


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"temperature": "hot"}, "temperature"),
        ({"max_output_tokens": 1.5}, "max_output_tokens"),
        ({"stop": [1]}, "stop"),
        ({"verbosity": "loud"}, "verbosity"),
        ({"logit_bias": {"1": "x"}}, "logit_bias"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_its_name(values: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{named}: "):
        Parameters.from_dict(values)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"max_output_tokens": -5}, "max_output_tokens: -5 is less than 1."),
        ({"max_output_tokens": 0}, "max_output_tokens: 0 is less than 1."),
        ({"n": 0}, "n: 0 is less than 1."),
        ({"temperature": float("nan")}, "temperature: nan is no number to send."),
        ({"top_p": float("inf")}, "top_p: inf is no number to send."),
        ({"user": "caf\udce9"}, "cannot be written as JSON"),
        ({"extra_body": {"a": object()}}, "cannot be written as JSON"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        Parameters.from_dict(given)
