"""Configurations of promptfoo: prompts, providers and tests become prompts and plans, as far as they can."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from chatbench.core.checks import Check
from chatbench.core.errors import ConfigurationError, FormatError
from chatbench.core.params import Parameters
from chatbench.core.prompts import NamedPrompt, Prompt, PromptMessage
from chatbench.core.runs import Plan, PlanData, PlanLimits, PlanModel, PlanPrompt
from chatbench.formats import openai_prompt, yamltexts
from chatbench.formats.imported import Imported
from chatbench.formats.promptfoo_checks import OTHERWISE, NoCheck, check

ReadFile = Callable[[str], str]
"""The text of a file named in the configuration, by its path there. Raises FormatError."""

PROVIDERS = {
    "openai": "openai", "anthropic": "anthropic", "google": "gemini", "ollama": "ollama",
    "mistral": "mistral",
    "cohere": "cohere", "openrouter": "openrouter", "groq": "groq", "deepseek": "deepseek", "xai": "xai",
    "azure": "azure", "perplexity": "perplexity", "togetherai": "together", "cerebras": "cerebras",
    "fireworks": "fireworks",
}  # fmt: skip
"""What promptfoo calls a provider → its name here."""
_MIDDLE = frozenset({"chat", "completion", "messages", "responses"})
_NAMES = {"max_tokens": "max_output_tokens", "maxOutputTokens": "max_output_tokens", "topP": "top_p",
          "max_completion_tokens": "max_output_tokens", "maxTokens": "max_output_tokens"}  # fmt: skip
_KNOWN = frozenset(
    {"description", "prompts", "providers", "targets", "tests", "defaultTest", "evaluateOptions"}
)
_QUIET = frozenset({"outputPath", "$schema", "env", "commandLineOptions", "sharing", "metadata", "tags"})
_TEST = frozenset({"vars", "assert", "description", "threshold", "options", "metadata"})
_EXPECTED = "__expected"
_SEPARATOR = "\n---\n"


def read(value: Any, read_file: ReadFile) -> Imported:
    """From the decoded configuration. Raises FormatError for what is none, or a file that cannot be read."""
    if not isinstance(value, dict) or not ({"prompts", "tests", "providers"} & value.keys()):
        raise FormatError(
            "This is no configuration of promptfoo's.", "It wants prompts, providers and tests."
        )
    reader = _Reader(read_file)
    for name in value:
        if name not in _KNOWN and name not in _QUIET:
            reader.left.append(f"{name} has no place here.")
    prompts = reader.prompts(value.get("prompts") or [])
    models = reader.models(value.get("providers") or value.get("targets") or [])
    tested = value.get("tests") or models
    groups = reader.tests(value.get("tests") or [], value.get("defaultTest") or {}) if tested else []
    name = str(value.get("description") or "promptfoo")
    repeats, limits = reader.options(value.get("evaluateOptions"))
    planned = tuple(PlanPrompt(prompt=one.prompt) for one in prompts)
    plans = tuple(
        Plan(
            name=name if len(groups) == 1 else f"{name} {at}",
            prompts=planned,
            models=models,
            data=PlanData(rows=tuple(group.rows)),
            checks=tuple(group.checks),
            threshold=group.threshold,
            repeats=repeats,
            limits=limits,
        )
        for at, group in enumerate(groups, 1)
    )
    return Imported(tuple(prompts), plans, tuple(dict.fromkeys(reader.left)))


class _Group:
    """Tests that have the same checks, but for the texts they are held against."""

    def __init__(self, checks: list[Check], threshold: float | None) -> None:
        self.checks = checks
        self.threshold = threshold
        self.rows: list[dict[str, Any]] = []
        self.values: list[list[Any]] = []

    def settle(self) -> None:
        """A text that is the same in all tests stays in its check; others become columns."""
        for at, one in enumerate(self.checks):
            found = [values[at] for values in self.values]
            value: Any = one.value
            if isinstance(value, list):
                parts = zip(*found, strict=True)
                value = [self._told(f"check_{at + 1}_{place}", part) for place, part in enumerate(parts, 1)]
            elif isinstance(value, str):
                value = self._told(f"check_{at + 1}", found)
            self.checks[at] = msgspec.structs.replace(one, value=value)

    def _told(self, column: str, found: Sequence[Any]) -> Any:
        if all(value == found[0] for value in found):
            return found[0]
        while any(column in row for row in self.rows):
            column += "_"
        for row, value in zip(self.rows, found, strict=True):
            row[column] = value
        return f"{{{{ {column} }}}}"


def _mould(one: Check) -> Check:
    """A check without the texts that may differ from test to test; a template stays, for it would not be
    filled in a column."""
    value = [_blank(part) for part in one.value] if isinstance(one.value, list) else _blank(one.value)
    return msgspec.structs.replace(one, value=value)


def _blank(value: Any) -> Any:
    return "" if isinstance(value, str) and "{{" not in value and "{%" not in value else value


class _Reader:
    """Gathers what has no place here while it reads."""

    def __init__(self, read_file: ReadFile) -> None:
        self._read_file = read_file
        self.left: list[str] = []

    def prompts(self, value: Any) -> list[NamedPrompt]:
        """All prompts, those of files too."""
        found: list[NamedPrompt] = []
        for one in value if isinstance(value, list) else [value]:
            told = one if isinstance(one, dict) else {"raw": one}
            text = str(told.get("raw") or told.get("id") or "")
            label = str(told.get("label") or told.get("description") or "")
            for part in self._texts(text):
                found.append(self._prompt(part, label or f"Prompt {len(found) + 1}"))
        return found

    def _texts(self, text: str) -> list[str]:
        """The prompts that one entry stands for."""
        path = text.removeprefix("file://")
        is_path = text.startswith("file://") or (
            "\n" not in text and "{{" not in text and path.endswith((".txt", ".md", ".json", ".yaml", ".yml"))
        )
        if not is_path:
            return [text]
        if path.endswith((".py", ".js", ".ts", ".mjs", ".cjs", ".j2")) or "*" in path:
            self.left.append(f"The prompt {path} was left out: it is a program, or several files.")
            return []
        content = self._read_file(path)
        return [part.strip("\n") for part in content.replace("\r\n", "\n").split(_SEPARATOR) if part.strip()]

    def _prompt(self, text: str, name: str) -> NamedPrompt:
        messages = _chat(text, self.left)
        return NamedPrompt(
            name=name,
            prompt=Prompt(messages=messages if messages is not None else (PromptMessage(text=text),)),
        )

    def models(self, value: Any) -> tuple[PlanModel, ...]:
        """The providers that have a name here."""
        found = []
        for one in value if isinstance(value, list) else [value]:
            told: dict[str, Any] = one if isinstance(one, dict) else {"id": one}
            if len(told) == 1 and "id" not in told:  # id: its settings
                ((name, inner),) = told.items()
                told = {**_dict(inner), "id": name}
            model = model_named(str(told.get("id", "")))
            if not model:
                self.left.append(f"The provider {told.get('id')} has no place here.")
                continue
            parameters = self._parameters(told.get("config"), model)
            found.append(PlanModel(model=model, parameters=parameters))
        return tuple(found)

    def _parameters(self, config: Any, model: str) -> Parameters:
        found: dict[str, Any] = {}
        for name, value in (config if isinstance(config, dict) else {}).items():
            ours: str = _NAMES.get(name, str(name))
            try:
                Parameters.from_dict({ours: value})
            except ConfigurationError:
                self.left.append(f"{name} of {model} has no place here.")
            else:
                found[ours] = value
        return Parameters.from_dict(found)

    def tests(self, value: Any, default: Any) -> list[_Group]:
        """The rows, in groups that have the same checks."""
        shared = default if isinstance(default, dict) else {}
        groups: dict[str, _Group] = {}
        grader = self._grader(shared)
        for told in self._listed_tests(value) or [{}]:
            for name in sorted(set(told) - _TEST):
                self.left.append(f"{name} of a test has no place here.")
            checks = self._checks([*_list(shared.get("assert")), *_list(told.get("assert"))], grader)
            threshold = _threshold(told.get("threshold", shared.get("threshold")))
            if threshold is not None:  # the score alone decides
                checks = [msgspec.structs.replace(one, required=False) for one in checks]
            alike = repr((threshold, list(map(_mould, checks))))
            group = groups.setdefault(alike, _Group(checks, threshold))
            row = {**_dict(shared.get("vars")), **_dict(told.get("vars"))}
            group.rows.append(self._values(row))
            group.values.append([one.value for one in checks])
        for group in groups.values():
            group.settle()
        return list(groups.values())

    def options(self, value: Any) -> tuple[int, PlanLimits]:
        """How often each is asked, and how many at once."""
        told = _dict(value)
        for name in sorted(told.keys() - {"repeat", "maxConcurrency", "cache", "showProgressBar"}):
            self.left.append(f"{name} of evaluateOptions has no place here.")
        return _count(told.get("repeat")) or 1, PlanLimits(concurrent=_count(told.get("maxConcurrency")))

    def _listed_tests(self, value: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                found.append(one)
            elif isinstance(one, str) and one:
                found += self._tests_of(one.removeprefix("file://"))
        return found

    def _tests_of(self, path: str) -> list[dict[str, Any]]:
        if path.endswith(".csv"):
            rows = csv.DictReader(io.StringIO(self._read_file(path)))
            return [_test_of_row({str(key): value for key, value in row.items()}) for row in rows]
        if path.endswith((".yaml", ".yml", ".json")):
            return [one for one in _list(yamltexts.read(self._read_file(path))) if isinstance(one, dict)]
        self.left.append(f"The tests {path} were left out.")
        return []

    def _values(self, row: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for name, value in row.items():
            if isinstance(value, str) and value.startswith("file://"):
                value = self._read_file(value.removeprefix("file://"))
            elif isinstance(value, list):
                self.left.append(f"A list of values ({name}) is one value here, and not several tests.")
            found[name] = value
        return found

    def _checks(self, told: list[Any], grader: str) -> list[Check]:
        found = []
        for one in told:
            if isinstance(one, dict) and one.get("type") == "assert-set":
                found += self._checks(_list(one.get("assert")), grader)
                self.left.append("The checks of an assert-set all count for themselves.")
                continue
            try:
                found.append(check(one, grader, model_named))
            except (NoCheck, ValueError, TypeError) as error:
                self.left.append(str(error))
            else:
                otherwise = OTHERWISE.get(one["type"].removeprefix("not-"))
                self.left += [otherwise] if otherwise else []
        return found

    def _grader(self, shared: dict[str, Any]) -> str:
        provider = _dict(shared.get("options")).get("provider")
        return model_named(provider) if isinstance(provider, str) else ""


def model_named(provider: str) -> str:
    """What a provider of promptfoo's is called here; "" for one that is not known."""
    kind, *rest = provider.split(":")
    if kind == "google" and rest[:1] == ["gemini"]:
        rest = rest[1:]
    if rest and rest[0] in _MIDDLE:
        rest = rest[1:]
    ours = PROVIDERS.get(kind)
    return f"{ours}/{':'.join(rest)}" if ours and any(rest) else ""


def _chat(text: str, left: list[str]) -> tuple[PromptMessage, ...] | None:
    """The messages of a prompt that is written as a list of them, in JSON or YAML."""
    stripped = text.lstrip()
    if not stripped.startswith(("[", "- role")):
        return None
    try:
        told = json.loads(text) if stripped.startswith("[") else yamltexts.read(text)
    except (ValueError, FormatError, RecursionError):
        return None
    if not isinstance(told, list) or not all(isinstance(one, dict) and "role" in one for one in told):
        return None
    return tuple(made for one in told if (made := openai_prompt.message(one, left)) is not None)


def _test_of_row(row: dict[str, Any]) -> dict[str, Any]:
    """A line of a table of tests: its expectations stand in columns of their own."""
    told: list[Any] = []
    for name in [key for key in row if key == _EXPECTED or key.startswith(f"{_EXPECTED}")]:
        expected = row.pop(name)
        if expected:
            told.append(_expectation(str(expected)))
    return {"vars": {name: value for name, value in row.items() if not name.startswith("__")}, "assert": told}


def _expectation(text: str) -> dict[str, Any]:
    kind, colon, value = text.partition(":")
    if kind == "grade" and colon:
        return {"type": "llm-rubric", "value": value.strip()}
    bare, _, threshold = kind.partition("(")
    if colon and bare.replace("-", "").isalpha() and " " not in bare:
        told: dict[str, Any] = {"type": bare, "value": value.strip()}
        if threshold:
            told["threshold"] = float(threshold.rstrip(")"))
        return told
    return {"type": "equals", "value": text}


def _count(value: Any) -> int | None:
    return value if type(value) is int and value > 0 else None


def _threshold(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
