"""Files of a folder, an archive or a drop as a tree to choose from, or what matches a search."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from PySide6.QtCore import (
    QAbstractItemModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtGui import QIcon

from chatbench.services.attachments import Candidate
from chatbench.ui import icons
from chatbench.ui.chat.composer.sendwords import shown_name
from chatbench.ui.quantities import size as size_of

Index = QModelIndex | QPersistentModelIndex
NAME, KIND, SIZE = range(3)
_ROOT: Final = 0
_ROWS_AT_ONCE: Final = 200
_TEXTS: Final = ("document", "unknown")
_MARKS: Final = {"picture": "image", "sound": "audio-lines", "film": "film", "archive": "archive"}


def tr(text: str) -> str:
    """The reader's language."""
    return QCoreApplication.translate("FileChooser", text)


class Choice(NamedTuple):
    """A file that may be chosen: `path` with slashes, `size` in bytes, `refusal` why it cannot be read."""

    path: str
    size: int | None
    media_type: str
    refusal: str = ""

    @property
    def kind(self) -> str:
        """What people call it, as a word of the program."""
        return Candidate(name=self.path, media_type=self.media_type).kind


class _Node:
    """A folder, or a file by its number (`file` is -1 for a folder)."""

    __slots__ = ("children", "chosen", "count", "file", "id", "name", "parent", "row", "shown")

    def __init__(self, id_: int, name: str, parent: _Node | None, file: int) -> None:
        self.id = id_
        self.name = name
        self.parent = parent
        self.file = file
        self.row = len(parent.children) if parent is not None else 0
        self.children: list[_Node] = []
        self.count = self.chosen = self.shown = 0
        """Files below it that can be chosen, those that are, and rows that the view has asked for."""


class Listed:
    """Files as a tree, which grows by one after the other."""

    def __init__(self) -> None:
        self.files: list[Choice] = []
        self.kinds: list[str] = []
        self.lowered: list[str] = []
        self.nodes = [_Node(_ROOT, "", None, -1)]
        self.leaves: list[_Node] = []
        self._folders: dict[str, _Node] = {"": self.nodes[_ROOT]}

    def add(self, file: Choice) -> None:
        """The next file."""
        self.leaves.append(self._leaf(len(self.files), file))
        self.files.append(file)
        self.kinds.append(file.kind)
        self.lowered.append(file.path.casefold())

    def _leaf(self, number: int, file: Choice) -> _Node:
        base, _, name = file.path.rpartition("/")
        leaf = self._node(name, self._folder(base), number)
        if not file.refusal:
            node: _Node | None = leaf
            while node is not None:
                node.count += 1
                node = node.parent
        return leaf

    def _folder(self, path: str) -> _Node:
        found = self._folders.get(path)
        if found is None:
            base, _, name = path.rpartition("/")
            found = self._folders[path] = self._node(name, self._folder(base), -1)
        return found

    def _node(self, name: str, parent: _Node, file: int) -> _Node:
        made = _Node(len(self.nodes), name, parent, file)
        self.nodes.append(made)
        parent.children.append(made)
        return made


class FileTree(QAbstractItemModel):
    """`changed_choice` is called when another set of files is chosen."""

    def __init__(self, changed_choice: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._changed_choice = changed_choice
        self.listed = Listed()
        self.chosen: set[int] = set()
        """Numbers of the chosen files."""
        self.size = self.text_size = 0
        """Bytes of what is chosen, and of the texts among it."""
        self._found: list[_Node] | None = None
        self._found_shown = 0

    @property
    def files(self) -> Sequence[Choice]:
        """All files, by their numbers."""
        return self.listed.files

    def show_files(self, listed: Listed) -> None:
        """Other files, of which none is chosen."""
        self.beginResetModel()
        self.listed, self.chosen, self._found = listed, set(), None
        self.size = self.text_size = 0
        self.endResetModel()

    # Choosing.

    def search(self, query: str) -> None:
        """Only the files whose path holds every word of it; all, in their folders, for ""."""
        words = query.casefold().split()
        self.beginResetModel()
        self._found, self._found_shown = None, 0
        for node in self.listed.nodes:
            node.shown = 0
        if words:
            self._found = [
                self.listed.leaves[number]
                for number, path in enumerate(self.listed.lowered)
                if all(word in path for word in words)
            ]
        self.endResetModel()

    def shown(self) -> list[int]:
        """The numbers of the files in view that can be chosen."""
        leaves = self.listed.leaves if self._found is None else self._found
        return [leaf.file for leaf in leaves if leaf.count]

    def choose(self, numbers: Iterable[int], on: bool) -> None:
        """Chooses files, or no longer."""
        for number in numbers:
            leaf = self.listed.leaves[number]
            if leaf.count and (number in self.chosen) != on:
                (self.chosen.add if on else self.chosen.discard)(number)
                size = (self.files[number].size or 0) * (1 if on else -1)
                self.size += size
                self.text_size += size if self.listed.kinds[number] in _TEXTS else 0
                node: _Node | None = leaf
                while node is not None:
                    node.chosen += 1 if on else -1
                    node = node.parent
        self._redraw()
        self._changed_choice()

    def _redraw(self) -> None:
        """A folder's box depends on what is below it, and the other way round."""
        above = [QModelIndex()]
        if self._found is None:
            nodes = self.listed.nodes[1:]
            above += [self.createIndex(one.row, 0, one.id) for one in nodes if one.shown]
        for parent in above:
            if rows := self.rowCount(parent):
                self.dataChanged.emit(self.index(0, 0, parent), self.index(rows - 1, 0, parent))

    def _files_below(self, node: _Node) -> list[int]:
        if node.file >= 0:
            return [node.file]
        return [number for child in node.children for number in self._files_below(child)]

    # As Qt asks.

    def _of(self, index: Index) -> _Node:
        return self.listed.nodes[int(index.internalId()) if index.isValid() else _ROOT]

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        rows = self._found if self._found is not None else self._of(parent).children
        if not 0 <= row < len(rows) or (self._found is not None and parent.isValid()):
            return QModelIndex()
        return self.createIndex(row, column, rows[row].id)

    def parent(self, child: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override] # noqa: B008
        above = self._of(child).parent if child.isValid() and self._found is None else None
        if above is None or above.id == _ROOT:
            return QModelIndex()
        return self.createIndex(above.row, 0, above.id)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if parent.column() > 0:
            return 0
        if self._found is not None:
            return 0 if parent.isValid() else self._found_shown
        return self._of(parent).shown

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008
        if self._found is not None:
            return not parent.isValid() and bool(self._found)
        return bool(self._of(parent).children)

    def canFetchMore(self, parent: Index) -> bool:
        return self._rows_hidden(parent) > 0

    def fetchMore(self, parent: Index) -> None:
        """A view asks for rows when it comes to the end of those it has."""
        more = min(_ROWS_AT_ONCE, self._rows_hidden(parent))
        first = self.rowCount(parent)
        if more <= 0:
            return
        self.beginInsertRows(parent, first, first + more - 1)
        if self._found is not None:
            self._found_shown += more
        else:
            self._of(parent).shown += more
        self.endInsertRows()

    def _rows_hidden(self, parent: Index) -> int:
        if self._found is not None:
            return 0 if parent.isValid() else len(self._found) - self._found_shown
        node = self._of(parent)
        return len(node.children) - node.shown

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 3

    def flags(self, index: Index) -> Qt.ItemFlag:
        node = self._of(index)
        if not node.count:
            return Qt.ItemFlag.ItemIsSelectable
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == NAME else flags

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (tr("Name"), tr("Kind"), tr("Size"))[section]
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        node = self._of(index)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._words(node, index.column())
        if index.column() == SIZE and role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if index.column() != NAME:
            return None
        if role == Qt.ItemDataRole.CheckStateRole and node.count:
            states = Qt.CheckState
            if node.chosen == node.count:
                return states.Checked
            return states.PartiallyChecked if node.chosen else states.Unchecked
        if role == Qt.ItemDataRole.DecorationRole:
            return self._mark(node)
        if role == Qt.ItemDataRole.ToolTipRole and node.file >= 0:
            return self.files[node.file].refusal or self.files[node.file].path
        return None

    def _mark(self, node: _Node) -> QIcon:
        if node.file < 0:
            return icons.icon("folder", "text2")
        return icons.icon(_MARKS.get(self.listed.kinds[node.file], "file-text"), "text2")

    def _words(self, node: _Node, column: int) -> str:
        if node.file < 0:
            return (shown_name(node.name), "", "")[column]
        file = self.files[node.file]
        if column == NAME:
            return shown_name(node.name if self._found is None else file.path)
        if column == KIND:
            return file.refusal or kind_words(self.listed.kinds[node.file])
        return "" if file.size is None else size_of(file.size)

    def setData(self, index: Index, value: Any, role: int = 0) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != NAME:
            return False
        node = self._of(index)
        # A folder of which a part is chosen is chosen whole first.
        self.choose(self._files_below(node), node.chosen < node.count)
        return True


def kind_words(kind: str) -> str:
    """A kind as people say it."""
    words = {
        "picture": tr("Picture"),
        "pdf": tr("PDF"),
        "document": tr("Text"),
        "archive": tr("Archive"),
        "sound": tr("Sound"),
        "film": tr("Film"),
        "folder": tr("Folder"),
    }
    return words.get(kind, tr("Unknown"))
