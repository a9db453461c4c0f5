"""Budgets: what is stopped before it is sent, what is held for calls in flight, and what is counted after."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.harness.waiting import until

from chatbench.client.budget import Budget, BudgetLimit, BudgetNotice, Budgets, Reservation
from chatbench.client.budgetlimits import dollars
from chatbench.client.ledger import Ledger
from chatbench.client.pricing import Pricing
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import BudgetExceeded, ConfigurationError
from chatbench.core.messages import TextPart, ToolCallPart, user
from chatbench.core.models import GUIDE, ModelInfo, ModelRef
from chatbench.core.params import Parameters
from chatbench.core.requests import Request, Response
from chatbench.core.tools import ToolDefinition
from chatbench.core.usage import Cost, Rates, Usage
from chatbench.storage.database import Database
from chatbench.storage.spend import ModelSpent

REF = ModelRef("loop", "m")
ENDPOINT = Endpoint(id="loop", name="Loop", wire="openai_chat", base_url="https://loop.invalid")
PRICING = Pricing(
    {
        "loop/m": Rates(input=Decimal(1), output=Decimal(10)),
        "loop/dear": Rates(input=Decimal(100), output=Decimal(1000)),
    }
)
INFO = ModelInfo(ref=REF, max_output_tokens=1000)
REQUEST = Request(model=REF, messages=(user("Hi"),))
NOW = datetime(2026, 11, 21, 12, 34, 56, 789_000, tzinfo=UTC).timestamp()


def asked(budgets: Budgets, model: str = "m", **more: Any) -> Reservation:
    parameters = Parameters(**{key: more.pop(key) for key in list(more) if key in ("max_output_tokens", "n")})
    request = msgspec.structs.replace(REQUEST, model=ModelRef("loop", model), parameters=parameters)
    return budgets.reserve(request, INFO, ENDPOINT, **more)


def budgets_of(*limits: BudgetLimit, **more: Any) -> Budgets:
    return Budgets(Budget(limits=limits), PRICING, **more)


def answered(usd: str = "0.001", tokens: int = 10, **more: Any) -> Response:
    fields: dict[str, Any] = {
        "model": REF,
        "usage": Usage(input_tokens=tokens - 1, output_tokens=1),
        "cost": Cost(amount=Decimal(usd)),
    }
    return Response(**{**fields, **more})


# ---- one call


def test_a_call_reserves_the_most_it_may_take() -> None:
    budgets = budgets_of(BudgetLimit(scope="run", usd=Decimal(1)))
    whole = asked(budgets)
    assert whole.usd is not None
    assert Decimal("0.01") < whole.usd < Decimal("0.0101")  # 1,000 tokens out at $10 a million
    assert 1000 < whole.tokens < 1030
    small = asked(budgets, max_output_tokens=100)
    assert small.usd is not None
    assert whole.usd - small.usd == Decimal("0.009")
    assert asked(budgets, max_output_tokens=100, n=3).tokens == small.tokens + 200


@pytest.mark.parametrize(
    ("limit", "unit", "hint"),
    [
        (BudgetLimit(scope="call", usd=Decimal("0.005")), "USD", "Set max_output_tokens to 49"),
        (BudgetLimit(scope="call", tokens=500), "tokens", "Set max_output_tokens to 4"),
        (BudgetLimit(scope="call", usd=Decimal(0)), "USD", "Raise the limit"),
        (BudgetLimit(scope="call", usd=Decimal("0.000001"), tokens=5000), "USD", "Raise the limit"),
    ],
)
def test_a_call_that_would_pass_a_limit_is_stopped_with_the_numbers(
    limit: BudgetLimit, unit: str, hint: str
) -> None:
    with pytest.raises(BudgetExceeded, match="for one call") as caught:
        asked(budgets_of(limit))
    told = caught.value.__dict__
    assert hint in caught.value.hint
    assert (told["unit"], told["scope"]) == (unit, "call")
    assert told["limit"] == (limit.usd if unit == "USD" else limit.tokens)
    assert told["needed"] > told["limit"]
    assert told["spent"] == told["reserved"] == 0


def test_what_the_hint_advises_fits() -> None:
    for limit in (BudgetLimit(scope="call", usd=Decimal("0.005")), BudgetLimit(scope="call", tokens=500)):
        with pytest.raises(BudgetExceeded) as caught:
            asked(budgets_of(limit), n=2)
        advised = int(caught.value.hint.removeprefix("Set max_output_tokens to ").split()[0].replace(",", ""))
        asked(budgets_of(limit), n=2, max_output_tokens=advised)
        with pytest.raises(BudgetExceeded):
            asked(budgets_of(limit), n=2, max_output_tokens=advised + 2)


def test_the_message_is_for_people() -> None:
    budgets = budgets_of(BudgetLimit(scope="day", usd=Decimal("0.05"), model="loop/*"), now=lambda: NOW)
    for _ in range(2):
        asked(budgets).settle(answered("0.0201"))
    asked(budgets, max_output_tokens=500)
    with pytest.raises(BudgetExceeded) as caught:
        asked(budgets)
    assert caught.value.message == (
        "The call may take up to $0.01001; of $0.05 for the day (UTC), loop/*, $0.0402 is spent, "
        "$0.00501 held by calls in flight."
    )


def test_the_hint_reckons_with_what_is_spent_and_held() -> None:
    for limit in (
        BudgetLimit(scope="run", usd=Decimal("0.02")), BudgetLimit(scope="run", tokens=2000),
    ):  # fmt: skip
        budgets = budgets_of(limit)
        asked(budgets, max_output_tokens=400).settle(answered("0.004", 400))
        asked(budgets, max_output_tokens=700)
        with pytest.raises(BudgetExceeded) as caught:
            asked(budgets)
        advised = int(caught.value.hint.removeprefix("Set max_output_tokens to ").split()[0])
        assert 850 < advised < 900
        with pytest.raises(BudgetExceeded):
            asked(budgets, max_output_tokens=advised + 2)
        asked(budgets, max_output_tokens=advised)
        with pytest.raises(BudgetExceeded, match=r".") as caught:
            asked(budgets)
        assert caught.value.hint == "Raise the limit, or choose a cheaper model.", "nothing is left"


# ---- what counts


def test_what_was_taken_replaces_what_was_reserved() -> None:
    limit = BudgetLimit(scope="run", usd=Decimal("0.0202"))
    budgets = budgets_of(limit)
    first, second = asked(budgets), asked(budgets)
    first.settle(answered("0.0001", 15))
    first.settle(answered("5", 15))
    assert budgets.spent(limit) == (Decimal("0.0001"), 15)
    third = asked(budgets)
    with pytest.raises(BudgetExceeded):
        asked(budgets)
    second.settle(None)
    third.settle(None)
    assert budgets.spent(limit) == (Decimal("0.0001"), 15)
    asked(budgets)


def test_an_attempt_that_was_paid_for_is_counted_beside_the_reservation() -> None:
    limit = BudgetLimit(scope="run", usd=Decimal("0.0151"))
    budgets = budgets_of(limit)
    call = asked(budgets)
    call.add(answered("0.003", 20))
    assert budgets.spent(limit) == (Decimal("0.003"), 20)
    with pytest.raises(BudgetExceeded, match="held by calls in flight"):
        asked(budgets, max_output_tokens=400)
    asked(budgets, max_output_tokens=100)
    call.settle(answered("0.001", 5))
    assert budgets.spent(limit) == (Decimal("0.004"), 25)
    asked(budgets, max_output_tokens=900)


def test_tokens_are_held_for_calls_in_flight() -> None:
    limit = BudgetLimit(scope="run", tokens=2000)
    budgets = budgets_of(limit)
    call = asked(budgets)
    with pytest.raises(
        BudgetExceeded, match=r"of 2,000 tokens for the run, 0 tokens is spent, 1,0\d\d tokens"
    ):
        asked(budgets)
    call.settle(None)
    call = asked(budgets)
    call.settle(answered(tokens=2000 - call.tokens))
    asked(budgets).settle(None)  # just what is left
    asked(budgets).settle(answered(tokens=1))
    with pytest.raises(BudgetExceeded):
        asked(budgets)


def test_what_just_fits_is_let_through() -> None:
    need = asked(budgets_of(BudgetLimit(scope="run", usd=Decimal(1))))
    assert need.usd is not None
    asked(budgets_of(BudgetLimit(scope="call", usd=need.usd, tokens=need.tokens)))
    for limit in (
        BudgetLimit(scope="call", usd=need.usd - Decimal("0.0000001")),
        BudgetLimit(scope="call", tokens=need.tokens - 1),
    ):
        with pytest.raises(BudgetExceeded):
            asked(budgets_of(limit))


def test_one_call_knows_nothing_of_another() -> None:
    limit = BudgetLimit(scope="call", tokens=1500)
    budgets = budgets_of(limit)
    for _ in range(2):
        held = asked(budgets)
        asked(budgets).settle(answered(tokens=1400))
        held.settle(answered(tokens=1400))
    assert budgets.spent(limit) == (0, 0)


def test_a_call_of_no_conversation_is_of_none() -> None:
    limit = BudgetLimit(scope="conversation", tokens=1500)
    budgets = budgets_of(limit)
    for _ in range(2):
        asked(budgets).settle(answered(tokens=1400))
    assert budgets.spent(limit) == (0, 0)


def test_money_of_another_currency_is_not_taken_for_dollars() -> None:
    limit = BudgetLimit(scope="run", usd=Decimal(1))
    budgets = budgets_of(limit)
    asked(budgets).settle(answered(cost=Cost(amount=Decimal(5), currency="EUR")))
    assert budgets.spent(limit) == (0, 10)


def test_an_answer_of_our_own_cache_counts_for_nothing() -> None:
    limit = BudgetLimit(scope="run", usd=Decimal(1), tokens=10_000)
    budgets = budgets_of(limit)
    asked(budgets).settle(answered("0.5", local_cache_hit=True))
    assert budgets.spent(limit) == (0, 0)


def test_an_answer_that_broke_off_uncounted_is_counted_from_its_words() -> None:
    limit = BudgetLimit(scope="run", usd=Decimal(1))
    budgets = budgets_of(limit)
    text = "word " * 200
    asked(budgets).settle(answered(usage=None, cost=None, parts=(TextPart(text=text),)))
    usd, tokens = budgets.spent(limit)
    assert 200 <= tokens <= 220
    assert Decimal("0.002") <= usd <= Decimal("0.0022")
    asked(budgets).settle(answered(usage=None, cost=None))
    assert budgets.spent(limit) == (usd, tokens)
    call = ToolCallPart(call_id="c", name="look", arguments='{"where": "' + text + '"}')
    asked(budgets).settle(answered(usage=None, cost=None, parts=(call,)))
    assert budgets.spent(limit)[1] >= tokens + 200, "the arguments of tools are words too"


def test_scopes_are_apart() -> None:
    limit = BudgetLimit(scope="conversation", tokens=1500)
    run = BudgetLimit(scope="run", tokens=4000)
    budgets = budgets_of(limit, run)
    asked(budgets, conversation="a").settle(answered(tokens=700))
    with pytest.raises(BudgetExceeded, match="for the conversation"):
        asked(budgets, conversation="a")
    asked(budgets, conversation="b").settle(answered(tokens=800))
    asked(budgets).settle(answered(tokens=1600))  # of no conversation
    assert budgets.spent(limit, "a")[1] == 700
    with pytest.raises(BudgetExceeded, match="for the run"):
        asked(budgets, conversation="c")
    asked(budgets, conversation="c", run="another")


def test_days_and_months_begin_anew() -> None:
    now = [datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC).timestamp()]
    day, month = BudgetLimit(scope="day", tokens=2000), BudgetLimit(scope="month", tokens=4000)
    budgets = budgets_of(day, month, now=lambda: now[0])
    asked(budgets).settle(answered(tokens=1500))
    late = asked(budgets, max_output_tokens=100)
    with pytest.raises(BudgetExceeded, match="for the day"):
        asked(budgets)
    now[0] += 2
    late.settle(answered(tokens=100))
    assert (budgets.spent(day), budgets.spent(month)) == ((0, 0), (0, 0))
    asked(budgets)


def test_a_limit_for_some_models_leaves_others_alone() -> None:
    budgets = budgets_of(BudgetLimit(scope="run", usd=Decimal("0.01"), model="*/dear"))
    with pytest.raises(BudgetExceeded):
        asked(budgets, "dear")
    for _ in range(10):
        asked(budgets, "m")
    asked(budgets, "unpriced")  # no limit in money concerns it


def test_without_a_limit_that_concerns_it_a_call_is_not_even_counted() -> None:
    assert asked(budgets_of()).tokens == 0


# ---- prices


def test_a_model_without_a_price_is_refused_unless_that_is_allowed() -> None:
    limit = BudgetLimit(scope="run", usd=Decimal(100), tokens=1500)
    with pytest.raises(BudgetExceeded, match="No price is known for loop/unpriced") as caught:
        asked(budgets_of(limit), "unpriced")
    assert 'unknown_price="allow"' in caught.value.hint
    assert caught.value.__dict__["needed"] is None
    allowed = Budgets(Budget(limits=(limit,), unknown_price="allow"), PRICING)
    asked(allowed, "unpriced").settle(answered(cost=None, tokens=700))
    assert allowed.spent(limit) == (0, 700)
    with pytest.raises(BudgetExceeded, match="tokens"):
        asked(allowed, "unpriced")
    soft = budgets_of(msgspec.structs.replace(limit, soft=True))
    asked(soft, "unpriced")


def test_what_runs_on_this_computer_is_free() -> None:
    budgets = budgets_of(BudgetLimit(scope="run", usd=Decimal(0)))
    local = Endpoint(id="here", name="Here", wire="ollama", base_url="http://127.0.0.1", local=True)
    request = msgspec.structs.replace(REQUEST, model=ModelRef("here", "m"))
    assert budgets.reserve(request, INFO, local).usd == 0
    guide = msgspec.structs.replace(REQUEST, model=GUIDE)
    assert budgets.reserve(guide, INFO, msgspec.structs.replace(local, local=False)).usd == 0
    priced = Pricing({"here/m": Rates(input=Decimal(1), output=Decimal(10))})
    own = Budgets(Budget(limits=(BudgetLimit(scope="run", usd=Decimal(1)),)), priced)
    held = own.reserve(request, INFO, local).usd
    assert held is not None
    assert held > 0, "unless the user gives it a price"


def test_the_dearest_way_it_may_go_is_reckoned() -> None:
    """Reasoning, a fee for each request, and the tier of a service, which falls back where it is full."""

    def held(pricing: Pricing, endpoint: Endpoint = ENDPOINT, model: str = "m", **parameters: Any) -> Decimal:
        budgets = Budgets(Budget(limits=(BudgetLimit(scope="run", usd=Decimal(1000)),)), pricing)
        request = msgspec.structs.replace(
            REQUEST, model=ModelRef(endpoint.id, model), parameters=Parameters(**parameters)
        )
        usd = budgets.reserve(request, INFO, endpoint).usd
        assert usd is not None
        return usd

    base = {"input": Decimal(0), "output": Decimal(10)}
    plain, reasoning, fee = (
        held(Pricing({"loop/m": Rates(**base, **more)}))
        for more in ({}, {"reasoning": Decimal(40)}, {"requests": Decimal(7)})
    )
    assert (plain, reasoning, fee) == (Decimal("0.01"), Decimal("0.04"), Decimal("0.017"))
    openai = Endpoint(
        id="openai", name="OpenAI", wire="openai_responses", base_url="https://api.openai.com/v1"
    )
    standard, flex, priority = (
        held(Pricing(), openai, "gpt-5", **tier)
        for tier in ({}, {"service_tier": "flex"}, {"service_tier": "priority"})
    )
    assert flex == standard < priority


def test_tools_are_part_of_what_is_sent() -> None:
    budgets = budgets_of(BudgetLimit(scope="run", tokens=100_000))
    tool = ToolDefinition(name="look", description="Looks around. " * 100, parameters={"type": "object"})
    with_tool = msgspec.structs.replace(REQUEST, tools=(tool,))
    plain = budgets.reserve(REQUEST, INFO, ENDPOINT).tokens
    assert budgets.reserve(with_tool, INFO, ENDPOINT).tokens > plain + 200


def test_writing_to_a_cache_is_reckoned_where_the_call_does_that() -> None:
    pricing = Pricing(
        {
            "loop/m": Rates(
                input=Decimal(1), output=Decimal(0), cache_write=Decimal(2), cache_write_long=Decimal(4)
            )
        }
    )
    budgets = Budgets(Budget(limits=(BudgetLimit(scope="run", usd=Decimal(1)),)), pricing)
    plain = budgets.reserve(REQUEST, INFO, ENDPOINT).usd
    marked = msgspec.structs.replace(REQUEST, parameters=Parameters(cache_pattern="system_and_tools"))
    assert plain is not None
    assert budgets.reserve(marked, INFO, ENDPOINT).usd == plain * 4


def test_an_unknown_size_of_the_answer_is_taken_to_be_large() -> None:
    budgets = budgets_of(BudgetLimit(scope="call", tokens=100_000))
    unknown = budgets.reserve(REQUEST, ModelInfo(ref=REF), ENDPOINT)
    assert unknown.tokens > 32_000
    small = budgets.reserve(REQUEST, ModelInfo(ref=REF, context_window=4096), ENDPOINT)
    assert 4096 < small.tokens < 4200
    deaf = ModelInfo(ref=REF, max_output_tokens=5000, parameters=frozenset({"temperature"}))
    capped = msgspec.structs.replace(REQUEST, parameters=Parameters(max_output_tokens=10))
    assert budgets.reserve(capped, deaf, ENDPOINT).tokens > 5000


# ---- soft limits


def test_a_soft_limit_stops_nothing_and_is_told_of_once() -> None:
    told: list[BudgetNotice] = []
    limit = BudgetLimit(scope="run", usd=Decimal("0.01"), soft=True)
    budgets = budgets_of(limit, on_soft=told.append)
    asked(budgets).settle(answered("0.01"))
    assert told == []
    for _ in range(3):
        asked(budgets).settle(answered("0.01"))
    assert told == [BudgetNotice(limit=limit, usd=Decimal("0.02"), tokens=20)]
    assert told[0].message == "The budget for the run has been passed: $0.02 of $0.01."


def test_of_a_soft_limit_only_what_was_passed_is_told() -> None:
    told: list[str] = []

    def settled(usd: str, tokens: int) -> None:
        limit = BudgetLimit(scope="run", usd=Decimal(1), tokens=100, soft=True)
        budgets = budgets_of(limit, on_soft=lambda notice: told.append(notice.message))
        asked(budgets).settle(answered(usd, tokens))

    settled("1", 100)
    assert told == []
    settled("0.5", 101)
    settled("2.5", 50)
    settled("2.5", 1010)
    assert told == [
        "The budget for the run has been passed: 101 of 100 tokens.",
        "The budget for the run has been passed: $2.50 of $1.00.",
        "The budget for the run has been passed: $2.50 of $1.00 and 1,010 of 100 tokens.",
    ]


@pytest.mark.expects_log(r"The budget for one call has been passed: 2,000 of 1,000 tokens\.")
def test_a_soft_limit_without_a_callback_is_logged() -> None:
    asked(budgets_of(BudgetLimit(scope="call", tokens=1000, soft=True))).settle(answered(tokens=2000))


@pytest.mark.expects_log("the callback for soft budgets failed")
def test_a_broken_callback_does_not_hurt_the_call() -> None:
    limit = BudgetLimit(scope="run", tokens=1, soft=True)
    budgets = budgets_of(limit, on_soft=lambda notice: 1 / 0)
    asked(budgets).settle(answered(tokens=2))
    assert budgets.spent(limit) == (Decimal("0.001"), 2)


@pytest.mark.expects_log("the callback for soft budgets failed")
async def test_the_callback_may_be_asynchronous() -> None:
    told: list[str] = []
    both = asyncio.Event()

    async def on_soft(notice: BudgetNotice) -> None:
        told.append(notice.message)
        if len(told) == 2:
            both.set()
            raise ValueError("broken")

    limits = [BudgetLimit(scope=scope, tokens=1, soft=True) for scope in ("run", "call")]
    budgets = budgets_of(*limits, on_soft=on_soft)
    asked(budgets).settle(answered(tokens=2))
    assert len(budgets._telling) == 2, "held, or they might be collected half-way"
    await asyncio.wait_for(both.wait(), 5)
    await asyncio.sleep(0)
    assert len(told) == 2
    await asyncio.sleep(0)
    assert not budgets._telling


# ---- many at once


async def test_five_hundred_calls_together_do_not_pass_a_limit() -> None:
    limit = BudgetLimit(scope="run", usd=Decimal(1))
    budgets = budgets_of(limit)
    chance = random.Random(7)
    made = refused = most = 0

    async def call() -> None:
        nonlocal made, refused, most
        try:
            reservation = await budgets.acquire(REQUEST, INFO, ENDPOINT)
        except BudgetExceeded:
            refused += 1
            return
        made += 1
        for _ in range(chance.randrange(1, 5)):
            await asyncio.sleep(0)
        most = max(most, made)
        reservation.settle(answered(str(chance.choice(["0.002", "0.006", "0.01"]))))

    async with asyncio.timeout(30):
        await asyncio.gather(*(call() for _ in range(500)))
    usd, _ = budgets.spent(limit)
    assert made + refused == 500
    assert refused > 0
    assert Decimal("0.98") < usd <= 1


async def test_a_call_waits_for_those_in_flight_rather_than_being_refused() -> None:
    budgets = budgets_of(BudgetLimit(scope="run", usd=Decimal("0.011")))
    first = await budgets.acquire(REQUEST, INFO, ENDPOINT)
    with pytest.raises(BudgetExceeded, match="held by calls in flight"):
        budgets.reserve(REQUEST, INFO, ENDPOINT)
    second = asyncio.create_task(budgets.acquire(REQUEST, INFO, ENDPOINT))
    third = asyncio.create_task(budgets.acquire(REQUEST, INFO, ENDPOINT))
    fourth = asyncio.create_task(budgets.acquire(REQUEST, INFO, ENDPOINT))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not any(call.done() for call in (second, third, fourth))
    second.cancel()
    first.settle(answered("0.0001"))
    reservation = await asyncio.wait_for(third, 5)
    assert not fourth.done()
    reservation.settle(answered("0.01"))
    with pytest.raises(BudgetExceeded, match="is spent"):
        await asyncio.wait_for(fourth, 5)
    with pytest.raises(asyncio.CancelledError):
        await second


async def test_one_who_is_cancelled_when_its_turn_has_come_passes_it_on() -> None:
    budgets = budgets_of(BudgetLimit(scope="run", usd=Decimal("0.011")))
    first = await budgets.acquire(REQUEST, INFO, ENDPOINT)
    waiting = [asyncio.create_task(budgets.acquire(REQUEST, INFO, ENDPOINT)) for _ in range(3)]
    for _ in range(5):
        await asyncio.sleep(0)
    first.settle(None)
    waiting[0].cancel()
    assert (await asyncio.wait_for(waiting[1], 5)).usd is not None
    waiting[2].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_who_waits_longest_goes_first_and_one_who_gave_up_holds_up_nobody() -> None:
    budgets = budgets_of(BudgetLimit(scope="run", tokens=2200))
    small = msgspec.structs.replace(REQUEST, parameters=Parameters(max_output_tokens=300))
    big = msgspec.structs.replace(REQUEST, parameters=Parameters(max_output_tokens=2000))
    held = [await budgets.acquire(REQUEST, INFO, ENDPOINT) for _ in range(2)]
    order: list[str] = []

    async def ask(name: str, request: Request) -> None:
        reservation = await budgets.acquire(request, INFO, ENDPOINT)
        order.append(name)
        reservation.settle(None)

    tasks = [
        asyncio.create_task(ask(name, request))
        for name, request in (("gave up", small), ("big", big), ("small", small), ("last", small))
    ]
    for _ in range(5):
        await asyncio.sleep(0)
    tasks[0].cancel()
    await asyncio.wait({tasks[0]})
    held[0].settle(None)
    for _ in range(5):
        await asyncio.sleep(0)
    assert order == [], "what is free is kept for the first"
    held[1].settle(None)
    async with asyncio.timeout(5):
        await asyncio.gather(*tasks[1:])
    assert order == ["big", "small", "last"]


async def test_one_who_gave_up_long_ago_takes_nobodys_turn() -> None:
    budgets = budgets_of(BudgetLimit(scope="run", tokens=1100))
    first = await budgets.acquire(REQUEST, INFO, ENDPOINT)
    gone, next_one = (asyncio.create_task(budgets.acquire(REQUEST, INFO, ENDPOINT)) for _ in range(2))
    await until(lambda: len(budgets._waiting) == 2, "both wait")
    gone.cancel()
    await asyncio.wait({gone})
    first.settle(None)
    assert (await asyncio.wait_for(next_one, 5)).tokens > 1000


def test_who_waits_on_another_loop_is_woken_there_and_one_that_is_gone_is_passed_over() -> None:
    budgets = budgets_of(BudgetLimit(scope="run", tokens=1100))
    first = asked(budgets)
    gone = asyncio.new_event_loop()
    waiting = gone.create_task(budgets.acquire(REQUEST, INFO, ENDPOINT))
    gone.call_soon(gone.stop)
    gone.run_forever()
    gone.close()
    elsewhere = asyncio.new_event_loop()
    thread = threading.Thread(target=elsewhere.run_forever, name="fixture:elsewhere")
    thread.start()
    try:
        call = asyncio.run_coroutine_threadsafe(budgets.acquire(REQUEST, INFO, ENDPOINT), elsewhere)
        asyncio.run(until(lambda: len(budgets._waiting) == 2, "both wait"))
        first.settle(None)
        assert call.result(5).tokens > 1000
    finally:
        elsewhere.call_soon_threadsafe(elsewhere.stop)
        thread.join()
        elsewhere.close()
    # It can never end; the loop would complain of it when it is collected.
    waiting._log_destroy_pending = False  # type: ignore[attr-defined]


def test_threads_with_loops_of_their_own_share_one_budget() -> None:
    limit = BudgetLimit(scope="run", usd=Decimal("0.5"))
    budgets = budgets_of(limit)
    made: list[int] = []

    async def work() -> None:
        async def call() -> None:
            try:
                reservation = await budgets.acquire(REQUEST, INFO, ENDPOINT)
            except BudgetExceeded:
                return
            await asyncio.sleep(0)
            made.append(1)
            reservation.settle(answered("0.01"))

        async with asyncio.timeout(30):
            await asyncio.gather(*(call() for _ in range(50)))

    threads = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budgets.spent(limit)[0] == Decimal("0.01") * len(made) <= Decimal("0.5")
    assert len(made) == 49  # the fiftieth would need a little more than its cent


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000), st.booleans()), max_size=60))
def test_no_order_of_calls_passes_a_hard_limit(calls: list[tuple[int, int, bool]]) -> None:
    """Whatever a call takes, as long as it is no more than it may."""
    limit = BudgetLimit(scope="run", usd=Decimal("0.03"), tokens=3500)
    budgets = budgets_of(limit)
    held: list[tuple[Reservation, int]] = []
    for most, used, settles in calls:
        try:
            held.append((asked(budgets, max_output_tokens=most + 1), min(used, most)))
        except BudgetExceeded:
            pass
        if settles and held:
            reservation, taken = held.pop(used % len(held))
            reservation.settle(answered(str(Decimal(taken * 10).scaleb(-6)), tokens=taken + 1))
        usd, tokens = budgets.spent(limit)
        assert usd <= Decimal("0.03")
        assert tokens <= 3500
    for reservation, _ in held:
        reservation.settle(None)
    counter = budgets._counters.get((0, ""))
    assert counter is None or (counter.reserved_usd, counter.reserved_tokens) == (0, 0)


# ---- what the profile has spent before


async def test_day_and_month_begin_with_the_ledger() -> None:
    asked_since: list[int] = []

    async def spent_since(since_ms: int) -> Sequence[ModelSpent]:
        asked_since.append(since_ms)
        return [
            ModelSpent(model=REF, amount=Decimal(2), tokens=500),
            ModelSpent(model=ModelRef("other", "x"), amount=Decimal(3), tokens=7),
        ]

    day = BudgetLimit(scope="day", usd=Decimal("5.005"))
    month = BudgetLimit(scope="month", usd=Decimal(2), model="loop/*")
    budgets = budgets_of(day, month, spent_since=spent_since, now=lambda: NOW)
    with pytest.raises(BudgetExceeded, match=r"of \$5\.005 for the day \(UTC\), \$5\.00 is spent"):
        await budgets.acquire(REQUEST, INFO, ENDPOINT)
    assert asked_since == [
        int(datetime(2026, 11, 21, tzinfo=UTC).timestamp() * 1000),
        int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000),
    ]
    assert (budgets.spent(day), budgets.spent(month)) == ((Decimal(5), 507), (Decimal(2), 500))
    with pytest.raises(BudgetExceeded):
        await budgets.acquire(REQUEST, INFO, ENDPOINT)
    await budgets.ready()
    assert len(asked_since) == 2


async def test_without_a_ledger_or_a_day_there_is_nothing_to_read() -> None:
    async def spent_since(since_ms: int) -> Sequence[ModelSpent]:
        raise AssertionError("not asked")

    await budgets_of(BudgetLimit(scope="day", usd=Decimal(5))).ready()
    await budgets_of(BudgetLimit(scope="run", usd=Decimal(5)), spent_since=spent_since).ready()


async def test_a_ledger_and_a_budget_go_together(tmp_path: Any) -> None:
    database = Database.open(tmp_path / "chatbench.db")
    ledger = Ledger(database)
    limit = BudgetLimit(scope="day", usd=Decimal("0.02"))
    first = budgets_of(limit, spent_since=ledger.spent_by_model)
    reservation = await first.acquire(REQUEST, INFO, ENDPOINT)
    response = answered("0.015")
    reservation.settle(response)
    ledger.record(response)
    with pytest.raises(BudgetExceeded):
        await first.acquire(REQUEST, INFO, ENDPOINT)
    again = budgets_of(limit, spent_since=ledger.spent_by_model)
    with pytest.raises(BudgetExceeded, match=r"\$0\.015 is spent"):
        await again.acquire(REQUEST, INFO, ENDPOINT)
    await ledger.aclose()
    await database.close()


# ---- saying it


def test_a_budget_may_be_written_shortly() -> None:
    run = Budget(limits=(BudgetLimit(scope="run", usd=Decimal("0.5")),))
    assert Budget.of(0.1).limits[0].usd == Decimal("0.1"), "as it is written, not as a float has it"
    assert Budget.of("0.5") == Budget.of(0.5) == Budget.of(Decimal("0.5")) == Budget.of(run) == run
    assert Budget.of(run.limits[0]) == Budget.of(list(run.limits)) == run
    assert BudgetLimit(scope="run", usd="0.5") == run.limits[0]  # type: ignore[arg-type]
    assert msgspec.json.decode(msgspec.json.encode(run), type=Budget) == run
    assert msgspec.convert({"limits": [{"scope": "day", "usd": "0.10"}]}, Budget).limits[0].usd == Decimal(
        "0.10"
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"scope": "run"},
        {"scope": "year", "usd": 1},
        {"scope": "run", "usd": -1},
        {"scope": "run", "usd": "nan"},
        {"scope": "run", "usd": "inf"},
        {"scope": "run", "usd": "ten"},
        {"scope": "run", "tokens": -5},
    ],
)
def test_what_is_no_limit_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        BudgetLimit(**fields)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("0", "$0.00"), ("0.5", "$0.50"), ("0.0402", "$0.0402"), ("0.000001", "$0.000001"), ("10", "$10.00"),
        ("99.999", "$99.999"), ("123.4567", "$123.46"), ("1234567.5", "$1,234,567.50"),
        ("0.1234567", "$0.123457"),
    ],
)  # fmt: skip
def test_dollars_are_said_as_exactly_as_they_need(amount: str, said: str) -> None:
    assert dollars(Decimal(amount)) == said
