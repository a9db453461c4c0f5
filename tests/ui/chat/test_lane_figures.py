"""Figures of lanes: sums, what is unknown, what is only known in part; and answers without names."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from chatbench.core.conversations import TreeMessage
from chatbench.core.errors import ErrorReport
from chatbench.core.holds import Hold
from chatbench.core.messages import Part, TextPart
from chatbench.core.models import ModelRef
from chatbench.core.usage import Cost, Timings, Usage
from chatbench.ui.chat.conversation.figures import FiguresPopup, Line
from chatbench.ui.chat.conversation.foot import Figure, Figures, figures_of
from chatbench.ui.chat.conversation.unnamed import UnnamedLive, unnamed
from chatbench.ui.chat.picker.rows import left_to_right
from chatbench.ui.chat.transcript.source import Entry
from chatbench.ui.widgets import ElidedLabel

MODEL = ModelRef("acme", "quick-1")
COST, TOKENS_OUT, TOKENS_IN, SPEED, FIRST = -1, -2, -3, -4, -5


def answer(
    cost: str | None = None,
    *,
    tokens: tuple[int, int] | None = None,
    seconds: tuple[float, float] | None = None,
    **more: object,
) -> TreeMessage:
    """An answer with its figures; what is not given is unknown."""
    first, total = seconds or (None, None)
    return TreeMessage(
        id="a",
        conversation_id="c",
        parent_id=None,
        turn_id="t",
        role="assistant",
        model=MODEL,
        parts=(TextPart("words"),),
        cost=None if cost is None else Cost(amount=Decimal(cost), **more),  # type: ignore[arg-type]
        usage=Usage(input_tokens=tokens[0], output_tokens=tokens[1]) if tokens else None,
        timings=Timings(first_token_s=first, total_s=total),
    )


@pytest.fixture
def told(qtbot: QtBot) -> Callable[..., FiguresPopup]:
    """A popup of two lanes with these answers."""
    parent = QWidget()
    qtbot.addWidget(parent)

    def make(first: list[TreeMessage], second: list[TreeMessage]) -> FiguresPopup:
        popup = FiguresPopup("Turn 1 / 1", parent)
        lines = [Line("Lane A", "one", first), Line("Lane B", "two", second)]
        popup.show_lines(lines, lines)
        return popup

    return make


def column(popup: FiguresPopup, place: int) -> list[str]:
    """What a column says of the whole conversation, the sum last."""
    table = popup.whole
    return [table.cell_at(row, table.columnCount() + place).words for row in range(table.rowCount())]


def exact(popup: FiguresPopup, place: int) -> list[str]:
    """The same as a spreadsheet gets it."""
    at = popup.whole.columnCount() + place
    return [line.split(",")[at] for line in popup.whole.csv().splitlines()[1:]]


def test_sums_of_what_is_known(told: Callable[..., FiguresPopup]) -> None:
    popup = told(
        [answer("0.5", tokens=(10, 100), seconds=(1.0, 3.0)), answer("0.25", tokens=(5, 50), seconds=(2, 3))],
        [answer("1", tokens=(1000, 30), seconds=(0.5, 1.5))],
    )
    assert column(popup, COST) == ["$0.7500", "$1.00", "$1.75"]
    assert column(popup, TOKENS_OUT) == ["150", "30", "180"]
    assert exact(popup, TOKENS_IN) == ["15", "1000", "1015"]
    assert column(popup, SPEED) == ["50 tok/s", "30 tok/s", "45 tok/s"]
    assert column(popup, FIRST) == ["1.5 s", "0.50 s", "1.0 s"]


def test_unknown_is_neither_zero_nor_left_out(told: Callable[..., FiguresPopup]) -> None:
    popup = told([answer()], [answer("0.5", tokens=(1, 2)), answer()])
    assert column(popup, COST) == ["unknown", "≥ $0.5000", "≥ $0.5000"]
    assert exact(popup, COST) == ["unknown", ">=0.5", ">=0.5"]
    assert column(popup, TOKENS_OUT) == ["unknown", "≥ 2", "≥ 2"]
    assert column(popup, SPEED) == ["unknown"] * 3
    assert column(popup, FIRST) == ["unknown"] * 3


def test_what_costs_nothing_and_what_is_paid_in_other_money(told: Callable[..., FiguresPopup]) -> None:
    free = answer("0", source="free")
    popup = told([free, free], [answer("2", currency="EUR"), answer("1")])
    assert column(popup, COST) == ["no charge", "EUR 2.00 + $1.00", "EUR 2.00 + $1.00"]


def test_what_broke_off_is_about(told: Callable[..., FiguresPopup]) -> None:
    popup = told([answer("0.5", tokens=(1, 20), estimated=True)], [answer("0.5", tokens=(1, 20))])
    assert column(popup, TOKENS_OUT) == ["≈ 20", "20", "≈ 40"]
    assert column(popup, COST) == ["≈ $0.5000", "$0.5000", "≈ $1.00"]


def test_what_was_stopped_keeps_its_figures_without_usage() -> None:
    message = answer(seconds=(0.5, 10.5))
    words = (TextPart("x" * 4000),)
    stopped = msgspec.structs.replace(message, state="stopped", parts=words)
    assert figures_of(stopped) == Figures("0.50 s", "≈ 100 tok/s", "≈ 1,000", "unknown")
    failed = msgspec.structs.replace(message, state="failed", parts=())
    assert figures_of(failed)[1:] == ("", "", "")


def test_what_was_stopped_is_about_as_much_in_the_table_as_in_the_foot(
    told: Callable[..., FiguresPopup],
) -> None:
    words = (TextPart("x" * 4000),)
    stopped = msgspec.structs.replace(answer(seconds=(0.5, 10.5)), state="stopped", parts=words)
    popup = told([stopped], [answer("1", tokens=(1, 500), seconds=(0.0, 10.0)), stopped])
    assert column(popup, TOKENS_OUT) == ["≈ 1,000", "≈ 1,500", "≈ 2,500"]
    assert column(popup, SPEED) == ["≈ 100 tok/s", "≈ 75 tok/s", "≈ 83 tok/s"]
    assert column(popup, COST)[0] == "unknown"


def test_a_figure_that_is_not_there_has_no_head(qtbot: QtBot) -> None:
    figure = Figure("Speed", "Tokens a second")
    qtbot.addWidget(figure)
    figure.set("50 tok/s", "text")
    height = figure.sizeHint().height()
    assert [label.text() for label in figure.findChildren(ElidedLabel)] == [
        "Speed",
        left_to_right("50 tok/s"),
    ]
    figure.set("", "text")
    assert [label.text() for label in figure.findChildren(ElidedLabel)] == ["", left_to_right("")]
    assert (figure.toolTip(), figure.value.accessibleName()) == ("", "")
    assert figure.sizeHint().height() == height, "nothing jumps"


def test_an_unnamed_answer_has_nothing_that_gives_it_away() -> None:
    message = answer("0.5", tokens=(10, 100), seconds=(1.0, 3.0))
    failed = ErrorReport(kind="ServerError", message="Acme is down", hint="Ask Acme", raw="acme: 500")
    message = msgspec.structs.replace(message, error=failed, state="failed", model_answered="quick-1-2026")
    entry = Entry(message, "Quick 1", "cloud", "acme/quick-1, today", notes=("instead of Slow 2",))
    bare = unnamed(entry, "B", "today")
    assert (bare.author, bare.place, bare.title) == ("Lane B", "", "today")
    assert bare.message.text == "words"
    said = repr(bare).lower()
    assert not [word for word in ("acme", "quick", "0.5", "slow") if word in said]
    mine = Entry(msgspec.structs.replace(message, role="user", model=None), "You")
    assert unnamed(mine, "B", "today") is mine


class Waiting:
    """An answer that waits for its provider."""

    version = 3
    output_tokens = 7
    retry_at = 1.0
    waiting_for = ErrorReport(kind="Overloaded", message="Acme is busy", raw="acme")
    held = Hold(reason="pause", waited_s=1.0, provider="Acme")

    def parts(self) -> tuple[Part, ...]:
        return (TextPart("so far"),)


def test_an_unnamed_answer_waits_for_nobody_by_name() -> None:
    live = UnnamedLive(Waiting())
    assert (live.version, live.retry_at, live.parts()) == (3, 1.0, (TextPart("so far"),))
    assert "acme" not in repr((live.waiting_for, live.held, live.output_tokens)).lower()
    assert live.held is not None
    assert live.held.can_be_ended
