"""The language of prompts: what it says, where it says that something is wrong, and that it always ends."""

from __future__ import annotations

import string
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.templates import evaluating
from chatbench.templates.language import MAX_SOURCE, Parsed, TemplateError, literal, parse, render, spans

PEOPLE = [{"name": "Ada", "age": 36}, {"name": "Bob", "age": 4}]


@pytest.mark.parametrize(
    ("text", "values", "said"),
    [
        ("plain { text } }}", {}, "plain { text } }}"),
        ("{{name}}, {{ name }}", {"name": "Ada"}, "Ada, Ada"),
        ("{{customer-name}}", {"customer-name": "Ada"}, "Ada"),
        ("{{ a - b }}{{a-b}}", {"a": 3, "b": 1, "a-b": "!"}, "2!"),
        ("{{2nd}} {{é}}", {"2nd": "two", "é": "e"}, "two e"),
        ("{{x}}", {"x": "{{y}} {% if %} <b>&amp;"}, "{{y}} {% if %} <b>&amp;"),
        ("{{x}}|{{y}}|{{z}}|{{n}}", {"x": True, "y": 1.5, "z": None, "n": 3}, "true|1.5||3"),
        ("{{x}}", {"x": {"ä": [1, None]}}, '{"ä": [1, null]}'),
        ("{% if a %}yes{% else %}no{% endif %}", {}, "no"),
        ("{% if a %}1{% elif b %}2{% else %}3{% endif %}", {"b": "x"}, "2"),
        ("{% if not a and (b or c) %}x{% endif %}", {"c": 1}, "x"),
        ("{% if a == 'x' %}1{% endif %}{% if a != 'x' %}2{% endif %}", {"a": "x"}, "1"),
        ("{% if 'b' in a and 'z' not in a %}x{% endif %}", {"a": ["b"]}, "x"),
        ("{% if a is defined %}1{% endif %}{% if b is not defined %}2{% endif %}", {"a": 0}, "12"),
        ("{{ 'yes' if a > 2 else 'no' }}", {"a": 3}, "yes"),
        ("{% for p in people %}{{ loop.index }}.{{ p.name }}{% if not loop.last %}, {% endif %}{% endfor %}",
         {"people": PEOPLE}, "1.Ada, 2.Bob"),
        ("{% for k, v in x %}{{k}}={{v}};{% endfor %}", {"x": {"a": 1, "b": 2}}, "a=1;b=2;"),
        ("{% for k, v in x.items() %}{{k}}={{v}};{% endfor %}", {"x": {"a": 1}}, "a=1;"),
        ("{% for x in xs %}{{x}}{% else %}none{% endfor %}", {"xs": []}, "none"),
        ("{% for i in range(3) %}{{i}}{% endfor %}", {}, "012"),
        ("{% for x in xs %}{% for y in x %}{{ y }}{% endfor %}|{% endfor %}", {"xs": [[1, 2], [3]]}, "12|3|"),
        ("{{ x }}{% for x in xs %}{{ x }}{% endfor %}{{ x }}", {"x": "o", "xs": ["i"]}, "oio"),
        ("{{ people[1].name }}{{ people[0]['age'] }}{{ people.length }}", {"people": PEOPLE}, "Bob362"),
        ("{{ x | upper | replace('A', 'bb') }}", {"x": "abca"}, "bbBCbb"),
        ("{{ tone | default('dry') }}{{ y|d('z', true) }}", {"y": ""}, "dryz"),
        ("{{ xs | join(', ') }} {{ xs|length }} {{ xs|first }}", {"xs": ["a", "b"]}, "a, b 2 a"),
        ("{{ xs | sort | reverse | unique | tojson }}", {"xs": [1, 3, 3, 2]}, "[3, 2, 1]"),
        ("{{ x | indent(2) }}", {"x": "a\nb"}, "a\n  b"),
        ("{{ x | int + 1 }} {{ '2.55' | round(1) }} {{ -1 + 2 * 7 // 2 }}", {"x": "41"}, "42 2.5 6"),
        ("{{ 'a' ~ 1 ~ b }}", {"b": "c"}, "a1c"),
        ("{{ 'it\\'s \\n' }}", {}, "it's \n"),
        ("a{# {{x}} #}b", {}, "ab"),
        ("{% raw %}{{ x }}{% if %}{% endraw %}", {}, "{{ x }}{% if %}"),
        ('{{ "{{" }}', {}, "{{"),
        ("{{ [1, x, 'b'] | tojson }}", {"x": None}, '[1, null, "b"]'),
    ],
)  # fmt: skip
def test_what_it_becomes(text: str, values: dict[str, Any], said: str) -> None:
    assert render(text, values) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\n{% if yes %}\nb\n{% endif %}\nc\n", "a\nb\nc\n"),
        ("a\r\n  {% if yes %}\r\nb\r\n  {% endif %}\r\nc", "a\r\nb\r\nc"),
        ("a {% if yes %}b{% endif %} c", "a b c"),
        ("a\n  {{- 'b' -}}  \nc", "abc"),
        ("{%- if yes -%}  b  {%- endif -%}", "b"),
        ("a\n{# said to oneself #}\nb", "a\nb"),
        ("- {{ 'x' }}\n- {{ 'y' }}\n", "- x\n- y\n"),
        ("  {%+ if yes +%}\nb{% endif %}", "  \nb"),
    ],
)
def test_a_line_with_only_a_tag_leaves_nothing_behind(text: str, said: str) -> None:
    assert render(text, {"yes": True}) == said


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("ab {{ name", 1, 4, "not closed"),
        ("a\nb {{ }}", 2, 6, "missing here"),
        ("{% if a %}x", 1, 1, "endif"),
        ("x\n{% endif %}", 2, 4, "without what"),
        ("{% for in xs %}{% endfor %}", 1, 8, "after for"),
        ("{% for x in xs %}{% endif %}", 1, 21, "without what"),
        ("{% set x = 1 %}", 1, 4, "no tag 'set'"),
        ("{% include 'etc' %}", 1, 4, "no tag 'include'"),
        ("{{ x | uper }}", 1, 8, "no filter 'uper'"),
        ("{{ x is odd }}", 1, 9, "no test"),
        ("{{ 'open }}", 1, 4, "quotation"),
        ("{{ x ? y }}", 1, 6, "means nothing"),
        ("{{ __class__ }}", 1, 4, "begins with _"),
        ("{{ x.__class__ }}", 1, 6, "begins with _"),
        ("{{ x.format('a') }}", 1, 6, "cannot be called"),
        ("{{ open('a') }}", 1, 4, "cannot be called"),
        ("{{ fragment(x) }}", 1, 4, "in quotes"),
        ("{{ a b }}", 1, 6, "}} is missing"),
        ("{{ (a }}", 1, 7, "')' is missing"),
        ("{# never", 1, 1, "no end"),
        ("{% raw %} {{", 1, 1, "endraw"),
        ("{{ " + "(" * 100, 1, 44, "too deep"),
        ("x" * (MAX_SOURCE + 1), 1, 1, "longer than"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, line: int, column: int, said: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(text)
    assert said in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("Dear {{ name }}", 9, "name has no value"),
        ("{% if x %}{% endif %}{{ x.y }}", 25, "x has no value"),
        ("{{ d.y }}", 4, "d.y has no value"),
        ("{{ d['_'] }}", 5, "has no value"),
        ("{{ n.y }}", 4, "a number has no such part"),
        ("{% for c in s %}{% endfor %}", 4, "wants a list"),
        ("{% for a, b in xs %}{% endfor %}", 4, "pairs"),
        ("{{ n / 0 }}", 6, "divided by zero"),
        ("{{ 999999999999 * 999999999999 }}", 17, "too large"),
        ("{{ s * 3 }}", 6, "two numbers"),
        ("{{ s | int }}", 6, "no number"),
        ("{{ s < n }}", 6, "cannot be compared"),
        ("{{ s | upper(1, 2) }}", 6, "does not take"),
        ("{{ mixed | sort }}", 10, "order"),
        ("{{ fragment('gone') }}", 4, "no fragment 'gone'"),
        ("{{ range(10, 0, 0) }}", 4, "range does not take"),
        ("{{ s | join(1) }}", 6, "wants a list"),
        ("{{ '1e999' | round }}", 12, "does not take"),
        ("{{ vast }}", 4, "too large"),
        ("{{ deep == deeper }}", 1, "too deep"),
        ("{{ deep | json }}", 9, "as JSON"),
    ],
)
def test_what_does_not_fit_is_said_with_its_place(text: str, column: int, said: str) -> None:
    values = {"d": {"a": 1}, "n": 5, "s": "text", "xs": [1], "mixed": [1, "a"],
              "vast": 10**5000, "deep": nest(5000), "deeper": nest(5000)}  # fmt: skip
    with pytest.raises(TemplateError) as caught:
        render(text, values)
    assert said in caught.value.message
    assert caught.value.column == column


@pytest.mark.parametrize(
    "chain",
    ["x ~ " * 500 + "x", "x + " * 500 + "x", "x or " * 500 + "x", "x" + " | upper" * 500, "x" + ".a" * 500,
     "x" + " is defined" * 500, "x and (" * 30 + "x" + " ~ x" * 300 + ")" * 30, "x == " * 500 + "x"],
)  # fmt: skip
def test_an_expression_can_be_too_long(chain: str) -> None:
    with pytest.raises(TemplateError, match="too long"):
        parse("{{ " + chain + " }}")
    long = "{{ x" + " ~ x" * 190 + " }}"
    assert render(long * 3, {"x": "a"}) == "a" * 573
    assert render("{{ [" + "x, " * 999 + "x] | length }}", {"x": "a"}) == "1000"


def nest(depth: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner]
    return inner


ENDLESS = {
    "loops": "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
    "loops that write": "{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}",
    "long loops": "{% for a in range(999999) %}{% endfor %}",
    "long texts": "{% for a in range(9999) %}{{ big }}{% endfor %}",
    "replacing": "{{ big | replace('a', big) }}",
    "joining": "{{ range(9999) | join(big) }}",
    "comparing": "{% for a in range(9999) %}{% if big in big2 %}{% endif %}{% endfor %}",
    "filters": "{% for a in range(99999) %}{{ big | upper | lower | length }}{% endfor %}",
    "indenting": "{% for a in range(9999) %}{{ lines | indent(100) | length }}{% endfor %}",
    "JSON": "{% for a in range(9999) %}{{ many | tojson | length }}{% endfor %}",
    "sorting": "{% for a in range(9999) %}{{ many | sort | length }}{% endfor %}",
    "heavy filters": "{{ huge | upper | length }}" * 120,
    "putting together": "{{ " + " ~ ".join(["big"] * 90) + " }}",
}


TOO_LARGE = ("long texts", "replacing", "joining")


@pytest.mark.parametrize("name", ENDLESS)
def test_a_template_that_does_not_end_is_ended(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluating, "MAX_SECONDS", 0.05)
    values = {"big": "a" * 200_000, "big2": "a" * 100_000 + "b" * 100_000, "lines": "\n" * 50_000,
              "many": list(range(50_000)), "huge": "a" * 4_000_000}  # fmt: skip
    began = time.thread_time()
    with pytest.raises(TemplateError, match="longer than" if name in TOO_LARGE else "soon enough|goes to"):
        render(ENDLESS[name], values)
    assert time.thread_time() - began < 0.5


def test_a_long_list_of_rows_is_no_endless_template() -> None:
    rows = [{"name": "x" * 20, "n": n} for n in range(20_000)]
    text = "{% for row in rows %}- {{ row.name }}: {{ row.n }}\n{% endfor %}"
    assert render(text, {"rows": rows}).count("\n") == 20_000


def test_what_it_asks_for() -> None:
    text = (
        "{% if tone %}{{tone}}{% endif %}{{customer-name}}{{ x | default('y') }}{% for p in people %}"
        "{{ p.q }}{{ loop.index }}{% endfor %}{{ fragment('style') }}{{ fragment('style@ab12') }}{{ p }}"
    )
    assert parse(text) == Parsed(
        ("tone", "customer-name", "x", "people", "p"), ("style", "style@ab12"), frozenset({"tone", "x"})
    )


def test_fragments_are_put_in_as_they_are() -> None:
    held = {"style": "Be {{brief}}.", "style@ab": "Be long."}
    assert render("{{ fragment('style') }} {{ fragment('style@ab') }}", {}, held) == "Be {{brief}}. Be long."


def test_pieces_for_painting() -> None:
    text = "a {{ name | upper }}{% if x.y == 'q' and fragment('f') %}{# c #}"
    told = [(one.kind, text[one.start : one.end]) for one in spans(text)]
    assert told == [
        ("text", "a "), ("mark", "{{"), ("name", "name"), ("operator", "|"), ("filter", "upper"),
        ("mark", "}}"), ("mark", "{%"), ("keyword", "if"), ("name", "x"), ("operator", "."),
        ("member", "y"), ("operator", "=="), ("string", "'q'"), ("keyword", "and"),
        ("function", "fragment"), ("operator", "("), ("string", "'f'"), ("operator", ")"), ("mark", "%}"),
        ("comment", "{# c #}"),
    ]  # fmt: skip


PIECES = st.sampled_from(
    ["{{", "}}", "{%", "%}", "{#", "#}", "if", "endif", "for", "in", "x", "'", '"', "|", ".", "(", ")", " ",
     "\n", "-", "raw", "endraw", "\\", "else", "1", "[", "]", "upper", "é", "{", "\x00", "~", "items"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join))
def test_pieces_stand_in_order_whatever_the_text(text: str) -> None:
    at = 0
    for span in spans(text):
        assert at <= span.start <= span.end <= len(text)
        assert not text[at : span.start].strip()
        at = span.end
    assert not text[at:].strip()


@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_text_is_a_template_or_told_what_is_wrong(text: str) -> None:
    wrong: TemplateError | None = None
    try:
        render(text, dict.fromkeys(parse(text).names, "v"))
    except TemplateError as error:
        wrong = error
    if wrong is not None:
        lines = text.split("\n")
        assert 1 <= wrong.line <= len(lines)
        assert 1 <= wrong.column <= len(lines[wrong.line - 1]) + 1


@given(st.lists(PIECES, max_size=40).map("".join))
def test_a_text_that_means_itself(text: str) -> None:
    assert render(literal(text), {}) == text
    assert parse(literal(text)) == Parsed((), ())


@given(st.text(), st.text(alphabet=string.ascii_letters, min_size=1, max_size=8))
def test_a_value_is_put_in_as_it_is(value: str, name: str) -> None:
    if name not in (
        "if",
        "in",
        "is",
        "or",
        "and",
        "not",
        "for",
        "raw",
        "else",
        "elif",
        "true",
        "false",
        "none",
    ):
        assert render("<{{" + name.lower() + "x}}>", {f"{name.lower()}x": value}) == f"<{value}>"


def test_limits_hold_for_one_filling_in_and_not_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluating, "MAX_STEPS", 2_000)
    monkeypatch.setattr(evaluating, "MAX_SECONDS", 100)
    text = "{% for x in range(900) %}{{ x }}{% endfor %}"
    long = render(text, {})
    assert all(render(text, {}) == long for _ in range(3))
    with pytest.raises(TemplateError, match="soon enough"):
        render(text * 3, {})
