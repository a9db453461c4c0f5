"""Limits as numbers, on a simulated clock: what goes out when, in which order, and that nothing is lost."""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.client.simulated import SimulatedLoop, simulate
from tests.harness.waiting import until

from chatbench.client.limits import Bucket, Limiter, Permit
from chatbench.core.endpoints import Limits
from chatbench.core.errors import LimitUnattainable
from chatbench.core.usage import Usage

MINUTE_S = 60.0
BURST_S = 2.0


def run(body: Callable[[Callable[..., Bucket]], Coroutine[Any, Any, None]]) -> None:
    """Calls `body` with a maker of buckets on the clock of the simulated loop it runs on."""
    loop = SimulatedLoop()
    simulate(body(lambda **limits: Bucket("p/m", Limits(**limits), loop.time)), loop)


def now() -> float:
    return asyncio.get_running_loop().time()


def of(limit: int, seconds: float) -> float:
    return limit * seconds / MINUTE_S


def most_within(times: list[float], seconds: float) -> int:
    """The largest number of them in any such stretch, its end not included."""
    first, most = 0, 0
    for last, at in enumerate(times):
        while times[first] <= at - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


class Arrival(NamedTuple):
    """A call: seconds since the one before it, its estimates, how long it runs, what part of the
    estimates it uses, and after how long its caller gives up."""

    gap_s: float
    input_tokens: int
    output_tokens: int
    runs_s: float
    used: float
    patience_s: float | None


class Ledger:
    """What went out and what it came to in the end, kept apart from the limiter."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.entries: list[list[Any]] = []
        self.order: list[int] = []
        self.most_in_flight = 0

    def entered(self, number: int, input_tokens: int, output_tokens: int) -> list[Any]:
        entry = [now(), 1, input_tokens, output_tokens]
        self.entries.append(entry)
        self.order.append(number)
        self.most_in_flight = max(self.most_in_flight, self.bucket.in_flight)
        self.check(entry)
        return entry

    def check(self, last: list[Any]) -> None:
        """No minute above a limit, no rush above two seconds' share (or one call, if that is more)."""
        limits = self.bucket.limits
        counts: list[tuple[int | None, Callable[[list[Any]], int]]] = [
            (limits.requests_per_minute, lambda entry: entry[1]),
            (limits.input_tokens_per_minute, lambda entry: entry[2]),
            (limits.output_tokens_per_minute, lambda entry: entry[3]),
            (limits.tokens_per_minute, lambda entry: entry[2] + entry[3]),
        ]
        for limit, amount in counts:
            if limit is None or not amount(last):
                continue
            for seconds in (0.0, 1.0, 2.0, 20.0, MINUTE_S):
                sent = sum(amount(entry) for entry in self.entries if entry[0] >= last[0] - seconds)
                assert sent <= of(limit, seconds) + max(of(limit, BURST_S), amount(last)) + 1e-6
                assert sent <= limit


async def live(bucket: Bucket, ledger: Ledger, number: int, call: Arrival) -> str:
    try:
        async with asyncio.timeout(call.patience_s):
            permit = await bucket.acquire(call.input_tokens, call.output_tokens)
    except TimeoutError:
        return "gave up"
    except LimitUnattainable:
        return "refused"
    entry = ledger.entered(number, call.input_tokens, call.output_tokens)
    await asyncio.sleep(call.runs_s)
    used = Usage(
        input_tokens=int(call.input_tokens * call.used), output_tokens=int(call.output_tokens * call.used)
    )
    permit.release(used)
    entry[2], entry[3] = used.input_tokens, used.output_tokens
    return "went"


SOME = st.one_of(st.none(), st.integers(1, 300))
LIMITS = st.builds(
    Limits,
    concurrent=st.one_of(st.none(), st.integers(1, 5)),
    requests_per_minute=SOME,
    tokens_per_minute=st.one_of(st.none(), st.integers(50, 30_000)),
    input_tokens_per_minute=st.one_of(st.none(), st.integers(50, 20_000)),
    output_tokens_per_minute=st.one_of(st.none(), st.integers(50, 20_000)),
)
GAPS = st.one_of(st.just(0.0), st.floats(0, 1), st.floats(0, 90))
ARRIVALS = st.lists(
    st.builds(
        Arrival,
        GAPS,
        st.integers(0, 3000),
        st.integers(1, 3000),
        st.one_of(st.just(0.0), st.floats(0, 100)),
        st.one_of(st.just(1.0), st.just(0.0), st.floats(0, 1)),
        st.one_of(st.none(), st.none(), st.floats(0.01, 120)),
    ),
    max_size=60,
)


@settings(max_examples=200)
@given(LIMITS, ARRIVALS)
def test_whatever_comes_no_limit_is_passed_and_nothing_is_lost(limits: Limits, calls: list[Arrival]) -> None:
    loop = SimulatedLoop()
    bucket = Bucket("p/m", limits, loop.time)
    ledger = Ledger(bucket)

    async def everybody() -> list[str]:
        tasks = []
        for number, call in enumerate(calls):
            await asyncio.sleep(call.gap_s)
            tasks.append(asyncio.create_task(live(bucket, ledger, number, call)))
        return await asyncio.gather(*tasks)

    ends = simulate(everybody(), loop)
    assert [number for number, end in enumerate(ends) if end == "went"] == ledger.order
    assert all(end != "gave up" or call.patience_s is not None for end, call in zip(ends, calls, strict=True))
    refused = [
        (limits.input_tokens_per_minute or 9**9) < call.input_tokens
        or (limits.output_tokens_per_minute or 9**9) < call.output_tokens
        or (limits.tokens_per_minute or 9**9) < call.input_tokens + call.output_tokens
        for call in calls
    ]
    assert refused == [end == "refused" for end in ends]
    assert ledger.most_in_flight <= (limits.concurrent or len(calls))
    assert (bucket.in_flight, bucket.waiting) == (0, 0)


PAUSES = st.lists(st.tuples(GAPS, st.floats(0, 60)), max_size=8)


@given(LIMITS, ARRIVALS, PAUSES)
def test_nobody_goes_while_the_bucket_is_paused_and_everybody_goes_after_it(
    limits: Limits, calls: list[Arrival], pauses: list[tuple[float, float]]
) -> None:
    loop = SimulatedLoop()
    bucket = Bucket("p/m", limits, loop.time)
    ledger = Ledger(bucket)
    paused: list[tuple[float, float]] = []

    async def pause() -> None:
        for gap_s, seconds in pauses:
            await asyncio.sleep(gap_s)
            paused.append((now(), now() + seconds))
            bucket.pause(seconds)

    async def everybody() -> list[str]:
        pausing = asyncio.create_task(pause())
        ends = await asyncio.gather(*(live(bucket, ledger, n, call) for n, call in enumerate(calls)))
        await pausing
        return ends

    ends = simulate(everybody(), loop)
    assert [number for number, end in enumerate(ends) if end == "went"] == ledger.order
    for at, *_ in ledger.entries:
        assert not any(start < at < end for start, end in paused)
    assert (bucket.in_flight, bucket.waiting) == (0, 0)


def test_ten_minutes_at_600_a_minute() -> None:
    """No minute above 600, nearly all of it used, no rush: and every call in its turn."""
    times: list[float] = []

    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made(requests_per_minute=600)
        end = now() + 600

        async def one() -> None:
            while now() < end:
                permit = await bucket.acquire()
                if now() < end:
                    times.append(now())
                permit.release()

        await asyncio.gather(*(one() for _ in range(50)))

    run(body)
    assert most_within(times, MINUTE_S) <= 600
    assert most_within(times, 20) <= 220
    assert most_within(times, 1) <= 30
    assert len(times) >= 0.97 * 6000


def test_ten_thousand_wait_and_are_woken_one_by_one() -> None:
    """Each when it is his turn and not before: the loop does not look at who still waits."""
    steps = 0

    async def body(made: Callable[..., Bucket]) -> None:
        nonlocal steps
        bucket = made(concurrent=1)
        held = await bucket.acquire()
        order: list[int] = []

        async def one(number: int) -> None:
            nonlocal steps
            permit = await bucket.acquire()
            order.append(number)
            steps += 1
            permit.release()

        tasks = [asyncio.create_task(one(number)) for number in range(10_000)]
        await asyncio.sleep(1)
        assert bucket.waiting == 10_000
        began = time.process_time()
        held.release()
        await asyncio.gather(*tasks)
        assert time.process_time() - began < 2
        assert order == list(range(10_000))

    run(body)
    assert steps == 10_000


def test_one_timer_runs_however_many_wait() -> None:
    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made(requests_per_minute=60)
        tasks = [asyncio.create_task(bucket.acquire()) for _ in range(1000)]
        await asyncio.sleep(5)
        loop: Any = asyncio.get_running_loop()
        timers = [timer for timer in loop._scheduled if not timer.cancelled()]
        assert len(timers) <= 2, "one of the bucket, one of the loop's own end"
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert bucket.waiting == 0

    run(body)


def test_a_call_larger_than_two_seconds_share_goes_and_is_paid_off() -> None:
    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made(tokens_per_minute=6000)
        (await bucket.acquire(2000, 1000)).release()
        assert bucket.try_acquire(1, 1) is None
        asked = now()
        permit = await bucket.acquire(180, 10)
        assert 28 <= now() - asked <= 31
        assert permit.waited_s == pytest.approx(now() - asked)

    run(body)


def test_what_was_estimated_too_high_comes_back() -> None:
    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made(output_tokens_per_minute=6000)
        permit = bucket.try_acquire(10, 6000)
        assert permit is not None
        assert bucket.remaining == 0
        assert bucket.try_acquire(10, 100) is None
        permit.release(Usage(input_tokens=10, output_tokens=60))
        assert bucket.remaining == pytest.approx(0.99)
        assert bucket.try_acquire(10, 100) is not None

    run(body)


def test_a_refund_does_not_let_the_same_share_go_twice() -> None:
    """A share that time has brought back already does not come back again with the refund."""

    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made(output_tokens_per_minute=6000)
        early = bucket.try_acquire(0, 190)
        assert early is not None
        await asyncio.sleep(30)
        assert bucket.try_acquire(0, 190) is not None
        early.release(Usage())
        assert bucket.try_acquire(0, 100) is None

    run(body)


def test_what_was_estimated_too_low_is_charged_and_a_failed_call_keeps_its_estimate() -> None:
    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made(tokens_per_minute=6000)
        (await bucket.acquire(10, 10)).release(Usage(input_tokens=1000, output_tokens=2000))
        assert bucket.remaining == pytest.approx(0.5)
        assert bucket.try_acquire(10, 10) is None
        failed = await bucket.acquire(590, 10)
        failed.release()
        failed.release(Usage())
        assert bucket.remaining == pytest.approx(0.4)
        assert bucket.in_flight == 0

    run(body)


def test_an_output_nobody_estimated_is_taken_to_be_as_those_before() -> None:
    """At first a few hundred tokens; it never makes a call unattainable, and debts hold it up too."""

    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made(output_tokens_per_minute=3000)
        (await bucket.acquire(10)).release()
        assert bucket.remaining == pytest.approx(0.9)
        for _ in range(100):
            (await bucket.acquire(10)).release(Usage(output_tokens=1500))
        await asyncio.sleep(61)
        (await bucket.acquire(10)).release()
        assert bucket.remaining == pytest.approx(0.5, abs=0.02)
        assert bucket.try_acquire(10) is None
        small = made(output_tokens_per_minute=20, tokens_per_minute=60)
        (await small.acquire(50)).release()
        assert small.remaining == 0
        with pytest.raises(LimitUnattainable, match="needs 100 tokens"):
            await made(tokens_per_minute=60).acquire(100)

    run(body)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"input_tokens_per_minute": 99}, "needs 100 input tokens; the limit is 99 per minute"),
        ({"output_tokens_per_minute": 19}, "needs 20 output tokens; the limit is 19 per minute"),
        ({"tokens_per_minute": 119}, "needs 120 tokens; the limit is 119 per minute"),
        ({"requests_per_minute": 0}, "needs 1 request; the limit is 0 per minute"),
        ({"concurrent": 0}, "needs 1 place; the limit is 0 at a time"),
    ],
)
def test_what_can_never_go_is_refused_at_once_with_the_numbers(limits: dict[str, int], said: str) -> None:
    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made(**limits)
        assert bucket.try_acquire(100, 20) is None
        with pytest.raises(LimitUnattainable, match=said) as caught:
            await bucket.acquire(100, 20)
        assert caught.value.hint
        assert bucket.waiting == 0

    run(body)


def test_a_cancelled_waiter_gives_everything_back() -> None:
    """Also one whose permit was on its way already."""

    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made(concurrent=1, requests_per_minute=3)
        held = await bucket.acquire()
        first, second, third = (asyncio.create_task(bucket.acquire()) for _ in range(3))
        await asyncio.sleep(25)
        second.cancel()
        held.release()
        first.cancel()
        permit = await third
        assert first.cancelled()
        assert second.cancelled()
        assert permit.waited_s == pytest.approx(25, abs=0.1)
        assert (bucket.in_flight, bucket.waiting) == (1, 0)
        assert bucket.remaining == 0
        permit.void()
        assert bucket.remaining == pytest.approx(2 / 3)
        assert bucket.try_acquire() is not None

    run(body)


def test_a_small_call_waits_behind_a_large_one_and_goes_when_that_gives_up() -> None:
    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made(tokens_per_minute=6000)
        assert bucket.try_acquire(100, 50) is not None
        large = asyncio.create_task(bucket.acquire(5000, 1000))
        await asyncio.sleep(1)
        small = asyncio.create_task(bucket.acquire(5, 5))
        await asyncio.sleep(1)
        assert bucket.try_acquire(1, 1) is None
        assert not small.done()
        large.cancel()
        assert (await small).waited_s == pytest.approx(1, abs=0.01)

    run(body)


def test_a_pause_is_its_buckets_own_and_the_longest_counts() -> None:
    async def body(_: Callable[..., Bucket]) -> None:
        limiter = Limiter(asyncio.get_running_loop().time)
        paused = limiter.bucket("p", "k", "m", Limits())
        others = [
            limiter.bucket(*ids, Limits()) for ids in (("p", "k", "n"), ("p", "l", "m"), ("q", "k", "m"))
        ]
        paused.pause(10)
        paused.pause(1)
        assert paused.remaining == 0
        assert paused.try_acquire() is None
        assert all(other.try_acquire() is not None for other in others)
        asked = now()
        await asyncio.gather(*(paused.acquire() for _ in range(3)))
        assert now() - asked == pytest.approx(10, abs=0.01)

    run(body)


def test_a_pause_can_be_ended() -> None:
    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made()
        bucket.pause(100)
        waiting = asyncio.create_task(bucket.acquire())
        await asyncio.sleep(1)
        bucket.resume()
        assert (await waiting).waited_s == pytest.approx(1)

    run(body)


def test_a_pause_that_ends_early_leaves_the_limits_in_force() -> None:
    """Who waits is woken when the limit lets him, not when the pause would have ended."""

    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made(requests_per_minute=20)
        (await bucket.acquire()).release()
        bucket.pause(50)
        waiting = asyncio.create_task(bucket.acquire())
        await asyncio.sleep(1)
        bucket.resume()
        assert (await waiting).waited_s == pytest.approx(3, abs=0.01)

    run(body)


def test_when_nobody_waits_any_more_no_timer_runs() -> None:
    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made(requests_per_minute=60)
        loop: Any = asyncio.get_running_loop()
        before = [timer for timer in loop._scheduled if not timer.cancelled()]
        tasks = [asyncio.create_task(bucket.acquire()) for _ in range(5)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert [timer for timer in loop._scheduled if not timer.cancelled()] == before

    run(body)


def test_a_permit_is_given_back_once() -> None:
    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made(concurrent=5, requests_per_minute=100)
        one, two, three = [await bucket.acquire() for _ in range(3)]
        for _ in range(2):
            one.void()
            one.release(Usage(output_tokens=9))
            two.release()
            two.void()
        assert (bucket.in_flight, three.waited_s) == (1, 0)
        assert bucket.remaining == pytest.approx(0.8)
        three.release()
        assert bucket.remaining == pytest.approx(0.98), "what was sent stays counted"

    run(body)


def test_limits_of_somebodys_own_stand_beside_those_of_all() -> None:
    limiter = Limiter()
    common, theirs = Limits(concurrent=1), Limits(concurrent=2)
    shared = limiter.bucket("p", "k", "m", common)
    own = limiter.bucket("p", "k", "m", theirs, own=True)
    assert own is not shared
    assert (shared.limits, own.limits) == (common, theirs)
    assert limiter.bucket("p", "k", "m", Limits(concurrent=2), own=True) is own
    assert limiter.bucket("p", "k", "m", common) is shared
    assert shared.try_acquire() is not None
    assert own.try_acquire() is not None


def test_tokens_count_where_there_is_a_limit_of_them() -> None:
    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made(requests_per_minute=5, concurrent=5)
        assert not bucket.counts_tokens
        bucket.observe({"x-ratelimit-limit-tokens": "1000"})
        assert bucket.counts_tokens
        assert made(output_tokens_per_minute=5).counts_tokens

    run(body)


def test_one_bucket_per_provider_key_and_model_and_limits_that_change() -> None:
    async def body(_: Callable[..., Bucket]) -> None:
        limiter = Limiter(asyncio.get_running_loop().time)
        bucket = limiter.bucket("p", "k", "m", Limits(concurrent=1))
        (await bucket.acquire()).release()
        held = await bucket.acquire()
        waiting = asyncio.create_task(bucket.acquire(500))
        too_large = asyncio.create_task(bucket.acquire(5000))
        await asyncio.sleep(1)
        assert limiter.bucket("p", "k", "m", Limits(concurrent=3, tokens_per_minute=1000)) is bucket
        assert (await waiting).waited_s == pytest.approx(1)
        with pytest.raises(LimitUnattainable):
            await too_large
        held.release()
        assert bucket.waiting == 0

    run(body)


def test_remaining_is_what_the_tightest_limit_leaves() -> None:
    async def body(made: Callable[..., Bucket]) -> None:
        assert made().remaining == 1
        assert made(concurrent=0).remaining == 0
        bucket = made(concurrent=4, requests_per_minute=100, tokens_per_minute=1000)
        assert bucket.remaining == 1
        permit = await bucket.acquire(5, 5)
        assert bucket.remaining == 0.75
        permit.release()
        assert bucket.remaining == 0.99

    run(body)


REMAINING = {
    "x-ratelimit-limit-requests": "600",
    "x-ratelimit-remaining-requests": "0",
    "x-ratelimit-reset-requests": "6m0s",
}


def test_where_nothing_remains_the_reset_is_waited_for() -> None:
    async def body(made: Callable[..., Bucket]) -> None:
        for bucket in (made(), made(requests_per_minute=60)):
            bucket.observe(REMAINING)
            assert bucket.remaining == 0
            asked = now()
            await bucket.acquire()
            assert now() - asked == pytest.approx(360, abs=0.1)

    run(body)


def test_what_remains_is_counted_down_until_the_provider_says_more() -> None:
    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made()
        told = {"x-ratelimit-remaining-tokens-minute": "1000", "x-ratelimit-reset-tokens-minute": "30"}
        bucket.observe(told)
        assert bucket.try_acquire(600, 300) is not None
        assert bucket.try_acquire(190, 10) is None
        waiting = asyncio.create_task(bucket.acquire(190, 10))
        await asyncio.sleep(5)
        assert not waiting.done()
        bucket.observe(told)
        assert (await waiting).waited_s == pytest.approx(5)

    run(body)


def test_a_retry_after_says_itself_when_to_come_back_and_a_far_reset_is_left_to_the_provider() -> None:
    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made()
        bucket.observe({**REMAINING, "retry-after": "2"})
        assert bucket.try_acquire() is not None
        bucket.observe({**REMAINING, "x-ratelimit-reset-requests": "17h3m"})
        assert bucket.try_acquire() is not None

    run(body)


@pytest.mark.parametrize(("ours", "rush"), [(None, 10), (600, 2)])
def test_a_limit_of_the_provider_below_ours_is_obeyed(ours: int | None, rush: int) -> None:
    """Where nobody set a limit, ten seconds' share may go at once, for the provider says what remains."""
    times: list[float] = []

    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made(requests_per_minute=ours)
        bucket.observe({"x-ratelimit-limit-requests": "60"})
        for _ in range(150):
            await bucket.acquire()
            times.append(now())

    run(body)
    assert most_within(times, MINUTE_S) <= 60
    assert times[-1] - times[0] == pytest.approx(150, abs=rush + 3)
    assert rush - 1 <= most_within(times, 1) <= rush + 1


def test_a_higher_limit_of_the_provider_raises_nothing() -> None:
    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made(requests_per_minute=30)
        bucket.observe({"x-ratelimit-limit-requests": "6000"})
        assert sum(bucket.try_acquire() is not None for _ in range(10)) == 1

    run(body)


def test_more_than_the_provider_allows_is_the_providers_to_refuse() -> None:
    """It may count otherwise than the estimate does; only a limit of the user's own is final."""

    async def body(made: Callable[..., Bucket]) -> None:
        bucket = made()
        bucket.observe({"x-ratelimit-limit-tokens-minute": "1000"})
        assert (await bucket.acquire(5000)).waited_s == 0
        assert (await bucket.acquire(5000)).waited_s > 55

    run(body)


@pytest.mark.parametrize(
    ("limits", "count"), [(Limits(concurrent=1), 40), (Limits(concurrent=30, requests_per_minute=900), 10)]
)
def test_waiters_of_two_loops_stand_in_one_queue(limits: Limits, count: int) -> None:
    """Every second one waits on the loop of another thread; each is woken on its own, whether a
    permit or time is what it waited for."""
    bucket = Bucket("p/m", limits)
    held: list[Permit] = []
    while (permit := bucket.try_acquire()) is not None:
        held.append(permit)
    order: list[int] = []
    threads: set[int] = set()
    elsewhere = asyncio.new_event_loop()
    thread = threading.Thread(target=elsewhere.run_forever, name="fixture:elsewhere")
    thread.start()

    async def one(number: int) -> None:
        permit = await bucket.acquire()
        order.append(number)
        threads.add(threading.get_ident())
        await asyncio.sleep(0)
        permit.release()

    def stands_in_line(number: int) -> bool:
        return bucket.waiting + len(order) > number

    async def main() -> None:
        ends = []
        for number in range(count):
            if number % 2:
                far = asyncio.run_coroutine_threadsafe(one(number), elsewhere)
                ends.append(asyncio.wrap_future(far))
            else:
                ends.append(asyncio.ensure_future(one(number)))
            await until(partial(stands_in_line, number), "its place in the queue")
        for permit in held:
            permit.release()
        await asyncio.wait_for(asyncio.gather(*ends), 10)

    try:
        asyncio.run(main())
    finally:
        elsewhere.call_soon_threadsafe(elsewhere.stop)
        thread.join()
        elsewhere.close()
    assert order == list(range(count))
    assert len(threads) == 2
    assert bucket.in_flight == 0


def test_four_threads_share_three_places() -> None:
    """Each with an event loop of its own: never more than three at once, and everybody gets his turn."""
    bucket = Bucket("p/m", Limits(concurrent=3, requests_per_minute=10**6, output_tokens_per_minute=10**9))
    busy: list[int] = []
    done: list[int] = []

    async def one() -> None:
        permit = await bucket.acquire(1, 1)
        busy.append(bucket.in_flight)
        await asyncio.sleep(0)
        done.append(1)
        permit.release(Usage(input_tokens=1, output_tokens=2))

    async def many() -> None:
        async with asyncio.timeout(30):
            await asyncio.gather(*(one() for _ in range(250)))

    threads = [threading.Thread(target=lambda: asyncio.run(many()), name="fixture:many") for _ in range(4)]
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(usual)
    assert len(done) == 1000
    assert max(busy) <= 3
    assert (bucket.in_flight, bucket.waiting) == (0, 0)


def test_who_waits_on_a_loop_that_is_no_more_holds_up_nobody() -> None:
    bucket = Bucket("p/m", Limits(concurrent=1))
    held = bucket.try_acquire()
    assert held is not None
    gone = asyncio.new_event_loop()
    waiting = gone.create_task(bucket.acquire())
    gone.call_later(0.01, gone.stop)
    gone.run_forever()
    gone.close()

    async def main() -> Permit:
        behind = asyncio.ensure_future(bucket.acquire())
        await asyncio.sleep(0)
        held.release()
        return await asyncio.wait_for(behind, 5)

    asyncio.run(main()).release()
    assert (bucket.in_flight, bucket.waiting) == (0, 0)
    # It can never end; the loop would complain of it when it is collected.
    waiting._log_destroy_pending = False  # type: ignore[attr-defined]


def test_twenty_real_seconds_at_600_a_minute(request: pytest.FixtureRequest) -> None:
    """On the computer's own clock and timers. Two seconds of it, or twenty with --long."""
    lasts_s = 20.0 if request.config.getoption("--long") else 2.0
    times: list[float] = []

    async def main() -> None:
        bucket = Bucket("p/m", Limits(requests_per_minute=600))
        end = time.monotonic() + lasts_s

        async def one() -> None:
            while time.monotonic() < end:
                permit = await bucket.acquire()
                times.append(time.monotonic())
                permit.release()

        await asyncio.gather(*(one() for _ in range(5)))

    asyncio.run(main())
    within = most_within(times, lasts_s)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times[20:])]
    print(
        f"{lasts_s:g} s: {within} calls, at most {most_within(times, 1)} in a second, "
        f"gaps up to {max(gaps) * 1000:.0f} ms"
    )
    assert most_within(times, 1) <= 30
    assert 0.97 * 10 * lasts_s <= within <= 10 * lasts_s + 20
