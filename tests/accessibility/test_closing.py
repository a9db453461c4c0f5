"""A transcript that assistive technology has read can be closed, and nothing of it is kept."""

from __future__ import annotations

import gc
import subprocess
import sys
from weakref import ref

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QAccessible
from tests.ui.transcript.samples import answer

from chatbench.ui.chat.transcript.source import ListSource
from chatbench.ui.chat.transcript.view import TranscriptView

CHILD = """
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication
from shiboken6 import getCppPointer, isValid
from chatbench.ui.chat.transcript.view import TranscriptView

app = QApplication([])
QAccessible.setActive(True)
view = TranscriptView()
view.show()
app.processEvents()
met, known = set(), set()
for chosen in (None, view.copy):
    if chosen is not None:
        view.action_requested.connect(chosen)
    met.add(getCppPointer(view.metaObject()))
    known.add(getCppPointer(QAccessible.queryAccessibleInterface(view)))
print(len(met), len(known))
view.close()
view.deleteLater()
QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
print(isValid(view))
"""


def test_a_view_whose_meta_object_changes_is_closed_by_the_program() -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHILD], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["2", "2", "False"]


@pytest.mark.usefixtures("qapp")
def test_a_view_that_was_read_is_not_kept() -> None:
    view = TranscriptView()
    view.set_source(ListSource([answer(1, "## A heading\n\nWords.")]))
    view.show()
    message = QAccessible.queryAccessibleInterface(view).child(0)
    assert message is not None
    assert message.text(QAccessible.Text.Name)
    kept = ref(view)
    view.close()
    view.deleteLater()
    del view, message
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    assert kept() is None
