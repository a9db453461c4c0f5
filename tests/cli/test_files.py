"""`chatbench files`, in a process of its own, against a provider that keeps files."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Run
from tests.cli.test_commands import Terminal
from tests.documents import pdfs
from tests.loopback.server import LoopbackServer

REPORT = pdfs.single().data
KEPT = """
[quirks]
file_storage = true
[[rows]]
ref = { provider = "loop", id = "m" }
inputs = ["text", "file"]
"""


@pytest.fixture
def loop(run: Run, server: LoopbackServer, home: Path) -> LoopbackServer:
    """OpenAI's responses, and its files."""
    added = run(
        "providers", "add", "loop", "--wire", "openai_responses",
        "--base-url", server.base_url("openai_responses"), "--auth", "none",
    )  # fmt: skip
    assert added.code == 0, added.err
    with (home / "profile" / "providers" / "loop.toml").open("a", encoding="utf-8") as file:
        file.write(KEPT)
    return server


@pytest.fixture
def report(home: Path) -> Path:
    path = home / "report.pdf"
    path.write_bytes(REPORT)
    return path


def test_a_file_is_uploaded_listed_used_fetched_back_and_deleted(
    run: Run, loop: LoopbackServer, report: Path, home: Path
) -> None:
    (told,) = run("files", "upload", str(report), "--expires-in", "12h", "--json").json
    (kept,) = loop.files.kept["openai"].values()
    assert (kept.data, kept.name, kept.media_type) == (REPORT, "report.pdf", "application/pdf")
    assert kept.fields["expires_after[seconds]"] == "43200"
    assert (told["id"], told["provider"], told["size"]) == (kept.id, "loop", len(REPORT))
    assert told["expires_at"] == "2026-09-22T02:13:20.000+00:00"
    del kept.fields["expires_after[seconds]"]
    run("files", "delete", kept.id, "--yes")
    assert run("files", "upload", str(report)).out.startswith("loop       file-2  ")
    asked = run("prompt", "Sum up", "-a", str(report), "-m", "loop/m", "--json")
    assert asked.code == 0, asked.err
    sent = loop.asked[-1].json["input"][0]["content"][0]
    assert sent == {"type": "input_file", "file_id": "file-2"}
    (listed,) = run("files", "list", "--json").json
    assert listed["chats"] == [{"id": asked.json["conversation_id"], "title": "Sum up"}]
    assert run("files", "list").out.rstrip().endswith("report.pdf  in 1 chat")
    shown = run("files", "show", "file-2").out
    assert "name          report.pdf\n" in shown
    assert "chats         Sum up\n" in shown
    out = home / "back.pdf"
    assert run("files", "download", "file-2", "--out", str(out)).code == 0
    assert out.read_bytes() == REPORT
    assert run("files", "download", "file-2", "--out", str(out)).code == 2
    assert run("files", "delete", "file-2").code == 2, "nobody can be asked"
    assert run("files", "delete", "file-2", "--yes").out == "Deleted file-2.\n"
    assert loop.files.kept["openai"] == {}
    assert run("files", "list").err == "Nothing is kept.\n"


def test_a_deleted_file_is_sent_whole_again(run: Run, loop: LoopbackServer, report: Path) -> None:
    run("files", "upload", str(report))
    run("files", "delete", "file-1", "--yes")
    assert run("prompt", "-a", str(report), "-m", "loop/m").code == 0
    assert loop.asked[-1].json["input"][0]["content"][0]["file_data"].startswith("data:application/pdf")


def test_deleting_asks_on_a_terminal(
    env: dict[str, str], run: Run, loop: LoopbackServer, report: Path
) -> None:
    run("files", "upload", str(report))
    terminal = Terminal(env, "files", "delete", "file-1")
    terminal.read_until("Delete this file at loop? [y/N]: ")
    assert "report.pdf" in terminal.seen
    terminal.type("n\n")
    assert terminal.end() == 130
    assert "file-1" in loop.files.kept["openai"]
    terminal = Terminal(env, "files", "delete", "file-1")
    terminal.read_until("[y/N]: ")
    terminal.type("y\n")
    assert terminal.end() == 0
    assert loop.files.kept["openai"] == {}


def test_a_name_from_the_provider_cannot_steer_the_terminal(run: Run, loop: LoopbackServer) -> None:
    loop.files.put("openai", b"x", "a\x1b[2Jb\r\n.txt", "text/plain")
    told = run("files", "list")
    assert told.code == 0
    assert "\x1b" not in told.out
    assert "a\ufffd[2Jb" in told.out


def test_what_is_wrong_is_said(run: Run, loop: LoopbackServer, report: Path, home: Path) -> None:
    gone = run("files", "show", "file-9")
    assert (gone.code, gone.out) == (1, "")
    assert "No such File object" in gone.err
    assert run("files", "upload", str(report), "--expires-in", "soon").code == 2
    assert "keeps files between" in run("files", "upload", str(report), "--expires-in", "60d").err
    assert run("files", "list", "--provider", "openai").code == 1
    assert "keeps no files" in run("files", "list", "--provider", "ollama").err
    (home / "empty.txt").write_bytes(b"")
    assert "empty.txt is empty" in run("files", "upload", str(home / "empty.txt")).err
    assert run("files", "upload", str(home)).code == 2


def test_without_a_provider_that_keeps_files(run: Run) -> None:
    ran = run("files", "list")
    assert (ran.code, ran.out) == (1, "")
    assert "No provider that keeps files has a key." in ran.err


def test_the_search_names_the_file_it_found(run: Run, loop: LoopbackServer, home: Path) -> None:
    (home / "notes.txt").write_text("the pelican is called Ferdinand", encoding="utf-8")
    assert run("prompt", "Who?", "-a", str(home / "notes.txt"), "-m", "loop/m").code == 0
    (hit,) = run("history", "search", "Ferdinand", "--json").json
    assert hit["file"] == "notes.txt"
    assert "    notes.txt: the pelican" in run("history", "search", "Ferdinand").out
