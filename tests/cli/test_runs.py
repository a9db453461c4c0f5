"""`chatbench run` and `chatbench runs`."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree
from tests.harness import program
from tests.harness.program import Ran
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer

from chatbench.cli.command import main
from chatbench.main import build

Run = Callable[..., Ran]
PATIENCE_S = 60
PLAN = """
name = "capitals"
models = ["loop/m"]
[limits]
concurrent = 1
[[prompts]]
text = "Capital of {{country}}?"
[data]
rows = [{ country = "France", expected = "Paris" }, { country = "Peru", expected = "Lima" }]
[[checks]]
kind = "contains"
"""


def says(text: str) -> replies.Reply:
    return replies.data(openai_chat.whole({"content": text}))


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process."""

    def run_it(*arguments: str) -> Ran:
        code = main(arguments, build)
        return Ran(code, *capsys.readouterr())

    return run_it


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    return path


def test_a_plan_is_looked_through_run_compared_and_exported(
    run: Run, loop: LoopbackServer, plan: Path, tmp_path: Path
) -> None:
    checked = run("run", str(plan), "--check", "--json")
    assert (checked.code, checked.json["calls"], checked.json.get("problems", [])) == (0, 2, []), checked.err
    assert loop.asked == []

    loop.script(says("Paris!"), says("Quito"))
    report = tmp_path / "report.xml"
    first = run("run", str(plan), "--json", "--junit", str(report), "--fail-under", "0.9")
    assert first.code == 1
    assert "50.0% of all cells passed" in first.err
    assert (first.json["number"], first.json["state"], first.json["whole"]["pass_rate"]) == (1, "done", 0.5)
    (suite,) = etree.parse(report).getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")

    loop.script(says("Lima"))
    second = run("run", str(plan), "--filter-failing", "capitals")
    assert second.code == 0, second.err
    assert "passed 100%" in second.out
    assert [ask.json["messages"][-1]["content"] for ask in loop.asked][2:] == ["Capital of Peru?"]

    assert "fixed: row 2" in run("runs", "diff", "1", "2").out
    listed = run("runs", "list", "--json").json
    assert [(one["number"], one["rows"]) for one in listed] == [(2, 1), (1, 2)]
    written = run("runs", "show", "1", "--plan").out
    assert 'country = "Peru"' in written
    run("runs", "export", "1", "--out", str(tmp_path / "run.jsonl"))
    told = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert [one["answer"] for one in told] == ["Paris!", "Quito"]
    assert run("runs", "delete", "2").code == 0
    assert run("runs", "show", "2").code == 1
    assert run("runs", "restore", "2").code == 0
    assert run("runs", "show", "2").code == 0
    assert run("runs", "delete", "2", "--for-good", "--yes").code == 0
    assert run("runs", "restore", "2").code == 1


def test_ctrl_c_pauses_and_says_how_to_go_on(
    run: Run, loop: LoopbackServer, env: dict[str, str], plan: Path
) -> None:
    waits = replies.Reply(first_byte_s=60)
    loop.script(says("Paris"), waits)
    process = subprocess.Popen(
        program.command("run", str(plan)), env=env, cwd=program.ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    loop.wait_for_asking(PATIENCE_S)
    loop.wait_for_asking(PATIENCE_S)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while "Pausing" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, said
    assert "chatbench run --resume 1" in said
    loop.script(says("Lima"))
    resumed = run("run", "--resume", "1")
    assert resumed.code == 0, resumed.err
    assert "2 of 2 cells answered" in resumed.out
    assert len(loop.asked) == 3


def test_what_is_wrong_names_the_line(run: Run, plan: Path) -> None:
    plan.write_text(PLAN.replace("concurrent", "concurent"))
    told = run("run", str(plan))
    assert told.code == 1
    assert "plan.toml, line 5" in told.err
