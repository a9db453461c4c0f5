"""Python checks of a plan whose code nobody has allowed yet: read here, and then allowed or left out."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.checks import Check
from chatbench.core.errors import StorageError
from chatbench.services.checking import Checking
from chatbench.ui.widgets import Button, Card, Label, RawText
from chatbench.ui.widgets.forms import words_of

_UNSEEN: Final = frozenset({"Cf", "Cc", "Zl", "Zp", "Co", "Cn"})
_LAID_OUT: Final = "\n\t"


class CodeConsent(QWidget):
    """A card for each. `allowed()` when the code of one was; `left_out(Check)` when one is not wanted."""

    allowed = Signal()
    left_out = Signal(object)

    def __init__(self, checking: Checking) -> None:
        super().__init__()
        self._checking = checking
        self._shown: tuple[tuple[str, str], ...] = ()
        self.cards: list[CodeCard] = []
        self.problem = Label(font="small", color="danger", wrap=True)
        self.problem.hide()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.addWidget(self.problem)

    @property
    def is_open(self) -> bool:
        """Whether something is still to be decided."""
        return bool(self.cards)

    def show_checks(self, checks: Sequence[Check], origins: Mapping[str, str]) -> None:
        """Those of these whose code is not allowed; `origins` says of code where it is from."""
        forbidden = self._checking.forbidden(checks)
        wanted = {str(check.value): check for check in reversed(forbidden)}
        shown = tuple((check.title, code) for code, check in wanted.items())
        if shown == self._shown:
            return
        self._shown = shown
        for card in self.cards:
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = []
        for code, check in wanted.items():
            card = CodeCard(check, origins.get(code, ""))
            card.allow.clicked.connect(partial(self._allow, code))
            card.leave_out.clicked.connect(partial(self.left_out.emit, check))
            self.cards.append(card)
            self._column.addWidget(card)

    def _allow(self, code: str) -> None:
        try:
            self._checking.allow(code)
        except StorageError as error:
            self.problem.setText(words_of(error))
            self.problem.show()
            return
        self.problem.hide()
        self.allowed.emit()


class CodeCard(Card):
    """The whole code of a check, where it is from, and what it may do."""

    def __init__(self, check: Check, origin: str) -> None:
        super().__init__(border="warning")
        shown, unseen = revealed(str(check.value))
        self.code = RawText(self.tr("Code of {0}").format(check.title), most_lines=14)
        self.allow = Button(self.tr("Allow this code"), size="small")
        self.allow.setAccessibleName(self.tr("Allow the code of {0}").format(check.title))
        self.leave_out = Button(self.tr("Leave the check out"), size="small", kind="quiet")
        self.leave_out.setAccessibleName(self.tr("Leave {0} out").format(check.title))
        self.warning = Label(
            self.tr(
                "It holds characters that are not seen and can hide what it does; they stand here as ⟦…⟧."
            ),
            font="small",
            color="danger",
            wrap=True,
        )
        self._lay_out(check.title, origin)
        self.warning.setVisible(unseen)
        self.code.set_text(shown)

    def _lay_out(self, title: str, origin: str) -> None:
        head = Label(
            self.tr("“{0}” is Python that has not run here before.").format(title), weight=600, wrap=True
        )
        told = [origin or self.tr("Written in this plan.")]
        told.append(
            self.tr(
                "It would run in a confined process of its own: without your keys, the network or your "
                "files. It sees each answer and its row. Allowed once, this code is not asked about again."
            )
        )
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addStretch(1)
        buttons.addWidget(self.leave_out)
        buttons.addWidget(self.allow)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(8)
        column.addWidget(head)
        column.addWidget(Label(" ".join(told), font="small", color="text2", wrap=True))
        column.addWidget(self.code)
        column.addWidget(self.warning)
        column.addLayout(buttons)


def revealed(code: str) -> tuple[str, bool]:
    """The code with signs that cannot be seen, or that turn the direction of others, written out; and
    whether there were any."""
    told = [f"⟦U+{ord(sign):04X}⟧" if _is_unseen(sign) else sign for sign in code.replace("\r\n", "\n")]
    return "".join(told), any(map(_is_unseen, code.replace("\r\n", "\n")))


def _is_unseen(sign: str) -> bool:
    return sign not in _LAID_OUT and unicodedata.category(sign) in _UNSEEN
