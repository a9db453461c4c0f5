"""The words of a block as safe HTML: written from tokens, tag by tag, everything else escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from chatbench.rendering.characters import visible
from chatbench.rendering.links import allowed, attachment_of, bare_addresses, host_of
from chatbench.rendering.nodes import (
    OBJECT,
    ImageObject,
    Inline,
    InlineObject,
    Items,
    MathObject,
    Node,
    Note,
    References,
    Words,
)

if TYPE_CHECKING:
    from markdown_it.token import Token

MAX_SHOWN_ADDRESS = 200
_TAGS = {
    "strong_open": "<strong>",
    "strong_close": "</strong>",
    "em_open": "<em>",
    "em_close": "</em>",
    "s_open": "<s>",
    "s_close": "</s>",
    "softbreak": "\n",
    "hardbreak": "<br>",
}


def render_words(content: str, references: References) -> Inline:
    """Inline Markdown to safe HTML without a surrounding tag."""
    writer = _Writer(references)
    writer.words(content)
    return Inline("".join(writer.out), tuple(writer.objects))


def render_node(node: Node, references: References) -> Inline:
    """A paragraph, heading or list to safe HTML."""
    writer = _Writer(references)
    writer.node(node)
    return Inline("".join(writer.out), tuple(writer.objects))


class _Writer:
    def __init__(self, references: References) -> None:
        self.environment: dict[str, object] = {"references": references}
        self.out: list[str] = []
        self.objects: list[InlineObject] = []

    def node(self, node: Node) -> None:
        if isinstance(node, Words):
            tag = f"h{node.level}" if node.level else "p"
            self.out.append(f"<{tag}>")
            self.words(node.content)
            self.out.append(f"</{tag}>")
        elif isinstance(node, Note):
            self.note(node)
        else:
            self.items(node)

    def note(self, node: Note) -> None:
        self.out.append(f'<ul><li note="{escape(visible(node.label))}">')
        for words in node.paragraphs:
            if len(node.paragraphs) == 1:
                self.words(words.content)
            else:
                self.node(words)
        self.out.append("</li></ul>")

    def items(self, node: Items) -> None:
        first = node.items[0].number if node.items else 1
        start = f' start="{first}"' if node.ordered and first != 1 else ""
        self.out.append(f"<ol{start}>" if node.ordered else "<ul>")
        for item in node.items:
            mark = {None: "", True: ' class="checked"', False: ' class="unchecked"'}[item.checked]
            self.out.append(f"<li{mark}>")
            # One paragraph flows in the item itself, whether the list is tight or loose: a blank
            # line far below then changes nothing above it.
            single = sum(isinstance(child, Words) for child in item.nodes) == 1
            for child in item.nodes:
                if single and isinstance(child, Words) and not child.level:
                    self.words(child.content)
                else:
                    self.node(child)
            self.out.append("</li>")
        self.out.append("</ol>" if node.ordered else "</ul>")

    def words(self, content: str) -> None:
        from chatbench.rendering import grammar

        md = grammar.parser()
        self._write(md.inline.parse(content, md, self.environment, []))

    def _write(self, tokens: list[Token]) -> None:
        targets: list[tuple[str, bool]] = []
        text: list[str] = []
        for token in tokens:
            kind = token.type
            if kind in ("text", "text_special"):
                text.append(token.content)
                continue
            self._text(text, inside_link=any(linked for _address, linked in targets))
            if kind == "link_open":
                address = str(token.attrGet("href") or "")
                targets.append((address, allowed(address)))
                if targets[-1][1]:
                    self.out.append(f'<a href="{escape(address)}">')
            elif kind == "link_close":
                address, linked = targets.pop()
                self.out.append("</a>" if linked else _as_text(address))
            else:
                self._single(token)
        self._text(text, inside_link=bool(targets))

    def _single(self, token: Token) -> None:
        kind = token.type
        if kind in _TAGS:
            self.out.append(_TAGS[kind])
        elif kind == "code_inline":
            self.out.append(f"<code>{escape(visible(token.content))}</code>")
        elif kind == "math_inline":
            source = token.info
            self._object(MathObject(token.content, bool(token.markup), source))
        elif kind == "image":
            self._object(_image(token))
        elif kind == "footnote_reference":
            label = escape(visible(token.info))
            self.out.append(f'<sup note="{label}">[{label}]</sup>')
        else:
            self.out.append(escape(visible(token.content)))

    def _object(self, value: InlineObject) -> None:
        self.objects.append(value)
        self.out.append(OBJECT)

    def _text(self, parts: list[str], *, inside_link: bool) -> None:
        if not parts:
            return
        text = "".join(parts)
        parts.clear()
        at = 0
        for start, end in [] if inside_link else bare_addresses(text):
            address = text[start:end]
            self.out.append(escape(visible(text[at:start])))
            self.out.append(f'<a href="{escape(address)}">{escape(visible(address))}</a>')
            at = end
        self.out.append(escape(visible(text[at:])))


def _as_text(address: str) -> str:
    """What a link that is none shows after its words, so that nobody is left guessing."""
    if not address:
        return ""
    short = address if len(address) <= MAX_SHOWN_ADDRESS else address[:MAX_SHOWN_ADDRESS] + "…"
    return f" ({escape(visible(short))})"


def _image(token: Token) -> ImageObject:
    address = str(token.attrGet("src") or "")
    alt = _plain(token.children or [])
    source = f"![{token.content}]({address})"
    host = "" if address[:7].lower() == "mailto:" else host_of(address)
    return ImageObject(alt, address, host, attachment_of(address), source)


def _plain(tokens: list[Token]) -> str:
    parts = []
    for token in tokens:
        if token.type == "image":
            parts.append(_plain(token.children or []))
        elif token.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        else:
            parts.append(token.content)
    return "".join(parts)
