"""What a run is made of, what it would take, and its start."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.datasets import Dataset, RowSelection
from chatbench.core.errors import ChatbenchError
from chatbench.core.prompts import PromptVersion
from chatbench.core.runs import Plan, PlanData, PlanLimits, PlanModel, PlanPrompt
from chatbench.services import Services
from chatbench.services.prompts import variables_of
from chatbench.services.runs import Forecast
from chatbench.ui import quantities
from chatbench.ui.aio import Rereading, spawn
from chatbench.ui.widgets import Button, Chip, Flow, Label, LineField, Select, Switch, announce
from chatbench.ui.widgets.dialogs import fit_dialog
from chatbench.ui.widgets.forms import Form, FormRow, scrolling
from chatbench.ui.workbench.runs.countfield import CountField
from chatbench.ui.workbench.runs.planparts import CheckRows, ModelRows
from chatbench.ui.workbench.runs.spans import span

_SIZE: Final = (680, 720)
_FOLLOWS_MS: Final = 250
_VERSIONS: Final = 12
_TOLD: Final = 3
_MOST_ROWS: Final = 10_000_000


class NewRunDialog(QDialog):
    """`started(run_id)`. It is read before it shows anything; `asked` waits for that."""

    started = Signal(str)

    def __init__(self, services: Services, prompt_id: str, *, dataset_id: str = "", parent: QWidget) -> None:
        super().__init__(parent)
        self._services = services
        self._prompt_id = prompt_id
        self._dataset_id = dataset_id
        self._versions: list[PromptVersion] = []
        self._datasets: list[Dataset] = []
        self.forecast: Forecast | None = None
        self.setWindowTitle(self.tr("Run on a data set"))
        self.name = LineField(name=self.tr("Name"))
        self.versions: dict[int, Chip] = {}
        self.data = Select(name=self.tr("Data set"))
        self.which = Select(name=self.tr("Which rows"))
        self.count = CountField(self.tr("How many rows"), 1, _MOST_ROWS)
        self.tags = LineField(name=self.tr("Tags"))
        self.split = LineField(name=self.tr("Split"))
        self.values: dict[str, LineField] = {}
        self.models = ModelRows(self._model_names(), ())
        self.repeats = CountField(self.tr("Repeats"), 1, 1000)
        self.checks = CheckRows(self._model_names())
        self.threshold = LineField(name=self.tr("Score to pass"))
        usual = self.tr("as usual")
        self.at_once = CountField(self.tr("Cells at once"), 0, 10_000, zero=usual)
        self.per_minute = CountField(self.tr("Requests a minute"), 0, 1_000_000, zero=usual)
        self.tries = CountField(self.tr("Tries of a call"), 0, 100, zero=usual)
        self.budget = LineField(name=self.tr("Budget"))
        self.cache = Switch(self.tr("Answer from the cache what was asked before"))
        self.told = Label(font="small", color="text2", wrap=True)
        self.problem = Label(font="small", color="danger", wrap=True)
        self.start = Button(self.tr("Start"), kind="primary", icon="play")
        self.cancel = Button(self.tr("Cancel"))
        self.rows: dict[str, FormRow] = {}
        self._value_form = Form()
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.setInterval(_FOLLOWS_MS)
        self._forecasting = Rereading(self._foresee, self, "forecast")
        self._clock.timeout.connect(self._forecasting.again)
        self._lay_out()
        self._connect()
        self.start.setEnabled(False)
        fit_dialog(self, *_SIZE)
        self._asking = spawn(self._ask(), owner=self, name="new-run")

    # What it is made of

    def plan(self) -> Plan:
        """What the form says; what cannot be read is told at its field, and left out."""
        chosen = [number for number, chip in self.versions.items() if chip.isChecked()]
        values = {name: field.text() for name, field in self.values.items() if field.text()}
        return Plan(
            name=self.name.text().strip(),
            prompts=tuple(
                PlanPrompt(id=self._prompt_id, version=number, values=values) for number in sorted(chosen)
            ),
            data=self._data(),
            models=self.models.models(),
            checks=self.checks.checks,
            repeats=self.repeats.value(),
            threshold=self._number("threshold", self.threshold, most=1),
            limits=self._limits(),
            cache=self.cache.isChecked(),
        )

    async def asked(self) -> None:
        """Waits until what it offers was read."""
        await self._asking

    async def settled(self) -> None:
        """Waits for the forecast of what it says now."""
        self._clock.stop()
        self._forecasting.again()
        await self._forecasting.ended()

    def _data(self) -> PlanData:
        dataset = self._dataset()
        if dataset is None:
            return PlanData()
        tags = tuple(one.strip() for one in self.tags.text().split(",") if one.strip())
        amount = {str(self.which.currentData()): self.count.value()} if self.which.currentData() else {}
        selection: dict[str, Any] = {"tags": tags, "split": self.split.text().strip(), **amount}
        return PlanData(id=dataset.id, name=dataset.name, select=RowSelection(**selection))

    def _limits(self) -> PlanLimits:
        budget = self._number("budget", self.budget)
        return PlanLimits(
            concurrent=self.at_once.value() or None,
            requests_per_minute=self.per_minute.value() or None,
            tries=self.tries.value() or None,
            budget=Decimal(self.budget.text().strip()) if budget is not None else None,
        )

    def _number(self, key: str, field: LineField, most: float | None = None) -> float | None:
        text, row = field.text().strip(), self.rows[key]
        row.set_error("")
        if not text:
            return None
        try:
            told = Decimal(text)
        except InvalidOperation:
            row.set_error(self.tr("“{0}” is no number.").format(text))
            return None
        if not told.is_finite() or told < 0 or (most is not None and told > most):
            limit = self.tr("A number from 0 to 1.") if most is not None else self.tr("A number from 0 on.")
            row.set_error(limit)
            return None
        return float(told)

    # How it stands

    def _lay_out(self) -> None:
        form = Form()
        self._chips = QWidget()
        self._flow = Flow(self._chips)
        policy = self._chips.sizePolicy()
        policy.setHeightForWidth(True)
        self._chips.setSizePolicy(policy)
        for text, key in (
            (self.tr("All rows"), ""),
            (self.tr("The first"), "limit"),
            (self.tr("A random sample of"), "sample"),
        ):
            self.which.addItem(text, key)
        self.count.set_value(20)
        rows = QWidget()
        line = QHBoxLayout(rows)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.which, 1)
        line.addWidget(self.count)
        for key, label, field, hint in (
            ("name", self.tr("Name"), self.name, ""),
            ("prompts", self.tr("Prompt versions"), self._chips, ""),
            ("data", self.tr("Data set"), self.data, ""),
            ("rows", self.tr("Rows"), rows, ""),
            ("tags", self.tr("With tags"), self.tags, self.tr("With a comma between them; empty: any.")),
            ("split", self.tr("Of the split"), self.split, self.tr("train, test …; empty: any.")),
        ):
            self.rows[key] = form.add(label, field, hint=hint)
        rest = Form()
        for key, label, field, hint in (
            ("models", self.tr("Models"), self.models, ""),
            ("repeats", self.tr("Repeats"), self.repeats, ""),
            ("checks", self.tr("Checks"), self.checks, ""),
            ("threshold", self.tr("Score to pass"), self.threshold, self.tr("0 to 1; empty: any.")),
            ("at_once", self.tr("At once"), self.at_once, ""),
            ("per_minute", self.tr("A minute"), self.per_minute, ""),
            ("tries", self.tr("Tries of a call"), self.tries, ""),
            ("budget", self.tr("Budget"), self.budget, self.tr("US dollars; it pauses there. Empty: none.")),
            ("cache", "", self.cache, ""),
        ):
            self.rows[key] = rest.add(label, field, hint=hint)
        inside = QWidget()
        body = QVBoxLayout(inside)
        body.setContentsMargins(0, 0, 8, 0)
        body.setSpacing(14)
        for one in (form, self._value_form, rest):
            body.addWidget(one)
        body.addStretch(1)
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addWidget(self.told, 1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.start)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        column.addWidget(scrolling(inside), 1)
        column.addWidget(self.problem)
        column.addLayout(foot)
        self._value_form.hide()
        self.problem.hide()

    def _connect(self) -> None:
        follow = self._follow
        for line in (self.name, self.tags, self.split, self.threshold, self.budget):
            line.textChanged.connect(lambda _text: follow())
        for spin in (self.count, self.repeats, self.at_once, self.per_minute, self.tries):
            spin.counted.connect(lambda _count: follow())
        self.which.currentIndexChanged.connect(lambda _at: self._choose_rows())
        self.data.currentIndexChanged.connect(lambda _at: self._choose_data())
        self.cache.toggled.connect(lambda _on: follow())
        self.models.edited.connect(follow)
        self.checks.edited.connect(follow)
        self.checks.tried.connect(lambda: spawn(self._try(), owner=self, name="try-checks"))
        self.cancel.clicked.connect(self.reject)
        self.start.clicked.connect(self._start)
        self._choose_rows()

    async def _ask(self) -> None:
        services = self._services
        try:
            entry = await services.prompts.get(self._prompt_id)
            self._versions = (await services.prompts.versions(self._prompt_id))[:_VERSIONS]
            self._datasets = await services.datasets.all()
        except ChatbenchError as error:
            self._say(error)
            return
        self.name.setText(entry.name)
        for version in self._versions:
            label = self.tr("v{0}").format(version.number)
            chip = Chip(f"{label} {version.note}".strip()[:60], checkable=True)
            chip.setChecked(version.number == entry.latest)
            chip.toggled.connect(lambda _on: self._show_values())
            self.versions[version.number] = chip
            self._flow.addWidget(chip)
        self.data.blockSignals(True)
        self.data.addItem(self.tr("None: the values below"), "")
        for one in self._datasets:
            self.data.addItem(f"{one.name} ({quantities.number(one.rows)})", one.id)
        self.data.setCurrentIndex(max(0, self.data.findData(self._dataset_id)) or min(1, len(self._datasets)))
        self.data.blockSignals(False)
        newest = self._versions[0].prompt if self._versions else None
        default = services.models.default()
        named = newest.models if newest is not None and newest.models else ()
        chosen = named or ((str(default),) if default is not None else ())
        self.models.set_models([PlanModel(model=name) for name in chosen])
        await self._take_checks()
        self._choose_data()

    async def _take_checks(self) -> None:
        """The checks of the prompt's last run: they are what is wanted mostly."""
        last = await self._last_run()
        self.checks.set_checks(last.plan.checks if last is not None else ())
        self.checks.try_button.setVisible(last is not None and last.done > 0)

    async def _last_run(self) -> Any:
        runs = await self._services.runs.runs()
        mine = self._prompt_id
        return next((one for one in runs if any(c.prompt_id == mine for c in one.columns)), None)

    def _dataset(self) -> Dataset | None:
        chosen = self.data.currentData()
        return next((one for one in self._datasets if one.id == chosen), None)

    def _choose_data(self) -> None:
        dataset = self._dataset()
        roles = {one.role for one in dataset.columns} if dataset is not None else set()
        self.rows["rows"].setVisible(dataset is not None)
        self.rows["tags"].setVisible("tags" in roles)
        self.rows["split"].setVisible("split" in roles)
        self._show_values()

    def _choose_rows(self) -> None:
        self.count.setEnabled(bool(self.which.currentData()))
        self._follow()

    def _show_values(self) -> None:
        """A field for each variable that no column fills."""
        dataset = self._dataset()
        columns = {one.name for one in dataset.columns} if dataset is not None else set()
        chosen = [one.prompt for one in self._versions if self.versions[one.number].isChecked()]
        wanted = {
            one.name: one for prompt in chosen for one in variables_of(prompt) if one.name not in columns
        }
        if list(wanted) != list(self.values):
            before = {name: field.text() for name, field in self.values.items()}
            form = Form()
            self.values = {}
            for name, variable in wanted.items():
                field = LineField(before.get(name, ""), name=name)
                default = variable.default
                field.setPlaceholderText("" if default is None else str(default))
                field.textChanged.connect(lambda _text: self._follow())
                self.values[name] = field
                self.rows[f"value {name}"] = form.add(f"{{{{{name}}}}}", field, hint=variable.description)
            layout = self._value_form.parentWidget()
            assert layout is not None
            column = layout.layout()
            assert column is not None
            column.replaceWidget(self._value_form, form)
            self._value_form.hide()
            self._value_form.deleteLater()
            self._value_form = form
            form.setVisible(bool(self.values))
        self._follow()

    def _model_names(self) -> list[str]:
        groups = self._services.models.groups()
        return [str(row.info.ref) for group in groups for row in group.rows if row.usable]

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
        self._tell_problems(plan, found.problems)
        self.told.setText(self._words(found))
        wrong = bool(found.problems) or self.models.is_wrong or any(row.error() for row in self.rows.values())
        self.start.setEnabled(not wrong and found.calls > 0)

    def _words(self, found: Forecast) -> str:
        calls = self.tr("{0} call") if found.calls == 1 else self.tr("{0} calls")
        parts = [calls.format(quantities.number(found.calls))]
        if found.grading_calls:
            parts.append(self.tr("{0} of graders").format(quantities.number(found.grading_calls)))
        parts.append(quantities.tokens(found.input_tokens + found.output_tokens, quantities.ABOUT))
        money = quantities.estimate(found.cost)
        others = []
        if found.cost_with_cache is not None and found.cost_with_cache != found.cost:
            others.append(self.tr("with cache {0}").format(quantities.estimate(found.cost_with_cache)))
        if found.cost_in_batches is not None and found.cost_in_batches != found.cost:
            others.append(self.tr("in batches {0}").format(quantities.estimate(found.cost_in_batches)))
        parts.append(money + (f" ({', '.join(others)})" if others else ""))
        if found.seconds is not None:
            parts.append(quantities.ABOUT + span(found.seconds))
        return " · ".join(parts)

    def _tell_problems(self, plan: Plan, problems: Sequence[str]) -> None:
        """Each at the field that it is about; the others below."""
        told: dict[str, list[str]] = {}
        for one in problems:
            told.setdefault(self._field_of(plan, one), []).append(one)
        for key in ("prompts", "data", "models", "checks"):
            self.rows[key].set_error("\n".join(self._shortened(told.get(key, []))))
        rest = "\n".join(told.get("", ()))
        self.problem.setText(rest)
        self.problem.setVisible(bool(rest))

    def _shortened(self, problems: list[str]) -> list[str]:
        """The first of many, and how many more."""
        if len(problems) <= _TOLD + 1:
            return problems
        return [*problems[:_TOLD], self.tr("… and more of the same kind.")]

    def _field_of(self, plan: Plan, problem: str) -> str:
        if any(problem.startswith(check.title) for check in plan.checks):
            return "checks"
        if not plan.prompts or problem.startswith("Prompt"):
            return "prompts" if not plan.prompts else ("models" if not plan.models else "prompts")
        if not plan.models or any(
            one.model in problem or one.model.partition("/")[0].lower() in problem.lower()
            for one in plan.models
        ):
            return "models"
        if problem.startswith(("Row", "…", "The plan has no rows")) or "column" in problem:
            return "data"
        return ""

    async def _try(self) -> None:
        """What the checks find of the answers of the last run; no model is asked but by those that want
        one."""
        last = await self._last_run()
        if last is None or not self.checks.checks:
            return
        try:
            found = await self._services.runs.try_checks(last.id, self.checks.checks)
        except ChatbenchError as error:
            self.checks.say(" ".join(filter(None, (error.message, error.hint))))
            return
        lines = [self.tr("On the {0} answers of run {1}:").format(quantities.number(len(found)), last.number)]
        for at, check in enumerate(self.checks.checks):
            passed = sum(verdicts[at].passed is True for verdicts in found.values())
            unjudged = sum(verdicts[at].passed is None for verdicts in found.values())
            words = self.tr("{0} passes {1}").format(check.title, quantities.number(passed))
            more = self.tr(", {0} not judged").format(quantities.number(unjudged)) if unjudged else ""
            lines.append(words + more)
        self.checks.say("\n".join(lines))
        announce(self, self.checks.told.text())

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
        words = " ".join(filter(None, (error.message, error.hint)))
        self.problem.setText(words)
        self.problem.setVisible(True)
        announce(self, words, at_once=True)
