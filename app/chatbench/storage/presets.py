"""The presets of a profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw
import msgspec

from chatbench.core.errors import StorageError
from chatbench.core.ids import new_id
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.core.presets import Preset
from chatbench.storage import rows
from chatbench.storage.database import Database

_COLUMNS = "id, name, icon, system, provider, model, parameters, position"
_decode_parameters = msgspec.json.Decoder(Parameters).decode
_BY_ID = f"SELECT {_COLUMNS} FROM presets WHERE id = ?"  # noqa: S608


class PresetStore:
    """Every write is one transaction. All methods raise StorageError and its kinds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Preset]:
        """In their order."""
        wanted = f"SELECT {_COLUMNS} FROM presets ORDER BY position, id"  # noqa: S608
        return await self._database.read(lambda c: [_preset(row) for row in c.execute(wanted)])

    async def get(self, preset_id: str) -> Preset:
        """Raises StorageError where there is none."""
        return await self._database.read(lambda c: _found(c, preset_id))

    async def save(self, preset: Preset) -> Preset:
        """Adds one without an id behind the others, under a new id; one with an id is written as it
        is, also where it was deleted. Returns what was written."""

        def write(connection: apsw.Connection) -> Preset:
            saved = preset
            if not preset.id:
                last: Any = connection.execute("SELECT max(position) FROM presets").fetchone()
                position = 0 if last[0] is None else last[0] + 1
                saved = msgspec.structs.replace(preset, id=new_id(), position=position)
            connection.execute(
                f"INSERT OR REPLACE INTO presets ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                (saved.id, rows.plain(saved.name), rows.plain(saved.icon), rows.plain(saved.system),
                 *rows.model_columns(saved.model), rows.encode(saved.parameters), saved.position),
            )  # fmt: skip
            return _found(connection, saved.id)

        return await self._database.write(write)

    async def delete(self, preset_id: str) -> Preset:
        """Returns what was deleted. Raises StorageError where there is none."""

        def write(connection: apsw.Connection) -> Preset:
            preset = _found(connection, preset_id)
            connection.execute("DELETE FROM presets WHERE id = ?", (preset_id,))
            return preset

        return await self._database.write(write)

    async def arrange(self, ids: Sequence[str]) -> None:
        """Puts these first, in this order; the others follow as they stood."""

        def write(connection: apsw.Connection) -> None:
            others = [
                str(row[0]) for row in connection.execute("SELECT id FROM presets ORDER BY position, id")
            ]
            ordered = [*ids, *(one for one in others if one not in ids)]
            connection.executemany(
                "UPDATE presets SET position = ? WHERE id = ?", [(at, one) for at, one in enumerate(ordered)]
            )

        await self._database.write(write)


def _found(connection: apsw.Connection, preset_id: str) -> Preset:
    row: Any = connection.execute(_BY_ID, (preset_id,)).fetchone()
    if row is None:
        raise StorageError("There is no such preset.", "It may have been deleted.")
    return _preset(row)


def _preset(row: tuple[Any, ...]) -> Preset:
    return Preset(
        id=row[0],
        name=row[1],
        icon=row[2],
        system=row[3],
        model=ModelRef(row[4], row[5]) if row[4] is not None else None,
        parameters=_decode_parameters(row[6]),
        position=row[7],
    )
