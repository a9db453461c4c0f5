"""Prices: genai-prices as the oracle, golden bills, tier edges, and everything that must stay unknown."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import Any

import genai_prices
import pytest
from genai_prices import data, types
from hypothesis import given
from hypothesis import strategies as st

from chatbench.client.pricing import Pricing, bill
from chatbench.core.endpoints import Endpoint
from chatbench.core.models import GUIDE, ModelRef
from chatbench.core.resources import resource
from chatbench.core.usage import Rates, Usage

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ORACLE = {"gemini": "google", "xai": "x-ai"}
ROOT = Path(__file__).resolve().parents[2]
PRICING = Pricing()


def endpoint(provider: str, **changes: Any) -> Endpoint:
    fields = {"id": provider, "name": provider, "wire": "openai_chat", "base_url": "https://example.invalid"}
    return Endpoint(**{**fields, **changes})


def cost_of(name: str, usage: Usage, at: datetime = NOW) -> Decimal | None:
    ref = ModelRef.parse(name)
    cost = PRICING.cost(ref, endpoint(ref.provider), usage, at)
    return None if cost is None else cost.amount


def baked() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(resource("prices.json").read_bytes())
    return table


# ---- against the oracle

USAGES = (
    Usage(input_tokens=1000, output_tokens=500),
    Usage(
        input_tokens=10_000,
        output_tokens=700,
        cache_read_tokens=4000,
        cache_write_tokens=2000,
        cache_write_long_tokens=500,
        reasoning_tokens=200,
    ),
    Usage(input_tokens=300_001, output_tokens=9, cache_read_tokens=250_000),
)
TIMES = (NOW, datetime(2025, 1, 15, 8, tzinfo=UTC), datetime(2027, 2, 1, 2, 30, tzinfo=UTC))


def oracle_usage(usage: Usage) -> genai_prices.Usage:
    return genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cache_write_1h_tokens=usage.cache_write_long_tokens,
        output_reasoning_tokens=usage.reasoning_tokens,
    )


def by_hand() -> set[str]:
    rules = tomllib.loads((ROOT / "packaging" / "catalogue.toml").read_text("utf-8"))
    return {f"{row['provider']}/{name}" for row in rules["price"] for name in row["ids"]}


def billable(price: types.ModelPrice) -> bool:
    """Whether everything that a usage counts, and nothing that it doesn't count, has a price."""
    given_ = {key: value for key, value in vars(price).items() if value is not None}
    apart = {
        "output_image_mtok",
        "output_video_mtok",
        "output_citation_mtok",
        "input_image_mtok",
        "input_video_mtok",
    }
    whole = {key: given_.get("output_mtok" if key.startswith("output") else "input_mtok") for key in apart}
    return {"input_mtok", "output_mtok"} <= given_.keys() and all(
        key not in given_ or given_[key] == whole[key] for key in apart
    )


def spellings(model: types.ModelInfo) -> set[str]:
    clause = model.match
    parts = clause.or_ if isinstance(clause, types.ClauseOr) else [clause]
    return {model.id, *(part.equals for part in parts if isinstance(part, types.ClauseEquals))}


def test_the_table_was_baked_from_the_installed_version() -> None:
    versions = {source["package"]: source["version"] for source in baked()["sources"]}
    assert versions["genai-prices"] == metadata.version("genai-prices"), "run packaging/dev.py catalogue"


@pytest.mark.parametrize("provider", sorted(baked()["providers"]))
def test_every_model_costs_what_the_oracle_says(provider: str) -> None:
    oracle = next(entry for entry in data.providers if entry.id == ORACLE.get(provider, provider))
    written = by_hand()
    compared = 0
    for name in sorted({name for model in oracle.models for name in spellings(model)}):
        found = oracle.find_model(name, all_providers=data.providers)
        if found is None or f"{provider}/{name}" in written:
            continue
        for at in TIMES:
            known = billable(found.get_prices(at))
            for usage in USAGES:
                ours = cost_of(f"{provider}/{name}", usage, at)
                if not known:
                    assert ours is None, (name, usage)
                    continue
                theirs = found.calc_price(oracle_usage(usage), oracle, genai_request_timestamp=at)
                assert ours == theirs.total_price, (name, usage, at)
                compared += 1
    assert compared >= 9


@pytest.mark.parametrize(
    ("provider", "model_id"),
    [
        ("openai", "gpt-4o-2024-08-06"),
        ("openai", "gpt-5.2-20251211"),
        ("openai", "GPT-4.1-Mini"),
        ("anthropic", "claude-sonnet-4-5-20250929"),
        ("anthropic", "claude-haiku-4-5@20251001"),
        ("gemini", "gemini-3.8-flash-preview-09-2026"),
        ("gemini", "gemini-flash-latest"),
        ("azure", "gpt-5.4-mini"),
        ("azure", "grok-4.3"),
        ("openrouter", "anthropic/claude-sonnet-4.5"),
        ("xai", "grok-4.3-latest"),
        ("groq", "openai/gpt-oss-120b"),
        ("fireworks", "accounts/fireworks/models/kimi-k3"),
    ],
)
def test_spellings_of_an_id_find_what_the_oracle_finds(provider: str, model_id: str) -> None:
    usage = USAGES[0]
    theirs = genai_prices.calc_price(
        oracle_usage(usage), model_id, provider_id=ORACLE.get(provider, provider), genai_request_timestamp=NOW
    )
    assert theirs.total_price > 0
    assert cost_of(f"{provider}/{model_id}", usage) == theirs.total_price


def test_batch_rates_are_what_the_oracle_says() -> None:
    compared = 0
    for provider in ("openai", "anthropic", "gemini", "mistral"):
        oracle = next(entry for entry in data.providers if entry.id == ORACLE.get(provider, provider))
        for model in oracle.models:
            found = oracle.find_model(model.id)
            if not model.price_variants or found is not model or f"{provider}/{model.id}" in by_hand():
                continue
            batch = {"processing": "batch"}
            if not billable(model.get_prices(NOW, batch)) or not billable(model.get_prices(NOW)):
                continue
            ref = ModelRef(provider, model.id)
            ours = PRICING.cost(ref, endpoint(provider), USAGES[2], NOW, service="batch")
            theirs = model.calc_price(
                oracle_usage(USAGES[2]), oracle, genai_request_timestamp=NOW, price_context=batch
            )
            assert ours is not None
            assert ours.amount == theirs.total_price, model.id
            compared += 1
    assert compared > 50


# ---- golden bills


@pytest.mark.parametrize(
    ("name", "usage", "dollars"),
    [
        (
            "anthropic/claude-opus-5-5",
            Usage(
                input_tokens=100_000, cache_read_tokens=40_000, cache_write_tokens=10_000, output_tokens=2000
            ),
            "0.298",
        ),
        (
            "anthropic/claude-sonnet-5-5",
            Usage(input_tokens=10_000, cache_write_tokens=10_000, cache_write_long_tokens=4000),
            "0.031",
        ),
        ("openai/gpt-6.1-sol", Usage(input_tokens=272_000), "0.544"),
        ("openai/gpt-6.1-sol", Usage(input_tokens=272_001), "1.088004"),
        ("openai/gpt-6.1-sol", Usage(input_tokens=272_001, output_tokens=1000), "1.103004"),
        ("anthropic/claude-haiku-5-5", Usage(input_tokens=100_000), "0.010"),
        ("anthropic/claude-haiku-5-5", Usage(input_tokens=100_001), "0.0500005"),
        ("gemini/gemini-2.5-pro", Usage(input_tokens=200_000, output_tokens=100), "0.251"),
        ("gemini/gemini-2.5-pro", Usage(input_tokens=200_001, output_tokens=100), "0.5015025"),
        ("openai/gpt-4o", Usage(input_tokens=2000, cache_read_tokens=1000, output_tokens=100), "0.00475"),
        ("openai/gpt-4o", Usage(input_tokens=1000, web_searches=3), "0.0325"),
        (
            "gemini/gemini-2.5-flash",
            Usage(input_tokens=1000, input_audio_tokens=400, output_tokens=0),
            "0.00058",
        ),
        ("perplexity/sonar", Usage(input_tokens=1000, output_tokens=1000), "0.014"),
        ("mistral/mistral-large-latest", Usage(input_tokens=1_000_000, output_tokens=1_000_000), "2.0"),
    ],
)
def test_golden_bills(name: str, usage: Usage, dollars: str) -> None:
    assert cost_of(name, usage) == Decimal(dollars)


def test_prices_follow_the_date_and_the_hour() -> None:
    million = Usage(input_tokens=1_000_000)
    before, after = datetime(2026, 12, 31, 23, 59, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    assert cost_of("gemini/gemini-3.8-flash", million, before) == Decimal("0.75")
    assert cost_of("gemini/gemini-3.8-flash", million, after) == Decimal("1.5")
    cheap, dear = datetime(2026, 11, 21, 4, 0, tzinfo=UTC), datetime(2026, 11, 21, 3, 59, tzinfo=UTC)
    assert cost_of("deepseek/deepseek-v4-flash", million, cheap) == Decimal("0.15")
    assert cost_of("deepseek/deepseek-v4-flash", million, dear) == Decimal("0.3")


def test_cliffs_are_named_before_they_are_crossed() -> None:
    sol, anthropic = ModelRef("openai", "gpt-6.1-sol"), ModelRef("anthropic", "claude-haiku-5-5")
    assert PRICING.cliffs(sol, endpoint("openai"), NOW) == (272_000,)
    assert PRICING.cliffs(anthropic, endpoint("anthropic"), NOW) == (100_000,)
    assert PRICING.cliffs(ModelRef("openai", "gpt-4o"), endpoint("openai"), NOW) == ()
    assert PRICING.cliffs(ModelRef("openai", "no-such"), endpoint("openai"), NOW) == ()


def test_the_bill_keeps_what_it_was_computed_from() -> None:
    usage = Usage(
        input_tokens=300, cache_read_tokens=100, output_tokens=90, reasoning_tokens=40, web_searches=1
    )
    cost = PRICING.cost(ModelRef("openai", "gpt-5.4"), endpoint("openai"), usage, NOW)
    assert cost is not None
    assert cost.source == "table"
    assert cost.prices_of == baked()["date"] == PRICING.prices_of
    assert cost.rates is not None
    counts = [(line.what, line.count) for line in cost.lines]
    assert counts == [("input", 200), ("cache_read", 100), ("output", 50), ("reasoning", 40), ("searches", 1)]


# ---- who prices a call


def test_the_provider_own_figure_wins() -> None:
    usage = Usage(input_tokens=10, provider_cost=Decimal("0.0042"))
    own = {"openai/gpt-4o": Rates(input=Decimal(1), output=Decimal(1))}
    cost = Pricing(own).cost(ModelRef("openai", "gpt-4o"), endpoint("openai"), usage, NOW)
    assert cost is not None
    assert (cost.amount, cost.source, cost.lines) == (Decimal("0.0042"), "provider", ())


def test_the_user_prices_win_over_the_table_and_over_free() -> None:
    own = Rates(input=Decimal(3), output=Decimal(4))
    pricing = Pricing({"openai/gpt-4o": own, "ollama/big": own})
    usage = Usage(input_tokens=1_000_000, output_tokens=1_000_000)
    for provider, model_id, local in (("openai", "gpt-4o", False), ("ollama", "big", True)):
        cost = pricing.cost(ModelRef(provider, model_id), endpoint(provider, local=local), usage, NOW)
        assert cost is not None
        assert (cost.amount, cost.source, cost.prices_of) == (Decimal(7), "user", "")


def test_a_model_on_this_computer_is_free() -> None:
    cost = PRICING.cost(ModelRef("ollama", "x"), endpoint("ollama", local=True), Usage(input_tokens=5), NOW)
    assert cost is not None
    assert (cost.amount, cost.source) == (Decimal(0), "free")
    guide = PRICING.cost(GUIDE, endpoint(GUIDE.provider), Usage(input_tokens=5), NOW)
    assert guide is not None
    assert guide.source == "free"


@pytest.mark.parametrize("name", ["glm-5:cloud", "gpt-oss:120b-cloud"])
def test_a_model_in_ollamas_cloud_has_no_known_price(name: str) -> None:
    where = endpoint("ollama", wire="ollama", local=True)
    assert PRICING.cost(ModelRef("ollama", name), where, Usage(input_tokens=5), NOW) is None
    assert PRICING.cost(ModelRef("ollama", "cloudy"), where, Usage(input_tokens=5), NOW) is not None


def test_an_endpoint_of_the_user_is_known_by_its_address() -> None:
    work = endpoint("work", base_url="https://api.openai.com/v1")
    cost = PRICING.cost(ModelRef("work", "gpt-4o"), work, Usage(input_tokens=1_000_000), NOW)
    assert cost is not None
    assert cost.amount == Decimal("2.5")
    gateway = endpoint("gateway", base_url="https://llm.example.invalid/v1")
    assert PRICING.cost(ModelRef("gateway", "gpt-4o"), gateway, Usage(input_tokens=1), NOW) is None


# ---- unknown stays unknown


@pytest.mark.parametrize(
    ("name", "usage"),
    [
        ("openai/gpt-99-nova", Usage(input_tokens=1)),
        ("azure/our-deployment", Usage(input_tokens=1)),
        ("nobody/gpt-4o", Usage(input_tokens=1)),
        ("groq/qwen/qwen3.8-27b", Usage(input_tokens=1, web_searches=1)),
        ("openai/text-embedding-3-large", Usage(input_tokens=1, output_tokens=1)),
        ("gemini/gemini-2.5-flash-image", Usage(input_tokens=1, output_tokens=1290)),
        ("perplexity/sonar-deep-research", Usage(input_tokens=1, output_tokens=1)),
        ("gemini/gemini-2.5-flash", Usage(input_tokens=9, input_audio_tokens=2, cache_read_tokens=4)),
    ],
)
def test_what_is_not_known_is_none(name: str, usage: Usage) -> None:
    assert cost_of(name, usage) is None


def test_rates_of_an_unknown_model_are_none() -> None:
    assert PRICING.rates(ModelRef("openai", "gpt-99-nova"), endpoint("openai"), NOW) is None


# ---- properties

AMOUNTS = st.integers(0, 400_000)


def full_usage(numbers: tuple[int, int, int, int, int]) -> Usage:
    new, read, write, output, reasoning = numbers
    return Usage(
        input_tokens=new + read + write,
        output_tokens=output + reasoning,
        cache_read_tokens=read,
        cache_write_tokens=write,
        cache_write_long_tokens=write // 3,
        reasoning_tokens=reasoning,
    )


NAMES = (
    "openai/gpt-6.1-sol",
    "anthropic/claude-haiku-5-5",
    "gemini/gemini-2.5-pro",
    "perplexity/sonar",
    "openai/o3",
)


@given(st.sampled_from(NAMES), st.tuples(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS), st.integers(0, 4))
def test_more_of_anything_never_costs_less(
    name: str, numbers: tuple[int, int, int, int, int], place: int
) -> None:
    more = list(numbers)
    more[place] += 1000
    less = cost_of(name, full_usage(numbers))
    larger = cost_of(name, full_usage((more[0], more[1], more[2], more[3], more[4])))
    assert less is not None
    assert larger is not None
    assert less <= larger


@given(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS))
def test_lines_sum_exactly_to_the_amount(numbers: tuple[int, int, int, int, int]) -> None:
    usage = full_usage(numbers)
    cost = PRICING.cost(ModelRef("anthropic", "claude-haiku-5-5"), endpoint("anthropic"), usage, NOW)
    assert cost is not None
    assert sum((line.amount for line in cost.lines), Decimal(0)) == cost.amount
    counted = {"input", "cache_read", "cache_write"}
    assert sum(line.count for line in cost.lines if line.what in counted) == usage.input_tokens


def test_ten_thousand_sums_do_not_drift() -> None:
    usage = Usage(input_tokens=333, cache_read_tokens=111, output_tokens=77)
    one = cost_of("openai/gpt-6.1-sol", usage)
    assert one is not None
    total = sum((one for _ in range(10_000)), Decimal(0))
    assert total == one * 10_000 == Decimal("12.251")


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_bill_never_has_a_negative_line(inside: int, cached: int) -> None:
    """Shares that contradict their whole (a provider's mistake) still give a bill of what was counted."""
    rates = Rates(input=Decimal(2), output=Decimal(8), cache_read=Decimal("0.2"))
    lines = bill(rates, Usage(input_tokens=inside, cache_read_tokens=cached, reasoning_tokens=cached))
    assert lines is not None
    assert all(line.amount > 0 and line.count > 0 for line in lines)


# ---- what it costs to have


def test_nothing_is_read_before_a_price_is_asked_for_and_no_socket_ever() -> None:
    """In a process of its own: no price file before the first price, no oracle, no network code."""
    program = (
        "import sys, builtins, pathlib\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, args: opened.append((event, str(args[0]))) "
        "if event in ('open', 'socket.__new__', 'socket.getaddrinfo') else None)\n"
        "from chatbench.client.pricing import Pricing\n"
        "pricing = Pricing()\n"
        "assert not [name for event, name in opened if 'prices.json' in name]\n"
        "assert pricing.prices_of\n"
        "assert [name for event, name in opened if 'prices.json' in name]\n"
        "assert not [event for event, name in opened if event.startswith('socket')]\n"
        "assert not {'genai_prices', 'pydantic', 'httpx', 'socket', 'litellm'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT / "app", timeout=60)


def test_the_files_are_small_and_name_their_sources() -> None:
    for name in ("prices.json", "models.json"):
        path = resource(name)
        assert path.stat().st_size < 400_000
        header = json.loads(path.read_bytes())
        assert datetime.fromisoformat(header["date"]) >= datetime(2026, 11, 1)  # noqa: DTZ001
        assert {source["package"] for source in header["sources"]} == {"genai-prices", "litellm"}
        assert all("Permission is hereby granted" in source["notice"] for source in header["sources"])
