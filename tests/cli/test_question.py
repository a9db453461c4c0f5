"""What `chatbench prompt` can ask: several models, schemas, fragments, templates, every parameter."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from tests.cli.conftest import Run, only
from tests.harness import program
from tests.loopback import openai_chat, replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer

PERSON = '{"name": "Ada", "age": 36}'
BOTH = ("-m", "loop/m", "-m", "loop/other")


def told(text: str) -> Reply:
    return replies.events(openai_chat.answer([text]))


def test_every_parameter_can_be_given(run: Run, loop: LoopbackServer) -> None:
    given = {
        "temperature": "0.5", "top_p": "0.9", "stop": "END", "max_tokens": "9", "user": "123", "n": "2",
        "logit_bias": '{"50256": -100}', "logprobs": "true", "top_logprobs": "3", "json_mode": "true",
        "service_tier": "flex", "metadata": '{"team": "a"}', "extra_body": '{"x": [1]}',
    }  # fmt: skip
    options = [part for name, value in given.items() for part in ("-o", f"{name}={value}")]
    ran = run("prompt", "Hi", "-m", "loop/m", *options)
    assert (ran.code, ran.err) == (0, "")
    sent = only(loop.asked).json
    assert (sent["n"], sent["logit_bias"], sent["top_logprobs"]) == (2, {"50256": -100}, 3)
    assert (sent["user"], sent["metadata"], sent["x"]) == ("123", {"team": "a"}, [1])
    assert (sent["service_tier"], sent["stop"], sent["max_tokens"]) == ("flex", ["END"], 9)
    assert sent["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("temprature=1", "temperature"),
        ("n=two", "-o n=two"),
        ("logit_bias={", "not JSON"),
        ("metadata=[1]", "-o metadata"),
        ("service_tier=gold", "-o service_tier"),
        ("top_k=1.5", "-o top_k"),
    ],
)
def test_a_wrong_parameter_is_named(run: Run, option: str, said: str) -> None:
    ran = run("prompt", "Hi", "-m", "chatbench/guide", "-o", option)
    assert ran.code == 2
    assert said in ran.err


def test_several_models_are_asked_at_once_and_printed_in_order(run: Run, loop: LoopbackServer) -> None:
    """The first to be asked is the last to answer."""
    loop.pace = 100.0
    ran = run("prompt", "Hi", *BOTH, "-m", "chatbench/guide", "--json")
    assert (ran.code, ran.err) == (0, "")
    answers = [json.loads(line) for line in ran.out.splitlines()]
    assert [answer["model"] for answer in answers] == ["loop/m", "loop/other", "chatbench/guide"]
    assert len({answer["conversation_id"] for answer in answers}) == 1
    assert sorted(ask.json["model"] for ask in loop.asked) == ["m", "other"]
    shown = run("history", "show", answers[0]["conversation_id"], "--json").json
    assert [message["role"] for message in shown["messages"]] == ["user"] + ["assistant"] * 3


def test_one_that_fails_leaves_the_others(run: Run, loop: LoopbackServer) -> None:
    loop.script(*[replies.data({"error": {"message": "No such model"}}, 404)] * 2)
    ran = run("prompt", "Hi", *BOTH, "-m", "chatbench/guide", "--json", "--no-log")
    assert ran.code == 1
    first, second, third = (json.loads(line) for line in ran.out.splitlines())
    assert first["error"]["kind"] == second["error"]["kind"] == "NotFound"
    assert (third["error"], third["state"]) == (None, "done")
    assert ran.err.count("Error: loop/") == 2
    assert run("history", "list").out == ""


def test_without_a_wide_terminal_one_stands_under_the_other(run: Run, loop: LoopbackServer) -> None:
    ran = run("prompt", "Hi", *BOTH, "--usage")
    assert ran.code == 0
    first, second = ran.out.split("\n\n## loop/other\n\n")
    assert first == f"## loop/m\n\n{second.rstrip(chr(10))}"
    assert [line.split(":")[0] for line in ran.err.splitlines()] == ["loop/m", "loop/other"]
    assert "tokens in" in ran.err
    assert "price unknown" in ran.err


def test_on_a_wide_terminal_they_stand_side_by_side(env: dict[str, str], loop: LoopbackServer) -> None:
    outer, inner = pty.openpty()
    fcntl.ioctl(outer, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 90, 0, 0))
    with subprocess.Popen(
        program.command("prompt", "Hi", *BOTH), env={**env, "TERM": "xterm"}, cwd=program.ROOT,
        stdin=subprocess.DEVNULL, stdout=inner, stderr=subprocess.PIPE,
    ) as running:  # fmt: skip
        os.close(inner)
        shown = b""
        try:
            while piece := os.read(outer, 65_536):
                shown += piece
        except OSError:  # the other side has closed
            pass
        os.close(outer)
        assert running.wait(program.PATIENCE_S) == 0
    heading = next(line for line in shown.decode().splitlines() if "loop/m" in line)
    assert "loop/other" in heading
    words = next(line for line in reversed(shown.decode().splitlines()) if "quick" in line)
    assert words.count("quick") == 2


def test_an_answer_to_a_schema_is_printed_as_json(run: Run, loop: LoopbackServer) -> None:
    loop.script(told(f"```json\n{PERSON}\n```"))
    ran = run("prompt", "Who?", "-m", "loop/m", "--schema", "name, age int: in years")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == '{\n  "name": "Ada",\n  "age": 36\n}\n'
    sent = only(loop.asked).json["response_format"]["json_schema"]["schema"]
    assert sent["properties"]["age"] == {"type": "integer", "description": "in years"}
    assert sent["required"] == ["name", "age"]


def test_schemas_from_files_and_for_lists(run: Run, loop: LoopbackServer, tmp_path: Path) -> None:
    path = tmp_path / "person.json"
    path.write_text('{"type": "object", "properties": {"name": {"type": "string"}}}', encoding="utf-8")
    loop.script(told(f'{{"items": [{PERSON}]}}'))
    ran = run("prompt", "Who?", "-m", "loop/m", "--schema-multi", str(path), "--json")
    assert ran.json["parsed"] == {"items": [{"name": "Ada", "age": 36}]}
    sent = only(loop.asked).json["response_format"]["json_schema"]["schema"]
    assert sent["properties"]["items"]["items"]["properties"] == {"name": {"type": "string"}}


def test_an_answer_that_does_not_fit_is_an_error(run: Run, loop: LoopbackServer) -> None:
    loop.script(told('{"name": "Ada", "age": "old"}'))
    ran = run("prompt", "Who?", "-m", "loop/m", "--schema", "name, age int")
    assert (ran.code, ran.out) == (1, '{"name": "Ada", "age": "old"}\n')
    assert "$.age" in ran.err


@pytest.mark.parametrize(
    "schema", ["name strng", '{"type": "objekt"}', "{not json", "nowhere.json", '{"$ref": "#/x"}']
)
def test_a_wrong_schema_is_told_before_anything_is_sent(run: Run, loop: LoopbackServer, schema: str) -> None:
    ran = run("prompt", "Who?", "-m", "loop/m", "--schema", schema)
    assert ran.code == 1
    assert ran.err.startswith("Error: ")
    assert loop.asked == []


def test_no_answer_fits_no_schema(run: Run, loop: LoopbackServer) -> None:
    loop.script(told(""))
    ran = run("prompt", "Who?", "-m", "loop/m", "--schema", "name")
    assert (ran.code, ran.out) == (1, "")
    assert "it is empty" in ran.err


def test_alternatives_are_printed_too(run: Run, loop: LoopbackServer) -> None:
    frames, _ = openai_chat.several(["one", "two"])
    loop.script(replies.events(frames), replies.events(frames))
    ran = run("prompt", "Hi", "-m", "loop/m", "-o", "n=2")
    assert (ran.code, ran.out) == (0, "one\n\n## 2\n\ntwo\n")
    assert run("prompt", "Hi", "-m", "loop/m", "-o", "n=2", "--json").json["alternatives"] == ["two"]


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("Here:\n\n```python\nprint(1)\n\nprint(2)\n```\n\nand\n```\nmore\n```", "print(1)\n\nprint(2)\n"),
        ("````\n```\ninner\n```\n````", "```\ninner\n```\n"),
        ("~~~\ncut off", "cut off\n"),
        ("none, but `this`", "none, but `this`\n"),
    ],
)
def test_the_first_code_block_alone(run: Run, loop: LoopbackServer, text: str, block: str) -> None:
    loop.script(told(text))
    ran = run("prompt", "Hi", "-m", "loop/m", "-x")
    assert (ran.code, ran.out) == (0, block)


def test_fragments_come_before_the_question(run: Run, loop: LoopbackServer, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("from a file\n", encoding="utf-8")
    ran = run(
        "prompt", "What is this?", "-m", "loop/m", "-s", "Be brief.", "-f", str(tmp_path / "a.txt"),
        "-f", "-", "--system-fragment", str(tmp_path / "a.txt"), stdin="piped\n",
    )  # fmt: skip
    assert ran.code == 0
    system, question = only(loop.asked).json["messages"]
    assert system["content"] == "from a file\n\nBe brief."
    assert question["content"] == "from a file\n\npiped\n\nWhat is this?"
    assert run("history", "list").out.endswith("  What is this?\n")


@pytest.mark.parametrize("source", ["nowhere.txt", "http://127.0.0.1:1/", "ftp://example.org/"])
def test_a_fragment_that_cannot_be_had(run: Run, loop: LoopbackServer, source: str) -> None:
    ran = run("prompt", "Hi", "-m", "loop/m", "-f", source)
    assert ran.code == 1
    assert loop.asked == []
    assert run("history", "list").out == ""


def test_templates(run: Run, loop: LoopbackServer) -> None:
    saved = run(
        "prompt", "Say {{input}} in {{lang}}, {{how}}.", "-m", "loop/other", "-s", "You speak {{lang}}.",
        "-p", "lang", "German", "-o", "temperature=0.5", "--save", "say",
    )  # fmt: skip
    assert saved.code == 0
    assert run("templates", "list").out.split()[:4] == ["say", "{{lang}}", "{{input}}", "{{how}}"]
    assert 'lang = "German"' in run("templates", "show", "say").out
    again = run("prompt", "x", "--save", "say")
    assert (again.code, "already" in again.err) == (1, True)
    assert loop.asked == []

    missing = run("prompt", "-t", "say", "yes")
    assert (missing.code, "-p how VALUE" in missing.err) == (1, True)
    assert loop.asked == []
    assert run("prompt", "-t", "say", "-p", "how", "softly", stdin="yes\n").code == 0
    sent = only(loop.asked).json
    assert (sent["model"], sent["temperature"]) == ("other", 0.5)
    assert [message["content"] for message in sent["messages"]] == [
        "You speak German.", "Say yes in German, softly.",
    ]  # fmt: skip

    assert run("templates", "remove", "say").code == 0
    gone = run("prompt", "-t", "say", "yes")
    assert (gone.code, "no template" in gone.err) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [("--save", "x", "--key", "MINE"), ("--save", "x", "-f", "-"), ("-p", "a", "b"), ("-f", "-", "-f", "-"),
     ("--save", "x", "-p", "nowhere", "b"), ("--schema", "a", "--schema-multi", "b"),
     ("-x", "--json")],
)  # fmt: skip
def test_what_does_not_go_together(run: Run, arguments: tuple[str, ...]) -> None:
    ran = run("prompt", "Hi", "-m", "chatbench/guide", *arguments, MINE="0123456789")
    assert ran.code == 2


def test_a_key_for_one_call_is_named_and_never_given(run: Run, server: LoopbackServer) -> None:
    url = server.base_url("openai_chat")
    for name in ("loop", "second"):
        assert (
            run("providers", "add", name, "--wire", "openai_chat", "--base-url", url, "--model", "m").code
            == 0
        )
    given = run("prompt", "Hi", "-m", "loop/m", "--key", "sk-0123456789")
    assert (given.code, "sk-0123456789" in given.err) == (2, False)
    two = run("prompt", "Hi", "-m", "loop/m", "-m", "second/m", "--key", "MINE", MINE="sk-0123456789")
    assert two.code == 1
    assert server.asked == []
    assert run("prompt", "Hi", "-m", "loop/m", "--key", "MINE", MINE="sk-0123456789").code == 0
    assert only(server.asked).headers["authorization"] == "Bearer sk-0123456789"


def test_aliases_and_defaults(run: Run, loop: LoopbackServer) -> None:
    assert run("aliases", "set", "fast", "loop/other").out == "fast is loop/other.\n"
    assert run("aliases", "set", "faster", "fast").out == "faster is loop/other.\n"
    assert run("aliases", "list", "--json").json == {"fast": "loop/other", "faster": "loop/other"}
    assert run("models", "default", "faster").out == "loop/other\n"
    assert run("models", "default", "--embedding", "loop/m").out == "loop/m\n"
    assert run("models", "default").out == "loop/other\n"
    assert run("prompt", "Hi").code == 0
    assert only(loop.asked).json["model"] == "other"
    assert run("aliases", "remove", "fast").code == 0
    assert run("aliases", "remove", "fast").code == 1
    assert run("aliases", "set", "x", "nowhere/none").code == 1


def test_models_tell_their_parameters(run: Run) -> None:
    rows = {row["id"]: row for row in run("models", "--options", "--json").json}
    guide = rows["chatbench/guide"]["parameters"]
    assert guide["temperature"] == "this interface has no field for it"
    text = run("models", "--options", "--provider", "anthropic").out
    assert "sent: " in text
    plain = run("models", "--json", "--provider", "anthropic")
    assert "parameters" not in plain.json[0]
    assert run("models", "list", "--json", "--provider", "anthropic") == plain
