"""Archives listed and read in memory: zip, tar, and gzip alone or around a tar. Nothing is ever unpacked to
disk.

Each has limits before and while it is read: so many entries, so many bytes an entry, a hundred times its
packed size at most. What an entry is called inside is shown in a safe form and never used as a path.
"""

from __future__ import annotations

import io
import re
import stat
import unicodedata
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from chatbench.core.errors import AttachmentRefused

if TYPE_CHECKING:
    import tarfile
    import zipfile

MAX_ENTRIES: Final = 10_000
MAX_ENTRY_BYTES: Final = 50 << 20
MAX_RATIO: Final = 100
MAX_UNPACKED_BYTES: Final = 256 << 20
SMALL: Final = 8 << 20
"""So many bytes may come of anything, however well they were packed."""
_PIECE: Final = 1 << 18
_DAMAGED: Final = "It may be damaged: make it anew and try again."
_UNPACK: Final = "Unpack it yourself and attach the files that matter."
_NESTED: Final = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".jar", ".zst")
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)", re.IGNORECASE)
_FORBIDDEN: Final = re.compile(r'[<>:"|?*]')
_LONGEST_PART: Final = 200  # bytes of UTF-8
_CENTRAL: Final = b"PK\x01\x02"
_END: Final = b"PK\x05\x06"


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A file in an archive. `index` is what `read_entry` takes; `name` is safe to show and to use as a
    relative path; `size` in bytes; `refusal` says why it cannot be read ("" where it can)."""

    index: int
    name: str
    size: int
    refusal: str = ""


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """What is in an archive; `notes` say in words what was left out."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()


def list_archive(source: bytes | Path, name: str) -> Archive:
    """The files in a zip, tar, tar.gz or gz file. Folders, links and devices are left out.

    Raises AttachmentRefused: no archive, damaged, too many entries, or unpacking to too much.
    """
    data = content_of(source, name)
    if _is_zip(data):
        return _list_zip(data, name)
    return _list_tar(data, name)


def read_entry(source: bytes | Path, index: int, name: str) -> bytes:
    """The bytes of the entry with that index.

    Raises AttachmentRefused: there is none, it is encrypted or damaged, or it unpacks to too much.
    """
    data = content_of(source, name)
    if not _is_zip(data):
        return _read_tar(data, index, name)
    archive = opened(data, name)
    infos = archive.infolist()
    if not 0 <= index < len(infos):
        raise AttachmentRefused(f"{name} has no entry {index}.", "List it anew.")
    return unpacked(archive, infos[index], name)


def content_of(source: bytes | Path, name: str) -> bytes:
    """The bytes. Raises AttachmentRefused for a path that cannot be read."""
    if isinstance(source, bytes):
        return source
    try:
        return source.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise AttachmentRefused(f"{name} cannot be read: {reason}.", "Check its place.") from None


def safe_name(name: str) -> str:
    """A relative path with slashes that leads nowhere else on any system; "file" where nothing is left.

    Drives, roots, `..`, control and invisible characters go; what Windows forbids becomes `_`.
    """
    parts = (_safe_part(part) for part in name.replace("\\", "/").split("/"))
    return "/".join([part for part in parts if part][-32:]) or "file"


def opened(data: bytes, name: str) -> zipfile.ZipFile:
    """A zip file whose list of entries is within the limits. Raises AttachmentRefused."""
    import zipfile

    if _count_central(data) > MAX_ENTRIES:
        raise AttachmentRefused(f"{name} holds more than {MAX_ENTRIES:,} files.", _UNPACK)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    # Each is a way to say that the list is broken: a version from the future is a NotImplementedError, a name
    # that is no UTF-8 a ValueError.
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise AttachmentRefused(
            f"{name} cannot be opened: its list of contents is broken.", _DAMAGED
        ) from None
    if len(archive.filelist) > MAX_ENTRIES:
        raise AttachmentRefused(f"{name} holds more than {MAX_ENTRIES:,} files.", _UNPACK)
    return archive


def unpacked(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, most: int = MAX_ENTRY_BYTES
) -> bytes:
    """The bytes of one entry. Raises AttachmentRefused: encrypted, damaged, a bomb."""
    refusal = _zip_refusal(info, most)
    if refusal:
        raise AttachmentRefused(f"{safe_name(info.filename)} in {name}: {refusal}.", _UNPACK)
    try:
        with archive.open(info) as stream:
            return read_within(stream, info.compress_size, most, name)
    except AttachmentRefused:
        raise
    # What zipfile and the decompressors raise on broken data is not listed anywhere.
    except Exception:  # noqa: BLE001
        raise AttachmentRefused(f"{safe_name(info.filename)} in {name} is damaged.", _DAMAGED) from None


def read_within(stream: _Readable, packed: int, most: int, name: str) -> bytes:
    """All that the stream gives, `most` bytes and a hundred times `packed` at most."""
    pieces: list[bytes] = []
    size = 0
    while piece := stream.read(_PIECE):
        size += len(piece)
        if size > most or (size > SMALL and size > packed * MAX_RATIO):
            raise _bomb(name)
        pieces.append(piece)
    return b"".join(pieces)


def _bomb(name: str) -> AttachmentRefused:
    return AttachmentRefused(f"{name} unpacks to far more than it weighs; it was not unpacked.", _UNPACK)


def _safe_part(part: str) -> str:
    kinds = ((sign, unicodedata.category(sign)[0]) for sign in part)
    kept = "".join(" " if kind == "Z" else sign for sign, kind in kinds if kind != "C")
    kept = _FORBIDDEN.sub("_", re.sub(r"^[A-Za-z]:", "", kept)).strip(" ")
    kept = kept.rstrip(". ")
    if _RESERVED.match(kept):
        kept = f"_{kept}"
    if len(kept.encode()) > _LONGEST_PART:
        stem, dot, ending = kept.rpartition(".")
        tail = f"{dot}{ending}" if stem and len(ending) <= 16 else ""
        cut = kept.encode()[: _LONGEST_PART - len(tail.encode())].decode(errors="ignore")
        kept = cut.rstrip(". ") + tail
    return kept


def _is_zip(data: bytes) -> bool:
    return data[:4] in (b"PK\x03\x04", _END)


def _count_central(data: bytes) -> int:
    """Entries in the list at the end, counted before anything is made of them."""
    end = data.rfind(_END)
    if end < 0:
        return 0
    size = int.from_bytes(data[end + 12 : end + 16], "little")
    begin = 0 if size in (0, 0xFFFFFFFF) else max(0, end - size)
    return data.count(_CENTRAL, begin, end)


def _list_zip(data: bytes, name: str) -> Archive:
    archive = opened(data, name)
    entries: list[Entry] = []
    skipped = total = 0
    for index, info in enumerate(archive.infolist()):
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.is_dir():
            continue
        if kind not in (0, stat.S_IFREG):
            skipped += 1
            continue
        total += info.file_size
        refusal = _zip_refusal(info, MAX_ENTRY_BYTES) or _nested(info.filename)
        entries.append(
            Entry(index=index, name=safe_name(info.filename), size=info.file_size, refusal=refusal)
        )
    if total > SMALL and total > len(data) * MAX_RATIO:
        raise _bomb(name)
    return Archive(entries=tuple(entries), notes=_notes(skipped))


def _zip_refusal(info: zipfile.ZipInfo, most: int) -> str:
    if info.flag_bits & 0x1:
        return "it is encrypted"
    if info.file_size > most:
        return f"it unpacks to more than {most >> 20} MiB"
    if info.file_size > SMALL and info.file_size > info.compress_size * MAX_RATIO:
        return f"it unpacks to more than {MAX_RATIO} times its size"
    return ""


def _nested(name: str) -> str:
    return "it is an archive itself" if name.lower().endswith(_NESTED) else ""


def _notes(skipped: int) -> tuple[str, ...]:
    return (f"{skipped} links and devices were left out.",) if skipped else ()


def _tar_bytes(data: bytes, name: str) -> tuple[bytes, bool]:
    """The bytes behind gzip, and whether they are a tar."""
    if data[:2] == b"\x1f\x8b":
        data = _gunzipped(data, name)
    return data, data[257:262] == b"ustar" or _old_tar(data)


def _old_tar(data: bytes) -> bool:
    """Whether the first header's checksum is right: the oldest kind of tar has no other mark."""
    head = data[:512]
    if len(head) < 512 or not head[0]:
        return False
    try:
        told = int(head[148:156].strip(b"\x00 ") or b"-1", 8)
    except ValueError:
        return False
    return told == sum(head[:148]) + 256 + sum(head[156:])


def _gunzipped(data: bytes, name: str) -> bytes:
    import gzip

    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            return read_within(stream, len(data), MAX_UNPACKED_BYTES, name)
    except (OSError, EOFError, zlib.error):
        raise AttachmentRefused(f"{name} is damaged or cut off.", _DAMAGED) from None


def _list_tar(data: bytes, name: str) -> Archive:
    plain, is_tar = _tar_bytes(data, name)
    if not is_tar:
        if plain is data:
            raise AttachmentRefused(f"{name} is no archive that can be opened.", "Use zip or tar.gz.")
        inner = safe_name(name.rpartition("/")[2].removesuffix(".gz"))
        refusal = (
            "" if len(plain) <= MAX_ENTRY_BYTES else f"it unpacks to more than {MAX_ENTRY_BYTES >> 20} MiB"
        )
        return Archive(
            entries=(Entry(index=0, name=inner, size=len(plain), refusal=refusal or _nested(inner)),)
        )
    entries: list[Entry] = []
    skipped = 0
    for index, (_, member) in enumerate(_walk(plain, name)):
        if member.isreg():
            too_large = member.size > MAX_ENTRY_BYTES
            refusal = f"it unpacks to more than {MAX_ENTRY_BYTES >> 20} MiB" if too_large else ""
            refusal = refusal or _nested(member.name)
            entries.append(Entry(index=index, name=safe_name(member.name), size=member.size, refusal=refusal))
        elif not member.isdir():
            skipped += 1
    return Archive(entries=tuple(entries), notes=_notes(skipped))


def _walk(data: bytes, name: str) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    import tarfile

    count = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            while (member := archive.next()) is not None:
                count += 1
                if count > MAX_ENTRIES:
                    raise AttachmentRefused(f"{name} holds more than {MAX_ENTRIES:,} files.", _UNPACK)
                yield archive, member
    # A place that no file has is an OverflowError, a number in a map of holes that is none a ValueError.
    except (tarfile.TarError, OverflowError, ValueError):
        raise AttachmentRefused(f"{name} is damaged.", _DAMAGED) from None


def _read_tar(data: bytes, index: int, name: str) -> bytes:
    plain, is_tar = _tar_bytes(data, name)
    if not is_tar and plain is not data and index == 0 and len(plain) <= MAX_ENTRY_BYTES:
        return plain
    for at, (archive, member) in enumerate(_walk(plain, name) if is_tar else ()):
        if at == index and member.isreg() and member.size <= MAX_ENTRY_BYTES:
            stream = archive.extractfile(member)
            assert stream is not None
            return read_within(stream, len(plain), MAX_ENTRY_BYTES, name)
    raise AttachmentRefused(f"{name} has no entry {index} that can be read.", "List it anew.")
