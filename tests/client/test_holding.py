"""What a bucket says of those who wait in it: what holds each back, and whether that can be ended."""

from __future__ import annotations

import asyncio

from tests.harness.waiting import until

from chatbench.client.limits import Bucket
from chatbench.core.endpoints import Limits
from chatbench.core.holds import Hold


class Asked:
    """Calls in the queue of one bucket, by their numbers."""

    def __init__(self, bucket: Bucket, *tokens: tuple[int, int]) -> None:
        self.bucket = bucket
        self.tasks = [asyncio.create_task(bucket.acquire(*each, asker=n)) for n, each in enumerate(tokens)]

    async def holds(self) -> list[Hold]:
        await until(lambda: self.bucket.waiting == len(self.tasks), "all in the queue")
        found = [self.bucket.hold(number) for number in range(len(self.tasks))]
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        return [hold for hold in found if hold is not None]


async def test_a_pause_holds_back_those_for_whom_there_is_a_place() -> None:
    bucket = Bucket("p/m", Limits(concurrent=2))
    bucket.pause(60)
    one, two, three = await Asked(bucket, (0, 0), (0, 0), (0, 0)).holds()
    assert (one.reason, two.reason, three.reason) == ("pause", "pause", "concurrent")
    assert (one.can_be_ended, three.can_be_ended) == (True, False)
    assert one.due_s is not None
    assert 50 < one.due_s <= 60
    assert (three.limit, three.ours, three.due_s) == (2, True, None)


async def test_in_a_pause_what_those_before_it_take_counts() -> None:
    """Ten a minute go one at a time: only the first would go if the pause were ended."""
    bucket = Bucket("p/m", Limits(requests_per_minute=10))
    bucket.pause(3)
    one, two, three = await Asked(bucket, (0, 0), (0, 0), (0, 0)).holds()
    assert (one.reason, two.reason, three.reason) == ("pause", "requests", "requests")
    assert (two.limit, two.ours) == (10, True)
    assert two.due_s is not None
    assert three.due_s is not None
    assert 5 < two.due_s <= 6 < three.due_s


async def test_the_users_limit_and_the_providers_are_told_apart() -> None:
    bucket = Bucket("p/m", Limits(output_tokens_per_minute=900))
    bucket.observe({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20s"})
    [theirs] = await Asked(bucket, (5, 5)).holds()
    assert (theirs.reason, theirs.limit, theirs.ours) == ("requests", None, False)
    bucket = Bucket("p/m", Limits(output_tokens_per_minute=900))
    assert bucket.try_acquire(5, 900) is not None
    [ours] = await Asked(bucket, (5, 500)).holds()
    assert (ours.reason, ours.limit, ours.ours) == ("output_tokens", 900, True)
    assert not ours.can_be_ended


async def test_asking_changes_nothing_and_who_does_not_wait_is_not_held() -> None:
    bucket = Bucket("p/m", Limits(requests_per_minute=600))
    bucket.pause(60)
    went = [asyncio.create_task(bucket.acquire(asker=number)) for number in range(5)]
    await until(lambda: bucket.waiting == 5, "all in the queue")
    for _ in range(100):
        assert bucket.hold(4) is not None
    assert bucket.hold("nobody") is None
    bucket.resume()
    await asyncio.wait_for(asyncio.gather(*went), 5)
    assert bucket.hold(4) is None


async def test_one_who_gave_up_is_not_in_the_way() -> None:
    bucket = Bucket("p/m", Limits(concurrent=2))
    bucket.pause(60)
    tasks = [asyncio.create_task(bucket.acquire(asker=number)) for number in range(3)]
    await until(lambda: bucket.waiting == 3, "all in the queue")
    tasks[1].cancel()
    await asyncio.wait({tasks[1]})
    assert bucket.hold(1) is None
    last = bucket.hold(2)
    assert last is not None
    assert last.reason == "pause"
    bucket.resume()
    await asyncio.wait_for(asyncio.gather(tasks[0], tasks[2]), 5)
