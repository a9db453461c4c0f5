"""What a comparison of two columns came to, in plain words and in the reader's language."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from chatbench.services.runs import Compared
from chatbench.ui import quantities


def compared_words(compared: Compared) -> str:
    """As the terminal says it: B is better on 14 rows, worse on 6: not yet significant."""
    found = compared.judged
    first, second = _names(compared)
    if not found.rows:
        return _tr("{0} and {1} have no row in common that could be judged.").format(first, second)
    if not found.better and not found.worse:
        return _tr("{0} and {1} do the same on {2}.").format(first, second, _rows(found.rows))
    if found.better >= found.worse:
        told = _tr("{0} is better on {1}, worse on {2}")
        told = told.format(second, _rows(found.better), quantities.number(found.worse))
    else:
        told = _tr("{0} is worse on {1}, better on {2}")
        told = told.format(second, _rows(found.worse), quantities.number(found.better))
    chance = "p < 0.001" if found.p < 0.001 else f"p = {found.p:.2g}"
    if found.is_significant:
        return _tr("{0}: significant ({1}).").format(told, chance)
    if found.is_told_by_few:
        return _tr("{0}: too few rows differ to tell.").format(told)
    return _tr("{0}: not yet significant ({1}).").format(told, chance)


def _names(compared: Compared) -> tuple[str, str]:
    first, second = compared.names
    if compared.first == first:
        return first, second
    of_run = _tr("{0} (run {1})")
    return of_run.format(first, compared.numbers[0]), of_run.format(second, compared.numbers[1])


def _rows(count: int) -> str:
    return _tr("1 row") if count == 1 else _tr("{0} rows").format(quantities.number(count))


def _tr(text: str) -> str:
    return QCoreApplication.translate("ComparedWords", text)
