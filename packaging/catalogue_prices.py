"""The price half of the catalogue: genai-prices' table in our words, gaps filled from litellm's.

A row is `{"ids": […], "starts": […], "ends": […], "has": […], "re": […], "prices": […], "batch": […], "flex":
[…], "priority": […], "fast": […]}`. The first row of which any pattern matches is the model's. `prices` is a
list of rates; the last whose condition (`from`: a date, `between`: two times of day, UTC) holds is the one,
else the first. The lists of a service hold what is different there: of each rate the last that holds. A rate
is a number, or a list of the base and of `[tokens, rate]` pairs that hold for the whole request above so many
input tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from genai_prices import data, types

TABLES = {
    "openai": "openai",
    "anthropic": "anthropic",
    "gemini": "google",
    "azure": "azure",
    "groq": "groq",
    "openrouter": "openrouter",
    "mistral": "mistral",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "xai": "x-ai",
    "together": "together",
    "fireworks": "fireworks",
    "cerebras": "cerebras",
    "perplexity": "perplexity",
}
LITELLM = {
    "openai": "openai",
    "anthropic": "anthropic",
    "gemini": "gemini",
    "groq": "groq",
    "mistral": "mistral",
    "cohere_chat": "cohere",
    "deepseek": "deepseek",
    "xai": "xai",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
    "cerebras": "cerebras",
    "perplexity": "perplexity",
}
NAMES = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_long",
    "input_audio_mtok": "input_audio",
    "output_audio_mtok": "output_audio",
    "output_reasoning_mtok": "reasoning",
    "web_searches_kcount": "web_searches",
    "requests_kcount": "requests",
}
# Shares that a usage does not count: without them a bill would be wrong, so such a row has no price.
UNCOUNTED = {
    "output_image_mtok": "output_mtok",
    "output_video_mtok": "output_mtok",
    "output_citation_mtok": "output_mtok",
    "input_image_mtok": "input_mtok",
    "input_video_mtok": "input_mtok",
}
SERVICES = {
    "batch": [{"processing": "batch"}],
    "flex": [{"service_tier": "flex"}],
    "priority": [{"service_tier": "priority"}],
    "fast": [{"service_tier": "fast"}, {"speed": "fast"}],
}
_FILL = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write",
    "cache_creation_input_token_cost_above_1hr": "cache_write_long",
}
_CLIFF = re.compile(r"(?P<name>\w+?)_above_(?P<thousands>\d+)k_tokens\Z")


def price_tables(litellm: dict[str, Any], by_hand: dict[str, Any]) -> dict[str, Any]:
    """Endpoint id → `{api, fallback, models}`; the hand-written rows come first and so win."""
    source = {provider.id: provider for provider in data.providers}
    ours = {theirs: mine for mine, theirs in TABLES.items()}
    tables: dict[str, Any] = {}
    for mine, theirs in TABLES.items():
        provider = source[theirs]
        written = [
            {"ids": row["ids"], "prices": [{name: row[name] for name in NAMES.values() if name in row}]}
            for row in by_hand.get("price", ())
            if row["provider"] == mine
        ]
        tables[mine] = {
            "api": provider.api_pattern,
            "fallback": [ours[other] for other in provider.fallback_model_providers or () if other in ours],
            "models": [*written, *(_row(model) for model in provider.models)],
        }
    known = {mine: source[theirs] for mine, theirs in TABLES.items()}
    for mine, row in _missing(litellm, known):
        if not any(row["ids"][0] in other["ids"] for other in tables[mine]["models"] if "ids" in other):
            tables[mine]["models"].append(row)
    return tables


def _row(model: types.ModelInfo) -> dict[str, Any]:
    row = _patterns(model.match)
    conditional = (
        model.prices if isinstance(model.prices, list) else [types.ConditionalPrice(prices=model.prices)]
    )
    row["prices"] = [_rates(item.constraint, item.prices) for item in conditional]
    for service, named in SERVICES.items():
        different = [
            _rates(variant.constraint, variant.prices)
            for variant in reversed(model.price_variants or [])
            if variant.when in named
        ]
        if different:
            row[service] = different
    return row


def _patterns(clause: Any) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for part in clause.or_ if isinstance(clause, types.ClauseOr) else [clause]:
        match part:
            case types.ClauseEquals(equals=text):
                row.setdefault("ids", []).append(text.lower())
            case types.ClauseStartsWith(starts_with=text):
                row.setdefault("starts", []).append(text.lower())
            case types.ClauseEndsWith(ends_with=text):
                row.setdefault("ends", []).append(text.lower())
            case types.ClauseContains(contains=text):
                row.setdefault("has", []).append(text.lower())
            case _:
                row.setdefault("re", []).append(_regex(part))
    return row


def _regex(clause: Any) -> str:
    """A pattern for `re.search` that says what the clause says."""
    match clause:
        case types.ClauseEquals(equals=text):
            return rf"\A{re.escape(text.lower())}\Z"
        case types.ClauseStartsWith(starts_with=text):
            return rf"\A{re.escape(text.lower())}"
        case types.ClauseEndsWith(ends_with=text):
            return rf"{re.escape(text.lower())}\Z"
        case types.ClauseContains(contains=text):
            return re.escape(text.lower())
        case types.ClauseRegex(regex=pattern):
            return str(pattern)
        case types.ClauseOr(or_=parts):
            return "|".join(f"(?:{_regex(part)})" for part in parts)
        case types.ClauseAnd(and_=parts):
            return r"\A" + "".join(rf"(?=[\s\S]*?(?:{_regex(part)}))" for part in parts)
        case _:
            raise SystemExit(f"genai-prices has a new kind of clause: {clause!r}")


def _rates(constraint: Any, prices: types.ModelPrice) -> dict[str, Any]:
    given = {key: value for key, value in vars(prices).items() if value is not None}
    row: dict[str, Any] = {}
    if isinstance(constraint, types.StartDateConstraint):
        row["from"] = constraint.start_date.isoformat()
    elif isinstance(constraint, types.TimeOfDateConstraint):
        row["between"] = [f"{time:%H:%M:%S}" for time in (constraint.start_time, constraint.end_time)]
    elif constraint is not None:
        raise SystemExit(f"genai-prices has a new kind of condition: {constraint!r}")
    if any(key in given and given[key] != given.get(whole) for key, whole in UNCOUNTED.items()):
        return row
    return row | {NAMES[key]: _number(value) for key, value in sorted(given.items()) if key in NAMES}


def _number(value: Any) -> Any:
    if isinstance(value, types.TieredPrices):
        return [_number(value.base), *([tier.start, _number(tier.price)] for tier in value.tiers)]
    return _plain(value)


def _plain(value: Decimal) -> int | float:
    """A JSON number whose text is exactly the decimal's value."""
    number = int(value) if value == value.to_integral_value() else float(value)
    if Decimal(repr(number)) != value:
        raise SystemExit(f"{value} has more digits than a JSON number here may have")
    return number


def _missing(litellm: dict[str, Any], known: dict[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    for key, entry in litellm.items():
        provider = LITELLM.get(entry.get("litellm_provider", ""))
        if provider is None or not is_chat(entry, provider) or not entry.get("input_cost_per_token"):
            continue
        model_id = id_of(key, entry).lower()
        if known[provider].find_model(model_id) is None:
            yield provider, {"ids": [model_id], "prices": [_filled(entry)]}


def _filled(entry: dict[str, Any]) -> dict[str, Any]:
    rates: dict[str, Any] = {}
    for field, name in _FILL.items():
        if field in entry:
            rates[name] = _per_million(entry[field])
    for field, value in entry.items():
        match = _CLIFF.match(field)
        if match and match["name"] in _FILL and _FILL[match["name"]] in rates:
            name = _FILL[match["name"]]
            base = rates[name] if isinstance(rates[name], list) else [rates[name]]
            rates[name] = [
                base[0],
                *sorted([*base[1:], [int(match["thousands"]) * 1000, _per_million(value)]]),
            ]
    return rates


def _per_million(value: float) -> int | float:
    return _plain(Decimal(repr(value)).scaleb(6).normalize())


def is_chat(entry: dict[str, Any], provider: str) -> bool:
    """Whether an entry of litellm's table is a model one can talk to over the endpoint's wire.

    Fireworks' entries that say nothing but a size and a price are weights one may rent a machine for.
    """
    if provider == "fireworks" and not any(field.startswith("supports_") for field in entry):
        return False
    modes = {"chat", "responses"} if provider == "openai" else {"chat"}
    return entry.get("mode") in modes


def id_of(key: str, entry: dict[str, Any]) -> str:
    """The id as the provider itself knows it: litellm's own prefix taken off."""
    return key.removeprefix(f"{entry['litellm_provider']}/")
