"""The painted virtual transcript: ``TranscriptView`` shows the messages of a ``Source``.

From the bottom: ``heights`` and ``stack`` know where messages stand, ``item`` and ``segments`` make a
message into ``boxes``, ``painter`` draws them, ``pointer`` and ``keyboard`` handle input, ``view`` is
the widget.
"""

from __future__ import annotations
