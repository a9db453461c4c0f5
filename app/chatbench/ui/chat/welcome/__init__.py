"""The first page: the guide's welcome, local servers found, a first key."""

from __future__ import annotations

from chatbench.ui.chat.welcome.view import WelcomeView

__all__ = ["WelcomeView"]
