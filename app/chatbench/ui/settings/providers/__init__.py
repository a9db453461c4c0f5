"""Providers: the list, the form made of an endpoint's fields, the connection check."""

from __future__ import annotations

from chatbench.ui.settings.providers.page import ProvidersPage

__all__ = ["ProvidersPage"]
