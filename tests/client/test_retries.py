"""Delays between attempts, as numbers."""

from __future__ import annotations

import pytest

from chatbench.client.retries import (
    BATCH_ATTEMPTS,
    BATCH_LIMITED_S,
    CALL_ATTEMPTS,
    RetryPolicy,
    counted_apart,
    elsewhere,
)
from chatbench.core.errors import (
    Authentication,
    BadRequest,
    ContentPolicy,
    ContextWindowExceeded,
    InvalidResponse,
    NotFound,
    Overloaded,
    PermissionDenied,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    ServerError,
    StreamInterrupted,
    Timeout,
)

POLICY = RetryPolicy(max_attempts=4, base_s=0.5, cap_s=2.0, longest_wait_s=60)


def test_backoff_doubles_up_to_its_cap_with_full_jitter() -> None:
    patient = RetryPolicy(max_attempts=9, base_s=0.5, cap_s=2.0)
    highest = [patient.delay(ServerError("x"), n, lambda: 1.0) for n in range(1, 6)]
    assert highest == [0.5, 1.0, 2.0, 2.0, 2.0]
    assert patient.delay(ServerError("x"), 3, lambda: 0.0) == 0
    assert patient.delay(ServerError("x"), 3, lambda: 0.25) == 0.5


def test_the_last_attempt_is_the_last() -> None:
    assert POLICY.delay(ServerError("x"), 3) is not None
    assert POLICY.delay(ServerError("x"), 4) is None


@pytest.mark.parametrize("kind", [Authentication, QuotaExhausted, BadRequest])
def test_what_does_not_pass_is_not_waited_for(kind: type[ServerError]) -> None:
    assert POLICY.delay(kind("x"), 1) is None


def test_the_providers_own_wait_is_kept_to() -> None:
    """With up to a tenth more, never less; one that is too long is not waited for."""
    assert POLICY.delay(RateLimited("x", retry_after=10), 1, lambda: 0.0) == 10
    assert POLICY.delay(RateLimited("x", retry_after=10), 1, lambda: 1.0) == pytest.approx(11)
    assert POLICY.delay(RateLimited("x", retry_after=0), 1) == 0
    assert POLICY.delay(RateLimited("x", retry_after=61), 1) is None


def test_the_provider_may_say_that_trying_again_is_no_use() -> None:
    assert POLICY.delay(ServerError("x", should_retry=False), 1) is None
    assert POLICY.delay(BadRequest("x", should_retry=True), 1) is not None


def test_four_attempts_for_one_call_and_ten_for_one_of_many() -> None:
    assert (CALL_ATTEMPTS, BATCH_ATTEMPTS) == (4, 10)
    assert RetryPolicy().max_attempts == CALL_ATTEMPTS
    assert RetryPolicy().limited_s < BATCH_LIMITED_S


def test_a_429_that_says_when_uses_up_no_attempt_but_time() -> None:
    told = RateLimited("x", retry_after=10)
    assert counted_apart(told)
    assert POLICY.delay(told, 4, lambda: 0.0) == 10
    assert POLICY.delay(told, 99, lambda: 0.0, waited_s=290) == 10
    assert POLICY.delay(told, 1, lambda: 0.0, waited_s=291) is None
    assert RetryPolicy(max_attempts=1).delay(told, 1) is None
    for counted in (RateLimited("x"), Overloaded("x", retry_after=10), ServerError("x", retry_after=10)):
        assert not counted_apart(counted)
        assert POLICY.delay(counted, 3, waited_s=9999) is not None
        assert POLICY.delay(counted, 4) is None


def test_however_often_it_failed_the_delay_stays_a_number() -> None:
    assert RetryPolicy(max_attempts=10_000).delay(ServerError("x"), 9999, lambda: 1.0) == 8.0


@pytest.mark.parametrize(
    ("kind", "helps"),
    [
        (ContextWindowExceeded, True), (ContentPolicy, True), (QuotaExhausted, True), (NotFound, True),
        (PermissionDenied, True), (Authentication, True),
        (BadRequest, False), (InvalidResponse, False), (RateLimited, False), (ServerError, False),
        (StreamInterrupted, False), (Timeout, False),
    ],
)  # fmt: skip
def test_where_another_model_may_help(kind: type[ProviderError], helps: bool) -> None:
    """What passes with time is not a matter of the model."""
    assert elsewhere(kind("x")) is helps


def test_after_a_429_nobody_asks_there_for_as_long_as_it_says() -> None:
    """Or a moment, where it says nothing; what is too long to wait for holds up nobody else."""
    assert POLICY.pause(RateLimited("x", retry_after=10)) == 10
    assert POLICY.pause(RateLimited("x")) == 0.5
    assert POLICY.pause(RateLimited("x", retry_after=61)) == 0
    assert POLICY.pause(RateLimited("x", retry_after=-1)) == 0
    assert POLICY.pause(Overloaded("x", retry_after=10)) == 0
