"""Proxies: which one, through it, and what can go wrong with it."""

from __future__ import annotations

import socket
import traceback

import pytest
from tests.loopback.server import LoopbackServer
from tests.providers.calls import QUICK, endpoint, fetched
from tests.providers.peers import proxying

from chatbench.core.errors import (
    ConfigurationError,
    Unreachable,
)
from chatbench.providers.http import Http, HttpRequest
from chatbench.providers.proxies import proxy_for


async def test_through_a_proxy_with_user_and_password() -> None:
    async with proxying() as (proxy, address):
        client = Http({"http_proxy": f"http://proxy:secret@{address}"})
        assert await fetched(client, "http://api.example.invalid") == b"ok"
        await client.aclose()
    assert proxy.heads[0].startswith("POST http://api.example.invalid/v1/chat/completions HTTP/1.1")
    assert "Proxy-Authorization: Basic cHJveHk6c2VjcmV0" in proxy.heads[0]


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_refuses(scheme: str) -> None:
    async with proxying() as (proxy, address):
        client = Http({f"{scheme}_proxy": f"http://proxy:wrongpassword@{address}"})
        with pytest.raises(Unreachable, match="proxy on the way") as caught:
            await fetched(client, f"{scheme}://api.example.invalid")
        await client.aclose()
    assert proxy.heads
    assert "wrongpassword" not in "".join(traceback.format_exception(caught.value))


async def test_a_proxy_that_is_not_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = Http({"all_proxy": f"127.0.0.1:{taken.getsockname()[1]}"})
        with pytest.raises(Unreachable, match="proxy on the way"):
            await fetched(client, "http://api.example.invalid")
        await client.aclose()


async def test_this_computer_is_never_proxied(server: LoopbackServer) -> None:
    async with proxying() as (proxy, address):
        client = Http({"http_proxy": f"http://{address}"})
        await fetched(client, server.url)
        await client.aclose()
    assert not proxy.heads
    assert server.asked


PROXY = {"http_proxy": "http://p:1"}


@pytest.mark.parametrize(
    ("url", "environ", "found"),
    [
        ("http://a.com", PROXY, "http://p:1"),
        ("https://a.com", PROXY, None),
        ("https://a.com", {"HTTPS_PROXY": "p:1"}, "http://p:1"),
        ("https://a.com", {"https_proxy": "http://low:1", "HTTPS_PROXY": "http://up:1"}, "http://low:1"),
        ("https://a.com", {"ALL_PROXY": "https://p:1"}, "https://p:1"),
        ("http://a.com", {"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, None),
        ("http://a.com", {**PROXY, "no_proxy": "*"}, None),
        ("http://a.com", {**PROXY, "no_proxy": "b.com, a.com"}, None),
        ("http://x.a.com", {**PROXY, "no_proxy": "a.com"}, None),
        ("http://x.a.com", {**PROXY, "no_proxy": ".a.com"}, None),
        ("http://x.a.com", {**PROXY, "NO_PROXY": "*.A.com"}, None),
        ("http://xa.com", {**PROXY, "no_proxy": "a.com"}, "http://p:1"),
        ("http://a.com:81", {**PROXY, "no_proxy": "a.com:80"}, "http://p:1"),
        ("http://a.com:80", {**PROXY, "no_proxy": "a.com:80"}, None),
        ("http://10.1.2.3", {**PROXY, "no_proxy": "10.0.0.0/8"}, None),
        ("http://11.1.2.3", {**PROXY, "no_proxy": "10.0.0.0/8"}, "http://p:1"),
        ("http://[fd00::1]", {**PROXY, "no_proxy": "fd00::1"}, None),
        ("http://localhost:1", PROXY, None),
        ("http://x.localhost", PROXY, None),
        ("http://127.9.9.9", PROXY, None),
        ("http://[::1]:5", PROXY, None),
    ],
)
def test_which_proxy(url: str, environ: dict[str, str], found: str | None) -> None:
    assert proxy_for(url, environ) == found


def test_an_unknown_kind_of_proxy_is_told_without_its_password() -> None:
    with pytest.raises(ConfigurationError) as caught:
        proxy_for("http://a.com", {"http_proxy": "socks5://me:hush@p:1"})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("http://a.example/v1/x?b=c d", "a.example", "/v1/x?b=c%20d"),
        ("http://a.example:80", "a.example", "/"),
        ("http://a.example:8080/ü", "a.example:8080", "/%C3%BC"),
        ("http://bücher.example/a%20b", "xn--bcher-kva.example", "/a%20b"),
    ],
)
async def test_where_a_url_leads(url: str, host: str, target: str) -> None:
    async with proxying() as (proxy, address):
        client = Http({"http_proxy": f"http://proxy:secret@{address}"})
        await client.fetch(HttpRequest(url=url, method="GET"), endpoint(url), QUICK)
        await client.aclose()
    (head,) = proxy.heads
    assert head.startswith(f"GET http://{host}{target} HTTP/1.1\r\n")
    assert f"\r\nHost: {host}\r\n" in head
