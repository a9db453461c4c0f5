"""HTTPS against a real server: certificates, names, handshakes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
from pathlib import Path

import pytest
from tests.loopback import replies
from tests.loopback.certificates import self_signed
from tests.loopback.server import LoopbackServer
from tests.providers.calls import endpoint, fetched, opened
from tests.providers.peers import Names, speaking

from chatbench.core.errors import StreamInterrupted, Timeout, Unreachable, UntrustedCertificate
from chatbench.providers.http import Http, Timeouts
from chatbench.providers.http import client as seam


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


async def test_a_certificate_of_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, certificate = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    client = Http({})
    with LoopbackServer(tls=context) as server:
        Names(monkeypatch, ("127.0.0.1", server.port))
        with pytest.raises(UntrustedCertificate, match=r"many\.example is not trusted: Hostname mismatch"):
            await fetched(client, f"https://many.example:{server.port}")
        assert await fetched(client, f"https://localhost:{server.port}")
        assert len(server.asked) == 1
    await client.aclose()


async def test_a_name_that_ends_with_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, certificate = self_signed(tmp_path, "many.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    client = Http({})
    with LoopbackServer(tls=context) as server:
        Names(monkeypatch, ("127.0.0.1", server.port))
        assert await fetched(client, f"https://many.example.:{server.port}")
    await client.aclose()


@pytest.mark.parametrize("cancelled", [True, False])
async def test_a_handshake_that_never_ends(client: Http, cancelled: bool) -> None:
    begun, left = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        begun.set()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        left.set()
        writer.close()

    async with speaking(serve) as url:
        limits = Timeouts(connect=60 if cancelled else 0.2)
        task = asyncio.create_task(fetched(client, url.replace("http:", "https:"), limits))
        await begun.wait()
        if cancelled:
            task.cancel()
        with pytest.raises(asyncio.CancelledError if cancelled else Timeout):
            await task
        async with asyncio.timeout(2):
            await left.wait()


@pytest.mark.parametrize("politely", [True, False])
async def test_a_body_that_ends_with_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, politely: bool
) -> None:
    """Without TLS's own word for it, anybody on the way may have ended it."""
    context, certificate = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nall of it")
        await writer.drain()
        if politely:
            writer.close()
        else:
            with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as plain:
                plain.shutdown(socket.SHUT_WR)
            await reader.read()
            writer.transport.abort()

    client = Http({})
    async with speaking(serve, context) as url:
        if politely:
            assert await fetched(client, url) == b"all of it"
        else:
            with pytest.raises(StreamInterrupted):
                await fetched(client, url)
        await client.aclose()


async def test_what_tls_has_agreed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Http) -> None:
    context, certificate = self_signed(tmp_path)
    with LoopbackServer(tls=context) as server:
        with pytest.raises(UntrustedCertificate):
            await client.inspect_tls(endpoint(server.url))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        trusting, guarded = Http({}), Http({}, allowed=lambda _: False)
        told = await trusting.inspect_tls(endpoint(server.url))
        assert re.match(r"1\.3, certificate valid until .*GMT", told)
        with pytest.raises(Unreachable):
            await guarded.inspect_tls(endpoint(server.url))
    with pytest.raises(Unreachable):
        await trusting.inspect_tls(endpoint("https://127.0.0.1:1"))
    with pytest.raises(Unreachable, match="not a web address"):
        await trusting.inspect_tls(endpoint("https://p:port"))


async def test_looking_at_tls_has_a_limit(client: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seam, "PROBE_S", 0.2)
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        left.set()
        writer.close()

    async with speaking(serve) as url:
        with pytest.raises(Timeout):
            await client.inspect_tls(endpoint(url.replace("http:", "https:")))
        await left.wait()
