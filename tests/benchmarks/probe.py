"""A process that opens a window, says at its first paint what that has cost, and ends.

`python probe.py empty` opens an empty QMainWindow, `python probe.py program FOLDER` the program
itself on the profile in that folder. Prints the CPU seconds of the whole process, then the names
of everything imported. This file imports as little as can be: it is measured too.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from PySide6.QtCore import QEvent, QObject
    from PySide6.QtWidgets import QWidget


def when_painted(window: QWidget) -> None:
    """Tell what has been spent when the window's first paint is over."""
    from PySide6.QtCore import QCoreApplication, QEvent, QObject

    def tell() -> None:
        sys.stdout.write(f"{time.process_time()}\n{' '.join(sys.modules)}\n")
        sys.stdout.flush()
        os._exit(0)

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Show and watched is window:
                window.windowHandle().installEventFilter(self)
            elif event.type() == QEvent.Type.Expose:
                # Everything is painted while this event is handled.
                watched.removeEventFilter(self)
                QCoreApplication.sendEvent(watched, event)
                tell()
            return False

    window.installEventFilter(Watch(window))


def empty() -> None:
    """An empty main window of the size the program opens with."""
    from PySide6.QtWidgets import QApplication, QMainWindow

    application = QApplication([])
    window = QMainWindow()
    window.resize(1440, 900)
    when_painted(window)
    window.show()
    application.exec()


def program(folder: str) -> None:
    """The program as it starts, with an eye on its window."""
    from chatbench.__main__ import main
    from chatbench.ui.window import MainWindow

    show = MainWindow.show

    def watched(self: MainWindow) -> None:
        when_painted(self)
        show(self)

    MainWindow.show = watched  # type: ignore[assignment, method-assign]
    sys.exit(main(["--profile", folder]))


if __name__ == "__main__":
    if sys.argv[1] == "empty":
        empty()
    else:
        program(sys.argv[2])
