"""Plans as files: what is written is read as it was, and what is wrong is named by its line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.core.checks import Check
from chatbench.core.datasets import RowSelection
from chatbench.core.errors import ConfigurationError, FormatError
from chatbench.core.params import Parameters
from chatbench.core.prompts import Prompt, PromptMessage, Variable
from chatbench.core.runs import Plan, PlanData, PlanLimits, PlanModel, PlanPrompt, PlanUser
from chatbench.services.runs.plans import read_plan, written_plan

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20) | st.sampled_from(
    ["", "\n", "a\nb", '"""', "\\", "'''\n", "a = [", "{{x}}\n\n", " \n x", "\r\n", "\t"]
)
NAMES = st.text(st.characters(codec="ascii", categories=("Ll", "Nd")), min_size=1, max_size=6) | WORDS.filter(
    bool
)
PLAIN = (
    WORDS | st.integers(-(2**53), 2**53) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=5
)
ROWS = st.lists(st.dictionaries(NAMES, VALUES, max_size=3), max_size=3).map(tuple)
PROMPTS = st.builds(
    PlanPrompt,
    name=WORDS,
    version=st.integers(1, 9) | st.sampled_from(["latest", "production"]),
    prompt=st.none()
    | st.builds(
        Prompt,
        messages=st.lists(
            st.builds(PromptMessage, role=st.sampled_from(["system", "user"]), text=WORDS), max_size=2
        ).map(tuple),
        variables=st.lists(st.builds(Variable, name=NAMES, default=PLAIN), max_size=1).map(tuple),
    ),
    values=st.dictionaries(NAMES, VALUES, max_size=2),
)
PLANS = st.builds(
    Plan,
    name=WORDS,
    prompts=st.lists(PROMPTS, max_size=2).map(tuple),
    data=st.builds(PlanData, rows=ROWS, select=st.builds(RowSelection, tags=st.just(("a",)))),
    models=st.lists(
        st.builds(
            PlanModel, model=WORDS, grid=st.just({}) | st.just({"temperature": (0.0, 0.5), "seed": (1, 2)})
        ),
        max_size=2,
    ).map(tuple),
    checks=st.lists(
        st.builds(Check, kind=st.sampled_from(["equals", "regex"]), value=VALUES, negate=st.booleans()),
        max_size=2,
    ).map(tuple),
    repeats=st.integers(1, 5),
    user=st.none() | st.builds(PlanUser, says=st.lists(WORDS, max_size=2).map(tuple)),
    limits=st.builds(
        PlanLimits,
        budget=st.none() | st.decimals(0, 1000, places=4),
        concurrent=st.none() | st.integers(1, 9),
    ),
    cache=st.booleans(),
)


@given(PLANS)
def test_what_is_written_is_read_as_it_was(plan: Plan) -> None:
    assert read_plan(written_plan(plan)) == plan


def test_every_part_is_explained() -> None:
    plan = Plan(
        prompts=(PlanPrompt(name="a"),), models=(PlanModel(model="m/x", parameters=Parameters(seed=1)),),
        checks=(Check(kind="equals"),), user=PlanUser(says=("x",)), limits=PlanLimits(budget=Decimal("2.50")),
        data=PlanData(name="d"),
    )  # fmt: skip
    text = written_plan(plan)
    for section in ("[[prompts]]", "[data]", "[[models]]", "[[checks]]", "[limits]", "[user]"):
        before = text[: text.index(section)].rstrip().splitlines()[-1]
        assert before.startswith("# "), section


SHORT = """
models = ["loop/m"]
[[prompts]]
system = "Be kind."
text = "Say {{it}}."
"""


def test_what_is_short_may_be_written_short() -> None:
    plan = read_plan(SHORT)
    assert plan.models == (PlanModel(model="loop/m"),)
    (asked,) = plan.prompts
    assert asked.prompt == Prompt(
        messages=(PromptMessage(role="system", text="Be kind."), PromptMessage(text="Say {{it}}."))
    )


@pytest.mark.parametrize(
    ("wrong", "line", "said"),
    [
        ("[[checks]]\nkind = 'equals'\nvalu = 1", 8, "valu"),
        ("[limits]\nbudget = -1.0", 7, "budget"),
        ("[limits]\nconcurrent = 0", 7, "concurrent"),
        ("[data.select]\nlimits = 3", 7, "limits"),
        ("[[models]]\nmodel = 'x/y'", 6, ""),
        ("[[checks]]\nkind = 'equal'", 7, "equal"),
        ("[[prompts]]\nprompt = { messages = [{ role = 'user', txt = 'x' }] }", 7, "txt"),
        ("x = = 1", 6, ""),
    ],
)
def test_what_is_wrong_is_named_by_its_line(wrong: str, line: int, said: str) -> None:
    with pytest.raises(ConfigurationError) as found:
        read_plan(f"{SHORT}{wrong}\n")
    assert f"line {line}" in found.value.message
    assert said in f"{found.value.message} {found.value.hint}"


def test_a_grid_of_something_else_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="line 4"):
        read_plan("\n[[models]]\nmodel = 'x/y'\ngrid = { temprature = [1] }\n")


def test_files_are_found_beside_the_plan(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text('[data]\nfile = "rows.csv"\n[[prompts]]\nfile = "sub/ask.toml"\n')
    plan = read_plan(path)
    assert plan.data.file == str(tmp_path / "rows.csv")
    assert plan.prompts[0].file == str(tmp_path / "sub" / "ask.toml")
    with pytest.raises(FormatError):
        read_plan(tmp_path / "nothing.toml")


@given(st.text(max_size=200))
def test_no_text_does_anything_but_be_refused(text: str) -> None:
    told: Any = None
    try:
        told = read_plan(text)
    except ConfigurationError:
        return
    assert isinstance(told, Plan)


def test_the_plan_in_the_readme_is_one() -> None:
    text = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")
    plan = read_plan(text.split("```toml\n", 1)[1].split("```", 1)[0])
    assert (len(plan.models), len(plan.data.rows), plan.limits.budget) == (2, 2, Decimal("0.50"))
