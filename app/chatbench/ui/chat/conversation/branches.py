"""The tree of a conversation as rows: every message, its branches set in beside what goes on."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from chatbench.core.conversations import Conversation, TreeMessage

DEEPEST: Final = 12
"""So many columns are told apart; what is set in further stands in the last one."""


class BranchRow(NamedTuple):
    """One message. `column` counts from 0; bit n of `through` says that a line passes in column n;
    `elbow`: it begins a branch beside what stands in the column before; `above` and `below`: the line
    of its own column comes from above and goes on. `place` `of` its siblings."""

    message: TreeMessage
    column: int
    through: int
    elbow: bool
    above: bool
    below: bool
    on_path: bool
    parent: int
    place: int
    of: int


class _Open(NamedTuple):
    message: TreeMessage
    column: int
    through: int
    elbow: bool
    parent: int
    place: int
    of: int


def branch_rows(conversation: Conversation, path: Collection[str]) -> list[BranchRow]:
    """All messages from the first on: below each those that branch off, then what goes on. That is the
    branch of `path`, elsewhere the newest. Linear in the number of messages."""
    children: dict[str | None, list[TreeMessage]] = {}
    for message in conversation.messages:
        children.setdefault(message.parent_id, []).append(message)
    for some in children.values():
        some.sort(key=lambda one: (one.position, one.id))
    shown = frozenset(path)
    rows: list[BranchRow] = []
    waiting = _opened(children.get(None, []), shown, 0, 0, -1)
    while waiting:
        one = waiting.pop()
        below = children.get(one.message.id, [])
        rows.append(
            BranchRow(
                one.message, one.column, one.through, one.elbow, one.parent >= 0 and not one.elbow,
                bool(below), one.message.id in shown, one.parent, one.place, one.of,
            )
        )  # fmt: skip
        waiting += _opened(below, shown, one.column, one.through, len(rows) - 1)
    return rows


def _opened(
    siblings: list[TreeMessage], shown: frozenset[str], column: int, through: int, parent: int
) -> list[_Open]:
    """Siblings as they are taken from the end of a list: those that branch off in their order, then the
    one that goes on."""
    if not siblings:
        return []
    trunk = next((m for m in siblings if m.id in shown), max(siblings, key=lambda m: (m.created_at, m.id)))
    count, inner = len(siblings), min(DEEPEST, column + 1)
    found: list[_Open] = []
    for place, message in enumerate(siblings, 1):
        if message is trunk:
            found.insert(0, _Open(message, column, through, False, parent, place, count))
    for place, message in reversed(list(enumerate(siblings, 1))):
        if message is not trunk:
            passing = through | 1 << column
            found.append(_Open(message, inner, passing, True, parent, place, count))
    return found
