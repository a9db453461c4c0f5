"""Saved prompts in a chat: put to use, saved from its words, changed, deleted."""

from __future__ import annotations

from chatbench.ui.chat.conversation.prompts.prompting import Prompting

__all__ = ["Prompting"]
