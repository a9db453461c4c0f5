"""What kind of file some bytes are: by the bytes, and by the name only where they leave it open."""

from __future__ import annotations

import codecs
import io
import mimetypes
import re
from typing import TYPE_CHECKING, Final

from chatbench.documents.images import recognise, recognise_other

if TYPE_CHECKING:
    import zipfile

UNKNOWN: Final = "application/octet-stream"
_OOXML: Final = "application/vnd.openxmlformats-officedocument."
_ODF: Final = "application/vnd.oasis.opendocument."
DOCX: Final = f"{_OOXML}wordprocessingml.document"
XLSX: Final = f"{_OOXML}spreadsheetml.sheet"
PPTX: Final = f"{_OOXML}presentationml.presentation"
ODT: Final = f"{_ODF}text"
ODS: Final = f"{_ODF}spreadsheet"
ODP: Final = f"{_ODF}presentation"
EPUB: Final = "application/epub+zip"
RTF: Final = "application/rtf"
NOTEBOOK: Final = "application/x-ipynb+json"
MAIL: Final = "message/rfc822"
ZIP: Final = "application/zip"
TAR: Final = "application/x-tar"
GZIP: Final = "application/gzip"
OLE: Final = "application/x-ole-storage"
"""Office files of 2003 and before, and encrypted ones of today."""

ARCHIVES: Final = frozenset({ZIP, TAR, GZIP})
"""What `archives` lists."""

_BEGINNINGS: Final = (
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"FORM", "audio/aiff"),
    (b"{\\rtf", RTF),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"\x1f\x8b\x08", GZIP),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
)
_MATROSKA: Final = b"\x1aE\xdf\xa3"
_FTYP: Final = {b"M4A ": "audio/mp4", b"M4B ": "audio/mp4", b"qt  ": "video/quicktime"}
_TEXTUAL: Final = frozenset(
    {
        *("application/json", "application/xml", "application/javascript", "application/x-sh", RTF, MAIL),
        *("application/xhtml+xml", "application/toml", "application/sql", "application/yaml", NOTEBOOK),
        *("application/x-yaml", "application/x-ndjson"),
    }
)
_SOURCES: Final = (
    "toml yaml yml ini cfg conf env properties lock sql sh bash zsh ps1 bat tex rst org adoc diff patch "
    "rs go kt swift rb php pl lua r jl scala java c h cpp hpp cs dart vue svelte ts tsx jsx mjs cjs fs ex "
    "erl hs clj el nix zig gradle cmake proto graphql tf hcl"
)
_ENDINGS: Final = {
    "text/csv": "csv",
    "text/tab-separated-values": "tsv tab",
    "text/html": "html htm",
    "text/markdown": "md markdown",
    "text/plain": "txt log " + _SOURCES,
    "text/x-python": "py",
    "application/json": "json",
    "application/xhtml+xml": "xhtml",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg oga opus",
    "audio/wav": "wav",
    "audio/webm": "weba",
    "image/heic": "heic",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/webm": "webm",
    NOTEBOOK: "ipynb",
    MAIL: "eml",
    RTF: "rtf",
    EPUB: "epub",
    ZIP: "zip",
    TAR: "tar",
    GZIP: "gz tgz",
    DOCX: "docx",
    XLSX: "xlsx",
    PPTX: "pptx",
    ODT: "odt",
    ODS: "ods",
    ODP: "odp",
}
"""What every computer says alike of these endings, whatever its own table holds."""
_NAMED: Final = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings.split()}
_OFFICE: Final = (
    (re.compile(rb"(?:wordprocessingml|ms-word)\.[\w.]+\.main\+xml", re.IGNORECASE), DOCX),
    (re.compile(rb"(?:spreadsheetml|ms-excel)\.[\w.]+\.main(?:\+xml)?", re.IGNORECASE), XLSX),
    (re.compile(rb"(?:presentationml|ms-powerpoint)\.[\w.]+\.main\+xml", re.IGNORECASE), PPTX),
)
_ZIPPED: Final = frozenset({DOCX, XLSX, PPTX, ODT, ODS, ODP, EPUB})
_HTML: Final = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)
_MAIL_HEADERS: Final = re.compile(
    rb"(?:[A-Za-z][\w-]*:[^\n]*\n(?:[ \t][^\n]*\n)*){3,}", re.ASCII
)  # fmt: skip
_MAIL_SIGNS: Final = re.compile(
    rb"^(?:received|message-id|mime-version|return-path):", re.IGNORECASE | re.MULTILINE
)
_FROM: Final = re.compile(rb"^from:", re.IGNORECASE | re.MULTILINE)
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_HEAD: Final = 4096
_MOST_TYPES: Final = 1 << 20
_MOST_ENTRIES: Final = 10_000


def is_text(media_type: str) -> bool:
    """Whether files of this kind are text."""
    structured = media_type.startswith("application/") and media_type.endswith(("+xml", "+json"))
    return media_type.startswith("text/") or media_type in _TEXTUAL or structured


def media_type_named(name: str) -> str:
    """What the ending of a name says; "" where it says nothing."""
    ending = name.rpartition(".")[2].lower()
    return _NAMED.get(ending) or mimetypes.guess_type(name)[0] or ""


def media_type_of(data: bytes, name: str = "") -> str:
    """The media type of a file. `name` decides among kinds of text; of a file that is packed as zip, what
    is in it. `UNKNOWN` where nothing tells."""
    found = recognise(data[:16]) or recognise_other(data) or _by_beginning(data, name)
    if found is not None:
        return found
    named = media_type_named(name)
    if data[:4] == b"PK\x03\x04":
        return _in_zip(data, named)
    if data[257:262] == b"ustar":
        return TAR
    if _is_text(data[:_HEAD], whole=len(data) <= _HEAD, named=is_text(named)):
        return _kind_of_text(data[:_HEAD], named)
    return UNKNOWN


def _by_beginning(data: bytes, name: str) -> str | None:
    for beginning, media_type in _BEGINNINGS:
        if data.startswith(beginning):
            return media_type
    if data[:4] == b"RIFF":
        return {b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(data[8:12])
    if data[4:8] == b"ftyp":
        only_sound = media_type_named(name) == "audio/mp4"
        return "audio/mp4" if only_sound else _FTYP.get(data[8:12], "video/mp4")
    if data[:4] == _MATROSKA:
        return _matroska(data[:_HEAD])
    # 0xFFFE would be a sound as nobody writes them, and is how UTF-16 begins.
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0 and data[1] & 0x06 in (2, 4):
        return "audio/mpeg"
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0:
        return "audio/aac"
    return None


def _matroska(head: bytes) -> str:
    """WebM or Matroska; sound alone where its codecs are of sound only."""
    kind = "x-matroska" if b"matroska" in head[:64] else "webm"
    only_sound = (b"A_OPUS" in head or b"A_VORBIS" in head) and b"V_" not in head
    return f"{'audio' if only_sound else 'video'}/{kind}"


def _in_zip(data: bytes, named: str) -> str:
    """Which of the kinds that are zip files it is: by the types that it lists, or by what it calls itself.
    One that is too damaged to tell is what its name says, so that the damage is found where it is read."""
    import zipfile
    import zlib

    otherwise = named if named in _ZIPPED else ZIP
    if data.rfind(b"PK\x05\x06") < 0 or data.count(b"PK\x01\x02") > _MOST_ENTRIES:
        return otherwise
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(_telling(archive)) as stream:
            told = stream.read(_MOST_TYPES)
    except KeyError:
        return ZIP
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError):
        return otherwise
    own = told[:100].decode("latin-1").strip().removesuffix("-template").removesuffix("-master")
    return own if own in _ZIPPED else next((kind for sign, kind in _OFFICE if sign.search(told)), ZIP)


def _telling(archive: zipfile.ZipFile) -> str:
    """The entry that tells what the file is. Raises KeyError without one."""
    return "mimetype" if "mimetype" in archive.NameToInfo else archive.getinfo("[Content_Types].xml").filename


def _kind_of_text(head: bytes, named: str) -> str:
    if is_text(named) and named not in ("text/plain", MAIL, NOTEBOOK, RTF):
        return named
    if _HTML.match(head.removeprefix(codecs.BOM_UTF8)):
        return "text/html"
    if named == NOTEBOOK and head.lstrip()[:1] == b"{":
        return NOTEBOOK
    if named == MAIL or _is_mail(head.replace(b"\r\n", b"\n")):
        return MAIL
    return "text/plain"


def _is_mail(head: bytes) -> bool:
    found = _MAIL_HEADERS.match(head)
    return found is not None and bool(_FROM.search(found[0])) and bool(_MAIL_SIGNS.search(found[0]))


def _is_text(head: bytes, *, whole: bool, named: bool) -> bool:
    if head.startswith(_MARKS):
        return True
    if b"\x00" in head:
        return named and _is_wide(head)
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character that the end of the sample cuts is none of the file's faults.
        cut = not whole and error.start >= len(head) - 3
        return cut or (named and not _CONTROL.search(head))
    return True


def _is_wide(head: bytes) -> bool:
    """Whether it looks like UTF-16 or UTF-32 without a mark: every second byte, or three of four, zero."""
    head = head[: len(head) // 4 * 4]
    shares = [head[place::4].count(0) * 4 / len(head) for place in range(4)] if head else [0.0]
    return max(shares) > 0.4 and min(shares) < 0.05
