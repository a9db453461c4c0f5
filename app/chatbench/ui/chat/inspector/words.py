"""Numbers as the inspector writes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale, Qt

from chatbench.core import params
from chatbench.core.usage import Cost, CostLine, Usage

_SMALLEST: Final = Decimal("0.0001")


def tr(text: str) -> str:
    """A text outside any widget, in the reader's language."""
    return QCoreApplication.translate("inspector", text)


def why_left_out(given: str) -> str:
    """Why a parameter is left out, in the reader's language; what core has no name for as it is."""
    known = {
        params.NO_FIELD: tr("this interface has no field for it"),
        params.REFUSED_BY_PROVIDER: tr("not taken by this provider"),
        params.REFUSED_BY_MODEL: tr("not taken by this model"),
        params.NOT_KNOWN: tr("not known to be taken"),
        params.NO_EFFORT: tr("offers no reasoning effort"),
        params.NO_BUDGET: tr("takes no thinking budget"),
        params.NOT_WHILE_THINKING: tr("taken only with reasoning effort none"),
    }
    if given not in known and given.startswith(params.OFFERS):
        return tr("offers {0}").format(given.removeprefix(params.OFFERS))
    return known.get(given, given)


def count(number: int) -> str:
    """A whole number with the reader's separators."""
    return QLocale().toString(number)


def money(amount: Decimal) -> str:
    """US dollars: four decimals below one dollar, two from there on."""
    if 0 < amount < _SMALLEST:
        return f"<${_SMALLEST}"
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.4f}"


def rate(amount: Decimal) -> str:
    """Dollars per million: at least two decimals, more only where they are not zeros."""
    text = f"{amount.normalize():f}"
    decimals = text.partition(".")[2]
    return f"${text}" if len(decimals) > 2 else f"${amount:.2f}"


def seconds(value: float) -> str:
    """A duration: two decimals below one second, one below a hundred."""
    places = 2 if value < 1 else 1 if value < 100 else 0
    return tr("{0} s").format(QLocale().toString(value, "f", places))


def moment(milliseconds: int) -> str:
    """Local day and time of a UTC time."""
    when = QDateTime.fromMSecsSinceEpoch(milliseconds)
    return QLocale().toString(when, "ddd d MMM, HH:mm:ss")


def shares(usage: Usage, lines: tuple[CostLine, ...] = ()) -> list[tuple[str, str, int]]:
    """(kind, label, how many) of what went in and came out; reasoning stands apart from output.

    What is billed besides tokens (searches, a fee for each request) follows, so that the rows
    come to the total.
    """
    output = max(0, usage.output_tokens - usage.reasoning_tokens)
    rows = [
        ("input", tr("Input, new"), usage.new_input_tokens),
        ("cache_read", tr("Read from cache"), usage.cache_read_tokens),
        ("cache_write", tr("Written to cache"), usage.cache_write_tokens),
        ("output", tr("Output"), output),
        ("reasoning", tr("Reasoning"), usage.reasoning_tokens),
    ]
    besides = {
        "audio": tr("Sound"),
        "searches": tr("Web searches"),
        "request": tr("Fee for the request"),
    }
    rows += [(line.what, besides[line.what], line.count) for line in lines if line.what in besides]
    return [row for row in rows if row[2]]


def amounts(lines: tuple[CostLine, ...]) -> dict[str, Decimal]:
    """Dollars by kind; several lines of one kind are added."""
    found: dict[str, Decimal] = {}
    for line in lines:
        found[line.what] = found.get(line.what, Decimal(0)) + line.amount
    return found


def price_source(cost: Cost) -> str:
    """Where a price comes from, in a sentence."""
    if cost.source == "free":
        return tr("No charge: it runs on this computer.")
    if cost.source == "provider":
        return tr("As the provider itself reports it.")
    rates = cost.rates
    day = QDate.fromString(cost.prices_of[:10], Qt.DateFormat.ISODate)
    written = QLocale().toString(day, "d MMM yyyy") if day.isValid() else cost.prices_of
    listed = tr("list of {0}").format(written) if written else tr("price list")
    if cost.source == "user":
        listed = tr("your own prices")
    if rates is None or rates.input is None or rates.output is None:
        return listed
    return tr("{0} in, {1} out per million, {2}").format(rate(rates.input), rate(rates.output), listed)
