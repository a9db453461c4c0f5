"""A batch job: how far it is, what it cost, and what can be done with it."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.jobs import Job
from chatbench.ui import quantities
from chatbench.ui.widgets import Button, Card, ElidedLabel, Flow, Label, Meter, Pill
from chatbench.ui.widgets.chips import Tone
from chatbench.ui.workbench.dates import day

RUN = "run:"
"""Begins the source of a job that was sent for a run; the run's id follows."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("JobCard", text)


class JobCard(Card):
    """Its buttons are its owner's to connect."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job
        self.title = ElidedLabel(weight=600)
        self.pill = Pill()
        self.fact = Label(font="small", color="text2", wrap=True)
        self.meter = Meter(height=6)
        self.problem = Label(font="small", color="danger", wrap=True)
        self.look = Button(self.tr("Look now"), icon="refresh-cw", size="small")
        self.cancel = Button(self.tr("Cancel it"), icon="circle-stop", size="small")
        self.again = Button(self.tr("Ask the missing again"), icon="rotate-ccw", size="small")
        self.save = Button(self.tr("Save the answers…"), icon="download", size="small")
        self.open = Button(self.tr("Open the run"), icon="table-2", size="small")
        self._said = ""
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.title, 1)
        head.addWidget(self.pill)
        below = QWidget()
        policy = below.sizePolicy()
        policy.setHeightForWidth(True)
        below.setSizePolicy(policy)
        flow = Flow(below)
        for button in self.buttons():
            flow.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 12)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.fact)
        column.addWidget(self.meter)
        column.addWidget(self.problem)
        column.addWidget(below)
        self.show_job(job)

    def buttons(self) -> tuple[Button, ...]:
        """In their order."""
        return self.look, self.save, self.open, self.again, self.cancel

    def show_job(self, job: Job) -> None:
        """As it is now."""
        self.job = job
        is_open = job.state == "open"
        name = job.name or self.tr("Batch job {0}").format(job.id[:8])
        self.title.set_text(name)
        self.setAccessibleName(name)
        self.pill.set_state(*job_state(job))
        self.fact.setText(job_words(job))
        done = max(sum(piece.finished for piece in job.pieces), job.total - job.due)
        self.meter.set_fraction(done / job.total if job.total else 0.0)
        self.meter.setVisible(is_open)
        self._tell()
        missing = job.total - job.answered
        for button, fits in (
            (self.look, is_open),
            (self.cancel, is_open and not job.stopped),
            (self.again, not is_open and bool(missing) and not job.source),
            (self.save, bool(job.answered)),
            (self.open, job.source.startswith(RUN)),
        ):
            button.setVisible(fits)
            button.setAccessibleName(f"{button.label()}: {name}")

    def say(self, words: str) -> None:
        """What went wrong; "" for nothing."""
        self._said = words
        self._tell()

    def set_busy(self, busy: bool) -> None:
        """While a provider is asked."""
        self.look.set_busy(busy)

    def _tell(self) -> None:
        reasons = [f"{piece.provider}: {piece.reason}" for piece in self.job.pieces if piece.reason]
        words = "\n".join(dict.fromkeys(filter(None, (self._said, *reasons))))
        self.problem.setText(words)
        self.problem.setVisible(bool(words))


def job_state(job: Job) -> tuple[str, Tone]:
    """How it stands, in a word."""
    if job.state == "open":
        return (_tr("stopping"), "warning") if job.stopped else (_tr("under way"), "accent")
    if job.state == "cancelled":
        return _tr("cancelled"), "neutral"
    return (_tr("done"), "success") if job.answered == job.total else (_tr("incomplete"), "warning")


def job_words(job: Job) -> str:
    """Its counts, its cost and its models in one line."""
    told = [_tr("{0} of {1} answered").format(quantities.number(job.answered), quantities.number(job.total))]
    at_work = sum(piece.finished for piece in job.pieces if piece.state == "working")
    for words, count in (
        (_tr("{0} finished there"), at_work),
        (_tr("{0} failed"), job.failed),
        (_tr("{0} expired"), job.expired),
        (_tr("{0} cancelled"), job.cancelled),
    ):
        if count:
            told.append(words.format(quantities.number(count)))
    if job.answered:
        told.append(quantities.amount(Decimal(job.cost)))
        if job.unpriced:
            told.append(_tr("price of {0} unknown").format(quantities.number(job.unpriced)))
    told.append(_tr("sent {0}").format(day(job.created_at)))
    models = dict.fromkeys(f"{piece.provider}/{piece.model}" for piece in job.pieces)
    return " · ".join((*told, ", ".join(models)))
