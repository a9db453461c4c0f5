"""What is counted while many calls are under way, and what is said of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chatbench.client.progress import Progress, Tally, face_of
from chatbench.core.errors import ConfigurationError, ErrorReport
from chatbench.core.messages import TextPart
from chatbench.core.models import ModelRef
from chatbench.core.requests import Response
from chatbench.core.usage import Cost, Usage

USAGE = Usage(input_tokens=10, output_tokens=5)


def answer(cost: str | None = "0.10", currency: str = "USD", **more: object) -> Response:
    priced = None if cost is None else Cost(amount=Decimal(cost), currency=currency)
    fields = {"parts": (TextPart(text="x"),), "usage": USAGE, "cost": priced, **more}
    return Response(model=ModelRef("a", "b"), **fields)  # type: ignore[arg-type]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def tally_of(*responses: Response, total: int | None = 10, seconds: float = 4.0) -> Progress:
    clock = Clock()
    tally = Tally(total, now=clock)
    for response in responses:
        tally.take()
        tally.add(response)
    clock.now = seconds
    return tally.progress()


def test_it_counts_and_projects() -> None:
    failed = Response(model=ModelRef("a", "b"), error=ErrorReport(kind="Timeout", message="late"))
    found = tally_of(answer(), answer(), failed)
    assert (found.done, found.failed, found.waiting, found.rate) == (2, 1, 0, 0.75)
    assert (found.input_tokens, found.output_tokens) == (20, 10)
    assert (found.cost, found.cost_complete, found.projected_cost) == (Decimal("0.20"), True, Decimal("1.00"))
    assert found.left_s == pytest.approx(7 / 0.75)
    assert found.words() == (
        "3/10 done · 1 failed · 0:10 left · $0.2000 of about $1.0000 · 0.8/s · 20 + 10 tokens"
    )


@pytest.mark.parametrize(
    ("responses", "said"),
    [
        ([answer(None)], "price unknown"),
        ([answer(), answer(None)], "more than $0.1000"),
        ([answer("5", "EUR")], "price unknown"),
        ([answer("0")], "$0.0000"),
    ],
)
def test_an_unknown_price_is_not_nothing(responses: list[Response], said: str) -> None:
    """Nor are other currencies dollars."""
    found = tally_of(*responses)
    assert found.cost_complete == (said == "$0.0000")
    assert said in found.words().split(" · ")


def test_what_our_cache_answered_costs_nothing() -> None:
    found = tally_of(answer(local_cache_hit=True))
    assert (found.done, found.cost, found.cost_complete, found.input_tokens) == (1, Decimal(0), True, 0)


def test_what_was_there_is_not_projected_again() -> None:
    clock = Clock()
    tally = Tally(10, now=clock)
    tally.skipped = 8
    tally.take()
    tally.add(answer())
    tally.take()
    clock.now = 1.0
    found = tally.progress()
    assert (found.waiting, found.left_s, found.projected_cost) == (1, 1.0, Decimal("0.20"))
    tally.drop()
    assert tally.progress().waiting == 0


def test_hours_are_told_as_hours() -> None:
    assert "2:46:39 left" in tally_of(answer(), total=10_000, seconds=1.0).words()


def test_a_display_that_is_none_is_named() -> None:
    with pytest.raises(ConfigurationError, match="'bars'"):
        face_of("bars")  # type: ignore[arg-type]
