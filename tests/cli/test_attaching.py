"""Files beside a question: `prompt -a`, and `!attach` in a chat."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.conftest import Run, only
from tests.cli.test_commands import Terminal
from tests.documents import office, pdfs, recordings
from tests.loopback.server import LoopbackServer

from chatbench.cli.command import main
from chatbench.client.fetching import Fetcher
from chatbench.main import build
from chatbench.services import Services

ROWS = """
[[rows]]
ref = {{ provider = "loop", id = "{id}" }}
inputs = [{inputs}]
"""


@pytest.fixture
def loop(loop: LoopbackServer, home: Path) -> LoopbackServer:
    """`m` reads words alone, `sees` pictures too, `reads` documents too."""
    with (home / "profile" / "providers" / "loop.toml").open("a", encoding="utf-8") as file:
        for name, more in (("m", ""), ("sees", ', "image"'), ("reads", ', "image", "file"')):
            file.write(ROWS.format(id=name, inputs=f'"text"{more}'))
    return loop


@pytest.fixture
def report(home: Path) -> Path:
    """A PDF of three pages."""
    path = home / "report.pdf"
    path.write_bytes(pdfs.joined(*[pdfs.single().data for _ in range(3)]))
    return path


def asked(loop: LoopbackServer) -> str:
    return json.dumps(only(loop.asked).json["messages"][-1]["content"])


def test_any_document_goes_along_and_stderr_says_how(run: Run, loop: LoopbackServer, home: Path) -> None:
    (home / "letter.docx").write_bytes(office.letter())
    (home / "table.csv").write_text("name,age\nAda,36\n", encoding="utf-8")
    ran = run(
        "prompt", "Sum up", "-m", "loop/m", "-a", str(home / "letter.docx"), "-a", str(home / "table.csv"),
        "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    letter, table = ran.err.splitlines()
    assert letter.startswith("letter.docx: sent as text, about ")
    assert table == "table.csv: sent as text, about 18 tokens."
    assert '<attachment name=\\"letter.docx\\">' in asked(loop)
    assert "| Ada | 36 |" in asked(loop)
    assert [file["form"] for file in ran.json["sent_files"]] == ["text", "text"]
    shown = run("history", "show", ran.json["conversation_id"]).out
    assert "[file: letter.docx]" in shown
    assert str(home) not in shown


def test_a_pdf_goes_in_the_form_and_with_the_pages_asked_for(
    run: Run, loop: LoopbackServer, report: Path
) -> None:
    ran = run(
        "prompt", "-a", str(report), "--attach-as", "text", "--pages", "2", "-m", "loop/reads", "--no-log"
    )
    assert ran.code == 0, ran.err
    assert ran.err.startswith("report.pdf: sent as text, pages 2, about ")
    assert "[Page 2]" in asked(loop)
    assert "[Page 1]" not in asked(loop)
    loop.asked.clear()
    ran = run("prompt", "-a", str(report), "--attach-as", "pages", "--pages", "1,-1", "-m", "loop/sees")
    assert ran.err.startswith("report.pdf: sent as pictures of its pages, pages 1,-1, about ")
    assert asked(loop).count("data:image/jpeg;base64,") == 2
    loop.asked.clear()
    assert run("prompt", "-a", str(report), "-m", "loop/reads").err.startswith("report.pdf: sent as it is, ")
    assert asked(loop).count("data:application/pdf;base64,") == 1


def test_a_form_that_the_model_does_not_take_is_an_error(
    run: Run, loop: LoopbackServer, report: Path, home: Path
) -> None:
    ran = run("prompt", "-a", str(report), "--attach-as", "pages", "-m", "loop/m")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "Error: report.pdf: m does not take images.\n  It can be sent with --attach-as text.\n"
    )
    assert "There is no page 9" in run("prompt", "-a", str(report), "--pages", "9", "-m", "loop/m").err
    (home / "a.txt").write_text("words", encoding="utf-8")
    ran = run("prompt", "-a", str(home / "a.txt"), "--pages", "1", "-m", "loop/m")
    assert "are for PDFs" in ran.err
    assert loop.asked == []


def test_several_models_each_get_their_form(run: Run, loop: LoopbackServer, report: Path) -> None:
    ran = run("prompt", "Sum up", "-a", str(report), "-m", "loop/m", "-m", "loop/reads", "--json")
    assert ran.code == 0, ran.err
    assert [line.split(",")[0] for line in ran.err.splitlines()] == [
        "loop/m: report.pdf: sent as text", "loop/reads: report.pdf: sent as it is",
    ]  # fmt: skip
    sent = {ask.json["model"]: json.dumps(ask.json["messages"]) for ask in loop.asked}
    assert "[Page 1]" in sent["m"]
    assert "data:application/pdf" in sent["reads"]


def test_one_that_one_of_the_models_does_not_take(run: Run, loop: LoopbackServer, home: Path) -> None:
    Image.new("RGB", (9, 9), "red").save(home / "dot.png")
    ran = run("prompt", "Look", "-a", str(home / "dot.png"), "-m", "loop/sees", "-m", "loop/m")
    assert (ran.code, ran.out) == (1, "")
    assert "dot.png: m does not take images." in ran.err
    assert "sees or reads would." in ran.err
    assert loop.asked == []


def test_folders_and_archives_are_not_sent_whole(run: Run, loop: LoopbackServer, home: Path) -> None:
    with zipfile.ZipFile(home / "x.zip", "w") as file:
        file.writestr("notes/one two.md", "# One")
        file.writestr("two.csv", "a,b\n1,2\n")
    zipped = str(home / "x.zip")
    ran = run("prompt", "-a", zipped, "-m", "loop/m")
    assert ran.code == 1
    assert "x.zip is an archive." in ran.err
    assert f"-a '{zipped}!notes/one two.md', -a '{zipped}!two.csv'" in ran.err
    ran = run("prompt", "-a", f"{zipped}!two.csv", "-m", "loop/m")
    assert ran.err.startswith("two.csv: sent as text, ")
    assert "| 1 | 2 |" in asked(loop)
    assert "holds no file three" in run("prompt", "-a", f"{zipped}!three", "-m", "loop/m").err
    folder = home / "src"
    folder.mkdir()
    for number in range(7):
        (folder / f"{number}.py").write_text("x = 1", encoding="utf-8")
    ran = run("prompt", "-a", str(folder), "-m", "loop/m")
    assert ran.code == 1
    assert f"-a {folder / '0.py'}, " in ran.err
    assert ran.err.rstrip().endswith(", …")


def test_what_is_piped_in_can_be_a_file(run: Run, loop: LoopbackServer, home: Path) -> None:
    ran = run("prompt", "Sum up", "-a", "-", "-m", "loop/reads", stdin=pdfs.single().data)
    assert ran.code == 0, ran.err
    assert "piped in: sent as it is" in ran.err
    assert "data:application/pdf;base64," in asked(loop)
    loop.asked.clear()
    assert run("prompt", "Sum up", "--at", "-", "text/csv", "-m", "loop/m", stdin="a,b\n1,2").code == 0
    assert "| 1 | 2 |" in asked(loop)
    loop.asked.clear()
    (home / "a.dat").write_text("a,b\n3,4\n", encoding="utf-8")
    assert run("prompt", "--at", str(home / "a.dat"), "text/csv", "-m", "loop/m").code == 0
    assert "| 3 | 4 |" in asked(loop)
    assert run("prompt", "-a", "-", "-m", "loop/m").code == 2
    assert run("prompt", "-a", "-", "-f", "-", "-m", "loop/m", stdin="x").code == 2
    assert run("prompt", "--at", "-", "csv", "-m", "loop/m", stdin="x").code == 2


def test_the_bytes_have_the_last_word(run: Run, loop: LoopbackServer, home: Path) -> None:
    """A type that a file is said to have does not get what it is not past its reader."""
    (home / "a.bin").write_bytes(recordings.sound("wav"))
    for kind in ("image/png", "application/pdf", "text/plain"):
        ran = run("prompt", "--at", str(home / "a.bin"), kind, "-m", "loop/reads")
        assert (ran.code, ran.out) == (1, ""), kind
    assert loop.asked == []


def test_a_password_comes_from_a_variable_or_the_terminal(
    run: Run, env: dict[str, str], loop: LoopbackServer, home: Path
) -> None:
    secret = home / "secret.pdf"
    secret.write_bytes(pdfs.encrypted(pdfs.single().data, "AES-256", "open sesame"))
    ran = run("prompt", "Sum up", "-a", str(secret), "-m", "loop/m")
    assert (ran.code, ran.out) == (1, "")
    assert "--attach-password" in ran.err
    assert run("prompt", "-a", str(secret), "--attach-password", "open sesame", "-m", "loop/m").code == 2
    wrong = run("prompt", "-a", str(secret), "--attach-password", "PW", "-m", "loop/m", PW="wrong")
    assert "not its password" in wrong.err
    assert loop.asked == []
    assert (
        run("prompt", "-a", str(secret), "--attach-password", "PW", "-m", "loop/m", PW="open sesame").code
        == 0
    )
    assert "[Page 1]" in asked(loop)
    terminal = Terminal(env, "prompt", "Sum up", "-a", str(secret), "-m", "loop/m")
    terminal.read_until("Password: ")
    terminal.type("no\n")
    terminal.read_until("not its password. Password: ")
    terminal.type("open sesame\n")
    terminal.read_until("lazy dog")
    assert terminal.end() == 0
    assert "sesame" not in terminal.seen


def test_what_is_unlogged_leaves_no_file(run: Run, loop: LoopbackServer, report: Path, home: Path) -> None:
    run("history", "list")
    before = {path for path in (home / "profile").rglob("*") if path.is_file()}
    assert run("prompt", "-a", str(report), "-m", "loop/m", "--no-log").code == 0
    after = {path for path in (home / "profile").rglob("*") if path.is_file()}
    assert {path.name for path in after - before} <= {"chatbench.sqlite-wal", "chatbench.sqlite-shm"}
    assert not any("files" in path.parts for path in after)


def test_an_address_is_fetched_where_it_is_public(run: Run, loop: LoopbackServer) -> None:
    ran = run("prompt", "-a", f"{loop.url}/x.pdf", "-m", "loop/m")
    assert (ran.code, ran.out) == (1, "")
    assert "only 80 and 443 are" in ran.err
    ran = run("prompt", "-a", "http://127.0.0.1/x.pdf", "-m", "loop/m")
    assert "not on the public internet" in ran.err
    assert loop.asked == []


def test_what_an_address_gives_is_attached(
    loop: LoopbackServer, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process, with a fetcher that may ask this computer."""
    kept = loop.files.put("openai", pdfs.single().data, "report.pdf", "application/pdf")

    def with_fetcher(folder: Path | None = None, *, log_level: str = "") -> Services:
        services = build(folder, log_level=log_level)
        fetcher = Fetcher(allowed=lambda _address: True, ports=None)
        monkeypatch.setattr(services.attachments, "_fetcher", fetcher)
        return services

    monkeypatch.setattr("sys.stdin", None)
    address = f"{loop.url}/v1/files/{kept.id}/content"
    code = main(["prompt", "Sum up", "-a", address, "-m", "loop/reads"], with_fetcher)
    told = capsys.readouterr()
    assert code == 0, told.err
    assert told.err.startswith("content.bin: sent as it is, ")
    assert "data:application/pdf;base64," in json.dumps(loop.asked[-1].json)


def test_a_file_that_is_not_there(run: Run, loop: LoopbackServer) -> None:
    ran = run("prompt", "-a", "none.pdf", "-m", "loop/m")
    assert ran.code == 2
    assert "there is no file 'none.pdf'" in ran.err


def test_a_chat_takes_files_with_its_next_message(
    run: Run, loop: LoopbackServer, report: Path, home: Path
) -> None:
    (home / "with space.txt").write_text("some words", encoding="utf-8")
    escaped = str(home / "with space.txt").replace(" ", "\\ ")
    lines = f"!attach {report}\n!attach {escaped}\n!attach none.txt\n!attach {home}\nSum up\nAgain\n"
    ran = run("chat", "-m", "loop/m", stdin=lines)
    assert ran.code == 0
    told = [line for line in ran.err.splitlines() if line.strip()]
    assert told[0].startswith("report.pdf: sent as text, about ")
    assert told[1].startswith("with space.txt: sent as text, about ")
    assert told[2] == "Error: There is no file 'none.txt'."
    assert "is a folder" in told[4]
    first, second = (ask.json["messages"] for ask in loop.asked)
    assert "some words" in json.dumps(first[0])
    assert len(second) == 3
    assert "attachment" not in json.dumps(second[2])
