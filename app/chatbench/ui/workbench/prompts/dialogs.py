"""What is asked about a prompt in a window of its own: two versions compared, the prompt as a program, a
better prompt by a model."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.core.models import ModelRef
from chatbench.core.prompts import Prompt, PromptVersion
from chatbench.services import Services
from chatbench.services.prompts import Proposal, compare
from chatbench.ui.aio import spawn
from chatbench.ui.quantities import amount
from chatbench.ui.widgets import Button, Chip, Label, LineField, RawText, Select, Surface, announce
from chatbench.ui.widgets.dialogs import fit_dialog, last_line
from chatbench.ui.workbench.differing import DifferenceText
from chatbench.ui.workbench.prompts.card import role_label
from chatbench.ui.workbench.prompts.difference import DifferenceView
from chatbench.ui.workbench.prompts.focused import framed, scrolled

if TYPE_CHECKING:
    from chatbench.ui.workbench.hands import Hands

_SIZE: Final = (720, 640)
_AS_IT_IS: Final = 0
_FORMS: Final = {
    "curl": "curl",
    "python-httpx": "Python, httpx",
    "python-sdk": "Python, the vendor's own client",
    "python-chatbench": "Python, chatbench",
    "javascript-fetch": "JavaScript, fetch",
    "javascript-sdk": "JavaScript, openai",
}


class CompareDialog(QDialog):
    """Two versions word by word; `now` is the prompt as it stands in the editor."""

    def __init__(
        self, versions: Sequence[PromptVersion], now: Prompt, before: int, after: int, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Compare versions"))
        self._prompts = {one.number: one.prompt for one in versions} | {_AS_IT_IS: now}
        self.before, self.after = Select(name=self.tr("Before")), Select(name=self.tr("After"))
        for select, number in ((self.before, before), (self.after, after)):
            select.addItem(self.tr("As it stands"), _AS_IT_IS)
            for one in versions:
                select.addItem(" · ".join(filter(None, (f"v{one.number}", one.note))), one.number)
            select.setCurrentIndex(max(0, select.findData(number)))
            select.currentIndexChanged.connect(self._compare)
        self.view = DifferenceView()
        ground = Surface("page")
        inside = QVBoxLayout()
        ground.set_layout(inside, (12, 10, 12, 10))
        inside.addWidget(self.view)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.before, 1)
        head.addWidget(Label("→", color="text3"))
        head.addWidget(self.after, 1)
        close = Button(self.tr("Close"))
        close.clicked.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(scrolled(ground), 1)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        fit_dialog(self, *_SIZE)
        self._compare()

    def _compare(self) -> None:
        spawn(self._show(), owner=self, name="compare-versions")

    async def _show(self) -> None:
        wanted = self.before.currentData(), self.after.currentData()
        before, after = (self._prompts[one] for one in wanted)
        found = await asyncio.to_thread(compare, before, after)
        if wanted == (self.before.currentData(), self.after.currentData()):
            self.view.show_difference(found)


class CodeDialog(QDialog):
    """The prompt as a program that sends it to one of the `models`."""

    def __init__(
        self,
        services: Services,
        prompt: Prompt,
        values: dict[str, object],
        models: Sequence[ModelRef],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Get code"))
        self._services = services
        self._prompt, self._values = prompt, values
        self.model = Select(name=self.tr("Model"))
        for model in models:
            self.model.addItem(services.models.info(model).title, model)
        self.form = Select(name=self.tr("Language"))
        self.code = RawText(self.tr("Code"), most_lines=28)
        self.told = Label(
            self.tr("The key is read from the environment; it stands nowhere in the code."),
            font="small", color="text3", wrap=True,
        )  # fmt: skip
        self.copy = Button(self.tr("Copy"), kind="primary", icon="copy")
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.code.toPlainText()))
        self._lay_out()
        self.model.currentIndexChanged.connect(self._offer_forms)
        self.form.currentIndexChanged.connect(self._write)
        self._offer_forms()

    def _lay_out(self) -> None:
        close = Button(self.tr("Close"))
        close.clicked.connect(self.reject)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.model, 1)
        head.addWidget(self.form, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(framed(self.code))
        column.addStretch(1)
        column.addLayout(last_line(close, self.copy, told=self.told))
        fit_dialog(self, *_SIZE)

    def _offer_forms(self) -> None:
        wanted = self.form.currentData()
        self.form.blockSignals(True)
        self.form.clear()
        for form in self._services.prompts.code_forms(self.model.currentData()):
            self.form.addItem(_FORMS[form], form)
        self.form.setCurrentIndex(max(0, self.form.findData(wanted)))
        self.form.blockSignals(False)
        self._write()

    def _write(self) -> None:
        spawn(self._show(), owner=self, name="prompt-code")

    async def _show(self) -> None:
        model, form = self.model.currentData(), self.form.currentData()
        try:
            code = await self._services.prompts.code(self._prompt, self._values, model, form)
        except ChatbenchError as error:
            code = ""
            self.told.setText(f"{error.message} {error.hint}".strip())
        if (model, form) == (self.model.currentData(), self.form.currentData()):
            self.code.set_text(code)
            self.copy.setEnabled(bool(code))


class ImproveDialog(QDialog):
    """A model's proposal, taken piece by piece: `taken(Prompt)`."""

    taken = Signal(object)

    def __init__(
        self, services: Services, hands: Hands, prompt: Prompt, model: ModelRef | None, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Improve this prompt"))
        self._services = services
        self._hands = hands
        self._prompt = prompt
        self._model = model
        self._proposal: Proposal | None = None
        self.boxes: list[QCheckBox] = []
        self.wish = LineField(name=self.tr("What is wanted of it"))
        self.wish.setPlaceholderText(self.tr("What should get better? Nothing is fine, too"))
        self.model = Chip(menu=True)
        self.model.clicked.connect(lambda: hands.pick_model(self.model, self._model, self._choose))
        self.ask = Button(self.tr("Ask"), kind="primary", icon="wand-sparkles")
        self.ask.clicked.connect(lambda: spawn(self._improve(), owner=self, name="improve-prompt"))
        self.wish.returnPressed.connect(self.ask.click)
        self.told = Label(font="small", color="text2", wrap=True)
        self.use = Button(self.tr("Take what is ticked"))
        self.use.setEnabled(False)
        self.use.clicked.connect(self._take)
        self._lay_out()
        self._show_model()

    def _lay_out(self) -> None:
        cancel = Button(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        ground = Surface("page")
        self._changes = QVBoxLayout()
        self._changes.setSpacing(4)
        ground.set_layout(self._changes, (12, 10, 12, 10))
        self._changes.addStretch(1)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.wish, 1)
        head.addWidget(self.model)
        head.addWidget(self.ask)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(self.told)
        column.addWidget(scrolled(ground), 1)
        column.addLayout(last_line(cancel, self.use))
        fit_dialog(self, *_SIZE)

    def _choose(self, model: ModelRef) -> None:
        self._model = model
        self._show_model()

    def _show_model(self) -> None:
        model = self._model
        self.model.set_label(
            self.tr("Choose a model") if model is None else self._services.models.info(model).title
        )
        self.ask.setEnabled(model is not None)

    async def _improve(self) -> None:
        if self._model is None or self.ask.busy:
            return
        self.ask.set_busy(True)
        try:
            proposal = await self._services.prompts.improve(
                self._prompt, self._model, self.wish.text().strip()
            )
        except ChatbenchError as error:
            self._tell(f"{error.message} {error.hint}".strip())
        else:
            self._show(proposal)
        finally:
            self.ask.set_busy(False)

    def _tell(self, words: str) -> None:
        self.told.setText(words)
        announce(self, words)

    def _show(self, proposal: Proposal) -> None:
        self._proposal = proposal
        while self._changes.count() > 1:
            item = self._changes.takeAt(0)
            if item is not None and (gone := item.widget()) is not None:
                gone.hide()
                gone.deleteLater()
        self.boxes = []
        for change in proposal.changes:
            one = proposal.difference.messages[change.message]
            message = one.before or one.after
            assert message is not None
            box = QCheckBox(f"{change.message + 1} · {role_label(message.role)}")
            box.setAccessibleDescription(change.added.strip())
            box.setChecked(True)
            box.toggled.connect(lambda _on: self._offer())
            text = DifferenceText(self.tr("What changes"))
            self.boxes.append(box)
            self._changes.insertWidget(self._changes.count() - 1, box)
            self._changes.insertWidget(self._changes.count() - 1, text)
            text.show_runs((("removed", change.removed), ("added", change.added)))
        told = [proposal.explanation] if proposal.changes else [self.tr("It would change nothing.")]
        if proposal.lost:
            told.append(self.tr("It leaves out {0}.").format(", ".join(proposal.lost)))
        if proposal.cost is not None:
            told.append(self.tr("It cost {0}.").format(amount(proposal.cost)))
        self._tell(" ".join(filter(None, told)))
        self._offer()

    def _offer(self) -> None:
        self.use.setEnabled(any(box.isChecked() for box in self.boxes))

    def _take(self) -> None:
        if self._proposal is None:
            return
        accepted = {
            change.number
            for change, box in zip(self._proposal.changes, self.boxes, strict=True)
            if box.isChecked()
        }
        self.taken.emit(self._proposal.taken(accepted))
        self.accept()
