"""An answer that was cut off goes on: what is asked for it, and how the new words join the old.

A model that takes the beginning of its answer goes on from the letter where that ends. Any other is
told to repeat the last words first, so that the seam is found whatever it does with blanks and line
breaks; what it repeats is cut out.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chatbench.core.messages import Message, Part, TextPart, ThinkingPart, text_of, user

_TAIL = 60
_LEAST_OVERLAP = 8
_MOST_OVERLAP = 200
_FIRST_WIDE = "\u2e80"  # Chinese, Japanese and Korean set no blanks between words
_ASKED = (
    "Your last answer was cut off. Continue it from exactly where it stops. Begin by repeating its "
    "last words, which are between the lines below, and go on right after them; write nothing "
    "before them and nothing about this request.\n---\n{tail}\n---"
)


def asked_on(messages: Sequence[Message], before: tuple[Part, ...], *, exact: bool) -> list[Message]:
    """What is sent so that `before`, an answer to `messages`, goes on. `exact`: the model takes the
    beginning of its answer and goes on from there."""
    if exact:
        # Blanks at the end of a beginning are refused, or tempt the model to write them again.
        beginning = Message(role="assistant", parts=(TextPart(text=text_of(before).rstrip()),))
        return [*messages, beginning]
    return [
        *messages,
        Message(role="assistant", parts=before),
        user(_ASKED.format(tail=last_words(text_of(before)))),
    ]


def joined(before: tuple[Part, ...], new: tuple[Part, ...], *, exact: bool) -> tuple[Part, ...]:
    """One answer from its beginning and what came after it: the first new words go on in the last
    old text, new thinking stands before that, anything else behind.

    Of two answers none is what a provider signed, so what it keeps with words and thinking is
    dropped.
    """
    if not new:
        return before
    old, more = [_unsigned(part) for part in before], [_unsigned(part) for part in new]
    first = next((n for n, part in enumerate(more) if isinstance(part, TextPart)), None)
    last = old[-1] if old else None
    if first is None or not isinstance(last, TextPart):
        thought = [part for part in more if isinstance(part, ThinkingPart)]
        rest = [part for part in more if not isinstance(part, ThinkingPart)]
        return (*old[:-1], *thought, *old[-1:], *rest)
    words = more[first]
    assert isinstance(words, TextPart)
    return (*old[:-1], *more[:first], _one(last, words, exact=exact), *more[first + 1 :])


def last_words(text: str) -> str:
    """The end of a text, from the beginning of a word on."""
    text = text.rstrip()
    if len(text) <= _TAIL:
        return text
    tail = text[-_TAIL:]
    return tail.partition(" ")[2].lstrip() or tail


def seam(before: str, new: str, *, exact: bool) -> tuple[str, str]:
    """What is kept of the beginning, and what of the new words follows it."""
    kept, fresh = before.rstrip(), new.lstrip()
    if not fresh:
        return before, ""
    if exact:
        return kept, new
    tail = last_words(before)
    if tail.startswith(fresh):
        return before, ""
    if fresh.startswith(tail):
        rest = fresh[len(tail) :]
        return (kept, rest) if rest else (before, "")
    for length in range(min(len(fresh), _MOST_OVERLAP), _LEAST_OVERLAP - 1, -1):
        if kept.endswith(fresh[:length]):
            return kept, fresh[length:]
    return before, f"{_blank_between(before, new)}{new}"


def _blank_between(before: str, new: str) -> str:
    letters = before[-1:].isalnum() and new[:1].isalnum()
    return " " if letters and max(before[-1:], new[:1]) < _FIRST_WIDE else ""


def _one(before: TextPart, new: TextPart, *, exact: bool) -> TextPart:
    kept, rest = seam(before.text, new.text, exact=exact)
    shift = len(kept) + len(rest) - len(new.text)
    moved = [
        msgspec.structs.replace(
            one,
            start=None if one.start is None else max(0, one.start + shift),
            end=None if one.end is None else max(0, one.end + shift),
        )
        for one in new.citations
    ]
    return TextPart(text=kept + rest, citations=(*before.citations, *moved))


def _unsigned(part: Part) -> Part:
    if isinstance(part, TextPart | ThinkingPart) and part.provider_state:
        return msgspec.structs.replace(part, provider_state={})
    return part
