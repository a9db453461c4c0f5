"""What `chatbench prompt` says on a terminal while it waits for a limit or for another attempt."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Run
from tests.harness import program
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer

LIMITED = {"error": {"message": "Too many", "code": "rate_limit_exceeded"}}
Told = Callable[..., tuple[int, str, str]]


@pytest.fixture
def on_terminal(env: dict[str, str]) -> Told:
    """Runs `chatbench` with stderr at a terminal; exit code, stdout, stderr."""

    def run_it(*arguments: str) -> tuple[int, str, str]:
        outer, inner = pty.openpty()
        shown: list[bytes] = []

        def read() -> None:
            try:
                while piece := os.read(outer, 65_536):
                    shown.append(piece)
            except OSError:  # the other side has closed
                pass

        reader = threading.Thread(target=read)
        with subprocess.Popen(
            program.command(*arguments), env={**env, "TERM": "xterm"}, cwd=program.ROOT,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=inner,
        ) as running:  # fmt: skip
            os.close(inner)
            reader.start()
            out, _ = running.communicate(timeout=program.PATIENCE_S)
        reader.join()
        os.close(outer)
        return running.returncode, out.decode(), b"".join(shown).decode()

    return run_it


@pytest.mark.parametrize("how", [(), ("--json",)])
def test_a_wait_for_another_attempt_is_told_once_with_its_seconds(
    on_terminal: Told, loop: LoopbackServer, how: tuple[str, ...]
) -> None:
    refused = replies.data(LIMITED, 429, {"retry-after": "2"})
    loop.script(refused, replies.events(openai_chat.answer(["Yes."])))
    code, out, err = on_terminal("prompt", "Hi", "-m", "loop/m", *how)
    assert code == 0, err
    assert "Yes." in out
    assert len(re.findall(r"Trying again in [23] s\.", err)) == 1
    assert len(err.splitlines()) == 1


def test_what_is_no_terminal_hears_nothing_of_it(run: Run, loop: LoopbackServer) -> None:
    refused = replies.data(LIMITED, 429, {"retry-after": "2"})
    loop.script(refused, replies.events(openai_chat.answer(["Yes."])))
    ran = run("prompt", "Hi", "-m", "loop/m")
    assert (ran.code, ran.out, ran.err) == (0, "Yes.\n", "")


def test_a_wait_for_a_limit_is_told_once(
    on_terminal: Told, loop: LoopbackServer, env: dict[str, str]
) -> None:
    """Two questions at once to a provider that is asked one at a time."""
    _limit_to_one(env)
    slow = replies.events(openai_chat.answer(["One."]), first_byte_s=1.0)
    loop.script(slow, replies.events(openai_chat.answer(["Two."])))
    code, out, err = on_terminal("prompt", "Hi", "-m", "loop/m", "-m", "loop/m", "--json")
    assert code == 0, err
    assert out.count("\n") == 2
    assert err.splitlines() == ["loop/m: Waiting for the rate limit of loop (1 at a time, set by you)."]


def _limit_to_one(env: dict[str, str]) -> None:
    (path,) = Path(env["HOME"]).rglob("providers/loop.toml")
    path.write_text(path.read_text() + "\n[limits]\nconcurrent = 1\n")
