"""The HTTP seam on several event loops: closing, leaving, cancelling."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from tests.loopback import replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer
from tests.providers.calls import asking, fetched, opened
from tests.providers.peers import Elsewhere, alive

from chatbench.core.errors import ProviderError, Timeout, Unreachable
from chatbench.providers import connections
from chatbench.providers.http import Http, Timeouts


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


# Closing while something is under way.


async def test_closing_while_a_name_is_looked_up(
    server: LoopbackServer, client: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answered = threading.Event(), threading.Event()
    look_up = socket.getaddrinfo

    def slow(host: Any, *rest: Any, **more: Any) -> Any:
        asked.set()
        answered.wait(10)
        return look_up("127.0.0.1", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    task = asyncio.create_task(fetched(client, f"http://slow.invalid:{server.port}"))
    await asyncio.to_thread(asked.wait)
    await client.aclose()
    answered.set()
    with pytest.raises(Unreachable):
        await task
    assert not server.asked


async def test_closing_as_a_request_begins(server: LoopbackServer, client: Http) -> None:
    task = asyncio.create_task(fetched(client, server.url))
    await asyncio.sleep(0)
    await client.aclose()
    with pytest.raises(Unreachable):
        await task
    assert not server.connections


async def test_an_answer_read_after_closing(server: LoopbackServer, client: Http) -> None:
    before = len(alive(connections.Connection))
    async with opened(client, server.url) as answer:
        await answer.read()
        await client.aclose()
    await asyncio.sleep(0)
    assert len(alive(connections.Connection)) == before
    assert await fetched(client, server.url)


def test_a_forked_child_leaves_the_connections_to_its_parent(server: LoopbackServer) -> None:
    code = (
        "import asyncio, gc, os, sys\n"
        "from chatbench.core.endpoints import Endpoint\n"
        "from chatbench.providers.http import Http, HttpRequest, Timeouts\n"
        "async def main(url):\n"
        "    http = Http({})\n"
        "    where = Endpoint(id='t', name='t', wire='w', base_url=url)\n"
        "    asking = HttpRequest(url=url, body=b'{}'), where, Timeouts()\n"
        "    await http.fetch(*asking)\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        http.abandon()\n"
        "        gc.collect()\n"
        "        os._exit(0)\n"
        "    os.waitpid(child, 0)\n"
        "    await http.fetch(*asking)\n"
        "    await http.aclose()\n"
        "asyncio.run(main(sys.argv[1]))\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "app")}
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code, server.url + "/v1/models"]
    subprocess.run(command, check=True, env=environ, timeout=60)
    assert (server.connections, len(server.asked)) == (1, 2)


# The window's loop.


def test_it_works_on_the_loop_of_the_window(
    server: LoopbackServer, run_async: Callable[[Coroutine[Any, Any, Any]], Any]
) -> None:
    async def work() -> None:
        client = Http({})
        for _ in range(2):
            assert await fetched(client, server.url)
        assert await fetched(client, server.url.replace("127.0.0.1", "localhost"))
        await client.fetch(*asking(server.url, bytes(3_000_000)))
        server.script(replies.events([b": ping\n\n"] * 9, end="hang"))
        async with opened(client, server.url) as answer:
            await anext(answer.pieces())
        await asyncio.to_thread(server.wait_for_leaving)
        server.script(Reply(first_byte_s=60))
        with pytest.raises(Timeout):
            await fetched(client, server.url, Timeouts(read=0.1))
        await client.aclose()

    run_async(work())
    assert server.connections == 3
