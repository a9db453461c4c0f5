"""The HTTP seam against a real server: what is sent, limits, faults, keys kept in."""

from __future__ import annotations

import builtins
import gzip
import inspect
import logging
import os
import socket
import ssl
import subprocess
import sys
import time
import traceback
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.loopback import replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer
from tests.providers.calls import CANARY, QUICK, asking, endpoint, fetched, opened

from chatbench import __version__
from chatbench.core import errors
from chatbench.core.errors import (
    InvalidHeader,
    InvalidResponse,
    ProviderError,
    StreamInterrupted,
    Timeout,
    Unreachable,
)
from chatbench.providers import connections, faults, unpacking
from chatbench.providers import http as seam
from chatbench.providers.faults import mapped
from chatbench.providers.http import Http, HttpRequest, Timeouts


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


async def test_redirects_are_not_followed(server: LoopbackServer, client: Http) -> None:
    server.script(replies.redirect(f"{server.url}/elsewhere"))
    async with opened(client, server.url) as answer:
        assert answer.status == 307
    assert len(server.asked) == 1


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


async def test_silence_is_a_timeout(server: LoopbackServer, client: Http) -> None:
    server.script(Reply(first_byte_s=30))
    with pytest.raises(Timeout, match=r"sent nothing for 0\.1 s"):
        await fetched(client, server.url, Timeouts(read=0.1))
    server.script(replies.events([b"data: 1\n\n"], end="hang"))
    with pytest.raises(Timeout, match=r"sent nothing more for 0\.1 s"):
        await fetched(client, server.url, Timeouts(read=0.1))


async def test_any_byte_ends_a_silence(server: LoopbackServer, client: Http) -> None:
    server.script(replies.events([b": ping\n\n"] * 20, pace=20))
    assert len(await fetched(client, server.url, Timeouts(read=0.75))) == 160


async def test_the_whole_call_has_a_limit(server: LoopbackServer, client: Http) -> None:
    server.script(replies.events([b": ping\n\n"] * 2000, pace=50))
    began = time.monotonic()
    with pytest.raises(Timeout, match=r"did not finish within 0\.3 s"):
        await fetched(client, server.url, Timeouts(total=0.3))
    assert time.monotonic() - began < 3


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


async def test_no_header_of_ours_is_said_twice(server: LoopbackServer, client: Http) -> None:
    async with opened(client, server.url, headers={"Content-Length": "1", "Transfer-Encoding": "chunked"}):
        pass
    assert server.asked[0].headers["content-length"] == str(len(server.asked[0].body))
    assert "transfer-encoding" not in server.asked[0].headers


async def test_a_user_in_the_address_is_told_unless_there_is_a_key(
    server: LoopbackServer, client: Http
) -> None:
    url = server.url.replace("http://", "http://me:a%20b@")
    await client.fetch(HttpRequest(url=url + "/v1/models", method="GET"), endpoint(url), QUICK)
    async with opened(client, url):
        pass
    told = [asked.headers["authorization"] for asked in server.asked]
    assert told == ["Basic bWU6YSBi", f"Bearer {CANARY}"]


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
