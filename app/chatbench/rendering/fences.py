"""What a fence says of its code: the file it belongs in."""

from __future__ import annotations

import re
from typing import Final

from chatbench.rendering.blocks import CodeBlock

_LONGEST: Final = 120
_NAMED = re.compile(
    r"""(?:^|[\s{,])(?:title|file|filename|path)\s*[=:]\s*(?P<quote>["']?)(?P<path>(?<=["'])[^"']+|[^\s}"',]+)"""
)
_PATH = re.compile(r"(?:[\w.@+-]+[/\\])*[\w.@+-]*\.[A-Za-z][\w-]{0,15}|(?:[\w.-]+/)*(?:Dockerfile|Makefile)")
_COMMENT = re.compile(
    r"\s*(?:#|//|--|;|%|/\*|<!--)\s*(?:file(?:name)?:\s*)?(\S+?)\s*(?:\*/|-->)?\s*", re.IGNORECASE
)


def file_of(block: CodeBlock) -> str:
    """The path that a fence, or the comment in the first line of its code, names; "" if none does.

    Read are ``title="a.py"`` and the like, ``py:a.py``, ``py a.py`` and ``# a.py``.
    """
    info = block.source.split("\n", 1)[0].lstrip("> \t0123456789.)*+-").lstrip("`~").strip()
    found = _NAMED.search(info)
    if found:
        return found["path"][:_LONGEST]
    for word in (info.partition(":")[2], *info.split()[1:2]):
        if _PATH.fullmatch(word):
            return word[:_LONGEST]
    comment = _COMMENT.fullmatch(block.code.split("\n", 1)[0])
    if comment and _PATH.fullmatch(comment[1]) and not comment[1].startswith("."):
        return comment[1][:_LONGEST]
    return ""
