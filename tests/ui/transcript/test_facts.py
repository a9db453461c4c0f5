"""What the margin and the last line of an answer say of its tokens, speed and price."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtWidgets import QApplication
from tests.ui.transcript.conftest import Show
from tests.ui.transcript.samples import answer

from chatbench.core.messages import ThinkingPart
from chatbench.core.usage import Cost, Timings, Usage
from chatbench.ui.chat.transcript.boxes.cards import NoteBox
from chatbench.ui.chat.transcript.boxes.folds import FoldLine
from chatbench.ui.chat.transcript.facts import facts, live_facts
from chatbench.ui.chat.transcript.source import ListSource


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize(
    ("characters", "tokens", "seconds", "said"),
    [
        (0, 1, 2.0, []),
        (2, None, 0.1, ["≈ 1 tok out"]),
        (2, 1, 0.1, ["1 tok out"]),
        (228, None, 2.0, ["≈ 29 tok/s", "≈ 57 tok out"]),
        (228, 1, 2.0, ["≈ 29 tok/s", "≈ 57 tok out"]),
        (228, 80, 2.0, ["40 tok/s", "80 tok out"]),
        (8, 2, 4.0, ["0.5 tok/s", "2 tok out"]),
    ],
)
def test_a_first_figure_is_no_more_than_a_lower_bound(
    characters: int, tokens: int | None, seconds: float, said: list[str]
) -> None:
    assert live_facts(characters, tokens, seconds) == said


def test_what_is_estimated_says_so(qapp: QApplication) -> None:
    cost = Cost(amount=Decimal("0.0229"))
    usage = Usage(input_tokens=10, output_tokens=40)
    took = Timings(first_token_s=0.5, total_s=1.5)
    counted = answer(1, "Words", usage=usage, cost=cost, timings=took).message
    assert facts(counted)[1:] == ["40 tok/s", "40 tok out", "$0.0229"]
    guessed = Cost(amount=Decimal("0.0229"), estimated=True)
    stopped = answer(1, "Words", state="stopped", usage=usage, cost=guessed, timings=took).message
    assert facts(stopped)[1:] == ["≈ 40 tok/s", "≈ 40 tok out", "≈ $0.0229"]
    unpriced = answer(1, "Words", state="interrupted", usage=usage, cost=None, timings=took).message
    assert facts(unpriced)[1:] == ["≈ 40 tok/s", "≈ 40 tok out", "price unknown"]


def test_a_stopped_answer_counts_one_token_and_many(show: Show) -> None:
    cost = Cost(amount=Decimal("0.01"), estimated=True)
    exact = Cost(amount=Decimal("0.01"))
    source = ListSource(
        [
            answer(0, "A", state="stopped", usage=Usage(output_tokens=1), cost=exact),
            answer(1, "Words", state="stopped", usage=Usage(output_tokens=57), cost=cost),
            answer(2, "Words", state="stopped", usage=None, cost=None),
            answer(3, ThinkingPart(text="Hm"), "Words", usage=Usage(output_tokens=9, reasoning_tokens=1)),
        ]
    )
    items = sorted(show(source).stack.items(), key=lambda item: item.id)
    notes = [box._words for item in items for box in item.boxes if isinstance(box, NoteBox)]
    assert notes == ["Stopped after 1 token", "Stopped after ≈ 57 tokens", "Stopped"]
    line = items[3].boxes[0]
    assert isinstance(line, FoldLine)
    assert line.facts == "1 token"


def test_facts_stand_clear_of_the_next_name_where_the_question_between_is_gone(show: Show) -> None:
    took = Timings(first_token_s=0.5, total_s=1.5)
    usage, cost = Usage(output_tokens=40), Cost(amount=Decimal("0.01"))
    answers = [answer(n, "Yes.", usage=usage, cost=cost, timings=took) for n in range(2)]
    view = show(ListSource(answers))
    upper, lower = sorted(view.stack.items(), key=lambda item: item.id)
    below_facts = upper.height - (upper.content_top + upper.facts_height())
    assert below_facts + lower.content_top >= 12
