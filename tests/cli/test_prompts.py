"""`chatbench prompts`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from tests.harness.program import Ran

from chatbench.cli.command import main
from chatbench.main import build

Do = Callable[..., Ran]
PROMPTFOO = """
prompts: ['Capital of {{country}}?']
providers: [openai:gpt-x]
tests:
  - {vars: {country: France}, assert: [{type: contains, value: Paris}, {type: python, value: x}]}
"""


EXAMPLES = """
name = "Sea"
messages = [{text = "a"}, {role = "assistant", text = "b"}, {text = "Hello {{x}}"}]
"""


@pytest.fixture
def do(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Do:
    """A command line on this test's profile, in this process."""

    def do_it(*arguments: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(stdin.encode())))
        code = main(arguments, build)
        told = capfd.readouterr()
        return Ran(code, told.out, told.err)

    return do_it


def test_versions(do: Do) -> None:
    assert "There are no prompts" in do("prompts", "list").err
    saved = do("prompts", "save", "mail/reply", "Answer {{input}} kindly, please.", "-s", "Be brief.",
               "-o", "temperature=0.5", "--tag", "daily", "--note", "begun")  # fmt: skip
    assert saved.err == "Saved mail/reply, version 1.\n"
    assert do("prompts", "save", "mail/reply", "Answer {{input}} kindly, please.", "-s", "Be brief.",
              "-o", "temperature=0.5").err == "Saved mail/reply, no change: version 1.\n"  # fmt: skip
    assert do("prompts", "save", "mail/reply", "Answer {{input}} well, please.", "-s", "Be brief.").code == 0
    assert do("prompts", "mark", "reply", "1").code == 0
    assert do("prompts", "list", "kindly").err == "Nothing found.\n"
    assert do("prompts", "list", "DAILY").out.split() == [
        "mail/reply",
        "version",
        "2,",
        "1",
        "in",
        "production",
        "#daily",
    ]
    (entry,) = do("prompts", "list", "--json").json
    assert (entry["name"], entry["folder"], entry["production"]) == ("reply", "mail", 1)
    told = do("prompts", "versions", "reply").out.splitlines()
    assert [line.split()[0] for line in told] == ["2", "1"]
    assert told[1].endswith("begun  (production)")
    differ = do("prompts", "diff", "reply")
    assert differ.code == 1
    assert differ.out == "[user]\nAnswer {{input}} [-kindly-]{+well+}, please.\ntemperature: 0.5 → -\n"
    assert do("prompts", "diff", "reply", "2", "2").code == 0
    assert do("prompts", "restore", "reply", "1").err == "reply is version 1 again, as version 3.\n"
    shown = do("prompts", "show", "reply", "--version", "production")
    assert 'prompt = "Answer {{input}} kindly, please."' in shown.out
    assert "mail/reply, version 1 of 3, " in shown.err
    assert do("prompts", "show", "reply", "--version", "2", "--json").json["number"] == 2
    assert do("templates", "list").out.startswith("mail/reply ")
    assert do("prompts", "remove", "reply").code == 0
    assert do("templates", "list").out == ""


def test_what_cannot_be(do: Do) -> None:
    assert "nothing to save" in do("prompts", "save", "x").err
    assert "no prompt called 'x'" in do("prompts", "show", "x").err
    assert do("prompts", "save", "x", "y", "--file", "z").code == 2
    assert do("prompts", "show", "x", "--version", "last").code == 2


def test_files_in_and_out(do: Do, tmp_path: Path) -> None:
    config = tmp_path / "suite.yaml"
    config.write_text(PROMPTFOO, encoding="utf-8")
    taken = do("prompts", "import", str(config), "--folder", "from", "--plans", str(tmp_path / "plans"))
    assert taken.out == "from/Prompt 1\n"
    assert "python has no check here" in taken.err
    plan = (tmp_path / "plans" / "suite-1.toml").read_text(encoding="utf-8")
    assert 'model = "openai/gpt-x"' in plan
    assert "Paris" in plan
    out = tmp_path / "out.yaml"
    assert do("prompts", "export", "Prompt 1", "--format", "llm", "--out", str(out)).code == 0
    assert out.read_text(encoding="utf-8") == "name: Prompt 1\nprompt: Capital of $country?\n"
    assert do("prompts", "export", "Prompt 1", "--out", str(tmp_path)).code == 2
    assert do("prompts", "save", "again", "--file", str(out)).code == 0
    assert do("prompts", "export", "again").out == 'name = "again"\nprompt = "Capital of {{country}}?"\n'
    assert do("prompts", "save", "piped", "Sum it up", stdin="A text\n").code == 0
    assert '"""\nA text\n\nSum it up"""' in do("prompts", "show", "piped").out
    code = do(
        "prompts", "code", "again", "-m", "openai/gpt-x", "-p", "country", "France", "--as", "python-sdk"
    )
    assert "os.environ['OPENAI_API_KEY']" in code.out
    assert "Capital of France?" in code.out
    assert "There are curl, python-httpx" in do("prompts", "code", "again", "--as", "perl").err


def test_a_folder_of_ones_own(do: Do, tmp_path: Path) -> None:
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "a.toml").write_text('prompt = "A"', encoding="utf-8")
    (folder / "b.toml").write_text("prompt = ", encoding="utf-8")
    linked = do("prompts", "link", str(folder), "--as", "team")
    assert linked.out == "1 prompts.\n"
    assert "b.toml" in linked.err
    assert f"team                     {folder}" in do("prompts", "link").out
    listed = do("prompts", "list")
    assert listed.out.startswith("team/a ")
    (folder / "c.toml").write_text(EXAMPLES, encoding="utf-8")
    asked = do("prompt", "-t", "team/Sea", "-m", "chatbench/guide", "-p", "x", "there")
    assert (asked.code, "Left out of the prompt team/Sea: 2 messages" in asked.err) == (0, True)
    assert "b.toml" in listed.err
    assert do("prompts", "link", str(folder), "--remove").code == 0
    assert str(folder) not in do("prompts", "link").out
