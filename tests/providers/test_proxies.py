"""Proxies: which one, through it, and what can go wrong with it."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import ssl
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.loopback import replies
from tests.loopback.certificates import self_signed
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer
from tests.providers.calls import CANARY, QUICK, asking, endpoint, fetched, opened
from tests.providers.peers import Elsewhere, Tunnel, proxying, speaking

from chatbench.core.errors import (
    ConfigurationError,
    ProviderError,
    Timeout,
    Unreachable,
    UntrustedCertificate,
)
from chatbench.providers import transport
from chatbench.providers.http import Http, HttpRequest, Timeouts
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


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00::1]", "[fe80::1%25eth0]"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_proxy_is_sent_to_an_address_that_is_not_allowed(scheme: str, host: str) -> None:
    async with proxying() as (proxy, address):
        client = Http({f"{scheme}_proxy": f"http://proxy:secret@{address}"}, allowed=lambda _: False)
        with pytest.raises(Unreachable, match="cannot be reached"):
            await fetched(client, f"{scheme}://{host}")
        await client.aclose()
    assert not proxy.heads


async def test_a_proxy_is_sent_to_an_address_that_is_allowed() -> None:
    asked: list[str] = []

    def allowed(address: str) -> bool:
        asked.append(address)
        return True

    async with proxying() as (_, address):
        client = Http({"http_proxy": f"http://proxy:secret@{address}"}, allowed=allowed)
        assert await fetched(client, "http://192.0.2.1") == b"ok"
        await client.aclose()
    assert asked == ["192.0.2.1"]


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


# Through a tunnel, to a server that speaks TLS.

API = "https://api.example.invalid"
SECRET = "secret"


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """With a certificate that the system was told of."""
    context, certificate = self_signed(tmp_path, "api.example.invalid")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return context


@pytest.fixture
def secured(certified: ssl.SSLContext) -> Iterator[LoopbackServer]:
    with LoopbackServer(tls=certified) as server:
        yield server


@asynccontextmanager
async def behind(tunnel: Tunnel, scheme: str = "http", password: str = SECRET) -> AsyncIterator[Http]:
    """A client whose ways all lead through the tunnel."""
    async with tunnel.running() as address:
        client = Http({"https_proxy": f"{scheme}://proxy:{password}@{address}"})
        yield client
        await client.aclose()
        async with asyncio.timeout(5):
            await tunnel.left.wait()


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_tunnel_is_used_again(
    secured: LoopbackServer, certified: ssl.SSLContext, scheme: str
) -> None:
    tunnel = Tunnel(secured.port, tls=certified if scheme == "https" else None)
    body = bytes(1_000_000)
    async with behind(tunnel, scheme) as client:
        for _ in range(3):
            secured.script(Reply([body]))
            assert await fetched(client, API) == body
        secured.script(replies.data({"ok": True}))
        assert (await client.fetch(*asking(API, bytes(1_000_000)))).body == b'{"ok": true}'
    assert secured.connections == 1
    assert [asked.headers["authorization"] for asked in secured.asked[:3]] == [f"Bearer {CANARY}"] * 3
    (head,) = tunnel.heads
    assert head.startswith("CONNECT api.example.invalid:443 HTTP/1.1\r\n")
    assert CANARY not in head


async def test_several_requests_at_once_have_a_tunnel_each(secured: LoopbackServer) -> None:
    secured.script(*[Reply([b"x"], first_byte_s=0.1)] * 5)
    tunnel = Tunnel(secured.port)
    async with behind(tunnel) as client:
        await asyncio.gather(*[fetched(client, API) for _ in range(5)])
        await asyncio.gather(*[fetched(client, API) for _ in range(5)])
    assert secured.connections == len(tunnel.heads) == 5


@pytest.mark.parametrize(("password", "refuses"), [("wrong", False), (SECRET, True)])
async def test_a_tunnel_that_is_refused(secured: LoopbackServer, password: str, refuses: bool) -> None:
    tunnel = Tunnel(secured.port, refuses=refuses)
    async with behind(tunnel, password=password) as client:
        with pytest.raises(Unreachable, match=r"proxy on the way to api\.example\.invalid"):
            await fetched(client, API)
    assert not secured.connections


async def test_an_untrusted_certificate_behind_a_tunnel(tmp_path: Path) -> None:
    context, _ = self_signed(tmp_path, "api.example.invalid")
    with LoopbackServer(tls=context) as server:
        async with behind(Tunnel(server.port)) as client:
            with pytest.raises(
                UntrustedCertificate, match=r"certificate of api\.example\.invalid is"
            ) as caught:
                await fetched(client, API)
        assert not caught.value.retryable
        assert not server.asked


async def test_a_certificate_of_another_name_behind_a_tunnel(secured: LoopbackServer) -> None:
    async with behind(Tunnel(secured.port)) as client:
        with pytest.raises(UntrustedCertificate, match=r"certificate of other\.example\.invalid is"):
            await fetched(client, "https://other.example.invalid")
    assert not secured.asked


async def test_a_proxy_with_an_untrusted_certificate(tmp_path: Path) -> None:
    context, _ = self_signed(tmp_path)
    tunnel = Tunnel(1, tls=context)
    async with tunnel.running() as address:
        client = Http({"https_proxy": f"https://proxy:{SECRET}@{address}"})
        with pytest.raises(UntrustedCertificate, match="certificate of the proxy on the way to api"):
            await fetched(client, API)
        await client.aclose()
        handshakes = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*handshakes, return_exceptions=True)
    assert not tunnel.heads


async def test_a_proxy_that_speaks_no_tls() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 This is not TLS\r\n\r\n")
        writer.close()

    async with speaking(serve) as url:
        client = Http({"https_proxy": url.replace("http://", "https://")})
        with pytest.raises(Unreachable, match="proxy on the way"):
            await fetched(client, API)
        await client.aclose()


async def test_a_tunnel_that_is_never_made() -> None:
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        left.set()
        writer.close()

    async with speaking(serve) as url:
        client = Http({"https_proxy": url})
        with pytest.raises(Timeout):
            await fetched(client, API, Timeouts(connect=0.2, read=0.2))
        await left.wait()
        await client.aclose()


@pytest.mark.parametrize("proxy", ["http://", "http://p:port", "http://[::1:80"])
async def test_a_proxy_that_has_no_address(proxy: str) -> None:
    client = Http({"https_proxy": proxy})
    with pytest.raises(Unreachable, match="proxy on the way"):
        await fetched(client, API)
    await client.aclose()


async def test_leaving_a_tunnel_early(secured: LoopbackServer) -> None:
    """Before the head, in the body, and by cancelling in both: the server is told at once."""
    tunnel = Tunnel(secured.port)
    async with behind(tunnel) as client:
        secured.script(replies.events([b": ping\n\n"] * 9, end="hang"))
        async with opened(client, API) as answer:
            await anext(answer.pieces())
        await asyncio.to_thread(secured.wait_for_leaving)
        secured.wait_for_asking(0)
        for reply in (replies.events([b": ping\n\n"] * 9, end="hang"), Reply(first_byte_s=60)):
            secured.script(reply)
            task = asyncio.create_task(fetched(client, API))
            await asyncio.to_thread(secured.wait_for_asking)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(secured.wait_for_leaving)
        assert await fetched(client, API)
    assert secured.connections == 4


async def test_closing_while_a_tunnel_is_used(secured: LoopbackServer) -> None:
    secured.script(Reply(first_byte_s=60))
    async with behind(Tunnel(secured.port)) as client:
        task = asyncio.create_task(fetched(client, API))
        await asyncio.to_thread(secured.wait_for_asking)
        await client.aclose()
        with pytest.raises(ProviderError):
            await task
        await asyncio.to_thread(secured.wait_for_leaving)


async def test_a_tunnel_that_is_given_back_after_closing(secured: LoopbackServer) -> None:
    async with behind(Tunnel(secured.port)) as client, opened(client, API) as answer:
        await answer.read()
        await client.aclose()


async def test_tunnels_nobody_used_for_long_are_closed(
    secured: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tunnel = Tunnel(secured.port)
    async with behind(tunnel) as client:
        secured.script(*[Reply([b"x"], first_byte_s=0.1)] * 3)
        await asyncio.gather(*[fetched(client, API) for _ in range(3)])
        assert tunnel.open == 3
        monkeypatch.setattr(transport, "KEEP_S", 0.0)
        await fetched(client, API)
    assert secured.connections == 4


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # what a closed loop leaves, nobody can close
async def test_a_tunnel_of_a_loop_that_was_closed(secured: LoopbackServer, elsewhere: Elsewhere) -> None:
    async with behind(Tunnel(secured.port)) as client:
        await elsewhere.run(fetched(client, API))
        elsewhere.stop()
        assert await fetched(client, API)
        gc.collect()


async def test_neither_key_nor_password_is_in_logs_or_errors(
    secured: LoopbackServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    password = "hush0hush"
    for user in (SECRET, password):
        tunnel = Tunnel(secured.port)
        async with behind(tunnel, password=user) as client:
            for reply in (Reply(never=True), Reply(raw=b"garbage\r\n"), replies.events([b"x"], end="cut")):
                secured.script(reply)
                with pytest.raises(ProviderError) as caught:
                    await fetched(client, API)
                error = caught.value
                shown += [*traceback.format_exception(error), repr(vars(error))]
                shown += [repr(error.__cause__), repr(error.__context__)]
    logged = [repr(record.__dict__) for record in caplog.records]
    assert any("httpcore" in line for line in logged)
    for secret in (CANARY, password, "cHJveHk6"):
        assert secret not in "".join(shown + logged)
