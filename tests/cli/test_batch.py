"""`chatbench batch`, in processes of its own: killed, stopped, resumed, and never paid for twice."""

from __future__ import annotations

import json
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Run, only
from tests.harness import program
from tests.loopback import openai_chat, replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer

PATIENCE_S = 60
USUAL = replies.data(openai_chat.whole({"content": "Yes"}))


def slow(seconds: float = 0.7) -> Reply:
    return Reply(USUAL.pieces, headers=USUAL.headers, first_byte_s=seconds)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.jsonl"
    path.write_text("".join(json.dumps({"prompt": f"p{n}", "id": f"r{n}"}) + "\n" for n in range(10)))
    return path


def results(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def printed(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.split("\n") if line]


def prompts_asked(server: LoopbackServer) -> Counter[str]:
    return Counter(ask.json["messages"][-1]["content"] for ask in server.asked)


def started(env: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        program.command(*arguments), env=env, cwd=program.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_every_prompt_has_a_line(run: Run, loop: LoopbackServer, source: Path, tmp_path: Path) -> None:
    ran = run("batch", str(source), "-m", "loop/m", "-s", "Be brief.", "-o", "temperature=0.5")
    assert ran.code == 0, ran.err
    assert ran.out == ""
    assert "10 answered" in ran.err
    assert "price unknown" in ran.err
    told = results(tmp_path / "prompts.out.jsonl")
    assert sorted((one["index"], one["id"]) for one in told) == [(n, f"r{n}") for n in range(10)]
    sent = loop.asked[0].json
    assert sent["messages"][0] == {"role": "system", "content": "Be brief."}
    assert sent["temperature"] == 0.5
    printed = run("prompt", "p0", "-m", "loop/m", "--json", "--no-stream", "--no-log").json
    assert printed.keys() - {"sent_files"} <= told[0].keys(), "with the fields of prompt --json"
    same = ("text", "thinking", "refusal", "model", "model_answered", "stop_reason", "state", "usage", "cost")
    assert {name: told[0][name] for name in same} == {name: printed[name] for name in same}


def test_a_line_may_have_its_own(run: Run, loop: LoopbackServer, tmp_path: Path) -> None:
    source = tmp_path / "own.jsonl"
    conversation = [
        {"role": "system", "content": "Rhyme."}, {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Ho"}, {"role": "user", "content": "More"},
    ]  # fmt: skip
    told = [
        {"prompt": "a", "system": "Own.", "params": {"temperature": 0.1, "max_tokens": 7}},
        {"messages": conversation, "id": 5},
    ]
    source.write_text("\ufeff" + "\n\n".join(map(json.dumps, told)) + "\n")
    options = ("-s", "Be brief.", "-o", "temperature=0.5", "--concurrency", "1", "--out", "-")
    ran = run("batch", str(source), "-m", "loop/m", *options)
    assert ran.code == 0, ran.err
    assert [one["id"] for one in printed(ran.out)] == [None, "5"]
    first, second = (ask.json for ask in loop.asked)
    assert first["messages"][0]["content"] == "Own."
    assert (first["temperature"], first["max_tokens"]) == (0.1, 7)
    assert second["messages"] == conversation
    assert second["temperature"] == 0.5


def test_a_table(run: Run, loop: LoopbackServer, tmp_path: Path) -> None:
    """As spreadsheets write them; a column that is not used is told."""
    source = tmp_path / "table.csv"
    source.write_text('\ufeffID;Prompt;Author\n7;"Two\nlines; and ""more""";me\n8;Short;\n', "utf-8")
    ran = run("batch", str(source), "-m", "loop/m", "--out", "-", "--concurrency", "1")
    assert ran.code == 0, ran.err
    assert "Not used: author." in ran.err
    assert [one["id"] for one in printed(ran.out)] == ["7", "8"]
    assert list(prompts_asked(loop)) == ['Two\nlines; and "more"', "Short"]


def test_bad_lines_are_named_before_anything_is_sent(run: Run, loop: LoopbackServer, tmp_path: Path) -> None:
    source = tmp_path / "bad.jsonl"
    wrong = ['{"promt": "a"}', "no json", '{"prompt": " "}', '{"prompt": "a", "params": {"heat": 1}}',
             '{"messages": [{"role": "bogus", "content": "x"}]}', '{"prompt": "a", "messages": []}',
             '{"messages": []}', '{"prompt": "a", "id": true}']  # fmt: skip
    source.write_text("\n".join(['{"prompt": "good"}', *wrong]))
    ran = run("batch", str(source), "-m", "loop/m")
    assert ran.code == 1
    assert "8 lines of bad.jsonl cannot be asked; nothing was sent." in ran.err
    assert all(f"Line {number}: " in ran.err for number in range(2, 10))
    assert "`promt`" in ran.err
    assert "'heat'" in ran.err
    assert loop.asked == []
    assert not (tmp_path / "bad.out.jsonl").exists()


def test_killed_in_the_middle_nothing_that_came_is_paid_twice(
    run: Run, loop: LoopbackServer, env: dict[str, str], source: Path, tmp_path: Path
) -> None:
    """Four answers are there and three calls under way when it is killed."""
    out = tmp_path / "out.jsonl"
    loop.script(*[USUAL] * 4, *[Reply(end="hang")] * 3)
    arguments = ("batch", str(source), "-m", "loop/m", "--concurrency", "3", "--out", str(out))
    process = started(env, *arguments)
    for _ in range(7):
        loop.wait_for_asking(PATIENCE_S)
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == -signal.SIGKILL
    there = {f"p{one['index']}" for one in results(out)}
    assert len(there) == 4
    with out.open("ab") as file:
        file.write(b'{"index": 9, "half of a li')
    ran = run(*arguments)
    assert ran.code == 0, ran.err
    assert "6 answered, 4 were there" in ran.err
    assert sorted(one["index"] for one in results(out)) == list(range(10)), "one line for each"
    asked = prompts_asked(loop)
    assert {prompt for prompt, count in asked.items() if count > 1} == {f"p{n}" for n in range(7)} - there
    assert asked.total() == 7 + 6
    again = run(*arguments)
    assert (again.code, len(loop.asked)) == (0, 13)


def test_ctrl_c_sends_nothing_more_and_keeps_what_is_under_way(
    run: Run, loop: LoopbackServer, env: dict[str, str], source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    loop.script(USUAL, USUAL, slow(), slow())
    arguments = ("batch", str(source), "-m", "loop/m", "--concurrency", "2", "--out", str(out))
    process = started(env, *arguments)
    for _ in range(4):
        loop.wait_for_asking(PATIENCE_S)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=PATIENCE_S)[1].decode()
    assert process.returncode == 130
    assert "4 answered, 6 not asked" in said
    assert "Run the same command again to go on" in said
    assert len(results(out)) == len(loop.asked) == 4
    assert run(*arguments).code == 0
    assert set(prompts_asked(loop).values()) == {1}, "nothing was asked twice"


def test_ctrl_c_twice_leaves_what_is_under_way(
    loop: LoopbackServer, env: dict[str, str], source: Path, tmp_path: Path
) -> None:
    loop.script(*[Reply(end="hang")] * 2)
    out = tmp_path / "out.jsonl"
    process = started(env, "batch", str(source), "-m", "loop/m", "--concurrency", "2", "--out", str(out))
    for _ in range(2):
        loop.wait_for_asking(PATIENCE_S)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert process.stderr.readline() == b"\n"
    assert b"Ctrl+C again" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=PATIENCE_S)[1].decode()
    assert process.returncode == 130
    assert "Run the same command again" in said
    assert "Traceback" not in said
    assert results(out) == []


def test_what_failed_is_asked_again_and_has_one_line(
    run: Run, loop: LoopbackServer, source: Path, tmp_path: Path
) -> None:
    refused = replies.data(openai_chat.error_body(None, "invalid_request_error", "no"), 400)
    loop.script(refused, USUAL)
    ran = run("batch", str(source), "-m", "loop/m", "--concurrency", "1", "--limit", "3", "--json")
    assert ran.code == 1
    summary = ran.json
    assert (summary["answered"], summary["failed"], summary["left"], summary["cost"]) == (2, 1, 0, None)
    out = tmp_path / "prompts.out.jsonl"
    failed = only([one for one in results(out) if one["error"]])
    assert (failed["index"], failed["state"], failed["error"]["kind"]) == (0, "failed", "BadRequest")
    again = run("batch", str(source), "-m", "loop/m", "--json")
    assert (again.json["answered"], again.json["skipped"], again.code) == (8, 2, 0)
    assert sorted(one["index"] for one in results(out)) == list(range(10))
    assert not any(one["error"] for one in results(out))
    assert prompts_asked(loop)["p0"] == 2
    assert prompts_asked(loop).total() == 11


def test_results_of_another_run_are_left_alone(
    run: Run, loop: LoopbackServer, source: Path, tmp_path: Path
) -> None:
    """Also where an earlier prompt could be asked; a half line in them stays too."""
    assert run("batch", str(source), "-m", "loop/m").code == 0
    out = tmp_path / "prompts.out.jsonl"
    kept = [json.dumps(one) for one in results(out) if one["index"] != 0]
    out.write_text("\n".join([*kept, '{"half']))
    before, sent = out.read_bytes(), len(loop.asked)
    *first, _ = source.read_text().splitlines()
    source.write_text("\n".join([*first, '{"prompt": "another"}', '{"prompt": "new"}']))
    ran = run("batch", str(source), "-m", "loop/m", "--concurrency", "1")
    assert ran.code == 1
    assert "prompt 9 is not the one" in ran.err
    assert run("batch", str(source), "-m", "loop/other").code == 1
    assert (out.read_bytes(), len(loop.asked)) == (before, sent)
    fresh = run("batch", str(source), "-m", "loop/m", "--restart")
    assert fresh.code == 0, fresh.err
    assert (tmp_path / "prompts.out.jsonl.1").read_bytes() == before
    assert len(results(out)) == 11


def test_one_run_at_a_time_writes(
    run: Run, loop: LoopbackServer, env: dict[str, str], source: Path, tmp_path: Path
) -> None:
    loop.script(Reply(end="hang"))
    arguments = ("batch", str(source), "-m", "loop/m", "--concurrency", "1")
    process = started(env, *arguments)
    loop.wait_for_asking(PATIENCE_S)
    ran = run(*arguments)
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    assert ran.code == 1
    assert "Another run is writing to prompts.out.jsonl" in ran.err
    assert len(loop.asked) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--max-cost", "1"), "No price is known for loop/m"),
        (("--max-tokens-total", "20"), "--max-tokens-total allows 20 tokens"),
        (("--tpm", "1"), "--tpm allows"),
        (("--out", "missing/out.jsonl"), "does not exist"),
        (("-m", "loop/nothing/", "--weights", "1,-2"), "Weights must not be negative"),
    ],
)
def test_what_cannot_be_kept_is_named_before_anything_is_sent(
    run: Run, loop: LoopbackServer, source: Path, options: tuple[str, ...], said: str
) -> None:
    ran = run("batch", str(source), "-m", "loop/m", *options)
    assert ran.code == 1
    assert said in ran.err
    assert loop.asked == []


@pytest.mark.parametrize(
    "options", [("--max-cost", "lots"), ("--weights", "1,2"), ("--concurrency", "0"), ("--weights", "x")]
)
def test_wrong_options_are_usage_errors(run: Run, source: Path, options: tuple[str, ...]) -> None:
    ran = run("batch", str(source), "-m", "chatbench/guide", *options)
    assert ran.code == 2
    assert options[0] in ran.err


def test_a_dry_run_sends_and_writes_nothing(
    run: Run, loop: LoopbackServer, source: Path, tmp_path: Path
) -> None:
    ran = run("batch", str(source), "-m", "openai/gpt-4.1", "--dry-run", "--json", OPENAI_API_KEY="sk-x")
    assert ran.code == 0, ran.err
    told = ran.json
    assert (told["prompts"], told["answered"], told["left"]) == (10, 0, 10)
    estimate = only(told["estimates"])
    assert 50 < estimate["input_tokens"] < 150
    assert 0 < float(estimate["input_cost"]) < float(estimate["most_cost"])
    assert "Nothing was sent." in run("batch", str(source), "-m", "loop/m", "--dry-run").out
    assert not (tmp_path / "prompts.out.jsonl").exists()
    assert loop.asked == []


def test_without_a_key_nothing_is_sent(run: Run, source: Path) -> None:
    ran = run("batch", str(source), "-m", "openai/gpt-4.1")
    assert ran.code == 1
    assert "OPENAI_API_KEY" in ran.err
    assert not source.with_suffix(".out.jsonl").exists()


def test_prompts_are_spread_over_models(run: Run, loop: LoopbackServer, source: Path, tmp_path: Path) -> None:
    ran = run("batch", str(source), "-m", "loop/m", "-m", "loop/other", "--weights", "0,1")
    assert ran.code == 0, ran.err
    told = results(tmp_path / "prompts.out.jsonl")
    assert {one["model"] for one in told} == {"loop/other"}
    again = run("batch", str(source), "-m", "loop/m", "-m", "loop/other", "--weights", "1,0")
    assert "10 were there" in again.err, "whichever of them was asked"


def test_another_model_answers_where_the_first_does_not(
    run: Run, loop: LoopbackServer, source: Path, tmp_path: Path
) -> None:
    loop.script(replies.data(openai_chat.error_body(None, "invalid_request_error", "none"), 404))
    ran = run("batch", str(source), "-m", "loop/m", "--fallback", "loop/other", "--limit", "1")
    assert ran.code == 0, ran.err
    assert only(results(tmp_path / "prompts.out.jsonl"))["model"] == "loop/other"


def test_the_prompts_are_never_renamed_to_begin_anew(run: Run, loop: LoopbackServer, source: Path) -> None:
    before = source.read_bytes()
    ran = run("batch", str(source), "-m", "loop/m", "--restart", "--out", str(source))
    assert ran.code == 1
    assert "would take the place of the prompts" in ran.err
    assert source.read_bytes() == before
    assert loop.asked == []


def test_a_run_begun_anew_is_gone_on_with_without_beginning_anew(
    run: Run, loop: LoopbackServer, source: Path
) -> None:
    refused = replies.data(openai_chat.error_body(None, "invalid_request_error", "no"), 400)
    loop.script(refused)
    ran = run("batch", str(source), "-m", "loop/m", "--restart")
    assert ran.code == 1
    assert "Run the same command again, without --restart, to go on" in ran.err
    loop.script(refused)
    assert "Run the same command again to go on" in run("batch", str(source), "-m", "loop/m").err
