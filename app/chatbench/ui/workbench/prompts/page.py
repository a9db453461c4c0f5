"""A prompt's tab: the editor, and beside it what came of the prompt."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QDialog, QMenu, QSplitter, QVBoxLayout, QWidget

from chatbench.core.changes import Changes
from chatbench.core.prompts import Prompt, PromptEntry, PromptVersion, Variable
from chatbench.core.runs import Run
from chatbench.services import Services
from chatbench.services.promptdrafts import PromptDraft
from chatbench.services.trials import Trial
from chatbench.ui.aio import Rereading, ask, spawn
from chatbench.ui.theme import theme
from chatbench.ui.workbench.naming import NameDialog
from chatbench.ui.workbench.prompts.beside import Beside
from chatbench.ui.workbench.prompts.dialogs import CodeDialog, CompareDialog, ImproveDialog
from chatbench.ui.workbench.prompts.editor import PromptEditor
from chatbench.ui.workbench.prompts.running import Running
from chatbench.ui.workbench.prompts.trieddata import TriedData
from chatbench.ui.workbench.prompts.trying import TrialPanel
from chatbench.ui.workbench.prompts.variable import VariableDialog

if TYPE_CHECKING:
    from chatbench.ui.workbench.hands import Hands


_BOTH: Final = 620
_EDITOR: Final = 410
_MOST: Final = 0.55
"""The editor's width until the reader gives it another, and its share where that is too much."""


class PromptPage(QWidget):
    """`changed()` when it holds other words than its version, or the same again; `run_wanted(run_id)`;
    `told(words, undo)` for a notice that offers to take back what was done;
    `answers_wanted()` where answers come and are not in view; `export_wanted(prompt_id)`;
    `dataset_wanted(dataset_id)`."""

    changed = Signal()
    run_wanted = Signal(str)
    told = Signal(str, object)
    answers_wanted = Signal()
    export_wanted = Signal(str)
    dataset_wanted = Signal(str)

    def __init__(
        self, services: Services, hands: Hands, prompt_id: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._services = services
        self._hands = hands
        self.prompt_id = prompt_id
        self.entry = PromptEntry(id=prompt_id, name="")
        self.versions: list[PromptVersion] = []
        self._base: PromptVersion | None = None
        """The version that the editor began with."""
        self.is_changed = False
        self._arrangement = "both"
        self._narrow = "prompt"
        """Which of both is in view where there is room for one."""
        self._is_moved = False
        """Whether the reader has given the editor another width."""
        self.editor = PromptEditor(services)
        self.beside = TrialPanel(services, hands)
        self._split = QSplitter(Qt.Orientation.Horizontal, self)
        self._split.setHandleWidth(1)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.editor)
        self._right = Beside(services, hands, self.beside)
        self._split.addWidget(self._right)
        self._split.setStretchFactor(1, 1)
        self._split.splitterMoved.connect(self._moved)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._split)
        self._reading = Rereading(self._read, self, "prompt-page")
        self.data = TriedData(services, self.editor, self)
        self.running = Running(services, self)
        self._connect()
        self._reading.again()

    def _connect(self) -> None:
        editor = self.editor
        editor.edited.connect(self._edited)
        editor.save_wanted.connect(lambda: spawn(self.save(), owner=self, name="save-prompt"))
        editor.versions.chosen.connect(self.show_version)
        editor.versions.production_wanted.connect(
            lambda number: spawn(self._mark(number), owner=self, name="mark-production")
        )
        editor.versions.restore_wanted.connect(
            lambda number: spawn(self._restore(number), owner=self, name="restore-version")
        )
        editor.cards.deleted.connect(
            lambda message, place: self.told.emit(
                self.tr("Message deleted"), lambda: editor.cards.add(message, place)
            )
        )
        editor.compare_wanted.connect(self.compare)
        editor.versions.compare_wanted.connect(self.compare)
        editor.variables.settings_wanted.connect(
            lambda variable: spawn(self._set_variable(variable), owner=self, name="variable-settings")
        )
        editor.more.clicked.connect(self._open_menu)
        editor.data.open_wanted.connect(self.dataset_wanted)
        editor.defaults.choose_wanted.connect(self._choose_defaults)
        self.data.changed.connect(self._tell_chosen)
        self.beside.models_changed.connect(self._tell_chosen)
        disconnect = self._services.changes.connect(self._told)
        self.destroyed.connect(lambda *_: disconnect())

    def arrange(self, arrangement: str) -> None:
        """`prompt`, `run`, or `both` beside each other."""
        self._narrow = "prompt"
        self._arrangement = arrangement
        self._fit()

    def _fit(self) -> None:
        """Both beside each other only where both have room."""
        shown = self._arrangement
        if shown == "both" and self.width() < theme().scaled(_BOTH):
            shown = self._narrow
        self.editor.setVisible(shown != "run")
        self._right.setVisible(shown != "prompt")
        if shown == "both" and not self._is_moved:
            wide = min(theme().scaled(_EDITOR), int(self.width() * _MOST))
            self._split.setSizes([wide, self.width() - wide])

    def _moved(self) -> None:
        self._is_moved = True

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def show_answers(self) -> None:
        """Brings what came of the prompt into view."""
        if self._arrangement == "prompt":
            self.answers_wanted.emit()
        self._narrow = "run"
        self._fit()

    def show_trials(self, trials: Sequence[Trial]) -> None:
        """Brings answers of running it once into view."""
        self.beside.show_trials(trials)
        self._right.show_answers()
        self.show_answers()

    async def show_run(self, run_id: str) -> None:
        """Shows a run beside the prompt. Raises StorageError."""
        self._right.show_run(await self._services.runs.get(run_id))

    def release(self) -> None:
        """Stops listening."""
        self._right.release()

    # Reading.

    def _told(self, changes: Changes) -> None:
        if self.prompt_id in changes.prompts:
            self._reading.again()
        self.data.told(changes)

    async def _read(self) -> None:
        prompts = self._services.prompts
        self.entry = await prompts.get(self.prompt_id)
        self.versions = await prompts.versions(self.prompt_id)
        newest = self.versions[0]
        if self._base is None:
            await self._begin(newest)
        elif not self.is_changed and self._base.number != newest.number:
            self._base = newest
            self.editor.show_prompt(newest.prompt)
        self._show_versions()

    async def _runs(self) -> list[Run]:
        """Those in which the prompt is."""
        runs = await self._services.runs.runs()
        return [run for run in runs if any(one.prompt_id == self.prompt_id for one in run.columns)]

    async def _begin(self, newest: PromptVersion) -> None:
        """With what was written last time, if it was not saved."""
        draft = await self._services.prompt_drafts.read(self.prompt_id)
        runs = await self._runs()
        numbers = {one.number: one for one in self.versions}
        base = newest if draft is None else numbers.get(draft.number, newest)
        # From here on without a pause: what is kept in between would be half of it.
        self._base = base
        if draft is not None:
            self.editor.expect(draft.values)
        kept = draft.prompt if draft is not None and draft.prompt is not None else None
        self.editor.show_prompt(kept or base.prompt)
        self.is_changed = self.editor.prompt() != base.prompt
        self.running.choose_models((draft.models if draft else ()) or base.prompt.models)
        if draft is not None and draft.dataset is not None:
            self.data.choose(draft.dataset, draft.row)
        else:
            self.data.choose(base.prompt.dataset)
        self._right.show_newest(runs)
        if self.is_changed:
            self.changed.emit()

    def _choose_defaults(self) -> None:
        """What the version is run with stands beside it again."""
        prompt = self.editor.prompt()
        self.running.choose_models(prompt.models)
        self.data.choose(prompt.dataset)

    def beside_it(self) -> tuple[str, tuple[str, ...]]:
        """The id of the data set that it is tried with ("": none), and the models."""
        return self.data.dataset_id, tuple(str(one) for one in self.beside.models)

    def _tell_chosen(self) -> None:
        dataset = self.data.dataset
        self.editor.defaults.show_chosen(self.beside.models, dataset.name if dataset is not None else "")

    @property
    def is_ready(self) -> bool:
        """Whether the editor holds the prompt."""
        return self._base is not None

    def _show_versions(self) -> None:
        base = self._base
        if base is None:
            return
        self.editor.versions.show_versions(
            self.versions, self.entry.production, base.number, changed=self.is_changed
        )
        self.editor.save.set_label(self.tr("Save as v{0}").format(self.versions[0].number + 1))
        self.editor.save.setEnabled(self.is_changed)
        self.editor.compare.setEnabled(len(self.versions) > 1 or self.is_changed)

    def _edited(self) -> None:
        changed = self._base is not None and self.editor.prompt() != self._base.prompt
        if changed != self.is_changed:
            self.is_changed = changed
            self._show_versions()
            self.changed.emit()

    def show_version(self, number: int) -> None:
        """Puts a version into the editor; words that were not saved can be taken back."""
        chosen = next((one for one in self.versions if one.number == number), None)
        if chosen is None or self._base is None:
            return
        before, base = self.editor.prompt(), self._base
        if self.is_changed and chosen.number == base.number:
            return
        was_changed = self.is_changed
        self._put(chosen, chosen.prompt)
        if was_changed:
            words = self.tr("What was not saved of v{0} was put aside").format(base.number)
            self.told.emit(words, lambda: self._put(base, before))

    def _put(self, base: PromptVersion, prompt: Prompt) -> None:
        self._base = base
        self.editor.show_prompt(prompt)
        self.is_changed = prompt != base.prompt
        self._show_versions()
        self.changed.emit()

    # Saving.

    async def save(self) -> None:
        """Asks for a note and saves a version. Raises as PromptService.save."""
        if not self.is_changed:
            return
        dialog = NameDialog(
            self.tr("Save as v{0}").format(self.versions[0].number + 1),
            self.tr("What is new in it, in a few words"),
            "",
            self.tr("Save"),
            self,
            may_be_empty=True,
        )
        notes: list[str] = []
        dialog.accepted.connect(lambda: notes.append(dialog.text()))
        if await ask(dialog) == QDialog.DialogCode.Accepted and notes:
            await self.save_with(notes[0])

    async def save_with(self, note: str) -> None:
        """Saves a version. Raises as PromptService.save."""
        self._base = await self._services.prompts.save(self.prompt_id, self.editor.prompt(), note=note)
        self.is_changed = self.editor.prompt() != self._base.prompt
        self.changed.emit()
        self._reading.again()

    async def _mark(self, number: int | None) -> None:
        await self._services.prompts.mark_production(self.prompt_id, number)

    async def _restore(self, number: int) -> None:
        saved = await self._services.prompts.restore(self.prompt_id, number)
        self._put(saved, saved.prompt)

    # What is asked about it.

    def compare(self, number: int | None = None) -> None:
        """Shows what differs between a version (the one that the editor began with, or the one before it) and
        the prompt as it stands."""
        if self._base is None:
            return
        newest = self._base.number
        earlier = newest if self.is_changed else max(1, newest - 1)
        CompareDialog(
            self.versions,
            self.editor.prompt(),
            earlier if number is None else number,
            0 if self.is_changed or number is not None else newest,
            self,
        ).open()

    async def _set_variable(self, variable: Variable) -> None:
        dialog = VariableDialog(variable, self)
        found: list[Variable] = []
        dialog.accepted.connect(lambda: found.append(dialog.variable))
        if await ask(dialog) == QDialog.DialogCode.Accepted and found:
            self.editor.set_variable(found[0])

    def _open_menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(self.tr("More for this prompt"))
        code = menu.addAction(self.tr("Get code…"), self.show_code)
        code.setEnabled(bool(self.beside.models))
        menu.addAction(self.tr("Improve this prompt…"), self.improve)
        menu.addAction(self.tr("Export…"), lambda: self.export_wanted.emit(self.prompt_id))
        button = self.editor.more
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def show_code(self) -> None:
        """Shows the prompt as a program."""
        CodeDialog(
            self._services, self.editor.prompt(), self.running.trial_values(), self.beside.models, self
        ).open()

    def improve(self) -> None:
        """Asks a model for a better prompt, which the editor then holds, not saved."""
        model = next(iter(self.beside.models), None)
        dialog = ImproveDialog(self._services, self._hands, self.editor.prompt(), model, self)
        dialog.taken.connect(self.take)
        dialog.open()

    def take(self, prompt: Prompt) -> None:
        """Puts another prompt into the editor, not saved; that can be taken back."""
        if self._base is None:
            return
        before, base = self.editor.prompt(), self._base
        self._put(base, prompt)
        self.told.emit(self.tr("The proposal is in the editor"), lambda: self._put(base, before))

    def draft(self) -> PromptDraft | None:
        """What was not saved, and what it is tried with; None before anything was read."""
        if self._base is None:
            return None
        dataset_id, models = self.beside_it()
        return PromptDraft(
            number=self._base.number,
            prompt=self.editor.prompt() if self.is_changed else None,
            values=self.editor.variables.all_values(),
            models=models,
            dataset=dataset_id,
            row=self.data.place,
        )

    def keep_draft(self) -> Coroutine[Any, Any, None]:
        """Keeps the draft as it is at this moment. The awaited raises StorageError."""
        return _kept(self._services, self.prompt_id, self.draft())


async def _kept(services: Services, prompt_id: str, draft: PromptDraft | None) -> None:
    if draft is not None:
        await services.prompt_drafts.keep(prompt_id, draft)
