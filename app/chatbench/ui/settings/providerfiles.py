"""Files at providers: what each keeps, uploaded, fetched back and deleted."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QDateTime, QLocale, Qt, QTimeZone
from PySide6.QtWidgets import QApplication, QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.services import Services
from chatbench.services.providerfiles import KeptFile
from chatbench.ui.aio import Rereading, ask, spawn
from chatbench.ui.quantities import size
from chatbench.ui.settings.form import SettingsPage
from chatbench.ui.widgets import Button, Divider, ElidedLabel, Flow, IconButton, Label, Select, announce
from chatbench.ui.widgets.forms import words_of

PAGE: Final = 100
"""So many files are shown at first, and so many more at a press."""


class FileRow(QWidget):
    """One file: what it is, what can be done with it, and in its place the question before it is deleted."""

    def __init__(self, page: ProviderFilesPage, kept: KeptFile) -> None:
        super().__init__()
        self.kept = kept
        name = kept.file.name or kept.file.id
        self.download = IconButton("download", self.tr("Save a copy of {0}").format(name), size="row")
        if kept.file.downloadable is False:
            # Shown before it stands in its row it would be a window, and take the keyboard.
            self.download.hide()
        self.download.clicked.connect(lambda: page.download(kept))
        self.delete = IconButton("trash-2", self.tr("Delete {0} at the provider").format(name), size="row")
        self.delete.clicked.connect(self._ask)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(ElidedLabel(name))
        words.addWidget(ElidedLabel(self._about(), font="small", color="text3"))
        line = QHBoxLayout()
        line.setContentsMargins(0, 6, 0, 6)
        line.setSpacing(8)
        line.addLayout(words, 1)
        line.addWidget(self.download)
        line.addWidget(self.delete)
        self._question = self._make_question(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(line)
        column.addWidget(self._question)
        column.addWidget(Divider())
        self.setAccessibleName(name)
        self.setAccessibleDescription(self._about())

    def _make_question(self, page: ProviderFilesPage) -> QWidget:
        question = QWidget(self)
        self.really = Button(self.tr("Delete"), kind="destructive", size="small")
        self.really.clicked.connect(lambda: page.delete(self.kept))
        self.keep = Button(self.tr("Keep it"), size="small")
        self.keep.clicked.connect(self._keep)
        told = Label(self._warning(), font="small", color="text2", wrap=True)
        row = QHBoxLayout(question)
        row.setContentsMargins(0, 0, 0, 8)
        row.setSpacing(8)
        row.addWidget(told, 1)
        row.addWidget(self.really)
        row.addWidget(self.keep)
        question.hide()
        return question

    def _about(self) -> str:
        """Size, kind, how long it is kept, and where it is used."""
        file = self.kept.file
        states = {"processing": self.tr("being made ready"), "failed": self.tr("cannot be read"), "ready": ""}
        until = ""
        if file.expires_at is not None:
            when = QDateTime.fromMSecsSinceEpoch(file.expires_at, QTimeZone.systemTimeZone())
            until = self.tr("until {0}").format(QLocale().toString(when, "d MMM yyyy, HH:mm"))
        titles = [use.title or self.tr("New chat") for use in self.kept.uses]
        used = self.tr("in {0}").format(", ".join(f"“{title}”" for title in titles)) if titles else ""
        told = (size(file.size) if file.size else "", file.media_type, states[file.state], until, used)
        return " · ".join(filter(None, told))

    def _warning(self) -> str:
        count = len(self.kept.uses)
        if not count:
            return self.tr("The provider forgets it. Nothing brings it back.")
        used = (
            self.tr("It is used in 1 chat")
            if count == 1
            else self.tr("It is used in {0} chats").format(count)
        )
        return self.tr("{0}: there it will be sent whole again.").format(used)

    def _ask(self) -> None:
        self._question.show()
        self.keep.setFocus(Qt.FocusReason.OtherFocusReason)
        announce(self, self._warning())

    def _keep(self) -> None:
        self._question.hide()
        self.delete.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def asking(self) -> bool:
        """Whether it asks before it deletes."""
        return not self._question.isHidden()


class ProviderFilesPage(SettingsPage):
    """One provider at a time; nothing is asked for before the page is seen."""

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.set_title(self.tr("Files at providers"))
        self._files: tuple[KeptFile, ...] = ()
        self._shown = PAGE
        self._reading = Rereading(self._read, self, "provider-files")
        self.provider = Select(name=self.tr("Provider"))
        self.provider.currentIndexChanged.connect(lambda _index: self._other_provider())
        self.provider_row = self.add("provider", self.tr("Provider"), self.provider)
        self.upload_button = Button(self.tr("Upload…"), icon="upload")
        self.upload_button.clicked.connect(lambda: spawn(self._choose(), owner=self, name="choose-upload"))
        self.refresh_button = Button(self.tr("Refresh"), icon="refresh-cw")
        self.refresh_button.clicked.connect(self._reading.again)
        buttons = QWidget()
        flow = Flow(buttons)
        flow.addWidget(self.upload_button)
        flow.addWidget(self.refresh_button)
        self.upload_row = self.add("upload", "", buttons)
        self.told = Label(font="small", color="text2", wrap=True)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self.more = Button(self.tr("Show more"), kind="link", size="small")
        self.more.clicked.connect(self._show_more)
        self.more.hide()
        self.body.addWidget(self.told)
        self.body.addLayout(self._list)
        self.body.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeading)
        self.body.addStretch(1)

    def rows(self) -> list[FileRow]:
        """The files that are shown, newest first."""
        items = (self._list.itemAt(at) for at in range(self._list.count()))
        return [row for item in items if item is not None and isinstance(row := item.widget(), FileRow)]

    def refresh(self) -> None:
        """Asks the provider again."""
        kept = self.provider.currentData()
        providers = self.services.provider_files.providers()
        self.provider.blockSignals(True)
        self.provider.clear()
        for endpoint in providers:
            self.provider.addItem(endpoint.name, endpoint.id)
        self.provider.setCurrentIndex(max(0, self.provider.findData(kept)))
        self.provider.blockSignals(False)
        for widget in (self.provider, self.upload_button, self.refresh_button):
            widget.setEnabled(bool(providers))
        if providers:
            self._reading.again()
        else:
            self._show(())
            self.told.setText(
                self.tr("No provider that keeps files has a key. OpenAI, Anthropic, Gemini and Mistral do.")
            )

    def _other_provider(self) -> None:
        self._show(())
        self._shown = PAGE
        self.upload_row.set_error("")
        self._reading.again()

    async def _read(self) -> None:
        provider = self.provider.currentData()
        if provider is None:
            return
        self.provider_row.set_error("")
        self.refresh_button.set_busy(True)
        try:
            found = await self.services.provider_files.list(provider)
        except ChatbenchError as error:
            if provider == self.provider.currentData():
                self._show(())
                self.told.setText("")
                self.provider_row.set_error(words_of(error))
                announce(self, words_of(error), at_once=True)
            return
        finally:
            self.refresh_button.set_busy(False)
        if provider == self.provider.currentData():
            self._show(found)
            self.told.setText(self._summary(found))

    def _summary(self, found: tuple[KeptFile, ...]) -> str:
        if not found:
            return self.tr("Nothing is kept there.")
        count = self.tr("1 file") if len(found) == 1 else self.tr("{0} files").format(len(found))
        return f"{count} · {size(sum(one.file.size for one in found))}"

    def _show(self, found: tuple[KeptFile, ...]) -> None:
        """The rows of files that are still there stay as they are, the question of one too."""
        self._files = found
        rows = {row.kept.file.id: row for row in self.rows()}
        shown = found[: self._shown]
        for at, kept in enumerate(shown):
            row = rows.pop(kept.file.id, None)
            if row is not None and row.kept != kept:
                self._drop(row)
                row = None
            if row is None:
                row = FileRow(self, kept)
            self._list.insertWidget(at, row)
        for row in rows.values():
            self._drop(row)
        self.more.setVisible(len(found) > len(shown))

    def _drop(self, row: FileRow) -> None:
        focused = QApplication.focusWidget()
        had_focus = focused is not None and row.isAncestorOf(focused)
        self._list.removeWidget(row)
        if had_focus:
            left = self.rows()
            (left[0].delete if left else self.refresh_button).setFocus(Qt.FocusReason.OtherFocusReason)
        row.hide()
        row.deleteLater()

    def _show_more(self) -> None:
        self._shown += PAGE
        self._show(self._files)

    async def _choose(self) -> None:
        dialog = QFileDialog(self.window(), self.tr("Upload files"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        chosen: list[str] = []
        dialog.filesSelected.connect(chosen.extend)
        if await ask(dialog):
            await self.upload([Path(name) for name in chosen])

    async def upload(self, paths: list[Path]) -> None:
        """Uploads files one after the other; what goes wrong stands below the button."""
        provider = self.provider.currentData()
        self.upload_row.set_error("")
        self.upload_button.setEnabled(False)
        self.upload_button.set_busy(True)
        problems = []
        try:
            for path in paths:
                try:
                    await self.services.provider_files.upload(provider, path)
                except ChatbenchError as error:
                    problems.append(words_of(error))
        finally:
            self.upload_button.set_busy(False)
            self.upload_button.setEnabled(True)
        self.upload_row.set_error("\n".join(problems))
        done = self.tr("{0} of {1} uploaded.").format(len(paths) - len(problems), len(paths))
        announce(self, " ".join((done, *problems)), at_once=bool(problems))
        self._reading.again()

    def download(self, kept: KeptFile) -> None:
        """Asks where to, and writes it."""
        spawn(self._or_tell(self._save(kept)), owner=self, name="download")

    async def _save(self, kept: KeptFile) -> None:
        dialog = QFileDialog(self.window(), self.tr("Save a copy"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        # A name may come from anybody: it names no folder.
        dialog.selectFile(re.sub(r"[\\/:\x00-\x1f]", "_", kept.file.name).lstrip(".") or "file")
        chosen: list[str] = []
        dialog.filesSelected.connect(chosen.extend)
        if await ask(dialog) and chosen:
            await self.save_to(kept, Path(chosen[0]))

    async def save_to(self, kept: KeptFile, out: Path) -> None:
        """Raises ChatbenchError."""
        written = await self.services.provider_files.download(kept.file.provider, kept.file.id, out)
        announce(self, self.tr("{0} saved, {1}.").format(out.name, size(written)))

    def delete(self, kept: KeptFile) -> None:
        """At the provider; the list is read again."""
        file = kept.file
        deleting = self.services.provider_files.delete(file.provider, file.id)
        spawn(self._or_tell(deleting), owner=self, name="delete-at-provider")

    async def _or_tell(self, work: Awaitable[object]) -> None:
        self.upload_row.set_error("")
        try:
            await work
        except ChatbenchError as error:
            self.upload_row.set_error(words_of(error))
            announce(self, words_of(error), at_once=True)
        self._reading.again()
