"""Below a run's table: its checks in their order, and which rows are shown."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu

from chatbench.core.runs import Run
from chatbench.ui import quantities
from chatbench.ui.widgets import Button, ElidedLabel, IconButton, Label, Surface


class Foot(Surface):
    """`filtered()`: other rows are wanted."""

    filtered = Signal()

    def __init__(self) -> None:
        super().__init__("chrome", lines=Qt.Edge.TopEdge)
        self._titles: tuple[str, ...] = ()
        self._check: int | None = None
        self.checks = ElidedLabel(font="small", color="text2")
        self.rows = Label(font="small", color="text3")
        self.failed = Button(self.tr("Failed only"), icon="list-filter", size="small")
        self.failed.setCheckable(True)
        self.failed.clicked.connect(self._toggle)
        self.which = IconButton("chevron-down", self.tr("Rows that a check failed"), size="code")
        self.which.clicked.connect(self._choose)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.checks, 1)
        for one in (self.rows, self.failed, self.which):
            row.addWidget(one)
        self.set_layout(row, (16, 6, 12, 6))

    def show_run(self, run: Run) -> None:
        """Names its checks."""
        self._titles = tuple(check.title for check in run.plan.checks)
        named = "   ".join(f"{at} {title}" for at, title in enumerate(self._titles, 1))
        words = self.tr("Checks, in order:  {0}") if named else self.tr("No checks")
        self.checks.set_text(words.format(named))
        self.which.setVisible(bool(self._titles))

    def is_filtering(self) -> bool:
        """Whether rows in which nothing failed are left out."""
        return self.failed.isChecked()

    def check(self) -> int | None:
        """The check whose failures are wanted; None: whatever failed."""
        return self._check

    def tell_rows(self, shown: int | None, of: int) -> None:
        """How many rows are left."""
        words = self.tr("{0} of {1} rows")
        number = quantities.number
        self.rows.setText("" if shown is None else words.format(number(shown), number(of)))

    def choose(self, check: int | None) -> None:
        """Only rows in which this check failed; None: any, or a call that failed."""
        self._check = check
        words = self.tr("Failed only") if check is None else self.tr("Failed: {0}")
        label = words if check is None else words.format(self._titles[check])
        self.failed.set_label(label)
        self.failed.setChecked(True)
        self.filtered.emit()

    def show_all(self) -> None:
        """No rows are to be left out; without `filtered`."""
        self.failed.setChecked(False)
        self._check = None
        self.failed.set_label(self.tr("Failed only"))

    def _toggle(self) -> None:
        if not self.failed.isChecked():
            self._check = None
            self.failed.set_label(self.tr("Failed only"))
        self.filtered.emit()

    def _choose(self) -> None:
        menu = QMenu(self.which)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Anything failed"), partial(self.choose, None))
        menu.addSeparator()
        for at, title in enumerate(self._titles):
            words = f"{at + 1} {title}".replace("&", "&&")
            menu.addAction(words, partial(self.choose, at))
        menu.popup(self.which.mapToGlobal(self.which.rect().topLeft()))
