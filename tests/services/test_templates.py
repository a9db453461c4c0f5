"""Saved prompts: filled in, kept in files a person can read, refused where they are broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from chatbench.core.errors import ConfigurationError, FormatError, InvalidSchema, UnknownParameter
from chatbench.services.templates import Template, TemplateChanged, TemplateService

FULL = Template(
    model="fast",
    system="You speak {{ lang }}.",
    prompt='Say "{{input}}"\nin {{lang}}.\n\nBe brief.\n',
    variables={"lang": "German"},
    fragments=("/a/b.txt", "https://example.org"),
    parameters={"temperature": 0.5, "stop": ["END"], "logit_bias": {"5": -1.0}},
    schema={"type": "object", "properties": {"z": {"type": "string"}, "a": {"type": "integer"}}},
)


@pytest.fixture
def templates(tmp_path: Path) -> TemplateService:
    return TemplateService(tmp_path / "templates")


@pytest.mark.parametrize(
    "template",
    [
        FULL,
        Template(prompt="plain"),
        Template(prompt='a\n"""b'),
        Template(prompt="back\\slash\nand more"),
        Template(prompt="\n\nfirst lines empty\r\nWindows\n"),
        Template(prompt='ends in quotes\n"two""'),
        Template(prompt="tab\tand\x1b\ncontrol"),
        Template(variables={"a b": "x"}),
    ],
)
def test_what_is_saved_is_read_again(templates: TemplateService, template: Template) -> None:
    path = templates.save("mine", template)
    assert templates.get("mine") == template
    assert templates.names() == ("mine",)
    assert path.stat().st_mode & 0o077 == 0
    templates.remove("mine")
    assert templates.names() == ()


def test_a_person_can_read_it(templates: TemplateService) -> None:
    text = templates.save("mine", FULL).read_text(encoding="utf-8")
    assert 'prompt = """\nSay "{{input}}"\nin {{lang}}.\n' in text
    assert "[parameters]\ntemperature = 0.5\n" in text
    assert text.index("properties.z") < text.index("properties.a")


def test_filling_in() -> None:
    assert FULL.names == ("lang", "input")
    assert FULL.filled("ja") == ("You speak German.", 'Say "ja"\nin German.\n\nBe brief.\n')
    assert FULL.filled("ja", {"lang": "Latin"})[0] == "You speak Latin."
    assert Template(prompt="Sum up:").filled("this") == ("", "Sum up:\n\nthis")
    assert Template(system="{{input}}").filled("this") == ("this", "")


def test_what_is_filled_in_is_not_filled_again() -> None:
    assert FULL.filled("{{lang}}", {"lang": "{{input}}"})[1].startswith('Say "{{lang}}"\nin {{input}}.')


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        ("ja", {"tone": "dry"}, "no variable tone"),
        ("ja", {"input": "x"}, "no variable input"),
        ("", {}, "wants input"),
    ],
)
def test_what_does_not_fit_is_named(words: str, given: dict[str, str], said: str) -> None:
    with pytest.raises(FormatError, match=said):
        FULL.filled(words, given)


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(FormatError, match="wants lang") as caught:
        msgspec.structs.replace(FULL, variables={}).filled("ja")
    assert "-p lang VALUE" in caught.value.hint


@pytest.mark.parametrize("name", ["", "../up", "a//b", "/b", "a/.b", ".hidden", "a\nb", "x" * 200])
def test_what_is_no_name(templates: TemplateService, name: str) -> None:
    for act in (templates.get, templates.remove, lambda name: templates.save(name, FULL)):
        with pytest.raises(ConfigurationError, match="name of a template"):
            act(name)


def test_none_is_written_over(templates: TemplateService) -> None:
    templates.save("mine", FULL)
    with pytest.raises(ConfigurationError, match="already"):
        templates.save("mine", Template(prompt="other"))
    assert templates.get("mine") == FULL


def test_one_that_is_not_there(templates: TemplateService) -> None:
    templates.save("translate", FULL)
    with pytest.raises(ConfigurationError) as caught:
        templates.get("tranlate")
    assert "translate" in caught.value.hint
    with pytest.raises(ConfigurationError):
        templates.remove("tranlate")


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("prompt = \n", ConfigurationError, "line 1"),
        ('x = 1\nprompt = "a"\n', ConfigurationError, "`x`"),
        ("prompt = 5\n", ConfigurationError, "line 1"),
        ("[parameters]\nheat = 1\n", UnknownParameter, "heat"),
        ("[parameters]\nheat = 1\n", UnknownParameter, "mine.toml: "),
        ('[schema]\ntype = "objct"\n', InvalidSchema, "mine.toml: This is not JSON Schema"),
        ('[parameters]\ntemperature = "warm"\n', ConfigurationError, "temperature"),
    ],
)
def test_a_broken_file_is_named(
    templates: TemplateService, text: str, error: type[Exception], said: str
) -> None:
    path = templates.save("mine", FULL)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(error, match=said):
        templates.get("mine")
    assert path.read_text(encoding="utf-8") == text


def test_null_is_refused(templates: TemplateService) -> None:
    schema: dict[str, Any] = {"enum": ["a", None]}
    with pytest.raises(ConfigurationError, match="null"):
        templates.save("mine", Template(schema=schema))
    assert templates.names() == ()


def test_text_that_was_decoded_wrongly_is_told_as_that(templates: TemplateService) -> None:
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        templates.save("mine", Template(prompt="caf\udce9"))
    assert templates.names() == ()


BY_HAND = """# For letters
model = "fast"  # cheap
prompt = "Dear {{name}}"

[variables]
name = "Ann" # mostly
"""


def by_hand(templates: TemplateService, text: str = BY_HAND) -> str:
    templates.save("letter", Template(prompt="x"))
    templates.path("letter").write_text(text, encoding="utf-8")
    return templates.read("letter").stamp


def test_a_change_leaves_what_a_person_wrote_beside_it(templates: TemplateService) -> None:
    stamp = by_hand(templates)
    changed = msgspec.structs.replace(
        templates.get("letter"), prompt="Dear {{name}},\n\n{{input}}", system="Be kind.", model=""
    )
    templates.replace("letter", changed, stamp=stamp)
    assert templates.get("letter") == changed
    text = templates.path("letter").read_text(encoding="utf-8")
    assert text.startswith("# For letters\n")
    assert 'name = "Ann" # mostly\n' in text
    assert 'prompt = """\nDear {{name}},\n\n{{input}}"""' in text


@pytest.mark.parametrize(
    "text",
    [
        '[variables]\nname = "Ann"\n',
        'prompt = "x"\nvariables.name = "Ann"\nparameters.temperature = 1\n',
        'prompt = "x"\r\n[parameters]\r\ntemperature = 0.5\r\n',
        'variables = { name = "a" }',
    ],
)
def test_any_layout_takes_a_change(templates: TemplateService, text: str) -> None:
    stamp = by_hand(templates, text)
    templates.replace("letter", FULL, stamp=stamp)
    assert templates.get("letter") == FULL


def test_a_file_that_was_changed_elsewhere_is_not_written_over(templates: TemplateService) -> None:
    stamp = by_hand(templates)
    other = BY_HAND.replace("Dear", "Hello")
    templates.path("letter").write_text(other, encoding="utf-8")
    for rename in ("", "mail"):
        with pytest.raises(TemplateChanged) as caught:
            templates.replace("letter", FULL, stamp=stamp, rename=rename)
        assert not caught.value.gone
    assert templates.path("letter").read_text(encoding="utf-8") == other
    assert templates.names() == ("letter",)
    templates.remove("letter")
    with pytest.raises(TemplateChanged) as caught:
        templates.replace("letter", FULL, stamp=stamp)
    assert caught.value.gone
    assert templates.names() == ()


def test_one_gets_another_name_that_is_free(templates: TemplateService) -> None:
    stamp = by_hand(templates)
    templates.save("mail", Template(prompt="other"))
    with pytest.raises(ConfigurationError, match="already"):
        templates.replace("letter", FULL, stamp=stamp, rename="mail")
    assert templates.read("letter").stamp == stamp
    assert templates.replace("letter", FULL, stamp=stamp, rename="post").stem == "post"
    assert templates.names() == ("mail", "post")
    assert (templates.get("mail").prompt, templates.get("post")) == ("other", FULL)


def test_what_was_removed_comes_back_to_the_letter(templates: TemplateService) -> None:
    by_hand(templates)
    data = templates.remove("letter")
    assert templates.names() == ()
    templates.put_back("letter", data)
    assert templates.path("letter").read_text(encoding="utf-8") == BY_HAND
    with pytest.raises(ConfigurationError, match="already"):
        templates.put_back("letter", b"")


def test_one_in_a_folder(templates: TemplateService) -> None:
    templates.save("mail/letter", FULL)
    templates.save("mail", Template(prompt="other"))
    assert templates.names() == ("mail", "mail/letter")
    assert templates.get("mail/letter") == FULL
    templates.replace("mail/letter", FULL, stamp=templates.read("mail/letter").stamp, rename="post/card")
    assert templates.names() == ("mail", "post/card")


def test_sections_and_shared_texts() -> None:
    template = Template(
        system="{{ fragment('style') }}{% if tone %} Be {{tone}}.{% endif %}",
        prompt="{% for one in range(2) %}{{input}};{% endfor %}",
    )
    assert (template.names, template.shared) == (("tone", "input"), ("style",))
    held = {"style": "Speak {{input}}."}
    assert template.filled("a", None, held) == ("Speak {{input}}.", "a;a;")
    assert template.filled("a", {"tone": "kind"}, held)[0] == "Speak {{input}}. Be kind."
    with pytest.raises(FormatError, match="wants input"):
        template.filled("", {"tone": "kind"}, held)
    with pytest.raises(FormatError, match="no fragment"):
        template.filled("a")


def test_braces_that_mean_nothing_stay() -> None:
    template = Template(prompt="In {{lang}}: {{ $x }} and {% tag }")
    assert template.filled("", {"lang": "Go {{lang}}"}) == ("", "In Go {{lang}}: {{ $x }} and {% tag }")


WHOLE = """name = "A letter"
tags = ["mail"]
models = ["loop/m", "loop/other"]

[[messages]]
role = "system"
text = "Be kind."

[[messages]]
text = "An example"

[[messages]]
role = "assistant"
text = "Dear example"

[[messages]]
text = "Dear {{name}}, {{rest}}"

[variables.name]
type = "choice"
default = "Ann"
choices = ["Ann", "Bob"]

[variables.rest]
type = "json"
default = [1, "b"]
"""


def test_a_prompt_of_the_library_as_far_as_one_question_holds_it(templates: TemplateService) -> None:
    stamp = by_hand(templates, WHOLE)
    found = templates.get("letter")
    assert (found.model, found.system, found.prompt) == ("loop/m", "Be kind.", "Dear {{name}}, {{rest}}")
    assert found.variables == {"name": "Ann", "rest": '[1, "b"]'}
    assert found.left_out == ("2 messages before the question", "all models but the first")
    with pytest.raises(ConfigurationError, match="more than a template"):
        templates.replace("letter", found, stamp=stamp)
    assert templates.path("letter").read_text(encoding="utf-8") == WHOLE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tags = 5", "mine.toml: `tags`"),
        ('[[messages]]\nrole = "king"', "mine.toml: `messages"),
        ('name = "x"\nx = 1', "nothing called `x`"),
        ('prompt = "x"\n[[messages]]\ntext = "y"', "stands instead"),
        ('[variables.x]\nkind = "text"', "mine.toml: `variables"),
        ('name = "x"\n[parameters]\nheat = 1', "mine.toml: .*heat"),
    ],
)
def test_a_broken_prompt_is_named(templates: TemplateService, text: str, said: str) -> None:
    path = templates.save("mine", FULL)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        templates.get("mine")
