"""Fetching from the web: what comes, what it is called, and where it never goes."""

from __future__ import annotations

import gzip
import os
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.loopback import replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer

from chatbench.client.fetching import Fetcher, _name
from chatbench.core.errors import AttachmentRefused

PAGE = Reply([b"<h1>Hello</h1>"], 200, {"content-type": "text/html; charset=utf-8"})


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


@pytest.fixture
async def make() -> AsyncIterator[Callable[..., Fetcher]]:
    made: list[Fetcher] = []

    def a_fetcher(**how: Any) -> Fetcher:
        made.append(Fetcher({}, **{"allowed": lambda address: True, "ports": None, **how}))
        return made[-1]

    yield a_fetcher
    for fetcher in made:
        await fetcher.aclose()


async def test_a_page_comes_with_its_name_and_kind(
    server: LoopbackServer, make: Callable[..., Fetcher]
) -> None:
    server.script(PAGE)
    seen: list[tuple[int, int]] = []
    found = await make().fetch(f" {server.url}/a%20b/page?q=1#part ", lambda *told: seen.append(told))
    assert (found.data, found.name, found.media_type) == (b"<h1>Hello</h1>", "page.html", "text/html")
    assert seen == [(14, 0)]
    (asked,) = server.asked
    assert asked.target == "/a%20b/page?q=1"
    assert not {"authorization", "cookie", "x-api-key", "referer"} & asked.headers.keys()


async def test_redirects_are_followed_and_each_is_checked(
    server: LoopbackServer, make: Callable[..., Fetcher]
) -> None:
    server.script(replies.redirect("/next"), replies.redirect(f"{server.url}/last.pdf"), Reply([b"%PDF"]))
    found = await make().fetch(server.url)
    assert (found.data, found.name, found.url) == (b"%PDF", "last.pdf", f"{server.url}/last.pdf")
    for location in ("file:///etc/passwd", "http://user:secret@127.0.0.1/", "ftp://x/", "http://[::1"):
        server.script(replies.redirect(location))
        with pytest.raises(AttachmentRefused, match="address"):
            await make().fetch(server.url)


async def test_a_redirect_to_a_private_address_goes_nowhere(
    server: LoopbackServer, make: Callable[..., Fetcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = server.port
    with LoopbackServer() as inner:
        server.script(replies.redirect(f"http://inner.example:{inner.port}/secret"))
        look_up = socket.getaddrinfo

        def names(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
            known = {"outer.example": "127.0.0.1", "inner.example": "127.0.0.2"}
            return look_up(known.get(host, host), port, *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", names)
        fetcher = make(allowed=lambda address: address == "127.0.0.1")
        with pytest.raises(AttachmentRefused, match=r"inner\.example is not on the public internet"):
            await fetcher.fetch(f"http://outer.example:{port}/")
        assert inner.connections == 0


async def test_a_name_that_changes_its_mind_is_not_followed(
    server: LoopbackServer, make: Callable[..., Fetcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the resolver says the second time, what is connected to is what was checked."""
    look_up = socket.getaddrinfo
    answers = iter(["127.0.0.3", *["127.0.0.1"] * 10])
    asked: list[str] = []

    def names(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host != "rebinding.example":
            return look_up(host, port, *rest, **more)
        asked.append(next(answers))
        return look_up(asked[-1], port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", names)
    for _ in range(3):
        fetcher = make(allowed=lambda address: address == "127.0.0.3")
        with pytest.raises(AttachmentRefused):
            await fetcher.fetch(f"http://rebinding.example:{server.port}/")
    assert server.connections == 0
    assert "127.0.0.1" in asked


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "2130706433", "0177.0.0.1", "[::ffff:127.0.0.1]", "127.1",
     "169.254.169.254", "10.0.0.1", "[fe80::1]", "localhost.", "[64:ff9b::7f00:1]"],
)  # fmt: skip
async def test_no_address_of_this_house_is_asked(server: LoopbackServer, host: str) -> None:
    fetcher = Fetcher({}, ports=None, total_s=5.0)
    with pytest.raises(AttachmentRefused, match=r"not on the public internet|not an address|cannot be"):
        await fetcher.fetch(f"http://{host}:{server.port}/")
    await fetcher.aclose()
    assert server.connections == 0


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "not an address"), ("page.html", "not an address"), ("ftp://example.com/x", "not an address"),
        ("file:///etc/passwd", "not an address"), ("http://", "not an address"),
        ("http://[::1", "not an address"),
        ("https://me:pw@example.com/", "none are sent"), ("https://me@example.com/", "none are sent"),
        ("http://example.com:22/", "port 22"), ("http://example.com:99999/", "not an address"),
        ("javascript:alert(1)", "not an address"),
    ],
)  # fmt: skip
async def test_what_is_not_even_tried(url: str, reason: str) -> None:
    fetcher = Fetcher({})
    with pytest.raises(AttachmentRefused, match=reason):
        await fetcher.fetch(url)
    await fetcher.aclose()


async def test_size_is_counted_unpacked_and_announced_size_believed(
    server: LoopbackServer, make: Callable[..., Fetcher]
) -> None:
    fetcher = make(max_bytes=1 << 20)
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {10 << 20}\r\n\r\n"
    server.script(Reply(raw=head.encode()))
    bomb = gzip.compress(bytes(64 << 20))
    assert len(bomb) < 1 << 20
    server.script(
        Reply([bomb], 200, {"content-encoding": "gzip"}),
        Reply([os.urandom(64 << 10)], 200, end="endless"),
    )
    for _ in range(3):
        with pytest.raises(AttachmentRefused, match="larger than 1 MiB"):
            await fetcher.fetch(server.url)


async def test_a_server_that_takes_its_time_and_one_that_never_stops_sending_on(
    server: LoopbackServer, make: Callable[..., Fetcher]
) -> None:
    fetcher = make(total_s=0.3)
    server.script(Reply([b"x"], end="hang"))
    with pytest.raises(AttachmentRefused, match="took longer"):
        await fetcher.fetch(server.url)
    server.script(*[replies.redirect("/again")] * 10)
    with pytest.raises(AttachmentRefused, match="one address to the next"):
        await make().fetch(server.url)
    assert len(server.asked) == 7


@pytest.mark.parametrize("status", [204, 206, 401, 404, 500])
async def test_what_is_not_a_page_is_told(
    server: LoopbackServer, make: Callable[..., Fetcher], status: int
) -> None:
    server.script(Reply([b"x"], status))
    with pytest.raises(AttachmentRefused, match=f"answered {status}"):
        await make().fetch(server.url)


@pytest.mark.parametrize(
    ("url", "disposition", "media_type", "name"),
    [
        ("https://a.example/x/report.pdf?x=1", "", "application/pdf", "report.pdf"),
        ("https://a.example/", "", "text/html", "a.example.html"),
        ("https://a.example/watch", "", "text/html", "watch.html"),
        ("https://a.example/v1.2", "", "text/html", "v1.2"),
        ("https://a.example/x", 'attachment; filename="../../etc/pass wd.txt"', "", "pass wd.txt"),
        ("https://a.example/x", "attachment; filename=C:\\evil.exe", "", "evil.exe"),
        ("https://a.example/x", "attachment; filename*=UTF-8''%e2%82%ac%20rates.csv", "", "€ rates.csv"),
        ("https://a.example/..%2f..%2fpasswd", "", "text/plain", "passwd.txt"),
        ("https://a.example/a%00b%0a.txt", "", "", "a b .txt"),
    ],
)
def test_names(url: str, disposition: str, media_type: str, name: str) -> None:
    assert _name(url, disposition, media_type) == name


@given(st.text(), st.text())
def test_no_name_leads_anywhere(path: str, called: str) -> None:
    name = _name(f"https://a.example/{path}", f'attachment; filename="{called}"', "text/html")
    assert name
    assert not re.search(r"[\x00-\x1f/\\:]", name)
    assert name not in (".", "..")
    assert len(name) < 140
    assert urlsplit("https://a.example").hostname
