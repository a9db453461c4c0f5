"""SVG from a model: what is left is drawn, what reaches out, runs or takes long is not."""

from __future__ import annotations

import time
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbench.rendering.svgs import MAX_CHARS, MAX_ELEMENTS, SvgError, is_svg, safe_svg

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def svg(inner: str, attributes: str = 'viewBox="0 0 100 50"') -> str:
    return f"<svg {NS} {attributes}>{inner}</svg>"


OUTSIDE = [
    '<image href="http://127.0.0.1:1/a.png"/>',
    '<image xlink:href="file:///etc/hostname"/>',
    '<image href="data:image/png;base64,AAAA"/>',
    '<script>alert(1)</script><script href="http://x.example/a.js"/>',
    '<rect onload="alert(1)" onclick="x()" width="1" height="1"/>',
    "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><img src='http://x.example'/></body></foreignObject>",
    '<style>@import url("http://x.example/a.css");</style>',
    '<rect style="fill:url(http://x.example/#a)" width="1" height="1"/>',
    '<rect fill="url( \'http://x.example/#a\')" width="1" height="1"/>',
    '<rect style="background-image:\\75rl(http://x.example)" width="1" height="1"/>',
    '<use href="http://x.example/a.svg#b"/><use xlink:href="//x.example/a.svg#b"/>',
    '<a href="javascript:alert(1)"><text>x</text></a>',
    '<filter id="f"><feImage href="http://x.example/"/></filter><rect filter="url(#f)"/>',
    '<animate attributeName="x" dur="1s"/><set attributeName="href" to="http://x.example"/>',
    '<font-face-uri xlink:href="http://x.example/f"/>',
    '<?xml-stylesheet href="http://x.example/a.css"?>',
]


@pytest.mark.parametrize("inner", OUTSIDE)
def test_nothing_reaches_out_or_runs(inner: str) -> None:
    out = safe_svg(svg(inner + '<circle cx="5" cy="5" r="4"/>')).data.decode()
    bare = out.replace("http://www.w3.org/2000/svg", "").replace("http://www.w3.org/1999/xlink", "")
    for word in ("http", "//", "file:", "script", "alert", "onload", "@import", "data:", "image", "animate"):
        assert word not in bare.lower(), word
    assert "circle" in out


def test_what_is_drawn_stays() -> None:
    inner = (
        '<defs><linearGradient id="g"><stop offset="0" stop-color="red"/></linearGradient></defs>'
        '<g transform="scale(2)" style="fill:url(#g);stroke:#123"><path d="M0 0L10 10"/></g>'
        '<text x="1" y="9">a <tspan fill="blue">b</tspan> c</text><use xlink:href="#g"/>'
    )
    made = safe_svg(svg(inner))
    root = ET.fromstring(made.data)
    assert (made.width, made.height) == (100, 50)
    names = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert names == ["svg", "defs", "linearGradient", "stop", "g", "path", "text", "tspan", "use"]
    assert "".join(root.itertext()).strip() == "a b c"
    assert root.find("{*}g").attrib["style"] == "fill:url(#g);stroke:#123"  # type: ignore[union-attr]
    assert root.find("{*}use").attrib == {"{http://www.w3.org/1999/xlink}href": "#g"}  # type: ignore[union-attr]


def bomb(levels: int, wide: int) -> str:
    """Elements that use each other: ``wide`` to the power of ``levels`` when drawn."""
    parts = ['<g id="a0"><rect width="1" height="1"/></g>']
    parts += [
        f'<g id="a{at}">' + f'<use xlink:href="#a{at - 1}"/>' * wide + "</g>" for at in range(1, levels)
    ]
    return svg("".join(parts) + f'<use xlink:href="#a{levels - 1}"/>')


ENTITIES = '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "code",
    [
        ENTITIES + svg("<text>&b;</text>"),
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + svg("<text>&x;</text>"),
        "<!ENTITY a 'b'>" + svg(""),
        bomb(12, 10),
        svg('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'),
        svg('<clipPath id="a" clip-path="url(#a)"><rect width="1" height="1"/></clipPath>'),
        svg(
            '<marker id="m">'
            + "<rect/>" * 500
            + '</marker><path marker-mid="url(#m)" d="'
            + "M1 1" * 900
            + '"/>'
        ),
        svg("<g>" * 100 + "</g>" * 100),
        svg("<rect/>" * (MAX_ELEMENTS + 1)),
        svg("<text>" + "a" * 30_000 + "</text>"),
        svg('<circle r="1e9"/>'),
        svg('<path d="M0 0L99999999 1"/>'),
        svg("") + " " * MAX_CHARS,
        "<svg",
        svg("<rect>"),
        "<html></html>",
        "",
        "&lol;",
        "\x00\x01",
    ],
    ids=lambda code: repr(code[:20]) + str(len(code)),
)
def test_what_costs_too_much_or_is_none_is_refused_in_time(code: str) -> None:
    began = time.thread_time()
    with pytest.raises(SvgError):
        safe_svg(code)
    assert time.thread_time() - began < 2


def test_countless_dashes_are_dropped() -> None:
    out = safe_svg(
        svg('<path stroke-dasharray="0.0001" d="M0 0H100"/><path stroke-dasharray="4 2" d="M0 9H9"/>')
    )
    assert out.data.count(b"stroke-dasharray") == 1
    assert b"dasharray" not in safe_svg(svg('<path style="stroke-dasharray:0.0001" d="M0 0"/>')).data


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="20" height="10"', (20, 10)),
        ('width="72pt" viewBox="0 0 2 1"', (96, 48)),
        ('height="1in" viewBox="0 0 2 1"', (192, 96)),
        ('width="100%" height="100%" viewBox="0 0 30 40"', (30, 40)),
        ("", (300, 150)),
        ('viewBox="0 0 -1 0"', (300, 150)),
        ('width="999999" height="99999"', (4096, 409.6)),
    ],
)
def test_the_size(attributes: str, size: tuple[float, float]) -> None:
    made = safe_svg(svg("", attributes))
    assert (made.width, made.height) == pytest.approx(size, rel=1e-3)


def test_forms_that_models_write_are_read() -> None:
    for code in (
        '<svg viewBox="0 0 1 1"><rect width="1" height="1"/></svg>',
        '<?xml version="1.0"?>\n<!-- c -->\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x.dtd">\n'
        + svg(""),
        '<svg viewBox="0 0 1 1"><use xlink:href="#a"/></svg>',
    ):
        assert is_svg(code, "xml")
        safe_svg(code)


@pytest.mark.parametrize(
    ("code", "language", "expected"),
    [
        (svg(""), "svg", True),
        (svg(""), "", True),
        (svg(""), "python", False),
        ("<p><svg></svg></p>", "html", False),
        ("<svgx>", "svg", False),
        ("<!---->" * 10_000, "xml", False),
        ('<?xml version="1.0"?>\n<!-- a > b --><!DOCTYPE svg>\n<svg ', "xml", True),
        ("", "svg", False),
    ],
)
def test_what_is_a_picture(code: str, language: str, expected: bool) -> None:
    assert is_svg(code, language) is expected


PIECES = st.sampled_from(
    [
        "<g>",
        "</g>",
        "<use href='#a'/>",
        "<rect id='a' ",
        "fill='url(#a)'",
        "/>",
        ">",
        "&amp;",
        "&#0;",
        "<!--",
        "-->",
        *[
            "<![CDATA[",
            "]]>",
            "<style>",
            "</style>",
            " d='M",
            "1e999",
            "'",
            "\ud800",
            "<text>",
            "</text>",
            "漢",
        ],
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=20).map("".join))
def test_whatever_comes_is_safe_or_refused(inner: str) -> None:
    try:
        made = safe_svg(svg(inner))
    except SvgError:
        return
    assert ET.fromstring(made.data).tag.endswith("svg")
