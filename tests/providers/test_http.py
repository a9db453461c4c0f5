"""The HTTP seam against a real server: limits, faults, proxies, certificates, keys kept in."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import gc
import gzip
import inspect
import logging
import os
import queue
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.loopback import openai_chat, replies
from tests.loopback.certificates import self_signed
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer

from chatbench import __version__
from chatbench.core import errors
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    ConfigurationError,
    InvalidHeader,
    InvalidResponse,
    ProviderError,
    StreamInterrupted,
    Timeout,
    Unreachable,
    UntrustedCertificate,
)
from chatbench.providers import connections, faults, unpacking
from chatbench.providers import http as seam
from chatbench.providers.faults import mapped
from chatbench.providers.http import Http, HttpAnswer, HttpRequest, Timeouts
from chatbench.providers.proxies import proxy_for

CANARY = "sk-CANARY-0123456789abcdef"
QUICK = Timeouts(connect=5, read=5)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[Http]:
    http = Http({})
    yield http
    await http.aclose()


def endpoint(url: str, *, local: bool = False) -> Endpoint:
    return Endpoint(id="test", name="Test", wire="openai_chat", base_url=url, local=local)


@asynccontextmanager
async def opened(
    client: Http, url: str, timeouts: Timeouts = QUICK, headers: Mapping[str, str] | None = None
) -> AsyncIterator[HttpAnswer]:
    sent = {"authorization": f"Bearer {CANARY}", **(headers or {})}
    request = HttpRequest(url=url + "/v1/chat/completions", headers=sent, body=b'{"model": "text"}')
    async with client.open(request, endpoint(url), timeouts) as answer:
        yield answer


async def fetched(client: Http, url: str, timeouts: Timeouts = QUICK) -> bytes:
    async with opened(client, url, timeouts) as answer:
        return await answer.read()


async def test_what_is_sent(server: LoopbackServer, client: Http) -> None:
    server.script(replies.data({"ok": True}, 201, {"X-Odd": "é"}))
    async with opened(client, server.url, headers={"X-Name": "Zoë"}) as answer:
        assert answer.status == 201
        assert answer.headers["x-odd"] == "é"
        assert await answer.read() == b'{"ok": true}'
    (first,) = server.asked
    assert first.headers["user-agent"] == f"Chatbench/{__version__}"
    assert first.headers["authorization"] == f"Bearer {CANARY}"
    assert first.headers["accept-encoding"] == "identity"
    assert first.body == b'{"model": "text"}'
    assert first.headers["content-length"] == str(len(first.body))


async def test_cookies_are_not_kept(server: LoopbackServer, client: Http) -> None:
    # By name: no client keeps a cookie of a bare address.
    url = server.url.replace("127.0.0.1", "localhost")
    server.script(replies.data({}, headers={"Set-Cookie": "a=b; Path=/"}))
    for _ in range(2):
        await fetched(client, url)
    assert [asked.headers.get("cookie") for asked in server.asked] == [None, None]


async def test_a_connection_is_used_again_and_one_cut_short_is_not(
    server: LoopbackServer, client: Http
) -> None:
    for _ in range(3):
        await fetched(client, server.url)
    assert server.connections == 1
    server.script(replies.events([b"data: 1\n\n"] * 9, end="hang"))
    async with opened(client, server.url) as answer:
        await anext(answer.pieces())
    await asyncio.to_thread(server.wait_for_leaving)
    await fetched(client, server.url)
    assert server.connections == 2


async def test_redirects_are_not_followed(server: LoopbackServer, client: Http) -> None:
    server.script(replies.redirect(f"{server.url}/elsewhere"))
    async with opened(client, server.url) as answer:
        assert answer.status == 307
    assert len(server.asked) == 1


async def test_many_at_once(server: LoopbackServer, client: Http) -> None:
    """More than the hundred that the library would let through by itself: all ask before one is answered."""
    server.script(*[Reply(first_byte_s=60)] * 150)
    tasks = [asyncio.create_task(fetched(client, server.url)) for _ in range(150)]
    for _ in tasks:
        await asyncio.to_thread(server.wait_for_asking)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_only_the_beginning_is_read_where_it_is_enough(server: LoopbackServer, client: Http) -> None:
    server.script(replies.events([b"x" * 70_000], end="endless"))
    async with opened(client, server.url) as answer:
        assert len(await answer.read(65_536)) == 65_536


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(never=True), Unreachable),
        (Reply(raw=b"SSH-2.0-OpenSSH_9.9\r\n"), InvalidResponse),
        (Reply(raw=b"\x15\x03\x01\x00\x02\x02\x50"), InvalidResponse),
        (replies.events([b"data: 1\n\n"], end="cut"), StreamInterrupted),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), InvalidResponse),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"), StreamInterrupted),
        (Reply([b"no gzip"], headers={"content-encoding": "gzip"}), InvalidResponse),
        (Reply([b"x"], headers={"content-encoding": "gzip, gzip"}), InvalidResponse),
        (Reply([b"x"], headers={"content-encoding": "br"}), InvalidResponse),
        (Reply(status=407), Unreachable),
    ],
)
async def test_faults_have_names(
    server: LoopbackServer, client: Http, reply: Reply, kind: type[ProviderError]
) -> None:
    server.script(reply)
    with pytest.raises(ProviderError) as caught:
        await fetched(client, server.url)
    assert type(caught.value) is kind
    assert caught.value.hint
    assert caught.value.provider == "test"


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


async def test_silence_is_a_timeout(server: LoopbackServer, client: Http) -> None:
    server.script(Reply(first_byte_s=30))
    with pytest.raises(Timeout, match=r"sent nothing for 0\.1 s"):
        await fetched(client, server.url, Timeouts(read=0.1))
    server.script(replies.events([b"data: 1\n\n"], end="hang"))
    with pytest.raises(Timeout, match=r"sent nothing more for 0\.1 s"):
        await fetched(client, server.url, Timeouts(read=0.1))


async def test_any_byte_ends_a_silence(server: LoopbackServer, client: Http) -> None:
    server.script(replies.events([b": ping\n\n"] * 20, pace=50))
    assert len(await fetched(client, server.url, Timeouts(read=0.25))) == 160


async def test_the_whole_call_has_a_limit(server: LoopbackServer, client: Http) -> None:
    server.script(replies.events([b": ping\n\n"] * 2000, pace=50))
    began = time.monotonic()
    with pytest.raises(Timeout, match=r"did not finish within 0\.3 s"):
        await fetched(client, server.url, Timeouts(total=0.3))
    assert time.monotonic() - began < 3


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


async def test_a_bomb_is_stopped_at_the_cap(
    server: LoopbackServer, client: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MAX_BODY_BYTES", 4 * 2**20)
    packed = gzip.compress(bytes(64 * 2**20), 9)
    server.script(Reply([packed], headers={"content-encoding": "gzip"}))
    with pytest.raises(InvalidResponse, match="more than 4 MiB"):
        await fetched(client, server.url)


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)]
)
async def test_it_unpacks(
    server: LoopbackServer, client: Http, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    packed = pack(b'{"data": []}' * 500)
    server.script(Reply([packed[:20], packed[20:]], headers={"content-encoding": encoding}))
    assert await fetched(client, server.url) == b'{"data": []}' * 500


async def test_probe_says_what_answers(server: LoopbackServer, client: Http) -> None:
    server.script(Reply(status=404, headers={"server": "llama.cpp"}))
    assert await client.probe(endpoint(server.url)) == "HTTP/1.1, status 404, llama.cpp"
    assert "authorization" not in server.asked[0].headers


# Certificates.


async def test_a_certificate_nobody_signed(client: Http, tmp_path: Path) -> None:
    context, _ = self_signed(tmp_path)
    with LoopbackServer(tls=context) as server:
        with pytest.raises(UntrustedCertificate, match="self-signed") as caught:
            await fetched(client, server.url)
        assert not caught.value.retryable
        assert not server.asked


async def test_a_certificate_the_system_was_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, certificate = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    client = Http({})
    with LoopbackServer(tls=context) as server:
        server.script(replies.events([b": ping\n\n"] * 9, end="hang"))
        async with opened(client, server.url) as answer:
            await anext(answer.pieces())
        await asyncio.to_thread(server.wait_for_leaving)
    await client.aclose()


async def test_a_server_that_speaks_no_tls(client: Http) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 This is not TLS\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable, match="No encrypted connection") as caught:
            await fetched(client, f"https://127.0.0.1:{port}")
    assert type(caught.value) is Unreachable
    assert not caught.value.retryable


# Proxies.


class Proxy:
    """An HTTP proxy that answers for every host itself."""

    def __init__(self) -> None:
        self.heads: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        if "cHJveHk6c2VjcmV0" in self.heads[-1]:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        else:
            writer.write(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def proxying() -> AsyncIterator[tuple[Proxy, str]]:
    proxy = Proxy()
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    async with listener:
        yield proxy, f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"


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


# Headers and keys.


@pytest.mark.parametrize("value", [f"{CANARY}\r\nX-Evil: 1", f"{CANARY}\n", f"{CANARY}\0", f"{CANARY} 世"])
async def test_a_header_that_cannot_be_sent(server: LoopbackServer, client: Http, value: str) -> None:
    with pytest.raises(InvalidHeader) as caught:
        async with opened(client, server.url, headers={"x-api-key": value}):
            pass
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert not server.asked


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\nb", "ü"])
async def test_a_name_that_is_none(client: Http, name: str) -> None:
    with pytest.raises(InvalidHeader, match="not a header name"):
        seam.check_headers({name: "x"})


async def test_the_key_is_in_no_log_and_no_error(
    server: LoopbackServer, client: Http, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    for reply in (
        Reply(never=True),
        Reply(raw=b"garbage\r\n"),
        replies.events([b"x"], end="cut"),
        Reply(first_byte_s=30),
    ):
        server.script(reply)
        with pytest.raises(ProviderError) as caught:
            await fetched(client, server.url, Timeouts(read=0.1))
        error = caught.value
        shown += [*traceback.format_exception(error), repr(vars(error))]
        shown += [repr(error.__cause__), repr(error.__context__)]
        assert error.raw
    await fetched(client, server.url)
    shown += [repr(record.__dict__) for record in caplog.records]
    assert len(shown) > 4
    assert CANARY not in "".join(shown)


# What the layers below raise.


def exceptions_of(*modules: Any) -> list[type[BaseException]]:
    return [
        value
        for module in modules
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, Exception) and not name.startswith("_")
    ]


def test_every_exception_from_below_has_a_counterpart() -> None:
    found = exceptions_of(httpx, connections, unpacking, socket, ssl)
    found += [kind for kind in exceptions_of(builtins) if issubclass(kind, OSError | ValueError)]
    found += [zlib.error]
    assert {httpx.ReadError, connections.NotHttp, unpacking.TooLarge, ssl.SSLEOFError} < set(found)
    known = set(exceptions_of(errors))
    where = endpoint("http://user:hush@127.0.0.1/v1?key=hush")
    for kind in found:
        error = kind.__new__(kind)
        error.args = ("hush",)
        for in_body in (False, True):
            ours = mapped(error, where, Timeouts(total=5), in_body=in_body)
            assert type(ours) in known, kind
            assert ours.message
            assert "hush" not in ours.message + ours.hint
        assert issubclass(kind, (*faults.errors(), httpx.CookieConflict)), f"{kind} would be a bug's panel"


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, chatbench.providers.wire, chatbench.providers.registry;"
        "print([m for m in ('httptools', 'httpx', 'truststore', 'tomlkit') if m in sys.modules]);"
        "from chatbench.providers.http import Http; h = Http({}); h.load();"
        "print('httpx' in sys.modules, 'httptools' in sys.modules, 'rich' in sys.modules)"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "app")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ
    )
    assert done.stdout.split("\n")[:2] == ["[]", "True True False"]


async def test_what_the_server_notices_is_real(server: LoopbackServer, client: Http) -> None:
    """An answer read to its end is no early leaving."""
    await fetched(client, server.url)
    with pytest.raises(queue.Empty):
        server.wait_for_leaving(0.05)
    assert openai_chat.TEXT.encode()[:5] == b"Hello"


# Several event loops.


class Elsewhere:
    """An event loop on a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    async def run(self, work: Coroutine[Any, Any, bytes]) -> bytes:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    there = Elsewhere()
    yield there
    if not there.loop.is_closed():
        there.stop()


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


# One whole answer.


def asking(url: str, body: bytes = b"{}") -> tuple[HttpRequest, Endpoint, Timeouts]:
    return HttpRequest(url=url + "/v1/chat/completions", body=body), endpoint(url), QUICK


async def test_fetch_gives_status_headers_and_body(server: LoopbackServer, client: Http) -> None:
    server.script(replies.data({"ok": True}, 201, {"X-Odd": "é"}))
    status, headers, body = await client.fetch(*asking(server.url))
    assert (status, headers["x-odd"], body) == (201, "é", b'{"ok": true}')


async def test_fetch_stops_at_the_cap(
    server: LoopbackServer, client: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MAX_BODY_BYTES", 2**20)
    server.script(Reply([bytes(2**22)]))
    with pytest.raises(InvalidResponse, match="more than 1 MiB"):
        await client.fetch(*asking(server.url))
    packed = gzip.compress(bytes(2**26), 9)
    server.script(Reply([packed], headers={"content-encoding": "gzip"}))
    with pytest.raises(InvalidResponse, match="more than 1 MiB"):
        await client.fetch(*asking(server.url))


async def test_a_large_request_arrives_whole(server: LoopbackServer, client: Http) -> None:
    body = b'{"model": "%s"}' % (b"x" * 5_000_000)
    await client.fetch(*asking(server.url, body))
    assert server.asked[0].body == body


async def test_an_answer_before_the_end_of_the_question(client: Http) -> None:
    """A server that refuses a body for its size does not read it to its end."""
    left = asyncio.Event()
    read = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal read
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nmuch")
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(65_536):
                read += len(piece)
        writer.close()
        left.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        found = await client.fetch(*asking(url, bytes(50_000_000)))
        await left.wait()
    assert (found.status, found.body) == (413, b"much")
    assert read < 25_000_000


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nuntil it closes", b"until it closes"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Late: 1\r\n\r\n", b"ok"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nevil",
            b"ok",
        ),
    ],
)
async def test_forms_of_an_answer(server: LoopbackServer, client: Http, raw: bytes, body: bytes) -> None:
    server.script(Reply(raw=raw))
    found = await client.fetch(*asking(server.url))
    assert found.body == body
    assert found.status < 300
    assert "x-late" not in found.headers


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000,
    ],
)
async def test_answers_that_are_not_to_be_trusted(server: LoopbackServer, client: Http, raw: bytes) -> None:
    server.script(Reply(raw=raw))
    with pytest.raises(InvalidResponse):
        await client.fetch(*asking(server.url))


async def test_what_nobody_asked_for_is_no_answer(client: Http) -> None:
    """It comes while the connection is idle; the next request must not be told of it."""
    connected = 0
    answered, told = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connected
        connected += 1
        await reader.readuntil(b"\r\n\r\n{}")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await answered.wait()
        writer.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        told.set()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        for _ in range(3):
            assert (await client.fetch(*asking(url))).status == 200
            answered.set()
            await told.wait()
            for _ in range(5):
                await asyncio.sleep(0)  # until the loop has read it
            answered.clear()
            told.clear()
        await client.aclose()
    assert connected == 3


async def test_a_reader_who_is_slow_holds_the_server_back(client: Http) -> None:
    written = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n{}")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % 2**26)
        for _ in range(2**8):
            writer.write(bytes(2**18))
            await writer.drain()
        written.set()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        async with client.open(*asking(url)) as answer:
            await anext(answer.pieces())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(written.wait(), 0.5)
            assert 2**26 - 2**20 < len(await answer.read()) < 2**26
        await written.wait()


async def test_no_header_of_ours_is_said_twice(server: LoopbackServer, client: Http) -> None:
    async with opened(client, server.url, headers={"Content-Length": "1", "Transfer-Encoding": "chunked"}):
        pass
    assert server.asked[0].headers["content-length"] == str(len(server.asked[0].body))
    assert "transfer-encoding" not in server.asked[0].headers


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


async def test_a_user_in_the_address_is_told_unless_there_is_a_key(
    server: LoopbackServer, client: Http
) -> None:
    url = server.url.replace("http://", "http://me:a%20b@")
    await client.fetch(HttpRequest(url=url + "/v1/models", method="GET"), endpoint(url), QUICK)
    async with opened(client, url):
        pass
    told = [asked.headers["authorization"] for asked in server.asked]
    assert told == ["Basic bWU6YSBi", f"Bearer {CANARY}"]


class Names:
    """A resolver that knows one name, or several addresses of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *places: tuple[str, int]) -> None:
        self.asked = 0
        self._places = places
        self._look_up = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._answer)

    def _answer(self, host: Any, *rest: Any, **more: Any) -> Any:
        if host != "many.example":
            return self._look_up(host, *rest, **more)
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in self._places]


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


# Addresses that are not allowed.


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


async def test_what_is_said_several_times_is_joined(server: LoopbackServer, client: Http) -> None:
    server.script(Reply(raw=b"HTTP/1.1 204 No Content\r\nX-A: 1\r\nx-a: 2\r\nSet-Cookie: a\r\n\r\n"))
    found = await client.fetch(*asking(server.url))
    assert found.headers == {"x-a": "1, 2", "set-cookie": "a"}


async def test_fetch_has_limits(server: LoopbackServer, client: Http) -> None:
    request, where, _ = asking(server.url)
    server.script(Reply(first_byte_s=30))
    with pytest.raises(Timeout, match=r"sent nothing for 0\.1 s"):
        await client.fetch(request, where, Timeouts(read=0.1))
    server.script(Reply(first_byte_s=30))
    with pytest.raises(Timeout, match=r"did not finish within 0\.1 s"):
        await client.fetch(request, where, Timeouts(total=0.1))
    server.script(replies.events([b": ping\n\n"] * 2000, pace=50))
    with pytest.raises(Timeout, match=r"did not finish within 0\.3 s"):
        await client.fetch(request, where, Timeouts(total=0.3))
