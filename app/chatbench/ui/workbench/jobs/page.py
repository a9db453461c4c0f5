"""Batch jobs: all of the profile, the newest first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from chatbench.core.changes import Changes
from chatbench.core.errors import ChatbenchError
from chatbench.core.jobs import Job
from chatbench.services import Services
from chatbench.ui import quantities
from chatbench.ui.aio import Rereading, ask, spawn
from chatbench.ui.widgets import Label, Surface, announce
from chatbench.ui.widgets.forms import scrolling, words_of
from chatbench.ui.workbench.jobs.card import RUN, JobCard

_SHOWN: Final = 100


class JobsPage(Surface):
    """`open_wanted(key)` of a run; `told(words, undo)`, where nothing takes it back. Providers are asked when
    it comes into view, and when the reader wishes."""

    open_wanted = Signal(str)
    told = Signal(str, object)

    def __init__(self, services: Services, parent: QWidget) -> None:
        super().__init__("page", parent=parent)
        self._services = services
        self.cards: dict[str, JobCard] = {}
        self.setAccessibleName(self.tr("Batch jobs"))
        self.fact = Label(color="text2", wrap=True)
        self._reading = Rereading(self._read, self, "jobs-page")
        self._lay_out()
        self._disconnect = services.changes.connect(self._changed)
        self.destroyed.connect(self._disconnect)

    def _lay_out(self) -> None:
        inner = QWidget()
        body = QVBoxLayout(inner)
        body.setContentsMargins(28, 20, 28, 24)
        body.setSpacing(12)
        body.addWidget(Label(self.tr("Batch jobs"), font="title", wrap=True))
        about = self.tr(
            "Providers answer batch jobs within a day, at about half the price. They go on while this "
            "program is closed; runs collect their answers by themselves."
        )
        body.addWidget(Label(about, color="text2", wrap=True))
        body.addWidget(self.fact)
        self._column = QVBoxLayout()
        self._column.setSpacing(10)
        body.addLayout(self._column)
        body.addStretch(1)
        column = QVBoxLayout()
        self.set_layout(column)
        column.addWidget(scrolling(inner))

    def release(self) -> None:
        """Stops listening."""
        self._disconnect()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        spawn(self._look_at_open(), owner=self, name="look-at-jobs")

    # What there is.

    def _changed(self, changes: Changes) -> None:
        if changes.jobs and self.isVisible():
            self._reading.again()

    async def _read(self) -> None:
        jobs = await self._services.jobs.all()
        shown = {job.id: job for job in jobs[:_SHOWN]}
        for job_id in [one for one in self.cards if one not in shown]:
            card = self.cards.pop(job_id)
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        for at, job in enumerate(shown.values()):
            if job.id in self.cards:
                self.cards[job.id].show_job(job)
            else:
                self.cards[job.id] = self._new_card(job)
                self._column.insertWidget(at, self.cards[job.id])
        words = "" if jobs else self.tr("None yet. A run asks by them where its form says so.")
        if len(jobs) > _SHOWN:
            words = self.tr("The newest {0} of {1}.").format(_SHOWN, quantities.number(len(jobs)))
        self.fact.setText(words)
        self.fact.setVisible(bool(words))

    def _new_card(self, job: Job) -> JobCard:
        card = JobCard(job)
        jobs = self._services.jobs
        card.look.clicked.connect(lambda _checked: self._do(card, jobs.look))
        card.cancel.clicked.connect(lambda _checked: self._do(card, jobs.cancel))
        card.again.clicked.connect(lambda _checked: self._do(card, jobs.again))
        card.save.clicked.connect(lambda _checked: self._do(card, self._save))
        card.open.clicked.connect(partial(self._open_run, card))
        return card

    def _open_run(self, card: JobCard) -> None:
        self.open_wanted.emit(f"run:{card.job.source.removeprefix(RUN)}")

    # What is done.

    async def _look_at_open(self) -> None:
        self._reading.again()
        await self._reading.ended()
        for card in list(self.cards.values()):
            if card.job.state == "open":
                await self._done(card, self._services.jobs.look)

    async def _save(self, job_id: str) -> None:
        name = self.cards[job_id].title.text()
        dialog = QFileDialog(self.window(), self.tr("Save the answers"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("jsonl")
        dialog.selectFile("".join("_" if sign in '/\\:*?"<>|' else sign for sign in name) + ".answers.jsonl")
        chosen: list[str] = []
        dialog.fileSelected.connect(chosen.append)
        if await ask(dialog) and chosen:
            await self.write(job_id, Path(chosen[0]))

    async def write(self, job_id: str, path: Path) -> None:
        """Writes the answers as lines of JSON. Raises StorageError."""
        count = await self._services.jobs.write(job_id, path)
        words = self.tr("{0} answers are written to {1}.").format(quantities.number(count), path.name)
        self.told.emit(words, None)

    def _do(self, card: JobCard, act: Callable[[str], Awaitable[object]]) -> None:
        spawn(self._done(card, act), owner=self, name="batch-job")

    async def _done(self, card: JobCard, act: Callable[[str], Awaitable[object]]) -> None:
        card.set_busy(True)
        words = ""
        try:
            await act(card.job.id)
        except ChatbenchError as error:
            words = words_of(error)
            announce(self, words, at_once=True)
        if self.cards.get(card.job.id) is card:
            card.set_busy(False)
            card.say(words)
        self._reading.again()
