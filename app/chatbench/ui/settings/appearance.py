"""Appearance: colours, text size, reading width, line numbers, motion. The window follows at once."""

from __future__ import annotations

from chatbench.services import Services
from chatbench.ui.appearance import TEXT_SIZES
from chatbench.ui.settings.form import SettingsPage
from chatbench.ui.widgets import SegmentControl, Select, Switch
from chatbench.ui.widgets.forms import FormRow


class AppearancePage(SettingsPage):
    """Written when it changes; whoever owns the window puts it in force on `Changes`."""

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.set_title(self.tr("Appearance"))
        self.colours = SegmentControl(
            [("system", self.tr("As the system")), ("light", self.tr("Light")), ("dark", self.tr("Dark"))],
            name=self.tr("Colours"), form=True,
        )  # fmt: skip
        self.colours.changed.connect(lambda key: self.keep(self.colours_row, theme=key))
        self.colours_row: FormRow = self.add("theme", self.tr("Colours"), self.colours)
        self.text_size = Select(name=self.tr("Text size"))
        self.text_size.activated.connect(self._set_text_size)
        self.text_size_row: FormRow = self.add(
            "text_scale", self.tr("Text size"), self.text_size,
            hint=self.tr("Controls and icons grow with the text."),
        )  # fmt: skip
        self.width_choice = SegmentControl(
            [
                ("narrow", self.tr("Narrow")), ("normal", self.tr("Normal")),
                ("wide", self.tr("Wide")), ("full", self.tr("Full")),
            ],
            name=self.tr("Reading width"), form=True,
        )  # fmt: skip
        self.width_choice.changed.connect(lambda key: self.keep(self.width_row, reading_width=key))
        self.width_row: FormRow = self.add(
            "reading_width", self.tr("Reading width"), self.width_choice,
            hint=self.tr("How long a line of an answer may become."),
        )  # fmt: skip
        self.numbers = Switch(self.tr("Lines of code are numbered"), form=True)
        self.numbers.toggled.connect(lambda on: self.keep(self.numbers_row, line_numbers=on))
        self.numbers_row: FormRow = self.add(
            "line_numbers", self.tr("Line numbers"), self.numbers,
            hint=self.tr("They are never copied."),
        )  # fmt: skip
        self.motion = Switch(self.tr("Nothing moves"), form=True)
        self.motion.toggled.connect(lambda on: self.keep(self.motion_row, reduced_motion=on))
        self.motion_row: FormRow = self.add(
            "reduced_motion", self.tr("Motion"), self.motion,
            hint=self.tr("Off, the wish of your system holds."),
        )  # fmt: skip
        self.body.addStretch(1)
        self.refresh()

    def refresh(self) -> None:
        """Shows what is kept now."""
        now = self.services.preferences.current
        self.colours.set_current(now.theme)
        self.width_choice.set_current(now.reading_width)
        for switch, on in ((self.numbers, now.line_numbers), (self.motion, now.reduced_motion)):
            switch.blockSignals(True)
            switch.setChecked(on)
            switch.blockSignals(False)
            switch.update()
        percent = round(now.text_scale * 100)
        self.text_size.clear()
        for size in sorted({*TEXT_SIZES, percent}):
            self.text_size.addItem(self.tr("{0} %").format(size), size)
        self.text_size.setCurrentIndex(self.text_size.findData(percent))

    def _set_text_size(self, place: int) -> None:
        self.keep(self.text_size_row, text_scale=int(self.text_size.itemData(place)) / 100)
