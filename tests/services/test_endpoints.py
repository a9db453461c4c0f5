"""Providers: saved, checked, found on this computer; keys set, masked, confirmed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import msgspec
import pytest
from tests.conftest import MemoryKeyring
from tests.loopback import replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer
from tests.services.conftest import MODEL, Open, loop

from chatbench.core.changes import Changes
from chatbench.core.conversations import Draft
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    ChatbenchError,
    ConfigurationError,
    InvalidHeader,
    KeyringLocked,
    MissingKey,
    UnknownModel,
)
from chatbench.core.secrets import Secret
from chatbench.services import Services


def own(**more: object) -> Endpoint:
    endpoint = Endpoint(id="mine", name="Mine", wire="openai_chat", base_url="https://a.invalid/v1")
    return msgspec.structs.replace(endpoint, **more)


def test_what_is_saved_is_there_and_announced(services: Services, heard: list[Changes]) -> None:
    services.endpoints.save(own(headers={"x-team": "blue"}), initiator="me")
    assert heard == [Changes(providers=True, models=True, initiator="me")]
    row = services.endpoints.row("mine")
    assert row.endpoint == own(headers={"x-team": "blue"})
    assert row.key.state == "missing"
    assert not row.in_use
    services.endpoints.reload()
    assert services.endpoints.row("mine") == row
    removed = services.endpoints.remove("mine")
    assert removed == row.endpoint
    with pytest.raises(UnknownModel, match="no provider called 'mine'"):
        services.endpoints.row("mine")
    services.endpoints.save(removed)
    assert services.endpoints.row("mine") == row


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"id": "Mine"}, ConfigurationError),
        ({"id": "../evil"}, ConfigurationError),
        ({"id": ""}, ConfigurationError),
        ({"wire": "morse"}, ConfigurationError),
        ({"wire": "guide"}, ConfigurationError),
        ({"base_url": ""}, ConfigurationError),
        ({"base_url": "a.invalid/v1"}, ConfigurationError),
        ({"base_url": "file:///etc"}, ConfigurationError),
        ({"base_url": "http://["}, ConfigurationError),
        ({"base_url": "http://a:port"}, ConfigurationError),
        ({"base_url": "https://user:secret@a.invalid"}, ConfigurationError),
        ({"headers": {"bad name": "x"}}, InvalidHeader),
        ({"headers": {"x": "line\nbreak"}}, InvalidHeader),
        ({"auth": "magic"}, ConfigurationError),
        ({"auth": "header:"}, ConfigurationError),
        ({"auth": "header:bad name"}, ConfigurationError),
    ],
)
def test_what_is_wrong_is_not_saved(
    services: Services, wrong: dict[str, object], kind: type[ChatbenchError]
) -> None:
    with pytest.raises(kind) as caught:
        services.endpoints.save(own(**wrong))
    assert caught.value.hint
    assert "secret" not in f"{caught.value.message} {caught.value.hint}"
    assert [path.name for path in services.endpoints.folder.iterdir()] == ["loop.toml"]


def test_new_ids(services: Services) -> None:
    assert services.endpoints.new_id("My Gateway (EU)") == "my-gateway-eu"
    assert services.endpoints.new_id("OpenAI") == "openai-2"
    assert services.endpoints.new_id("世界") == "provider"
    services.endpoints.save(own(id="provider"))
    assert services.endpoints.new_id("…") == "provider-2"


async def test_keys(services: Services, memory_keyring: MemoryKeyring, heard: list[Changes]) -> None:
    services.endpoints.save(own())
    await services.endpoints.set_key("mine", Secret("  sk-0123456789abcdef\n"))
    assert heard[-1].keys
    assert services.endpoints.row("mine").key.state == "ready"
    assert await services.endpoints.masked_key("mine") == "…cdef"
    (entry,) = memory_keyring.passwords.values()
    assert '"sk-0123456789abcdef"' in entry
    services.endpoints.save(own(base_url="https://b.invalid/v1"))
    assert services.endpoints.row("mine").key.state == "other_origin"
    with pytest.raises(MissingKey):
        await services.endpoints.masked_key("mine")
    await services.endpoints.confirm_key("mine")
    assert await services.endpoints.masked_key("mine") == "…cdef"
    assert await services.endpoints.forget_key("mine")
    assert not await services.endpoints.forget_key("mine")
    assert memory_keyring.passwords == {}


@pytest.mark.parametrize("text", ["", "  ", "two words", "smart‘quote", "tab\tbed"])
async def test_what_is_no_key_is_refused(services: Services, text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await services.endpoints.set_key("openai", Secret(text))
    assert len(text) < 3 or text not in caught.value.message


async def test_a_locked_keyring_is_named_in_the_answer(
    services: Services, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is never "no key"."""
    import keyring.errors

    services.endpoints.save(loop(server, auth="bearer"))
    await services.endpoints.set_key("loop", Secret("sk-0123456789abcdef"))

    def locked(*_: object) -> str:
        raise keyring.errors.KeyringLocked

    monkeypatch.setattr(MemoryKeyring, "get_password", locked)
    with pytest.raises(KeyringLocked):
        await services.endpoints.masked_key("loop")
    conversation = await services.chat.new_conversation(MODEL)
    turn = await services.chat.send(conversation.id, Draft(text="Hi"))
    await services.chat.wait(turn)
    error = turn.answers[0].message.error
    assert error is not None
    assert error.kind == "KeyringLocked"
    assert "Unlock" in error.hint


async def test_checking_announces_the_models_it_found(
    services: Services, server: LoopbackServer, heard: list[Changes]
) -> None:
    endpoint = loop(server, models=(), rows=())
    steps = [step async for step in services.endpoints.check(endpoint)]
    assert steps[-1].state == "passed"
    assert heard == [Changes(models=True)]


async def test_a_check_that_nobody_watches_any_more_ends(services: Services, server: LoopbackServer) -> None:
    server.script(Reply(first_byte_s=60))
    steps = services.endpoints.check(loop(server))
    async for step in steps:
        if (step.name, step.state) == ("HTTP", "running"):
            break
    waiting = asyncio.ensure_future(anext(steps))
    await asyncio.to_thread(server.wait_for_asking)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await steps.aclose()
    await asyncio.to_thread(server.wait_for_leaving)


# Local servers


@contextmanager
def local_servers(*answers: Reply | None) -> Iterator[list[LoopbackServer]]:
    with ExitStack() as stack:
        servers = [stack.enter_context(LoopbackServer()) for _ in answers]
        for server, reply in zip(servers, answers, strict=True):
            if reply is not None:
                server.script(reply)
        yield servers


def place(services: Services, server: LoopbackServer | None, endpoint_id: str) -> None:
    """Puts a shipped local endpoint at a server, or where nobody listens."""
    url = server.base_url("openai_chat") if server else "http://127.0.0.1:9/v1"
    shipped = services.endpoints.row(endpoint_id).endpoint
    services.endpoints.save(msgspec.structs.replace(shipped, base_url=url))


LOCAL = ("ollama", "lmstudio", "llamacpp", "vllm", "jan")


async def test_local_servers_are_found_whatever_they_answer(opened: Open) -> None:
    """Silence, nonsense, a web page, an endless answer: within the time, without an error."""
    endless = Reply(
        [b'{"data": [', b"x" * 65_536], headers={"content-type": "application/json"}, end="endless"
    )
    nonsense = replies.data({"data": 5})
    with local_servers(None, Reply(end="hang"), replies.web_page(), endless, nonsense) as servers:
        async with opened() as services:
            assert {e.id for e in _local(services)} == set(LOCAL)
            for endpoint_id, server in zip(LOCAL, servers, strict=True):
                place(services, server, endpoint_id)
            began = time.monotonic()
            found = {s.endpoint.id: s for s in await services.endpoints.look_for_local_servers()}
            assert time.monotonic() - began < 5
            assert {i for i, s in found.items() if s.answers} == {"ollama"}
            assert [m.ref.id for m in found["ollama"].models] == ["qwen3:8b", "gemma3:4b", "gpt-oss:20b"]
            assert services.endpoints.row("ollama").in_use
            assert services.models.resolve("ollama/qwen3:8b").provider == "ollama"


def _local(services: Services) -> list[Endpoint]:
    return [row.endpoint for row in services.endpoints.rows() if row.endpoint.local]


async def test_no_local_server_is_no_error(opened: Open, heard_nothing: list[Changes]) -> None:
    async with opened(http_proxy="socks5://127.0.0.1:9") as services:
        for endpoint_id in LOCAL:
            place(services, None, endpoint_id)
        services.changes.connect(heard_nothing.append)
        found = await services.endpoints.look_for_local_servers()
    assert not any(server.answers for server in found)
    assert heard_nothing == []


@pytest.fixture
def heard_nothing() -> list[Changes]:
    return []
