"""About how long a prompt is, and what sending it costs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from chatbench.core.errors import ChatbenchError
from chatbench.core.messages import user
from chatbench.core.models import GUIDE, ModelRef
from chatbench.core.prompts import Prompt
from chatbench.services import Services
from chatbench.services.prompts import Filled


class About(NamedTuple):
    """Tokens of one request, and US dollars of one to every model; None where a price is unknown."""

    tokens: int
    cost: Decimal | None


def message_tokens(services: Services, prompt: Prompt) -> list[int]:
    """About how many tokens each message is as it stands, its variables not filled in."""
    model = _first(services, prompt)
    empty = services.models.estimate(model, ()).tokens
    return [
        max(0, services.models.estimate(model, (user(one.text),)).tokens - empty) if one.text else 0
        for one in prompt.messages
    ]


def about(services: Services, filled: Filled, models: Sequence[ModelRef]) -> About:
    """What one request to each of these models takes."""
    told = [services.models.estimate(model, filled.messages, filled.system) for model in models or (GUIDE,)]
    costs = [Decimal(0) if one.free else one.cost for one in told]
    known = [one for one in costs if one is not None]
    total = sum(known, Decimal(0)) if len(known) == len(costs) and models else None
    return About(max(one.tokens for one in told), total)


def _first(services: Services, prompt: Prompt) -> ModelRef:
    for name in prompt.models:
        try:
            return services.models.resolve(name)
        except ChatbenchError:
            continue
    return services.models.default() or GUIDE
