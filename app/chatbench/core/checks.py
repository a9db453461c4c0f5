"""Checks on answers, and what they found."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import msgspec

from chatbench.core.values import Plain

DeterministicKind = Literal[
    "equals", "contains", "contains_any", "contains_all", "regex", "starts_with", "ends_with",
    "length", "is_json", "json_schema", "json_path", "number", "levenshtein", "rouge", "bleu",
    "language", "refusal", "cost", "latency", "tokens", "tool_called",
]  # fmt: skip
ModelGradedKind = Literal["rubric", "closed_question", "compare", "preference", "factuality"]
CheckKind = DeterministicKind | Literal["embedding", "python"] | ModelGradedKind


class Check(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`value` is what the answer is held against (a text may be a template over the row's values; empty:
    the row's expected answer); its meaning and that of `options` is each kind's own (`evaluation.kinds`).
    `negate` turns a passed check into a failed one. A check with a score passes from `threshold` on;
    `weight` is its share of the cell's score; a cell passes if all `required` checks pass, and, where the
    plan sets a threshold, the weighted score reaches it. `grader` is the model (`provider/model-id`) of a
    graded kind, asked `repeats` times."""

    kind: CheckKind
    value: Any = None
    name: str = ""
    options: dict[str, Any] = {}
    negate: bool = False
    threshold: float | None = None
    weight: float = 1.0
    required: bool = True
    grader: str = ""
    repeats: int = 1

    @property
    def title(self) -> str:
        """Its own name, else its kind, in words."""
        words = self.kind.replace("_", " ")
        return self.name or (f"not {words}" if self.negate else words)


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is checked: an answer with all that is known of it. `cost` in US dollars (None: unknown),
    `latency_ms` until the whole answer; `question` what the model was sent last; `values` the row's."""

    text: str
    expected: Any = None
    values: dict[str, Any] = {}
    question: str = ""
    tool_calls: tuple[tuple[str, Any], ...] = ()
    cost: Decimal | None = None
    latency_ms: int | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    refused: bool = False


class Grading(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One asking of a grader: its whole prompt and answer, and what that cost (None: unknown)."""

    model: str
    prompt: str
    answer: str
    cost: Decimal | None = None


class Verdict(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a check found, `negate` taken into account. `passed` None: it could not be judged, and `reason`
    says why. `score` 0–1; `gradings` what was asked of graders, `agreement` the share of them that say
    what most say."""

    passed: bool | None
    score: float = 0.0
    reason: str = ""
    gradings: tuple[Grading, ...] = ()
    agreement: float | None = None
