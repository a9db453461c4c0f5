"""What differs between two prompts: their messages, word by word, and what they are sent with."""

from __future__ import annotations

from collections.abc import Callable
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.rendering.differences import Piece, differences
from chatbench.rendering.subsequence import never

_SETTINGS = ("variables", "response_schema", "tools", "models", "dataset", "columns")


class MessageDifference(NamedTuple):
    """Two messages that stand for one another, None where one prompt has none; `pieces` are what their texts
    share and do not, as `rendering.differences` tells it."""

    before: PromptMessage | None
    after: PromptMessage | None
    pieces: tuple[Piece, ...]

    @property
    def changed(self) -> bool:
        return self.before != self.after


class SettingDifference(NamedTuple):
    """`name` is a parameter or a field of the prompt; None is what was not set."""

    name: str
    before: Any
    after: Any


class PromptDifference(NamedTuple):
    """All messages of both, in order, and the settings that differ."""

    messages: tuple[MessageDifference, ...]
    settings: tuple[SettingDifference, ...]

    @property
    def changed(self) -> bool:
        return bool(self.settings) or any(one.changed for one in self.messages)


def compare(before: Prompt, after: Prompt, cancelled: Callable[[], bool] = never) -> PromptDifference:
    """From one to the other. Raises CancelledError soon after `cancelled` returns True."""
    found = []
    for one, other in _pairs(before.messages, after.messages):
        texts = one.text if one else "", other.text if other else ""
        found.append(MessageDifference(one, other, differences(*texts, cancelled)))
    return PromptDifference(tuple(found), tuple(_settings(before, after)))


def _pairs(
    before: tuple[PromptMessage, ...], after: tuple[PromptMessage, ...]
) -> list[tuple[PromptMessage | None, PromptMessage | None]]:
    """Messages that are the same belong together; between them, those of the same role in turn."""
    found: list[tuple[PromptMessage | None, PromptMessage | None]] = []
    matcher = SequenceMatcher(
        None,
        [(one.role, one.text) for one in before],
        [(one.role, one.text) for one in after],
        autojunk=False,
    )
    for _, a, a_end, b, b_end in matcher.get_opcodes():
        ours, theirs = list(before[a:a_end]), list(after[b:b_end])
        while ours or theirs:
            if ours and theirs and ours[0].role == theirs[0].role:
                found.append((ours.pop(0), theirs.pop(0)))
            elif ours and (not theirs or len(ours) >= len(theirs)):
                found.append((ours.pop(0), None))
            else:
                found.append((None, theirs.pop(0)))
    return found


def _settings(before: Prompt, after: Prompt) -> list[SettingDifference]:
    found = []
    for name in before.parameters.__struct_fields__:
        ours, theirs = getattr(before.parameters, name), getattr(after.parameters, name)
        if ours != theirs:
            found.append(SettingDifference(name, ours, theirs))
    for name in _SETTINGS:
        ours, theirs = getattr(before, name), getattr(after, name)
        if ours != theirs:
            found.append(SettingDifference(name, ours or None, theirs or None))
    return found
