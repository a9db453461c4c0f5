"""Numbers as the inspector writes them."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale, Qt

from chatbench.core import params
from chatbench.core.usage import Cost, CostLine, Usage


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


def rate(amount: Decimal) -> str:
    """Dollars per million: at least two decimals, more only where they are not zeros."""
    text = f"{amount.normalize():f}"
    decimals = text.partition(".")[2]
    return f"${text}" if len(decimals) > 2 else f"${amount:.2f}"


def moment(milliseconds: int) -> str:
    """Local day and time of a UTC time."""
    when = QDateTime.fromMSecsSinceEpoch(milliseconds)
    return QLocale().toString(when, "ddd d MMM, HH:mm:ss")


class Share(NamedTuple):
    """A part of a bill: how many of what, and dollars for it; None where that is not known."""

    kind: str
    label: str
    many: int | None
    amount: Decimal | None


def shares(usage: Usage, lines: tuple[CostLine, ...] = (), amount: Decimal | None = None) -> list[Share]:
    """What went in and came out, reasoning apart from output, then what is billed besides tokens.

    The tokens come to the usage's total. So does the money to `amount`: a last row holds what no
    other says the kind of.
    """
    paid: dict[str, Decimal] = {}
    counts: dict[str, int] = {}
    for line in lines:
        paid[line.what] = paid.get(line.what, Decimal(0)) + line.amount
        counts[line.what] = counts.get(line.what, 0) + line.count
    rows = [
        *((kind, label, count) for kind, label, count in _tokens(usage, counts.get("audio", 0))),
        ("searches", tr("Web searches"), counts.get("searches", 0)),
        ("request", tr("Fee for the request"), counts.get("request", 0)),
    ]
    found = [
        Share(kind, label, count, paid.get(kind)) for kind, label, count in rows if count or paid.get(kind)
    ]
    rest = Decimal(0) if amount is None else amount - sum(paid.values(), Decimal(0))
    if rest:
        label = tr("Not told apart") if found else tr("All together")
        found.append(Share("rest", label, None, rest))
    return found


def _tokens(usage: Usage, sound: int) -> list[tuple[str, str, int]]:
    """Kind, label and number; of the `sound` that has a line of its own no other row tells again."""
    read = min(usage.cache_read_tokens, usage.input_tokens)
    write = min(usage.cache_write_tokens, usage.input_tokens - read)
    new = usage.input_tokens - read - write
    thought = min(usage.reasoning_tokens, usage.output_tokens)
    written = usage.output_tokens - thought
    heard = min(usage.input_audio_tokens, sound, new)
    spoken = min(sound - heard, written)
    return [
        ("input", tr("Input, new"), new - heard),
        ("cache_read", tr("Read from cache"), read),
        ("cache_write", tr("Written to cache"), write),
        ("output", tr("Output"), written - spoken),
        ("reasoning", tr("Reasoning"), thought),
        ("audio", tr("Sound"), heard + spoken),
    ]


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
