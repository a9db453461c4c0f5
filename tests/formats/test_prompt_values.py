"""Prompts as plain values of a file: what is written is read again, the simple form and the full one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.core.errors import FormatError
from chatbench.core.params import Parameters
from chatbench.core.prompts import NamedPrompt, Prompt, PromptMessage, Variable
from chatbench.core.tools import ToolDefinition
from chatbench.formats import prompt_values

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NAMES = st.from_regex(r"[a-z][a-z-]{0,8}[a-z]", fullmatch=True)
DEFAULTS = (
    st.none() | TEXT | st.integers(-99, 99) | st.booleans() | st.just([1, "b"]) | st.just({"a": {"b": 1}})
)
VARIABLES = st.builds(
    Variable,
    name=NAMES,
    type=st.sampled_from(["text", "number", "json", "choice"]),
    default=DEFAULTS,
    description=TEXT,
    choices=st.lists(TEXT, max_size=2).map(tuple),
    optional=st.booleans(),
)
PROMPTS = st.builds(
    Prompt,
    messages=st.lists(
        st.builds(PromptMessage, role=st.sampled_from(["system", "user", "assistant"]), text=TEXT), max_size=4
    ).map(tuple),
    variables=st.lists(VARIABLES, max_size=3, unique_by=lambda one: one.name).map(tuple),
    parameters=st.sampled_from(
        [Parameters(), Parameters(temperature=0.5, stop=("a",), extra_body={"x": [1]})]
    ),
    response_schema=st.sampled_from([None, {"type": "object"}]),
    tools=st.sampled_from([(), (ToolDefinition(name="t", parameters={"type": "object"}),)]),
    models=st.lists(NAMES, max_size=2).map(tuple),
    dataset=TEXT,
    columns=st.dictionaries(NAMES, TEXT, max_size=2),
)
NAMED = st.builds(
    NamedPrompt, name=TEXT, folder=TEXT, tags=st.lists(NAMES, max_size=2).map(tuple), prompt=PROMPTS
)


@given(NAMED)
def test_what_is_written_is_read_again(named: NamedPrompt) -> None:
    values = msgspec.json.decode(msgspec.json.encode(prompt_values.written(named)))
    assert prompt_values.read(values) == named
    assert tuple(values) == tuple(name for name in prompt_values.KEYS if name in values)


def test_the_simple_form_is_written_where_it_says_everything() -> None:
    prompt = Prompt(
        messages=(PromptMessage(role="system", text="s"), PromptMessage(text="{{x}}")),
        variables=(Variable(name="x", default="d"),),
        models=("a/b",),
    )
    values = prompt_values.written(NamedPrompt(prompt=prompt))
    assert values == {"model": "a/b", "system": "s", "prompt": "{{x}}", "variables": {"x": "d"}}
    assert prompt_values.is_simple(values)
    assert not prompt_values.is_simple({**values, "dataset": "Tickets"})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"promt": "x"}, "nothing called `promt`"),
        ({"prompt": 5}, "`prompt`"),
        ({"messages": [{"role": "king"}]}, r"`messages\[0\].role`"),
        ({"messages": [], "prompt": "x"}, "instead"),
        ({"models": ["a"], "model": "b"}, "instead"),
        ({"variables": ["x"]}, "no table"),
        ({"variables": {"x": {"sort": 1}}}, "`variables"),
        ({"tools": [{}]}, "`tools"),
        ({"schema": 5}, "`schema`"),
        ({"columns": {"x": 5}}, "`columns"),
    ],
)
def test_what_is_no_prompt(values: dict[str, Any], said: str) -> None:
    with pytest.raises(FormatError, match=said):
        prompt_values.read(values)
