"""A prompt tried once with the values beside it, what sending it takes, and what would be sent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QFileDialog, QMenu

from chatbench.core.errors import ChatbenchError
from chatbench.core.messages import text_of
from chatbench.core.models import GUIDE, ModelRef
from chatbench.services import Services
from chatbench.services.prompts import Filled
from chatbench.ui.aio import Rereading, spawn
from chatbench.ui.quantities import ABOUT, amount, tokens
from chatbench.ui.widgets import announce, tip
from chatbench.ui.workbench.prompts.card import MessageCard, role_label
from chatbench.ui.workbench.prompts.estimating import about

if TYPE_CHECKING:
    from chatbench.ui.workbench.prompts.page import PromptPage

_KEPT_AFTER_MS = 1500
_MOST_TOLD = 400


class Running(QObject):
    """Part of a prompt's page."""

    def __init__(self, services: Services, page: PromptPage) -> None:
        super().__init__(page)
        self._services = services
        self._page = page
        self._editor = page.editor
        self._panel = page.beside
        self._reading = Rereading(self._look, self, "prompt-filled")
        self._keep = QTimer(self, singleShot=True, interval=_KEPT_AFTER_MS)
        self._keep.timeout.connect(lambda: spawn(page.keep_draft(), owner=page, name="keep-prompt-draft"))
        editor = self._editor
        editor.looked.connect(self._reading.again)
        editor.edited.connect(self._keep.start)
        editor.variables.changed.connect(self._keep.start)
        editor.variables.file_chosen.connect(
            lambda name, path: spawn(self._store_value(name, path), owner=self, name="store-value")
        )
        editor.run_once.clicked.connect(self.run_once)
        editor.attach.clicked.connect(lambda: self.attach(editor.cards.current()))
        editor.cards.attach_wanted.connect(self.attach)
        editor.cards.fragment_wanted.connect(
            lambda card: spawn(self._offer_fragments(card), owner=card, name="offer-fragments")
        )
        self._panel.models_changed.connect(self._reading.again)
        self._panel.models_changed.connect(self._keep.start)

    # Models.

    def choose_models(self, names: Sequence[str]) -> None:
        """The models it is tried with; the default one where none of these is there."""
        found: list[ModelRef] = []
        for name in names:
            try:
                found.append(self._services.models.resolve(name))
            except ChatbenchError:
                continue
        default = self._services.models.default()
        if not found and default is not None and default != GUIDE:
            found = [default]
        self._panel.choose(found)

    # Trying it.

    def run_once(self) -> None:
        """Asks every chosen model."""
        self._editor.look()
        spawn(self._run_once(), owner=self, name="run-once")

    async def _run_once(self) -> None:
        panel, editor = self._panel, self._editor
        if not panel.models:
            self._refuse(self.tr("Choose a model first: + Model, above the answers."))
            panel.add_model.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        if editor.fault is not None:
            self._refuse(self.tr("A message cannot be read. Below it stands where and why."))
            editor.focus_fault()
            return
        await self._page.data.settled()
        if missing := editor.variables.missing():
            self._refuse(self._missing_words(missing))
            editor.variables.focus(min(missing))
            return
        prompt, values = editor.prompt(), editor.values()
        try:
            trials = [await self._services.trials.start(prompt, values, one) for one in panel.models]
        except ChatbenchError as error:
            self._refuse(f"{error.message} {error.hint}".strip())
            return
        self._page.show_trials(trials)

    def _missing_words(self, missing: frozenset[str]) -> str:
        names = ", ".join(sorted(missing))
        if all(self._editor.variables.source(name) for name in missing):
            return self.tr("Row {0} has nothing for {1}.").format(self._page.data.place + 1, names)
        return self.tr("Fill in {0} first.").format(names)

    def _refuse(self, words: str) -> None:
        self._editor.trouble.setText(words)
        self._editor.trouble.setVisible(bool(words))
        announce(self._editor, words, at_once=True)

    # What would be sent.

    async def _look(self) -> None:
        editor, panel = self._editor, self._panel
        editor.trouble.hide()
        prompt = editor.prompt()
        models = panel.models or tuple(self._known(prompt.models))
        try:
            filled = await self._services.prompts.filled(prompt, self.trial_values())
        except ChatbenchError as error:
            editor.estimate.setText("")
            editor.preview.set_text(f"{error.message} {error.hint}".strip())
            return
        told = about(self._services, filled, models)
        cost = "" if told.cost is None else f" · {ABOUT}{amount(told.cost)}"
        editor.estimate.setText(tokens(told.tokens, ABOUT) + cost)
        if editor.preview_section.is_open():
            editor.preview.set_text(_written(filled))

    def trial_values(self) -> dict[str, object]:
        """What is filled in; the names themselves where nothing is."""
        missing = self._editor.variables.missing()
        standing = {name: "{{" + name + "}}" for name in missing if self._is_words(name)}
        return {**standing, **self._editor.values()}

    def _is_words(self, name: str) -> bool:
        return self._editor.variables.field(name).variable.type in ("text", "long_text")

    def _known(self, names: Sequence[str]) -> list[ModelRef]:
        found = []
        for name in names:
            try:
                found.append(self._services.models.resolve(name))
            except ChatbenchError:
                continue
        return found

    # Fragments and files.

    async def _offer_fragments(self, card: MessageCard) -> None:
        """A menu of them; the chosen one is named where the keyboard is in the message."""
        found = await self._services.prompts.fragments()
        menu = QMenu(card)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(self.tr("Insert a fragment"))
        for one in found:
            action = menu.addAction(one.name.replace("&", "&&"), partial(self._insert, card, one.name))
            action.setToolTip(tip(one.name, reason=one.text[:_MOST_TOLD]))
        if not found:
            menu.addAction(self.tr("There are no fragments yet.")).setEnabled(False)
        menu.setToolTipsVisible(True)
        menu.popup(card.grip.mapToGlobal(card.grip.rect().bottomLeft()))

    def _insert(self, card: MessageCard, name: str) -> None:
        mark = "'" if '"' in name else '"'
        card.text.textCursor().insertText(f"{{{{ fragment({mark}{name}{mark}) }}}}")
        card.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def attach(self, card: MessageCard | None) -> None:
        """Asks for files that belong to a message."""
        if card is None:
            return
        dialog = QFileDialog(self._page.window(), self.tr("Attach files"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(
            lambda names: spawn(
                self.attach_paths(card, [Path(name) for name in names]), owner=card, name="attach-to-prompt"
            )
        )
        dialog.open()

    async def attach_paths(self, card: MessageCard, paths: Sequence[Path]) -> None:
        """Stores them and attaches them. Raises as AttachmentService.attach_path."""
        parts = [await self._services.attachments.attach_path(path, None) for path in paths]
        card.attach(tuple(parts))

    async def _store_value(self, name: str, path: Path) -> None:
        part = await self._services.attachments.attach_path(path, None)
        self._editor.variables.field(name).set_value(msgspec.to_builtins(part))


def _written(filled: Filled) -> str:
    """As a person reads it: who says what."""
    said = [(role_label("system"), filled.system)] if filled.system else []
    for message in filled.messages:
        names = [f"[{getattr(part, 'name', '') or part.__struct_config__.tag}]" for part in message.parts
                 if not hasattr(part, "text")]  # fmt: skip
        role = role_label("assistant" if message.role == "assistant" else "user")
        said.append((role, "\n".join(filter(None, (*names, text_of(message.parts))))))
    return "\n\n".join(f"{role}:\n{text}" for role, text in said)
