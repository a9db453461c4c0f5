"""The arithmetic of one limit: what is charged, given back, told by the provider, and when more may go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.client.meters import Meter

AT = 1000.05
"""Between two tenths of a second."""


def test_what_is_given_back_counts_only_where_it_was_charged() -> None:
    meter = Meter(60, AT)
    meter.give_back(30, AT - 1)  # from before there was a limit
    assert meter.remaining(AT) == 1
    meter.charge(30, AT)
    assert meter.remaining(AT + 70) == 1
    meter.charge(30, AT + 70)
    meter.give_back(30, AT)  # has left the minute already
    assert meter.remaining(AT + 70) == 0.5
    meter.give_back(30, AT + 70)
    assert meter.remaining(AT + 70) == 1


def test_what_a_provider_leaves_is_not_raised_by_what_it_knew() -> None:
    meter = Meter(None, AT)
    meter.charge(600, AT)
    meter.observe(None, 100, 30.0, AT + 1)
    meter.give_back(500, AT)
    assert meter.wait(200, AT + 1) == 30
    assert meter.wait(100, AT + 1) == 0
    meter.charge(90, AT + 2)
    assert meter.wait(20, AT + 2) == 29
    meter.give_back(80, AT + 2)
    assert meter.wait(90, AT + 2) == 0
    assert meter.wait(200, AT + 31) == 0, "it was for thirty seconds"


def test_a_limit_that_changes_forgets_nothing() -> None:
    meter = Meter(600, AT)
    meter.charge(19, AT)
    for limit in (600, 700, None, 600):
        meter.set(limit)
    assert meter.wait(19, AT) > 1
    meter.observe(500, None, None, AT)
    assert meter.wait(15, AT) > 1
    assert meter.remaining(AT) == (500 - 19) / 500


def test_a_limit_of_none_at_all_leaves_nothing() -> None:
    meter = Meter(0, AT)
    assert meter.remaining(AT) == 0
    assert meter.wait(1, AT) == float("inf")


def test_whose_limit_it_is() -> None:
    meter = Meter(100, AT)
    assert meter.told(1, AT) == (100, True)
    meter.observe(50, None, None, AT)
    assert meter.told(1, AT) == (50, False)
    meter.set(20)
    assert meter.told(1, AT) == (20, True)
    meter.observe(50, 5, 30.0, AT)
    assert meter.told(6, AT) == (50, False)
    assert meter.told(5, AT) == (20, True)
    assert Meter(None, AT).told(1, AT) == (None, False)


def test_a_minute_is_over_when_its_last_tenth_is() -> None:
    """A minute and half a second, and the tenth in which it began."""
    meter = Meter(60, AT)
    meter.charge(60, AT)
    assert meter.wait(1, AT) == pytest.approx(60.55)
    assert meter.wait(1, AT + 60.54) > 0
    assert meter.wait(1, AT + 60.56) == 0


def test_a_refund_comes_with_what_time_has_brought_since() -> None:
    """100 a second: of 190 that went, 100 were not needed, and 19 have come back meanwhile."""
    meter = Meter(6000, 1000.0)
    meter.charge(190, 1000.0)
    meter.give_back(100, 1000.0)
    assert meter.wait(108, 1000.19) == 0
    assert meter.wait(112, 1000.19) > 0


@given(
    st.integers(1, 100_000),
    st.lists(st.tuples(st.floats(0, 20), st.floats(0, 1), st.floats(0, 1), st.booleans()), max_size=40),
    st.floats(0, 1),
)
def test_after_the_wait_it_may_go_and_a_little_before_it_may_not(
    limit: int, calls: list[tuple[float, float, float, bool]], share: float
) -> None:
    meter, now = Meter(limit, AT), AT
    for gap, part, used, refunds in calls:
        now += gap
        amount = max(1, int(limit * part))
        if meter.wait(amount, now) == 0:
            meter.charge(amount, now)
            if refunds:
                meter.give_back(int(amount * used), now)
    amount = max(1, int(limit * share))
    wait = meter.wait(amount, now)
    if wait:
        assert meter.wait(amount, now + wait * 0.99 - 1e-6) > 0
    for _ in range(3):  # what was rounded down is waited for again, and is next to nothing
        now += wait
        wait = meter.wait(amount, now)
    assert wait <= 0.002
