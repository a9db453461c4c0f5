"""General: which model a new chat gets, how sending works, how patient the program is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QHBoxLayout, QWidget

from chatbench.core.models import GUIDE, ModelRef
from chatbench.services import Services
from chatbench.ui.settings.form import NumberField, SettingsPage
from chatbench.ui.settings.quickcommand import QuickCommand
from chatbench.ui.settings.quickkeys import QuickKeys
from chatbench.ui.widgets import Label, SegmentControl, Select, Switch
from chatbench.ui.widgets.forms import FormRow

if TYPE_CHECKING:
    from chatbench.ui.globalkeys import GlobalShortcut

MOST_ATTEMPTS = 10


class GeneralPage(SettingsPage):
    """Each field is written when it changes."""

    def __init__(self, services: Services, quick_keys: GlobalShortcut) -> None:
        super().__init__(services)
        self.set_title(self.tr("General"))
        self._add_models()
        self._add_writing()
        self._add_calling()
        self.quick_keys = QuickKeys(self, quick_keys)
        self.quick = QuickCommand(services)
        self.add(
            "quick", self.tr("Its command"), self.quick,
            hint=self.tr("It shows the quick chat too: give it keys in the keyboard settings of the system."),
        )  # fmt: skip
        self.body.addStretch(1)
        self.refresh()

    def _add_models(self) -> None:
        self.model = Select(name=self.tr("Default model"))
        self.model.activated.connect(self._set_model)
        self.model_row: FormRow = self.add(
            "default_model", self.tr("Default model"), self.model,
            hint=self.tr("New chats start with it. The list holds the models you can use now."),
        )  # fmt: skip
        self.titles = Select(name=self.tr("Titles of chats"))
        self.titles.activated.connect(self._set_titles)
        self.titles_row: FormRow = self.add(
            "title_source", self.tr("Titles of chats"), self.titles,
            hint=self.tr("A model reads the first question and answer; what that costs is counted. A title "
                         "of your own is never replaced."),
        )  # fmt: skip

    def _add_writing(self) -> None:
        self.send_with = SegmentControl(
            [("enter", self.tr("Enter")), ("ctrl+enter", self.tr("Ctrl+Enter"))],
            name=self.tr("Send with"), form=True,
        )  # fmt: skip
        self.send_with.changed.connect(lambda key: self.keep(self.send_row, send_with=key))
        self.send_row: FormRow = self.add(
            "send_with", self.tr("Send with"), self.send_with,
            hint=self.tr("The other one, and Shift+Enter, break the line."),
        )  # fmt: skip
        self.thinking = Switch(self.tr("Show a model's thinking unfolded"), form=True)
        self.thinking.toggled.connect(lambda on: self.keep(self.thinking_row, thinking_open=on))
        self.thinking_row: FormRow = self.add("thinking_open", self.tr("Thinking"), self.thinking)
        self.spelling = Select(name=self.tr("Spelling"))
        self.spelling.activated.connect(self._set_spelling)
        self.spelling_row: FormRow = self.add(
            "spelling", self.tr("Spelling"), self.spelling, hint=self._spelling_hint()
        )

    def _add_calling(self) -> None:
        self.attempts = NumberField(self.tr("Attempts"), self._set_attempts)
        self.attempts_row: FormRow = self.add(
            "max_attempts", self.tr("Attempts"), self.attempts,
            hint=self.tr("How often a call is tried before its first word, when the provider is busy."),
        )  # fmt: skip
        self.patience = NumberField(self.tr("Patience in seconds"), self._set_patience)
        self.patience_row: FormRow = self.add(
            "read_timeout_s", self.tr("Patience"), _with_unit(self.patience, self.tr("seconds")),
            hint=self.tr("How long a silent provider is waited for."),
        )  # fmt: skip

    def refresh(self) -> None:
        """Shows what is kept now."""
        now = self.services.preferences.current
        self._list_models(now.default_model_ref)
        self._list_titles(now.title_source == "model", now.title_model)
        self.send_with.set_current(now.send_with)
        self.thinking.blockSignals(True)
        self.thinking.setChecked(now.thinking_open)
        self.thinking.blockSignals(False)
        self._list_languages(now.spelling)
        self.attempts.setText(str(now.max_attempts))
        self.patience.setText(f"{now.read_timeout_s:g}")
        self.quick_keys.refresh()
        self.thinking.update()

    def _spelling_hint(self) -> str:
        service = self.services.spelling
        if not service.library:
            return self.tr("Nothing can be checked here: this computer has no Hunspell library.")
        if not service.languages():
            return self.tr("Nothing can be checked here: this computer has no Hunspell dictionaries.")
        return self.tr("Words that no dictionary of this computer knows get a wavy line while you write.")

    def _list_languages(self, chosen: str) -> None:
        languages = self.services.spelling.languages()
        self.spelling.clear()
        self.spelling.addItem(self.tr("Off"), "off")
        self.spelling.addItem(self.tr("The languages of this computer"), "system")
        for language in languages:
            self.spelling.addItem(language_name(language), language)
        if self.spelling.findData(chosen) < 0:
            self.spelling.addItem(language_name(chosen), chosen)
        self.spelling.setCurrentIndex(self.spelling.findData(chosen))
        self.spelling.setEnabled(bool(languages))

    def _set_spelling(self, place: int) -> None:
        self.keep(self.spelling_row, spelling=str(self.spelling.itemData(place)))

    def _list_models(self, chosen: ModelRef | None) -> None:
        self.model.clear()
        self.model.addItem(self.tr("None: the guide answers"), "")
        for group in self.services.models.groups():
            for row in group.rows:
                ref = row.info.ref
                if ref != GUIDE and (row.usable or ref == chosen):
                    self.model.addItem(f"{row.info.title}  ·  {group.endpoint.name}", str(ref))
        if chosen is not None and self.model.findData(str(chosen)) < 0:
            self.model.addItem(str(chosen), str(chosen))
        self.model.setCurrentIndex(self.model.findData(str(chosen) if chosen else ""))

    def _list_titles(self, by_model: bool, chosen: str) -> None:
        self.titles.clear()
        self.titles.addItem(self.tr("The first words of the question"), None)
        self.titles.addItem(self.tr("The chat's own model"), "")
        for place in range(1, self.model.count()):
            self.titles.addItem(self.model.itemText(place), self.model.itemData(place))
        if self.titles.findData(chosen) < 0:
            self.titles.addItem(chosen, chosen)
        self.titles.setCurrentIndex(self.titles.findData(chosen) if by_model else 0)

    def _set_titles(self, place: int) -> None:
        model = self.titles.itemData(place)
        if model is None:
            self.keep(self.titles_row, title_source="words")
        else:
            self.keep(self.titles_row, title_source="model", title_model=str(model))

    def _set_model(self, place: int) -> None:
        self.keep(self.model_row, default_model=str(self.model.itemData(place)))

    def _set_attempts(self, text: str) -> None:
        if not text.isdecimal() or not 1 <= int(text) <= MOST_ATTEMPTS:
            words = self.tr("Write a whole number from 1 to {0}.").format(MOST_ATTEMPTS)
            self.attempts_row.set_error(words)
            return
        self.keep(self.attempts_row, max_attempts=int(text))

    def _set_patience(self, text: str) -> None:
        try:
            seconds = float(text.replace(",", "."))
        except ValueError:
            seconds = 0.0
        if not 1 <= seconds <= 3600:
            self.patience_row.set_error(self.tr("Write a number of seconds from 1 to 3,600."))
            return
        self.keep(self.patience_row, read_timeout_s=seconds)


def language_name(language: str) -> str:
    """A language in its own words, as its speakers look for it."""
    locale = QLocale(language)
    if locale.language() == QLocale.Language.C:
        return language
    name = locale.nativeLanguageName()
    country = f" ({locale.nativeTerritoryName()})" if "_" in language else ""
    return f"{name[:1].upper()}{name[1:]}{country}"


def _with_unit(field: QWidget, unit: str) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    row.addWidget(field)
    row.addWidget(Label(unit, color="text2"))
    row.addStretch(1)
    return holder
