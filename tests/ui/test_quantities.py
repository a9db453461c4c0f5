"""Figures: one way to write each kind, in Western digits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import pytest
from PySide6.QtCore import QLocale

from chatbench.core.usage import Cost
from chatbench.ui import quantities as q
from chatbench.ui.chat.inspector.words import moment as in_full
from chatbench.ui.chat.sidebar.rows import when
from chatbench.ui.chat.transcript.facts import clock
from chatbench.ui.quantities import use_western_digits


@pytest.fixture(params=["C", "en_US", "de_DE"])
def separators(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """A reader's language, as the separators of thousands and of decimals."""
    before = QLocale()
    QLocale.setDefault(QLocale(request.param))
    yield (".", ",") if request.param == "de_DE" else (",", ".")
    QLocale.setDefault(before)


def test_thousands_and_decimals_are_parted_as_the_reader_does_it(separators: tuple[str, str]) -> None:
    thousand, point = separators
    assert q.number(4989) == f"4{thousand}989"
    assert q.tokens(1660, q.ABOUT) == f"≈ 1{thousand}660 tokens"
    assert q.amount(Decimal("1234.5")) == f"$1{thousand}234{point}50"
    assert q.duration(4.2) == f"4{point}2 s"


@pytest.mark.parametrize("reader", ["ar_EG", "fa_IR", "bn_BD", "mr_IN", "my_MM", "ne_NP", "de_DE", "ja_JP"])
def test_digits_are_the_same_wherever_a_figure_comes_from(reader: str) -> None:
    before = QLocale()
    moment = datetime(2026, 11, 21, 23, 44).astimezone()
    milliseconds = round(moment.timestamp() * 1000)
    try:
        QLocale.setDefault(QLocale(reader))
        use_western_digits()
        written = (
            q.number(4989), q.amount(Decimal("12.34")), q.duration(4.2), q.speed(413), q.size(1_400_000),
            clock(milliseconds), when(moment, moment.date()), when(moment, date(2027, 12, 1)),
            in_full(milliseconds), QLocale().toString(7),
        )  # fmt: skip
        assert q.read_number(q.number(1_234_567)) == 1_234_567
    finally:
        QLocale.setDefault(before)
    assert not [char for text in written for char in text if char.isdecimal() and char not in "0123456789"]
    assert all(any(char.isdecimal() for char in text) for text in written)


@pytest.mark.parametrize(
    ("value", "words"),
    [("0", "$0.00"), ("0.00004", "<$0.0001"), ("0.0041", "$0.0041"), ("0.75", "$0.7500"), ("1", "$1.00")],
)
def test_money_has_decimals_that_tell(value: str, words: str) -> None:
    assert q.amount(Decimal(value)) == words


def test_prices_say_what_is_not_known_and_what_is_free() -> None:
    assert q.price(None) == "price unknown"
    assert q.price(Cost(amount=Decimal(0), source="free")) == "no charge"
    assert q.price(Cost(amount=Decimal("0.5"), estimated=True)) == "≈ $0.5000"
    assert q.price(Cost(amount=Decimal("0.00002"), estimated=True)) == "<$0.0001"
    assert (q.estimate(Decimal("0.00002")), q.estimate(Decimal("0.02"))) == ("<$0.0001", "≈ $0.0200")
    assert q.price(Cost(amount=Decimal(2), currency="EUR")) == "EUR 2.00"


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.034, "0.03 s"), (0.714, "0.71 s"), (4.24, "4.2 s"), (99.9, "99.9 s"), (120, "120 s")],
)
def test_a_duration_is_as_fine_as_it_is_short(value: float, words: str) -> None:
    assert q.duration(value) == words


def test_one_token_is_one() -> None:
    assert q.tokens(1) == "1 token"
    assert (q.speed(413.2, q.ABOUT), q.speed(7.25)) == ("≈ 413 tok/s", "7.3 tok/s")


@pytest.mark.parametrize(
    ("count", "words"), [(1, "1 byte"), (640, "640 bytes"), (12_300, "12 kB"), (1_400_000, "1.4 MB")]
)
def test_sizes(count: int, words: str) -> None:
    assert q.size(count) == words
