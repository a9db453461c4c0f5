"""The connection check against real servers, and against the ways in which there is none."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.client.conftest import endpoint_at
from tests.loopback import openai_chat, replies
from tests.loopback.certificates import self_signed
from tests.loopback.server import LoopbackServer

from chatbench.client.check import STEPS, CheckStep, ConnectionCheck
from chatbench.client.environment import Environment
from chatbench.core.endpoints import Endpoint
from chatbench.core.models import ModelRef


async def ended(steps: AsyncIterator[CheckStep]) -> dict[str, CheckStep]:
    return {step.name: step async for step in steps if step.state != "running"}


async def check(environment: Environment, endpoint: Endpoint, model: str = "") -> dict[str, CheckStep]:
    ref = ModelRef(endpoint.id, model) if model else None
    found = await ended(ConnectionCheck(environment, endpoint, ref).run())
    assert tuple(found) == STEPS
    return found


def failed(steps: dict[str, CheckStep]) -> CheckStep:
    """The one that failed; everything after it was not tried and says why."""
    names = [name for name, step in steps.items() if step.state == "failed"]
    assert len(names) == 1
    at = STEPS.index(steps[names[0]].name)
    assert all(step.state == "passed" for step in list(steps.values())[:at])
    for step in list(steps.values())[at + 1 :]:
        assert (step.state, step.found) == ("not_tried", f"not tried, needs {names[0]}")
    return steps[names[0]]


@pytest.mark.parametrize(
    "wire", ["openai_chat", "openai_responses", "anthropic", "gemini", "mistral", "cohere", "ollama"]
)
async def test_everything_passes(environment: Environment, server: LoopbackServer, wire: str) -> None:
    """An endpoint that is not saved yet is what is checked, to its first token."""
    steps = await check(environment, endpoint_at(server, wire))
    assert {step.state for step in steps.values()} == {"passed"}
    assert all(step.seconds is not None for step in steps.values())
    assert steps["DNS"].found == "127.0.0.1 → 127.0.0.1"
    assert steps["Key"].found == "none is needed"
    assert steps["Models"].found.endswith((" model", " models"))
    assert environment.catalogue.models("loop")


async def test_a_step_is_told_when_it_begins(environment: Environment, server: LoopbackServer) -> None:
    states = [(s.name, s.state) async for s in ConnectionCheck(environment, endpoint_at(server)).run()]
    assert states[:4] == [("DNS", "running"), ("DNS", "passed"), ("TCP", "running"), ("TCP", "passed")]


async def test_localhost_has_two_addresses_and_one_answers(
    environment: Environment, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newer one comes first, and local servers often listen on the older alone."""
    newer = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", server.port, 0, 0))
    older = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [newer, older])
    steps = await check(environment, endpoint_at(server, base_url=f"http://localhost:{server.port}/v1"))
    assert steps["DNS"].found == "localhost → ::1, 127.0.0.1"
    assert {step.state for step in steps.values()} == {"passed"}


async def test_a_host_that_does_not_exist(environment: Environment, server: LoopbackServer) -> None:
    step = failed(await check(environment, endpoint_at(server, base_url="https://nowhere.invalid/v1")))
    assert (step.name, step.fix) == ("DNS", "address")
    assert "not known" in step.found


async def test_nobody_listens(environment: Environment, server: LoopbackServer, unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}/v1"
    step = failed(await check(environment, endpoint_at(server, base_url=url)))
    assert (step.name, step.found, step.fix) == ("TCP", "Connection refused", "address")


@pytest.mark.parametrize("url", ["http://[", "https://", "no address", "http://127.0.0.1:port"])
async def test_what_is_no_address(environment: Environment, server: LoopbackServer, url: str) -> None:
    step = failed(await check(environment, endpoint_at(server, base_url=url)))
    assert (step.name, step.found) == ("DNS", "The base URL is not a web address.")


async def test_a_certificate_that_nobody_trusts(environment: Environment, tmp_path: Path) -> None:
    context, _ = self_signed(tmp_path)
    with LoopbackServer(tls=context) as server:
        step = failed(await check(environment, endpoint_at(server)))
    assert (step.name, step.fix) == ("TLS", "address")
    assert "is not trusted" in step.found
    assert "self-signed" in step.found
    assert "SSL_CERT_FILE" in step.hint


async def test_a_certificate_the_user_trusts(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, certificate = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with LoopbackServer(tls=context) as server:
        steps = await check(environment, endpoint_at(server))
    assert {step.state for step in steps.values()} == {"passed"}
    assert "certificate valid until" in steps["TLS"].found


async def test_a_server_that_speaks_no_tls(environment: Environment, server: LoopbackServer) -> None:
    async def complain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    plain = await asyncio.start_server(complain, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{plain.sockets[0].getsockname()[1]}/v1"
    async with plain:
        step = failed(await check(environment, endpoint_at(server, base_url=url)))
    assert step.name == "TLS"
    assert "http://" in step.hint


async def test_a_missing_key(environment: Environment, server: LoopbackServer) -> None:
    step = failed(await check(environment, endpoint_at(server, auth="bearer")))
    assert (step.name, step.fix) == ("Key", "key")


async def test_a_refused_key(open_environment: Callable[..., Environment], server: LoopbackServer) -> None:
    environment = open_environment(LOOP_KEY="canary-key-value")
    wrong = replies.data(openai_chat.error_body("invalid_api_key", None, "no: canary-key-value"), 401)
    server.script(wrong, wrong)
    endpoint = endpoint_at(server, auth="bearer", key_env=("LOOP_KEY",))
    step = failed(await check(environment, endpoint))
    assert (step.name, step.fix) == ("Key", "key")
    assert "refused the key" in step.found
    assert "canary-key-value" not in f"{step}"


async def test_a_key_from_the_environment_is_accepted(
    open_environment: Callable[..., Environment], server: LoopbackServer
) -> None:
    environment = open_environment(LOOP_KEY="canary-key-value")
    steps = await check(environment, endpoint_at(server, auth="bearer", key_env=("LOOP_KEY",)))
    assert steps["Key"].found == "from LOOP_KEY, accepted"
    assert server.asked[-1].headers["authorization"] == "Bearer canary-key-value"


async def test_a_server_without_a_list_of_models(environment: Environment, server: LoopbackServer) -> None:
    """It passes where models are written down by hand, else the list is what failed."""
    missing = replies.data({"error": {"message": "unknown path"}}, 404)
    server.script(replies.data({}), missing)
    assert failed(await check(environment, endpoint_at(server))).name == "Models"
    server.script(replies.data({}), missing)
    steps = await check(environment, endpoint_at(server, models=("m",)))
    assert steps["Models"].found == "1 model, written down by hand"
    assert steps["First streamed token"].found == "m answers"


async def test_a_server_with_nothing_loaded(environment: Environment, server: LoopbackServer) -> None:
    server.script(replies.data({}), replies.data({"object": "list", "data": []}))
    step = failed(await check(environment, endpoint_at(server)))
    assert (step.name, step.found) == ("Models", "The server is running, but has no model loaded.")


async def test_a_model_it_does_not_have(environment: Environment, server: LoopbackServer) -> None:
    unknown = openai_chat.error_body("model_not_found", None, "The model `x` does not exist")
    server.script(replies.data({}), replies.data(openai_chat.MODELS), replies.data(unknown, 404))
    step = failed(await check(environment, endpoint_at(server), "x"))
    assert (step.name, step.fix) == ("First streamed token", "model")


async def test_through_a_proxy_the_proxy_is_what_is_reached(
    open_environment: Callable[..., Environment], server: LoopbackServer
) -> None:
    """The provider's own name need not be known here; the password of the proxy is not shown."""
    environment = open_environment(http_proxy=f"http://user:pass-word@localhost:{server.port}")
    endpoint = endpoint_at(server, base_url="http://api.provider.invalid/v1")
    steps = await check(environment, endpoint)
    assert steps["DNS"].found.startswith("the proxy localhost → ")
    assert {step.state for step in steps.values()} == {"passed"}
    assert server.asked[-1].target.startswith("http://api.provider.invalid/v1")
    assert "pass-word" not in str(steps)
