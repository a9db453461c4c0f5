"""Seeing what is attached: pictures, PDFs, texts, sounds and films in windows of their own."""

from __future__ import annotations

from chatbench.ui.chat.viewer.opening import open_attachment

__all__ = ["open_attachment"]
