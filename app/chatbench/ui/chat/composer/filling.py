"""Filling in: between the words with places in them and the fields above them."""

from __future__ import annotations

from PySide6.QtCore import QObject

from chatbench.services.templates import INPUT, Template
from chatbench.ui.chat.composer.editor import Editor
from chatbench.ui.chat.composer.variables import (
    LONGEST_TEXT,
    VariableFields,
    dollar_places,
    filled,
    places,
)


class Filling(QObject):
    """Keeps the fields at what the words hold. `{{name}}` is a place in all words, and must be filled
    in where a chosen prompt has brought it; `$name` is one only there, and may stay what it is."""

    def __init__(self, editor: Editor, fields: VariableFields) -> None:
        super().__init__(editor)
        self._editor = editor
        self._fields = fields
        self._must: frozenset[str] = frozenset()
        self._dollars: frozenset[str] = frozenset()
        self._system = ""
        """The system prompt of a chosen prompt, while its places are not filled in."""
        self._taking = False
        editor.textChanged.connect(self._find)

    def text(self) -> str:
        """The words, with what was filled in."""
        text = self._editor.text()
        return filled(text, self._fields.values(), self._dollars) if self._fields.names() else text

    def missing(self) -> tuple[str, ...]:
        """What must be filled in and is not."""
        values = self._fields.values()
        return tuple(name for name, value in values.items() if not value and name in self._must)

    @property
    def waits(self) -> bool:
        """Whether a system prompt has places that are to be filled in first."""
        return bool(self._system)

    @property
    def system(self) -> str:
        """The system prompt that waits, with what is filled in so far; "" without one."""
        return filled(self._system, self._fields.values())

    def wait_with(self, system: str) -> None:
        """A system prompt waits that has waited before, with the words that are there."""
        self._system, self._must = system, frozenset(places(system))
        self._find()

    def take_system(self) -> str:
        """The system prompt that waited for its places, with what they hold now; "" without one. It
        waits no longer."""
        system, self._system = self.system, ""
        return system

    def forget(self) -> None:
        """Other words come."""
        self._must = self._dollars = frozenset()
        self._system = ""
        self._fields.clear()

    def take(self, template: Template, *, typed: bool = True) -> None:
        """The prompt's words come where its name was `typed`; other words go where it wants them."""
        prompt, cursor = template.prompt, self._editor.textCursor()
        braced, words = places(prompt), self._editor.text().strip()
        asked = places(template.system)
        self._must, self._dollars = frozenset((*braced, *asked)), frozenset(dollar_places(prompt))
        self._system = template.system if asked else ""
        self._fields.expect(template.variables)
        self._taking = True
        # One step of undo with the name that went before.
        if typed:
            cursor.joinPreviousEditBlock()
        else:
            cursor.beginEditBlock()
        if INPUT in braced and words:
            prompt = filled(prompt, {INPUT: words})
            cursor.select(cursor.SelectionType.Document)
        cursor.insertText(prompt)
        cursor.endEditBlock()
        self._editor.setTextCursor(cursor)
        self._taking = False
        self._find()
        self._fields.focus_first()

    def _find(self) -> None:
        if self._editor.document().characterCount() > LONGEST_TEXT:
            self._fields.offer(())
            return
        text = self._editor.text()
        if not text and not self._taking:
            # Who has deleted the words wants nothing of what came with them.
            self._system = ""
        dollars = (name for name in dollar_places(text) if name in self._dollars)
        self._fields.offer(tuple(dict.fromkeys((*places(self._system), *places(text), *dollars))))
