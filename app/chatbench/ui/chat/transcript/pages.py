"""Files for other programs, as the reader's browser: in a private folder that is gone with this program."""

from __future__ import annotations

import atexit
import os
import shutil
from pathlib import Path
from tempfile import mkdtemp

from PySide6.QtCore import QCoreApplication, QUrl

from chatbench.rendering.pages import page
from chatbench.ui.chat.transcript.boxes.controls import tr
from chatbench.ui.chat.transcript.boxes.languages import language_name


class Pages:
    """Writes pages and copies of files into one folder (mode 0700), each into a file of its own (0600)."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._count = 0

    @property
    def folder(self) -> Path | None:
        """Where they are; None before the first one."""
        return self._folder

    def write(self, code: str, language: str) -> QUrl:
        """The address of a new page that shows ``code``.

        Raises:
            OSError: the folder for temporary files takes no file.
        """
        name = language_name(language)
        text = page(
            code,
            language,
            title=tr("{0} from Chatbench").format(name),
            notice=_notice(language),
        )
        return self.keep(text.encode("utf-8", "replace"), "page.html")

    def keep(self, data: bytes, name: str) -> QUrl:
        """The address of a new file, whose name ends with ``name``.

        Raises:
            OSError: the folder for temporary files takes no file.
        """
        if self._folder is None:
            self._folder = Path(mkdtemp(prefix="chatbench-page-"))
        self._count += 1
        path = self._folder / f"{self._count}-{name}"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "wb") as out:
            out.write(data)
        return QUrl.fromLocalFile(str(path))

    def remove(self) -> None:
        """Remove all of them."""
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _notice(language: str) -> str:
    """What stands above the page."""
    words = tr("Written by a model, shown without network: nothing is loaded and nothing is sent.")
    if language == "mermaid":
        return f"{tr('This is the source of a diagram: nothing that draws Mermaid is included.')} {words}"
    return words


_pages: Pages | None = None


def pages() -> Pages:
    """The pages of this program; they are removed when it ends."""
    global _pages
    if _pages is None:
        _pages = Pages()
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(_pages.remove)
        atexit.register(_pages.remove)
    return _pages
