"""Which of several models a call goes to."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.client.routing import Route, Router, Weights
from chatbench.core.errors import Authentication, ConfigurationError, Overloaded
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


@pytest.mark.parametrize("weights", [[1], [1, -1, 1], [0, 0, 0]])
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
    assert picks(router, 1000)["a"] < 50, "its rate limit is used up"


def test_others_come_next_and_none_twice() -> None:
    router = Router([A, B], fallbacks=[C])
    tried: list[ModelRef] = []
    while (route := router.pick(tried)) is not None:
        tried.append(route.model)
    assert sorted(model.id for model in tried[:2]) == ["a", "b"]
    assert [model.id for model in tried[2:]] == ["c"]


def test_a_model_whose_key_is_refused_rests_while_others_can_be_asked() -> None:
    clock = [0.0]
    router = Router([A, B], now=lambda: clock[0])
    router.failed(A.model, Authentication("no"))
    assert picks(router, 50) == {"b": 50}
    router.failed(B.model, Authentication("no"))
    assert set(picks(router, 200)) == {"a", "b"}, "nothing else is left"
    clock[0] = 61.0
    router.succeeded(B.model, 1.0)
    assert set(picks(router, 200)) == {"a", "b"}, "it has rested"


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
