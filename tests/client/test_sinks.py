"""Results on their way to disk: whole lines, resumed runs, refused files."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.client.sinks import JsonlSink, Sink, sink_at
from chatbench.core.errors import ErrorReport, FormatError, StorageError
from chatbench.core.messages import RefusalPart, TextPart, ThinkingPart, ToolCallPart
from chatbench.core.models import ModelRef
from chatbench.core.params import LeftOut
from chatbench.core.requests import Response
from chatbench.core.usage import Cost, Timings, Usage

M = ModelRef("loop", "m")
ONE, TWO = "0" * 15 + "1" + "a" * 48, "f" * 64


def answer(text: str = "Yes", **more: object) -> Response:
    return Response(model=M, parts=(TextPart(text=text),), **more)  # type: ignore[arg-type]


@pytest.fixture(params=["out.jsonl", "out.db"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def reopened(path: Path) -> Sink:
    sink = sink_at(path)
    sink.open()
    return sink


def test_what_is_answered_is_not_asked_again(path: Path) -> None:
    sink = reopened(path)
    assert not sink.has(0, ONE)
    sink.write(5, "five", TWO, answer())
    sink.write(0, "", ONE, answer())
    sink.write(1, "", ONE, Response(model=M, error=ErrorReport(kind="Timeout", message="late")))
    sink.close()
    again = reopened(path)
    try:
        assert again.has(0, ONE)
        assert again.has(5, TWO)
        assert not again.has(1, ONE), "an error is tried again"
        assert not again.has(2, ONE)
        assert not again.has(10_000, ONE)
    finally:
        again.close()


def test_the_results_of_another_run_are_refused(path: Path) -> None:
    sink = reopened(path)
    sink.write(3, "", ONE, answer())
    sink.close()
    again = reopened(path)
    try:
        with pytest.raises(FormatError, match="prompt 3 is not the one") as caught:
            again.has(3, TWO)
        assert "another file" in caught.value.hint
    finally:
        again.close()


def test_a_later_answer_takes_the_place_of_an_error(path: Path) -> None:
    for response in (Response(model=M, error=ErrorReport(kind="Timeout", message="late")), answer("Now")):
        sink = reopened(path)
        sink.write(0, "", ONE, response)
        sink.close()
    again = reopened(path)
    assert again.has(0, ONE)
    again.close()


def test_a_line_says_all_there_is(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    sink = JsonlSink(path)
    sink.open()
    response = Response(
        model=M,
        parts=(
            ThinkingPart(text="Hm"), TextPart(text="Ünï\n"), RefusalPart(text="No"),
            ToolCallPart(call_id="c", name="f", arguments="{}"),
        ),
        parsed={"a": 1},
        usage=Usage(input_tokens=3, output_tokens=4),
        cost=Cost(amount=Decimal("0.000000100")),
        timings=Timings(total_s=0.5),
        left_out=(LeftOut("seed", "not taken"),),
        stop_reason="end",
        attempts=2,
        model_answered="m-1",
    )  # fmt: skip
    sink.write(7, "row", ONE, response)
    sink.write(8, "", ONE, Response(model=M, error=ErrorReport(kind="Timeout", message="late")))
    sink.close()
    lines = path.read_text("utf-8").splitlines()
    told = json.loads(lines[0])
    assert told == {
        "index": 7, "id": "row", "text": "Ünï\n", "thinking": "Hm", "refusal": "No", "parsed": {"a": 1},
        "tool_calls": [{"id": "c", "name": "f", "arguments": "{}"}], "error": None, "model": "loop/m",
        "model_answered": "m-1", "stop_reason": "end", "state": "done", "conversation_id": None,
        "usage": {
            "input_tokens": 3, "output_tokens": 4, "cache_read_tokens": 0, "cache_write_tokens": 0,
            "reasoning_tokens": 0,
        },
        "cost": {"amount": "0.000000100", "currency": "USD", "source": "table"},
        "timings": {"first_token_s": None, "total_s": 0.5},
        "left_out": [{"name": "seed", "reason": "not taken"}], "alternatives": [], "logprobs": None,
        "created": None, "system_fingerprint": None, "service_tier": None,
        "attempts": 2, "local_cache_hit": False, "fingerprint": ONE,
    }  # fmt: skip
    failed = json.loads(lines[1])
    assert failed["error"] == {"kind": "Timeout", "message": "late"}
    assert failed["cost"] is None, "unknown, not 0"
    assert path.stat().st_mode & 0o777 == 0o600


def test_half_a_line_is_cut_off_and_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    sink = reopened(path)
    sink.write(0, "", ONE, answer())
    sink.close()
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"index": 1, "finger')
    again = reopened(path)
    assert not again.has(1, ONE)
    again.write(1, "", ONE, answer())
    again.close()
    assert [json.loads(line)["index"] for line in path.read_text().splitlines()] == [0, 1]


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text('{"mine": true}\n')
    with pytest.raises(FormatError, match=r"line 1, is not a result"):
        reopened(path)
    assert path.read_text() == '{"mine": true}\n'
    database = tmp_path / "notes.db"
    database.write_text("not a database, and longer than a header is " * 9)
    with pytest.raises(StorageError):
        reopened(database)
    foreign = tmp_path / "mine.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    before = foreign.read_bytes()
    with pytest.raises(FormatError, match="something else"):
        reopened(foreign)
    assert foreign.read_bytes() == before


def test_without_resuming_nothing_is_added(path: Path) -> None:
    sink = reopened(path)
    sink.write(0, "", ONE, answer())
    sink.close()
    fresh = type(sink)(path, resume=False)  # type: ignore[call-arg]
    with pytest.raises(FormatError, match=r"exists|holds results"):
        fresh.open()


@pytest.mark.parametrize("name", ["out.jsonl", "out.db"])
def test_where_nothing_can_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(StorageError):
        reopened(tmp_path / "missing" / name)


@given(st.lists(st.tuples(st.integers(0, 3000), st.sampled_from([ONE, TWO])), max_size=30))
def test_marks_remember_the_last(pairs: list[tuple[int, str]]) -> None:
    from chatbench.client.sinks import _Held

    held, kept = _Held("x"), {}
    for index, fingerprint in pairs:
        held.put(index, fingerprint)
        kept[index] = fingerprint
    for index in range(0, 3001, 7):
        if index in kept:
            assert held.has(index, kept[index])
        else:
            assert not held.has(index, ONE)


KILLED = """
import os, signal, sys
from pathlib import Path
from chatbench.client.sinks import sink_at
from chatbench.core.messages import TextPart
from chatbench.core.models import ModelRef
from chatbench.core.requests import Response
sink = sink_at(Path(sys.argv[1]))
sink.open()
for index in range(200):
    response = Response(model=ModelRef("a", "b"), parts=(TextPart(text="x"),))
    sink.write(index, "", "%064x" % (index + 1), response)
    print(index, flush=True)
sys.stdin.readline()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_program_loses_no_line(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    process = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)], input="\n", text=True, capture_output=True, check=False
    )
    assert process.returncode == -9
    sink = reopened(path)
    assert all(sink.has(index, f"{index + 1:064x}") for index in range(200))
    sink.close()
