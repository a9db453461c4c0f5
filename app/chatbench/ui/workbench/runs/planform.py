"""The form of a plan: prompts, rows, models, checks, limits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chatbench.core.checks import Check
from chatbench.core.datasets import Dataset
from chatbench.core.runs import Plan, PlanModel
from chatbench.services.checking import Checking
from chatbench.ui.widgets import Label, LineField, Switch
from chatbench.ui.widgets.forms import Form, FormRow
from chatbench.ui.workbench.runs.consent import CodeConsent
from chatbench.ui.workbench.runs.countfield import CountField
from chatbench.ui.workbench.runs.plandata import DataChoice
from chatbench.ui.workbench.runs.planlimits import AmountField, LimitFields
from chatbench.ui.workbench.runs.planparts import CheckRows, ModelRows
from chatbench.ui.workbench.runs.planprompts import PromptChoice, PromptOption, ValueFields, unfilled


class PlanForm(QWidget):
    """`edited()`. What a plan says and no field shows stays as it is."""

    edited = Signal()

    def __init__(self, names: Sequence[str], checking: Checking) -> None:
        """`names` are the models to choose from."""
        super().__init__()
        self._planned = Plan()
        self.origins: dict[str, str] = {}
        """Of the code of checks: where it is from, in a sentence."""
        self.name = LineField(name=self.tr("Name"))
        self.prompts = PromptChoice()
        self.data = DataChoice(self)
        self.values = ValueFields()
        self.models = ModelRows(names, ())
        self.repeats = CountField(self.tr("Repeats"), 1, 1000)
        self.user = Label(wrap=True)
        self.checks = CheckRows(names)
        self.consent = CodeConsent(checking)
        self.threshold = AmountField(self.tr("Score to pass"), Decimal(1))
        self.limits = LimitFields(self)
        self.cache = Switch(self.tr("Answer from the cache what was asked before"))
        self.batch = Switch(self.tr("Ask in batch jobs: at about half the price, within a day"))
        self.rows: dict[str, FormRow] = {}
        self._lay_out()
        self._connect()

    # What it says

    def plan(self) -> Plan:
        """What the form says; what cannot be read is told at its field, and left out."""
        threshold = self.threshold.amount()
        return msgspec.structs.replace(
            self._planned,
            name=self.name.text().strip(),
            prompts=self.values.filled(self.prompts.chosen()),
            data=self.data.data(),
            models=self.models.models(),
            checks=self.checks.checks,
            repeats=self.repeats.value(),
            threshold=None if threshold is None else float(threshold),
            limits=self.limits.limits(),
            cache=self.cache.isChecked(),
            batch=self.batch.isChecked(),
        )

    def show_plan(
        self,
        plan: Plan,
        options: Sequence[PromptOption],
        chosen: Collection[int],
        models: Sequence[PlanModel],
    ) -> None:
        """Once: all but its rows, for which there is `data.offer`."""
        self._planned = plan
        self.name.setText(plan.name)
        self.prompts.offer(options, chosen)
        self.models.set_models(models)
        self.repeats.set_value(plan.repeats)
        self.threshold.set_amount(plan.threshold)
        self.limits.set_limits(plan.limits)
        self.cache.setChecked(plan.cache)
        self.batch.setChecked(plan.batch)
        self.checks.set_checks(plan.checks)
        self._show_user()

    def offer_data(self, datasets: Sequence[Dataset], columns: Collection[str] = (), *, wanted: str) -> None:
        """As `DataChoice.offer`, with the rows of the plan that is shown."""
        self.data.offer(datasets, self._planned.data, columns, wanted=wanted)

    @property
    def is_wrong(self) -> bool:
        """Whether a field says what cannot be, or something is to be decided first."""
        rows = (*self.rows.values(), *self.data.rows.values(), *self.limits.rows.values())
        return self.models.is_wrong or self.consent.is_open or any(row.error() for row in rows)

    def set_error(self, field: str, words: str) -> None:
        """What is wrong with the prompts, the data, the models or the checks."""
        (self.data.rows if field == "data" else self.rows)[field].set_error(words)

    def leave_out(self, check: Check) -> None:
        """Takes the checks with that code away."""
        kept = [one for one in self.checks.checks if (one.kind, one.value) != (check.kind, check.value)]
        self.checks.set_checks(kept)

    def _show_user(self) -> None:
        user = self._planned.user
        self.rows["user"].setVisible(user is not None)
        if user is not None and user.model:
            words = self.tr("{0} plays the user for {1} turns.").format(user.model, user.turns)
            self.user.setText(words)
        elif user is not None:
            self.user.setText(self.tr("{0} scripted turns after the first answer.").format(len(user.says)))

    # How it stands

    def _lay_out(self) -> None:
        head, rest, foot = Form(), Form(), Form()
        self.rows["name"] = head.add(self.tr("Name"), self.name)
        self.rows["prompts"] = head.add(self.tr("Prompts"), self.prompts)
        self.data.add_to(head)
        for key, label, field, hint in (
            ("models", self.tr("Models"), self.models, ""),
            ("repeats", self.tr("Repeats"), self.repeats, ""),
            ("user", self.tr("The user"), self.user, ""),
            ("checks", self.tr("Checks"), self.checks, ""),
            ("code", self.tr("Code to allow"), self.consent, ""),
            ("threshold", self.tr("Score to pass"), self.threshold, self.tr("0 to 1; empty: any.")),
        ):
            self.rows[key] = rest.add(label, field, hint=hint)
        self.limits.add_to(foot)
        self.rows["cache"] = foot.add("", self.cache)
        self.rows["batch"] = foot.add("", self.batch)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 8, 0)
        body.setSpacing(14)
        for one in (head, self.values, rest, foot):
            body.addWidget(one)
        body.addStretch(1)
        self.values.hide()
        self.rows["user"].hide()
        self.rows["code"].hide()

    def _connect(self) -> None:
        for line in (self.name, self.threshold):
            line.textChanged.connect(lambda _text: self.edited.emit())
        self.threshold.textChanged.connect(
            lambda _text: self.rows["threshold"].set_error(self.threshold.problem())
        )
        self.repeats.counted.connect(lambda _count: self.edited.emit())
        for switch in (self.cache, self.batch):
            switch.toggled.connect(lambda _on: self.edited.emit())
        for part in (self.prompts, self.data):
            part.edited.connect(self.edited)
        for other in (self.values, self.models, self.limits):
            other.edited.connect(self.edited)
        self.prompts.edited.connect(self._ask_values)
        self.data.chosen.connect(self._ask_values)
        self.checks.edited.connect(self._ask_consent)
        self.consent.allowed.connect(self._ask_consent)
        self.consent.left_out.connect(self.leave_out)

    def _ask_values(self) -> None:
        """A field for each variable that no column fills."""
        self.values.ask_for(unfilled(self.prompts.chosen(), self.data.columns()))
        self.edited.emit()

    def _ask_consent(self) -> None:
        self.consent.show_checks(self.checks.checks, self.origins)
        self.rows["code"].setVisible(self.consent.is_open)
        self.edited.emit()
