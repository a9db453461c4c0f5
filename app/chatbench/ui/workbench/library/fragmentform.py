"""A fragment: its text now and before, where it is from, and which prompts name it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from chatbench.core.prompts import Fragment
from chatbench.services.prompts import ANSWER, FragmentUse
from chatbench.ui import quantities
from chatbench.ui.widgets import Button, ElidedLabel, Flow, IconButton, Label, LineField, Section, Select
from chatbench.ui.widgets.forms import Form
from chatbench.ui.workbench.dates import day

_DIGEST: Final = 8
_LEAST_HIGH: Final = 140


class FragmentForm(QWidget):
    """`save_wanted()`, `update_wanted()`, `delete_wanted()`; `open_wanted(key)` of a prompt;
    `pin_wanted(prompt_id, sha256)`, "" to follow."""

    save_wanted = Signal()
    update_wanted = Signal()
    delete_wanted = Signal()
    open_wanted = Signal(str)
    pin_wanted = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.fragment: Fragment | None = None
        """None while it is a new one."""
        self._versions: list[Fragment] = []
        self.name = LineField(name=self.tr("Name"))
        self.source = LineField(name=self.tr("From"))
        self.source.setPlaceholderText(self.tr("A file or an address; empty: the text below"))
        self.choose = IconButton("folder-open", self.tr("Choose a file"))
        self.update_button = Button(self.tr("Read it again"), icon="refresh-cw", size="small")
        self.text = QPlainTextEdit()
        self.text.setAccessibleName(self.tr("Text of the fragment"))
        self.text.setTabChangesFocus(True)
        self.text.setMinimumHeight(_LEAST_HIGH)
        self.fact = ElidedLabel(font="small", color="text3")
        self.versions = Select(name=self.tr("Versions"), compact=True)
        self.uses = Section(self.tr("Used by"))
        self.use_rows: list[UseRow] = []
        self.problem = Label(font="small", color="danger", wrap=True)
        self.save = Button(self.tr("Save"), kind="primary")
        self.delete = Button(self.tr("Delete"), icon="trash-2", kind="quiet")
        self._lay_out()
        self.choose.clicked.connect(self._choose_file)
        self.update_button.clicked.connect(self.update_wanted)
        self.versions.activated.connect(self._show_version)
        self.text.textChanged.connect(self._judge)
        self.name.textChanged.connect(lambda _text: self._judge())
        self.source.textChanged.connect(lambda _text: self._judge())
        self.save.clicked.connect(self.save_wanted)
        self.delete.clicked.connect(self.delete_wanted)

    def _lay_out(self) -> None:
        place = QWidget()
        line = QHBoxLayout(place)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        line.addWidget(self.source, 1)
        line.addWidget(self.choose)
        line.addWidget(self.update_button)
        form = Form()
        form.add(self.tr("Name"), self.name)
        self.source_row = form.add(self.tr("From"), place)
        below = QHBoxLayout()
        below.setSpacing(6)
        below.addWidget(self.fact, 1)
        below.addWidget(self.versions)
        foot = QWidget()
        policy = foot.sizePolicy()
        policy.setHeightForWidth(True)
        foot.setSizePolicy(policy)
        buttons = Flow(foot, end_from=1)
        buttons.addWidget(self.delete)
        buttons.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(form)
        column.addWidget(self.text, 1)
        column.addLayout(below)
        column.addWidget(self.problem)
        column.addWidget(foot)
        column.addWidget(self.uses)
        self.problem.hide()
        self.versions.hide()
        self.uses.hide()

    # What it shows.

    def begin(self, text: str = "", source: str = "") -> None:
        """A new one."""
        self.fragment = None
        self._versions = []
        self.name.setText("")
        self.name.setEnabled(True)
        self.source.setText(source)
        self.text.setPlainText(text)
        self.versions.hide()
        self.uses.hide()
        self._judge()
        self.say("")
        self.name.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_fragment(
        self, fragment: Fragment, versions: Sequence[Fragment], uses: Sequence[FragmentUse]
    ) -> None:
        """One that is there; what is being written in it stays if it is the one in view."""
        stays = self.fragment is not None and self.fragment.name == fragment.name and self.is_changed
        self.fragment = fragment
        self._versions = list(versions)
        self.name.setText(fragment.name)
        self.name.setEnabled(False)
        if not stays:
            self.source.setText(fragment.source)
            self.text.setPlainText(fragment.text)
        self.versions.clear()
        for one in versions:
            self.versions.addItem(f"{day(one.updated_at)} · {one.sha256[:_DIGEST]}", one.sha256)
        self.versions.setCurrentIndex(max(0, self.versions.findData(fragment.sha256)))
        self.versions.setVisible(len(versions) > 1)
        self._show_uses(uses)
        self._judge()

    @property
    def is_changed(self) -> bool:
        """Whether something is written that is not saved."""
        now = (self.text.toPlainText(), self.source.text().strip())
        if self.fragment is None:
            return any(now) or bool(self.name.text())
        return now != (self.fragment.text, self.fragment.source)

    def wanted(self) -> tuple[str, str | None, str]:
        """Name, text and source to save. Without a text, or where only the source was changed, it is read
        from there: the text is None."""
        text, source = self.text.toPlainText(), self.source.text().strip()
        before = ("", "") if self.fragment is None else (self.fragment.text, self.fragment.source)
        is_read = bool(source) and (not text or (source != before[1] and text == before[0]))
        return self.name.text(), None if is_read else text, source

    def say(self, words: str) -> None:
        """What went wrong; "" for nothing."""
        self.problem.setText(words)
        self.problem.setVisible(bool(words))

    def _show_uses(self, uses: Sequence[FragmentUse]) -> None:
        for row in self.use_rows:
            self.uses.body.removeWidget(row)
            row.hide()
            row.deleteLater()
        assert self.fragment is not None
        known = {one.sha256: day(one.updated_at) for one in self._versions}
        self.use_rows = [UseRow(use, self.fragment, known) for use in uses]
        for row in self.use_rows:
            row.open.clicked.connect(partial(self.open_wanted.emit, f"prompt:{row.use.entry.id}"))
            wish = self.fragment.sha256 if row.use.follows else ""
            row.pin.clicked.connect(partial(self.pin_wanted.emit, row.use.entry.id, wish))
            self.uses.body.addWidget(row)
        self.uses.set_fact(quantities.number(len(uses)))
        self.uses.setVisible(bool(uses))

    def _judge(self) -> None:
        text = self.text.toPlainText()
        words = self.tr("{0} characters").format(quantities.number(len(text)))
        if self.fragment is not None and self.fragment.source.startswith(ANSWER):
            words += " · " + self.tr("an answer of a chat")
        self.fact.set_text(words)
        named = bool(self.name.text().strip())
        self.save.setEnabled(named and self.is_changed and bool(text or self.source.text().strip()))
        self.delete.setVisible(self.fragment is not None)
        self.update_button.setVisible(self.fragment is not None and bool(self.fragment.source))

    # What is done.

    def _show_version(self, at: int) -> None:
        """Puts an earlier text into the field; saved, it is the newest."""
        found = next(one for one in self._versions if one.sha256 == self.versions.itemData(at))
        self.text.setPlainText(found.text)

    def _choose_file(self) -> None:
        dialog = QFileDialog(self.window(), self.tr("Text of a fragment"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.filesSelected.connect(lambda names: self.source.setText(names[0]))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


class UseRow(QWidget):
    """A prompt that names the fragment: whether it follows it, or at what it is pinned."""

    def __init__(self, use: FragmentUse, fragment: Fragment, days: dict[str, str]) -> None:
        super().__init__()
        self.use = use
        name = use.entry.path
        pins = [pin for pin in use.pins if pin]
        told = [self.tr("follows")] if use.follows else []
        for pin in pins:
            at = next((when for sha256, when in days.items() if sha256.startswith(pin.lower())), pin)
            told.append(self.tr("pinned at {0}").format(f"{at} · {pin[:_DIGEST]}"))
        self.told = ElidedLabel(", ".join(told), font="small", color="text2")
        self.open = Button(name, kind="quiet", size="small", icon="file-text")
        self.open.setAccessibleName(self.tr("Open {0}").format(name))
        self.pin = Button(self.tr("Pin") if use.follows else self.tr("Follow"), size="small")
        self.pin.setAccessibleName(
            (self.tr("Pin {0} in {1}") if use.follows else self.tr("Let {1} follow {0}")).format(
                fragment.name, name
            )
        )
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 2, 0, 2)
        line.setSpacing(8)
        line.addWidget(self.open)
        line.addWidget(self.told, 1)
        line.addWidget(self.pin)
