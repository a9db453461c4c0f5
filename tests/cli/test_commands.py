"""models, providers, keys, history and the global options, each in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import resource
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Run, only
from tests.harness import program
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer

from chatbench import __version__
from chatbench.core.models import ModelRef
from chatbench.main import build

PACE = 'extra_body={"pace": 0}'

# Global options


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"chatbench, version {__version__}\n", "")


def test_little_is_imported_to_say_so(env: dict[str, str]) -> None:
    """No Qt, no pictures, no highlighter, no HTTP, no database that was opened."""
    code = (
        "import sys; from chatbench.__main__ import main; main(sys.argv[1:]);"
        "heavy = {'PySide6', 'PIL', 'pygments', 'httptools', 'httpx', 'keyring', 'rich', 'tomlkit'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    for arguments in (["--version"], ["prompt", "Hi", "-m", "chatbench/guide", "-o", PACE]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], env=env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        assert done.stdout.splitlines()[-1] == "[]"


def test_a_profile_is_a_folder(run: Run, home: Path) -> None:
    """By option or variable; the option wins. Nothing is readable by others."""
    chosen = home / "chosen"
    run("--profile", str(chosen), "prompt", "Hi", "-m", "chatbench/guide", "-o", PACE)
    assert (chosen / "chatbench.db").exists()
    assert not (home / "profile" / "chatbench.db").exists()
    assert len(run("history", "list", "--json", CHATBENCH_HOME=str(chosen)).json) == 1
    assert run("history", "list", "--json").json == []
    modes = {path.stat().st_mode & 0o077 for path in [chosen, *chosen.rglob("*")]}
    assert modes == {0}


def test_a_profile_that_cannot_be_written(env: dict[str, str], home: Path) -> None:
    (home / "closed").mkdir(mode=0o500)
    # Root may write anywhere, unless it gives that up.
    give_up = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"]
    ran = subprocess.run(
        [*(give_up if os.geteuid() == 0 else []),
         *program.command("--profile", str(home / "closed" / "in"), "history", "list")],
        env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "cannot be written" in ran.stderr


def test_a_profile_that_is_no_folder(run: Run, home: Path) -> None:
    (home / "file").write_bytes(b"")
    ran = run("history", "list", CHATBENCH_HOME=str(home / "file"))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("Error: ")
    assert "Traceback" not in ran.err


def test_log_level(run: Run, home: Path, loop: LoopbackServer) -> None:
    """By option or variable, into the profile, not to the terminal."""
    log = home / "profile" / "logs" / "chatbench.log"
    assert run("prompt", "Hi", "-m", "loop/m").err == ""
    assert not log.exists() or "DEBUG" not in log.read_text()
    assert run("--log-level", "debug", "prompt", "Hi", "-m", "loop/m").err == ""
    assert "DEBUG" in log.read_text()
    log.unlink()
    run("prompt", "Hi", "-m", "loop/m", CHATBENCH_LOG="debug")
    assert "DEBUG" in log.read_text()


def test_an_unknown_log_level(run: Run) -> None:
    assert run("--log-level", "loud", "history", "list").code == 2
    ran = run("history", "list", CHATBENCH_LOG="loud")
    assert ran.code == 1
    assert "log level 'loud'" in ran.err


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["--nonsense"], ["history", "nonsense"], ["keys", "set"]]
)
def test_wrong_usage_is_2(run: Run, arguments: list[str]) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "Usage: chatbench" in ran.err


def test_what_opens_a_window_has_help_like_every_command(run: Run) -> None:
    whole = run("--help").out
    for command in ("quick", "self-test"):
        assert f"  {command} " in whole
        told = run(command, "--help")
        assert told.code == 0
        assert told.out.startswith(f"Usage: chatbench {command}")
    assert "No such option" in run("quick", "--wat").err


def test_a_word_that_is_no_command_is_told_from_a_file(run: Run) -> None:
    assert "There is no file 'notes.md', nor a command of that name." in run("notes.md").err
    assert f"For the file of that name write .{os.sep}LICENSE." in run("LICENSE").err
    assert "No such command 'helo'" in run("helo").err
    assert "requires an argument" in run("--profile").err


def test_a_broken_preferences_file_is_named_by_line(run: Run, home: Path) -> None:
    """It is left as it is; what needs no setting works."""
    file = home / "profile" / "preferences.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text('# mine\ntheme = "dark"\ntext_scale = "big"\n', encoding="utf-8")
    ran = run("history", "list", "--json")
    assert (ran.code, ran.json) == (0, [])
    assert "preferences.toml, line 3" in ran.err
    assert run("models", "default", "chatbench/guide").code == 1
    assert file.read_text(encoding="utf-8").startswith("# mine")
    file.write_text("theme = \n", encoding="utf-8")
    assert "line 1" in run("history", "list").err


def test_a_broken_provider_file_is_named_by_line(run: Run, home: Path, loop: LoopbackServer) -> None:
    """The others work all the same."""
    (home / "profile" / "providers" / "bad.toml").write_text('id = "bad"\nname = 5\n', encoding="utf-8")
    ran = run("prompt", "Hi", "-m", "loop/m")
    assert ran.code == 0
    assert "bad.toml, line 2" in ran.err


# models


def test_models_lists_everything(run: Run, loop: LoopbackServer) -> None:
    rows = run("models", "--json").json
    ids = {row["id"] for row in rows}
    assert {"loop/m", "loop/other", "chatbench/guide"} <= ids
    openai = [row for row in rows if row["provider"] == "openai"]
    assert openai
    assert not any(row["usable"] for row in openai)
    priced = [row["price_per_million"] for row in openai if row["price_per_million"]]
    assert all(re.fullmatch(r"\d+(\.\d+)?", price["input"]) for price in priced)
    mine = run("models", "--provider", "loop", "--json").json
    assert [row["id"] for row in mine] == ["loop/m", "loop/other"]
    assert mine[0]["price_per_million"] is None
    assert mine[0]["context_window"] is None
    text = run("models", "--provider", "loop").out
    assert re.search(r"loop/m +unknown +price unknown", text)


def test_models_of_an_unknown_provider(run: Run) -> None:
    ran = run("models", "--provider", "opnai")
    assert (ran.code, ran.out) == (1, "")
    assert "Did you mean openai" in ran.err


def test_models_can_be_asked_for_anew(run: Run, server: LoopbackServer) -> None:
    url = server.base_url("openai_chat")
    run("providers", "add", "live", "--wire", "openai_chat", "--base-url", url, "--auth", "none")
    assert run("models", "--provider", "live", "--json").json == []
    rows = run("models", "--provider", "live", "--refresh", "--json").json
    assert [row["id"] for row in rows] == ["live/gpt-4.1"]
    assert run("models", "--provider", "live", "--json").json == rows


def test_the_default_is_checked(run: Run) -> None:
    ran = run("models", "default", "gtp-nonsense")
    assert (ran.code, ran.out) == (1, "")
    assert "no model called" in ran.err


# providers


def test_providers_list(run: Run, loop: LoopbackServer) -> None:
    rows = {row["id"]: row for row in run("providers", "list", "--json", GROQ_API_KEY="gsk-1").json}
    assert rows["loop"]["shipped"] is False
    assert rows["loop"]["key"] == "not_needed"
    assert rows["openai"]["key"] == "missing"
    assert (rows["groq"]["key"], rows["groq"]["key_from"]) == ("ready", "GROQ_API_KEY")
    text = run("providers", "list").out
    assert re.search(r"^openai +no key", text, re.MULTILINE)


def test_providers_add_takes_everything(run: Run, server: LoopbackServer) -> None:
    url = server.base_url("openai_chat")
    added = run(
        "providers", "add", "gate", "--wire", "openai_chat", "--base-url", url, "--auth", "header:x-key",
        "--header", "x-team=blue", "--header", "x-eq=a=b", "--model", "m", "--name", "Gate",
    )  # fmt: skip
    assert added.code == 0
    assert run("keys", "set", "gate", stdin="the-key-itself\n").code == 0
    assert run("prompt", "Hi", "-m", "gate/m").code == 0
    sent = server.asked[0].headers
    assert (sent["x-key"], sent["x-team"], sent["x-eq"]) == ("the-key-itself", "blue", "a=b")
    assert "authorization" not in sent


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["Bad Id", "--wire", "openai_chat", "--base-url", "http://x"], 1, "is not an id"),
        (["a", "--wire", "morse", "--base-url", "http://x"], 1, "no wire called 'morse'"),
        (["a", "--wire", "openai_chat", "--base-url", "ftp://x"], 1, "not a web address"),
        (["a", "--wire", "openai_chat", "--base-url", "http://["], 1, "not a web address"),
        (["a", "--wire", "openai_chat", "--base-url", "https://me:pw@x/v1"], 1, "user name or password"),
        (
            ["a", "--wire", "openai_chat", "--base-url", "http://x", "--header", "bad name=1"],
            1,
            "header name",
        ),
        (["a", "--wire", "openai_chat", "--base-url", "http://x", "--header", "novalue"], 2, "NAME=VALUE"),
        (["a", "--wire", "openai_chat", "--base-url", "http://x", "--auth", "magic"], 2, "--auth"),
        (["a", "--base-url", "http://x"], 2, "--wire"),
    ],
)
def test_providers_add_refuses(run: Run, options: list[str], code: int, said: str) -> None:
    ran = run("providers", "add", *options)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert "pw" not in ran.err


def test_providers_remove(run: Run, loop: LoopbackServer) -> None:
    assert run("providers", "remove", "loop").code == 0
    assert run("prompt", "Hi", "-m", "loop/m").code == 1
    again = run("providers", "remove", "loop")
    assert again.code == 1
    assert "no provider called 'loop'" in again.err
    shipped = run("providers", "remove", "openai")
    assert shipped.code == 1
    assert "comes with Chatbench" in shipped.err


def test_providers_check(run: Run, loop: LoopbackServer) -> None:
    ran = run("providers", "check", "loop")
    assert ran.code == 0
    assert [line.split(":")[0] for line in ran.out.splitlines()] == [
        "ok   DNS", "ok   TCP", "ok   TLS", "ok   HTTP", "ok   Key", "ok   Models",
        "ok   First streamed token",
    ]  # fmt: skip
    loop.script(replies.data({}), replies.data(openai_chat.error_body("invalid_api_key", None, "no"), 401))
    ran = run("providers", "check", "loop", "-m", "m")
    assert ran.code == 1
    assert "FAIL Key: loop refused the key." in ran.out
    assert "-    Models: not tried, needs Key" in ran.out


# keys


def test_a_key_is_piped_in_listed_and_removed(run: Run) -> None:
    ran = run("keys", "set", "openai", stdin="  sk-canary-0123456789  \n")
    assert ran.out == "Stored the key for OpenAI, for use at https://api.openai.com:443.\n"
    listed = run("keys", "list", GROQ_API_KEY="gsk-canary-0123456789")
    assert re.search(r"^groq +GROQ_API_KEY +https://api.groq.com:443$", listed.out, re.MULTILINE)
    assert re.search(r"^openai +keyring +https://api.openai.com:443$", listed.out, re.MULTILINE)
    assert "canary" not in listed.out + listed.err + ran.out + ran.err
    assert run("keys", "remove", "openai").out == "Removed the key for openai.\n"
    assert run("keys", "remove", "openai").out == "There was no key for openai.\n"
    assert "No keys yet" in run("keys", "list").out


def test_a_key_is_never_an_argument(run: Run) -> None:
    ran = run("keys", "set", "openai", "sk-canary-0123456789")
    assert ran.code == 2


@pytest.mark.parametrize("key", ["\n", "two words\n", "smart‘quote\n"])
def test_what_is_no_key_is_refused(run: Run, key: str) -> None:
    ran = run("keys", "set", "openai", stdin=key)
    assert (ran.code, ran.out) == (1, "")


def test_without_a_keyring_it_says_so(run: Run) -> None:
    ran = run("keys", "set", "openai", stdin="sk-1\n", PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
    assert (ran.code, ran.out) == (1, "")
    assert "no keyring" in ran.err
    assert "environment variable" in ran.err


def test_a_moved_provider_asks_again(run: Run, server: LoopbackServer) -> None:
    """The error names the command that confirms, and the key goes nowhere before."""

    def add(url: str) -> None:
        run("providers", "add", "gate", "--wire", "openai_chat", "--base-url", url, "--model", "m")

    add("http://127.0.0.1:9/v1")
    run("keys", "set", "gate", stdin="canary-0123456789\n")
    add(server.base_url("openai_chat"))
    ran = run("prompt", "Hi", "-m", "gate/m")
    assert ran.code == 1
    assert "chatbench keys confirm gate" in ran.err
    assert server.asked == []
    assert "not confirmed for the present address" in run("keys", "list").out
    assert run("keys", "confirm", "gate").code == 0
    assert run("prompt", "Hi", "-m", "gate/m").code == 0
    assert server.asked[0].headers["authorization"] == "Bearer canary-0123456789"


class Terminal:
    """The program on a pseudo-terminal."""

    def __init__(self, env: dict[str, str], *arguments: str) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            program.command(*arguments), env=env, cwd=program.ROOT, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, preexec_fn=_take_terminal,
        )  # fmt: skip
        os.close(slave)
        self.seen = ""

    def read_until(self, text: str, timeout_s: float = 20) -> None:
        while text not in self.seen:
            ready, _, _ = select.select([self._master], [], [], timeout_s)
            assert ready, f"waited for {text!r}, saw {self.seen!r}"
            self.seen += os.read(self._master, 4096).decode()

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def end(self) -> int:
        """The exit code; what was still printed is in `seen`."""
        try:
            while data := os.read(self._master, 4096):
                self.seen += data.decode()
        except OSError:
            pass
        os.close(self._master)
        return self.process.wait(20)


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_a_key_is_asked_for_hidden(env: dict[str, str], run: Run) -> None:
    terminal = Terminal(env, "keys", "set", "openai")
    terminal.read_until("Key for OpenAI:")
    terminal.type("sk-canary-0123456789\n")
    assert terminal.end() == 0
    assert "Stored the key" in terminal.seen
    assert "canary" not in terminal.seen
    assert "openai" in run("keys", "list").out


def test_ctrl_c_ends_the_question_for_a_key(env: dict[str, str]) -> None:
    terminal = Terminal(env, "keys", "set", "openai")
    terminal.read_until("Key for OpenAI:")
    terminal.type("\x03")
    assert terminal.end() == 130


# chat


def test_chat_talks_to_the_guide_by_default(run: Run) -> None:
    ran = run("chat", "-o", PACE, stdin="What is Chatbench?\n/quit\nnot read\n")
    assert ran.code == 0
    assert ran.out.startswith("Guide (chatbench/guide).")
    assert "not a language model" in ran.out
    newest = only(run("history", "list", "--json").json)
    assert newest["title"] == "What is Chatbench?"


def test_chat_is_one_conversation_and_ends_with_its_input(run: Run, loop: LoopbackServer) -> None:
    ran = run("chat", "-m", "loop/m", stdin="One\n\nTwo\n/model other\nThree")
    assert ran.code == 0
    assert "Now loop/other." in ran.err
    assert [ask.json["model"] for ask in loop.asked] == ["m", "m", "other"]
    assert len(loop.asked[-1].json["messages"]) == 5
    newest = only(run("history", "list", "--json").json)
    again = run("chat", "--cid", newest["id"], stdin="Four\n")
    assert again.code == 0
    assert len(loop.asked[-1].json["messages"]) == 7
    assert loop.asked[-1].json["model"] == "other"


def test_a_blind_chat_goes_on_without_naming_its_models(run: Run, loop: LoopbackServer, home: Path) -> None:
    assert run("chat", "-m", "loop/m", stdin="One").code == 0
    newest = only(run("history", "list", "--json").json)["id"]

    async def blinded() -> None:
        services = build(home / "profile")
        await services.lanes.add(newest, model=ModelRef("loop", "other"))
        await services.ratings.hide_names(newest, 1)
        await services.aclose()

    assert "loop/m" in run("chat", "--cid", newest).out
    asyncio.run(blinded())
    ran = run("chat", "--cid", newest, stdin="Two\n")
    assert ran.code == 0
    assert "loop" not in ran.out + ran.err
    assert "blind chat" in ran.out
    assert "loop" not in run("history", "show", newest).out


def test_chat_goes_on_after_an_error(run: Run, loop: LoopbackServer) -> None:
    loop.script(replies.data(openai_chat.error_body("invalid_api_key", None, "no"), 401))
    ran = run("chat", "-m", "loop/m", stdin="One\nTwo\n/model nonsense\n")
    assert ran.code == 0
    assert "Error: loop refused the key." in ran.err
    assert "no model called 'nonsense'" in ran.err
    assert "quick brown" in ran.out


def test_chat_in_a_terminal(env: dict[str, str], run: Run, loop: LoopbackServer) -> None:
    """Ctrl+C stops an answer, again and again, and at the prompt ends the program; what came is kept."""
    loop.pace = 50
    loop.words = ["word "] * 10_000
    terminal = Terminal(env, "chat", "-m", "loop/m")
    terminal.read_until("> ")
    for round_ in (1, 2):
        terminal.seen = ""
        terminal.type("Hi\n")
        terminal.read_until("word word")
        terminal.type("\x03")
        terminal.read_until("Stopped.")
        terminal.read_until("> ")
        loop.wait_for_leaving()
        assert len(loop.asked) == round_
    terminal.type("\x03")
    assert terminal.end() == 130
    newest = only(run("history", "list", "--json").json)
    states = [m["state"] for m in run("history", "show", newest["id"], "--json").json["messages"]]
    assert states == ["done", "stopped", "done", "stopped"]


def test_the_end_of_input_ends_chat_in_a_terminal(env: dict[str, str]) -> None:
    terminal = Terminal(env, "chat")
    terminal.read_until("> ")
    terminal.type("\x04")
    assert terminal.end() == 0


# history


def test_history(run: Run, loop: LoopbackServer, home: Path) -> None:
    """list, show, search and export, with the shapes that were promised."""
    told = run("prompt", "Where do foxes live?", "-m", "loop/m", "--json").json
    listed = only(run("history", "list", "--json").json)
    assert {"id", "title", "updated_at", "models", "cost"} <= listed.keys()
    assert (listed["id"], listed["title"]) == (told["conversation_id"], "Where do foxes live?")
    assert (listed["models"], listed["cost"]) == (["loop/m"], None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", listed["updated_at"])
    shown = run("history", "show", listed["id"], "--json").json
    assert (shown["id"], shown["title"]) == (listed["id"], listed["title"])
    question, answer = shown["messages"]
    keys = {"id", "parent_id", "turn_id", "role", "model", "state", "text", "thinking", "usage", "cost"}
    assert keys <= question.keys()
    assert (question["role"], question["parent_id"], question["model"]) == ("user", None, None)
    assert (answer["role"], answer["parent_id"]) == ("assistant", question["id"])
    assert answer["turn_id"] == question["turn_id"]
    assert answer["usage"]["output_tokens"] == 25
    hits = run("history", "search", "foxes", "--json").json
    assert {hit["conversation_id"] for hit in hits} == {listed["id"]}
    assert question["id"] in {hit["message_id"] for hit in hits}
    assert run("history", "search", '"weird (query*', "--json").json == []
    assert run("history", "export", listed["id"], "--format", "json").json == shown
    markdown = run("history", "export", listed["id"]).out
    assert markdown.startswith("# Where do foxes live?\n")
    assert run("history", "show", listed["id"]).out == markdown
    target = home / "out.md"
    assert run("history", "export", listed["id"], "--out", str(target)) == (0, "", "")
    assert target.read_text(encoding="utf-8") == markdown
    assert f"{listed['id']}  " in run("history", "list").out


def test_an_unknown_conversation(run: Run, home: Path) -> None:
    for arguments in (["show", "x"], ["export", "x"]):
        ran = run("history", *arguments)
        assert (ran.code, ran.out) == (1, "")
        assert "no such conversation" in ran.err


def test_an_export_that_cannot_be_written(run: Run, loop: LoopbackServer, home: Path) -> None:
    told = run("prompt", "Hi", "-m", "loop/m", "--json").json
    ran = run("history", "export", told["conversation_id"], "--out", str(home / "nowhere" / "out.md"))
    assert ran.code == 1
    assert "could not be used" in ran.err


def test_a_killed_prompt_is_interrupted_at_the_next_start(
    env: dict[str, str], run: Run, loop: LoopbackServer
) -> None:
    """Also where the next start is a terminal command."""
    loop.pace = 100
    loop.words = ["word "] * 10_000
    process = subprocess.Popen(
        program.command("prompt", "Hi", "-m", "loop/m"), env=env, cwd=program.ROOT,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.read(300)
    live = only(run("history", "list", "--json").json)
    assert run("history", "show", live["id"], "--json").json["messages"][1]["state"] == "streaming"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    answer = run("history", "show", live["id"], "--json").json["messages"][1]
    assert answer["state"] == "interrupted"
    assert answer["text"].startswith("word word")


@pytest.mark.skipif(sys.platform != "linux", reason="a limit on files stands for a full disk")
def test_an_answer_for_which_there_is_no_room(env: dict[str, str], run: Run, loop: LoopbackServer) -> None:
    """All of it is printed, and that it could not be saved is an error."""
    run("prompt", "Hi", "-m", "loop/m")
    loop.words = ["word " * 20] * 20_000
    room = 600_000
    process = subprocess.run(
        program.command("prompt", "More", "-m", "loop/m"), env=env, cwd=program.ROOT, check=False,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
    )  # fmt: skip
    assert process.returncode == 1
    assert process.stdout == "word " * 400_000 + "\n"
    first, hint = process.stderr.splitlines()
    assert first.startswith("Error: The answer could not be saved. No space is left")
    assert "Free some space" in hint
    answer = run("history", "show", run("history", "list", "--json").json[0]["id"], "--json").json[
        "messages"
    ][1]
    assert answer["state"] == "interrupted"


def test_names_in_history_do_not_steer_the_terminal(run: Run, loop: LoopbackServer) -> None:
    told = run("prompt", "evil \x1b]0;title\x07", "-m", "loop/m", "--json").json
    for arguments in (["list"], ["show", told["conversation_id"]], ["search", "evil"]):
        out = run("history", *arguments).out
        assert "evil" in out
        assert "\x1b" not in out
    assert "\x1b" not in json.dumps(run("history", "show", told["conversation_id"], "--json").out)


def test_an_unknown_command_in_a_chat_is_not_sent(run: Run, loop: LoopbackServer) -> None:
    ran = run("chat", "-m", "loop/m", stdin="/help\n/etc/hosts is what?\n/quit\n")
    assert ran.code == 0
    assert "/model NAME changes the model" in ran.err
    assert [asked.json["messages"][-1]["content"] for asked in loop.asked] == ["/etc/hosts is what?"]


def test_nothing_found_is_said(run: Run) -> None:
    assert run("history", "search", "zebra") == (0, "", "Nothing found.\n")
