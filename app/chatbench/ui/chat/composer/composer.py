"""The composer: it collects words and files, and tells its owner what the reader wants done with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace
from PySide6.QtCore import QCoreApplication, QMimeData, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QVBoxLayout, QWidget
from shiboken6 import isValid

from chatbench.core.changes import Changes
from chatbench.core.conversations import Draft
from chatbench.core.errors import ConfigurationError
from chatbench.core.models import GUIDE, ModelInfo, ModelRef
from chatbench.core.params import Parameters
from chatbench.services import Services
from chatbench.services.notices import Notice
from chatbench.services.templates import Template
from chatbench.ui.chat.composer.attaching import Attaching
from chatbench.ui.chat.composer.attachment import Attachment
from chatbench.ui.chat.composer.attachments import Attachments
from chatbench.ui.chat.composer.card import Card
from chatbench.ui.chat.composer.completion import Completion
from chatbench.ui.chat.composer.filling import Filling
from chatbench.ui.chat.composer.line import ComposerLine
from chatbench.ui.chat.composer.offers import ConversationOffers, ModelOffers, PromptOffers
from chatbench.ui.chat.composer.recipients import Recipients
from chatbench.ui.chat.composer.sendwords import name_of
from chatbench.ui.chat.composer.sheet import takes_words
from chatbench.ui.chat.composer.spelling import Spelling
from chatbench.ui.theme import theme
from chatbench.ui.widgets import describe

_LINE_GAP: Final = 6


class Composer(QWidget):
    """Words, attachments, the send button, and the line below. As wide as its owner makes it.

    ``send_requested(Draft)`` leaves everything in place: the owner calls ``set_draft`` when the
    words are safe elsewhere. So do ``queue_requested(Draft)``, which comes instead while an answer is
    written, and ``add_requested(role, everywhere)``: the words are to stand in the chat without being
    sent, in the lane in use or in all.
    ``draft_changed(Draft)`` comes with every change and is the owner's to debounce. ``model_chosen`` and
    ``effort_chosen`` change nothing here either: the owner answers with ``set_model`` and
    ``set_parameters``. With several lanes (``set_lanes``) ``lane_turned_to(id)`` comes before
    ``model_chosen``; ``lane_added(ModelRef)`` wants one more, and ``model_named(ModelRef)``
    comes of a model that was named with its sign among the words. ``key_wanted(provider)`` asks for the
    settings of a provider that lacks a key. ``prompt_taken(name, Template)`` brings what a saved prompt
    has besides its words: it comes again before the words are sent, if its system prompt had places to
    be filled in. ``prompt_save_wanted()`` and ``prompt_new_wanted()`` ask for the form of a new one.
    """

    send_requested = Signal(object)
    queue_requested = Signal(object)
    add_requested = Signal(str, bool)
    stop_requested = Signal()
    draft_changed = Signal(object)
    model_chosen = Signal(object)
    lane_turned_to = Signal(str)
    lane_added = Signal(object)
    model_named = Signal(object)
    effort_chosen = Signal(object)
    key_wanted = Signal(str)
    prompt_taken = Signal(str, object)
    prompt_save_wanted = Signal()
    prompt_new_wanted = Signal()
    edit_last_requested = Signal()

    def __init__(
        self, services: Services, parent: QWidget | None = None, *, conversation_id: str = ""
    ) -> None:
        super().__init__(parent)
        self._services = services
        self._streaming = False
        self._quiet = False
        self._taken = ""
        """The name of the prompt that was put in last."""
        self.attachments = Attachments(services, conversation_id, self)
        self.attaching = Attaching(self.attachments, conversation_id, self)
        self._build()
        self.spelling = Spelling(self.editor, services)
        self.completion = Completion(
            self.editor,
            (
                ModelOffers(services, self.model_named.emit, self.key_wanted.emit),
                PromptOffers(
                    services,
                    self.editor.text,
                    self._take_typed,
                    self.prompt_save_wanted.emit,
                    self.prompt_new_wanted.emit,
                ),
                ConversationOffers(services, conversation_id, self.attachments.add_conversation),
            ),
        )
        self._connect()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFocusProxy(self.editor)
        self.set_model(GUIDE)
        self._take_preferences()

    def _build(self) -> None:
        card = self.box = Card(self.attachments, self)
        self.strip = card.strip
        self.variables = card.variables
        self.editor = card.editor
        self.paste_offer = card.paste_offer
        self.attach_button = card.attach_button
        self.prompts_button = card.prompts_button
        self.send_button = card.send_button
        self.filling = Filling(self.editor, self.variables)
        self.line = ComposerLine(self)
        self.recipients = Recipients(self._services, self.line, self.draft, self.attachments.tokens, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(_LINE_GAP)
        column.addWidget(card)
        column.addWidget(self.line)

    def _connect(self) -> None:
        editor = self.editor
        editor.textChanged.connect(self._changed)
        editor.send_wanted.connect(self._send)
        editor.edit_last_wanted.connect(self._edit_last)
        editor.files_given.connect(self.attach_mime)
        self.box.grown.connect(self._settle)
        self.attachments.changed.connect(self._changed)
        self.paste_offer.taken.connect(
            lambda text: self.attachments.add_text(text, self.tr("Pasted text.txt"))
        )
        self.paste_offer.addresses_taken.connect(self.attaching.addresses)
        self.attaching.remote_offered.connect(self.paste_offer.offer_addresses)
        editor.html_pasted.connect(self.attaching.html)
        self.variables.changed.connect(self._changed)
        self.variables.left.connect(lambda: editor.setFocus(Qt.FocusReason.TabFocusReason))
        editor.backed_out.connect(self.strip.focus_last)
        self.strip.removed.connect(self._tell_removed)
        self.strip.emptied.connect(lambda: editor.setFocus(Qt.FocusReason.OtherFocusReason))
        self.strip.model_wanted.connect(self.model_chosen)
        self.attach_button.clicked.connect(lambda: self.attaching.open_menu(self.attach_button))
        self.prompts_button.clicked.connect(self.completion.open_prompts)
        self.send_button.send_clicked.connect(self._send)
        self.send_button.stop_clicked.connect(self.stop_requested)
        self.send_button.add_clicked.connect(self.add_requested)
        self.line.stop_clicked.connect(self.stop_requested)
        self.send_button.keys_chosen.connect(self._choose_keys)
        self.line.effort_chosen.connect(self.effort_chosen)
        recipients = self.recipients
        recipients.estimating.timeout.connect(self._tell_takes)
        recipients.model_chosen.connect(self.model_chosen)
        recipients.lane_turned_to.connect(self.lane_turned_to)
        recipients.lane_added.connect(self.lane_added)
        recipients.key_wanted.connect(self.key_wanted)
        disconnect = self._services.changes.connect(self._told)
        self.destroyed.connect(lambda *_: disconnect())

    # What the owner says.

    def draft(self) -> Draft:
        """What would be sent now: the words, the attachments that are ready, and what waits with them."""
        filling = self.filling
        files = self.attachments
        return Draft(text=filling.text(), attachments=files.parts, system=filling.system, unread=files.unread)

    def set_draft(self, draft: Draft) -> None:
        """Shows other words and attachments, without ``draft_changed``."""
        self._quiet = True
        try:
            self.attachments.replace(draft.attachments, draft.unread)
            self.filling.forget()
            self.paste_offer.withdraw()
            self.editor.set_text(draft.text)
            if draft.system:
                self._taken = ""
                self.filling.wait_with(draft.system)
            self._changed()
        finally:
            self._quiet = False

    def set_streaming(self, streaming: bool) -> None:
        """Whether an answer is being written: Stop then stands in Send's place, or in the line below
        while there are words that can wait."""
        self._streaming = streaming
        self._offer()

    def set_model(self, ref: ModelRef) -> None:
        """The model the words would go to; what is attached is judged again."""
        self.recipients.set_model(ref)
        self._hint()
        self.attachments.set_lanes(self.recipients.lanes(), blind=self.recipients.blind)

    def model(self) -> ModelRef:
        """The model the words would go to."""
        return self.recipients.info.ref

    def info(self) -> ModelInfo:
        """The capability row of that model; without its name while names are hidden."""
        return self.recipients.told

    def set_parameters(self, parameters: Parameters) -> None:
        """The parameters in force; the effort is shown in the line."""
        self.line.set_effort(parameters.reasoning_effort)

    def set_context_tokens(self, tokens: int, of_lanes: Mapping[str, int] | None = None) -> None:
        """How many tokens go before the draft, in the lane in use and by lane: counted in the estimate."""
        self.recipients.set_context_tokens(tokens, of_lanes or {})

    # What is attached.

    def attach_paths(self, paths: Sequence[Path]) -> None:
        """Attaches files; what is refused says so in its place."""
        self.attaching.paths(paths)

    def attach_mime(self, mime: QMimeData, *, fetch: bool = False) -> bool:
        """Attaches the files or the pictures of a clipboard or a drag, with `fetch` those it names on the
        web; False where it has none."""
        return self.attaching.mime(mime, fetch=fetch)

    def choose_files(self) -> None:
        """Asks for files to attach."""
        self.attaching.choose_files()

    def _tell_removed(self, item: Attachment, place: int) -> None:
        def undo() -> None:
            if isValid(self):
                self.attachments.put_back(item, place)

        words = self.tr("{0} is removed.").format(name_of(item))
        self._services.notifier.say(Notice(text=words, action=self.tr("Undo"), run=undo))

    # What the reader does.

    def type_on(self, event: QKeyEvent) -> bool:
        """Words begun elsewhere go on here, with the focus; False for a key that writes nothing."""
        held = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        if held or not event.text() or not event.text().isprintable() or not self.isVisible():
            return False
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        QCoreApplication.sendEvent(self.editor, event)
        return True

    def take_prompt(self, name: str, template: Template) -> None:
        """Puts a saved prompt in at the cursor."""
        self.setFocus()
        self._take(name, template, typed=False)

    def _take_typed(self, name: str, template: Template) -> None:
        self._take(name, template, typed=True)

    def _take(self, name: str, template: Template, *, typed: bool) -> None:
        self.filling.take(template, typed=typed)
        self._taken = name
        waits = self.filling.waits
        self.prompt_taken.emit(name, replace(template, system="") if waits else template)

    def _changed(self) -> None:
        self.box.follow_words()
        self._offer()
        self.recipients.estimate_soon()
        if not self._quiet:
            self.draft_changed.emit(self.draft())

    def _refusal(self) -> str:
        """Why there is nothing to send now; "" if there is."""
        if self.attachments.loading:
            return self.tr("An attachment is still being read.")
        if (held := self.attachments.held_back()) is not None:
            return held
        if missing := self.filling.missing():
            return self.tr("Fill in {0} first.").format(", ".join(missing))
        if self.editor.is_blank() and not self.attachments.parts:
            return self.tr("Write something first.")
        return ""

    @property
    def can_add(self) -> bool:
        """Whether the words can stand in the chat without being sent."""
        return not (self._refusal() or self._streaming)

    def _offer(self) -> None:
        reason = self._refusal()
        queues = self._streaming and not reason
        self.send_button.set_streaming(self._streaming, queues=queues)
        self.send_button.set_ready(not reason, reason, adds=self.can_add)
        self.line.offer_stop(queues and self.recipients.lane_count == 1)

    def _send(self) -> None:
        reason = self._refusal()
        if not reason:
            if system := self.filling.take_system():
                self.prompt_taken.emit(self._taken, Template(system=system))
            (self.queue_requested if self._streaming else self.send_requested).emit(self.draft())
        elif not self.editor.is_blank():
            place = self.send_button.mapToGlobal(QPoint(0, -2 * self.send_button.height()))
            QToolTip.showText(place, reason, self.send_button)

    def _edit_last(self) -> None:
        if not self.attachments.items:
            self.edit_last_requested.emit()

    def _choose_keys(self, keys: str) -> None:
        try:
            self._services.preferences.replace(send_with=keys)
        except ConfigurationError as error:
            self._services.notifier.error(error)
        self._take_preferences()

    def _take_preferences(self) -> None:
        keys = self._services.preferences.current.send_with
        self.editor.send_with_control = keys == "ctrl+enter"
        self.send_button.set_keys(keys)
        self._offer()

    def _told(self, changes: Changes) -> None:
        if changes.preferences:
            self._take_preferences()
        if changes.models or changes.providers or changes.keys:
            self.set_model(self.model())

    # The line below.

    def set_lanes(
        self, lanes: Sequence[tuple[str, str, ModelRef]], current: str, *, blind: bool = False
    ) -> None:
        """The open lanes as (id, letter, model), and which of them the reader has turned to. While
        `blind` nothing tells which model is which, and none is changed."""
        self.recipients.set_lanes(lanes, current, blind=blind)
        self.attachments.set_lanes(self.recipients.lanes(), blind=blind)
        if blind:
            # The next pause in typing would be too late: it names the model.
            self._tell_takes()
        letter = next((letter for lane_id, letter, _ in lanes if lane_id == current), "")
        self.send_button.set_lane(letter if len(lanes) > 1 else "")
        self._hint()

    def _hint(self) -> None:
        """Says in the empty editor to whom one would write."""
        lanes = self.recipients.lane_count
        if lanes > 1:
            more = self.tr("Write to all {0} lanes").format(lanes)
            self.editor.set_hint(self.tr("Write to both lanes") if lanes == 2 else more)
        elif self.model() == GUIDE:
            self.editor.set_hint(self.tr("Ask the guide, or choose a model first"))
        else:
            self.editor.set_hint(self.tr("Write a message"))

    def _tell_takes(self) -> None:
        """Says at the paperclip what the model in use takes: as the sheet of a drop does."""
        info, button = self.info(), self.attach_button
        takes = takes_words(info, self._services.attachments.capabilities(info))
        if takes != button.accessibleDescription():
            describe(button, button.accessibleName(), reason=takes)

    def open_picker(self) -> None:
        """Opens the list of models above the chip of the lane in use."""
        self.recipients.open_picker()

    # How it grows.

    def set_short(self, short: bool) -> None:
        """Whether words and buttons share a row, where there is little height."""
        self.box.set_short(short)

    def least_height(self, *, short: bool) -> int:
        """How high it is with one line of words."""
        return self.box.least_height(short=short) + _LINE_GAP + theme().control("composer-line")

    def _settle(self) -> None:
        """Lays out at once: each level by an event of its own would show the words cut off meanwhile."""
        parent = self.parentWidget()
        for layout in (self.layout(), parent.layout() if parent is not None else None):
            if layout is not None:
                layout.activate()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.box.geometry().contains(event.position().toPoint()):
            self.editor.setFocus(Qt.FocusReason.MouseFocusReason)
