"""What a chat does with saved prompts: what one brings along is put on the lane, words are saved as one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from chatbench.core.conversations import Lane
from chatbench.core.errors import ChatbenchError
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.services.templates import Kept, Template
from chatbench.ui.aio import spawn
from chatbench.ui.chat.conversation.settings import changed_words

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.prompts.editor import PromptEditor
    from chatbench.ui.chat.conversation.view import ConversationView
    from chatbench.ui.notices import NoticeKind


class Prompting(QObject):
    """The saved prompts, for one conversation. `changed()` when one was saved or deleted here."""

    changed = Signal()

    def __init__(self, view: ConversationView) -> None:
        super().__init__(view)
        self._view = view
        self._services = view.services
        self._templates = view.services.templates
        composer = view.composer
        composer.prompt_taken.connect(self.apply)
        composer.prompt_save_wanted.connect(self.save_words)
        composer.prompt_new_wanted.connect(self.create)

    # Using one.

    def use(self, name: str) -> None:
        """Puts one into the composer, and what it brings along on the lane."""
        spawn(self._use(name), owner=self._view, name="use-prompt")

    async def _use(self, name: str) -> None:
        kept = await self._read(name)
        if kept is not None:
            self._view.composer.take_prompt(name, kept.template)

    async def _read(self, name: str) -> Kept | None:
        try:
            return await asyncio.to_thread(self._templates.read, name)
        except ChatbenchError as error:
            self._services.notifier.error(error)
            return None

    def apply(self, name: str, template: Template) -> None:
        """Model, system prompt and parameters of a prompt hold for the lane in use from now on. It is
        told, with Undo; what cannot be done is told as well. A prompt that has waited for its places in a
        draft has no `name` any more."""
        view, before = self._view, self._view.lane
        model, missed = self._model(template)
        changes: dict[str, object] = {
            "parameters": before.parameters.merged(Parameters.from_dict(template.parameters))
        }
        if model is not None:
            changes["model"] = model
        if template.system:
            changes["system"] = template.system
        lane = msgspec.structs.replace(before, **changes)
        told = []
        if lane != before:
            view.changes.change(lane)
            words = self.tr("{0} has set for this chat: {1}.")
            told.append(words.format(name or self.tr("The prompt"), self._set_words(before, lane)))
        if missed:
            told.append(missed)
        if template.left_out:
            words = self.tr("A question leaves out of it: {0}.")
            told.append(words.format(", ".join(template.left_out)))
        if template.fragments or template.system_fragments or template.schema:
            told.append(self.tr("Its files, addresses and schema are used in the terminal only."))
        if told:
            undo = (self.tr("Undo"), self._undo(before)) if lane != before else None
            kind: NoticeKind = "warning" if missed else "info"
            view.window_frame.notices.show_notice(" ".join(told), kind, action=undo)

    def _model(self, template: Template) -> tuple[ModelRef | None, str]:
        """The model a prompt names, and why that is not used."""
        if not template.model:
            return None, ""
        if self._view.names_hidden:
            return None, self.tr("Its model is left out while names are hidden.")
        try:
            return self._services.models.resolve(template.model), ""
        except ChatbenchError:
            return None, self.tr("Its model, {0}, is not known here: the model stays.").format(template.model)

    def _set_words(self, before: Lane, lane: Lane) -> str:
        """What is otherwise than before."""
        words = []
        if lane.model != before.model and lane.model is not None:
            words.append(self._services.models.info(lane.model).title)
        old, new = changed_words(before), changed_words(lane)
        words += [told for name, told in new.items() if name != "system" and old.get(name) != told]
        if lane.system != before.system:
            words.append(self.tr("system prompt"))
        return " · ".join(words) or self.tr("parameters")

    def _undo(self, before: Lane) -> Callable[[], None]:
        view = self._view

        def undo() -> None:
            if isValid(view):
                view.changes.change(before)

        return undo

    # Keeping them.

    def save_words(self) -> None:
        """A new prompt from what is written in the composer."""
        self._edit(Template(prompt=self._view.composer.editor.text().strip()))

    def create(self) -> None:
        """A new, empty prompt."""
        self._edit(Template())

    def edit(self, name: str) -> None:
        """Changes one, or gives it another name."""
        spawn(self._open(name), owner=self._view, name="edit-prompt")

    async def _open(self, name: str) -> None:
        kept = await self._read(name)
        if kept is not None:
            self._edit(kept.template, name, kept)

    def _edit(
        self, template: Template, name: str = "", kept: Kept | None = None, *, called: str = ""
    ) -> None:
        """Opens the form of the prompt `name`, new without `kept`; `called` is what was typed as its
        name before."""
        from chatbench.ui.chat.conversation.prompts.editor import PromptEditor

        editor = PromptEditor(
            self._services, self._view.lane, self._view, template=template, name=name, kept=kept
        )
        if called:
            editor.name.setText(called)
        editor.written.connect(self._saved)
        editor.rejected.connect(lambda: self._put_aside(editor, name, kept))
        editor.open()

    def _put_aside(self, editor: PromptEditor, name: str, kept: Kept | None) -> None:
        """Closed by a slip of the Escape key, perhaps: what was written can be had again."""
        if not editor.changed:
            return
        template, called = editor.template(), editor.name.text()

        def go_on() -> None:
            if isValid(self):
                self._edit(template, name, kept, called=called)

        words = self.tr("The prompt was not saved.")
        self._view.window_frame.notices.show_notice(words, action=(self.tr("Go on writing"), go_on))

    def _saved(self, name: str) -> None:
        self.changed.emit()
        words = self.tr("{0} is saved. In a chat, / and its name put it in.").format(name)
        self._view.window_frame.notices.show_notice(words, "success")

    def delete(self, name: str) -> None:
        """With Undo."""
        spawn(self._delete(name), owner=self._view, name="delete-prompt")

    async def _delete(self, name: str) -> None:
        data = await asyncio.to_thread(self._templates.remove, name)
        if not isValid(self):
            return
        self.changed.emit()

        async def put_back() -> None:
            await asyncio.to_thread(self._templates.put_back, name, data)
            if isValid(self):
                self.changed.emit()

        def undo() -> None:
            spawn(put_back(), name="undo-delete-prompt")

        words = self.tr("{0} is deleted.").format(name)
        self._view.window_frame.notices.show_notice(words, action=(self.tr("Undo"), undo))

    def show_all(self) -> None:
        """The list of all of them."""
        from chatbench.ui.chat.conversation.prompts.listing import PromptList

        shown = PromptList(self._templates, self._view)
        shown.use_wanted.connect(self.use)
        shown.edit_wanted.connect(self.edit)
        shown.delete_wanted.connect(self.delete)
        shown.new_wanted.connect(self.create)
        self.changed.connect(shown.refresh)
        # Not modal: the Undo of a deletion stands in the window.
        shown.show()
