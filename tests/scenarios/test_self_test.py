"""`chatbench self-test`, as a process: what it prints, and that it can fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.harness import program

CHECKS = {
    "window_opens", "answer_streams", "answer_painted", "window_painted", "answer_stored",
    "question_stored", "database_sound",
}  # fmt: skip


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return program.environment(tmp_path / "keyring.json")


def test_it_passes_and_says_so_in_one_line(env: dict[str, str], tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    ran = program.run("--profile", str(profile), "self-test", env=env)
    assert ran.code == 0, ran.err
    assert ran.out.count("\n") == 1
    assert ran.json["ok"] is True
    assert ran.json["checks"] == dict.fromkeys(CHECKS, True)
    shown = program.run(
        "--profile", str(profile), "history", "show", ran.json["conversation_id"], "--json", env=env
    )
    assert [message["role"] for message in shown.json["messages"]] == ["user", "assistant"]


def test_without_a_profile_it_leaves_nothing_behind(env: dict[str, str], home: Path) -> None:
    before = sorted(home.rglob("*"))
    assert program.run("self-test", env=env).code == 0
    assert [path for path in sorted(home.rglob("*")) if path.name == "chatbench.db"] == []
    assert before == [path for path in before if path.exists()]


def test_a_profile_that_cannot_be_opened_fails_it(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "chatbench.db").write_bytes(b"not a database " * 100)
    ran = program.run("--profile", str(tmp_path), "self-test", env=env)
    assert ran.code == 1
    assert json.loads(ran.out)["ok"] is False


def test_a_command_line_it_does_not_know_is_refused(env: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "chatbench", "self-tset"], env={**os.environ, **env},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
