"""The composer: the words, what is attached, the line under them, and the zone files are dropped on."""

from __future__ import annotations

from chatbench.ui.chat.composer.composer import Composer
from chatbench.ui.chat.composer.drop import DropZone

__all__ = ["Composer", "DropZone"]
