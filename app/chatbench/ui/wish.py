"""What a start of the program asks for: the window or the quick chat, and files to attach."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

MOST_FILES: Final = 100
_LONGEST_PATH: Final = 4096
_LONGEST_TOKEN: Final = 256


class Wish(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`files` are absolute paths as the system writes them; `activation` is the desktop's leave to
    come to the front. Raises ValueError for what no start of the program would say."""

    quick: bool = False
    files: tuple[bytes, ...] = ()
    activation: str = ""

    def __post_init__(self) -> None:
        if len(self.files) > MOST_FILES or any(not _is_path(raw) for raw in self.files):
            raise ValueError("`files` must be few, and absolute")
        if not _is_token(self.activation):
            raise ValueError("`activation` is no token")

    @classmethod
    def of(cls, quick: bool, files: Iterable[str], environ: Mapping[str, str]) -> Wish:
        """What this process was started with; files beyond the hundredth are left out."""
        paths = [os.fsencode(Path(file).absolute()) for file in files]
        token = environ.get("XDG_ACTIVATION_TOKEN", "")
        return cls(
            quick=quick,
            files=tuple(path for path in paths if len(path) <= _LONGEST_PATH)[:MOST_FILES],
            activation=token if _is_token(token) else "",
        )

    def paths(self) -> list[Path]:
        """The files it names; nobody has looked whether they are there."""
        return [Path(os.fsdecode(raw)) for raw in self.files]


def _is_path(raw: bytes) -> bool:
    return len(raw) <= _LONGEST_PATH and b"\0" not in raw and Path(os.fsdecode(raw)).is_absolute()


def _is_token(token: str) -> bool:
    return len(token) <= _LONGEST_TOKEN and token.isascii() and (not token or token.isprintable())
