"""Fragments: text from files and the public web, and from nowhere else."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.loopback import replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer

from chatbench.core.errors import AttachmentRefused, NotFound, Unreachable
from chatbench.services import fragments
from chatbench.services.fragments import FragmentService, is_public, redirected


@pytest.fixture
async def here() -> AsyncIterator[FragmentService]:
    """One for which this computer, and only 127.0.0.1, is the public web."""
    service = FragmentService({}, lambda address: str(address) == "127.0.0.1")
    yield service
    await service.aclose()


def page(text: bytes, kind: str = "text/plain") -> Reply:
    return Reply([text], headers={"content-type": kind})


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fd00::1", False),
        ("fe80::1", False),
        ("fec0::1", False),
        ("::ffff:10.0.0.1", False),
        ("::7f00:1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


async def test_a_file(tmp_path: Path, here: FragmentService) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffWörter\n".encode())
    assert await here.read(str(path)) == "Wörter\n"


@pytest.mark.parametrize("data", [b"\xff\xfe", b"a\0b", b"x" * (fragments.MAX_BYTES + 1)])
async def test_what_is_no_text_of_a_size(tmp_path: Path, here: FragmentService, data: bytes) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    with pytest.raises(AttachmentRefused):
        await here.read(str(path))


@pytest.mark.parametrize("source", ["nowhere.txt", ".", "a\0b", "file:///etc/passwd", "ftp://x/y"])
async def test_what_is_no_fragment(here: FragmentService, source: str) -> None:
    with pytest.raises(AttachmentRefused):
        await here.read(source)


async def test_a_page(server: LoopbackServer, here: FragmentService) -> None:
    server.script(page("Bär".encode("latin-1"), "text/html; charset=ISO-8859-1"))
    assert await here.read(f"{server.url}/a?b=1") == "Bär"
    (asked,) = server.asked
    assert (asked.method, asked.target) == ("GET", "/a?b=1")
    assert {"authorization", "cookie"}.isdisjoint(asked.headers)


async def test_redirects_are_followed_and_checked(server: LoopbackServer, here: FragmentService) -> None:
    server.script(replies.redirect("/next"), page(b"there"))
    assert await here.read(f"{server.url}/a") == "there"
    port = server.url.rpartition(":")[2]
    for target in (f"http://127.0.0.2:{port}/", "ftp://127.0.0.1/", "http://u:p@127.0.0.1/"):
        server.script(replies.redirect(target))
        asked = len(server.asked)
        with pytest.raises(AttachmentRefused):
            await here.read(f"{server.url}/a")
        assert len(server.asked) == asked + 1


def test_a_redirect_does_not_leave_encryption() -> None:
    assert redirected("http://a/b/c", "../d") == "http://a/d"
    assert redirected("http://a/b", "https://c/d") == "https://c/d"
    assert redirected("https://a/b", "//c/d") == "https://c/d"
    with pytest.raises(AttachmentRefused):
        redirected("https://a/b", "http://a/b")


async def test_redirects_without_end(server: LoopbackServer, here: FragmentService) -> None:
    server.script(*[replies.redirect("/again")] * 10)
    with pytest.raises(Unreachable, match="without end"):
        await here.read(f"{server.url}/a")
    assert len(server.asked) == 6


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_this_computer_is_not_the_web(server: LoopbackServer, host: str) -> None:
    port = server.url.rpartition(":")[2]
    service = FragmentService({})
    with pytest.raises((AttachmentRefused, Unreachable)):
        await service.read(f"http://{host}:{port}/")
    await service.aclose()
    assert server.asked == []


async def test_a_name_that_means_another_address_by_now(server: LoopbackServer) -> None:
    """Public when it was looked up first, and no more when the connection is made."""
    answers = iter([True, False])
    service = FragmentService({}, lambda address: next(answers))
    with pytest.raises(Unreachable):
        await service.read(f"{server.url}/a")
    await service.aclose()
    assert list(answers) == []
    assert (server.asked, server.connections) == ([], 0)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (page(b"", "image/png"), AttachmentRefused),
        (page(b"\xff\xfe"), AttachmentRefused),
        (Reply([b"no"], 404), NotFound),
        (Reply([b"x" * 65_536], headers={"content-type": "text/plain"}, end="endless"), AttachmentRefused),
    ],
)
async def test_what_a_page_may_not_be(
    server: LoopbackServer, here: FragmentService, reply: Reply, error: type[Exception]
) -> None:
    server.script(reply)
    with pytest.raises(error):
        await here.read(f"{server.url}/a")


@pytest.mark.parametrize("address", ["http://[", "HTTPS://[::1/x", "http://a]b/"])
async def test_what_is_written_like_no_address_is_told(here: FragmentService, address: str) -> None:
    with pytest.raises(AttachmentRefused, match="is no web address"):
        await here.read(address)


async def test_a_file_may_be_called_like_half_an_address(here: FragmentService, tmp_path: Path) -> None:
    with pytest.raises(AttachmentRefused, match="cannot be read"):
        await here.read(f"//[{tmp_path}")


def test_a_redirect_to_what_is_no_address_is_refused() -> None:
    for target in ("http://[", "//["):
        with pytest.raises(AttachmentRefused):
            redirected("http://example.org/", target)
