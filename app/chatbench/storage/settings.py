"""Settings in a TOML file that a person may edit by hand, and that several programs may write."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from chatbench.core.errors import ConfigurationError
from chatbench.storage import failures
from chatbench.storage.owners import hold
from chatbench.storage.textfiles import broken_toml, replace_file

T = TypeVar("T", bound=msgspec.Struct)


class SettingsFile(Generic[T]):
    """The file at `path`, read as `kind`: a Struct with defaults that leaves them out. What is not
    a field of it stays in the file as it is, comments too."""

    def __init__(self, path: Path, kind: type[T]) -> None:
        self.path = path
        self._kind = kind

    def read(self) -> T:
        """The settings; the defaults where there is no file. Raises ConfigurationError that names
        the line."""
        data = b""
        try:
            data = self.path.read_bytes()
            return msgspec.toml.decode(data, type=self._kind)
        except FileNotFoundError:
            return self._kind()
        except OSError as error:
            raise ConfigurationError(
                f"{self.path.name} cannot be read: {error.strerror}.", f"Allow reading {self.path}."
            ) from error
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise broken_toml(self.path, data, error) from error

    def change(self, edit: Callable[[T], T]) -> T:
        """Writes what `edit` makes of the settings as they are now, and returns it. Other programs
        that change the file wait meanwhile, so that none undoes another's change.

        Raises ConfigurationError where the file is broken; StorageError where it cannot be written;
        and whatever `edit` raises. The file is then as it was.
        """
        with self._alone():
            before = self.read()
            wanted = edit(before)
            if wanted != before:
                self._write(wanted)
        return wanted

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            handle = os.open(self.path.with_name(f".{self.path.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise failures.system_error(error, self.path) from error
        try:
            hold(handle)
            yield
        finally:
            os.close(handle)

    def _write(self, wanted: T) -> None:
        import tomlkit

        try:
            document = tomlkit.parse(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            document = tomlkit.document()
        told = msgspec.to_builtins(wanted)
        for name in set(document) - set(told):
            if name in self._kind.__struct_fields__:
                del document[name]
        for name, value in told.items():
            if isinstance(value, dict) and isinstance(document.get(name), dict):
                _update(document[name], value)
            elif document.get(name) != value:
                document[name] = value
        replace_file(self.path, tomlkit.dumps(document).encode())


def _update(table: dict[str, object], wanted: dict[str, object]) -> None:
    """Makes `table` equal to `wanted`, touching only what differs: comments within it stay."""
    for name in set(table) - set(wanted):
        del table[name]
    for name, value in wanted.items():
        if table.get(name) != value:
            table[name] = value
