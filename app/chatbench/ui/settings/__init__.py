"""The settings: general, appearance, providers, shortcuts, storage, about."""

from __future__ import annotations

from chatbench.ui.settings.pane import settings_pane

__all__ = ["settings_pane"]
