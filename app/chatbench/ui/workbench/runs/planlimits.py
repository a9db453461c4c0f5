"""The limits of a plan: how fast it may ask, how often, and for how much money."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import msgspec
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QSizePolicy

from chatbench.core.runs import PlanLimits
from chatbench.ui.theme import theme
from chatbench.ui.widgets import LineField
from chatbench.ui.widgets.forms import Form, FormRow
from chatbench.ui.workbench.runs.countfield import WIDTH, CountField


class AmountField(LineField):
    """A field for a number from 0 on, at most `most`; empty for none."""

    def __init__(self, name: str, most: Decimal | None = None) -> None:
        super().__init__(name=name)
        self._most = most
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedWidth(theme().scaled(WIDTH))

    def set_amount(self, amount: Decimal | float | None) -> None:
        """Shows it."""
        self.setText("" if amount is None else str(amount))

    def amount(self) -> Decimal | None:
        """What stands there; None for nothing, or for what is wrong."""
        if not self.text().strip() or self.problem():
            return None
        return Decimal(self.text().strip())

    def problem(self) -> str:
        """What is wrong with what stands there, in a sentence."""
        text = self.text().strip()
        if not text:
            return ""
        try:
            told = Decimal(text)
        except InvalidOperation:
            return self.tr("“{0}” is no number.").format(text)
        if told.is_finite() and told >= 0 and (self._most is None or told <= self._most):
            return ""
        if self._most is None:
            return self.tr("A number from 0 on.")
        return self.tr("A number from 0 to {0}.").format(self._most)


class LimitFields(QObject):
    """The fields about limits, for a form. `edited()`."""

    edited = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        usual = self.tr("as usual")
        self.at_once = CountField(self.tr("Cells at once"), 0, 10_000, zero=usual)
        self.per_minute = CountField(self.tr("Requests a minute"), 0, 1_000_000, zero=usual)
        self.tries = CountField(self.tr("Tries of a call"), 0, 100, zero=usual)
        self.budget = AmountField(self.tr("Budget"))
        self.rows: dict[str, FormRow] = {}
        self._planned = PlanLimits()

    def add_to(self, form: Form) -> None:
        """Puts its rows into a form."""
        budget_hint = self.tr("US dollars; it pauses there. Empty: none.")
        self.rows = {
            "at_once": form.add(self.tr("At once"), self.at_once),
            "per_minute": form.add(self.tr("A minute"), self.per_minute),
            "tries": form.add(self.tr("Tries of a call"), self.tries),
            "budget": form.add(self.tr("Budget"), self.budget, hint=budget_hint),
        }
        for field in (self.at_once, self.per_minute, self.tries):
            field.counted.connect(lambda _count: self.edited.emit())
        self.budget.textChanged.connect(lambda _text: self._judge())

    def set_limits(self, limits: PlanLimits) -> None:
        """Shows these; what has no field here stays as it is."""
        self._planned = limits
        self.at_once.set_value(limits.concurrent or 0)
        self.per_minute.set_value(limits.requests_per_minute or 0)
        self.tries.set_value(limits.tries or 0)
        self.budget.set_amount(limits.budget)

    def limits(self) -> PlanLimits:
        """What the fields say."""
        return msgspec.structs.replace(
            self._planned,
            concurrent=self.at_once.value() or None,
            requests_per_minute=self.per_minute.value() or None,
            tries=self.tries.value() or None,
            budget=self.budget.amount(),
        )

    def _judge(self) -> None:
        self.rows["budget"].set_error(self.budget.problem())
        self.edited.emit()
