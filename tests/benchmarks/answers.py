"""The words that rows are measured with: the same in every run."""

from __future__ import annotations

TOKEN = 4
"""Characters a token, so that 20,000 tokens are 80 KB."""

_PROSE = (
    "A paragraph of an answer with **bold words**, `inline code`, *emphasis* and a [link](https://example.com)"
    " that goes on for some lines, because that is what answers are mostly made of, one after another. "
)
_SECTION = f"""## Section {{number}}

{_PROSE * 3}

- a first point with `code` in it, number {{number}}
- a second point that is **longer** and wraps onto another line of the column when it is drawn
- a third point

```python
def quantile_{{number}}(values, q=0.95):
    ordered = sorted(values)  # a comment
    return ordered[int(len(ordered) * q)]
```

{_PROSE * 4}

| name | value | unit |
|---|--:|---|
| alpha | {{number}} | ms |
| beta | 2,048 | MiB |

{_PROSE * 5}

"""


def answer_of(characters: int) -> str:
    """Markdown of headings, prose, lists, code and tables; no two sections are the same."""
    sections: list[str] = []
    length = 0
    while length < characters:
        sections.append(_SECTION.format(number=len(sections) + 1))
        length += len(sections[-1])
    return "".join(sections)[:characters]


def table_of(rows: int) -> str:
    """One table."""
    head = "| # | words | number | code | bold |\n|--:|---|--:|---|---|\n"
    return head + "".join(f"| {at} | a cell of words | {at}.5 | `code` | **bold** |\n" for at in range(rows))


def list_of(items: int) -> str:
    """One loose list (each item is a paragraph), which costs more than a tight one."""
    return "".join(f"- item {at} with some **words** and `code` in it\n\n" for at in range(items))


def fence_of(lines: int) -> str:
    """One block of code that is not closed."""
    return "```python\n" + "".join(f"value_{at} = compute({at}, 'text')  # why\n" for at in range(lines))
