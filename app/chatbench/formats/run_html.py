"""A run as one page of HTML that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import msgspec

_STYLE = """
:root { color-scheme: light dark;
  --line: color-mix(in srgb, CanvasText 25%, transparent);
  --soft: color-mix(in srgb, CanvasText 8%, transparent);
  --good: light-dark(hsl(137 66% 28%), hsl(129 60% 60%));
  --bad: light-dark(hsl(356 72% 44%), hsl(3 100% 72%)); }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 110rem; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid var(--line); padding: .45rem .6rem; text-align: left; vertical-align: top; }
th { background: var(--soft); font-weight: 600; } td.n { text-align: right; white-space: nowrap; }
.grid td { min-width: 14rem; overflow-wrap: anywhere; white-space: pre-wrap; }
.grid tr { content-visibility: auto; contain-intrinsic-size: auto 6rem; }
.pass { color: var(--good); } .fail { color: var(--bad); } .facts { opacity: .75; font-size: .85rem; }
"""
# Nothing may be fetched or run, whatever a model has written into its answer.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A cell on the page: its words, a mark ("pass", "fail" or ""), what else is known of it, and what
    its checks found."""

    text: str
    mark: str = ""
    facts: str = ""
    checks: tuple[str, ...] = ()


def beginning(title: str, lines: Iterable[str], table: Sequence[Sequence[str]], said: Iterable[str]) -> str:
    """The head of the page: facts of the run, the table of its columns (its first row the headings), and
    how they compare."""
    rows = "".join(map(_figures, table[1:]))
    told = "".join(f"<p>{escape(line)}</p>\n" for line in lines)
    compared = "".join(f"<li>{escape(line)}</li>\n" for line in said)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
        f"{told}<h2>Columns</h2>\n<table>\n{_headings(table[0])}{rows}</table>\n"
        + (f"<h2>Compared</h2>\n<ul>\n{compared}</ul>\n" if compared else "")
    )


def grid_beginning(headings: Sequence[str]) -> str:
    """The head of the table of cells."""
    return f"<h2>Cells</h2>\n<table class=grid>\n{_headings(headings)}"


def grid_row(values: Mapping[str, Any], cells: Sequence[Sequence[Shown]]) -> str:
    """A row: its values, and of each column its cells, one for each repeat."""
    given = "\n".join(
        f"<b>{escape(str(name))}</b>: {escape(_words(value))}" for name, value in values.items()
    )
    columns = "".join(f"<td>{'<hr>'.join(map(_cell, column))}</td>" for column in cells)
    return f"<tr><td>{given}</td>{columns}</tr>\n"


def end() -> str:
    """The end of the page."""
    return "</table>\n</body>\n</html>\n"


def _figures(row: Sequence[str]) -> str:
    name, *numbers = map(escape, row)
    return f"<tr><td>{name}</td>" + "".join(f"<td class=n>{one}</td>" for one in numbers) + "</tr>\n"


def _headings(names: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<th>{escape(name)}</th>" for name in names) + "</tr>\n"


def _cell(cell: Shown) -> str:
    mark = {"pass": "<b class=pass>✓ passed</b>\n", "fail": "<b class=fail>✗ failed</b>\n"}.get(cell.mark, "")
    checks = "\n".join(map(escape, cell.checks))
    found = f"<details><summary class=facts>Checks</summary>{checks}</details>" if checks else ""
    return f"{mark}{escape(cell.text)}\n<span class=facts>{escape(cell.facts)}</span>{found}"


def _words(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
