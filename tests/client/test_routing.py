"""Which of several models a call goes to."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.client.routing import Record, Route, Router, Weights, differing
from chatbench.core.errors import (
    Authentication,
    ConfigurationError,
    MissingKey,
    NotFound,
    Overloaded,
    PermissionDenied,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Timeout,
)
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters

A, B, C = (
    Route(ModelRef("loop", name), Parameters(temperature=t))
    for name, t in zip("abc", (0.1, 0.2, 0.3), strict=True)
)


def evenly(count: int) -> itertools.cycle[float]:
    """Draws that cover 0 to 1 evenly."""
    return itertools.cycle([(step + 0.5) / count for step in range(count)])


def picks(router: Router, count: int) -> Counter[str]:
    found = Counter[str]()
    for _ in range(count):
        route = router.pick()
        assert route is not None
        found[route.model.id] += 1
    return found


def test_uniform_weights_share_evenly() -> None:
    draws = evenly(300)
    assert picks(Router([A, B, C], draw=lambda: next(draws)), 300) == {"a": 100, "b": 100, "c": 100}


def test_explicit_weights_are_kept_to() -> None:
    draws = evenly(400)
    router = Router([A, B, C], [3, 1, 0], draw=lambda: next(draws))
    assert picks(router, 400) == {"a": 300, "b": 100}
    left = Counter(router.pick([A.model]) for _ in range(400))
    assert left == {B: 400}, "the weights of those that are left"
    nothing = Router([A, B], [0, 1], draw=lambda: 0.0)
    assert nothing.pick() is B, "a model without any weight is never drawn"
    edge = Router([A, B, C], [0.1, 0.2, 0.3], draw=lambda: 1 - 2**-53)
    assert edge.pick() is C, "what the sum of floats leaves over is the last one's"


@pytest.mark.parametrize(
    "weights", [[1], [1, 1, 1, 1], [1, -1, 1], [0, 0, 0], [1, float("nan"), 1], [1, float("inf"), 1]]
)
def test_weights_that_are_none_are_named(weights: list[float]) -> None:
    with pytest.raises(ConfigurationError, match=r"weight|Weights"):
        Router([A, B, C], weights)


def test_no_model_is_named() -> None:
    with pytest.raises(ConfigurationError, match="No model"):
        Router([])


class Left(NamedTuple):
    remaining: float


def test_dynamic_weights_follow_success_speed_and_what_is_left() -> None:
    draws = evenly(1000)
    router = Router([A, B], "dynamic", draw=lambda: next(draws))
    assert abs(picks(router, 1000)["a"] - 500) < 5, "nothing is known yet"
    for _ in range(200):
        router.succeeded(A.model, 0.5)
        router.succeeded(B.model, 2.0)
    assert abs(picks(router, 1000)["a"] - 800) < 10, "four times as fast"
    for _ in range(13):
        router.failed(A.model, Overloaded("busy"))
    assert picks(router, 1000)["a"] < 550, "half of its calls fail, which counts twice"
    for _ in range(500):
        router.succeeded(A.model, 0.5)
    router.limited_by(A.model, Left(0.0))
    assert 1 < picks(router, 1000)["a"] < 50, "its rate limit is used up; it is found out when it is not"
    router.limited_by(A.model, Left(0.5))
    assert 600 < picks(router, 1000)["a"] < 700, "half of it: 2 to 1"


def test_a_record_forgets_slowly() -> None:
    record = Record()
    router = Router([A, B])
    router.records[A.model] = record
    for _ in range(10):
        router.failed(A.model, Timeout("late"))
    low = record.success
    assert 0.5 < low < 0.65
    router.succeeded(A.model, 4.0)
    assert record.seconds == 4.0, "the first is all that is known"
    assert low < record.success < low + 0.03
    router.succeeded(A.model, 2.0)
    assert record.seconds == pytest.approx(3.9)
    for _ in range(100):
        router.succeeded(A.model, 2.0)
    assert record.seconds == pytest.approx(2.0, abs=0.05)
    assert record.success > 0.99


def test_a_model_without_hope_may_be_found_well_again() -> None:
    """However often it failed, and whatever it took: never without any weight, never with all of it."""
    record = Record()
    for success, seconds in ((0.0, 1.0), (1.0, 1e-9), (1.0, 1e12)):
        record.success, record.seconds = success, seconds
        assert 0 < record.weight() <= 20
    record.success, record.seconds, record.limited_by = 1.0, 1.0, Left(0.0)
    assert record.weight() == pytest.approx(0.01)


def test_others_come_next_and_none_twice() -> None:
    router = Router([A, B], fallbacks=[C])
    tried: list[ModelRef] = []
    while (route := router.pick(tried)) is not None:
        tried.append(route.model)
    assert sorted(model.id for model in tried[:2]) == ["a", "b"]
    assert [model.id for model in tried[2:]] == ["c"]
    assert Router([A], fallbacks=[C, B]).pick([A.model]) is C, "in the order they are given"


def test_a_model_that_was_not_named_is_of_no_account() -> None:
    router = Router([A], fallbacks=[B])
    router.failed(C.model, Authentication("no"))
    router.succeeded(C.model, 1.0)
    router.limited_by(C.model, Left(0.0))
    assert set(router.records) == {A.model, B.model}
    assert router.own(C.model) == Parameters()


def test_each_model_has_parameters_of_its_own() -> None:
    router = Router([A, B], fallbacks=[C, Route(A.model, Parameters(temperature=0.9))])
    assert [router.own(route.model).temperature for route in (A, B, C)] == [0.1, 0.2, 0.3]


def test_what_differs_from_a_base() -> None:
    base = Parameters(temperature=0.5, top_p=0.9)
    given = Parameters(temperature=0.5, top_p=0.8, seed=3)
    assert differing(given, base) == Parameters(top_p=0.8, seed=3)
    assert differing(given, given) == Parameters()


@pytest.mark.parametrize(
    "error", [Authentication, MissingKey, NotFound, PermissionDenied, QuotaExhausted, RateLimited, Timeout]
)
def test_what_the_next_call_cannot_mend_lets_a_model_rest_for_a_minute(error: type[ProviderError]) -> None:
    clock = [0.0]
    router = Router([A], fallbacks=[B, C], now=lambda: clock[0])
    router.failed(A.model, error("no"))
    rests = error not in (RateLimited, Timeout)
    assert router.pick() is (B if rests else A)
    router.failed(B.model, error("no"))
    assert router.pick() is (C if rests else A), "a fallback rests too"
    clock[0] = 59.0
    assert router.pick() is (C if rests else A)
    clock[0] = 60.0
    assert router.pick() is A


def test_a_model_whose_key_is_refused_rests_while_others_can_be_asked() -> None:
    clock = [0.0]
    router = Router([A, B], now=lambda: clock[0])
    router.failed(A.model, Authentication("no"))
    assert picks(router, 50) == {"b": 50}
    router.failed(B.model, Authentication("no"))
    assert set(picks(router, 200)) == {"a", "b"}, "nothing else is left"
    clock[0] = 1.0
    router.failed(B.model, Authentication("no"))
    clock[0] = 60.5
    assert picks(router, 50) == {"a": 50}, "it has rested, the other not yet"
    clock[0] = 61.5
    assert set(picks(router, 200)) == {"a", "b"}


def test_a_busy_model_does_not_rest() -> None:
    router = Router([A])
    router.failed(A.model, Overloaded("busy"))
    assert router.pick() is A
    assert router.pick([A.model]) is None


@given(
    st.sampled_from(["uniform", "dynamic", [1.0, 2.0, 3.0]]),
    st.floats(0, 1, exclude_max=True),
    st.sets(st.sampled_from("abc")),
)
def test_any_draw_picks_what_was_not_tried(weights: Weights, draw: float, tried: set[str]) -> None:
    router = Router([A, B], weights if isinstance(weights, str) else weights[:2], [C], draw=lambda: draw)
    route = router.pick([ModelRef("loop", name) for name in tried])
    assert (route is None) == (tried == {"a", "b", "c"})
    assert route is None or route.model.id not in tried
