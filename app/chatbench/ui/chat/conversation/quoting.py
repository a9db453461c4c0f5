"""Words of a message in the composer, as a Markdown quotation."""

from __future__ import annotations

from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QPlainTextEdit


def quotation(text: str) -> str:
    """The text with a mark before each line, and an empty line after it."""
    lines = text.strip("\n").split("\n")
    return "\n".join(f"> {line}".rstrip() for line in lines) + "\n\n"


def insert_quotation(editor: QPlainTextEdit, text: str) -> None:
    """Puts it where the cursor is, apart from the words before; one undo takes it back."""
    if not text.strip():
        return
    cursor = editor.textCursor()
    cursor.beginEditBlock()
    cursor.setPosition(cursor.selectionEnd())
    if cursor.block().text().strip():
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock)
        cursor.insertText("\n\n")
    elif cursor.block().previous().text().strip():
        cursor.insertText("\n")
    cursor.insertText(quotation(text))
    cursor.endEditBlock()
    editor.setTextCursor(cursor)
    editor.ensureCursorVisible()
