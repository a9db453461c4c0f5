"""The capability half of the catalogue: litellm's table in our words, corrected by catalogue.toml.

A row is a `ModelInfo` without its reference: fields at their default are left out, `inputs` and `outputs`
leave out "text", `parameters` names one of the profiles of client/catalogue.py.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Any

from genai_prices import data

from catalogue_prices import LITELLM, id_of, is_chat

OPENROUTER_VENDORS = {"openai", "anthropic", "google", "mistralai", "x-ai", "deepseek", "cohere"}
_DATE = re.compile(r"[-@](?:\d{8}|\d{4}-\d{2}-\d{2})\Z")
_NUMBER = re.compile(r"(?<![a-z\d.])[a-z]?(\d{1,2})(?![\db])(?:[.-](\d{1,2})(?![\db]))?")
_FIRST_HAND = {"openai", "anthropic", "gemini", "mistral", "deepseek", "xai", "perplexity", "cohere"}
_SPELLED = {
    "Gpt": "GPT",
    "Oss": "OSS",
    "Deepseek": "DeepSeek",
    "Glm": "GLM",
    "It": "IT",
    "Mini": "mini",
    "Nano": "nano",
}


def model_rows(litellm: dict[str, Any], by_hand: dict[str, Any]) -> dict[str, Any]:
    """Provider → `{"models": rows}`, newest generation first, snapshots behind their family."""
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    names = {provider.id: {m.id: m.name for m in provider.models if m.name} for provider in data.providers}
    for key, entry in litellm.items():
        provider = LITELLM.get(entry.get("litellm_provider", ""))
        if provider is None or not is_chat(entry, provider):
            continue
        model_id = id_of(key, entry)
        if not any(fnmatchcase(f"{provider}/{model_id}", pattern) for pattern in by_hand["skip"]):
            row = {"id": model_id, "name": "", **_capabilities(provider, entry)}
            row["name"] = _name(provider, model_id, names)
            rows.setdefault(provider, {})[model_id] = row
    for added in by_hand.get("add", ()):
        provider, _, model_id = added["model"].partition("/")
        like = rows[provider][added["like"]]
        row = {**like, "id": model_id, "name": _name(provider, model_id, names)}
        rows[provider].setdefault(model_id, row)
    for provider, table in rows.items():
        for row in table.values():
            _correct(provider, row, by_hand["models"])
    rows["openrouter"] = _openrouter(rows)
    last = by_hand["last"]
    return {provider: {"models": _ordered(provider, rows[provider], last)} for provider in sorted(rows)}


def _capabilities(provider: str, entry: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for field, theirs in (("context_window", "max_input_tokens"), ("max_output_tokens", "max_output_tokens")):
        if isinstance(entry.get(theirs), int):
            row[field] = entry[theirs]
    modalities = set(entry.get("supported_modalities", ()))
    told = {
        "image": entry.get("supports_vision") or "image" in modalities,
        "file": entry.get("supports_pdf_input"),
        "audio": entry.get("supports_audio_input") or "audio" in modalities,
        "video": entry.get("supports_video_input") or "video" in modalities,
    }
    if inputs := [name for name, taken in told.items() if taken]:
        row["inputs"] = inputs
    outputs = set(entry.get("supported_output_modalities", ())) | (
        {"audio"} if entry.get("supports_audio_output") else set()
    )
    if extra := sorted(outputs - {"text"}):
        row["outputs"] = extra
    if "supports_function_calling" in entry:
        row["tools"] = bool(entry.get("supports_function_calling"))
    row |= _thinking(provider, entry)
    if isinstance(entry.get("deprecation_date"), str):
        row["shutdown_on"] = entry["deprecation_date"]
    return row


def _thinking(provider: str, entry: dict[str, Any]) -> dict[str, Any]:
    reasons = bool(entry.get("supports_reasoning"))
    row: dict[str, Any] = {"thinking": "no" if provider in _FIRST_HAND else ""}
    flags = {
        effort: entry.get(f"supports_{effort}_reasoning_effort")
        for effort in ("none", "minimal", "low", "xhigh", "max")
    }
    if reasons:
        row["thinking"] = "optional" if flags["none"] else "always"
        if "reasoning_effort_levels" in entry:
            row["efforts"] = entry["reasoning_effort_levels"]
            row["thinking"] = "optional" if "none" in row["efforts"] else "always"
        elif provider == "openai" or any(value is not None for value in flags.values()):
            row["efforts"] = _efforts(flags)
    samples = not reasons or provider != "openai"
    if entry.get("supports_sampling_params") is False:
        samples = False
    if provider == "openai" and reasons and flags["none"]:
        row["sampling_only_without_thinking"] = samples = True
    kind = "-fixed" if not samples else "-plain" if provider == "openai" and not reasons else ""
    row["parameters"] = provider + kind
    return row


def _efforts(flags: dict[str, bool | None]) -> list[str]:
    middle = [effort for effort in ("low", "medium", "high") if flags.get(effort) is not False]
    return [
        *(effort for effort in ("none", "minimal") if flags[effort]),
        *middle,
        *(effort for effort in ("xhigh", "max") if flags[effort]),
    ]


def _correct(provider: str, row: dict[str, Any], rules: list[dict[str, Any]]) -> None:
    """Applies every hand-written rule that matches, in the order they are written."""
    for rule in rules:
        if any(fnmatchcase(f"{provider}/{row['id']}", pattern) for pattern in rule["match"]):
            row.update({key: value for key, value in rule.items() if key not in ("match", "why")})
    for key in [key for key, value in row.items() if value in ("", [], False) and key != "tools"]:
        del row[key]


def _openrouter(rows: dict[str, dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Name and context of what OpenRouter resells from vendors whose rows say the rest."""
    provider = next(provider for provider in data.providers if provider.id == "openrouter")
    known = {re.sub(r"[^a-z\d]", "", model_id.lower()) for table in rows.values() for model_id in table}
    found: dict[str, dict[str, Any]] = {}
    for model in provider.models:
        vendor, _, rest = model.id.partition("/")
        if vendor in OPENROUTER_VENDORS and ":" not in rest and re.sub(r"[^a-z\d]", "", rest) in known:
            row = {"id": model.id, "name": model.name or "", "context_window": model.context_window or 0}
            found[model.id] = {key: value for key, value in row.items() if value}
    return found


def _ordered(provider: str, table: dict[str, dict[str, Any]], last: list[str]) -> list[dict[str, Any]]:
    def place(row: dict[str, Any]) -> tuple[bool, bool, float, str]:
        special = any(fnmatchcase(f"{provider}/{row['id']}", pattern) for pattern in last)
        return (bool(_DATE.search(row["id"])), special, -_generation(row["id"]), row["id"])

    return sorted(table.values(), key=place)


def _generation(model_id: str) -> float:
    match = _NUMBER.search(model_id.lower().rpartition("/")[2])
    return float(f"{match[1]}.{match[2] or 0}") if match else 0.0


def _name(provider: str, model_id: str, names: dict[str, dict[str, str]]) -> str:
    """What a person reads, or "" where the id itself reads best."""
    dated = _DATE.search(model_id)
    stem = model_id[: dated.start()] if dated else model_id
    claude = re.fullmatch(r"claude-([a-z]+)-(\d+(?:-\d+)?|preview)", stem)
    if claude:
        name = f"Claude {claude[1].title()} {claude[2].replace('-', '.').title()}"
    elif (
        provider in ("openai", "xai", "gemini", "deepseek", "mistral", "perplexity", "cohere")
        and "/" not in stem
    ):
        table = {"xai": "x-ai", "gemini": "google"}.get(provider, provider)
        name = names[table].get(stem, "")
        if not name or name.startswith(("gpt ", "o1", "o3", "o4")):
            name = _words(stem)
    else:
        return ""
    return f"{name} ({dated.group()[1:]})" if dated else name


def _words(stem: str) -> str:
    words = [word if re.match(r"o\d", word) else word[:1].upper() + word[1:] for word in stem.split("-")]
    words = [_SPELLED.get(word, word) for word in words]
    if words[0] == "GPT" and len(words) > 1:
        words[:2] = [f"GPT-{words[1]}" if words[1][:1].isdigit() else f"GPT {words[1]}"]
    return " ".join(words)
