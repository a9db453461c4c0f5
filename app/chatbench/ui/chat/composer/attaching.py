"""The ways in: what a paste, a drop, a dialog or an address brings becomes attachments of one composer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from PySide6.QtCore import QMimeData, QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from chatbench.core.messages import MediaPart
from chatbench.ui.chat.composer.attachment import Progress
from chatbench.ui.chat.composer.attachments import Attachments
from chatbench.ui.chat.composer.choosing import MOST_AT_ONCE, FileChooser, Listing, in_slices
from chatbench.ui.chat.composer.files import addresses, offered_files, path_of, picture_of
from chatbench.ui.chat.composer.filetree import Choice
from chatbench.ui.chat.composer.htmlpictures import pictures_in
from chatbench.ui.quantities import number

if TYPE_CHECKING:
    from chatbench.services.attachments import Candidate, Entry

T = TypeVar("T")

WAYS = (
    "chat.attach", "chat.attach-folder", "chat.attach-web", "chat.attach-screenshot", "chat.attach-screen",
    "chat.attach-record",
    None, "chat.attach-chat",
)  # fmt: skip
"""The actions of the menu at the paperclip, as the window's registry calls them; those that are not there
are left out."""


class Attaching(QObject):
    """For one composer, whose windows its dialogs stand above. ``remote_offered(list of str)``: pictures
    that something pasted shows from the web, which nobody has fetched."""

    remote_offered = Signal(object)

    def __init__(self, attachments: Attachments, conversation_id: str, owner: QWidget) -> None:
        super().__init__(owner)
        self._attachments = attachments
        self._service = attachments.services.attachments
        self._conversation_id = conversation_id
        self._owner = owner
        self._waiting: list[Callable[[], FileChooser]] = []
        self.chooser: FileChooser | None = None
        """The list of files to choose from, while it is shown."""
        attachments.choice_wanted.connect(self.choose_of)

    # What is given.

    def paths(self, paths: Sequence[Path]) -> None:
        """Attaches files; what is refused says so in its place, and of very many some are chosen."""
        if len(paths) > MOST_AT_ONCE:
            self._choose_among(paths, lambda path: path)
        else:
            self._attachments.add_paths(paths)

    def mime(self, mime: QMimeData, *, fetch: bool = False) -> bool:
        """Attaches the files or the pictures of a clipboard or a drag; False where it has none. With
        `fetch` also what it names on the web."""
        if files := offered_files(mime):
            if len(files) > MOST_AT_ONCE:
                self._choose_among(files, path_of)
            else:
                self.paths([path_of(file) for file in files])
            return True
        picture = picture_of(mime)
        if not picture.isNull():
            self._attachments.add_picture(picture, self.tr("Pasted picture.png"))
            return True
        if fetch and (urls := addresses(mime)):
            self.addresses(urls)
            return True
        return mime.hasHtml() and self.html(mime.html())

    def html(self, html: str) -> bool:
        """Attaches the pictures that a page has in itself, and offers those it shows from the web."""
        found = pictures_in(html)
        for data, name in found.held:
            self._attachments.add_bytes(data, name)
        if found.remote:
            self.remote_offered.emit(found.remote)
        return bool(found.held or found.remote)

    def addresses(self, urls: Sequence[str]) -> None:
        """Fetches from the web."""
        for url in urls:
            self._attachments.add_address(url, urlsplit(url).hostname or url)

    # Dialogs.

    def choose_files(self) -> None:
        """Asks for files of any kind."""
        dialog = self._dialog(self.tr("Attach files"), QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda names: self.paths([Path(name) for name in names]))
        dialog.open()

    def choose_folder(self) -> None:
        """Asks for a folder, of which files are chosen."""
        dialog = self._dialog(self.tr("Attach files of a folder"), QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.filesSelected.connect(lambda names: self.paths([Path(name) for name in names]))
        dialog.open()

    def _dialog(self, title: str, mode: QFileDialog.FileMode) -> QFileDialog:
        dialog = QFileDialog(self._owner.window(), title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(mode)
        return dialog

    def from_web(self, address: str = "") -> None:
        """Asks for an address of the web."""
        from chatbench.ui.chat.composer.web import WebDialog

        dialog = WebDialog(self._attachments, self._conversation_id, address, self._owner.window())
        dialog.open()

    def from_chat(self) -> None:
        """Shows the files of this chat, to attach them again."""
        from chatbench.ui.chat.composer.earlier import EarlierFiles

        dialog = EarlierFiles(self._attachments.services, self._conversation_id, self._owner.window())
        dialog.chosen.connect(self._again)
        dialog.open()

    def _again(self, parts: Sequence[MediaPart]) -> None:
        for part in parts:
            self._attachments.add_part(part)

    def open_menu(self, anchor: QWidget) -> None:
        """All ways in, below or above the button."""
        commands = getattr(self._owner.window(), "commands", None)
        if commands is not None and "chat.attach" in commands:
            menu: QMenu = commands.menu(anchor, WAYS)
        else:
            menu = QMenu(anchor)
            menu.addAction(self.tr("Attach files"), self.choose_files)
            menu.addAction(self.tr("Attach a folder"), self.choose_folder)
            menu.addAction(self.tr("Attach from the web…"), self.from_web)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(self.tr("Attach"))
        menu.setAccessibleDescription(anchor.accessibleDescription())
        # What cannot be done here says why.
        menu.setToolTipsVisible(True)
        size = menu.sizeHint()
        menu.popup(anchor.mapToGlobal(QPoint(0, -size.height() - 4)))

    # Choosing among many.

    def choose_of(self, path: Path) -> None:
        """Lists a folder or an archive, to choose files of it."""
        self._open(partial(self._chooser_of, path))

    def _choose_among(self, files: Sequence[T], where: Callable[[T], Path]) -> None:
        self._open(partial(self._chooser_among, files, where))

    def _open(self, make: Callable[[], FileChooser]) -> None:
        """One after the other, where several are dropped at once."""
        if self.chooser is not None:
            self._waiting.append(make)
            return
        self.chooser = make()
        self.chooser.destroyed.connect(self._closed)
        self.chooser.open()

    def _closed(self) -> None:
        self.chooser = None
        if self._waiting:
            self._open(self._waiting.pop(0))

    def _chooser_among(self, given: Sequence[T], where: Callable[[T], Path]) -> FileChooser:
        paths: list[Path] = []

        async def read(_found: Callable[[int], None]) -> Listing:
            paths.extend(await in_slices(where, given))
            files = await self._service.look(paths)
            note = self.tr("{0} files at most can be attached at a time.").format(number(MOST_AT_ONCE))
            return Listing(await in_slices(_choice_of, files), (note,))

        dialog = FileChooser(self.tr("{0} files").format(number(len(given))), read, self._owner.window())
        dialog.chosen.connect(lambda numbers: self._attachments.add_paths([paths[one] for one in numbers]))
        return dialog

    def _chooser_of(self, path: Path) -> FileChooser:
        entries: list[Entry] = []
        inside: list[Path] = []

        async def read(found: Callable[[int], None]) -> Listing:
            (told,) = await self._service.look([path])
            if told.kind != "folder":
                listed = await self._service.list_archive(path)
                entries.extend(listed.entries)
                return Listing(await in_slices(self._choice, entries), listed.notes)
            folder = await self._service.list_folder(path, found)
            inside.extend(path / one.path for one in folder.files)
            ignored = self.tr("Hidden files and what .gitignore names are left out.")
            files = await in_slices(lambda one: Choice(one.path, one.size, one.media_type), folder.files)
            return Listing(files, (*folder.notes, ignored))

        def take(numbers: Sequence[int]) -> None:
            if inside:
                self._attachments.add_paths([inside[one] for one in numbers])
            for one in numbers if entries else ():
                self._add_entry(path, entries[one])

        dialog = FileChooser(path.name, read, self._owner.window())
        dialog.chosen.connect(take)
        return dialog

    def _choice(self, entry: Entry) -> Choice:
        kind = self._service.named(Path(entry.name)).media_type
        return Choice(entry.name, entry.size, kind, entry.refusal)

    def _add_entry(self, path: Path, entry: Entry) -> None:
        async def take(password: str, _progress: Progress) -> MediaPart:
            return await self._service.attach_entry(
                path, entry, None, conversation_id=self._conversation_id, password=password
            )

        self._attachments.add(entry.name.rpartition("/")[2], take)


def _choice_of(file: Candidate) -> Choice:
    return Choice(file.name, file.size, file.media_type)
