"""What a run is made of, what it would take, and its start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.datasets import Dataset
from chatbench.core.errors import ChatbenchError
from chatbench.core.models import GUIDE
from chatbench.core.prompts import Prompt
from chatbench.core.runs import Plan, PlanModel, PlanPrompt, Run
from chatbench.services import Services
from chatbench.services.runs import Forecast
from chatbench.ui.aio import Rereading, spawn
from chatbench.ui.widgets import Button, Label, announce
from chatbench.ui.widgets.dialogs import fit_dialog
from chatbench.ui.widgets.forms import scrolling, words_of
from chatbench.ui.workbench.runs.forecastwords import FIELDS, batch_words, forecast_words, problems_by_field
from chatbench.ui.workbench.runs.planform import PlanForm
from chatbench.ui.workbench.runs.planprompts import PromptOption
from chatbench.ui.workbench.runs.trychecks import tried_words

_SIZE: Final = (680, 720)
_FOLLOWS_MS: Final = 250
_VERSIONS: Final = 12


class NewRunDialog(QDialog):
    """`started(run_id)`. It is read before it shows anything; `asked` waits for that."""

    started = Signal(str)

    def __init__(
        self,
        services: Services,
        prompt_id: str = "",
        *,
        dataset_id: str = "",
        models: Sequence[str] = (),
        plan: Plan | None = None,
        origin: str = "",
        parent: QWidget,
    ) -> None:
        """Of a prompt of the library on a data set, with `models` to begin with, or of a `plan` from
        elsewhere; `origin` says in a sentence where its code is from."""
        super().__init__(parent)
        self._services = services
        self._prompt_id, self._dataset_id, self._models = prompt_id, dataset_id, tuple(models)
        self._given = plan
        self._origin = origin
        self.forecast: Forecast | None = None
        self.setWindowTitle(self.tr("Run on a data set") if plan is None else self.tr("Run a plan"))
        groups = services.models.groups()
        names = [str(row.info.ref) for group in groups for row in group.rows if row.usable]
        self.form = PlanForm(names, services.checking)
        self.told = Label(font="small", color="text2", wrap=True)
        self.problem = Label(font="small", color="danger", wrap=True)
        self.start = Button(self.tr("Start"), kind="primary", icon="play")
        self.cancel = Button(self.tr("Cancel"))
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.setInterval(_FOLLOWS_MS)
        self._forecasting = Rereading(self._foresee, self, "forecast")
        self._clock.timeout.connect(self._forecasting.again)
        self._lay_out()
        self.form.edited.connect(self._follow)
        self.form.checks.tried.connect(lambda: spawn(self._try(), owner=self, name="try-checks"))
        self.cancel.clicked.connect(self.reject)
        self.start.clicked.connect(self._start)
        self.start.setEnabled(False)
        fit_dialog(self, *_SIZE)
        self._asking = spawn(self._ask(), owner=self, name="new-run")

    def plan(self) -> Plan:
        """What the form says."""
        return self.form.plan()

    async def asked(self) -> None:
        """Waits until what it offers was read."""
        await self._asking

    async def settled(self) -> None:
        """Waits for the forecast of what it says now."""
        self._clock.stop()
        self._forecasting.again()
        await self._forecasting.ended()

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addWidget(self.told, 1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.start)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        column.addWidget(scrolling(self.form), 1)
        column.addWidget(self.problem)
        column.addLayout(foot)
        self.problem.hide()

    # What it begins with

    async def _ask(self) -> None:
        try:
            datasets = await self._services.datasets.all()
            if self._given is not None:
                await self._ask_plan(self._given, datasets)
            else:
                await self._ask_prompt(datasets)
        except ChatbenchError as error:
            self._say(error)

    async def _ask_prompt(self, datasets: Sequence[Dataset]) -> None:
        """The versions of a prompt; the checks of its last run are what is wanted mostly."""
        entry = await self._services.prompts.get(self._prompt_id)
        versions = (await self._services.prompts.versions(self._prompt_id))[:_VERSIONS]
        options = []
        for one in versions:
            label = f"{self.tr('v{0}').format(one.number)} {one.note}".strip()
            planned = PlanPrompt(id=self._prompt_id, version=one.number)
            options.append(PromptOption(label, planned, one.prompt, one.number))
        newest = versions[0].prompt if versions else Prompt()
        last = await self._last_run()
        checks = last.plan.checks if last is not None else ()
        if last is not None:
            words = self.tr("From the checks of run {0}.").format(last.number)
            self.form.origins.update(dict.fromkeys((str(one.value) for one in checks), words))
        plan = Plan(name=entry.name, checks=checks)
        self.form.show_plan(plan, options, {entry.latest}, self._usual_models(newest))
        named = next((one.id for one in datasets if one.name == newest.dataset), "")
        first = datasets[0].id if datasets else ""
        self.form.offer_data(datasets, wanted=self._dataset_id or named or first)
        self._offer_trying(last)

    async def _ask_plan(self, plan: Plan, datasets: Sequence[Dataset]) -> None:
        """A plan as it is; what its prompts are is read as a run would."""
        anyone = (PlanModel(model=str(GUIDE)),)
        found = await self._services.runs.check(Plan(prompts=plan.prompts, models=anyone))
        known = {one.planned: one for one in found.columns}
        options = []
        for place, planned in enumerate(plan.prompts):
            column = known.get(place)
            label = planned.name or planned.file or self.tr("Prompt {0}").format(place + 1)
            found_prompt = column.prompt if column is not None else None
            options.append(PromptOption(column.label if column else label, planned, found_prompt, place))
        self.form.origins.update(dict.fromkeys((str(one.value) for one in plan.checks), self._origin))
        models = plan.models or self._usual_models(Prompt())
        self.form.show_plan(plan, options, range(len(options)), models)
        named = plan.data.id or plan.data.name
        wanted = next((one.id for one in datasets if named and named in (one.id, one.name)), "")
        self.form.offer_data(datasets, await self._columns_of(plan), wanted=wanted)
        self._offer_trying(await self._last_run())

    async def _columns_of(self, plan: Plan) -> list[str]:
        """Of the rows that a plan brings along. Raises what reading its file raises."""
        if plan.data.file:
            table = await self._services.datasets.read_file(Path(plan.data.file))
            return [one.name for one in table.columns]
        return list(dict.fromkeys(name for row in plan.data.rows for name in row))

    def _usual_models(self, prompt: Prompt) -> list[PlanModel]:
        default = self._services.models.default()
        names = self._models or prompt.models or ((str(default),) if default is not None else ())
        return [PlanModel(model=name) for name in names]

    async def _last_run(self) -> Run | None:
        """The newest run of one of the prompts."""
        planned = self._given.prompts if self._given is not None else ()
        mine = {self._prompt_id, *(one.id for one in planned)} - {""}
        runs = await self._services.runs.runs()
        return next((one for one in runs if any(c.prompt_id in mine for c in one.columns)), None)

    def _offer_trying(self, last: Run | None) -> None:
        self.form.checks.try_button.setVisible(last is not None and last.done > 0)

    # What it would take

    def _follow(self) -> None:
        """The forecast follows what is changed, when that has rested a moment."""
        self._clock.start()

    async def _foresee(self) -> None:
        plan = self.plan()
        try:
            found = await self._services.runs.check(plan)
        except ChatbenchError as error:
            self._say(error)
            return
        self.forecast = found
        told = problems_by_field(plan, found.problems)
        for field in FIELDS:
            self.form.set_error(field, told.get(field, ""))
        self.problem.setText(told.get("", ""))
        self.problem.setVisible("" in told)
        self.form.rows["batch"].set_hint(batch_words(found))
        self.told.setText(forecast_words(found))
        self.start.setEnabled(not found.problems and not self.form.is_wrong and found.calls > 0)

    async def _try(self) -> None:
        """What the checks find of the answers of the last run; no model is asked but by those that want
        one."""
        last, checks = await self._last_run(), self.form.checks
        if last is None or not checks.checks:
            return
        try:
            found = await self._services.runs.try_checks(last.id, checks.checks)
        except ChatbenchError as error:
            checks.say(words_of(error))
            return
        checks.say(tried_words(last, checks.checks, found))
        announce(self, checks.told.text())

    # Its start

    def _start(self) -> None:
        self.start.setEnabled(False)
        self.start.set_busy(True)
        spawn(self._begin(), owner=self, name="start-run")

    async def _begin(self) -> None:
        try:
            run = await self._services.runs.start(self.plan())
        except ChatbenchError as error:
            self._say(error)
            self.start.setEnabled(True)
            return
        finally:
            self.start.set_busy(False)
        self.started.emit(run.id)
        self.accept()

    def _say(self, error: ChatbenchError) -> None:
        words = words_of(error)
        self.problem.setText(words)
        self.problem.setVisible(True)
        announce(self, words, at_once=True)
