"""Rows: which source wins, which family a snapshot belongs to, and what a name means."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.client.catalogue import PROFILES, Catalogue, families
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import UnknownModel
from chatbench.core.models import EFFORTS, GUIDE, ModelInfo, ModelRef
from chatbench.core.params import Parameters, fit
from chatbench.core.resources import resource

ROOT = Path(__file__).resolve().parents[2]
WIRES = {"openai": "openai_responses", "anthropic": "anthropic", "gemini": "gemini"}
SHIPPED = [
    "openai",
    "anthropic",
    "gemini",
    "azure",
    "groq",
    "openrouter",
    "mistral",
    "deepseek",
    "xai",
    "together",
    "fireworks",
    "cerebras",
    "perplexity",
    "litellm",
]


def endpoint(provider: str, **changes: Any) -> Endpoint:
    wire = WIRES.get(provider, "openai_chat")
    fields = {"id": provider, "name": provider, "wire": wire, "base_url": "https://example.invalid/v1"}
    return Endpoint(**{**fields, **changes})


class Endpoints:
    """A registry of given endpoints, which may be replaced as a registry replaces them."""

    def __init__(self, *extra: Endpoint) -> None:
        local = endpoint("ollama", local=True, auth="none", base_url="http://localhost:11434/v1")
        self.known = {one.id: one for one in (*map(endpoint, SHIPPED), local, *extra)}

    def get(self, endpoint_id: str, /) -> Endpoint | None:
        return self.known.get(endpoint_id)

    def endpoints(self) -> Iterable[Endpoint]:
        return self.known.values()


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue(Endpoints())


def info(catalogue: Catalogue, name: str) -> ModelInfo:
    return catalogue.info(ModelRef.parse(name))


# ---- the shipped table


def test_every_shipped_row_can_be_read_and_names_a_profile() -> None:
    table = json.loads(resource("models.json").read_bytes())
    catalogue = Catalogue(Endpoints())
    rows = 0
    for provider, entry in table["providers"].items():
        ids = [row["id"] for row in entry["models"]]
        assert len(ids) == len(set(ids))
        for row in entry["models"]:
            assert row.get("parameters", "openai") in PROFILES
            assert catalogue.info(ModelRef(provider, row["id"])).source == "catalogue"
            rows += 1
    assert rows > 400
    assert catalogue.catalogue_of == table["date"]


def test_rows_say_what_the_vendors_say(catalogue: Catalogue) -> None:
    sol = info(catalogue, "openai/gpt-6.1-sol")
    assert (sol.name, sol.context_window, sol.max_output_tokens) == ("GPT-6.1 Sol", 922_000, 128_000)
    assert (sol.thinking, sol.efforts) == ("always", ("low", "medium", "high", "xhigh", "max"))
    assert sol.takes("image")
    old = info(catalogue, "anthropic/claude-sonnet-4-5")
    assert (old.name, old.thinking, old.thinking_budget, old.efforts) == (
        "Claude Sonnet 4.5",
        "optional",
        True,
        (),
    )
    assert (old.images.max_edge, old.shutdown_on) == (1568, "2026-11-30")
    new = info(catalogue, "anthropic/claude-sonnet-5-5")
    assert (new.thinking, new.thinking_budget) == ("always", False)
    between = info(catalogue, "anthropic/claude-opus-4-6")
    assert (between.thinking_budget, between.efforts[0]) == (False, "none")
    assert new.parameters == frozenset({"max_output_tokens", "stop"})
    flash = info(catalogue, "gemini/gemini-3.8-flash")
    assert (flash.efforts, flash.takes("video")) == (("low", "medium", "high"), True)
    assert "image/gif" not in flash.images.media_types
    assert info(catalogue, "openai/gpt-4o").shutdown_on == "2027-01-14"
    assert info(catalogue, "groq/openai/gpt-oss-120b").efforts == ("low", "medium", "high")


@pytest.mark.parametrize(
    ("name", "given_", "sent"),
    [
        ("openai/gpt-6.1-sol", Parameters(temperature=0.5), Parameters()),
        ("openai/gpt-5.4", Parameters(temperature=0.5), Parameters()),
        (
            "openai/gpt-5.4",
            Parameters(temperature=0.5, reasoning_effort="none"),
            Parameters(temperature=0.5, reasoning_effort="none"),
        ),
        ("openai/gpt-4.1", Parameters(temperature=0.5, seed=1), Parameters(temperature=0.5)),
        ("azure/gpt-4.1", Parameters(temperature=0.5, seed=1), Parameters(temperature=0.5, seed=1)),
        ("openai/gpt-4.1", Parameters(verbosity="low", reasoning_effort="low"), Parameters()),
        ("anthropic/claude-opus-5-5", Parameters(temperature=1, thinking_budget=2000), Parameters()),
        ("anthropic/claude-haiku-4-5", Parameters(top_k=5, thinking_budget=2000), None),
        ("gemini/gemini-3.8-flash", Parameters(reasoning_effort="minimal", top_p=0.9), Parameters()),
        ("gemini/gemini-2.5-flash", Parameters(thinking_budget=0, top_k=4), None),
        ("mistral/mistral-large-latest", Parameters(seed=3, temperature=0.1), None),
        (
            "cohere/command-a-03-2025",
            Parameters(seed=3, top_k=2, thinking_budget=9),
            Parameters(seed=3, top_k=2),
        ),
        ("cohere/command-a-plus-05-2026", Parameters(reasoning_effort="none", thinking_budget=9), None),
        ("nobody-knows/new", Parameters(temperature=1, top_k=2), Parameters(temperature=1)),
    ],
)
def test_a_row_decides_what_is_sent(
    catalogue: Catalogue, name: str, given_: Parameters, sent: Parameters | None
) -> None:
    fitted, left_out = fit(given_, info(catalogue, name))
    assert fitted == (given_ if sent is None else sent)
    assert len(left_out) == len(given_.given()) - len(fitted.given())


def test_nothing_is_offered_that_the_values_do_not_know(catalogue: Catalogue) -> None:
    for provider in SHIPPED:
        for row in catalogue.models(provider):
            assert set(row.efforts) <= set(EFFORTS)
            assert row.parameters is None or row.parameters <= set(Parameters.__struct_fields__)


# ---- which source wins


def test_the_user_wins_over_the_live_list_over_the_table() -> None:
    ref = ModelRef("openai", "gpt-5.4")
    own = ModelInfo(ref=ref, name="Mine", context_window=1000, parameters=frozenset({"temperature"}))
    endpoints = Endpoints()
    catalogue = Catalogue(endpoints)
    assert catalogue.info(ref).source == "catalogue"
    catalogue.update_live("openai", [ModelInfo(ref=ref, name="Live", context_window=2000)])
    live = catalogue.info(ref)
    assert (live.name, live.context_window, live.max_output_tokens) == ("Live", 2000, 128_000)
    assert (live.source, live.takes("image")) == ("live", True)
    endpoints.known["openai"] = endpoint("openai", rows=(own,))
    user = catalogue.info(ref)
    assert (user.name, user.context_window, user.max_output_tokens) == ("Mine", 1000, 128_000)
    assert (user.source, user.parameters) == ("user", frozenset({"temperature"}))
    assert user.inputs == frozenset({"text"})


def test_a_live_list_that_gives_only_ids_takes_nothing_away(catalogue: Catalogue) -> None:
    ref = ModelRef("anthropic", "claude-opus-5-5")
    before = catalogue.info(ref)
    catalogue.update_live("anthropic", [ModelInfo(ref=ref)])
    after = catalogue.info(ref)
    assert after.source == "live"
    assert after == ModelInfo(
        **{**{f: getattr(before, f) for f in ModelInfo.__struct_fields__}, "source": "live"}
    )


def test_a_parameter_needs_the_word_of_both_the_live_list_and_the_table(catalogue: Catalogue) -> None:
    ref = ModelRef("gemini", "gemini-3.8-flash")
    taken = frozenset({"temperature", "top_k", "max_output_tokens"})
    catalogue.update_live("gemini", [ModelInfo(ref=ref, context_window=1, parameters=taken)])
    assert catalogue.info(ref).parameters == frozenset({"max_output_tokens"})


def test_a_model_nobody_knows_gets_the_careful_row(catalogue: Catalogue) -> None:
    unknown = info(catalogue, "groq/brand-new")
    assert unknown == ModelInfo(ref=ModelRef("groq", "brand-new"))
    assert "careful" in catalogue.note(unknown.ref)
    assert catalogue.note(ModelRef("openai", "gpt-4o")) == ""


def test_a_local_endpoint_borrows_nothing_from_a_vendor(catalogue: Catalogue) -> None:
    row = info(catalogue, "ollama/gpt-4o")
    assert row == ModelInfo(ref=row.ref, local=True)
    assert row.tools is None


def test_a_local_server_may_pass_a_model_on(catalogue: Catalogue) -> None:
    told = [ModelInfo(ref=ModelRef("ollama", name), local=name == "a", source="live") for name in ("a", "b")]
    catalogue.update_live("ollama", told)
    assert [row.local for row in catalogue.models("ollama")] == [True, False]


@pytest.mark.parametrize("text", ["chatbench/nope", "chatbench/Guide", "chatbench/guide/x"])
def test_the_guide_answers_to_no_other_name(catalogue: Catalogue, text: str) -> None:
    with pytest.raises(UnknownModel, match="There is no model called") as caught:
        catalogue.resolve(text)
    assert caught.value.near == ("chatbench/guide",)
    assert "chatbench/guide" in caught.value.hint


def test_the_guide_has_a_row_of_its_own(catalogue: Catalogue) -> None:
    guide = catalogue.info(GUIDE)
    assert (guide.local, guide.tools, guide.thinking, guide.takes("image")) == (True, False, "optional", True)
    assert catalogue.models(GUIDE.provider) == (guide,)


# ---- families and vendors


@pytest.mark.parametrize(
    ("snapshot", "family", "title"),
    [
        (
            "anthropic/claude-sonnet-4-5-20250929",
            "anthropic/claude-sonnet-4-5",
            "Claude Sonnet 4.5 (20250929)",
        ),
        ("anthropic/claude-opus-5-5-20270101", "anthropic/claude-opus-5-5", "Claude Opus 5.5 (20270101)"),
        ("anthropic/claude-opus-5-5@20270101", "anthropic/claude-opus-5-5", "Claude Opus 5.5 (20270101)"),
        ("openai/gpt-5.4-2027-01-31", "openai/gpt-5.4", "GPT-5.4 (2027-01-31)"),
        ("openai/ft:gpt-4o-2024-08-06:acme::abc", "openai/gpt-4o", "GPT-4o (2024-08-06) (fine-tuned)"),
        ("gemini/gemini-3.8-flash-001", "gemini/gemini-3.8-flash", "Gemini 3.8 Flash (001)"),
        ("gemini/gemini-3.8-flash-preview-09-2026", "gemini/gemini-3.8-flash", None),
    ],
)
def test_a_snapshot_is_described_by_its_family(
    catalogue: Catalogue, snapshot: str, family: str, title: str | None
) -> None:
    row, whole = info(catalogue, snapshot), info(catalogue, family)
    assert row.source == "catalogue"
    assert str(row.ref) == snapshot
    assert (row.context_window, row.parameters, row.inputs) == (
        whole.context_window,
        whole.parameters,
        whole.inputs,
    )
    assert title is None or row.title == title


@pytest.mark.parametrize(
    ("name", "vendor"),
    [
        ("openrouter/anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-4-5"),
        ("openrouter/openai/gpt-4o-2024-08-06", "openai/gpt-4o"),
        ("openrouter/google/gemini-2.5-pro:free", "gemini/gemini-2.5-pro"),
        ("openrouter/x-ai/grok-4.3", "xai/grok-4.3"),
        ("azure/gpt-5.4-mini", "openai/gpt-5.4-mini"),
        ("litellm/claude-opus-4-6", "anthropic/claude-opus-4-6"),
        ("litellm/gemini/gemini-2.5-pro", "gemini/gemini-2.5-pro"),
    ],
)
def test_a_reseller_has_the_vendor_row_for_what_it_does_not_say(
    catalogue: Catalogue, name: str, vendor: str
) -> None:
    row, own = info(catalogue, name), info(catalogue, vendor)
    assert (row.inputs, row.thinking, row.efforts, row.tools) == (
        own.inputs,
        own.thinking,
        own.efforts,
        own.tools,
    )
    assert (row.shutdown_on, row.thinking_budget) == ("", False)


def test_what_a_reseller_says_itself_wins(catalogue: Catalogue) -> None:
    ref = ModelRef("openrouter", "anthropic/claude-opus-5.5")
    told = ModelInfo(
        ref=ref,
        context_window=5,
        parameters=frozenset({"temperature"}),
        inputs=frozenset({"text"}),
        tools=False,
    )
    catalogue.update_live("openrouter", [told])
    row = catalogue.info(ref)
    assert (row.context_window, row.tools, row.inputs) == (5, False, frozenset({"text"}))
    assert row.max_output_tokens == 128_000


@given(st.text(max_size=40))
def test_families_end_and_begin_with_the_id(model_id: str) -> None:
    found = [name for name, _ in families(model_id)]
    assert found[0] == model_id
    assert all(len(later) < len(earlier) for earlier, later in itertools.pairwise(found))


# ---- lists


def test_lists_are_newest_first_without_what_is_gone(catalogue: Catalogue) -> None:
    today = date(2026, 11, 21)
    openai = [row.ref.id for row in catalogue.models("openai", today)]
    assert openai[0] == "gpt-6.1-sol"
    assert openai.index("gpt-6-sol") < openai.index("gpt-5.4") < openai.index("gpt-4o")
    assert openai.index("gpt-4o") < openai.index("gpt-4o-2024-08-06")
    assert "gpt-3.5-turbo" not in openai
    assert "gpt-3.5-turbo" in [row.ref.id for row in catalogue.models("openai", date(2026, 10, 1))]
    assert "claude-sonnet-4-5" in [row.ref.id for row in catalogue.models("anthropic", date(2026, 11, 30))]
    assert "claude-sonnet-4-5" not in [row.ref.id for row in catalogue.models("anthropic", date(2026, 12, 1))]
    grok = [row.ref.id for row in catalogue.models("xai", today)]
    assert grok.index("grok-4.7") < grok.index("grok-4.3") < grok.index("grok-4.20")


def test_a_live_list_replaces_the_shipped_one_in_a_useful_order(catalogue: Catalogue) -> None:
    names = ["gpt-4o", "gpt-5.4-2030-01-01", "gpt-9-new", "gpt-3.5-turbo", "gpt-6.1-sol"]
    catalogue.update_live("openai", [ModelInfo(ref=ModelRef("openai", name)) for name in names])
    listed = [row.ref.id for row in catalogue.models("openai", date(2026, 11, 21))]
    assert listed == ["gpt-6.1-sol", "gpt-4o", "gpt-3.5-turbo", "gpt-9-new", "gpt-5.4-2030-01-01"]


def test_models_that_do_not_answer_in_words_are_left_out(catalogue: Catalogue) -> None:
    painter = ModelInfo(ref=ModelRef("openrouter", "x/painter"), outputs=frozenset({"image"}))
    told = ModelInfo(
        ref=painter.ref, context_window=1, parameters=frozenset(), outputs=frozenset({"image"}), name="P"
    )
    catalogue.update_live("openrouter", [told])
    assert catalogue.models("openrouter") == ()


def test_models_named_by_hand_come_alone(catalogue: Catalogue) -> None:
    row = ModelInfo(ref=ModelRef("mine", "c"), context_window=3)
    mine = endpoint("mine", models=("b", "a"), rows=(row,))
    own = Catalogue(Endpoints(mine))
    own.update_live("mine", [ModelInfo(ref=ModelRef("mine", "z"))])
    assert [found.ref.id for found in own.models("mine")] == ["b", "a", "c"]
    assert catalogue.models("mine") == ()


# ---- names


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("openai/gpt-4o", "openai/gpt-4o"),
        ("  openai/gpt-4o ", "openai/gpt-4o"),
        ("gpt-4o", "openai/gpt-4o"),
        ("GPT-4o", "openai/gpt-4o"),
        ("claude-sonnet-5-5", "anthropic/claude-sonnet-5-5"),
        ("claude-sonnet-5-5-20270101", "anthropic/claude-sonnet-5-5-20270101"),
        ("openrouter/anthropic/claude-opus-5.5", "openrouter/anthropic/claude-opus-5.5"),
        ("anthropic/claude-opus-5.5", "anthropic/claude-opus-5.5"),
        ("zai-org/GLM-5.3", "together/zai-org/GLM-5.3"),
        ("openai/not-in-any-list", "openai/not-in-any-list"),
        ("chatbench/guide", "chatbench/guide"),
        ("guide", "chatbench/guide"),
        ("fast", "anthropic/claude-haiku-5-5"),
        ("quick", "anthropic/claude-haiku-5-5"),
    ],
)
def test_names_that_mean_one_model(catalogue: Catalogue, text: str, ref: str) -> None:
    aliases = {"fast": "anthropic/claude-haiku-5-5", "quick": "fast"}
    assert str(catalogue.resolve(text, aliases)) == ref


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("gpt-5o", "openai/gpt-5"),
        ("opnai/gpt-4o", "openai/gpt-4o"),
        ("claude-sonet-5-5", "anthropic/claude-sonnet-5-5"),
        ("fasst", "fast"),
    ],
)
def test_an_unknown_name_is_refused_with_near_ones(catalogue: Catalogue, text: str, near: str) -> None:
    with pytest.raises(UnknownModel) as raised:
        catalogue.resolve(text, {"fast": "openai/gpt-4o"})
    assert near in raised.value.near
    assert near in raised.value.hint
    assert text in raised.value.message


@pytest.mark.parametrize("text", ["", "/", "openai/", "/gpt-4o", "loop", "????"])
def test_a_name_that_means_nothing_is_refused(catalogue: Catalogue, text: str) -> None:
    with pytest.raises(UnknownModel):
        catalogue.resolve(text, {"loop": "pool", "pool": "loop"})


def test_a_bare_id_that_two_offer_must_be_said_in_full() -> None:
    one, two = endpoint("one", models=("same",)), endpoint("two", models=("same",))
    catalogue = Catalogue(Endpoints(one, two))
    with pytest.raises(UnknownModel) as raised:
        catalogue.resolve("same")
    assert raised.value.near == ("one/same", "two/same")
    assert str(catalogue.resolve("same", preferred={"two"})) == "two/same"
    with pytest.raises(UnknownModel):
        catalogue.resolve("same", preferred={"one", "two"})


# ---- the kept lists


def test_live_lists_survive_a_restart(tmp_path: Path) -> None:
    cache = tmp_path / "models.json"
    row = ModelInfo(ref=ModelRef("groq", "new"), context_window=77, inputs=frozenset({"text", "image"}))
    Catalogue(Endpoints(), cache).update_live("groq", [row])
    assert cache.stat().st_mode & 0o777 == 0o600
    again = Catalogue(Endpoints(), cache)
    assert [found.ref.id for found in again.models("groq")] == ["new"]
    assert (again.info(row.ref).context_window, again.info(row.ref).source) == (77, "live")
    assert [path.name for path in tmp_path.iterdir()] == ["models.json"]


@pytest.mark.parametrize("content", [b"", b"{", b'{"groq": [{"ref": 3}]}', b"\xff\xfe"])
def test_a_damaged_cache_is_as_none(tmp_path: Path, content: bytes) -> None:
    cache = tmp_path / "models.json"
    cache.write_bytes(content)
    catalogue = Catalogue(Endpoints(), cache)
    assert catalogue.models("groq")
    catalogue.update_live("groq", [])
    assert json.loads(cache.read_bytes()) == {"groq": []}


@pytest.mark.expects_log("could not be kept")
def test_a_cache_that_cannot_be_written_loses_nothing(tmp_path: Path) -> None:
    catalogue = Catalogue(Endpoints(), tmp_path / "gone" / "models.json")
    catalogue.update_live("groq", [ModelInfo(ref=ModelRef("groq", "new"))])
    assert [row.ref.id for row in catalogue.models("groq")] == ["new"]


# ---- baking


def test_baking_is_deterministic_and_refuses_another_licence(tmp_path: Path) -> None:
    """The real tool on a small wheel: the same bytes twice, and a change of licence stops it."""
    sys.path.insert(0, str(ROOT / "packaging"))
    import catalogue as baker
    import catalogue_models
    import catalogue_prices

    entry = {
        "litellm_provider": "groq",
        "mode": "chat",
        "max_input_tokens": 1000,
        "input_cost_per_token": 2e-06,
        "input_cost_per_token_above_200k_tokens": 4e-06,
        "output_cost_per_token": 1e-05,
        "supports_function_calling": True,
        "supports_vision": True,
    }
    table = {"groq/made-up": entry, "groq/painter": {**entry, "mode": "image_generation"}}
    rules: dict[str, Any] = {"skip": [], "models": [], "last": []}
    models = catalogue_models.model_rows(table, rules)["groq"]["models"]
    assert models == [
        {"id": "made-up", "context_window": 1000, "inputs": ["image"], "tools": True, "parameters": "groq"}
    ]
    prices = catalogue_prices.price_tables(table, rules)["groq"]["models"][-1]
    assert prices == {"ids": ["made-up"], "prices": [{"input": [2, [200_000, 4]], "output": 10}]}

    for licence, fails in (("MIT License", False), ("Another licence", True)):
        wheel = tmp_path / f"litellm-{1 + fails}.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(baker.DATA, json.dumps(table))
            archive.writestr("litellm-1.0.dist-info/licenses/LICENSE", licence)
        if fails:
            with pytest.raises(SystemExit, match="no longer under the MIT licence"):
                baker.read_litellm(wheel)
        else:
            source, read = baker.read_litellm(wheel)
            assert (source.version, read) == ("1.0", table)
            rows = {"groq": {"models": models}}
            target = tmp_path / "out.json"
            assert baker.write(target, [source], rows, check=False)
            first = target.read_bytes()
            assert not baker.write(target, [source], rows, check=False)
            assert target.read_bytes() == first


def test_reading_the_catalogue_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from chatbench.client.catalogue import Catalogue\n"
        "heavy = {'httptools', 'httpx', 'litellm', 'genai_prices', 'PySide6', 'socket'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "assert 'chatbench.client.pricing' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT / "app", timeout=60)
