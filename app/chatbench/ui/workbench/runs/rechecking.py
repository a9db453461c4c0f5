"""Other checks on the answers of a run: tried without keeping what they find, then kept; no model is asked
but by checks that want one."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.checks import Check
from chatbench.core.errors import ChatbenchError
from chatbench.core.runs import Run
from chatbench.services import Services
from chatbench.services.runs import KINDS
from chatbench.ui.aio import spawn
from chatbench.ui.widgets import Button, Label, announce
from chatbench.ui.widgets.dialogs import fit_dialog
from chatbench.ui.widgets.forms import scrolling, words_of
from chatbench.ui.workbench.runs.consent import CodeConsent
from chatbench.ui.workbench.runs.planparts import CheckRows
from chatbench.ui.workbench.runs.trychecks import tried_words

_SIZE: Final = (620, 480)


class RecheckDialog(QDialog):
    """Begins with the checks of the run. It deletes itself."""

    def __init__(self, services: Services, run: Run, parent: QWidget) -> None:
        super().__init__(parent)
        self._services = services
        self._run = run
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Other checks on the answers of run {0}").format(run.number))
        groups = services.models.groups()
        self.checks = CheckRows([str(row.info.ref) for group in groups for row in group.rows if row.usable])
        self.checks.set_checks(run.plan.checks)
        self.consent = CodeConsent(services.checking)
        self.told = Label(font="small", color="text2", wrap=True)
        self.problem = Label(font="small", color="danger", wrap=True)
        self.problem.hide()
        self.keep = Button(self.tr("Judge all answers by these"), kind="primary", icon="check")
        self.cancel = Button(self.tr("Cancel"))
        self._lay_out()
        self.checks.edited.connect(self._tell)
        self.consent.allowed.connect(self._tell)
        self.consent.left_out.connect(self._leave_out)
        self.checks.tried.connect(lambda: spawn(self.try_them(), owner=self, name="try-checks"))
        self.keep.clicked.connect(lambda: spawn(self.keep_them(), owner=self, name="recheck"))
        self.cancel.clicked.connect(self.reject)
        self._tell()
        fit_dialog(self, *_SIZE)

    def _lay_out(self) -> None:
        inside = QWidget()
        body = QVBoxLayout(inside)
        body.setContentsMargins(0, 0, 8, 0)
        body.addWidget(self.checks)
        body.addWidget(self.consent)
        body.addStretch(1)
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addWidget(self.told, 1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.keep)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        column.addWidget(scrolling(inside), 1)
        column.addWidget(self.problem)
        column.addLayout(foot)

    def _leave_out(self, check: Check) -> None:
        self.checks.set_checks([one for one in self.checks.checks if one != check])

    def _tell(self) -> None:
        self.consent.show_checks(self.checks.checks, {})
        for button in (self.keep, self.checks.try_button):
            button.setEnabled(not self.consent.is_open and bool(self.checks.checks))
        graders = sum(KINDS[check.kind].is_graded for check in self.checks.checks)
        if graders:
            words = self.tr("The answers stay as they are. Checks that ask a grader: {0}; each answer costs.")
            self.told.setText(words.format(graders))
        else:
            self.told.setText(self.tr("The answers stay as they are; no model is asked."))

    async def try_them(self) -> None:
        """Says what they find, and keeps nothing."""
        self._say("")
        try:
            found = await self._services.runs.try_checks(self._run.id, self.checks.checks)
        except ChatbenchError as error:
            self._say(words_of(error))
            return
        self.checks.say(tried_words(self._run, self.checks.checks, found))
        announce(self, self.checks.told.text())

    async def keep_them(self) -> None:
        """Judges by them, and keeps what they find."""
        self._say("")
        self._busy(True)
        try:
            await self._services.runs.recheck(self._run.id, self.checks.checks)
        except ChatbenchError as error:
            self._say(words_of(error))
            return
        finally:
            self._busy(False)
        self.accept()

    def _busy(self, busy: bool) -> None:
        self.keep.setEnabled(not busy)
        self.keep.set_busy(busy)

    def _say(self, words: str) -> None:
        self.problem.setText(words)
        self.problem.setVisible(bool(words))
        if words:
            announce(self, words, at_once=True)
