"""Jupyter notebooks: cells in order, code with what it printed; pictures are left out.

They are JSON, and read as such; nbformat would only check them against a schema.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import msgspec

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.archives import content_of
from chatbench.documents.markdown.encodings import decoded
from chatbench.documents.markdown.writing import Blocks, Converted, count_of, fenced

_MAX_OUTPUT: Final = 20_000
_ANSI: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")
_DAMAGED: Final = "Open it in Jupyter and save it anew."


class _Notebook(msgspec.Struct):
    cells: list[dict[str, Any]] = []
    worksheets: list[dict[str, Any]] = []
    metadata: dict[str, Any] = {}


def convert(source: bytes | Path, name: str) -> Converted:
    """An .ipynb file as Markdown. Raises AttachmentRefused."""
    text, _ = decoded(content_of(source, name))
    try:
        notebook = msgspec.json.decode(text, type=_Notebook)
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise AttachmentRefused(f"{name} is no notebook that can be read.", _DAMAGED) from None
    language = _language(notebook.metadata)
    cells = notebook.cells
    for sheet in notebook.worksheets:
        found = sheet.get("cells")
        cells += [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    blocks = Blocks()
    pictures = cut = 0
    for cell in cells:
        text = _joined(cell.get("source", cell.get("input", "")))
        if cell.get("cell_type") != "code":
            blocks.add(text)
            continue
        blocks.add(fenced(text, language) if text.strip() else "")
        for output in cell.get("outputs") or ():
            said, is_picture = _output(output) if isinstance(output, dict) else ("", False)
            pictures += is_picture
            cut += len(said) > _MAX_OUTPUT
            blocks.add(fenced(said[:_MAX_OUTPUT], "text") if said.strip() else "")
    notes = [f"{count_of(pictures, 'picture was', 'pictures were')} left out."] if pictures else []
    if cut:
        notes.append(f"{count_of(cut, 'output was', 'outputs were')} cut after {_MAX_OUTPUT:,} characters.")
    return blocks.converted(_title(cells), notes, max(1, len(cells)))


def _language(metadata: dict[str, Any]) -> str:
    told = metadata.get("language_info")
    language = told.get("name") if isinstance(told, dict) else None
    return language if isinstance(language, str) and re.fullmatch(r"[\w+#-]{1,30}", language) else "python"


def _title(cells: list[dict[str, Any]]) -> str:
    for cell in cells[:5]:
        found = re.match(r"# +(.+)", _joined(cell.get("source", "")))
        if found and cell.get("cell_type") == "markdown":
            return found[1]
    return ""


def _output(output: dict[str, Any]) -> tuple[str, bool]:
    """What an output says, and whether it shows a picture that is left out."""
    if output.get("output_type") in ("error", "pyerr"):
        trace = output.get("traceback")
        lines = [one for one in trace if isinstance(one, str)] if isinstance(trace, list) else []
        return _ANSI.sub("", "\n".join(lines) or str(output.get("evalue", ""))), False
    if "text" in output:
        return _ANSI.sub("", _joined(output["text"])), False
    data = output.get("data")
    data = data if isinstance(data, dict) else {}
    is_picture = any(str(kind).startswith("image/") for kind in data)
    for kind in ("text/markdown", "text/plain", "text/html"):
        if kind in data and not is_picture:
            return _ANSI.sub("", _joined(data[kind])), False
    return "", is_picture


def _joined(text: Any) -> str:
    if isinstance(text, list):
        return "".join(one for one in text if isinstance(one, str))
    return text if isinstance(text, str) else ""
