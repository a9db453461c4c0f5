"""Zip files of XML, as office programs and e-books are: parts by name, relations, XML without surprises."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.archives import MAX_ENTRY_BYTES, MAX_RATIO, SMALL, content_of, opened, unpacked

DAMAGED: Final = "It may be damaged: open it in its own program and save it anew."
_RELATION: Final = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STRICT: Final = b"http://purl.oclc.org/ooxml/"
_TRANSITIONAL: Final = b"http://schemas.openxmlformats.org/"
_PIECE: Final = 1 << 16
_DEFINES: Final = re.compile(rb"<!ENTITY|<!DOCTYPE[^>]*\[")


class Package:
    """An opened file; every method raises AttachmentRefused for what is damaged or a bomb."""

    def __init__(self, source: Any, name: str) -> None:
        data = content_of(source, name)
        if data.startswith(_OLE):
            raise _old_or_encrypted(data, name)
        self.name = name
        self._archive = opened(data, name)
        self._infos = {info.filename.lstrip("/"): info for info in self._archive.infolist()}

    def __contains__(self, path: str) -> bool:
        return path in self._infos

    def names(self) -> list[str]:
        """Every part's name, in the file's order."""
        return list(self._infos)

    def read(self, path: str, most: int = MAX_ENTRY_BYTES) -> bytes:
        """The bytes of a part."""
        info = self._infos.get(path)
        if info is None:
            raise AttachmentRefused(f"{self.name} cannot be read: it lacks {path[:100]}.", DAMAGED)
        return unpacked(self._archive, info, self.name, most)

    def pieces(self, path: str) -> Iterator[bytes]:
        """The bytes of a part piece by piece, for one who stops in time."""
        info = self._infos.get(path)
        if info is None or info.flag_bits & 0x1:
            raise AttachmentRefused(f"{self.name} cannot be read: it lacks {path[:100]}.", DAMAGED)
        if info.file_size > SMALL and info.file_size > info.compress_size * MAX_RATIO:
            raise AttachmentRefused(
                f"{self.name} unpacks to far more than it weighs; it was not unpacked.",
                "Save the part that matters as plain text.",
            )
        try:
            with self._archive.open(info) as stream:
                while piece := stream.read(_PIECE):
                    yield piece
        # What zipfile and the decompressors raise on broken data is not listed anywhere: of 150,000 files
        # with wrong bytes they raised nine kinds.
        except Exception:  # noqa: BLE001
            raise AttachmentRefused(f"{self.name} cannot be read: a part of it is broken.", DAMAGED) from None

    def xml(self, path: str) -> Any:
        """The root element of a part."""
        data = self.read(path)
        if _STRICT in data[:4096]:
            # Two spellings of the same names: "…/wordprocessingml/main" and "…/wordprocessingml/2006/main".
            data = re.sub(re.escape(_STRICT) + rb"(\w+)/", _TRANSITIONAL + rb"\1/2006/", data)
        return parse_xml(data, self.name)

    def optional_xml(self, path: str) -> Any:
        """The root element of a part; None where there is no such part."""
        return self.xml(path) if path in self._infos else None

    def relations(self, path: str) -> dict[str, tuple[str, str, bool]]:
        """What a part ("" is the package) points to: id -> last word of the type, target, is it outside."""
        folder, _, part = path.rpartition("/")
        root = self.optional_xml(posixpath.join(folder, "_rels", f"{part}.rels"))
        found: dict[str, tuple[str, str, bool]] = {}
        for one in root.iter(_RELATION) if root is not None else ():
            outside = one.get("TargetMode") == "External"
            target = one.get("Target", "")
            if not outside:
                target = resolved(folder, target)
            found[one.get("Id", "")] = (one.get("Type", "").rpartition("/")[2], target, outside)
        return found

    def main_part(self) -> str:
        """The part that the package says is the document itself."""
        for kind, target, outside in self.relations("").values():
            if kind == "officeDocument" and not outside:
                return target
        raise AttachmentRefused(f"{self.name} cannot be read: it does not say where it begins.", DAMAGED)

    def title(self) -> str:
        """The title in the document's properties; "" without one."""
        root = self.optional_xml("docProps/core.xml")
        return (root.findtext("{http://purl.org/dc/elements/1.1/}title") or "") if root is not None else ""


def whole(text: str | None, otherwise: int = 0) -> int:
    """The number that an attribute says; `otherwise` for what is none, is negative, or has ten digits."""
    sound = text is not None and text.isascii() and text.isdigit() and len(text) < 10
    return int(text) if text is not None and sound else otherwise


def resolved(folder: str, target: str) -> str:
    """A part's name from a reference in a part of that folder."""
    target = unquote(target.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


def parse_xml(data: bytes, name: str) -> Any:
    """The root element. No entities, nothing loaded from elsewhere, not too deep."""
    from lxml import etree

    head = data[:2048]
    if _DEFINES.search(head) or _DEFINES.search(head.replace(b"\x00", b"")):
        raise AttachmentRefused(f"{name} defines names of its own inside its XML; it was not read.", DAMAGED)
    try:
        return etree.fromstring(data, xml_parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise damaged_xml(error, name) from None


def damaged_xml(error: Exception, name: str) -> AttachmentRefused:
    """The sentence for XML that cannot be read."""
    if "depth" in str(error).lower():
        return AttachmentRefused(f"{name} is nested too deeply to be read.", DAMAGED)
    return AttachmentRefused(f"{name} cannot be read: its XML is broken.", DAMAGED)


def xml_parser() -> Any:
    """A parser that loads nothing and replaces nothing."""
    from lxml import etree

    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _old_or_encrypted(data: bytes, name: str) -> AttachmentRefused:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return AttachmentRefused(
            f"{name} is encrypted with a password.", "Save it without one and try again."
        )
    return AttachmentRefused(
        f"{name} is in the format of Office 2003 and before.", "Save it as docx, xlsx or pptx and try again."
    )
