"""What checks find of the answers of a run that is there, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QCoreApplication

from chatbench.core.checks import Check, Verdict
from chatbench.core.runs import CellKey, Run
from chatbench.ui import quantities


def tried_words(run: Run, checks: Sequence[Check], found: Mapping[CellKey, Sequence[Verdict]]) -> str:
    """A line for the run, and one for each check."""
    number = quantities.number
    lines = [_tr("On the {0} answers of run {1}:").format(number(len(found)), run.number)]
    for at, check in enumerate(checks):
        passed = sum(verdicts[at].passed is True for verdicts in found.values())
        unjudged = sum(verdicts[at].passed is None for verdicts in found.values())
        words = _tr("{0} passes {1}").format(check.title, number(passed))
        more = _tr(", {0} not judged").format(number(unjudged)) if unjudged else ""
        lines.append(words + more)
    return "\n".join(lines)


def _tr(text: str) -> str:
    return QCoreApplication.translate("TriedChecks", text)
