"""Results on their way to disk: whole lines, resumed runs, refused files."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.client.sinks import JsonlSink, Sink, SqliteSink, StreamSink, sink_at
from chatbench.core.errors import DiskFull, ErrorReport, FormatError, StorageError
from chatbench.core.messages import RefusalPart, TextPart, ThinkingPart, ToolCallPart
from chatbench.core.models import ModelRef
from chatbench.core.params import LeftOut
from chatbench.core.requests import Response
from chatbench.core.usage import Cost, Timings, Usage
from chatbench.storage.owners import try_hold

M = ModelRef("loop", "m")
ONE, TWO = "0" * 15 + "1" + "a" * 48, "f" * 64


def answer(text: str = "Yes", **more: object) -> Response:
    return Response(model=M, parts=(TextPart(text=text),), **more)  # type: ignore[arg-type]


FAILED = Response(model=M, error=ErrorReport(kind="Timeout", message="late"))
posix = pytest.mark.skipif(os.name != "posix", reason="POSIX alone limits the size of files")


@pytest.fixture(params=["out.jsonl", "out.db"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def reopened(path: Path) -> Sink:
    sink = sink_at(path)
    sink.open()
    return sink


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def handles() -> int:
    """How many files this process has open."""
    return sum(1 for _ in Path("/dev/fd").iterdir())


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """As on a full disk: what goes beyond is refused, what fits before it is taken."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_is_answered_is_not_asked_again(path: Path) -> None:
    sink = reopened(path)
    assert not sink.has(0, ONE)
    sink.write(5, "five", TWO, answer())
    sink.write(0, "", ONE, answer())
    sink.write(1, "", ONE, FAILED)
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
    for response in (FAILED, answer("Now")):
        sink = reopened(path)
        sink.write(0, "", ONE, response)
        sink.close()
    again = reopened(path)
    assert again.has(0, ONE)
    again.close()
    if path.suffix == ".jsonl":
        assert [line["text"] for line in lines_of(path)] == ["Now"], "the failed line is taken out"


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
    sink.write(8, "", ONE, FAILED)
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
    assert (failed["id"], failed["state"]) == (None, "failed")
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
    good = msgspec.json.encode({"index": 0, "fingerprint": ONE}) + b"\n"
    for bad in (
        b'{"mine": true}', b"", b"words", b"[]", b"\xff", b'{"index": -1, "fingerprint": "aa"}',
        b'{"index": 1, "fingerprint": "zz"}', b'{"index": 1, "fingerprint": "-1"}',
        b'{"index": "1", "fingerprint": "aa"}', b'{"index": 1, "fingerprint": ""}',
        b'{"index": 99999999999, "fingerprint": "00"}',
    ):  # fmt: skip
        opened = handles()
        path.write_bytes(good + bad + b"\n")
        with pytest.raises(FormatError, match=r"line 2, is not a result") as caught:
            reopened(path)
        assert "another file" in caught.value.hint
        assert path.read_bytes() == good + bad + b"\n"
        assert handles() == opened
    path.write_bytes(good)
    reopened(path).close()  # nobody holds it
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
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(FormatError, match=r"exists|holds results"):
            fresh.open()
    assert path.read_bytes() == before
    path.unlink()
    fresh.open()
    fresh.write(0, "", ONE, answer())
    fresh.close()
    again = reopened(path)
    assert again.has(0, ONE)
    again.close()


@pytest.mark.parametrize("name", ["out.jsonl", "out.db"])
def test_where_nothing_can_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(StorageError) as caught:
        reopened(tmp_path / "missing" / name)
    if name == "out.jsonl":
        assert "folder of" in caught.value.message


@pytest.mark.parametrize(
    ("position", "fingerprint"), [(99_999_999_999, ONE), (-1, ONE), (0, "words"), (0, "-1")]
)
def test_a_row_of_a_place_there_cannot_be_is_refused(tmp_path: Path, position: int, fingerprint: str) -> None:
    path = tmp_path / "out.db"
    reopened(path).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("INSERT INTO results VALUES (?, '', ?, 0, '{}')", (position, fingerprint))
        database.commit()
    opened = handles()
    with pytest.raises(FormatError, match="not a result of a run") as caught:
        reopened(path)
    assert "another file" in caught.value.hint
    assert handles() == opened


def test_a_name_with_half_a_character_is_written_without_it(path: Path) -> None:
    sink = reopened(path)
    sink.write(0, "a\ud800b", ONE, answer())
    sink.write(1, "\ud83d\ude00", TWO, answer("\udce9"))
    sink.close()
    if path.suffix == ".jsonl":
        told = [(line["id"], line["text"]) for line in lines_of(path)]
    else:
        with closing(sqlite3.connect(path)) as database:
            told = database.execute("SELECT id, result ->> 'text' FROM results ORDER BY position").fetchall()
    assert told == [("a?b", "Yes"), ("??", "?")]


def test_a_file_by_its_name(tmp_path: Path) -> None:
    for name in ("a.db", "a.sqlite", "a.sqlite3", "a.DB"):
        assert type(sink_at(tmp_path / name)) is SqliteSink
    for name in ("a.jsonl", "a.csv", "a", "db"):
        assert type(sink_at(str(tmp_path / name))) is JsonlSink


def test_a_table_says_what_lines_say(tmp_path: Path) -> None:
    path = tmp_path / "out.db"
    sink = reopened(path)
    sink.write(4, "four", ONE, answer("Ünï"))
    sink.write(2, "", TWO, FAILED)
    sink.close()
    sink.close()
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT position, id, fingerprint, failed, result FROM results").fetchall()
    assert [row[:4] for row in rows] == [(2, "", TWO, 1), (4, "four", ONE, 0)]
    told = [json.loads(row[4]) for row in rows]
    assert [one["text"] for one in told] == ["", "Ünï"]
    assert [(one["index"], one["id"], one["fingerprint"]) for one in told] == [
        (2, None, TWO), (4, "four", ONE),
    ]  # fmt: skip


def test_what_a_schema_made_of_it_is_written_plainly(tmp_path: Path) -> None:
    class Dog:
        """As pydantic's models write themselves."""

        def model_dump(self, *, mode: str) -> dict[str, str]:
            return {"name": "Rex", "mode": mode}

    sink = reopened(tmp_path / "out.jsonl")
    sink.write(0, "", ONE, answer(parsed=[Dog()], local_cache_hit=True))
    sink.close()
    (line,) = lines_of(tmp_path / "out.jsonl")
    assert line["parsed"] == [{"name": "Rex", "mode": "json"}]
    assert line["local_cache_hit"] is True


def test_two_runs_do_not_write_to_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.jsonl"
    first = reopened(path)
    before = handles()
    with pytest.raises(StorageError, match="Another run") as caught:
        reopened(path)
    assert "another file" in caught.value.hint
    assert handles() == before
    first.write(0, "", ONE, answer())
    first.close()

    def late(handle: int) -> bool:
        """Takes the lock of a file that a run has just replaced, and let go."""
        (tmp_path / "fresh").write_bytes(path.read_bytes())
        (tmp_path / "fresh").replace(path)
        return try_hold(handle)

    monkeypatch.setattr("chatbench.client.sinks.try_hold", late)
    with pytest.raises(StorageError, match="Another run"):
        reopened(path)


def test_a_sink_opened_again_holds_what_its_file_holds(path: Path) -> None:
    sink = reopened(path)
    sink.write(0, "", ONE, answer())
    sink.write(1, "", TWO, FAILED)
    sink.close()
    sink.open()
    assert sink.has(0, ONE)
    sink.close()
    path.unlink()
    sink.open()
    assert not sink.has(0, ONE)
    sink.write(0, "", TWO, answer("New"))
    sink.close()
    sink.open()
    assert sink.has(0, TWO)
    sink.close()
    if path.suffix == ".jsonl":
        path.write_bytes(path.read_bytes() + b'{"ind')
        sink.open()
        sink.write(1, "", ONE, answer())
        sink.close()
        assert [line["index"] for line in lines_of(path)] == [0, 1]


def broken_run(path: Path) -> bytes:
    """A file with two answers and two errors, and half a line behind them."""
    sink = reopened(path)
    for index, response in enumerate((answer("a"), FAILED, answer("c"), FAILED)):
        sink.write(index, "", f"{index + 1:064x}", response)
    sink.close()
    path.write_bytes(path.read_bytes() + b'{"index": 4')
    return path.read_bytes()


def test_the_lines_of_failed_prompts_are_taken_out_with_the_first_result(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    before = broken_run(path)
    path.chmod(0o640)
    (tmp_path / "out.jsonl.part").write_text("of a crash\n" * 999)
    opened = handles()
    sink = reopened(path)
    assert [index for index in range(5) if sink.has(index, f"{index + 1:064x}")] == [0, 2]
    assert path.read_bytes() == before, "nothing was changed yet"
    sink.write(1, "", f"{2:064x}", answer("b"))
    sink.write(3, "", f"{4:064x}", FAILED)
    assert [line["index"] for line in lines_of(path)] == [0, 2, 1, 3], "each line at once"
    with pytest.raises(StorageError, match="Another run"):
        reopened(path)
    sink.close()
    assert handles() == opened
    assert [line["index"] for line in lines_of(path)] == [0, 2, 1, 3]
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_copy_somebody_else_holds_is_left_to_him(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    before = broken_run(path)
    with (tmp_path / "out.jsonl.part").open("wb") as theirs:
        assert try_hold(theirs.fileno())
        opened = handles()
        sink = reopened(path)
        with pytest.raises(StorageError, match="another run"):
            sink.write(1, "", f"{2:064x}", answer("b"))
        sink.close()
        assert handles() == opened
    assert path.read_bytes() == before


@posix
def test_a_disk_that_is_full_leaves_whole_lines(tmp_path: Path) -> None:
    """The line it had no room for is not there by halves: another may come behind it."""
    path = tmp_path / "out.jsonl"
    sink = reopened(path)
    sink.write(0, "", ONE, answer())
    size = path.stat().st_size
    with (
        files_no_larger_than(size + size // 2),
        pytest.raises(DiskFull, match=r"No space is left for .*out\.jsonl") as caught,
    ):
        sink.write(1, "", TWO, answer())
    assert "Free some space" in caught.value.hint
    assert path.stat().st_size == size
    sink.write(1, "", TWO, answer())
    sink.close()
    assert [line["index"] for line in lines_of(path)] == [0, 1]


@posix
def test_what_could_not_be_cut_off_is_cut_off_before_the_next_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a line that the disk did not even let go of: no other line comes behind it."""
    path = tmp_path / "out.jsonl"
    broken_run(path)
    sink = reopened(path)
    sink.write(1, "", f"{2:064x}", FAILED)
    size = path.stat().st_size

    def refused(handle: int, length: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "ftruncate", refused)
        with files_no_larger_than(size + 100), pytest.raises(DiskFull):
            sink.write(3, "", f"{4:064x}", answer())
        with pytest.raises(StorageError, match="Input/output error"):
            sink.write(4, "", f"{5:064x}", answer())
        assert path.stat().st_size == size + 100
    sink.write(4, "", f"{5:064x}", answer())
    sink.close()
    assert [line["index"] for line in lines_of(path)] == [0, 2, 1, 4]


def test_a_link_stays_a_link_where_failed_lines_are_taken_out(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    target, link = tmp_path / "disk" / "real.jsonl", tmp_path / "out.jsonl"
    broken_run(target)
    link.symlink_to(target)
    sink = reopened(link)
    sink.write(1, "", f"{2:064x}", answer("b"))
    sink.close()
    assert link.is_symlink()
    assert [line["index"] for line in lines_of(target)] == [0, 2, 1]
    assert [one.name for one in target.parent.iterdir()] == ["real.jsonl"]


@posix
def test_a_disk_that_is_full_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    before = broken_run(path)
    opened = handles()
    sink = reopened(path)
    with files_no_larger_than(len(before) // 4), pytest.raises(DiskFull):
        sink.write(1, "", f"{2:064x}", answer("b"))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    sink.write(1, "", f"{2:064x}", answer("b"))
    sink.close()
    assert [line["index"] for line in lines_of(path)] == [0, 2, 1]
    assert handles() == opened


@posix
def test_a_table_that_takes_no_more_says_so(tmp_path: Path) -> None:
    path = tmp_path / "out.db"
    sink = reopened(path)
    with files_no_larger_than(50_000):
        with pytest.raises(StorageError, match=r"could not be|No space"):  # noqa: PT012
            for index in range(100_000):  # told of with a later one
                sink.write(index, "", TWO, answer("x" * 1000))
        with pytest.raises(StorageError, match=r"could not be|No space"):
            sink.close()


def test_everything_is_on_disk_when_it_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.jsonl"
    broken_run(path)
    in_place: list[bool] = []
    fsync = os.fsync

    def watched(handle: int) -> None:
        in_place.append(os.fstat(handle).st_ino == path.stat().st_ino)
        assert os.fstat(handle).st_mode & 0o777 == 0o600, "nobody else reads the copy either"
        fsync(handle)

    monkeypatch.setattr(os, "fsync", watched)
    sink = reopened(path)
    sink.write(1, "", f"{2:064x}", answer("b"))
    assert in_place == [False], "the copy, before it takes the file's place"
    sink.close()
    assert in_place == [False, True]

    def failing(handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    sink = reopened(path)
    opened = handles()
    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(StorageError, match="Input/output error"):
        sink.close()
    assert handles() == opened - 1


@posix
def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = handles()
    with pytest.raises(StorageError, match="pipe could not be used"):
        reopened(tmp_path / "pipe")
    with pytest.raises(StorageError, match="could not be used"):
        reopened(tmp_path)
    assert handles() == before


def test_a_stream_gets_each_line_at_once() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with os.fdopen(reading, "rb", buffering=0) as read, os.fdopen(writing, "wb") as stream:
        sink = StreamSink(stream)
        sink.open()
        assert not sink.has(0, ONE)
        sink.write(0, "zero", ONE, answer())
        assert json.loads(read.read() or b"{}")["id"] == "zero"
        sink.close()
        assert not stream.closed


def test_a_stream_takes_a_name_with_half_a_character(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as stream:
        StreamSink(stream).write(0, "\udce9", ONE, answer())
    assert lines_of(tmp_path / "out")[0]["id"] == "?"


def test_a_stream_nobody_reads_any_more_is_told_of() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb", buffering=0) as stream:
        sink = StreamSink(stream)
        sink.open()
        with pytest.raises(StorageError, match="Standard output takes no more: Broken pipe") as caught:
            sink.write(0, "", ONE, answer())
        assert caught.value.hint


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
