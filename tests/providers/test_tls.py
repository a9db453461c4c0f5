"""HTTPS against a real server: certificates, names, handshakes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.loopback import replies
from tests.loopback.certificates import self_signed
from tests.loopback.server import LoopbackServer
from tests.providers.calls import fetched, opened

from chatbench.core.errors import (
    Unreachable,
    UntrustedCertificate,
)
from chatbench.providers.http import Http


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
