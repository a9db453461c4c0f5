"""One provider on the first page: how it is, and the button that uses it or puts it right."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from PySide6.QtCore import QCoreApplication, QEvent, QLocale, Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QMenu, QWidget

from chatbench.core.models import ModelInfo
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets import Button, ElidedLabel, IconButton, Label, Mark

FOLD_BELOW = 540
_LISTED = 40
_LONGEST = 28


def models_words(number: int) -> str:
    """How many models there are."""
    one = QCoreApplication.translate("ProviderRow", "1 model")
    several = QCoreApplication.translate("ProviderRow", "{0} models")
    return one if number == 1 else several.format(QLocale().toString(number))


class ProviderRow(QWidget):
    """`model_chosen(ModelRef)`, or `fix_wanted()` where there is no model to use."""

    model_chosen = Signal(object)
    fix_wanted = Signal()

    def __init__(
        self,
        name: str,
        address: str,
        told: str,
        mark: tuple[str, ColorRole],
        *,
        models: tuple[ModelInfo, ...] = (),
        fix: str = "",
        primary: bool = False,
    ) -> None:
        """`told` is how it is, `fix` the button's label without `models`."""
        super().__init__()
        self._models = models
        self._name = Label(name)
        self._name.setMinimumWidth(theme().scaled(100))
        host = ElidedLabel(urlsplit(address).netloc, font="code")
        host.setMinimumWidth(theme().scaled(132))
        self._line = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(10)
        self._line.addWidget(self._name, 0, Qt.AlignmentFlag.AlignLeading)
        self._line.addWidget(host, 2)
        self.told = ElidedLabel(told, font="small", color="text2")
        self._line.addWidget(self.told, 3)
        self.use = self._use_button(primary) if models else Button(fix, size="small")
        if not models:
            self.use.setAccessibleName(f"{name}: {fix}")
            self.use.clicked.connect(self.fix_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 5, 14, 5)
        row.setSpacing(10)
        row.addWidget(Mark(*mark))
        row.addLayout(self._line, 1)
        row.addWidget(self.use)
        self.more: IconButton | None = None
        if len(models) > 1:
            self.more = IconButton("chevron-down", self.tr("Choose another model of {0}").format(name))
            self.more.clicked.connect(self._open_menu)
            row.addWidget(self.more)

    def _use_button(self, primary: bool) -> Button:
        first = self._models[0]
        label = self.tr("Use {0}").format(_short(first.title))
        button = Button(label, kind="primary" if primary else "ordinary", size="small")
        button.setToolTip(f"<p>{_escape(first.ref.id)}</p>")
        button.clicked.connect(lambda: self.model_chosen.emit(first.ref))
        return button

    def _open_menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for info in self._models[:_LISTED]:
            menu.addAction(info.title.replace("&", "&&"), partial(self.model_chosen.emit, info.ref))
        assert self.more is not None
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            folded = self.width() < theme().scaled(FOLD_BELOW)
            down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
            self._line.setDirection(down if folded else across)
            self._line.setSpacing(0 if folded else 10)
        return super().event(event)


def _short(title: str) -> str:
    return title if len(title) <= _LONGEST else f"{title[: _LONGEST - 1]}…"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
