"""The Python API as a program uses it: `import chatbench`, and nothing else of ours."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydantic
import pytest
from tests.client.pictures import png
from tests.harness.program import ROOT
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer

import chatbench
from chatbench import errors
from chatbench.client import sync
from chatbench.core.messages import ImagePart, InlineData, ToolCallPart

KEY = "sk-canary-0123456789abcdef"
HEAVY = (
    "PIL", "PySide6", "httptools", "anthropic", "apsw", "asyncio", "click", "httpx", "jsonschema",
    "keyring", "markdown_it", "msgspec", "openai", "platformdirs", "pydantic", "pygments", "rich", "ssl",
    "tomlkit", "tqdm", "truststore",
)  # fmt: skip
PROVIDER = (
    'id = "loop"\nname = "Loop"\nwire = "openai_chat"\nbase_url = "{url}"\nkey_env = ["LOOP_API_KEY"]\n'
)
TOOL = {"name": "upper", "parameters": {"type": "object", "properties": {"text": {"type": "string"}}}}


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


@pytest.fixture
def profile(home: Path, server: LoopbackServer) -> Iterator[Path]:
    """A profile that knows the loopback server as `loop`; the default environment opens it."""
    folder = home / "profile"
    (folder / "providers").mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
    url = server.base_url("openai_chat")
    (folder / "providers" / "loop.toml").write_text(PROVIDER.format(url=url), "utf-8")
    yield folder
    chatbench.close()


def python(code: str, **environ: str) -> str:
    """What a program prints. It must end well, without a word on stderr; warnings are errors."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT / "app"), **environ},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


# The package


def test_importing_it_imports_nothing_heavy() -> None:
    code = f"import sys, chatbench; print([name for name in {HEAVY} if name in sys.modules])"
    assert python(code) == "[]\n"


def test_importing_it_is_quick() -> None:
    """CPU time of the import alone, the best of five; the benchmark has the exact number."""
    code = "import time; began = time.process_time(); import chatbench; print(time.process_time() - began)"
    assert min(float(python(code)) for _ in range(5)) < 0.03


def test_every_name_is_there() -> None:
    for name in chatbench.__all__:
        assert getattr(chatbench, name) is not None
    assert set(chatbench.__all__) <= set(dir(chatbench))
    assert len(set(chatbench.__all__)) == len(chatbench.__all__)


def test_all_of_it_may_be_imported() -> None:
    code = "from chatbench import *\nprint(LLMClient.__name__, errors.UnknownModel.__name__, schema_dsl('a'))"
    assert python(code).startswith("LLMClient UnknownModel {")


def test_a_name_there_is_none_of() -> None:
    with pytest.raises(AttributeError, match="no attribute 'LLMKlient'"):
        chatbench.LLMKlient  # noqa: B018


# The default environment


def test_it_is_made_when_it_is_needed(home: Path) -> None:
    code = "import os, chatbench\nchatbench.LLMClient\nprint(os.path.exists(os.environ['CHATBENCH_HOME']))"
    assert python(code) == "False\n"
    code = "import chatbench\none = chatbench.default_environment()\n"
    code += "print(one is chatbench.LLMClient().environment)"
    assert python(code) == "True\n"
    assert (home / "profile" / "chatbench.db").exists()


def test_a_script_that_names_no_environment(profile: Path, server: LoopbackServer) -> None:
    code = """
import chatbench
client = chatbench.LLMClient("loop/m")
print(client.complete_sync("One").text)
print(len(client.process_prompts_sync(["a", "b", "c"])))
print("".join(client.stream_text_sync("Two")))
"""
    words = "".join(server.words)
    assert python(code, LOOP_API_KEY=KEY) == f"{openai_chat.TEXT}\n3\n{words}\n"
    assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {KEY}"}
    database = sqlite3.connect(profile / "chatbench.db")
    calls, tokens = database.execute("SELECT sum(calls), sum(output_tokens) FROM spend").fetchone()
    said = database.execute("SELECT count(*) FROM messages").fetchone()[0]
    database.close()
    assert calls == len(server.asked) == 5
    assert tokens > 0
    assert said == 0, "nothing goes to the history unless asked for"


def test_a_script_with_a_loop_of_its_own(profile: Path, server: LoopbackServer) -> None:
    code = """
import asyncio, chatbench
async def main():
    client = chatbench.LLMClient("loop/m")
    print((await client.complete("One")).text)
    print(len([pair async for pair in client.as_completed(["a", "b"])]))
    await chatbench.aclose()
asyncio.run(main())
"""
    assert python(code, LOOP_API_KEY=KEY) == f"{openai_chat.TEXT}\n2\n"


async def test_in_a_notebook_a_loop_runs_already(profile: Path, server: LoopbackServer) -> None:
    client = chatbench.LLMClient("loop/m", key=KEY)
    assert client.complete_sync("One").text == (await client.complete("Two")).text
    assert str(client.prompt("Three")) == "".join(server.words)
    await chatbench.aclose()
    sync.background.stop()


# As the programs of other libraries are written


def client(**settings: Any) -> chatbench.LLMClient:
    return chatbench.LLMClient("loop/m", **{"key": KEY, **settings})


def test_the_default_model_and_its_aliases(profile: Path, server: LoopbackServer) -> None:
    with pytest.raises(errors.UnknownModel):
        chatbench.get_model()
    chatbench.set_alias("quick", "loop/m")
    chatbench.set_default_model("quick")
    model = chatbench.get_model(key=KEY)
    assert model.model_id == chatbench.get_default_model() == "loop/m"
    assert model.prompt("Hi").text_sync() == "".join(server.words)
    chatbench.remove_alias("quick")
    with pytest.raises(KeyError):
        chatbench.remove_alias("quick")


def test_a_model_is_given_its_key(profile: Path, server: LoopbackServer) -> None:
    model = chatbench.get_model("loop/m")
    assert model.model_id == "loop/m"
    with pytest.raises(errors.MissingKey):
        model.prompt("Hi").text_sync()
    model.key = KEY
    assert f"{model.prompt('Hi')}" == "".join(server.words)
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(model.key)


def test_other_names_of_one_parameter(profile: Path) -> None:
    meant = chatbench.Parameters(max_output_tokens=7, stop=("end",))
    for name in ("max_output_tokens", "max_tokens", "max_new_tokens", "max_completion_tokens"):
        assert client(**{name: 7, "stop": "end"}).parameters == (meant,)


def test_a_conversation_is_asked(profile: Path, server: LoopbackServer) -> None:
    said = chatbench.Conversation.system("Be brief").with_user("Hi").with_assistant("Ho").with_user("Ha")
    assert client().complete_sync(said).text == openai_chat.TEXT
    assert "".join(client().stream_text_sync(said)) == "".join(server.words)
    assert len(server.asked) == 2
    for asked in server.asked:
        assert [message["content"] for message in asked.json["messages"]] == ["Be brief", "Hi", "Ho", "Ha"]


def test_attachments_by_every_way(profile: Path, server: LoopbackServer, tmp_path: Path) -> None:
    file = tmp_path / "cat.png"
    file.write_bytes(png(4, 4))
    url = "https://example.org/cat.png"
    ways = [file, url, chatbench.Image(png(4, 4)), chatbench.File(str(file))]
    model = chatbench.get_model("loop/m", key=KEY)
    session = model.conversation()
    for ask in (model.prompt, session.prompt):
        ask("Look", attachments=ways).text_sync()
        (*pictures, words) = server.asked[-1].json["messages"][0]["content"]
        assert words == {"type": "text", "text": "Look"}
        sent = [picture["image_url"]["url"] for picture in pictures]
        assert sent[1] == url
        assert sent[0] == sent[2] == sent[3]
        assert sent[0].startswith("data:image/png;base64,")


def test_what_a_response_says_of_tools_and_tokens(profile: Path, server: LoopbackServer) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "upper", "arguments": '{"text": "a"}'}}
    body = openai_chat.whole({"content": None, "tool_calls": [call]}, model="m-2026")
    body["choices"][0]["finish_reason"] = "tool_calls"
    server.script(replies.data(body, 200, {"x-ms-region": "West Europe"}))
    response = client().complete_sync("Hi", tools=[TOOL], tool_choice="upper")
    chosen = {"type": "function", "function": {"name": "upper"}}
    assert server.asked[0].json["tool_choice"] == chosen
    (asked,) = response.tool_calls
    assert type(asked) is ToolCallPart
    assert (asked.name, asked.call_id, json.loads(asked.arguments)) == ("upper", "c1", {"text": "a"})
    assert (response.stop_reason, response.stop_detail) == ("tool_calls", "tool_calls")
    assert (response.model_answered, response.region) == ("m-2026", "West Europe")
    usage = response.usage
    assert usage is not None
    assert usage.has_cache_hit == (usage.cache_read_tokens > 0) is True
    assert usage.details["cache_read_tokens"] == usage.cache_read_tokens
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens


def test_what_every_call_of_many_takes(profile: Path, server: LoopbackServer) -> None:
    asking: dict[str, Any] = {"tools": [TOOL], "service_tier": "flex", "temperature": 0.5}
    client().process_prompts_sync(["a", "b"], **asking)
    mine = client()
    mine.wait_for_sync(mine.start_nowait_sync("c", **asking))
    assert len(server.asked) == 3
    for asked in server.asked:
        assert asked.json["tools"][0]["function"]["name"] == "upper"
        assert (asked.json["service_tier"], asked.json["temperature"]) == ("flex", 0.5)


def test_a_response_is_plain_values_and_back(profile: Path, server: LoopbackServer) -> None:
    picture = png(4, 4)
    question = chatbench.Message.user("Look", image=picture)
    response = client(extra_headers={"X-Team": "secret-of-ours"}).complete_sync(question)
    assert str(response) == response.text == openai_chat.TEXT
    told = response.to_dict()
    text = json.dumps(told)
    assert KEY not in text
    assert "secret-of-ours" not in text
    assert "raw" not in told, "the picture stands in it too"
    asked = chatbench.Request(
        model=response.model, messages=(question,), extra_headers={"a": "secret-of-ours"}
    )
    for one in (asked, chatbench.Response(model=response.model, request=asked)):
        assert "secret-of-ours" not in json.dumps(one.to_dict())
    again = chatbench.Response.from_dict(json.loads(text))
    assert again.prompt[0].text == f"[image: image/png, {len(picture):,} bytes]Look"
    assert (again.text, again.usage, again.cost, again.timings) == (
        response.text, response.usage, response.cost, response.timings,
    )  # fmt: skip
    whole = chatbench.Response.from_dict(json.loads(json.dumps(response.to_dict(whole=True))))
    part = whole.prompt[0].parts[0]
    assert isinstance(part, ImagePart)
    assert part.source == InlineData(data=picture)
    assert whole.raw == response.raw
    assert chatbench.Usage.from_dict(response.to_dict()["usage"]) == response.usage
    with pytest.raises(errors.FormatError, match="Response"):
        chatbench.Response.from_dict({"parts": 7})


def test_answers_of_a_type_of_the_callers_are_written_plainly(
    profile: Path, server: LoopbackServer, tmp_path: Path
) -> None:
    class Dog(pydantic.BaseModel):
        name: str

    server.script(*[replies.data(openai_chat.whole({"content": '{"name": "Rex"}'}))] * 2)
    response = client().complete_sync("A dog", schema=Dog)
    assert response.parsed == Dog(name="Rex")
    assert response.to_dict()["parsed"] == {"name": "Rex"}
    client().run_sync(["A dog"], tmp_path / "dogs.jsonl", schema=Dog)
    assert json.loads((tmp_path / "dogs.jsonl").read_bytes())["parsed"] == {"name": "Rex"}


def test_progress_in_every_form(profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[chatbench.Progress] = []
    client(progress=seen.append).process_prompts_sync(["a", "b"])
    assert (seen[-1].done, seen[-1].failed, seen[-1].waiting, seen[-1].total) == (2, 0, 0, 2)
    assert capsys.readouterr().err == ""
    client(progress="tqdm").process_prompts_sync(["a", "b"])
    assert "2/2" in capsys.readouterr().err
    client(progress="rich").process_prompts_sync(["a", "b"])
    assert "2/2" in capsys.readouterr().err
    client(progress="rich").process_prompts_sync(["a", "b"], show_progress=False)
    assert capsys.readouterr().err == ""
    with pytest.raises(errors.ConfigurationError, match="bars"):
        client(progress="bars").process_prompts_sync(["a"])


def test_the_tracker_counts_from_open_to_close(profile: Path, server: LoopbackServer) -> None:
    seen: list[chatbench.Progress] = []
    mine = client(progress=seen.append)
    mine.complete_sync("before")
    mine.open(total=2)
    mine.start_sync("a")
    server.script(replies.data(openai_chat.error_body(None, None, "no"), 400))
    with pytest.raises(errors.BadRequest):
        mine.start_sync("b")
    assert (mine.tracker.done, mine.tracker.failed, mine.tracker.total) == (1, 1, 2)
    mine.reset_tracker()
    assert (mine.tracker.done, mine.tracker.total) == (0, 2)
    assert mine.close() == mine.tracker or seen[-1].done == 0
    told = len(seen)
    mine.open(show_progress=False)
    mine.complete_sync("c")
    assert len(seen) == told
    assert mine.tracker.done == 1


def test_an_address_of_ones_own(profile: Path, server: LoopbackServer) -> None:
    with LoopbackServer() as other:
        url = other.base_url("openai_chat")
        mine = client(base_url=url)
        mine.complete_sync("Hi")
        assert [info.ref.provider for info in mine.list_models_sync()]
        mine.count_tokens_sync("Hi", exact=True)
        assert len(other.asked) >= 2
        assert server.asked == []
        assert chatbench.LLMClient.from_dict(mine.to_dict(), key=KEY).base_url == url
        with pytest.raises(errors.ConfigurationError, match="another provider"):
            mine.complete_sync("Hi", model="openai/gpt-5.5")
        os.environ["LOOP_API_KEY"] = KEY
        with pytest.raises(errors.MissingKey):
            chatbench.LLMClient("loop/m", base_url=url).complete_sync("Hi")
        del os.environ["LOOP_API_KEY"]
    for wrong in ("nowhere", "file:///etc"):
        with pytest.raises(errors.ConfigurationError):
            client(base_url=wrong)
    with pytest.raises(errors.ConfigurationError, match="one provider"):
        chatbench.LLMClient(["loop/m", "openai/gpt-5.5"], base_url=url)


def test_a_key_is_for_its_own_provider(profile: Path, server: LoopbackServer) -> None:
    with pytest.raises(errors.MissingKey):
        client().list_models_sync("openai")
    assert client().list_models_sync("loop")


def _keeping(profile: Path, server: LoopbackServer) -> None:
    """There is a provider "keeps" that keeps answers."""
    (profile / "providers" / "keeps.toml").write_text(
        PROVIDER.replace("loop", "keeps")
        .replace("openai_chat", "openai_responses")
        .format(url=server.base_url("openai_responses"))
    )
    chatbench.default_environment().registry.reload()


def _kept() -> dict[str, Any]:
    said = {"type": "output_text", "text": "kept", "annotations": []}
    message = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [said],
    }
    return {"id": "resp_1", "object": "response", "model": "m", "status": "completed", "output": [message]}


def test_answers_a_provider_keeps(profile: Path, server: LoopbackServer) -> None:
    with pytest.raises(errors.EndpointNotSupported):
        client().retrieve_response_sync("resp_1")
    _keeping(profile, server)
    mine, kept = chatbench.LLMClient("keeps/m", key=KEY), _kept()
    server.script(replies.data(kept), replies.data({**kept, "status": "cancelled"}), replies.data({}))
    assert (mine.retrieve_response_sync("resp_1").text, len(server.asked)) == ("kept", 1)
    assert mine.cancel_response_sync("resp_1").response_id == "resp_1"
    mine.delete_response_sync("resp_1")
    assert all("/responses/resp_1" in asked.path for asked in server.asked)
    assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {KEY}"}


def test_what_a_kept_answer_was_asked_with_goes_along_again(profile: Path, server: LoopbackServer) -> None:
    _keeping(profile, server)
    mine = chatbench.LLMClient(
        "keeps/m", key=KEY, extra_headers={"X-Team": "a"}, extra_query={"region": "eu"}, api_version="v1"
    )
    server.script(*[replies.data(_kept())] * 2, replies.data({}), replies.data(_kept()))
    mine.retrieve_response_sync("resp_1")
    mine.cancel_response_sync("resp_1")
    mine.delete_response_sync("resp_1")
    assert [asked.headers["x-team"] for asked in server.asked] == ["a"] * 3
    assert {asked.target.partition("?")[2] for asked in server.asked} == {"api-version=v1&region=eu"}
    mine.retrieve_response_sync(
        "resp_1", extra_headers={"X-Team": "b"}, extra_query={"zone": "2"}, api_version="v2"
    )
    assert server.asked[-1].headers["x-team"] == "b"
    assert server.asked[-1].target.partition("?")[2] == "api-version=v2&region=eu&zone=2"
    with pytest.raises(TypeError, match="api_versoin"):
        mine.retrieve_response_sync("resp_1", api_versoin="v2")  # type: ignore[call-arg]


def test_messages_of_the_old_function_role_are_read() -> None:
    asked = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}}
    answered = {"role": "function", "name": "f", "content": "7"}
    said = chatbench.Conversation.from_openai_chat([asked, answered])
    assert [message.role for message in said] == ["assistant", "tool"]
    assert said.open_calls == ()
