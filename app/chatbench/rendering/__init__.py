"""Markdown to blocks of safe rich text. No Qt; heavy libraries are imported when first needed.

- ``document.parse(text)``: a whole text to blocks; ``incremental.IncrementalMarkdown``: a growing one
- ``blocks``: the values (``TextBlock``, ``CodeBlock``, ``TableBlock``, ``MathBlock``, ``RuleBlock``)
- ``highlight.highlight(code, language)``: runs of (token class, text)
- ``maths.math_svg(tex, size_px, colour)``: a formula as SVG, for a worker thread
- ``export``: plain text, Markdown and HTML of blocks; ``tables``: CSV; ``outline``: the headings
- ``comparison``: which blocks of two texts belong together; ``differences``: what differs in words
- ``fences.file_of(block)``: the file that code belongs in
- ``differences.differences(a, b)``: the words in which two texts differ, block by block
- ``characters.visible(text)``: control and bidirectional characters made visible
- ``links.link_target(address)``: what may be opened, and what to show before it is
"""

from __future__ import annotations
