"""What types and roles of columns are called, and their marks."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication

from chatbench.core.datasets import ColumnRole, ColumnType

TYPES: Final[tuple[ColumnType, ...]] = ("text", "number", "boolean", "json", "file", "image")
ROLES: Final[tuple[ColumnRole, ...]] = ("input", "expected", "tags", "split")
ICONS: Final[dict[ColumnType, str]] = {
    "text": "type",
    "number": "hash",
    "boolean": "square-check",
    "json": "braces",
    "file": "file-text",
    "image": "image",
}


def tr(text: str) -> str:
    return QCoreApplication.translate("Dataset", text)


def type_word(kind: ColumnType) -> str:
    words = {
        "text": tr("text"),
        "number": tr("number"),
        "boolean": tr("true or false"),
        "json": tr("JSON"),
        "file": tr("file"),
        "image": tr("image"),
    }
    return words[kind]


def role_word(role: ColumnRole) -> str:
    words = {
        "input": tr("input"),
        "expected": tr("expected answer"),
        "tags": tr("tags"),
        "split": tr("split"),
    }
    return words[role]
