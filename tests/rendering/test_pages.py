"""Pages for a browser: closed in, whatever they hold."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.rendering.pages import page

ATTACKS = [
    "<script>fetch('https://x.example')</script>",
    "</iframe><script>parent.x()</script>",
    '"><script>1</script><iframe srcdoc="',
    "</body></html><script>1</script>",
    "&quot;&gt;<img src=x onerror=alert(1)>",
    "</pre><script>1</script>",
    "-->]]></style><script>1</script>",
]


class Reader(HTMLParser):
    """The elements outside the frame, as a browser would read them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def one(self, tag: str) -> dict[str, str | None]:
        (attributes,) = [attributes for name, attributes in self.found if name == tag]
        return attributes


def read(code: str, language: str) -> Reader:
    return Reader(page(code, language, title="</title><script>1", notice="</header><script>1"))


def policy(reader: Reader) -> dict[str, str]:
    (meta,) = [a for tag, a in reader.found if a.get("http-equiv") == "Content-Security-Policy"]
    return dict(one.strip().split(" ", 1) for one in (meta["content"] or "").split(";"))


@pytest.mark.parametrize("language", ["html", "svg", "mermaid", "python"])
@pytest.mark.parametrize("code", ATTACKS)
def test_nothing_breaks_out(code: str, language: str) -> None:
    reader = read(code, language)
    names = {tag for tag, _attributes in reader.found}
    assert names <= {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "iframe",
        "main",
        "img",
        "pre",
    }
    assert not any(key.startswith("on") for _tag, attributes in reader.found for key in attributes)
    rules = policy(reader)
    assert rules["default-src"] == "'none'"
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    for rule in ("frame-src", "child-src", "connect-src", "object-src", "worker-src", "manifest-src"):
        assert rule not in rules
    assert not any("http" in value or "*" in value for value in rules.values())
    if language != "html":
        assert "script-src" not in rules


def test_html_runs_only_in_a_frame_of_no_origin() -> None:
    frame = read("<p>hi</p><script>x()</script>", "html").one("iframe")
    assert frame["sandbox"] == "allow-scripts"
    assert "src" not in frame
    assert (frame["srcdoc"] or "").endswith("<p>hi</p><script>x()</script>")


@pytest.mark.parametrize(
    "tag",
    [
        '<link rel="dns-prefetch" href="//secret.x.example">',
        "<LINK\nrel=preconnect href=https://x.example>",
        '<meta http-equiv="refresh" content="0;url=https://x.example">',
        '<base href="https://x.example/">',
    ],
)
def test_hints_to_a_browser_are_taken_out(tag: str) -> None:
    frame = read(f"<head>{tag}</head>words", "html").one("iframe")
    assert "x.example" not in (frame["srcdoc"] or "")
    assert "words" in (frame["srcdoc"] or "")


def test_svg_is_a_picture_and_the_rest_is_text() -> None:
    assert (read("<svg/>", "svg").one("img")["src"] or "").startswith("data:image/svg+xml;base64,")
    assert "graph TD; A--&gt;B" in page("graph TD; A-->B", "mermaid", title="t", notice="n")


@given(st.text(st.sampled_from(list("<>\"'&/!- srciptfame=\\`\n\0")), max_size=60))
def test_any_code_stays_inside(code: str) -> None:
    reader = read(code, "html")
    assert len(reader.found) == len(read("", "html").found)
