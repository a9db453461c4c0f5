"""Prompts of other programs: what they become, what has no place, and what is written for them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbench.core.checks import Check
from chatbench.core.errors import FormatError
from chatbench.core.messages import ImagePart, RemoteUrl
from chatbench.core.params import Parameters
from chatbench.core.prompts import NamedPrompt, Prompt, PromptMessage, Variable
from chatbench.core.runs import Plan, PlanLimits, PlanModel
from chatbench.core.tools import ToolDefinition
from chatbench.formats import llm_template, openai_prompt, promptfoo, promptfoo_writing, yamltexts
from chatbench.formats.promptfoo_checks import NoCheck, check

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc ", min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=40)
@given(st.dictionaries(st.text("abcn\n:#", min_size=1), PLAIN, min_size=1, max_size=4))
def test_yaml_is_read_as_it_was_written(value: dict[str, Any]) -> None:
    assert yamltexts.read(yamltexts.write(value)) == value


def test_yaml_a_person_can_read() -> None:
    assert yamltexts.write({"a": "one\ntwo\n", "b": ["x"]}) == "a: |\n  one\n  two\nb:\n  - x\n"
    assert yamltexts.read("a: no\nb: 2024-01-02\n1: x") == {"a": "no", "b": "2024-01-02", "1": "x"}


ALIASES = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1", "line 1"),
        ("a: 1\na: 2", "line 2"),
        (ALIASES, "too many"),
        ("!!python/object/apply:os.system ['true']", "no YAML"),
        ("x" * 4_000_001, "longer than"),
    ],
    ids=["broken", "twice", "aliases", "objects", "long"],
)  # fmt: skip
def test_yaml_that_is_none(text: str, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        yamltexts.read(text)


PICTURE = "https://e.org/a.png"
OPENAI = {
    "name": "reply",
    "model": "gpt-x",
    "messages": [
        {"role": "developer", "content": "Be {{tone}}."},
        {"role": "user", "content": [{"type": "text", "text": "Look:"}, {"image_url": {"url": PICTURE}}]},
        {"role": "assistant", "content": "Nice."},
        {"role": "tool", "content": "x"},
    ],
    "temperature": 0.5,
    "max_tokens": 9,
    "logit_bias": {"5": 1},
    "n_ctx": 5,
    "tools": [{"function": {"name": "f", "parameters": {"type": "object"}}}, {"type": "web_search"}],
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
}  # fmt: skip


def test_openai() -> None:
    imported = openai_prompt.read(OPENAI)
    (named,) = imported.prompts
    picture = ImagePart(source=RemoteUrl(url=PICTURE), media_type="image/*")
    assert named == NamedPrompt(
        name="reply",
        prompt=Prompt(
            messages=(
                PromptMessage(role="system", text="Be {{tone}}."),
                PromptMessage(text="Look:", attachments=(picture,)),
                PromptMessage(role="assistant", text="Nice."),
            ),
            parameters=Parameters(temperature=0.5, max_output_tokens=9, logit_bias={"5": 1}),
            response_schema={"type": "object"},
            tools=(ToolDefinition(name="f", parameters={"type": "object"}),),
            models=("openai/gpt-x",),
        ),
    )
    assert [one.partition(" ")[0] for one in imported.left_out] == ["A", "The", "A"]
    assert openai_prompt.read(openai_prompt.write(named)).prompts == (named,)


def test_openai_responses_and_lists() -> None:
    body = {"instructions": "Be brief.", "input": "Hi {{x}}", "reasoning": {"effort": "low"},
            "text": {"format": {"type": "json_schema", "schema": {"type": "array"}}}}  # fmt: skip
    (named,) = openai_prompt.read(body, "n").prompts
    assert [(one.role, one.text) for one in named.prompt.messages] == [
        ("system", "Be brief."),
        ("user", "Hi {{x}}"),
    ]
    assert (named.prompt.parameters.reasoning_effort, named.prompt.response_schema) == (
        "low",
        {"type": "array"},
    )
    assert (
        openai_prompt.read([{"role": "user", "content": "a"}], "n").prompts[0].prompt.messages[0].text == "a"
    )


@pytest.mark.parametrize("value", [5, {}, {"messages": 5}, {"messages": ["x"]}])
def test_what_is_no_prompt_of_openais(value: Any) -> None:
    with pytest.raises(FormatError):
        openai_prompt.read(value)


def test_llm() -> None:
    told = {
        "system": "Cost: $$5, {{x}}", "prompt": "Say $input to ${who}", "defaults": {"who": "Ann"},
        "options": {"temperature": 0.5, "magic": 1}, "schema_object": {"type": "object"}, "extract": True,
    }  # fmt: skip
    imported = llm_template.read(told, "n")
    (named,) = imported.prompts
    assert [one.text for one in named.prompt.messages] == [
        'Cost: $5, {{ "{{" }}x}}',
        "Say {{input}} to {{who}}",
    ]
    assert named.prompt.variables == (Variable(name="who", default="Ann"),)
    assert named.prompt.parameters == Parameters(temperature=0.5)
    assert imported.left_out == ("extract (extract) was left out.", "The option magic was left out.")
    simple = NamedPrompt(
        name="n",
        prompt=Prompt(
            messages=(PromptMessage(role="system", text="s"), PromptMessage(text="a {{x}} $5")),
            variables=(Variable(name="x", default="d"),),
            models=("a/b",),
        ),
    )
    assert llm_template.write(simple)["prompt"] == "a $x $$5"
    assert llm_template.read(llm_template.write(simple)).prompts == (simple,)
    assert llm_template.read("Hi $you").prompts[0].prompt.messages[0].text == "Hi {{you}}"
    for text in ("{% if x %}{% endif %}", "{{ x | upper }}"):
        with pytest.raises(FormatError, match="no sections"):
            llm_template.write(NamedPrompt(prompt=Prompt(messages=(PromptMessage(text=text),))))


PROMPTFOO = """
description: Capitals
prompts:
  - 'Capital of {{country}}?'
  - file://chat.json
  - file://two.txt
  - file://prompt.py
providers:
  - openai:gpt-x
  - id: anthropic:messages:claude-x
    config: {temperature: 0.5, max_tokens: 20, secret: 1}
  - exec:./x.sh
defaultTest:
  assert:
    - {type: latency, threshold: 900}
tests:
  - vars: {country: France}
    assert:
      - {type: icontains, value: Paris, weight: 2}
      - {type: not-contains, value: London, metric: off}
  - vars: {country: Italy}
    assert:
      - {type: icontains, value: Rome, weight: 2}
      - {type: not-contains, value: London, metric: off}
  - vars: {country: Spain}
    assert:
      - {type: javascript, value: 'output.length'}
outputPath: x.html
scenarios: []
"""
FILES = {
    "chat.json": '[{"role": "system", "content": "s"}, {"role": "user", "content": "{{country}}"}]',
    "two.txt": "one {{country}}\n---\ntwo {{country}}\n",
}


def test_promptfoo() -> None:
    imported = promptfoo.read(yamltexts.read(PROMPTFOO), FILES.__getitem__)
    assert [[m.text for m in one.prompt.messages] for one in imported.prompts] == [
        ["Capital of {{country}}?"], ["s", "{{country}}"], ["one {{country}}"], ["two {{country}}"],
    ]  # fmt: skip
    first, second = imported.plans
    assert (first.name, len(first.prompts)) == ("Capitals 1", 4)
    assert first.models == (
        PlanModel(model="openai/gpt-x"),
        PlanModel(model="anthropic/claude-x", parameters=Parameters(temperature=0.5, max_output_tokens=20)),
    )
    assert first.data.rows == (
        {"country": "France", "check_2": "Paris"},
        {"country": "Italy", "check_2": "Rome"},
    )
    assert first.checks == (
        Check(kind="latency", value=900),
        Check(kind="contains", value="{{ check_2 }}", options={"ignore_case": True}, weight=2.0),
        Check(kind="contains", value="London", negate=True, name="off"),
    )
    assert (second.data.rows, second.checks) == (({"country": "Spain"},), (Check(kind="latency", value=900),))
    assert len(imported.left_out) == 5
    for word in ("scenarios", "prompt.py", "exec:./x.sh", "secret", "javascript"):
        assert sum(word in one for one in imported.left_out) == 1


def imported_plans(*tests: Any, **more: Any) -> tuple[Plan, ...]:
    told = {"prompts": ["{{a}}"], "providers": [], "tests": list(tests), **more}
    return promptfoo.read(told, FILES.__getitem__).plans


def test_promptfoo_tests_that_differ_in_what_they_expect_are_one_plan() -> None:
    def told(one: str, other: str, number: int) -> dict[str, Any]:
        texts = [one, "same", other]
        return {
            "vars": {"check_2": one},
            "assert": [{"type": "contains-all", "value": texts}, {"type": "equals", "value": number}],
        }

    (plan,) = imported_plans(told("a", "{{ x }}", 1), told("b", "{{ x }}", 2))
    assert plan.checks == (
        Check(kind="contains_all", value=["{{ check_1_1 }}", "same", "{{ x }}"]),
        Check(kind="equals", value="{{ check_2_ }}"),
    )
    assert plan.data.rows == (
        {"check_2": "a", "check_1_1": "a", "check_2_": "1"},
        {"check_2": "b", "check_1_1": "b", "check_2_": "2"},
    )


def test_promptfoo_templates_stay_in_their_checks() -> None:
    """In a column nothing would fill them."""
    first, second = imported_plans(
        *({"vars": {"a": 1}, "assert": [{"type": "equals", "value": text}]} for text in ("{{a}}", "{{a}}!"))
    )
    assert [plan.checks[0].value for plan in (first, second)] == ["{{a}}", "{{a}}!"]


def test_promptfoo_thresholds_of_tests_decide_alone() -> None:
    asserts = [{"type": "equals", "value": "a"}]
    plans = imported_plans(
        {"assert": asserts, "threshold": 0.5}, {"assert": asserts}, {"assert": asserts, "threshold": 0},
        defaultTest={"threshold": 0.75},
    )  # fmt: skip
    assert [plan.threshold for plan in plans] == [0.5, 0.75, 0.0]
    assert not any(plan.checks[0].required for plan in plans)
    (plain,) = imported_plans({"assert": asserts})
    assert (plain.threshold, plain.checks[0].required) == (None, True)


def test_promptfoo_scores_that_are_counted_otherwise_are_told_once() -> None:
    asserts = [{"type": kind, "value": "a"} for kind in ("rouge-n", "not-rouge-n", "bleu", "equals")]
    told = {"prompts": ["a"], "providers": [], "tests": [{"assert": asserts}]}
    left = promptfoo.read(told, FILES.__getitem__).left_out
    assert ["rouge-n" in one or "bleu" in one for one in left] == [True, True]


def test_promptfoo_options_of_the_evaluation() -> None:
    (plan,) = imported_plans({}, evaluateOptions={"maxConcurrency": 7, "repeat": 3})
    assert (plan.limits, plan.repeats) == (PlanLimits(concurrent=7), 3)
    told = {"prompts": ["a"], "providers": [], "tests": [{}], "evaluateOptions": {"delay": 5, "repeat": "x"}}
    imported = promptfoo.read(told, FILES.__getitem__)
    assert (imported.plans[0].limits, imported.plans[0].repeats) == (PlanLimits(), 1)
    assert imported.left_out == ("delay of evaluateOptions has no place here.",)


def test_promptfoo_tests_in_a_table() -> None:
    told = {"prompts": ["{{a}}"], "tests": "file://t.csv", "providers": []}
    table = "a,__expected,__description\n1,icontains: x,first\n2,similar(0.5): y,\n3,z,\n"
    plans = promptfoo.read(told, {"t.csv": table}.__getitem__).plans
    assert [(one.data.rows, one.checks) for one in plans] == [
        (({"a": "1"},), (Check(kind="contains", value="x", options={"ignore_case": True}),)),
        (({"a": "2"},), (Check(kind="embedding", value="y", threshold=0.5),)),
        (({"a": "3"},), (Check(kind="equals", value="z"),)),
    ]


@pytest.mark.parametrize(
    ("told", "made"),
    [
        ({"type": "is-json"}, Check(kind="is_json")),
        ({"type": "is-json", "value": {"a": 1}}, Check(kind="json_schema", value={"a": 1})),
        ({"type": "contains-json"}, Check(kind="is_json", options={"within": True})),
        ({"type": "contains-any", "value": "a, b"}, Check(kind="contains_any", value=["a", "b"])),
        ({"type": "levenshtein", "value": "a", "threshold": 3},
         Check(kind="levenshtein", value="a", options={"most_edits": 3})),
        ({"type": "cost", "threshold": 0.01}, Check(kind="cost", value=0.01)),
        ({"type": "word-count", "value": 2},
         Check(kind="length", options={"unit": "words", "min": 2, "max": 2})),
        ({"type": "llm-rubric", "value": "kind"}, Check(kind="rubric", value="kind", grader="g/m")),
        ({"type": "llm-rubric", "value": "k", "provider": "openai:gpt-x"},
         Check(kind="rubric", value="k", grader="openai/gpt-x")),
        ({"type": "not-is-refusal"}, Check(kind="refusal", negate=True)),
        ({"type": "is-json", "value": "required: [a]"}, Check(kind="json_schema", value={"required": ["a"]})),
        ({"type": "contains-all", "value": '"a, b", say ""x"", c'},
         Check(kind="contains_all", value=["a, b", 'say ""x""', "c"])),
        ({"type": "contains-any", "value": ["a", 5]}, Check(kind="contains_any", value=["a", "5"])),
        ({"type": "equals", "value": 5}, Check(kind="equals", value="5")),
        ({"type": "equals", "value": {"a": 5}}, Check(kind="equals", value={"a": 5})),
        ({"type": "regex", "value": r"^\$[$]$|a$"}, Check(kind="regex", value=r"^\$[$]\Z|a\Z")),
        ({"type": "contains", "value": "a", "weight": 0},
         Check(kind="contains", value="a", weight=0.0, required=False)),
    ],
)  # fmt: skip
def test_assertions(told: dict[str, Any], made: Check) -> None:
    assert check(told, "g/m", promptfoo.model_named) == made


@pytest.mark.parametrize(
    "told",
    [
        {"type": "python", "value": "x"}, {"type": "webhook", "value": "x"}, {"value": "x"}, "x",
        {"type": "cost"}, {"type": "equals", "value": "file://x"}, {"type": "equals", "transform": "y"},
        {"type": "contains-any", "value": ", "}, {"type": "contains-all", "value": []},
        {"type": "is-json", "value": "[a: 1"},
    ],
)  # fmt: skip
def test_assertions_without_a_place(told: Any) -> None:
    with pytest.raises(NoCheck):
        check(told)


def test_a_prompt_becomes_a_configuration_of_promptfoo_and_comes_back() -> None:
    prompt = Prompt(
        messages=(PromptMessage(role="system", text="Be “brief”.\nAlways."), PromptMessage(text="On {{x}}")),
        variables=(Variable(name="x", default="trees"), Variable(name="y")),
        parameters=Parameters(temperature=0.5, max_output_tokens=20),
        models=("openai/gpt-x", "anthropic/claude-x", "gemini/gemini-x"),
    )
    told = yamltexts.read(yamltexts.write(promptfoo_writing.write(NamedPrompt(name="Trees", prompt=prompt))))
    assert [one["id"] for one in told["providers"]] == [
        "openai:chat:gpt-x", "anthropic:messages:claude-x", "google:gemini-x",
    ]  # fmt: skip
    assert told["providers"][1]["config"] == {"temperature": 0.5, "max_tokens": 20}
    back = promptfoo.read(told, FILES.__getitem__)
    assert back.left_out == ()
    ((named,), (plan,)) = back.prompts, back.plans
    assert (named.name, named.prompt.messages) == ("Trees", prompt.messages)
    assert [(one.model, one.parameters) for one in plan.models] == [
        (one, prompt.parameters) for one in prompt.models
    ]
    assert plan.data.rows == ({"x": "trees", "y": ""},)


def test_one_message_stays_plain_text_for_promptfoo() -> None:
    prompt = Prompt(messages=(PromptMessage(text="Hello {{x}}"),), models=("ollama/m",))
    told = promptfoo_writing.write(NamedPrompt(prompt=prompt))
    assert told["prompts"] == [{"raw": "Hello {{x}}", "label": "Prompt"}]
    assert told["providers"] == [{"id": "ollama:chat:m"}]


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        (Prompt(messages=(PromptMessage(text="x"),)), "which models"),
        (Prompt(messages=(PromptMessage(text="x"),), models=("nobody/m",)), "no name for nobody/m"),
        (Prompt(messages=(PromptMessage(text='{{ fragment("a") }}'),), models=("openai/m",)), "fragments"),
        (Prompt(models=("anthropic/m",), response_schema={"type": "object"}), "schema"),
    ],
)
def test_what_promptfoo_cannot_hold_is_told(prompt: Prompt, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        promptfoo_writing.write(NamedPrompt(prompt=prompt))
