"""Messages that come late: what is read stays where it is while those above it take their place."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tests.ui.transcript.conftest import Show, settle
from tests.ui.transcript.samples import answer, user

from chatbench.ui.chat.transcript.source import ListSource


def talk(pairs: int) -> tuple[ListSource, set[str], list[str]]:
    """A source whose messages are at hand once their ids are in the set; the list is asked for."""
    words = "Words that go on for some lines, and on, because that is what answers are made of. " * 12
    entries = []
    for at in range(pairs):
        entries += [user(2 * at, f"Question {at}"), answer(2 * at + 1, f"# Answer {at}\n\n{words}")]
    source = ListSource(entries)
    given: set[str] = set()
    asked: list[str] = []
    source.entry = lambda index: entries[index] if entries[index].message.id in given else None  # type: ignore[method-assign]
    source.request = lambda ids: asked.extend(ids)  # type: ignore[method-assign]
    return source, given, asked


def test_paging_up_never_goes_down_again(show: Show) -> None:
    source, given, asked = talk(60)
    view = show(source)
    firsts = []
    for _ in range(40):
        given.update(asked)
        view.loaded(list(asked))
        asked.clear()
        settle()
        firsts.append(view.stack.rows[0].index)
        QTest.keyClick(view, Qt.Key.Key_PageUp)
    assert firsts == sorted(firsts, reverse=True)
    assert firsts[-1] < firsts[0] - 30


def test_what_is_below_a_late_message_stays_where_it_is(show: Show) -> None:
    source, given, asked = talk(60)
    view = show(source)
    for _ in range(12):
        given.update(asked)
        view.loaded(list(asked))
        asked.clear()
        settle()
        QTest.keyClick(view, Qt.Key.Key_PageUp)
        below = view.stack.rows[-1]
        if below.item is None:
            continue
        given.update(asked)
        view.loaded(list(asked))
        asked.clear()
        settle()
        assert {row.index: row.top for row in view.stack.rows}.get(below.index) == pytest.approx(below.top)


def test_a_guess_is_for_the_width_there_is(show: Show) -> None:
    source, _given, _asked = talk(60)
    narrow, wide = show(source, width=420), show(source, width=1000)
    before = narrow.stack.total()
    assert before > 1.3 * wide.stack.total()
    narrow.resize(1000, 700)
    settle()
    assert narrow.stack.total() == wide.stack.total()
