"""A conversation taken out of one database whole and put into another, under the same ids."""

from __future__ import annotations

from typing import Any, Final

import apsw

from chatbench.storage import rows, search, turns

Row = dict[str, Any]
Taken = dict[str, list[Row]]
"""Table → its rows of the conversation, in their order, without the numbers a table gives itself."""

_OF: Final = {
    "conversations": "SELECT * FROM conversations WHERE id = :id",
    "lanes": "SELECT * FROM lanes WHERE conversation_id = :id",
    "messages": "SELECT m.*, c.parts, c.details FROM messages AS m JOIN contents AS c USING (seq) "
    "WHERE conversation_id = :id ORDER BY m.seq",
    "waiting": "SELECT * FROM waiting WHERE conversation_id = :id ORDER BY seq",
    "drafts": "SELECT * FROM drafts WHERE conversation_id IN (:id, :edit)",
    "unsent": "SELECT * FROM unsent WHERE conversation_id = :id",
    "unsent_files": "SELECT * FROM unsent_files WHERE conversation_id = :id",
    "summaries": "SELECT * FROM summaries WHERE conversation_id = :id",
    "asides": "SELECT * FROM asides WHERE conversation_id = :id ORDER BY seq",
    "ratings": "SELECT r.* FROM ratings AS r JOIN messages AS m ON m.id = r.message_id "
    "WHERE m.conversation_id = :id",
}


def take(connection: apsw.Connection, conversation_id: str) -> Taken:
    """Everything there is of it; what is deleted for the time being too."""
    named = {"id": conversation_id, "edit": rows.draft_key(conversation_id, edit=True)}
    return {table: _rows(connection, wanted, named) for table, wanted in _OF.items()}


def put(connection: apsw.Connection, taken: Taken) -> None:
    """Writes it, with its place in the index and what its messages refer to."""
    for table, found in taken.items():
        for row in found:
            if table == "messages":
                _put_message(connection, row)
                continue
            seq = _insert(connection, table, row)
            if table == "conversations" and row["title"]:
                search.index_title(connection, seq, row["title"])


def ids(taken: Taken) -> list[str]:
    """What it and all that belongs to it is called by."""
    return [str(row["id"]) for table in ("conversations", "lanes", "messages") for row in taken[table]]


def _rows(connection: apsw.Connection, wanted: str, named: dict[str, str]) -> list[Row]:
    cursor = connection.execute(wanted, named)
    found: list[Row] = []
    for values in cursor:
        names = [column[0] for column in cursor.get_description()]
        found.append({name: one for name, one in zip(names, values, strict=True) if name != "seq"})
    return found


def _put_message(connection: apsw.Connection, row: Row) -> None:
    content = {name: row[name] for name in ("parts", "details")}
    seq = _insert(connection, "messages", {name: one for name, one in row.items() if name not in content})
    _insert(connection, "contents", {"seq": seq, **content})
    turns.refer_and_index(connection, seq, rows.parts_of(row["parts"]))


def _insert(connection: apsw.Connection, table: str, row: Row) -> int:
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))  # noqa: S608
    return connection.last_insert_rowid()
