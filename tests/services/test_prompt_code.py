"""Prompts as programs: each is run against a provider on this computer, and asks just what we ask."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import msgspec
import pytest
from tests.loopback.server import LoopbackServer
from tests.services.conftest import loop

from chatbench.core.errors import ConfigurationError
from chatbench.core.messages import ImagePart, InlineData
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.core.prompts import Prompt, PromptMessage, Variable
from chatbench.core.tools import ToolDefinition
from chatbench.services import Services
from chatbench.services.prompts.code import FORMS, CodeForm

WIRES = ("openai_chat", "openai_responses", "anthropic", "gemini")
AUTH = {"anthropic": "header:x-api-key", "gemini": "header:x-goog-api-key"}
TRICKY = 'It\'s "quoted" \\ `back` ${x} $HOME\n</script> é\u2028{{x}}'
PROMPT = Prompt(
    messages=(
        PromptMessage(role="system", text="Be {{tone}}."),
        PromptMessage(text="An example"),
        PromptMessage(role="assistant", text="Its answer"),
        PromptMessage(text="{{question}}"),
    ),
    variables=(Variable(name="tone", default="kind"),),
    parameters=Parameters(temperature=0.5, max_output_tokens=100),
    response_schema={
        "type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"],
        "additionalProperties": False,
    },
    tools=(
        ToolDefinition(
            name="look", description="Looks.",
            parameters={"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]},
        ),
    ),
)  # fmt: skip


@pytest.fixture
def keyed(services: Services, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> Services:
    for wire in WIRES:
        quirks = (
            msgspec.structs.replace(loop(server).quirks, api_version="v1beta") if wire == "gemini" else None
        )
        endpoint = loop(
            server, id=wire, name=wire, wire=wire, base_url=server.base_url(wire),
            auth=AUTH.get(wire, "bearer"), key_env=("MY_KEY",), rows=(), models=("m",),
        )  # fmt: skip
        services.endpoints.save(
            endpoint if quirks is None else msgspec.structs.replace(endpoint, quirks=quirks)
        )
    monkeypatch.setenv("MY_KEY", "sesame")
    return services


async def run(code: str) -> str:
    """What the program prints, its event loops on a thread of their own."""
    out = StringIO()

    def execute() -> None:
        with redirect_stdout(out):
            exec(compile(code, "snippet", "exec"), {"__name__": "__main__"})

    await asyncio.to_thread(execute)
    return out.getvalue()


def camel(value: Any) -> Any:
    """Without `stream` at the top, and names in one spelling: Google's client writes one of them in snake
    case, and Google's servers take both."""
    if isinstance(value, list):
        return [camel(one) for one in value]
    if not isinstance(value, dict):
        return value
    told = {name: one for name, one in value.items() if name != "stream"}
    return {name.replace("_json_schema", "JsonSchema"): camel(one) for name, one in told.items()}


async def asked_by_us(services: Services, server: LoopbackServer, model: ModelRef) -> Any:
    """The body that the terminal's curl command sends for the same."""
    await run(await services.prompts.code(PROMPT, {"question": TRICKY}, model, "python-httpx"))
    return server.asked[-1].json


@pytest.mark.parametrize("wire", WIRES)
async def test_the_vendors_clients_ask_what_we_ask(
    keyed: Services, server: LoopbackServer, wire: str
) -> None:
    model = ModelRef(wire, "m")
    wanted = await asked_by_us(keyed, server, model)
    httpx = server.asked[-1]
    said = await run(await keyed.prompts.code(PROMPT, {"question": TRICKY}, model, "python-sdk"))
    sdk = server.asked[-1]
    assert camel(sdk.json) == camel(wanted)
    assert (sdk.path, len(server.asked)) == (httpx.path, 2)
    # Anthropic's newer clients send a key as a bearer's.
    names = ("authorization", "x-api-key", "x-goog-api-key")
    assert [one for name in names if "sesame" in (one := sdk.headers.get(name, ""))]
    assert said.strip()


@pytest.mark.parametrize(("form", "wire"), [("javascript-fetch", "anthropic"), ("curl", "openai_responses")])
async def test_other_languages(keyed: Services, server: LoopbackServer, wire: str, form: CodeForm) -> None:
    program = {"javascript-fetch": "node", "curl": "sh"}[form]
    if shutil.which(program) is None or (form == "curl" and shutil.which("curl") is None):
        pytest.skip(f"no {program} here")
    model = ModelRef(wire, "m")
    wanted = await asked_by_us(keyed, server, model)
    code = await keyed.prompts.code(PROMPT, {"question": TRICKY}, model, form)
    arguments = ["node", "--input-type=module", "-e", code] if program == "node" else ["sh", "-c", code]
    ended = await asyncio.to_thread(subprocess.run, arguments, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert server.asked[-1].json == wanted
    assert len(server.asked) == 2


async def test_the_javascript_client_is_given_the_same_body(keyed: Services, server: LoopbackServer) -> None:
    code = await keyed.prompts.code(
        PROMPT, {"question": TRICKY}, ModelRef("openai_responses", "m"), "javascript-sdk"
    )
    start = code.index(".create(") + len(".create(")
    body = msgspec.json.decode(code[start : code.index(");\nconsole")].encode())
    wanted = await asked_by_us(keyed, server, ModelRef("openai_responses", "m"))
    assert {**body, "stream": False} == {"stream": False, **wanted}
    assert "apiKey: process.env.MY_KEY" in code


async def test_our_own_client(keyed: Services) -> None:
    code = await keyed.prompts.code(
        PROMPT, {"question": TRICKY}, ModelRef("openai_chat", "m"), "python-chatbench"
    )
    compile(code, "snippet", "exec")
    seen: list[Any] = []

    class Client:
        def __init__(self, model: str) -> None:
            seen.append(model)

        def complete_sync(self, messages: object, **asking: object) -> object:
            seen.append((messages, asking))
            return type("Answer", (), {"text": "", "cost": None})()

    import chatbench

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chatbench, "LLMClient", Client, raising=False)
        patch.setattr(chatbench, "close", lambda: None, raising=False)
        await run(code)
    messages, asking = seen[1]
    assert [message.text for message in messages] == ["An example", "Its answer", TRICKY]
    assert (asking["system"], asking["temperature"], asking["schema"]) == (
        "Be kind.",
        0.5,
        PROMPT.response_schema,
    )
    assert asking["tools"] == list(PROMPT.tools)
    assert seen[0] == "openai_chat/m"


async def test_forms_there_are(keyed: Services) -> None:
    prompts = keyed.prompts
    assert prompts.code_forms(ModelRef("openai_chat", "m")) == FORMS
    assert "javascript-sdk" not in prompts.code_forms(ModelRef("anthropic", "m"))
    with pytest.raises(ConfigurationError, match="no javascript-sdk"):
        await prompts.code(PROMPT, {"question": "x"}, ModelRef("gemini", "m"), "javascript-sdk")


async def test_no_key_is_in_it_and_files_are_cut_short(keyed: Services) -> None:
    picture = ImagePart(source=InlineData(data=b"\x89PNG" * 3000), media_type="image/png", name="a.png")
    shown = Prompt(messages=(PromptMessage(text="{{q}}", attachments=(picture,)),))
    for form in FORMS:
        code = await keyed.prompts.code(shown, {"q": "x"}, ModelRef("openai_chat", "m"), form)
        assert "sesame" not in code
        assert len(code) < 2000
        assert "MY_KEY" in code or form == "python-chatbench"
