"""Prompts filled in: variables, their types and defaults, messages of all roles, files."""

from __future__ import annotations

import pytest

from chatbench.core.errors import FormatError
from chatbench.core.messages import ImagePart, Message, StoredFile, TextPart
from chatbench.core.prompts import Prompt, PromptMessage, Variable
from chatbench.templates.language import TemplateError
from chatbench.templates.prompts import fill, fragments_of, variables_of

PICTURE = ImagePart(source=StoredFile(sha256="a" * 64), media_type="image/png", name="a.png")


def prompt(*messages: tuple[str, str], variables: tuple[Variable, ...] = ()) -> Prompt:
    return Prompt(
        messages=tuple(PromptMessage(role=role, text=text) for role, text in messages),  # type: ignore[arg-type]
        variables=variables,
    )


def test_messages_of_all_roles() -> None:
    few = prompt(
        ("system", "You are {{who}}."),
        ("user", "Say {{ a }}"),
        ("assistant", "{{a}}!"),
        ("user", "{% if more %}{{more}}{% endif %}"),
        ("user", "{{question}}"),
        ("system", "Be brief."),
    )
    filled = fill(few, {"who": "Ada", "a": "x", "question": "Why?", "unknown": 1})
    assert filled.system == "You are Ada.\n\nBe brief."
    assert filled.messages == (Message.user("Say x"), Message.assistant("x!"), Message.user("Why?"))


def test_declared_variables_come_first_and_the_others_are_found() -> None:
    declared = Variable(name="tone", type="choice", choices=("dry", "warm"), default="dry")
    some = prompt(
        ("system", "{{ b }}{% if c %}{% endif %}"), ("user", "{{tone}}{{a}}"), variables=(declared,)
    )
    assert variables_of(some) == (
        declared, Variable(name="b"), Variable(name="c", optional=True), Variable(name="a"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("variable", "value", "becomes"),
    [
        (Variable(name="x", default="d"), None, "d"),
        (Variable(name="x", default="d"), "", ""),
        (Variable(name="x", default="d", optional=True), "", "d"),
        (Variable(name="x", optional=True), None, ""),
        (Variable(name="x", type="number"), " 4.5 ", "4.5"),
        (Variable(name="x", type="number"), 7, "7"),
        (Variable(name="x", type="json"), '{"a": [1]}', '{"a": [1]}'),
        (Variable(name="x", type="json"), [1, "b"], '[1, "b"]'),
        (Variable(name="x", type="choice", choices=("a", "b")), "b", "b"),
    ],
)
def test_values_of_each_type(variable: Variable, value: object, becomes: str) -> None:
    filled = fill(prompt(("user", "<{{x}}>"), variables=(variable,)), {"x": value})
    assert filled.messages[0].text == f"<{becomes}>"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (Variable(name="x"), None, "x has no value"),
        (Variable(name="x", type="number"), "four", "is a number"),
        (Variable(name="x", type="json"), "{", "is not JSON"),
        (Variable(name="x", type="choice", choices=("a", "b")), "c", "cannot be 'c'"),
        (Variable(name="x", type="image"), "a.png", "is a file"),
    ],
)
def test_values_that_do_not_fit(variable: Variable, value: object, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        fill(prompt(("user", "{{x}}"), variables=(variable,)), {"x": value})


def test_a_loop_over_json() -> None:
    some = prompt(
        ("user", "{% for one in xs %}{{ one.a }};{% endfor %}"), variables=(Variable(name="xs", type="json"),)
    )
    assert fill(some, {"xs": '[{"a": 1}, {"a": 2}]'}).messages[0].text == "1;2;"


@pytest.mark.parametrize("value", [PICTURE, PICTURE.to_dict(), [PICTURE]])
def test_a_picture_is_attached_where_it_is_named(value: object) -> None:
    some = prompt(
        ("user", "First."),
        ("user", "{% if shown %}Look:{% endif %}{{shown}}"),
        ("user", "{{shown}}"),
        variables=(Variable(name="shown", type="image", optional=True),),
    )
    assert fill(some, {"shown": value}).messages == (
        Message.user("First."),
        Message(role="user", parts=(PICTURE, TextPart(text="Look:"))),
    )
    assert fill(some, {}).messages == (Message.user("First."),)


def test_attachments_of_a_message_stand_before_its_words() -> None:
    some = Prompt(messages=(PromptMessage(text="{{x}}", attachments=(PICTURE,)),))
    assert fill(some, {"x": "what?"}).messages[0].parts == (PICTURE, TextPart(text="what?"))


def test_the_message_that_is_wrong_is_named() -> None:
    with pytest.raises(TemplateError, match=r"Message 2 \(user\): Line 2, column 4") as caught:
        fill(prompt(("system", "a"), ("user", "b\n{{ name }}")), {})
    assert (caught.value.line, caught.value.column) == (2, 4)


def test_fragments_of_a_prompt() -> None:
    some = prompt(("system", "{{fragment('a')}}"), ("user", "{{fragment('b@1')}}{{fragment('a')}}"))
    assert fragments_of(some) == ("a", "b@1")
    assert fill(some, {}, {"a": "{{x}}", "b@1": "B"}).messages[0].text == "B{{x}}"
