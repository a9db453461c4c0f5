"""The HTTP seam on several event loops: closing, leaving, cancelling."""

from __future__ import annotations

import asyncio
import gc
import time

import pytest
from tests.loopback import replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer
from tests.providers.calls import fetched
from tests.providers.peers import Elsewhere

from chatbench.core.errors import (
    ProviderError,
)
from chatbench.providers.http import Http


async def test_many_at_once(server: LoopbackServer, client: Http) -> None:
    """More than the hundred that the library would let through by itself: all ask before one is answered."""
    server.script(*[Reply(first_byte_s=60)] * 150)
    tasks = [asyncio.create_task(fetched(client, server.url)) for _ in range(150)]
    for _ in tasks:
        await asyncio.to_thread(server.wait_for_asking)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_cancelling_closes_the_connection_at_once(server: LoopbackServer, client: Http) -> None:
    for reply in (replies.events([b": ping\n\n"] * 9, end="hang"), Reply(first_byte_s=60)):
        server.script(reply)
        task = asyncio.create_task(fetched(client, server.url))
        await asyncio.to_thread(server.wait_for_asking)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        began = time.monotonic()
        await asyncio.to_thread(server.wait_for_leaving)
        assert time.monotonic() - began < 1


async def test_each_loop_has_connections_of_its_own(
    server: LoopbackServer, client: Http, elsewhere: Elsewhere
) -> None:
    for _ in range(2):
        await asyncio.gather(
            *[fetched(client, server.url) for _ in range(20)],
            *[elsewhere.run(fetched(client, server.url)) for _ in range(20)],
        )
    assert len(server.asked) == 80
    assert server.connections == 40
    await client.aclose()


async def test_closing_stops_what_other_loops_do(
    server: LoopbackServer, client: Http, elsewhere: Elsewhere
) -> None:
    server.script(replies.events([b": ping\n\n"] * 9, end="hang"))
    reading = asyncio.ensure_future(elsewhere.run(fetched(client, server.url)))
    await asyncio.to_thread(server.wait_for_asking)
    await client.aclose()
    await asyncio.to_thread(server.wait_for_leaving)
    with pytest.raises(ProviderError):
        await reading


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # what a closed loop leaves, nobody can close
async def test_a_loop_that_was_closed_is_forgotten(
    server: LoopbackServer, client: Http, elsewhere: Elsewhere
) -> None:
    await elsewhere.run(fetched(client, server.url))
    elsewhere.stop()
    assert await fetched(client, server.url)
    assert len(client._loops) == 1
    gc.collect()
