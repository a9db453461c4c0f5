"""What a batch would take, before it is sent: tokens, money, and whether a budget can be kept at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from chatbench.client.asking import Asked, request_of
from chatbench.client.environment import Environment
from chatbench.client.estimate import estimate_cost, estimate_tokens
from chatbench.client.many import PromptItem
from chatbench.client.reckoning import most_of
from chatbench.client.routing import Route
from chatbench.core.errors import BudgetExceeded, LimitUnattainable
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.requests import Request

_ZERO = Decimal(0)
_SURELY = Decimal("0.75")
"""The estimate of the input is within a quarter for nearly all texts."""


class ModelEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """If one model answered all that is left: input tokens, US dollars for them, and the most that all
    of it may cost with the longest answers. None is an unknown price."""

    model: ModelRef
    input_tokens: int
    input_cost: Decimal | None
    most_cost: Decimal | None


class Total:
    """What one model would take for the prompts that are left."""

    def __init__(
        self, environment: Environment, model: ModelRef, asked: Asked, tokens_per_minute: int | None
    ) -> None:
        self.model = model
        self._pricing = environment.pricing
        self._endpoint = environment.endpoint(model.provider)
        self._info: ModelInfo = environment.catalogue.info(model)
        self._at = datetime.now(UTC)
        self._asked = asked
        self._a_minute = tokens_per_minute
        self.input_tokens = 0
        self.input_cost: Decimal | None = _ZERO
        self.most_cost: Decimal | None = _ZERO
        self.least_cost: Decimal | None = None
        self.least_tokens: int | None = None

    def add(self, item: PromptItem) -> None:
        """Raises LimitUnattainable for a prompt larger than what may go in a minute."""
        request = self._request(item)
        tokens = estimate_tokens(request.messages, request.system, self._info)
        limit = self._a_minute
        if limit is not None and tokens * _SURELY > limit:
            raise LimitUnattainable(
                f"The prompt is about {tokens:,} tokens, of {limit:,} a minute that --tpm allows.",
                "Raise the limit, or shorten the prompt.",
            )
        need = most_of(request, self._info, self._endpoint, self._pricing, self._at)
        rates = self._pricing.rates(self.model, self._endpoint, self._at, tokens)
        cost = _ZERO if need.usd == 0 else estimate_cost(tokens, rates)
        self.input_tokens += tokens
        self.input_cost = None if cost is None or self.input_cost is None else self.input_cost + cost
        self.most_cost = None if need.usd is None or self.most_cost is None else self.most_cost + need.usd
        if need.usd is not None and (self.least_cost is None or need.usd < self.least_cost):
            self.least_cost = need.usd
        if self.least_tokens is None or need.tokens < self.least_tokens:
            self.least_tokens = need.tokens

    def _request(self, item: PromptItem) -> Request:
        asked = self._asked
        if item.system is not None:
            asked = msgspec.structs.replace(asked, system=item.system)
        if item.parameters is not None:
            asked = msgspec.structs.replace(asked, parameters=asked.parameters.merged(item.parameters))
        return request_of(item.prompt, asked, Route(self.model))

    def estimate(self) -> ModelEstimate:
        return ModelEstimate(
            model=self.model, input_tokens=self.input_tokens, input_cost=self.input_cost,
            most_cost=self.most_cost,
        )  # fmt: skip


def refuse_unaffordable(totals: Sequence[Total], max_cost: Decimal | None, max_tokens: int | None) -> None:
    """Raises BudgetExceeded where the budget surely cannot be kept: a price is unknown, not even the
    smallest call fits, or the input of all prompts alone passes it."""
    if max_cost is not None:
        for total in totals:
            if total.most_cost is None:
                raise BudgetExceeded(
                    f"No price is known for {total.model}, so --max-cost cannot be kept.",
                    "Leave it out and use --max-tokens-total, or give the price of the model.",
                )
        smallest = min(total.least_cost or _ZERO for total in totals)
        inputs = min(total.input_cost or _ZERO for total in totals)
        _refuse(smallest, inputs, max_cost, "${:.4f}", "--max-cost")
    if max_tokens is not None:
        fewest = min(total.least_tokens or 0 for total in totals)
        prompts = min(total.input_tokens for total in totals)
        _refuse(fewest, prompts, max_tokens, "{:,} tokens", "--max-tokens-total")


def _refuse(smallest: Any, inputs: Any, most: Any, form: str, option: str) -> None:
    if smallest > most:
        raise BudgetExceeded(
            f"The smallest call may take {form.format(smallest)}; {option} allows {form.format(most)}.",
            f"Limit the answers with -o max_tokens=…, or raise {option}.",
        )
    if inputs * _SURELY > most:
        raise BudgetExceeded(
            f"The prompts alone are about {form.format(inputs)}; {option} allows {form.format(most)}.",
            f"Raise {option}, or take a part of them with --limit.",
        )
