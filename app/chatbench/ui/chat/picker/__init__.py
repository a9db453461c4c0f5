"""The model picker: every model by provider, with what it takes, costs and lacks."""

from __future__ import annotations

from chatbench.ui.chat.picker.picker import ModelPicker

__all__ = ["ModelPicker"]
