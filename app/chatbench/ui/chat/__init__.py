"""The chat pane: the transcript, the composer and what stands around them."""

from __future__ import annotations
