"""The settings: general, appearance, providers, their files, shortcuts, storage, about."""

from __future__ import annotations

from chatbench.ui.settings.pane import settings_builder, settings_spec

__all__ = ["settings_builder", "settings_spec"]
