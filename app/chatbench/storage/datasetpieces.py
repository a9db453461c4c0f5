"""Rows of a data set in their order: a list of pieces that are never changed, so that versions share them.

The digest of a list of rows is a polynomial over the rows' digests modulo a prime: those of two lists give
that of both, one behind the other, and how a list is cut into pieces does not show in it.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, NamedTuple

import apsw
import msgspec

PIECE_ROWS = 512
"""How long a piece is made; it may grow to twice that."""
_PRIME = 2**127 - 1
_BASE = int.from_bytes(hashlib.sha256(b"rows of a data set").digest()) % _PRIME
_DIGEST_BYTES = 16


class Piece(NamedTuple):
    """`refs` are `seq`s of rows; `seq` is None until it is stored."""

    seq: int | None
    refs: array[int]
    digest: int


def row_digest(values: str) -> bytes:
    """What tells the values of a row (16 bytes of a SHA-256)."""
    return hashlib.sha256(values.encode()).digest()[:_DIGEST_BYTES]


def digest_of(digests: Iterable[bytes]) -> int:
    """Of rows in this order."""
    found = 0
    for one in digests:
        found = (found * _BASE + int.from_bytes(one)) % _PRIME
    return found


def joined(pieces: Iterable[Piece]) -> int:
    """The digest of the rows of all pieces, one behind the other."""
    found = 0
    for piece in pieces:
        found = (found * pow(_BASE, len(piece.refs), _PRIME) + piece.digest) % _PRIME
    return found


def version_digest(columns: str, pieces: Sequence[Piece]) -> str:
    """SHA-256 (hex) that tells a content, its columns (JSON) included."""
    count = sum(len(piece.refs) for piece in pieces)
    return hashlib.sha256(f"{columns}\n{count}\n{joined(pieces):x}".encode()).hexdigest()


class Pieces:
    """The pieces of one version while they are edited; each change makes new ones where it has to."""

    def __init__(self, connection: apsw.Connection, pieces: Sequence[Piece]) -> None:
        self._connection = connection
        self._pieces = list(pieces)

    def __len__(self) -> int:
        return sum(len(piece.refs) for piece in self._pieces)

    @property
    def all(self) -> tuple[Piece, ...]:
        return tuple(self._pieces)

    def refs(self) -> array[int]:
        """Every row in order."""
        whole: array[int] = array("q")
        for piece in self._pieces:
            whole.extend(piece.refs)
        return whole

    def replace(self, changed: Mapping[int, int]) -> None:
        """Other rows in the places of some."""
        self._change(changed.keys(), lambda refs: array("q", [changed.get(ref, ref) for ref in refs]))

    def remove(self, gone: Set[int]) -> None:
        self._change(gone, lambda refs: array("q", [ref for ref in refs if ref not in gone]))

    def insert(self, place: int, refs: Sequence[int]) -> None:
        """Before the row at `place` (from 0), or at the end."""
        if not refs:
            return
        begins = 0
        for at, piece in enumerate(self._pieces):
            if place < begins + len(piece.refs) or (
                at == len(self._pieces) - 1 and len(piece.refs) + len(refs) <= 2 * PIECE_ROWS
            ):
                cut = min(place - begins, len(piece.refs))
                self._pieces[at : at + 1] = self._cut([*piece.refs[:cut], *refs, *piece.refs[cut:]])
                return
            begins += len(piece.refs)
        self._pieces += self._cut(refs)

    def set(self, refs: Sequence[int]) -> None:
        """These rows, in this order, and no others."""
        self._pieces = self._cut(refs)

    def _change(self, touched: Set[int], change: Callable[[array[int]], array[int]]) -> None:
        pieces: list[Piece] = []
        for piece in self._pieces:
            if touched.isdisjoint(piece.refs):
                pieces.append(piece)
            elif refs := change(piece.refs):
                pieces.append(self._made(refs))
        self._pieces = pieces

    def _cut(self, refs: Sequence[int]) -> list[Piece]:
        if len(refs) <= 2 * PIECE_ROWS:
            return [self._made(array("q", refs))]
        starts = range(0, len(refs), PIECE_ROWS)
        return [self._made(array("q", refs[start : start + PIECE_ROWS])) for start in starts]

    def _made(self, refs: array[int]) -> Piece:
        found = self._connection.execute(
            "SELECT r.digest FROM json_each(?) AS e CROSS JOIN dataset_rows AS r ON r.seq = e.value "
            "ORDER BY e.key",
            (numbers(refs),),
        )
        return Piece(None, refs, digest_of(bytes(row[0]) for row in found))


def numbers(refs: Sequence[int]) -> str:
    """As the JSON that `json_each` takes."""
    return msgspec.json.encode(list(refs)).decode()


def load(connection: apsw.Connection, pieces: str) -> list[Piece]:
    """The pieces of a version, from its column of that name."""
    found: Any = connection.execute(
        "SELECT p.seq, p.rows, p.digest FROM json_each(?) AS e CROSS JOIN dataset_pieces AS p "
        "ON p.seq = e.value ORDER BY e.key",
        (pieces,),
    )
    return [Piece(seq, array("q", rows), int.from_bytes(digest)) for seq, rows, digest in found]


def store(connection: apsw.Connection, dataset_id: str, pieces: Iterable[Piece]) -> str:
    """Writes those that are new; returns what the version's column holds."""
    seqs: list[int] = []
    for piece in pieces:
        seq = piece.seq
        if seq is None:
            connection.execute(
                "INSERT INTO dataset_pieces (dataset_id, rows, digest) VALUES (?, ?, ?)",
                (dataset_id, piece.refs.tobytes(), piece.digest.to_bytes(_DIGEST_BYTES)),
            )
            seq = connection.last_insert_rowid()
        seqs.append(seq)
    return numbers(seqs)
