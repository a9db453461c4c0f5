"""`chatbench prompt`, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.conftest import Run, only
from tests.harness import program
from tests.loopback import openai_chat, replies
from tests.loopback.replies import Reply
from tests.loopback.server import WORDS, LoopbackServer

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no named pipes in its folders")
WHOLE = " ".join(WORDS.split() * 3) + " "


def test_the_answer_goes_to_stdout_and_nothing_else(run: Run, loop: LoopbackServer) -> None:
    ran = run("prompt", "Hi", "-m", "loop/m")
    assert ran == (0, f"{WHOLE}\n", "")
    assert loop.asked[0].json["messages"] == [{"role": "user", "content": "Hi"}]
    assert loop.asked[0].json["stream"] is True


def test_every_option_reaches_the_provider(run: Run, loop: LoopbackServer) -> None:
    ran = run(
        "prompt", "Hi", "-m", "loop/m", "-s", "Be brief.", "-o", "temperature=0.25", "-o", "max_tokens=9",
        "-o", "stop=END", "-o", "stop=FIN", "-o", 'extra_body={"user": "me"}',
    )  # fmt: skip
    assert ran.code == 0
    sent = loop.asked[0].json
    assert sent["messages"][0] == {"role": "system", "content": "Be brief."}
    assert (sent["temperature"], sent["max_tokens"], sent["stop"]) == (0.25, 9, ["END", "FIN"])
    assert sent["user"] == "me"


def test_what_is_left_out_is_told(run: Run, loop: LoopbackServer) -> None:
    ran = run("prompt", "Hi", "-m", "loop/m", "-o", "seed=3")
    assert ran.code == 0
    assert ran.err == "Note: seed was not sent: not known to be taken.\n"


@pytest.mark.parametrize(
    "option", ["temperature", "heat=1", "temperature=warm", "temperature=nan", "extra_body={"]
)
def test_a_wrong_option_is_a_usage_error(run: Run, option: str) -> None:
    ran = run("prompt", "Hi", "-o", option)
    assert ran.code == 2
    assert "-o" in ran.err
    assert ran.out == ""


def test_what_is_piped_in_comes_before_the_text(run: Run, loop: LoopbackServer) -> None:
    run("prompt", "Translate this.", "-m", "loop/m", stdin="\ufeffDer Fuchs\n")
    run("prompt", "-m", "loop/m", stdin="alone\n")
    asked = [ask.json["messages"][0]["content"] for ask in loop.asked]
    assert asked == ["Der Fuchs\n\nTranslate this.", "alone"]


def test_five_megabytes_can_be_piped_in(run: Run, loop: LoopbackServer) -> None:
    text = "Zeile mit 世界\n" * 300_000
    assert run("prompt", "-m", "loop/m", stdin=text).code == 0
    assert loop.asked[0].json["messages"][0]["content"] == text.rstrip("\n")


def test_what_is_no_text_is_refused(run: Run) -> None:
    ran = run("prompt", "-m", "chatbench/guide", stdin=b"\xff\xfe\x00")
    assert ran.code == 2
    assert "not UTF-8" in ran.err


def test_nothing_to_ask_is_a_usage_error(run: Run) -> None:
    ran = run("prompt", "-m", "chatbench/guide")
    assert ran.code == 2
    assert "nothing to ask" in ran.err


def test_json_is_one_object(run: Run, loop: LoopbackServer) -> None:
    """With every key that was promised; a cost nobody knows is null."""
    loop.thinking = ("Let ", "me see")
    ran = run("prompt", "Hi", "-m", "loop/m", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count("\n") == 1
    told = ran.json
    assert told["text"] == WHOLE
    assert told["thinking"] == "Let me see"
    assert told["model"] == "loop/m"
    assert told["stop_reason"] == "end"
    assert told["usage"] == {
        "input_tokens": 90, "output_tokens": 25, "cache_read_tokens": 40, "cache_write_tokens": 30,
        "reasoning_tokens": 12,
    }  # fmt: skip
    assert told["cost"] is None
    assert 0 < told["timings"]["first_token_s"] <= told["timings"]["total_s"]
    assert loop.asked[0].json["stream"] is True
    shown = only(run("history", "list", "--json").json)
    assert shown["id"] == told["conversation_id"]


def test_a_cost_is_a_decimal_string(run: Run, loop: LoopbackServer) -> None:
    """What the provider itself reports comes first, exactly."""
    usage = {**openai_chat.USAGE, "cost": 0.0001234}
    loop.script(replies.events(openai_chat.stream([{"content": "x"}], usage=usage)))
    told = run("prompt", "Hi", "-m", "loop/m", "--json").json
    assert told["cost"] == {"amount": "0.0001234", "currency": "USD", "source": "provider"}


def test_no_stream_asks_for_a_whole_answer(run: Run, loop: LoopbackServer) -> None:
    ran = run("prompt", "Hi", "-m", "loop/m", "--no-stream")
    assert ran.out == f"{openai_chat.TEXT}\n"
    assert not loop.asked[0].json.get("stream")


def test_no_log_leaves_no_text_but_what_it_cost(run: Run, loop: LoopbackServer, home: Path) -> None:
    """Nothing in the history, not the picture either; the conversation id is null."""
    told = run("prompt", "unforgettable", "-m", "loop/m", "--no-log", "--json").json
    assert told["conversation_id"] is None
    picture = home / "dot.png"
    Image.new("RGB", (9, 9), "red").save(picture)
    ran = run("prompt", "look", "-a", str(picture), "-m", "chatbench/guide", "--no-log")
    assert "PNG of 9 × 9 pixels" in ran.out
    assert run("history", "list", "--json").json == []
    files = [path for path in (home / "profile").rglob("*") if path.is_file()]
    assert not any(b"unforgettable" in path.read_bytes() for path in files)
    assert not any("files" in path.parts for path in files)


def test_going_on(run: Run, loop: LoopbackServer) -> None:
    """In the newest conversation, or in one by its id; without -m in the model it was held with."""
    first = run("prompt", "One", "-m", "loop/other", "--json").json
    run("prompt", "Elsewhere", "-m", "loop/m")
    run("prompt", "Two", "--cid", first["conversation_id"])
    assert loop.asked[-1].json["model"] == "other"
    assert [m["content"] for m in loop.asked[-1].json["messages"]] == ["One", WHOLE, "Two"]
    third = run("prompt", "Three", "-c", "--json").json
    assert third["conversation_id"] == first["conversation_id"]
    assert len(loop.asked[-1].json["messages"]) == 5


def test_there_is_nothing_to_go_on_with(run: Run) -> None:
    assert "no conversation to go on with" in run("prompt", "Hi", "-c").err
    gone = run("prompt", "Hi", "--cid", "nowhere")
    assert (gone.code, gone.out) == (1, "")
    assert "no such conversation" in gone.err


def test_a_picture_is_attached(run: Run, home: Path) -> None:
    picture = home / "dot.png"
    Image.new("RGB", (120, 80), "red").save(picture)
    ran = run("prompt", "-a", str(picture), "-m", "chatbench/guide", "-o", 'extra_body={"pace": 0}')
    assert ran.code == 0
    assert "PNG of 120 × 80 pixels" in ran.out


def test_a_picture_the_model_does_not_take(run: Run, loop: LoopbackServer, home: Path) -> None:
    picture = home / "dot.png"
    Image.new("RGB", (9, 9), "red").save(picture)
    with (home / "profile" / "providers" / "loop.toml").open("a", encoding="utf-8") as file:
        file.write('\n[[rows]]\nref = { provider = "loop", id = "m" }\ncontext_window = 8000\n')
    ran = run("prompt", "-a", str(picture), "-m", "loop/m")
    assert (ran.code, ran.out) == (1, "")
    assert "does not take images" in ran.err
    assert loop.asked == []
    missing = run("prompt", "-a", str(home / "none.png"), "-m", "loop/m")
    assert missing.code == 2
    (home / "broken.png").write_bytes(picture.read_bytes()[:40])
    broken = run("prompt", "-a", str(home / "broken.png"), "-m", "chatbench/guide")
    assert broken.code == 1
    assert "damaged" in broken.err


# Models


def test_a_model_nobody_described_is_sent_as_it_is(run: Run, loop: LoopbackServer) -> None:
    """After a known provider: new models appear daily. A note says so."""
    ran = run("prompt", "Hi", "-m", "loop/brand-new")
    assert ran.code == 0
    assert loop.asked[0].json["model"] == "brand-new"
    assert "loop/brand-new is not in the catalogue" in ran.err


def test_a_bare_name_that_is_unique_will_do(run: Run, loop: LoopbackServer) -> None:
    assert run("prompt", "Hi", "-m", "other").code == 0
    assert loop.asked[0].json["model"] == "other"


def test_an_unknown_name_gets_near_names(run: Run, loop: LoopbackServer) -> None:
    ran = run("prompt", "Hi", "-m", "othr")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("Error: There is no model called 'othr'.\n  Did you mean loop/other")


def test_the_providers_own_404_gets_near_names(run: Run, loop: LoopbackServer) -> None:
    text = "The model `othr` does not exist"
    loop.script(replies.data(openai_chat.error_body("model_not_found", None, text), 404))
    ran = run("prompt", "Hi", "-m", "loop/othr")
    assert ran.code == 1
    assert "Did you mean loop/other" in ran.err


def test_without_a_model_it_says_how_to_set_one(run: Run, loop: LoopbackServer) -> None:
    ran = run("prompt", "Hi")
    assert (ran.code, ran.out) == (1, "")
    assert "no default model is set" in ran.err
    assert "chatbench models default" in ran.err
    assert run("models", "default", "loop/m").out == "loop/m\n"
    assert run("prompt", "Hi").out == f"{WHOLE}\n"
    assert run("models", "default", "--clear").out == "none\n"
    assert run("prompt", "Hi").code == 1


def test_an_alias_will_do(run: Run, loop: LoopbackServer, home: Path) -> None:
    (home / "profile" / "preferences.toml").write_text('[aliases]\nquick = "loop/other"\n', encoding="utf-8")
    assert run("prompt", "Hi", "-m", "quick").code == 0
    assert loop.asked[0].json["model"] == "other"


# Failing


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (replies.data(openai_chat.error_body("invalid_api_key", None, "no"), 401), "refused the key"),
        (replies.web_page(), "a web page instead of data"),
        (replies.data(openai_chat.error_body("insufficient_quota", None, "no"), 429), "no credit or quota"),
    ],
    ids=["key", "html", "quota"],
)
def test_a_failure_goes_to_stderr_with_a_hint(
    run: Run, loop: LoopbackServer, reply: Reply, said: str
) -> None:
    loop.script(reply)
    ran = run("prompt", "Hi", "-m", "loop/m", "--json")
    assert (ran.code, ran.out) == (1, "")
    first, hint = ran.err.splitlines()
    assert first.startswith("Error: ")
    assert said in first
    assert hint.startswith("  ")


def test_an_answer_cut_short_is_printed_kept_and_an_error(run: Run, loop: LoopbackServer) -> None:
    loop.script(replies.events(openai_chat.answer(["Half ", "an answer"])[:3], end="cut"))
    ran = run("prompt", "Hi", "-m", "loop/m")
    assert (ran.code, ran.out) == (1, "Half an answer\n")
    assert "broke off" in ran.err
    loop.script(replies.events(openai_chat.answer(["Half ", "an answer"])[:3], end="cut"))
    told = run("prompt", "Hi", "-m", "loop/m", "--json")
    assert told.code == 1
    assert (told.json["text"], told.json["state"]) == ("Half an answer", "interrupted")


def test_nothing_in_an_answer_steers_the_terminal(run: Run, loop: LoopbackServer) -> None:
    """Escape sequences, C1 controls and carriage returns come out as replacement characters; line ends
    stay, also those that come in two pieces."""
    pieces = ["red \x1b[31m", " \x9b31m", " bell \x07", " back\x08", " over\rwrite", " end\r", "\nnew\ttab"]
    loop.script(replies.events(openai_chat.answer(pieces), pace=20))
    ran = run("prompt", "Hi", "-m", "loop/m")
    assert ran.out == "red \ufffd[31m \ufffd31m bell \ufffd back\ufffd over\ufffdwrite end\nnew\ttab\n"


def test_nothing_in_an_error_steers_the_terminal(run: Run, loop: LoopbackServer) -> None:
    loop.script(replies.data(openai_chat.error_body(None, None, "bad \x1b]0;title\x07"), 400))
    ran = run("prompt", "Hi", "-m", "loop/m")
    assert "\x1b" not in ran.err
    assert "\x07" not in ran.err


def test_a_refusal_is_told(run: Run, loop: LoopbackServer) -> None:
    ran = run("prompt", "Hi", "-m", "loop/refusal")
    assert "Refused: I cannot help with that.\n" in ran.err
    assert run("prompt", "Hi", "-m", "loop/refusal", "--json").json["refusal"] == "I cannot help with that."


# Stopping


@pytest.mark.parametrize("as_json", [False, True])
def test_ctrl_c_keeps_what_came(run: Run, env: dict[str, str], loop: LoopbackServer, as_json: bool) -> None:
    """The answer is stored as stopped, the connection closed, the exit code 130."""
    loop.pace = 50
    loop.words = ["word "] * 10_000
    options = ["--json"] if as_json else []
    process = subprocess.Popen(
        program.command("prompt", "Hi", "-m", "loop/m", *options), env=env, cwd=program.ROOT,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    loop.wait_for_asking()
    if not as_json:
        assert process.stdout is not None
        assert process.stdout.read(5) == "word "
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err == "Stopped.\n"
    loop.wait_for_leaving()
    if as_json:
        assert json.loads(out)["state"] == "stopped"
    newest = only(run("history", "list", "--json").json)
    question, answer = run("history", "show", newest["id"], "--json").json["messages"]
    assert (question["state"], answer["state"]) == ("done", "stopped")
    assert as_json or answer["text"].startswith("word ")


def asking_with_a_pipe(env: dict[str, str], pipe: Path) -> subprocess.Popen[str]:
    os.mkfifo(pipe)
    return subprocess.Popen(
        program.command("prompt", "Hi", "-m", "loop/m", "-f", str(pipe)), env=env, cwd=program.ROOT,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@posix
def test_ctrl_c_ends_the_wait_for_a_pipe_nobody_writes_to(
    env: dict[str, str], loop: LoopbackServer, tmp_path: Path
) -> None:
    with asking_with_a_pipe(env, tmp_path / "pipe") as process:
        try:
            with (tmp_path / "pipe").open("wb"):  # returns when the program has opened its end
                process.send_signal(signal.SIGINT)
                _, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (process.returncode, err.strip()) == (130, "")
    assert loop.asked == []


@posix
def test_what_a_program_writes_to_a_pipe_is_a_fragment(
    env: dict[str, str], loop: LoopbackServer, tmp_path: Path
) -> None:
    with asking_with_a_pipe(env, tmp_path / "pipe") as process:
        (tmp_path / "pipe").write_text("Piece by piece.\n")
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert loop.asked[0].json["messages"] == [{"role": "user", "content": "Piece by piece.\n\nHi"}]


def test_a_reader_that_leaves_is_no_crash(env: dict[str, str], run: Run, loop: LoopbackServer) -> None:
    loop.pace = 200
    loop.words = ["word "] * 400
    process = subprocess.Popen(
        program.command("prompt", "Hi", "-m", "loop/m"), env=env, cwd=program.ROOT,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(5)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(20) == 1
    assert "Traceback" not in err
    newest = only(run("history", "list", "--json").json)
    assert run("history", "show", newest["id"], "--json").json["messages"][1]["text"].startswith("word ")


def test_blanks_are_nothing_to_ask(run: Run, loop: LoopbackServer) -> None:
    ran = run("prompt", "  \n", "-m", "loop/m")
    assert ran.code == 2
    assert "There is nothing to ask" in ran.err
    assert loop.asked == []


@pytest.mark.parametrize("option", ["--save", "-t", "--schema", "--schema-multi", "--cid", "--key"])
def test_an_option_that_is_given_empty_is_not_passed_over(
    run: Run, loop: LoopbackServer, option: str
) -> None:
    ran = run("prompt", "hi", "-m", "loop/m", option, "")
    assert ran.code in (1, 2), "as where a variable of the shell is empty"
    assert ran.err.strip()
    assert loop.asked == []
