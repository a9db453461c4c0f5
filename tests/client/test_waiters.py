"""Somebody who waits, and is told from elsewhere: in time, too late, or on a loop that is no more."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatbench.client.waiters import Waiter


async def test_what_comes_from_another_thread_is_told_on_the_loop_that_waits() -> None:
    waiter: Waiter[str] = Waiter(1, 2, 0.0)
    assert await asyncio.to_thread(waiter.tell, "yours")
    assert await asyncio.wait_for(waiter.future, 5) == "yours"
    refused: Waiter[str] = Waiter(1, 2, 0.0)
    assert refused.tell(ValueError("no"))
    assert refused.future.done(), "at once, where it is the loop that tells"
    with pytest.raises(ValueError, match="no"):
        await refused.future


async def test_what_comes_too_late_is_no_fault() -> None:
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, fault: faults.append(fault))
    gone: Waiter[str] = Waiter(1, 2, 0.0)
    gone.future.cancel()
    told: Waiter[str] = Waiter(1, 2, 0.0)
    told.tell("first")
    for waiter in (gone, told):
        waiter.tell("too late")
        assert await asyncio.to_thread(waiter.tell, "too late")
        await asyncio.sleep(0)
    assert told.future.result() == "first"
    assert faults == []


def test_a_loop_that_is_no_more_is_told_of() -> None:
    async def made() -> Waiter[str]:
        return Waiter(1, 2, 0.0)

    assert not asyncio.run(made()).tell("nobody")
