"""What a response says its call cost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chatbench.core.messages import TextPart
from chatbench.core.models import ModelRef
from chatbench.core.requests import Response
from chatbench.core.usage import Cost, Usage

REF = ModelRef("loop", "m")
PAID = Cost(amount=Decimal("0.25"))


@pytest.mark.parametrize(
    ("response", "spent"),
    [
        (Response(model=REF, cost=PAID), Decimal("0.25")),
        (Response(model=REF, cost=PAID, local_cache_hit=True), Decimal(0)),
        (Response(model=REF), Decimal(0)),
        (Response(model=REF, usage=Usage(input_tokens=1)), None),
        (Response(model=REF, parts=(TextPart(text="broke off"),)), None),
        (Response(model=REF, usage=Usage(input_tokens=1), local_cache_hit=True), Decimal(0)),
        (Response(model=REF, cost=Cost(amount=Decimal(1), currency="EUR")), None),
    ],
)
def test_only_what_was_paid_for_is_spent(response: Response, spent: Decimal | None) -> None:
    assert response.spent == spent


def test_a_hit_still_shows_what_the_answer_was_worth() -> None:
    hit = Response(model=REF, cost=PAID, local_cache_hit=True)
    assert hit.cost == PAID
    assert hit.cache_hit
