"""Figures as the whole window writes them: counts, tokens, money, time, sizes, in Western digits with the
reader's separators."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from PySide6.QtCore import QCoreApplication, QLocale

from chatbench.core.usage import Cost

ABOUT: Final = "≈ "
"""Before what is estimated."""
AT_LEAST: Final = "≥ "
"""Before a sum of which a part is unknown."""
_LEAST: Final = Decimal("0.0001")


def _tr(text: str) -> str:
    return QCoreApplication.translate("quantities", text)


def use_western_digits() -> None:
    """Has whatever asks for the reader's own locale write the digits that the rest of the program's English
    has: where other ones are usual, the English of the reader's country. Before anything is written."""
    reader = QLocale()
    if reader.zeroDigit() != "0":
        QLocale.setDefault(QLocale(QLocale.Language.English, reader.territory()))


def _locale() -> QLocale:
    """The reader's; where the system names none, its own options would leave the separators out."""
    locale = QLocale()
    locale.setNumberOptions(QLocale.NumberOption.DefaultNumberOptions)
    return locale


def number(count: int) -> str:
    """A whole number: `4,989`."""
    return _locale().toString(count)


def read_number(text: str) -> int | None:
    """A whole number as `number` writes it, or with none of the separators; None where it is none."""
    found, ok = _locale().toLongLong(text.strip())
    return found if ok else None


def decimals(value: float, places: int) -> str:
    """A number with so many decimals."""
    return _locale().toString(float(value), "f", places)


def tokens(count: int, about: str = "") -> str:
    """A number of tokens, in the singular or the plural: `≈ 1,660 tokens`."""
    words = _tr("{0} token") if count == 1 else _tr("{0} tokens")
    return words.format(about + number(count))


def tokens_out(count: int, about: str = "") -> str:
    """The tokens of an answer, where there is little room: `≈ 1,660 tok out`."""
    return _tr("{0} tok out").format(about + number(count))


def amount(value: Decimal, currency: str = "USD") -> str:
    """Money: two decimals from one dollar on, and for none; four below, `<$0.0001` below those."""
    sign = "$" if currency == "USD" else f"{currency} "
    if 0 < value < _LEAST:
        return f"<{sign}{decimals(float(_LEAST), 4)}"
    places = 2 if value >= 1 or not value else 4
    return sign + decimals(float(round(value, places)), places)


def price(cost: Cost | None) -> str:
    """What an answer cost; unknown, free and estimated are said."""
    if cost is None:
        return _tr("price unknown")
    if cost.source == "free":
        return _tr("no charge")
    return (
        _about(amount(cost.amount, cost.currency)) if cost.estimated else amount(cost.amount, cost.currency)
    )


def estimate(cost: Decimal | None, *, free: bool = False) -> str:
    """What something would cost, in US dollars; None is unknown."""
    if free:
        return _tr("no charge")
    return _tr("price unknown") if cost is None else _about(amount(cost))


def _about(money: str) -> str:
    """An amount that is estimated; less than the least one that is written is no exact figure anyway."""
    return money if money.startswith("<") else ABOUT + money


def seconds(value: float) -> str:
    """The number of a duration in seconds: two decimals below one, one below a hundred."""
    return decimals(value, 2 if value < 1 else 1 if value < 100 else 0)


def duration(value: float) -> str:
    """A duration in seconds: `0.71 s`, `4.2 s`, `120 s`."""
    return _tr("{0} s").format(seconds(value))


def speed(value: float, about: str = "") -> str:
    """Tokens a second: `≈ 413 tok/s`, one decimal below ten."""
    return _tr("{0} tok/s").format(about + decimals(value, 0 if value >= 10 else 1))


def size(count: int) -> str:
    """Bytes as people say them: `1 byte`, `640 bytes`, `12 kB`, `1.4 MB`."""
    if count == 1:
        return _tr("1 byte")
    if count < 1000:
        return _tr("{0} bytes").format(number(count))
    if count < 1_000_000:
        return _tr("{0} kB").format(decimals(count / 1000, 0))
    return _tr("{0} MB").format(decimals(count / 1_000_000, 1))
