"""The models and the data set that a version of a prompt is run with where nothing else is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.core.models import ModelRef
from chatbench.core.prompts import Prompt
from chatbench.services import Services
from chatbench.ui.widgets import Button, Chip, Label, Section, flowing


class DefaultsSection(Section):
    """What is chosen beside the prompt is kept with its version by a press, and chosen again by another.
    `changed(fields)` of the prompt; `choose_wanted()`."""

    changed = Signal(dict)
    choose_wanted = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Models and data set"), is_open=False, parent=parent)
        self._services = services
        self._prompt = Prompt()
        self._chosen: tuple[tuple[str, ...], str] = ((), "")
        self.told = Label(
            self.tr("What the prompt is run with where nothing else is chosen; saved with the version."),
            font="small", color="text2", wrap=True,
        )  # fmt: skip
        self._chips = flowing()
        self.keep = Button(self.tr("Keep what is chosen now"), size="small")
        self.keep.clicked.connect(self._keep)
        self.choose = Button(self.tr("Choose these"), size="small")
        self.choose.clicked.connect(self.choose_wanted)
        self.body.setSpacing(6)
        for one in (self.told, self._chips, flowing(self.keep, self.choose)):
            self.body.addWidget(one)
        self._show()

    def show_prompt(self, prompt: Prompt) -> None:
        """Shows what this one is run with."""
        kept = prompt.models, prompt.dataset
        if kept != (self._prompt.models, self._prompt.dataset):
            self._prompt = prompt
            self._show()

    def show_chosen(self, models: Sequence[ModelRef], dataset: str) -> None:
        """What is chosen beside the prompt, the data set by its name."""
        self._chosen = tuple(str(one) for one in models), dataset
        self._offer()

    def chips(self) -> list[Chip]:
        """The models and the data set, each of which a press takes away."""
        return [one for one in self._chips.findChildren(Chip) if not one.isHidden()]

    def _show(self) -> None:
        flow = self._chips.layout()
        assert flow is not None
        while (item := flow.takeAt(0)) is not None:
            if (gone := item.widget()) is not None:
                gone.hide()
                gone.deleteLater()
        models, dataset = self._prompt.models, self._prompt.dataset
        titles = [self._title(name) for name in models]
        for name, title in zip(models, titles, strict=True):
            rest = tuple(one for one in models if one != name)
            flow.addWidget(self._chip(title, partial(self._take, models=rest)))
        if dataset:
            flow.addWidget(self._chip(dataset, partial(self._take, dataset="")))
        self._chips.setVisible(bool(models or dataset))
        self._chips.updateGeometry()
        self.set_fact(", ".join(filter(None, (*titles, dataset))) or self.tr("none"))
        self._offer()

    def _chip(self, title: str, act: partial[None]) -> Chip:
        chip = Chip(title, icon="x")
        chip.setAccessibleName(self.tr("Take {0} away").format(title))
        chip.setToolTip(chip.accessibleName())
        chip.clicked.connect(lambda _checked=False: act())
        return chip

    def _title(self, name: str) -> str:
        try:
            return self._services.models.info(self._services.models.resolve(name)).title
        except ChatbenchError:
            return name

    def _offer(self) -> None:
        kept = self._prompt.models, self._prompt.dataset
        self.keep.setEnabled(self._chosen != kept)
        self.choose.setEnabled(self._chosen != kept and kept != ((), ""))

    def _keep(self) -> None:
        models, dataset = self._chosen
        self._take(models=models, dataset=dataset)

    def _take(self, **fields: object) -> None:
        self.changed.emit(fields)
