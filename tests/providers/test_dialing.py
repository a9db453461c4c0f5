"""Where a URL leads, and which of its addresses are connected to."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from typing import Any

import pytest
from tests.loopback.server import LoopbackServer
from tests.providers.calls import QUICK, asking, endpoint, fetched
from tests.providers.peers import Names, Proxy

from chatbench.core.errors import (
    Timeout,
    Unreachable,
)
from chatbench.providers.http import Http, HttpRequest, Timeouts


async def test_a_host_that_does_not_exist(client: Http) -> None:
    with pytest.raises(Unreachable, match=r"nowhere\.invalid cannot be found"):
        await fetched(client, "http://nowhere.invalid")


async def test_a_refused_connection(client: Http) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable, match="refuses the connection"):
            await fetched(client, f"http://127.0.0.1:{taken.getsockname()[1]}")


@pytest.mark.parametrize("url", ["", "ftp://127.0.0.1", "http://", "http://[half", "127.0.0.1:80"])
async def test_what_is_no_address(client: Http, url: str) -> None:
    with pytest.raises(Unreachable, match="not a web address") as caught:
        await fetched(client, url)
    assert not caught.value.retryable


async def test_a_connection_that_is_not_taken(client: Http) -> None:
    """A listening socket whose queue is full answers nothing at all."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        others = [socket.socket() for _ in range(4)]
        for other in others:
            other.setblocking(False)
            other.connect_ex(listener.getsockname())
        with pytest.raises(Timeout, match="did not take a connection"):
            await fetched(client, f"http://127.0.0.1:{listener.getsockname()[1]}", Timeouts(connect=0.2))
        for other in others:
            other.close()


async def test_a_name_that_is_looked_up_for_ever(client: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    look_up = socket.getaddrinfo

    def slow(host: Any, *rest: Any, **more: Any) -> Any:
        if host == "slow.invalid":
            answered.wait(10)
        return look_up(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    try:
        with pytest.raises(Timeout, match="did not take a connection"):
            await fetched(client, "http://slow.invalid", Timeouts(connect=0.2))
    finally:
        answered.set()


async def test_an_address_of_version_six(client: Http) -> None:
    there = Proxy()
    async with await asyncio.start_server(there.serve, "::1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        url = f"http://[::1]:{port}/v1/models/x:y"
        with pytest.raises(Unreachable, match="did not let us through"):
            await client.fetch(HttpRequest(url=url, method="GET"), endpoint(url), QUICK)
    (head,) = there.heads
    assert head.startswith("GET /v1/models/x:y HTTP/1.1\r\n")
    assert f"\r\nHost: [::1]:{port}\r\n" in head


@pytest.mark.parametrize("url", ["http://a.example/x\r\nEvil: 1", "http://a.example/\0"])
async def test_no_address_says_more_than_one_line(client: Http, url: str) -> None:
    with pytest.raises(Unreachable, match="not a web address"):
        await client.fetch(HttpRequest(url=url, method="GET"), endpoint(url), QUICK)


async def test_the_first_address_that_answers_is_taken(
    server: LoopbackServer, client: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(monkeypatch, ("127.0.0.2", server.port), ("127.0.0.1", server.port))
    url = f"http://many.example:{server.port}"
    await asyncio.gather(*[client.fetch(*asking(url)) for _ in range(5)])
    assert names.asked == 1
    assert len(server.asked) == 5


async def test_no_address_answers(client: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch, ("127.0.0.1", 1), ("127.0.0.2", 1))
    with pytest.raises(Unreachable, match="refuses the connection"):
        await client.fetch(*asking("http://many.example:1"))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "many.example", "[::ffff:127.0.0.1]", "2130706433"]
)
async def test_only_what_is_allowed_is_connected_to(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    Names(monkeypatch, ("127.0.0.1", server.port))
    asked: list[str] = []

    def allowed(address: str) -> bool:
        asked.append(address)
        return False

    client = Http({}, allowed=allowed)
    with pytest.raises(Unreachable):
        await client.fetch(*asking(f"http://{host}:{server.port}"))
    await client.aclose()
    assert server.connections == 0
    assert set(asked) <= {"127.0.0.1", "::1", "::ffff:7f00:1", "::ffff:127.0.0.1"}


async def test_what_is_allowed_among_the_addresses_of_a_name(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Names(monkeypatch, ("127.0.0.9", server.port), ("127.0.0.1", server.port))
    client = Http({}, allowed=lambda address: address == "127.0.0.1")
    assert (await client.fetch(*asking(f"http://many.example:{server.port}"))).status == 200
    await client.aclose()
    assert server.connections == 1


@pytest.mark.parametrize("zone", ["%25eth9", "%eth9"])
async def test_a_network_in_an_address_stays_here(
    client: Http, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    there = Proxy()
    async with await asyncio.start_server(there.serve, "::1", 0) as listener:
        place = listener.sockets[0].getsockname()
        look_up = socket.getaddrinfo

        def answer(host: Any, *rest: Any, **more: Any) -> Any:
            return look_up("::1" if host == "fe80::1%eth9" else host, *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", answer)
        url = f"http://[fe80::1{zone}]:{place[1]}/v1"
        with pytest.raises(Unreachable, match="did not let us through"):
            await client.fetch(HttpRequest(url=url, method="GET"), endpoint(url), QUICK)
    assert f"\r\nHost: [fe80::1]:{place[1]}\r\n" in there.heads[0]


async def test_who_gives_up_while_several_addresses_are_tried(
    client: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sockets that are left behind would be told of as they are collected."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        others = [socket.socket() for _ in range(4)]
        for other in others:
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        port = full.getsockname()[1]
        Names(monkeypatch, *[("127.0.0.1", port)] * 3)
        task = asyncio.create_task(client.fetch(*asking(f"http://many.example:{port}")))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(task), 0.6)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for other in others:
            other.close()
    gc.collect()
