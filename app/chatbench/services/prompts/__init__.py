"""Prompts of the workbench: the library and what is done with it."""

from chatbench.services.prompts.comparing import (
    MessageDifference,
    PromptDifference,
    SettingDifference,
    compare,
)
from chatbench.services.prompts.folders import PromptChanged, Synced
from chatbench.services.prompts.service import FRAGMENT, PromptService
from chatbench.templates.language import Parsed, Span, TemplateError, parse, render, spans
from chatbench.templates.prompts import Filled, fill, fragments_of, variables_of

__all__ = [
    "FRAGMENT",
    "Filled",
    "MessageDifference",
    "Parsed",
    "PromptChanged",
    "PromptDifference",
    "PromptService",
    "SettingDifference",
    "Span",
    "Synced",
    "TemplateError",
    "compare",
    "fill",
    "fragments_of",
    "parse",
    "render",
    "spans",
    "variables_of",
]
