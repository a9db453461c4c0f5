"""Pages of the settings, and the form on each."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QLocale, Qt, QTime
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from chatbench.core.errors import ConfigurationError
from chatbench.services import Services
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Label, LineField, Surface
from chatbench.ui.widgets.forms import Form, FormRow, scrolling


class NumberField(LineField):
    """A number that is told when the reader is done with it; wrong words are put back."""

    def __init__(self, name: str, done: Callable[[str], None]) -> None:
        super().__init__(name=name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedWidth(theme().scaled(96))
        self.editingFinished.connect(lambda: done(self.text().strip()))


class SettingsPage(Surface):
    """A page: a title, a column that scrolls, perhaps a form in it."""

    def __init__(self, services: Services) -> None:
        super().__init__("page")
        self.services = services
        self._title = Label(font="title", wrap=True)
        self.fields: dict[str, QWidget] = {}
        self.form = Form()
        inner = QWidget()
        self.body = QVBoxLayout(inner)
        self.body.setContentsMargins(28, 20, 28, 24)
        self.body.setSpacing(16)
        self.body.addWidget(self._title)
        self.body.addWidget(self.form)
        inner.setMaximumWidth(theme().scaled(640))
        self._inner = inner
        area = scrolling(inner)
        column = QVBoxLayout()
        self.set_layout(column)
        column.addWidget(area)

    def set_title(self, title: str) -> None:
        """The page's name."""
        self._title.setText(title)
        self.setAccessibleName(title)

    def add(self, key: str, label: str, field: QWidget, *, hint: str = "") -> FormRow:
        """A row of the form that the search can go to by `key`."""
        self.fields[key] = field
        return self.form.add(label, field, hint=hint)

    def focus_setting(self, key: str) -> None:
        """Puts the focus on a setting."""
        field = self.fields.get(key)
        if field is None:
            return
        target = field if field.focusPolicy() & Qt.FocusPolicy.TabFocus else _first_inside(field)
        (target or field).setFocus(Qt.FocusReason.ShortcutFocusReason)

    def refresh(self) -> None:
        """Shows what is kept now; pages override it."""

    def keep(self, row: FormRow, **values: object) -> bool:
        """Writes preferences; a refusal stands under the row."""
        try:
            self.services.preferences.replace(initiator=self, **values)
        except ConfigurationError as error:
            row.set_error(" ".join(filter(None, (error.message, error.hint))))
        except OSError as error:
            row.set_error(self.tr("It could not be saved: {0}.").format(error.strerror or error))
        else:
            row.set_error("")
            return True
        return False

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_inner"):
            self._inner.setMaximumWidth(theme().scaled(640))


def _first_inside(widget: QWidget) -> QWidget | None:
    return next((w for w in widget.findChildren(QWidget) if w.focusPolicy() & Qt.FocusPolicy.TabFocus), None)


def time_now() -> str:
    """The hour and minute, as the reader writes them."""
    return QLocale().toString(QTime.currentTime(), QLocale.FormatType.ShortFormat)
