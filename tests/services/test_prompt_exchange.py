"""Files of prompts: which format they are in, and what is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatbench.core.errors import FormatError
from chatbench.core.messages import ImagePart, StoredFile
from chatbench.core.params import Parameters
from chatbench.core.prompts import NamedPrompt, Prompt, PromptMessage, Variable
from chatbench.services.prompts.exchange import ExportFormat, read_file, read_text, write

NAMED = NamedPrompt(
    name="reply",
    prompt=Prompt(
        messages=(
            PromptMessage(role="system", text="Be kind.\n\nAnd brief."),
            PromptMessage(text="To {{who}}: {{input}}"),
        ),
        variables=(Variable(name="who", default="Ann"),),
        parameters=Parameters(temperature=0.5),
        models=("openai/gpt-x",),
    ),
)  # fmt: skip


@pytest.mark.parametrize("form", ["toml", "yaml", "llm"])
def test_what_is_written_is_read_again(form: ExportFormat) -> None:
    imported = read_text(write(NAMED, form))
    assert (imported.prompts, imported.plans, imported.left_out) == ((NAMED,), (), ())


def test_openai_is_written_and_read() -> None:
    (named,) = read_text(write(NAMED, "openai")).prompts
    assert named.prompt.messages == NAMED.prompt.messages
    assert json.loads(write(NAMED, "openai"))["temperature"] == 0.5


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("Just say {{x}}: it is\nfine", ["Just say {{x}}: it is\nfine"]),
        ("{% if x %}a{% endif %}", ["{% if x %}a{% endif %}"]),
        ("[link] is text", ["[link] is text"]),
        ("", []),
        ('[{"role": "user", "content": "a"}]', ["a"]),
        ('{"model": "m", "input": "a"}', ["a"]),
        ('prompt = "a"', ["a"]),
        ("prompt: a $x", ["a {{x}}"]),
        ("prompt: a {{x}}", ["a {{x}}"]),
        ("messages:\n  - text: a", ["a"]),
        ("messages:\n  - role: user\n    content: a", ["a"]),
        ("prompts: [a]", ["a"]),
    ],
)
def test_which_format_it_is(text: str, becomes: list[str]) -> None:
    (named,) = read_text(text, "n").prompts
    assert [one.text for one in named.prompt.messages] == becomes


@pytest.mark.parametrize("text", ['{"messages": [', "prompt: [a", "prompts: [file://a.txt]"])
def test_what_is_broken_is_told(text: str) -> None:
    with pytest.raises(FormatError):
        read_text(text)


def test_what_our_language_cannot_read_is_told() -> None:
    told = read_text("prompts: ['{% set x = 1 %}']").left_out
    assert told == (
        "Prompt 1 is kept as it was written: Message 1 (user): Line 1, column 4: There is no tag 'set'.",
    )


def test_files_beside_it_are_read_and_no_others(tmp_path: Path) -> None:
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "p.txt").write_text("from a file", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    config = folder / "promptfooconfig.yaml"
    config.write_text("prompts: [file://p.txt]", encoding="utf-8")
    assert read_file(config).prompts[0].prompt.messages[0].text == "from a file"
    for name in ("../secret.txt", str(tmp_path / "secret.txt"), "gone.txt"):
        config.write_text(f"prompts: ['file://{name}']", encoding="utf-8")
        with pytest.raises(FormatError):
            read_file(config)


def test_files_of_the_profile_are_not_written() -> None:
    picture = ImagePart(source=StoredFile(sha256="a" * 64), media_type="image/png")
    with pytest.raises(FormatError, match="files of this profile"):
        write(NamedPrompt(prompt=Prompt(messages=(PromptMessage(attachments=(picture,)),))), "toml")
