"""Which page answers a question: the one most of whose words are in it."""

from __future__ import annotations

import re

from chatbench.providers.guide.pages import PAGES, Page

_WORD = re.compile(r"[^\W_]+")
_EMPTY = frozenset(
    _WORD.findall(
        "a an and are at be by can did do does for from have i in is it its me my of on or so that the this "
        "to was we what when which will with you your please tell about how"
    )
)
_STEMS = {page.id: tuple(page.words.split()) for page in PAGES}


def words_of(question: str) -> list[str]:
    """The words of a question that tell pages apart, in lower case, each once."""
    words = dict.fromkeys(word.lower() for word in _WORD.findall(question))
    return [word for word in words if word not in _EMPTY]


def choose(question: str) -> tuple[Page | None, dict[str, list[str]]]:
    """The page, and for each page the words that spoke for it. None where no word spoke for any.

    A page's own title, asked as it stands, always leads to it. Of pages with equally many words
    the earlier one wins.
    """
    asked = " ".join(question.lower().split()).rstrip("?.! ")
    words = words_of(question)
    found = {page.id: [word for word in words if _leads(word, page)] for page in PAGES}
    for page in PAGES:
        if asked == page.title.lower().rstrip("?"):
            return page, found
    best = max(PAGES, key=lambda page: len(found[page.id]))
    if found[best.id]:
        return best, found
    return (None if words else PAGES[0]), found


def _leads(word: str, page: Page) -> bool:
    return any(word == stem or (len(stem) > 3 and word.startswith(stem)) for stem in _STEMS[page.id])
